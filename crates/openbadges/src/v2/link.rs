//! Links between documents, and JSON-LD's indifference between one value and an array of one.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A document by its identifier, or the document itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Linked<T> {
    /// The identifier.
    Id(String),
    /// The document.
    Document(Box<T>),
}

impl<T> Linked<T> {
    /// Links to an identifier.
    pub fn id(id: impl Into<String>) -> Self {
        Self::Id(id.into())
    }

    /// Puts the document in place of a link.
    pub fn document(document: T) -> Self {
        Self::Document(Box::new(document))
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

/// Reads one value or an array.
pub(super) fn one_or_many<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::Many(values) => values,
        OneOrMany::One(value) => vec![value],
    })
}

/// Writes one value as itself, several as an array: the form of `type` that everybody reads.
pub(super) fn one_as_itself<S: Serializer>(
    values: &[String],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match values {
        [one] => one.serialize(serializer),
        values => values.serialize(serializer),
    }
}
