//! Where an award stands, in words.

use proto::awarding::v1::{Award, AwardStatus};

use super::words::{self, Date};

/// What the status line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StatusLine {
    /// Names the colour and the mark: `valid`, `expired`, `revoked` or `other`.
    pub class: &'static str,
    /// In a word.
    pub word: &'static str,
    /// In a sentence.
    pub sentence: String,
    /// Why it was revoked, if it is said.
    pub reason: Option<String>,
}

/// The status line of an award that can be shown.
pub(super) fn line(award: &Award) -> StatusLine {
    let on = |moment: &str| words::date(moment).map_or_else(String::new, |date| on_day(&date));
    let (class, word, sentence) = match award.status() {
        AwardStatus::Active => (
            "valid",
            "Valid",
            format!(
                "Signed by its issuer, not revoked, and accepted by its holder{}.",
                on(&award.claimed_at)
            ),
        ),
        AwardStatus::PendingClaim => (
            "valid",
            "Valid, awaiting acceptance",
            "Signed by its issuer and not revoked. The holder has not added it to a backpack yet."
                .to_owned(),
        ),
        AwardStatus::Expired => (
            "expired",
            "Expired",
            format!("This award ended{}. It was valid until then.", on(&award.expires_at)),
        ),
        AwardStatus::Revoked => (
            "revoked",
            "Revoked",
            format!(
                "The issuer took this award back{}. It is no longer valid.",
                on(&award.revoked_at)
            ),
        ),
        AwardStatus::Declined => (
            "other",
            "Declined",
            "The person whom this badge was awarded to did not accept it.".to_owned(),
        ),
        AwardStatus::Erased => ("other", "Withdrawn", "Withdrawn at the holder’s wish.".to_owned()),
        AwardStatus::Unspecified => {
            ("other", "Unknown", "The state of this award is not known at the moment.".to_owned())
        }
    };
    let revoked = award.status() == AwardStatus::Revoked && !award.revocation_reason.is_empty();
    let reason = revoked.then(|| award.revocation_reason.clone());
    StatusLine { class, word, sentence, reason }
}

fn on_day(date: &Date) -> String {
    format!(" on {}", date.words)
}
