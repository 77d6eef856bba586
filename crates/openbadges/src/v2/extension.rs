//! Extensions: objects with a context and a type of their own, under any member of any class.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::link::one_or_many;

/// The context of the extension that names the recipient.
pub const RECIPIENT_PROFILE_CONTEXT: &str =
    "https://openbadgespec.org/extensions/recipientProfile/context.json";

/// A set of members that a context of its own explains.
///
/// It stands under a member such as `extensions:recipientProfile`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Extension {
    /// The context: a URL, or what stands in its place.
    #[serde(rename = "@context")]
    pub context: Value,
    /// `Extension` and the extension's own type.
    #[serde(rename = "type", deserialize_with = "one_or_many")]
    pub types: Vec<String>,
    /// What it says.
    #[serde(flatten)]
    pub members: Map<String, Value>,
}

impl Extension {
    /// Makes an extension of a context's URL and its type, such as `extensions:ApplyLink`.
    pub fn new(context: &str, kind: &str, members: Map<String, Value>) -> Self {
        Self {
            context: Value::from(context),
            types: vec!["Extension".to_owned(), kind.to_owned()],
            members,
        }
    }
}

/// Makes the member and the extension that name the recipient of an assertion.
pub fn recipient_profile(name: &str) -> (String, Extension) {
    let members = Map::from_iter([("name".to_owned(), Value::from(name))]);
    let extension =
        Extension::new(RECIPIENT_PROFILE_CONTEXT, "extensions:RecipientProfile", members);
    ("extensions:recipientProfile".to_owned(), extension)
}
