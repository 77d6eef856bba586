//! A small deployment in a folder that goes away: for tests of roles.
#![expect(
    clippy::missing_panics_doc,
    reason = "this is for tests: it panics when it cannot set up"
)]

use std::sync::Arc;

use auth::{Grant, Kind, Principal, Revocations, Role, Scope, Tokens};
use kernel::{OrganizationId, TenantId, Timestamp};
use keyvault::{RootKey, Secret};
use readmodel::{Projection, Runner, RunnerOptions};
use tempfile::TempDir;
use tonic::Request;

use crate::{
    Context, Fetch, FixedClock, Ids, Limits, OutboxMailer, Stands, Stores, Tasks, config::Egress,
};

/// The moment at which tests begin.
pub const START: &str = "2026-03-01T12:00:00Z";
/// Where tests pretend to be found.
pub const PUBLIC_URL: &str = "https://badges.example.org";

/// Embedded stores in a temporary folder, a clock that stands still, ids that count.
pub struct Rig {
    /// What a role works with.
    pub context: Context,
    /// The clock, to move it.
    pub clock: Arc<FixedClock>,
    /// The folder, which goes away with the rig.
    pub folder: TempDir,
}

impl Rig {
    /// A rig that feeds these projections. Needs a tokio runtime.
    #[must_use]
    pub fn new(projections: Vec<Arc<dyn Projection>>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clock = Arc::new(FixedClock::at(START.parse().expect("a moment")));
        let stores = stores(&folder, &clock);
        let tasks = Tasks::new();
        let (events, models) = (Arc::clone(&stores.events), Arc::clone(&stores.models));
        let views = Runner::new(events, models, projections, RunnerOptions::default());
        let views = Arc::new(views);
        tasks.spawn("projections", views.run(tasks.cancelled()));
        let tokens = Tokens::from_seed(&[7; 32], PUBLIC_URL).expect("a seed");
        let verifier = Arc::new(tokens.verifier(Arc::new(Revocations::new())));
        let tokens = Arc::new(tokens);
        let (public_url, limits) = (PUBLIC_URL.into(), Limits::default());
        let fingerprint_key = Arc::new(Secret::new(vec![7; 32]));
        let context = Context {
            stores,
            views,
            tokens,
            verifier,
            tasks,
            stands: Stands::default(),
            public_url,
            limits,
            fetch: Fetch::new(&Egress::default()),
            trusted_issuers: Arc::default(),
            directory: crate::lookup::Directory::default(),
            fingerprint_key,
        };
        Self { context, clock, folder }
    }

    /// A member of an organization with that role in that tenant, good for an hour.
    #[must_use]
    pub fn member(&self, tenant: TenantId, role: Role) -> Principal {
        let now = self.context.stores.clock.now();
        Principal {
            subject: format!("member_{:026}", 1),
            kind: Kind::Member,
            organization: Some(OrganizationId::derived([1; 16])),
            tenant,
            grants: vec![Grant { role, scope: Scope::Organization }],
            issued_at: now,
            expires_at: now.plus_millis(3_600_000),
            token_id: self.context.stores.ids.uuid(),
        }
    }

    /// A request that carries the principal's token: for calls over a wire.
    #[must_use]
    pub fn call<T>(&self, principal: &Principal, message: T) -> Request<T> {
        let token = self.context.tokens.access(principal);
        crate::call::with_token(&token, message).expect("tokens are ASCII")
    }

    /// A request with the principal before it: for calls on a handler itself.
    #[must_use]
    pub fn handed<T>(&self, principal: &Principal, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.extensions_mut().insert(Arc::new(principal.clone()));
        request
    }

    /// Now, on the rig's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.context.stores.clock.now()
    }
}

/// Embedded stores in that folder, by that clock.
#[must_use]
pub fn stores(folder: &TempDir, clock: &Arc<FixedClock>) -> Stores {
    let clock: Arc<dyn crate::Clock> = Arc::clone(clock) as _;
    let outbox = folder.path().join("outbox");
    let mailer = OutboxMailer::new(outbox, "Laurel <laurel@example.org>", Arc::clone(&clock));
    let mailer = Arc::new(mailer.expect("an address"));
    let ids = Ids::counted(Arc::clone(&clock));
    let root_key = RootKey::from_bytes([9; 32]);
    Stores::open(folder.path(), root_key, mailer, clock, ids).expect("the stores open")
}
