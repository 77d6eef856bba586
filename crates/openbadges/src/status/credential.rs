//! A status list as its issuer publishes it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Purpose, StatusList};
use crate::v3::{CREDENTIALS_V2, one_type};

/// A `BitstringStatusListCredential` without proof.
///
/// The number of bits of an entry is said by the entries, in the credentials listed: the context
/// of Verifiable Credentials 2.0 has no such term for the list itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusListCredential {
    #[serde(rename = "@context")]
    context: Vec<String>,
    /// The URL of the list.
    pub id: String,
    #[serde(rename = "type")]
    types: Vec<String>,
    /// The id of the issuer: the same as that of the credentials listed.
    pub issuer: String,
    /// From when on this state of the list is valid (`xsd:dateTimeStamp`).
    pub valid_from: String,
    /// Until when it may be relied upon (`xsd:dateTimeStamp`).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub valid_until: Option<String>,
    credential_subject: StatusListSubject,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StatusListSubject {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    status_purpose: Purposes,
    encoded_list: String,
    /// Milliseconds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    ttl: Option<u64>,
}

/// A single purpose is written as text: there is software that expects no array.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Purposes {
    One(Purpose),
    Several(Vec<Purpose>),
}

impl StatusListCredential {
    /// Makes the credential of a list of revocations.
    pub fn revocation(
        url: impl Into<String>,
        issuer: impl Into<String>,
        valid_from: impl Into<String>,
        list: &StatusList,
    ) -> Self {
        Self::new(Purpose::Revocation, url, issuer, valid_from, list)
    }

    /// Makes the credential of a list.
    pub fn new(
        purpose: Purpose,
        url: impl Into<String>,
        issuer: impl Into<String>,
        valid_from: impl Into<String>,
        list: &StatusList,
    ) -> Self {
        let id = url.into();
        let mut types = one_type("VerifiableCredential");
        types.push("BitstringStatusListCredential".to_owned());
        Self {
            context: one_type(CREDENTIALS_V2),
            types,
            issuer: issuer.into(),
            valid_from: valid_from.into(),
            valid_until: None,
            credential_subject: StatusListSubject {
                id: format!("{id}#list"),
                kind: "BitstringStatusList".to_owned(),
                status_purpose: Purposes::One(purpose),
                encoded_list: list.encode(),
                ttl: None,
            },
            id,
        }
    }

    /// States a further purpose: the entries of the list serve several.
    #[must_use]
    pub fn with_purpose(mut self, purpose: Purpose) -> Self {
        let subject = &mut self.credential_subject;
        subject.status_purpose = Purposes::Several(match subject.status_purpose.clone() {
            Purposes::One(first) => vec![first, purpose],
            Purposes::Several(mut purposes) => {
                purposes.push(purpose);
                purposes
            }
        });
        self
    }

    /// States for how long a copy may be kept before asking again; say the same over HTTP.
    #[must_use]
    pub fn with_ttl(mut self, ttl: Duration) -> Self {
        self.credential_subject.ttl = Some(u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX));
        self
    }
}
