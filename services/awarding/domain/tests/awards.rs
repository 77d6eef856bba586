//! What can become of an award.

use awarding_domain::{
    Award, AwardAccepted, AwardCommand, AwardCreated, AwardDeclined, AwardEvent, AwardNotified,
    AwardRejection, AwardRevoked, Digest,
};
use kernel::{Aggregate, Id, Sealed, Timestamp, testing::given};
use proptest::prelude::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_unix_millis(second * 1000)
}

fn sealed() -> Sealed {
    let (nonce, ciphertext) = (kernel::Base64::default(), kernel::Base64::default());
    Sealed { subject: "person_x".into(), key_version: 1, nonce, ciphertext }
}

fn terms() -> AwardCreated {
    AwardCreated {
        badge: Id::derived([1; 16]),
        badge_version: 1,
        issuer: Id::derived([2; 16]),
        person: Id::derived([3; 16]),
        earner: Id::derived([4; 16]),
        generation: 0,
        achieved_at: at(1),
        issued_at: at(2),
        expires_at: None,
        template: Digest([0; 32]),
        credential: Digest([1; 32]),
        list: Id::derived([5; 16]),
        index: 7,
        notify: false,
        particulars: sealed(),
    }
}

fn created() -> AwardEvent {
    AwardEvent::Created(Box::new(terms()))
}

fn accepted(second: i64) -> AwardEvent {
    let AwardCreated { badge, issuer, earner, .. } = terms();
    AwardEvent::Accepted(AwardAccepted { badge, issuer, earner, at: at(second) })
}

fn declined(second: i64) -> AwardEvent {
    let AwardCreated { badge, issuer, earner, .. } = terms();
    AwardEvent::Declined(AwardDeclined { badge, issuer, earner, at: at(second) })
}

fn revoked(second: i64) -> AwardEvent {
    let AwardCreated { badge, issuer, earner, .. } = terms();
    let reason = Some(sealed());
    AwardEvent::Revoked(AwardRevoked { badge, issuer, earner, at: at(second), reason })
}

fn create() -> AwardCommand {
    AwardCommand::Create(Box::new(terms()))
}

fn accept() -> AwardCommand {
    AwardCommand::Accept { at: at(9) }
}

fn decline() -> AwardCommand {
    AwardCommand::Decline { at: at(9) }
}

fn revoke() -> AwardCommand {
    AwardCommand::Revoke { at: at(9), reason: Some(sealed()) }
}

#[test]
fn an_award_is_made_once() {
    assert_eq!(given::<Award>([]).decide(create()), Ok(vec![created()]));
    assert_eq!(given::<Award>([created()]).decide(create()), Err(AwardRejection::Duplicate));
    let over = given::<Award>([created(), revoked(3)]);
    assert_eq!(over.decide(create()), Err(AwardRejection::Duplicate), "the next is another award");
}

#[test]
fn nothing_can_be_asked_of_what_was_never_made() {
    for command in [accept(), decline(), revoke(), AwardCommand::Notify { at: at(1) }] {
        assert_eq!(given::<Award>([]).decide(command), Err(AwardRejection::Missing));
    }
}

#[test]
fn the_earner_accepts_once_or_declines_even_later() {
    assert_eq!(given::<Award>([created()]).decide(accept()), Ok(vec![accepted(9)]));
    let active = given::<Award>([created(), accepted(3)]);
    assert_eq!(active.decide(accept()), Ok(vec![]));
    assert_eq!(active.decide(decline()), Ok(vec![declined(9)]));
    let refused = given::<Award>([created(), declined(3)]);
    assert_eq!(refused.decide(decline()), Ok(vec![]));
    assert_eq!(refused.decide(accept()), Err(AwardRejection::Declined));
}

#[test]
fn a_revoked_award_stays_revoked() {
    for before in [vec![created()], vec![created(), accepted(3)], vec![created(), declined(3)]] {
        let award = given::<Award>(before.clone());
        assert_eq!(award.decide(revoke()), Ok(vec![revoked(9)]));
        let revoked = given::<Award>(before.into_iter().chain([revoked(4)]));
        assert_eq!(revoked.decide(revoke()), Ok(vec![]));
        assert_eq!(revoked.decide(accept()), Err(AwardRejection::Revoked));
        assert_eq!(revoked.decide(decline()), Err(AwardRejection::Revoked));
    }
}

#[test]
fn the_earner_is_mailed_once() {
    let notified = AwardEvent::Notified(AwardNotified { at: at(5) });
    let notify = AwardCommand::Notify { at: at(5) };
    assert_eq!(given::<Award>([created()]).decide(notify.clone()), Ok(vec![notified.clone()]));
    assert_eq!(given::<Award>([created(), notified]).decide(notify), Ok(vec![]));
}

#[test]
fn the_badge_may_be_given_anew_after_revoking_or_declining_only() {
    let is_over = |events: Vec<AwardEvent>| match given::<Award>(events) {
        Award::Made(made) => made.is_over(),
        Award::Absent => panic!("it was made"),
    };
    assert!(!is_over(vec![created()]));
    assert!(!is_over(vec![created(), accepted(3)]));
    assert!(is_over(vec![created(), declined(3)]));
    assert!(is_over(vec![created(), revoked(3)]));
}

proptest! {
    /// Deciding and folding agree: whatever is asked, the same command again brings nothing new,
    /// and folding fact by fact is folding the whole.
    #[test]
    fn a_repeated_command_brings_nothing_new(choices in prop::collection::vec(0u8..5, 1..12)) {
        let mut story: Vec<AwardEvent> = Vec::new();
        let mut award = Award::default();
        for choice in choices {
            let command = match choice {
                0 => create(),
                1 => accept(),
                2 => decline(),
                3 => revoke(),
                _ => AwardCommand::Notify { at: at(9) },
            };
            let Ok(events) = award.decide(command.clone()) else { continue };
            award = events.iter().cloned().fold(award, Award::evolve);
            story.extend(events);
            let again = award.decide(command);
            prop_assert!(again == Ok(vec![]) || again == Err(AwardRejection::Duplicate));
        }
        prop_assert_eq!(given::<Award>(story), award);
    }
}
