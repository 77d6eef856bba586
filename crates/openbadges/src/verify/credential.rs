//! Judging a verifiable credential: Open Badges 3.0, section 9, and VC Data Model 2.0.

use serde::Deserialize;
use serde_json::Value;

use super::input::Input;
use super::proof::validity_period;
use super::report::{Check, CheckKind, Claims, Freshness, Report, Standard};
use super::{Run, trust};
use crate::did::Purpose;
use crate::jose::{self, Jws};
use crate::v3::{CREDENTIALS_V1, CREDENTIALS_V2};
use crate::vcdm::{has_type, holder_id, issuer_id};
use crate::{Fault, IdentityObject, v3, vcdm};

/// How many faults of form are told.
const MAX_TOLD: usize = 12;
/// How many related resources are told that were not compared.
const MAX_RESOURCES: usize = 8;
/// How many characters of a claim are told.
const MAX_CLAIM: usize = 2_000;

/// What was found out about one thing.
pub(super) struct Judged {
    pub(super) standard: Option<Standard>,
    pub(super) claims: Claims,
    pub(super) checks: Vec<Check>,
    pub(super) does_not_prove: Vec<String>,
    pub(super) freshness: Option<Freshness>,
    pub(super) enclosed: Vec<Report>,
}

impl Judged {
    /// Something that cannot be judged at all.
    pub(super) fn unreadable(reason: impl Into<String>) -> Self {
        Self::of(None, vec![Check::invalid(CheckKind::Format, reason)])
    }

    pub(super) fn of(standard: Option<Standard>, checks: Vec<Check>) -> Self {
        Self {
            standard,
            claims: Claims::default(),
            checks,
            does_not_prove: Vec::new(),
            freshness: None,
            enclosed: Vec::new(),
        }
    }
}

/// Tells by which standard a verifiable credential is judged; none when it is none.
pub(super) fn standard(document: &Value) -> Option<Standard> {
    let first = match document.get("@context") {
        Some(Value::Array(all)) => all.first().and_then(Value::as_str),
        one => one.and_then(Value::as_str),
    };
    if !matches!(first, Some(CREDENTIALS_V2 | CREDENTIALS_V1)) {
        return None;
    }
    let is = |name| has_type(document, name);
    if is("VerifiablePresentation") || is("EnvelopedVerifiablePresentation") {
        Some(Standard::Presentation)
    } else if is("OpenBadgeCredential") || is("AchievementCredential") {
        Some(Standard::OpenBadges3)
    } else if is("EndorsementCredential") {
        Some(Standard::Endorsement3)
    } else if is("ClrCredential") {
        Some(Standard::Clr2)
    } else {
        Some(Standard::Credential)
    }
}

impl Run<'_> {
    /// Takes the document out of its wrapping and judges who signed it.
    ///
    /// # Errors
    /// When there is no document in it.
    pub(super) fn secured(&self, input: Input) -> Result<(Value, Check), String> {
        match input {
            Input::Json(document) => {
                if let Some(token) = enveloped(&document)? {
                    return self.signed(token);
                }
                let (speaker, by) = speaker(&document);
                let proof = self.embedded_proof(&document, speaker, by);
                Ok((document, proof))
            }
            Input::Jws(text) => self.signed(&text),
            Input::Url(_) => Err("it is an address and not a document".to_owned()),
        }
    }

    fn signed(&self, text: &str) -> Result<(Value, Check), String> {
        let jws = Jws::parse(text).map_err(|error| error.to_string())?;
        let document = jose::credential_in_jwt(&jws).map_err(|error| error.to_string())?;
        let (speaker, by) = speaker(&document);
        let proof = self.jwt_proof(&jws, speaker, by);
        Ok((document, proof))
    }

    /// Judges a credential whose proof was judged already.
    pub(super) fn credential(&self, document: Value, proof: Check) -> Judged {
        let standard = standard(&document);
        let (document, proof, refresh) = self.refreshed(document, proof);
        let claims = claims(&document);
        let proven = proof.is_valid();
        let conformance = conformance(&document, standard);
        let (status, freshness) = self.status(&document);
        let mut checks = vec![conformance, proof, validity_period(&document, self.now), status];
        checks.extend(self.recipient(&document));
        checks.extend(refresh);
        let enclosed = self.enclosed(&document);
        checks.extend(super::enclosed::check(&enclosed));
        checks.push(trust::check(claims.issuer.as_deref(), &self.options.trusted, proven));
        let revocable = document.get("credentialStatus").is_some();
        let mut does_not_prove = self.limits(revocable, &checks);
        // Nothing that a credential refers to is used for the verdict, so nothing of it is fetched.
        for resource in vcdm::unknown_resources(&document).iter().take(MAX_RESOURCES) {
            let id = cut(&resource.id);
            does_not_prove.push(format!("that {id} is as its issuer saw it: it was not compared"));
        }
        Judged { standard, claims, checks, does_not_prove, freshness, enclosed }
    }

    /// Whether it is for the recipient asked about, if anybody asked.
    fn recipient(&self, document: &Value) -> Option<Check> {
        const KIND: CheckKind = CheckKind::Recipient;
        let asked = self.options.recipient.as_deref()?;
        let subject = match document.get("credentialSubject") {
            Some(Value::Array(all)) => all.first(),
            one => one,
        };
        let subject = subject.unwrap_or(&Value::Null);
        let identifiers = match subject.get("identifier") {
            Some(Value::Array(all)) => all.as_slice(),
            Some(one) => std::slice::from_ref(one),
            None => &[],
        };
        let is_theirs = |one: &Value| {
            IdentityObject::deserialize(one).is_ok_and(|identity| identity.matches(asked))
        };
        let by_id = subject.get("id").and_then(Value::as_str) == Some(asked);
        Some(if by_id || identifiers.iter().take(64).any(is_theirs) {
            Check::valid(KIND, "it is for the recipient asked about")
        } else if identifiers.is_empty() {
            Check::undetermined(
                KIND,
                "it does not say for whom it is in a way that can be compared",
            )
        } else {
            Check::invalid(KIND, "it is for somebody else")
        })
    }

    /// What the verdict leaves open.
    pub(super) fn limits(&self, revocable: bool, checks: &[Check]) -> Vec<String> {
        let mut limits = Vec::new();
        if self.options.recipient.is_none() {
            limits.push("that whoever shows it is the person who earned it".to_owned());
        }
        let trusted = checks.iter().any(|c| c.check == CheckKind::IssuerTrust && c.is_valid());
        if !trusted {
            limits.push("that its issuer is the organisation whose name it bears".to_owned());
        }
        if !revocable {
            limits.push("that its issuer still stands by it: it cannot be revoked".to_owned());
        }
        limits.push("that what it says is true: that is its issuer’s word".to_owned());
        limits
    }
}

/// A credential inside of a data URL (VC Data Model 2.0, 4.13).
fn enveloped(document: &Value) -> Result<Option<&str>, String> {
    let envelope = ["EnvelopedVerifiableCredential", "EnvelopedVerifiablePresentation"];
    if !envelope.iter().any(|kind| has_type(document, kind)) {
        return Ok(None);
    }
    let id = document.get("id").and_then(Value::as_str).unwrap_or_default();
    let token = ["data:application/vc+jwt,", "data:application/vp+jwt,"]
        .iter()
        .find_map(|prefix| id.strip_prefix(prefix));
    token.map(Some).ok_or_else(|| "it is an envelope, but not of a jwt".to_owned())
}

/// Checks the form by every standard that it claims.
fn conformance(document: &Value, standard: Option<Standard>) -> Check {
    const KIND: CheckKind = CheckKind::Conformance;
    let mut faults: Vec<Fault> = vcdm::credential_faults(document);
    let of_open_badges = match standard {
        Some(Standard::OpenBadges3) => v3::faults(document),
        Some(Standard::Endorsement3) => v3::endorsement_faults(document),
        Some(_) => Vec::new(),
        None => return Check::invalid(KIND, "its first context is none of verifiable credentials"),
    };
    // Both standards have something to say about some places: once is enough.
    let told: Vec<String> = faults.iter().map(|fault| fault.pointer.clone()).collect();
    faults.extend(of_open_badges.into_iter().filter(|fault| !told.contains(&fault.pointer)));
    let Some(first) = faults.first() else {
        let name = standard.map_or("verifiable credentials", |standard| match standard {
            Standard::OpenBadges3 => "open badges 3.0",
            Standard::Endorsement3 => "open badges 3.0 endorsements",
            Standard::Clr2 => "comprehensive learner records, as far as they are credentials",
            _ => "verifiable credentials",
        });
        return Check::valid(KIND, format!("it has the form of {name}"));
    };
    let mut check = Check::invalid(KIND, first.to_string());
    for fault in faults.iter().skip(1).take(MAX_TOLD) {
        check = check.with(fault.to_string());
    }
    check
}

/// What it says of itself, cut to what can be shown.
pub(super) fn claims(document: &Value) -> Claims {
    let subject = match document.get("credentialSubject") {
        Some(Value::Array(all)) => all.first(),
        one => one,
    };
    let achievement = subject.and_then(|subject| subject.get("achievement"));
    let at = |node: Option<&Value>, member: &str| text(node?.get(member)?);
    let document = Some(document);
    let image = achievement.and_then(|a| a.get("image")).or(document.and_then(|d| d.get("image")));
    let image = image.and_then(|image| text(image.get("id").unwrap_or(image)));
    let issuer_node = document.and_then(|document| document.get("issuer"));
    Claims {
        id: at(document, "id"),
        name: at(achievement, "name").or_else(|| at(document, "name")),
        description: at(achievement, "description").or_else(|| at(document, "description")),
        image: image.filter(|url| url.starts_with("https://") || url.starts_with("http://")),
        issuer: document.and_then(issuer_id).map(cut),
        issuer_name: at(issuer_node, "name"),
        valid_from: at(document, "validFrom").or_else(|| at(document, "issuanceDate")),
        valid_until: at(document, "validUntil").or_else(|| at(document, "expirationDate")),
    }
}

/// A text, or the first one of a language value object.
pub(super) fn text(value: &Value) -> Option<String> {
    let value = match value {
        Value::Array(all) => all.first()?,
        one => one,
    };
    value.as_str().or_else(|| value.get("@value")?.as_str()).map(cut)
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_CLAIM).collect()
}

/// Who must have signed, and as what: the issuer of a credential, the holder of a presentation.
fn speaker(document: &Value) -> (Option<&str>, Purpose) {
    if standard(document) == Some(Standard::Presentation) {
        (holder_id(document), Purpose::Authentication)
    } else {
        (Some(issuer_id(document).unwrap_or_default()), Purpose::Assertion)
    }
}
