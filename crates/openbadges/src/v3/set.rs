//! Sets: always arrays when written; a single value stands for an array of one when read.

use serde::{Deserialize, Deserializer};

#[derive(Deserialize)]
#[serde(untagged)]
enum Set<T> {
    Several(Vec<T>),
    One(T),
}

/// Reads an array, or the single value to which JSON-LD compacts an array of one.
pub(crate) fn read<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(match Set::deserialize(deserializer)? {
        Set::Several(all) => all,
        Set::One(one) => vec![one],
    })
}

/// The `type` member as the standard wants it: always an array.
pub(crate) fn one_type(name: &str) -> Vec<String> {
    vec![name.to_owned()]
}
