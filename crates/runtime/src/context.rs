use std::sync::Arc;

use auth::{AuthLayer, Tokens, Verifier};
use keyvault::Secret;
use readmodel::Runner;
use tonic::service::Routes;
use tower::{Layer, util::MapRequest};

use crate::{
    Fetch, Guarded, Limits, Policy, Stores, Tasks, config::KnownIssuer, deadline,
    lookup::Directory, metrics::MeasuredCalls, status,
};

/// What a role works with.
#[derive(Clone)]
pub struct Context {
    /// The log, the read models, the keys, the blobs, the mail, the clock, the ids.
    pub stores: Stores,
    /// The reading handles of every model: [`Runner::view`].
    pub views: Arc<Runner>,
    /// Signs tokens.
    pub tokens: Arc<Tokens>,
    /// Checks tokens; knows the revocations.
    pub verifier: Arc<Verifier>,
    /// Where tasks are started.
    pub tasks: Tasks,
    /// Who stands still in the policies of this process.
    pub stands: crate::Stands,
    /// Where the public finds this deployment, such as `https://badges.example.org`; no slash at
    /// the end.
    pub public_url: Arc<str>,
    /// How much is accepted.
    pub limits: Limits,
    /// The way out for every URL that a stranger can influence.
    pub fetch: Fetch,
    /// Issuers whom the operator knows.
    pub trusted_issuers: Arc<[KnownIssuer]>,
    /// Whose public ids are.
    pub directory: Directory,
    /// Keys the fingerprints of requests; [`Context::FINGERPRINTS`] names it in the vault.
    pub fingerprint_key: Arc<Secret>,
}

impl Context {
    /// The purpose under which the vault derives [`Context::fingerprint_key`] for the platform.
    pub const FINGERPRINTS: &'static str = "request-fingerprints";

    /// Starts a policy.
    pub fn start(&self, policy: Policy) {
        let (name, ended) = (policy.name, self.tasks.cancelled());
        let (leases, holder) = (Arc::clone(&self.stores.leases), self.stores.ids.uuid());
        self.tasks.spawn(name, policy.run(leases, holder, ended));
    }

    /// What stands before every listener; `public` are the paths that need no token.
    #[must_use]
    pub fn guard(&self, public: &[&'static str]) -> AuthLayer {
        let clock = Arc::clone(&self.stores.clock);
        AuthLayer {
            verifier: Arc::clone(&self.verifier),
            now: Arc::new(move || clock.now()),
            refuse: status::unauthenticated,
            public: public.into(),
        }
    }
}

/// What a role gives to a process.
pub struct RoleParts {
    /// The role.
    pub name: &'static str,
    /// Its gRPC services.
    pub routes: Routes,
    /// The methods that need no token, as paths such as `/laurel.backpack.v1.Backpack/SignIn`.
    pub public: &'static [&'static str],
    /// What it does on its own.
    pub policies: Vec<Policy>,
}

impl RoleParts {
    /// The routes behind the check of tokens: for [`crate::local`] and for listeners.
    #[must_use]
    pub fn guarded(&self, context: &Context) -> Guarded {
        let routes = self.routes.clone().prepare();
        let routes = MapRequest::new(routes, deadline::note as fn(_) -> _);
        MeasuredCalls::new(context.guard(self.public).layer(routes))
    }

    /// Starts the policies.
    pub fn start(self, context: &Context) {
        for policy in self.policies {
            context.start(policy);
        }
    }
}
