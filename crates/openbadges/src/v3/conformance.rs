//! Conformance to the Open Badges 3.0 data model: what the published JSON Schema says, and the prose.
//!
//! The schema's part is a table of classes and one walk over them; the prose's part is a function
//! for each class of which it says what a schema cannot.
//!
//! To add a member: a line in its class. To add a rule: a function in `prose.rs`.

mod class;
mod format;
mod prose;
mod walk;

use serde_json::Value;

use crate::fault::Fault;
use class::{CREDENTIAL, Class, ENDORSEMENT, EVIDENCE};
use walk::Walk;

/// How many faults are told of one document.
const MOST: usize = 100;

/// How strictly a document is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// As the published JSON Schema decides: sets are arrays, single values are not, and the data
    /// model is that of Verifiable Credentials 2.0.
    Exact,
    /// As a verifier must: a single value stands for a set of one and the other way round, and the
    /// data model may be that of Verifiable Credentials 1.1.
    Lenient,
}

/// Tells everything that keeps a document from being an Open Badges 3.0 `AchievementCredential`
/// that a verifier accepts.
///
/// What JSON-LD compaction allows is allowed (a single value for an array of one, an array of one
/// for a value), and so is a credential of version 1.1 of the VC Data Model. At most 100 faults are
/// told.
pub fn faults(credential: &Value) -> Vec<Fault> {
    judge(credential, &CREDENTIAL, Walk::new(Mode::Lenient, true))
}

/// The same for an `EndorsementCredential`.
pub fn endorsement_faults(endorsement: &Value) -> Vec<Fault> {
    judge(endorsement, &ENDORSEMENT, Walk::new(Mode::Lenient, true))
}

/// Tells everything that keeps a document from being issued as an Open Badges 3.0
/// `AchievementCredential`: only version 2.0 of the VC Data Model, and sets only as arrays.
pub fn issuing_faults(credential: &Value) -> Vec<Fault> {
    judge(credential, &CREDENTIAL, Walk::new(Mode::Exact, true))
}

/// Tells what the published JSON Schema of `AchievementCredential` refuses, and no more.
pub fn schema_faults(credential: &Value) -> Vec<Fault> {
    judge(credential, &CREDENTIAL, Walk::new(Mode::Exact, false))
}

/// Tells what keeps pieces of evidence from being issued; `at` is the place of their array.
pub(crate) fn evidence_faults(evidence: &Value, at: &str) -> Vec<Fault> {
    let mut walk = Walk::new(Mode::Exact, true);
    for (index, one) in evidence.as_array().into_iter().flatten().enumerate() {
        walk.object(one, &EVIDENCE, &format!("{at}/{index}"));
    }
    walk.into_faults()
}

fn judge(credential: &Value, class: &'static Class, mut walk: Walk) -> Vec<Fault> {
    walk.object(credential, class, "");
    walk.into_faults()
}
