//! What follows from facts without being asked.

use std::sync::Arc;

use issuers_domain::{
    Client, ClientEvent, ClientId, Issuer, IssuerEvent, IssuerId, Member, MemberEvent, MemberId,
};
use kernel::Aggregate;
use runtime::{Context, Heard, Policy, Since};

use crate::{key_ages, keys::Keys};

/// Refuses the tokens of revoked clients, removed members, and members whose grants changed since:
/// from the first fact on, in every process that has a listener.
#[must_use]
pub fn revocations(context: &Context) -> Policy {
    let revocations = Arc::clone(context.verifier.revocations());
    let hear = move |heard: Heard<'_>| {
        let Heard::Fact(stored) = heard else { return };
        let ended = match stored.stream.category() {
            Client::CATEGORY => matches!(stored.event(), Ok(ClientEvent::Revoked {})),
            Member::CATEGORY => {
                matches!(stored.event(), Ok(MemberEvent::Changed(_) | MemberEvent::Removed {}))
            }
            _ => false,
        };
        let subject = stored.stream.id();
        let known = subject.parse::<ClientId>().is_ok() || subject.parse::<MemberId>().is_ok();
        if let (true, true, Ok(envelope)) = (ended, known, stored.envelope()) {
            revocations.refuse(subject, envelope.at);
        }
    };
    let categories = [Client::CATEGORY, Member::CATEGORY];
    Policy::following("revocations", context, &categories, Since::TheStart, hear)
}

/// Makes this process look a key up again when it was retired by another.
pub(crate) fn retired_keys(context: &Context, keys: Arc<Keys>) -> Policy {
    let hear = move |heard: Heard<'_>| match heard {
        Heard::Fact(stored) => {
            if let (Ok(IssuerEvent::KeyRetired(_)), Ok(issuer)) =
                (stored.event(), stored.stream.id().parse::<IssuerId>())
            {
                keys.forget(stored.stream.tenant(), issuer);
            }
        }
        Heard::Broken => keys.forget_all(),
        Heard::Upto(_) => {}
    };
    // Nothing is held yet: only what happens from now on matters.
    Policy::following("retired-keys", context, &[Issuer::CATEGORY], Since::Now, hear)
}

/// Records how old the keys are that sign.
pub(crate) fn ages(context: &Context) -> Policy {
    let view = Arc::new(context.views.view(key_ages::MODEL));
    let clock = Arc::clone(&context.stores.clock);
    Policy::measuring("signing-key-ages", context.tasks.cancelled(), move || {
        let (view, now) = (Arc::clone(&view), clock.now());
        async move { key_ages::measure(&view, now).await }
    })
}
