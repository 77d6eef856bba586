use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use auth::Tokens;
use issuers_domain::{IssuerId, KeyId};
use kernel::TenantId;
use moka::sync::Cache;
use proto::issuers::v1::{SignRequest, issuers_client::IssuersClient};
use runtime::{Clock, Tasks, Wire, call};
use tokio::sync::oneshot;
use tonic::Status;

/// Has credentials signed by the issuers role, where the keys live. What is asked while a call is
/// under way goes out together in the next one; when none is, a call goes out at once.
#[derive(Clone)]
pub(crate) struct Signer(Arc<Shared>);

struct Shared {
    wire: Wire,
    tokens: Arc<Tokens>,
    clock: Arc<dyn Clock>,
    tasks: Tasks,
    /// Tokens to call with, each for less than it is good.
    passes: Cache<TenantId, Arc<str>>,
    /// The lanes with a call under way, and what waits for the next.
    lanes: Mutex<HashMap<Lane, Vec<Ask>>>,
}

/// Whose key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Lane {
    pub(crate) tenant: TenantId,
    pub(crate) issuer: IssuerId,
    pub(crate) key: KeyId,
}

struct Ask {
    payloads: Vec<[u8; 64]>,
    reply: oneshot::Sender<Result<Vec<[u8; 64]>, Status>>,
}

/// Payloads of one call.
const MOST: usize = 1024;

impl Signer {
    pub(crate) fn new(
        wire: Wire,
        tokens: Arc<Tokens>,
        clock: Arc<dyn Clock>,
        tasks: Tasks,
    ) -> Self {
        let passes =
            Cache::builder().max_capacity(10_000).time_to_live(Duration::from_mins(3)).build();
        Self(Arc::new(Shared { wire, tokens, clock, tasks, passes, lanes: Mutex::default() }))
    }

    /// The signatures, in the order of the payloads; at most 1,024.
    pub(crate) async fn sign(
        &self,
        lane: Lane,
        payloads: Vec<[u8; 64]>,
    ) -> Result<Vec<[u8; 64]>, Status> {
        let (reply, answer) = oneshot::channel();
        let ask = Ask { payloads, reply };
        let first = {
            let mut lanes = self.0.lanes.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(waiting) = lanes.get_mut(&lane) {
                waiting.push(ask);
                None
            } else {
                lanes.insert(lane, Vec::new());
                Some(ask)
            }
        };
        if let Some(ask) = first {
            // A task of its own: others wait on it, and this caller may go away.
            let shared = Arc::clone(&self.0);
            self.0.tasks.spawn("signer", async move { shared.serve(lane, ask).await });
        }
        answer.await.unwrap_or_else(|_| Err(Status::unavailable("the signer ended")))
    }
}

impl Shared {
    /// Calls until nobody waits.
    async fn serve(&self, lane: Lane, first: Ask) {
        let mut asks = VecDeque::from([first]);
        loop {
            let (mut together, mut payloads) = (Vec::new(), Vec::new());
            while let Some(ask) = asks.pop_front() {
                if !together.is_empty() && payloads.len() + ask.payloads.len() > MOST {
                    asks.push_front(ask);
                    break;
                }
                payloads.extend_from_slice(&ask.payloads);
                together.push(ask);
            }
            let mut answer = self.call(lane, &payloads).await.map(Vec::into_iter);
            for ask in together {
                let own = match &mut answer {
                    Ok(all) => Ok(all.by_ref().take(ask.payloads.len()).collect()),
                    Err(status) => Err(status.clone()),
                };
                // Whoever asked may have gone away.
                let _ = ask.reply.send(own);
            }
            if !asks.is_empty() {
                continue;
            }
            let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
            match lanes.get_mut(&lane) {
                Some(waiting) if !waiting.is_empty() => asks = std::mem::take(waiting).into(),
                _ => {
                    lanes.remove(&lane);
                    return;
                }
            }
        }
    }

    async fn call(&self, lane: Lane, payloads: &[[u8; 64]]) -> Result<Vec<[u8; 64]>, Status> {
        let pass = self.passes.get_with(lane.tenant, || {
            self.tokens.service("awarding", lane.tenant, self.clock.now()).into()
        });
        let message = SignRequest {
            issuer_id: lane.issuer.to_string(),
            key_id: lane.key.to_string(),
            payloads: payloads.iter().map(|payload| payload.to_vec()).collect(),
        };
        let request = call::with_token(&pass, message)?;
        let answer = IssuersClient::new(self.wire.clone()).sign(request).await?.into_inner();
        let broken = || Status::internal("the signer gave other signatures than asked for");
        if answer.signatures.len() != payloads.len() {
            return Err(broken());
        }
        let sized = |signature: Vec<u8>| signature.try_into().map_err(|_| broken());
        answer.signatures.into_iter().map(sized).collect()
    }
}
