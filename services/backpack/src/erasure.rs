//! Erasing an earner everywhere: the backpack's own key and letters, and the person in every tenant
//! that ever awarded something. Begun by the call, ended by the policy when a crash or an outage cut
//! it short; every step can be repeated.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use backpack_domain::{Earner, EarnerCommand, EarnerEvent, EarnerId};
use eventstore::{Execution, Filter, RecordedEvent, Signal, Signals, execute, load};
use futures_util::StreamExt;
use kernel::{Actor, Aggregate, CommandId, Position, SubjectId, TenantId};
use keyvault::Owner;
use proto::awarding::v1::{EraseEarnerRequest, awarding_client::AwardingClient};
use runtime::{Context, Wire, call, status};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::holdings::Holdings;

const PATIENCE: Duration = Duration::from_secs(10);
const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// Ends erasures, one at a time.
pub(crate) struct Erasures {
    context: Context,
    holdings: Holdings,
    awarding: AwardingClient<Wire>,
    one_at_a_time: Mutex<()>,
}

impl Erasures {
    pub(crate) fn new(
        context: Context,
        holdings: Holdings,
        awarding: AwardingClient<Wire>,
    ) -> Self {
        Self { context, holdings, awarding, one_at_a_time: Mutex::new(()) }
    }

    /// Ends the erasure that began at that position. Nothing happens when it has ended.
    pub(crate) async fn finish(&self, earner: EarnerId, began: Position) -> Result<(), Status> {
        let _turn = self.one_at_a_time.lock().await;
        let stores = &self.context.stores;
        let loaded = load::<Earner>(&*stores.events, TenantId::PLATFORM, &earner).await;
        if loaded.map_err(status::of)?.0 != Earner::Erasing {
            return Ok(());
        }
        let owner = Owner::new(TenantId::PLATFORM, earner);
        stores.vault.destroy(&owner).await.map_err(status::of_vault)?;
        let forgotten = stores.mailer.forget(&earner.to_string()).await;
        forgotten.map_err(|error| status::unavailable(&error))?;
        self.holdings.view().wait(began, PATIENCE).await.map_err(status::of_wait)?;
        for (tenant, person) in self.persons(earner).await? {
            self.erase(tenant, person, began).await?;
        }
        let parts: [&[u8]; 3] = [b"complete-erasure", &earner.bytes(), &began.0.to_be_bytes()];
        let execution = Execution {
            tenant: TenantId::PLATFORM,
            actor: Actor::system("backpack"),
            command: CommandId::derived(&parts),
            fingerprint: None,
            causation: None,
            traceparent: runtime::trace::traceparent(),
            at: stores.clock.now(),
        };
        let complete = EarnerCommand::CompleteErasure;
        let done = execute::<Earner>(&*stores.events, &execution, &earner, complete).await;
        done.map(|_| ()).map_err(status::of)
    }

    /// Who the earner is in each tenant, where something of them is left.
    async fn persons(&self, earner: EarnerId) -> Result<BTreeSet<(TenantId, SubjectId)>, Status> {
        let (mut persons, mut after) = (BTreeMap::new(), None);
        loop {
            let rows = self.holdings.ever(earner, after).await.map_err(status::of_read_model)?;
            let Some((last, _)) = rows.last() else { break };
            after = Some(last.clone());
            for (_, held) in &rows {
                let newest = persons.entry((held.tenant, held.person)).or_insert(held.key_version);
                *newest = held.key_version.max(*newest);
            }
        }
        let mut left = BTreeSet::new();
        for ((tenant, person), newest) in persons {
            let erased = self.holdings.erased_through(tenant, person).await;
            if erased.map_err(status::of_read_model)? < newest {
                left.insert((tenant, person));
            }
        }
        Ok(left)
    }

    /// Erases a person in a tenant: the same erasure is the same command there.
    async fn erase(
        &self,
        tenant: TenantId,
        person: SubjectId,
        began: Position,
    ) -> Result<(), Status> {
        let now = self.context.stores.clock.now();
        let token = self.context.tokens.service("backpack", tenant, now);
        let request = EraseEarnerRequest {
            idempotency_key: format!("erasure-{began}-{person}"),
            earner_id: person.to_string(),
        };
        let request = call::with_token(&token, request)?;
        self.awarding.clone().erase_earner(request).await.map(|_| ())
    }

    /// Tokens from before the erasure count no more, in this process either.
    pub(crate) fn refuse_tokens(&self, earner: EarnerId, erased: kernel::Timestamp) {
        let revocations = self.context.verifier.revocations();
        revocations.refuse(&earner.to_string(), erased.plus_millis(1));
    }
}

/// Follows the earners' facts, and ends every erasure that has begun, for as long as it takes.
pub(crate) async fn finish_all(erasures: Arc<Erasures>, cancelled: CancellationToken) {
    let mut open = BTreeMap::new();
    let mut seen = Position::START;
    while !cancelled.is_cancelled() {
        let filter = Filter::every_tenant(&[Earner::CATEGORY]);
        let mut signals = erasures.context.stores.events.subscribe(seen, filter);
        let follow = follow(&erasures, &mut signals, &mut open, &mut seen);
        tokio::select! {
            () = cancelled.cancelled() => return,
            () = follow => tracing::warn!("the log of earners ended: following it anew"),
        }
        tokio::select! {
            () = cancelled.cancelled() => return,
            () = tokio::time::sleep(AGAIN_AFTER) => {}
        }
    }
}

type Open = BTreeMap<EarnerId, Position>;

/// Until the subscription ends.
async fn follow(erasures: &Erasures, signals: &mut Signals, open: &mut Open, seen: &mut Position) {
    let mut caught_up = false;
    loop {
        let signal = tokio::select! {
            signal = signals.next() => signal,
            () = tokio::time::sleep(AGAIN_AFTER), if caught_up && !open.is_empty() => {
                finish_open(erasures, open).await;
                continue;
            }
        };
        match signal {
            Some(Ok(Signal::Facts(facts))) => {
                for fact in facts {
                    *seen = fact.position;
                    note(erasures, &fact, open);
                }
            }
            Some(Ok(Signal::Checkpoint(position))) => *seen = position,
            Some(Ok(Signal::CaughtUp(position))) => {
                *seen = position;
                caught_up = true;
            }
            Some(Err(_)) | None => return,
        }
        if caught_up {
            finish_open(erasures, open).await;
        }
    }
}

fn note(erasures: &Erasures, fact: &RecordedEvent, open: &mut Open) {
    let (Ok(event), Ok(envelope)) = (fact.event::<EarnerEvent>(), fact.envelope()) else {
        tracing::error!(position = %fact.position, "a fact of an earner cannot be read");
        return;
    };
    let Ok(earner) = fact.stream.id().parse::<EarnerId>() else { return };
    match event {
        EarnerEvent::Erased(_) => {
            erasures.refuse_tokens(earner, envelope.at);
            open.insert(earner, fact.position);
        }
        EarnerEvent::ErasureCompleted(_) => {
            open.remove(&earner);
        }
        EarnerEvent::SignedIn(_) => {}
    }
}

async fn finish_open(erasures: &Erasures, open: &mut Open) {
    for (earner, began) in open.clone() {
        match erasures.finish(earner, began).await {
            Ok(()) => {
                open.remove(&earner);
            }
            Err(status) => {
                tracing::warn!(earner.id = %earner, code = ?status.code(), "an erasure goes on later");
            }
        }
    }
}
