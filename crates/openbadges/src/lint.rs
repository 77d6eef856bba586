//! What is refused before anything is signed.
//!
//! A credential that conforms can still be one that nobody should sign: of another issuer, valid
//! since last year, with a recipient's address in clear or a text that shows itself as another. The
//! rules here are those of an issuer's own hygiene, stricter than the standards; each has a stable
//! code. [`check`] judges a whole credential. For the many awards of one template,
//! [`CredentialTemplate::lint`] judges once what they share, and [`CredentialTemplate::lint_fill`]
//! each award's own part, with the same result; [`check_text`] one text that will stand in them.
//!
//! To add a rule: a [`Code`], and a function in the file of its kind.
//!
//! [`CredentialTemplate::lint`]: crate::CredentialTemplate::lint
//! [`CredentialTemplate::lint_fill`]: crate::CredentialTemplate::lint_fill

mod code;
mod context;
mod date;
mod fill;
mod id;
mod identity;
mod key;
mod status;
mod text;

use serde_json::{Map, Value};
use time::OffsetDateTime;

pub use code::Code;
pub(crate) use fill::Fixed;
pub use text::Text;

use crate::fault::Fault;
use crate::{v3, vcdm};

/// How many findings are told of one credential.
const MOST: usize = 100;
/// How many bytes of JSON a credential may have.
const MAX_BYTES: usize = 512 << 10;

/// For whom and when a credential is to be signed.
#[derive(Clone, Copy, Debug)]
pub struct LintContext<'a> {
    /// The id of the issuer whose key will sign.
    pub issuer: &'a str,
    /// The full id of that key.
    pub verification_method: &'a str,
    /// The suite that it will sign by.
    pub cryptosuite: &'a str,
    /// The list in which the credential's status will be found, if any.
    pub status_list: Option<ListInUse<'a>>,
    /// Where the platform itself is reached: there, and only there, ids may be `http`.
    pub origin: Option<&'a str>,
    /// The time of issuing.
    pub now: OffsetDateTime,
}

/// A status list that entries may be made in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListInUse<'a> {
    /// The URL of the list.
    pub url: &'a str,
    /// How many entries it has.
    pub entries: u64,
}

/// A reason not to sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub code: Code,
    /// Where it is broken and how; the message never quotes what stands there.
    pub fault: Fault,
}

/// Tells every reason not to sign a credential; it comes without proof.
///
/// At most 100 findings are told.
pub fn check(credential: &Value, context: &LintContext<'_>) -> Vec<Finding> {
    let mut findings = Findings::default();
    let Value::Object(members) = credential else {
        findings.add(Code::DataModel, "", "must be an object");
        return findings.0;
    };
    if serde_json::to_vec(credential).map_or(usize::MAX, |text| text.len()) > MAX_BYTES {
        findings.add(Code::TooLarge, "", "must have at most 512 kilobytes");
        return findings.0;
    }
    if members.contains_key("proof") {
        findings.add(Code::SignedAlready, "/proof", "must not be signed already");
    }
    context::check(&mut findings, credential);
    key::check(&mut findings, credential, context);
    date::check_all(&mut findings, members, context.now);
    identity::check_all(&mut findings, credential);
    status::check(&mut findings, credential, context.status_list);
    id::check_all(&mut findings, credential, context);
    text::check_all(&mut findings, credential);
    findings.data_model(v3::issuing_faults(credential));
    findings.data_model(vcdm::issuing_faults(credential));
    findings.0
}

/// Tells why a text must not stand in a credential, at the place given: so that its author hears of
/// it long before anything is to be signed.
#[must_use]
pub fn check_text(at: &str, text: &str, expected: Text) -> Vec<Finding> {
    let mut findings = Findings::default();
    text::check(&mut findings, at, text, expected);
    findings.0
}

/// The findings so far.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<Finding>);

impl Findings {
    pub(crate) fn add(
        &mut self,
        code: Code,
        pointer: impl Into<String>,
        message: impl Into<String>,
    ) {
        if self.0.len() < MOST {
            self.0.push(Finding { code, fault: Fault::new(pointer, message) });
        }
    }

    /// Faults of form come last, and only for places of which no rule has told more.
    fn data_model(&mut self, faults: Vec<Fault>) {
        for fault in faults {
            if !self.0.iter().any(|known| known.fault.pointer == fault.pointer) {
                self.add(Code::DataModel, fault.pointer, fault.message);
            }
        }
    }
}

/// Visits each member and item of a document with its pointer, its name (that of the array for its
/// items) and its value. Endorsements are not visited: they are other people's, and signed. The
/// nesting that is looked at is bounded.
fn visit(
    value: &Value,
    at: &str,
    name: &str,
    depth: usize,
    see: &mut dyn FnMut(&str, &str, &Value),
) {
    if depth > 64 || name == "endorsement" {
        return;
    }
    see(at, name, value);
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let escaped = name.replace('~', "~0").replace('/', "~1");
                visit(value, &format!("{at}/{escaped}"), name, depth + 1, see);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                visit(item, &format!("{at}/{index}"), name, depth + 1, see);
            }
        }
        _ => {}
    }
}

fn text<'v>(members: &'v Map<String, Value>, name: &str) -> Option<&'v str> {
    members.get(name).and_then(Value::as_str)
}
