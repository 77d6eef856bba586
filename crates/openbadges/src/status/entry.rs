//! Where the status of a credential will be found, as its issuer writes it.

use serde::{Deserialize, Serialize};

use super::{Purpose, StatusSize};

/// What one value of an entry means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusMessage {
    /// The value in base 16, with `0x` before it.
    pub status: String,
    /// What it means, for developers.
    pub message: String,
}

/// Where one status of one credential is looked up: `BitstringStatusListEntry`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusListEntry {
    /// The list's URL, `#` and the index.
    pub id: String,
    #[serde(rename = "type")]
    kind: String,
    /// What the status is about.
    pub status_purpose: Purpose,
    /// The entry's number in base 10, as text.
    pub status_list_index: String,
    /// How many bits it has; one where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status_size: Option<StatusSize>,
    /// The URL of the list.
    pub status_list_credential: String,
    /// What its values mean.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    status_message: Vec<StatusMessage>,
    /// Where people can read about its messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_reference: Option<String>,
}

impl StatusListEntry {
    /// Makes the entry that says where a credential's revocation will be found.
    pub fn revocation(list_url: &str, index: u32) -> Self {
        Self::new(Purpose::Revocation, list_url, index)
    }

    /// Makes an entry of one bit, of any purpose.
    pub fn new(purpose: Purpose, list_url: &str, index: u32) -> Self {
        let mut entry = Self::at(list_url, &index.to_string());
        entry.status_purpose = purpose;
        entry
    }

    /// Says what each value means, from 0 on, and thereby how many bits the entry has: there must
    /// be 2, 4, 8, … or 256 messages. Nothing otherwise.
    #[must_use]
    pub fn with_messages(mut self, messages: &[&str]) -> Option<Self> {
        let bits = messages.len().checked_ilog2()?;
        let size = StatusSize::new(bits.into()).filter(|size| size.values() == messages.len())?;
        self.status_size = Some(size);
        let said = messages.iter().enumerate().map(|(value, message)| StatusMessage {
            status: format!("{value:#x}"),
            message: (*message).to_owned(),
        });
        self.status_message = said.collect();
        Some(self)
    }

    /// Gives the number of bits of the entry.
    pub fn status_size(&self) -> StatusSize {
        self.status_size.unwrap_or(StatusSize::ONE)
    }

    /// An entry of revocation; the index may be a hole to be filled in.
    pub(crate) fn at(list_url: &str, index: &str) -> Self {
        Self {
            id: format!("{list_url}#{index}"),
            kind: "BitstringStatusListEntry".to_owned(),
            status_purpose: Purpose::Revocation,
            status_list_index: index.to_owned(),
            status_size: None,
            status_list_credential: list_url.to_owned(),
            status_message: Vec::new(),
            status_reference: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_in_powers_of_two() {
        let entry = || StatusListEntry::new(Purpose::Message, "https://a.example/l", 5);
        let say = |count: usize| entry().with_messages(&vec!["undefined"; count]);
        let bits = |count| say(count).map(|entry| entry.status_size().bits());
        assert_eq!([2, 4, 16, 256].map(bits), [Some(1), Some(2), Some(4), Some(8)]);
        assert_eq!([0, 1, 3, 6, 257, 512].map(bits), [None; 6]);
        assert_eq!(say(16).unwrap().status_message[15].status, "0xf");
    }
}
