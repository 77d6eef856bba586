use kernel::{Class, Timestamp};
use openbadges::{
    CredentialTemplate, EddsaRdfc2022, Fill, STATUS_LIST_ENTRIES,
    lint::{Finding, LintContext, ListInUse},
};
use runtime::Refusal;

use crate::trouble::{Outcome, Trouble};

/// Whose key signs, in which list the status will be found, where the platform is reached.
#[derive(Clone, Copy)]
pub(crate) struct Circumstances<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) status_list: &'a str,
    pub(crate) origin: &'a str,
    pub(crate) at: Timestamp,
}

/// Refuses a badge of which no award should be signed.
pub(crate) fn check_template(
    suite: &EddsaRdfc2022,
    template: &CredentialTemplate,
    circumstances: Circumstances<'_>,
) -> Outcome<()> {
    let refused = |message: String| {
        let message = format!("this badge cannot be awarded: {message}; publish it anew");
        Err(Trouble::invalid("/badgeId", &message))
    };
    if let Err(error) = template.check(suite) {
        return refused(error.to_string());
    }
    match template.lint(&context(template, circumstances)).into_iter().next() {
        None => Ok(()),
        Some(Finding { code, fault }) => {
            refused(format!("{} {} ({code})", fault.pointer, fault.message))
        }
    }
}

/// Refuses an award that should not be signed. What is found is what somebody typed, or a fault of
/// ours: then it is told to the log, and nothing is signed either.
pub(crate) fn check_award(
    template: &CredentialTemplate,
    fill: &Fill,
    circumstances: Circumstances<'_>,
) -> Outcome<()> {
    let findings = template.lint_fill(fill, &context(template, circumstances));
    let Some(Finding { code, fault }) = findings.into_iter().next() else { return Ok(()) };
    let path = match fault.pointer.as_str() {
        "/credentialSubject/narrative" => "/narrative",
        "/awardedDate" => "/achievedAt",
        "/validUntil" => "/expiresAt",
        pointer if pointer.starts_with("/evidence") => "/evidence",
        pointer => {
            tracing::error!(%code, pointer, "an award would not have been fit to be signed");
            return Err(Trouble::broken("an award was not made as it should be"));
        }
    };
    let refusal = Refusal::new("INVALID_INPUT", fault.message).at(path);
    Err(Trouble::Refused(Class::Invalid, refusal))
}

/// The column of a CSV in which what is refused stands.
pub(crate) fn column(refusal: &Refusal) -> Option<String> {
    let column = match refusal.path.as_deref()? {
        "/narrative" => "narrative",
        "/achievedAt" => "achieved_at",
        "/expiresAt" => "expires_at",
        "/evidence" => "evidence_url",
        _ => return None,
    };
    Some(column.to_owned())
}

fn context<'a>(
    template: &'a CredentialTemplate,
    circumstances: Circumstances<'a>,
) -> LintContext<'a> {
    LintContext {
        issuer: circumstances.issuer,
        verification_method: template.verification_method(),
        cryptosuite: template.cryptosuite(),
        status_list: Some(ListInUse {
            url: circumstances.status_list,
            entries: STATUS_LIST_ENTRIES.into(),
        }),
        origin: Some(circumstances.origin),
        now: circumstances.at.date_time(),
    }
}
