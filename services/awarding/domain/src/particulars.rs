use std::fmt;

use kernel::{Base64, Timestamp};
use openbadges::{CredentialTemplate, Evidence, Fill, identity_hash};
use serde::{Deserialize, Serialize};

use crate::AwardId;

/// What of an award is about the person: sealed under their key, in the fact and wherever it is
/// copied. With the rest of the award and the template it writes the credential, byte for byte as
/// it was signed.
#[derive(Clone, PartialEq, Eq)]
pub struct Particulars {
    /// The canonical address.
    pub email: String,
    /// The name as it is to be shown; empty when none was given.
    pub name: String,
    /// How this person earned it, in Markdown.
    pub narrative: Option<String>,
    /// What shows it.
    pub evidence: Vec<Evidence>,
    /// The signature; zeros, which verify nowhere, when it was damaged.
    pub signature: [u8; 64],
    rest: Rest,
}

/// What else the credential says.
#[derive(Clone, PartialEq, Eq)]
enum Rest {
    /// It follows from the award; but for the salt of the hash of the address.
    Salt([u8; 16]),
    /// It stands with the particulars, in their first form.
    Written(Box<Fill>),
}

/// What a credential repeats of its award.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    /// The absolute URI of the credential.
    pub credential_id: String,
    /// When it was earned.
    pub achieved_at: Timestamp,
    /// When it was signed.
    pub issued_at: Timestamp,
    /// When it expires, if ever.
    pub expires_at: Option<Timestamp>,
    /// Its place in the status list.
    pub index: u32,
}

/// The URI of an award's credential: where the platform was reached when its template was made, which
/// the address of the status list tells. None for a template without a list.
#[must_use]
pub fn credential_id(template: &CredentialTemplate, award: AwardId) -> Option<String> {
    let (origin, _) = template.status_list()?.rsplit_once("/status/")?;
    Some(format!("{origin}/c/{award}"))
}

/// The first form: JSON, with all that fills the template.
#[derive(Serialize, Deserialize)]
struct First {
    email: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    name: String,
    fill: Fill,
    signature: Base64,
}

/// What the second form begins with; the first begins with a brace.
const SECOND: u8 = 2;

/// The second form, in postcard: what [`Particulars::fill`] does not find elsewhere.
#[derive(Serialize, Deserialize)]
struct Second<'a> {
    signature: [[u8; 32]; 2],
    salt: [u8; 16],
    email: &'a str,
    name: &'a str,
    narrative: Option<&'a str>,
    /// As JSON; empty for none.
    evidence: &'a str,
}

impl Particulars {
    /// What the bytes are sealed for, bound into them.
    pub const PURPOSE: &'static str = "award";

    /// Those of somebody with that address and name; nothing is said of how they earned it, and
    /// nothing is signed.
    #[must_use]
    pub fn new(email: String, name: String, salt: [u8; 16]) -> Self {
        let (narrative, evidence, signature) = (None, vec![], [0; 64]);
        Self { email, name, narrative, evidence, signature, rest: Rest::Salt(salt) }
    }

    /// What fills the template. Credentials are written with it for ever: where the same particulars
    /// are to say something else, they need another form.
    #[must_use]
    pub fn fill(&self, stated: Stated) -> Fill {
        let salt = match &self.rest {
            Rest::Salt(salt) => hex::encode(salt),
            Rest::Written(fill) => return Fill::clone(fill),
        };
        let issued_at = stated.issued_at.whole_second().to_string();
        Fill {
            credential_id: stated.credential_id,
            valid_from: issued_at.clone(),
            valid_until: stated.expires_at.map(|at| at.to_string()),
            awarded_date: Some(stated.achieved_at.whole_second().to_string()),
            identity_hash: identity_hash(&self.email, &salt),
            salt,
            status_list_index: Some(stated.index),
            narrative: self.narrative.clone(),
            evidence: self.evidence.clone(),
            proof_created: issued_at,
        }
    }

    /// The bytes to be sealed, in the form that they were read in.
    ///
    /// # Panics
    /// Never: texts have a form in JSON and in postcard.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        const PLAIN: &str = "texts have a form in JSON and in postcard";
        let Self { email, name, narrative, evidence, signature, rest } = self;
        let salt = match rest {
            Rest::Salt(salt) => *salt,
            Rest::Written(fill) => {
                let (email, name, fill) = (email.clone(), name.clone(), Fill::clone(fill));
                let signature = Base64(signature.to_vec());
                return serde_json::to_vec(&First { email, name, fill, signature }).expect(PLAIN);
            }
        };
        let evidence = match &evidence[..] {
            [] => String::new(),
            evidence => serde_json::to_string(evidence).expect(PLAIN),
        };
        let (mut halves, narrative) = ([[0; 32]; 2], narrative.as_deref());
        halves.as_flattened_mut().copy_from_slice(signature);
        let second =
            Second { signature: halves, salt, email, name, narrative, evidence: &evidence };
        postcard::to_extend(&second, vec![SECOND]).expect(PLAIN)
    }

    /// The particulars in bytes that were unsealed; none when these have another form.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let Some(second) = bytes.strip_prefix(&[SECOND]) else {
            let First { email, name, fill, signature } = serde_json::from_slice(bytes).ok()?;
            let signature = signature.0.as_slice().try_into().unwrap_or([0; 64]);
            let (narrative, evidence) = (fill.narrative.clone(), fill.evidence.clone());
            let rest = Rest::Written(Box::new(fill));
            return Some(Self { email, name, narrative, evidence, signature, rest });
        };
        let second: Second<'_> = postcard::from_bytes(second).ok()?;
        let evidence = match second.evidence {
            "" => vec![],
            evidence => serde_json::from_str(evidence).ok()?,
        };
        let signature = second.signature.as_flattened().try_into().ok()?;
        let particulars = Self::new(second.email.to_owned(), second.name.to_owned(), second.salt);
        let narrative = second.narrative.map(str::to_owned);
        Some(Self { narrative, evidence, signature, ..particulars })
    }
}

impl fmt::Debug for Particulars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Particulars(…)")
    }
}
