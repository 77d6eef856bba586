//! What follows from facts without being asked.

use std::{future::Future, sync::Arc, time::Duration};

use eventstore::{Filter, RecordedEvent, Signal};
use futures_util::StreamExt;
use issuers_domain::{
    Client, ClientEvent, ClientId, Issuer, IssuerEvent, IssuerId, Member, MemberEvent, MemberId,
};
use kernel::{Aggregate, Position};
use runtime::{Context, Policy};

use crate::{key_ages, keys::Keys};

/// The pause before a broken subscription is begun again.
const PAUSE: Duration = Duration::from_millis(500);

/// Refuses the tokens of revoked clients, removed members, and members whose grants changed since:
/// from the first fact on, in every process that has a listener.
#[must_use]
pub fn revocations(context: &Context) -> Policy {
    let revocations = Arc::clone(context.verifier.revocations());
    let act = move |stored: &RecordedEvent| {
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
    Policy::everywhere("revocations", follow(context, &categories, Position::START, act, || {}))
}

/// Makes this process look a key up again when it was retired by another.
pub(crate) fn retired_keys(context: &Context, keys: Arc<Keys>) -> Policy {
    let all = Arc::clone(&keys);
    let act = move |stored: &RecordedEvent| {
        if let (Ok(IssuerEvent::KeyRetired(_)), Ok(issuer)) =
            (stored.event(), stored.stream.id().parse::<IssuerId>())
        {
            keys.forget(stored.stream.tenant(), issuer);
        }
    };
    let (context, broken) = (context.clone(), move || all.forget_all());
    Policy::everywhere("retired-keys", async move {
        // Nothing is held yet: only what happens from now on matters.
        let head = context.stores.events.head().await.unwrap_or(Position::START);
        follow(&context, &[Issuer::CATEGORY], head, act, broken).await;
    })
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

/// Gives every fact of these categories after a position to `act`, in order, until the process
/// ends; tells `broken` when the subscription has to begin again.
fn follow(
    context: &Context,
    categories: &[&'static str],
    after: Position,
    act: impl Fn(&RecordedEvent) + Send + 'static,
    broken: impl Fn() + Send + 'static,
) -> impl Future<Output = ()> + Send + 'static {
    let (events, cancelled) = (Arc::clone(&context.stores.events), context.tasks.cancelled());
    let filter = Filter::every_tenant(categories);
    let mut after = after;
    let work = async move {
        loop {
            let mut signals = events.subscribe(after, filter.clone());
            while let Some(Ok(signal)) = signals.next().await {
                match signal {
                    Signal::Facts(facts) => {
                        for stored in &facts {
                            act(stored);
                            after = stored.position;
                        }
                    }
                    Signal::Checkpoint(position) | Signal::CaughtUp(position) => after = position,
                }
            }
            broken();
            tokio::time::sleep(PAUSE).await;
        }
    };
    async move { cancelled.run_until_cancelled(work).await.unwrap_or_default() }
}
