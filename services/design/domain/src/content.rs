use kernel::{Class, Rejection};
use serde::{Deserialize, Serialize};

use crate::{AchievementType, ArtworkId};

/// What a badge says: checked, and all that a credential repeats of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Content {
    /// 1 to 200 characters, one line.
    pub name: String,
    /// 1 to 2,000 characters, plain text.
    pub description: String,
    /// How it is earned.
    pub criteria: Criteria,
    /// The picture.
    #[serde(default)]
    pub artwork: Option<Artwork>,
    /// At most 32 keywords of 1 to 64 characters, each once.
    #[serde(default)]
    pub tags: Vec<String>,
    /// At most 32 entries of outside frameworks.
    #[serde(default)]
    pub alignments: Vec<Alignment>,
    /// The kind of achievement.
    #[serde(default)]
    pub achievement_type: Option<AchievementType>,
    /// Awards expire so many days after they are made, 1 to 36,500; never when absent.
    #[serde(default)]
    pub expires_after_days: Option<u32>,
}

/// How a badge is earned: in words, on a page, or both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Criteria {
    /// Markdown, at most 10,000 characters.
    #[serde(default)]
    pub narrative: Option<String>,
    /// http or https.
    #[serde(default)]
    pub url: Option<String>,
}

/// A stored picture and its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Artwork {
    /// The safe bytes of what was uploaded.
    pub id: ArtworkId,
    /// What they are.
    pub media_type: MediaType,
    /// The picture as PNG; the same as `id` when that is one.
    pub png: ArtworkId,
    /// What it shows, 1 to 500 characters.
    pub caption: String,
}

/// What kinds of picture there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MediaType {
    /// Scalable Vector Graphics.
    #[serde(rename = "image/svg+xml")]
    Svg,
    /// Portable Network Graphics.
    #[serde(rename = "image/png")]
    Png,
}

impl MediaType {
    /// Its registered name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            MediaType::Svg => "image/svg+xml",
            MediaType::Png => "image/png",
        }
    }
}

/// An entry of an outside framework that the badge corresponds to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alignment {
    /// 1 to 200 characters.
    pub target_name: String,
    /// http or https.
    pub target_url: String,
    /// At most 200 characters.
    #[serde(default)]
    pub target_code: Option<String>,
    /// At most 200 characters.
    #[serde(default)]
    pub target_framework: Option<String>,
    /// At most 2,000 characters.
    #[serde(default)]
    pub target_description: Option<String>,
}

/// Content as somebody typed it; empty texts stand for nothing.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// As in [`Content`].
    pub name: String,
    /// As in [`Content`].
    pub description: String,
    /// As in [`Criteria`].
    pub criteria_narrative: String,
    /// As in [`Criteria`].
    pub criteria_url: String,
    /// The stored picture: its safe bytes, what they are, its PNG.
    pub artwork: Option<(ArtworkId, MediaType, ArtworkId)>,
    /// As in [`Artwork`].
    pub artwork_caption: String,
    /// As in [`Content`].
    pub tags: Vec<String>,
    /// As in [`Content`], with empty texts.
    pub alignments: Vec<Alignment>,
    /// As in [`Content`].
    pub achievement_type: String,
    /// 0 for never.
    pub expires_after_days: u32,
}

/// What is wrong with a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ContentRejection {
    path: &'static str,
    message: &'static str,
}

impl Rejection for ContentRejection {
    fn code(&self) -> &'static str {
        "INVALID_INPUT"
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn path(&self) -> Option<&'static str> {
        Some(self.path)
    }
}

fn wrong<T>(path: &'static str, message: &'static str) -> Result<T, ContentRejection> {
    Err(ContentRejection { path, message })
}

impl Content {
    /// Checks a draft; surrounding space goes.
    ///
    /// # Errors
    /// The first part that is wrong, with its place under `/content`.
    pub fn check(draft: Draft) -> Result<Self, ContentRejection> {
        let Some(name) = line(&draft.name, 200).filter(|name| !name.is_empty()) else {
            return wrong("/content/name", "the name must be one line of 1 to 200 characters");
        };
        let description = text(&draft.description, 2_000).filter(|text| !text.is_empty());
        let Some(description) = description else {
            return wrong(
                "/content/description",
                "the description must have 1 to 2,000 characters",
            );
        };
        let criteria = criteria(&draft.criteria_narrative, &draft.criteria_url)?;
        let artwork = artwork(draft.artwork, &draft.artwork_caption)?;
        let tags = tags(&draft.tags)?;
        let alignments = alignments(draft.alignments)?;
        let achievement_type = match draft.achievement_type.trim() {
            "" => None,
            term => Some(term.parse().or_else(|_| {
                wrong(
                    "/content/achievementType",
                    "the achievement type must be a term of Open Badges 3.0 such as Badge or \
                     MicroCredential, or ext: and a term of your own",
                )
            })?),
        };
        let expires_after_days = match draft.expires_after_days {
            0 => None,
            days @ 1..=36_500 => Some(days),
            _ => {
                return wrong(
                    "/content/expiresAfterDays",
                    "awards expire after at most 36,500 days; 0 means never",
                );
            }
        };
        Ok(Self {
            name,
            description,
            criteria,
            artwork,
            tags,
            alignments,
            achievement_type,
            expires_after_days,
        })
    }
}

fn criteria(narrative: &str, url: &str) -> Result<Criteria, ContentRejection> {
    let Some(narrative) = text(narrative, 10_000) else {
        return wrong(
            "/content/criteriaNarrative",
            "the criteria must have at most 10,000 characters",
        );
    };
    let url = url.trim();
    if !url.is_empty() && !is_web_url(url) {
        return wrong(
            "/content/criteriaUrl",
            "the url must be an absolute http or https url of at most 2,000 characters",
        );
    }
    if narrative.is_empty() && url.is_empty() {
        return wrong(
            "/content/criteriaNarrative",
            "say how the badge is earned: in words, or by the url of a page",
        );
    }
    Ok(Criteria { narrative: given(narrative), url: given(url.to_owned()) })
}

fn artwork(
    artwork: Option<(ArtworkId, MediaType, ArtworkId)>,
    caption: &str,
) -> Result<Option<Artwork>, ContentRejection> {
    let Some((id, media_type, png)) = artwork else { return Ok(None) };
    match text(caption, 500).filter(|caption| !caption.is_empty()) {
        Some(caption) => Ok(Some(Artwork { id, media_type, png, caption })),
        None => wrong(
            "/content/artworkCaption",
            "say in 1 to 500 characters what the picture shows, for those who cannot see it",
        ),
    }
}

fn tags(tags: &[String]) -> Result<Vec<String>, ContentRejection> {
    const PATH: &str = "/content/tags";
    if tags.len() > 32 {
        return wrong(PATH, "there can be at most 32 tags");
    }
    let mut checked = Vec::with_capacity(tags.len());
    for tag in tags {
        let Some(tag) = line(tag, 64).filter(|tag| !tag.is_empty()) else {
            return wrong(PATH, "a tag must be one line of 1 to 64 characters");
        };
        if !checked.contains(&tag) {
            checked.push(tag);
        }
    }
    Ok(checked)
}

fn alignments(alignments: Vec<Alignment>) -> Result<Vec<Alignment>, ContentRejection> {
    const PATH: &str = "/content/alignments";
    if alignments.len() > 32 {
        return wrong(PATH, "there can be at most 32 alignments");
    }
    let short = |part: Option<String>, most| match part {
        None => Ok(None),
        Some(part) => match text(&part, most) {
            Some(part) => Ok(given(part)),
            None => wrong(
                PATH,
                "an alignment's code and framework must have at most 200 characters, its \
                 description at most 2,000",
            ),
        },
    };
    let mut checked = Vec::with_capacity(alignments.len());
    for alignment in alignments {
        let name = line(&alignment.target_name, 200).filter(|name| !name.is_empty());
        let Some(target_name) = name else {
            return wrong(PATH, "an alignment needs a name of 1 to 200 characters");
        };
        let target_url = alignment.target_url.trim().to_owned();
        if !is_web_url(&target_url) {
            return wrong(
                PATH,
                "an alignment needs an absolute http or https url of at most 2,000 characters",
            );
        }
        checked.push(Alignment {
            target_name,
            target_url,
            target_code: short(alignment.target_code, 200)?,
            target_framework: short(alignment.target_framework, 200)?,
            target_description: short(alignment.target_description, 2_000)?,
        });
    }
    Ok(checked)
}

fn given(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// The text without surrounding space, if it has at most so many characters and none that is not
/// text (tabs and line ends are).
fn text(text: &str, most: usize) -> Option<String> {
    let text = text.trim();
    let sound = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    let fits = text.len() <= most * 4 && text.chars().count() <= most && text.chars().all(sound);
    fits.then(|| text.to_owned())
}

fn line(words: &str, most: usize) -> Option<String> {
    text(words, most).filter(|line| !line.contains(char::is_control))
}

/// Whether it is `http(s)://host…` without space, control characters or credentials, at most 2,000
/// bytes.
fn is_web_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    let sound = |c: char| !c.is_whitespace() && !c.is_control() && !"<>\"\\^`{|}".contains(c);
    text.len() <= 2_000
        && text.chars().all(sound)
        && host.is_some_and(|host| !host.is_empty() && !host.contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        Draft {
            name: " First Aid ".into(),
            description: "Can help until help comes.".into(),
            criteria_narrative: "Pass the course.".into(),
            ..Draft::default()
        }
    }

    fn picture() -> (ArtworkId, MediaType, ArtworkId) {
        let id = |digit: &str| digit.repeat(64).parse().expect("an id");
        (id("a"), MediaType::Svg, id("b"))
    }

    #[test]
    fn a_sound_draft_becomes_content() {
        let content = Content::check(Draft {
            tags: vec!["aid".into(), " aid".into(), "救急".into()],
            achievement_type: "MicroCredential".into(),
            expires_after_days: 730,
            artwork: Some(picture()),
            artwork_caption: "A red cross".into(),
            ..draft()
        })
        .expect("sound");
        assert_eq!(content.name, "First Aid");
        assert_eq!(content.tags, ["aid", "救急"]);
        assert_eq!(content.expires_after_days, Some(730));
        assert_eq!(content.criteria.url, None);
    }

    #[test]
    fn each_wrong_part_is_named() {
        let aligned = |target_name: &str, target_url: &str| Draft {
            alignments: vec![Alignment {
                target_name: target_name.into(),
                target_url: target_url.into(),
                ..Alignment::default()
            }],
            ..draft()
        };
        let cases = [
            ("/content/name", Draft { name: " ".into(), ..draft() }),
            ("/content/name", Draft { name: "x".repeat(201), ..draft() }),
            ("/content/name", Draft { name: "two\nlines".into(), ..draft() }),
            ("/content/description", Draft { description: String::new(), ..draft() }),
            ("/content/description", Draft { description: "x".repeat(2_001), ..draft() }),
            ("/content/description", Draft { description: "nul\0".into(), ..draft() }),
            ("/content/criteriaNarrative", Draft { criteria_narrative: " ".into(), ..draft() }),
            (
                "/content/criteriaNarrative",
                Draft { criteria_narrative: "x".repeat(10_001), ..draft() },
            ),
            (
                "/content/criteriaUrl",
                Draft { criteria_url: "javascript:alert(1)".into(), ..draft() },
            ),
            ("/content/artworkCaption", Draft { artwork: Some(picture()), ..draft() }),
            ("/content/tags", Draft { tags: vec!["x".into(); 33], ..draft() }),
            ("/content/tags", Draft { tags: vec![String::new()], ..draft() }),
            ("/content/tags", Draft { tags: vec!["x".repeat(65)], ..draft() }),
            ("/content/alignments", aligned("", "https://esco.example/1")),
            ("/content/alignments", aligned("Aid", "file:///etc/passwd")),
            (
                "/content/alignments",
                Draft { alignments: vec![Alignment::default(); 33], ..draft() },
            ),
            ("/content/achievementType", Draft { achievement_type: "Medal".into(), ..draft() }),
            ("/content/expiresAfterDays", Draft { expires_after_days: 36_501, ..draft() }),
        ];
        for (path, draft) in cases {
            assert_eq!(Content::check(draft).map_err(|r| r.path()), Err(Some(path)), "{path}");
        }
    }

    #[test]
    fn a_page_with_the_criteria_is_enough() {
        let url = "https://ost.example/first-aid";
        let draft =
            Draft { criteria_narrative: String::new(), criteria_url: url.into(), ..draft() };
        let content = Content::check(draft).expect("sound");
        assert_eq!(content.criteria, Criteria { narrative: None, url: Some(url.into()) });
    }
}
