//! What can become of a credential that the tenant's own software wrote.

use awarding_domain::{
    CredentialRevoked, CredentialSigned, CredentialSubmitted, Digest, StatusPlace, Submission,
    SubmissionCommand, SubmissionEvent, SubmissionRejection,
};
use kernel::{Aggregate, Id, Timestamp, testing::given};

#[expect(clippy::unnecessary_wraps, reason = "as the field has it")]
fn place(index: u32) -> Option<StatusPlace> {
    Some(StatusPlace { list: Id::derived([5; 16]), index })
}

fn terms(issuer: u8, place: Option<StatusPlace>) -> CredentialSubmitted {
    CredentialSubmitted {
        issuer: Id::derived([issuer; 16]),
        key: Id::derived([3; 16]),
        document: Digest([issuer; 32]),
        place,
    }
}

fn submitted(issuer: u8, place: Option<StatusPlace>) -> SubmissionEvent {
    SubmissionEvent::Submitted(terms(issuer, place))
}

fn signed(issuer: u8) -> CredentialSigned {
    CredentialSigned { issuer: Id::derived([issuer; 16]), credential: Digest([9; 32]) }
}

fn at() -> Timestamp {
    Timestamp::from_unix_millis(1_700_000_000_000)
}

fn revoked(issuer: u8, index: u32) -> SubmissionEvent {
    let place = place(index).expect("a place");
    SubmissionEvent::Revoked(CredentialRevoked {
        issuer: Id::derived([issuer; 16]),
        place,
        at: at(),
    })
}

fn set(revoked: bool) -> SubmissionCommand {
    SubmissionCommand::SetRevoked { revoked, at: at() }
}

#[test]
fn the_intent_is_recorded_before_the_signature() {
    let sign = SubmissionCommand::Sign(signed(1));
    assert_eq!(given::<Submission>([]).decide(sign), Err(SubmissionRejection::Missing));
    let submission = given::<Submission>([submitted(1, None)]);
    assert_eq!(submission.decide(sign), Ok(vec![SubmissionEvent::Signed(signed(1))]));
    let other = SubmissionCommand::Sign(signed(2));
    assert_eq!(submission.decide(other), Err(SubmissionRejection::Missing), "another issuer");
}

#[test]
fn a_credential_may_be_issued_anew_with_the_same_place() {
    let submission = given::<Submission>([submitted(1, place(7))]);
    assert_eq!(submission.place(Id::derived([1; 16])), place(7));
    let again = SubmissionCommand::Submit(terms(1, place(7)));
    assert_eq!(submission.decide(again), Ok(vec![submitted(1, place(7))]));
    let elsewhere = SubmissionCommand::Submit(terms(1, place(8)));
    assert_eq!(submission.decide(elsewhere), Err(SubmissionRejection::OtherPlace));
    let by_another = SubmissionCommand::Submit(terms(2, place(8)));
    assert_eq!(submission.decide(by_another), Ok(vec![submitted(2, place(8))]));
}

#[test]
fn a_revocation_is_for_ever_and_concerns_whoever_signed() {
    let both = [submitted(1, place(7)), submitted(2, place(8))];
    let submission = given::<Submission>(both);
    assert_eq!(submission.decide(set(false)), Ok(vec![]));
    let gone = vec![revoked(1, 7), revoked(2, 8)];
    assert_eq!(submission.decide(set(true)), Ok(gone.clone()));
    let submission = given::<Submission>(both.into_iter().chain(gone));
    assert_eq!(submission.decide(set(true)), Ok(vec![]));
    assert_eq!(submission.decide(set(false)), Err(SubmissionRejection::Revoked));
    let again = SubmissionCommand::Submit(terms(1, place(7)));
    assert_eq!(submission.decide(again), Err(SubmissionRejection::Revoked));
    let sign = SubmissionCommand::Sign(signed(1));
    assert_eq!(submission.decide(sign), Err(SubmissionRejection::Revoked));
}

#[test]
fn what_was_never_issued_or_states_no_status_cannot_be_revoked() {
    assert_eq!(given::<Submission>([]).decide(set(true)), Err(SubmissionRejection::Missing));
    assert_eq!(given::<Submission>([]).decide(set(false)), Err(SubmissionRejection::Missing));
    let submission = given::<Submission>([submitted(1, None)]);
    assert_eq!(submission.decide(set(true)), Err(SubmissionRejection::NoStatus));
}
