//! The keywords of JSON-LD.

/// The keywords that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keyword {
    Id,
    Type,
    Value,
    Language,
    Index,
    None,
    Json,
    Vocab,
    Context,
    Direction,
    Refused,
}

impl Keyword {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "@id" => Self::Id,
            "@type" => Self::Type,
            "@value" => Self::Value,
            "@language" => Self::Language,
            "@index" => Self::Index,
            "@none" => Self::None,
            "@json" => Self::Json,
            "@vocab" => Self::Vocab,
            "@context" => Self::Context,
            "@direction" => Self::Direction,
            "@base" | "@container" | "@graph" | "@import" | "@included" | "@list" | "@nest"
            | "@prefix" | "@propagate" | "@protected" | "@reverse" | "@set" | "@version" => {
                Self::Refused
            }
            _ => return None,
        })
    }
}
