//! One operation, whatever carries it: held against the limits, paid for, validated, run.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_graphql::{
    CacheControl, Request, Response, ServerError, ValidationResult, Variables,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextValidation},
    parser::types::OperationType,
};
use auth::{Tokens, Verifier};
use futures_util::{Stream, StreamExt};
use http::StatusCode;
use kernel::TenantId;
use keyvault::KeyVault;
use runtime::{Clock, Ids, trace::within};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::{
    Wires,
    call::{Call, Origin, Platform, open_position},
    caller::Caller,
    document::{Document, Documents, root_of},
    failure::Failure,
    limits::{Balance, Buckets, Limits},
    model::{Model, UnreadableSdl},
    observed::{self, Observed},
    opaque::Sealer,
    reply::Reply,
    schema::{PUBLIC, Schema, build, sdl_of},
    shelf::Shelf,
    upload::Uploads,
    variables,
    verification::Verification,
    viewer::Allowance,
};

/// What every transport works with.
pub struct Endpoint {
    schema: Schema,
    /// The schema as clients get it.
    pub sdl: String,
    /// The same as a table.
    pub model: Model,
    documents: Documents,
    /// How much may be asked.
    pub limits: Arc<Limits>,
    /// What clients have left.
    pub buckets: Arc<Buckets>,
    /// Checks tokens.
    pub verifier: Arc<Verifier>,
    /// Signs tokens.
    pub tokens: Arc<Tokens>,
    /// Fires when the process takes no more calls: what would go on for ever ends.
    pub closing: CancellationToken,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Ids,
    /// Where the public finds this deployment; no slash at the end.
    pub public_url: Arc<str>,
    wires: Wires,
    vault: Arc<dyn KeyVault>,
    shelf: Arc<Shelf>,
    platform: OnceCell<Arc<Platform>>,
}

/// What an endpoint is made of.
pub struct Setup {
    /// The roles.
    pub wires: Wires,
    /// Checks tokens.
    pub verifier: Arc<Verifier>,
    /// Signs tokens.
    pub tokens: Arc<Tokens>,
    /// Fires when the process takes no more calls.
    pub closing: CancellationToken,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Ids,
    /// Keeps the key of cursors.
    pub vault: Arc<dyn KeyVault>,
    /// Where the public finds this deployment.
    pub public_url: Arc<str>,
    /// Judges badges.
    pub verification: Arc<Verification>,
    /// The awards that the public looks at.
    pub shelf: Arc<Shelf>,
    /// How much may be asked.
    pub limits: Limits,
    /// The most bytes of a picture.
    pub artwork_bytes: u64,
    /// The most bytes of a CSV.
    pub batch_bytes: u64,
}

/// What a client asks, as every transport carries it.
#[derive(Debug)]
pub struct Parameters {
    /// The document.
    pub query: String,
    /// Which of its operations.
    pub operation_name: Option<String>,
    /// Its variables.
    pub variables: Variables,
}

/// An operation that may run.
pub struct Prepared {
    /// What it is.
    pub kind: OperationType,
    document: Arc<Document>,
    digest: [u8; 32],
    parameters: Parameters,
    /// What it was granted.
    pub receipt: Receipt,
    call: Arc<Call>,
    observed: Observed,
}

/// What an operation costs, and what is left.
#[derive(Clone, Copy, Debug)]
pub struct Receipt {
    /// Its cost.
    pub cost: u32,
    /// After it was paid.
    pub balance: Balance,
}

/// Why an operation may not run. The receipt is there when it was a matter of money.
pub struct NotPrepared {
    /// Why.
    pub failure: Failure,
    /// What it would have cost, and what is left.
    pub receipt: Option<Receipt>,
}

impl From<Failure> for NotPrepared {
    fn from(failure: Failure) -> Self {
        Self { failure, receipt: None }
    }
}

impl Endpoint {
    /// An endpoint for these roles.
    pub fn new(setup: Setup) -> Result<Self, UnreadableSdl> {
        let Setup {
            wires,
            verifier,
            tokens,
            closing,
            clock,
            ids,
            vault,
            public_url,
            shelf,
            limits,
            ..
        } = setup;
        let uploads = Uploads {
            tokens: Arc::clone(&tokens),
            clock: Arc::clone(&clock),
            artwork_bytes: setup.artwork_bytes,
            batch_bytes: setup.batch_bytes,
        };
        let schema = build()
            .limit_recursive_depth(limits.recursion)
            .extension(Validated)
            .data(Arc::new(uploads))
            .data(setup.verification)
            .finish();
        let sdl = sdl_of(&schema);
        Ok(Self {
            model: Model::of_sdl(&sdl)?,
            schema,
            sdl,
            documents: Documents::new(),
            buckets: Arc::new(Buckets::new(&limits)),
            limits: Arc::new(limits),
            verifier,
            tokens,
            closing,
            clock,
            ids,
            public_url,
            wires,
            vault,
            shelf,
            platform: OnceCell::new(),
        })
    }

    async fn platform(&self) -> Result<&Arc<Platform>, Failure> {
        self.platform
            .get_or_try_init(|| async {
                let secret = self.vault.secret(TenantId::PLATFORM, "graphql-opaque").await;
                let secret = secret.map_err(runtime::status::of_vault)?;
                let key = secret.expose().try_into().map_err(|_| Failure::internal())?;
                let public_url = Arc::clone(&self.public_url);
                let looked_at = Arc::clone(&self.shelf);
                let sealer = Sealer::new(key);
                Ok(Arc::new(Platform::new(&self.wires, sealer, looked_at, public_url)))
            })
            .await
    }

    /// Holds an operation against every limit and takes its cost from the caller's bucket.
    pub async fn prepare(
        &self,
        parameters: Parameters,
        caller: &Caller,
    ) -> Result<Prepared, NotPrepared> {
        let (document, digest) = self
            .documents
            .get(&parameters.query, &self.model, &self.limits)
            .inspect_err(|_| observed::unreadable())?;
        let operation = document.operation(parameters.operation_name.as_deref())?;
        let root = root_of(operation.kind);
        let known = |field: &&String| self.model.field(root, field).is_some();
        let field = operation.roots.iter().filter(known).min();
        let observed =
            Observed::begin(operation.kind, field.map(String::as_str), caller.traceparent.as_ref());
        // What is no field at all is for validation to say.
        let private = |field: &String| {
            !PUBLIC.contains(&field.as_str()) && self.model.field(root, field).is_some()
        };
        if caller.principal.is_none() && operation.roots.iter().any(private) {
            return Err(Failure::token(auth::AuthError::MissingToken).into());
        }
        variables::check(&self.model, &operation.variables, &parameters.variables)
            .map_err(|wrong| Failure::request("GRAPHQL_VALIDATION_FAILED", wrong.to_string()))?;
        let kind = operation.kind;
        let cost = operation.cost(&parameters.variables);
        if cost > self.limits.cost {
            let limit = self.limits.cost;
            let message =
                format!("the operation costs {cost}, more than {limit}: ask for less at once");
            return Err(NotPrepared::from(Failure {
                limit: Some(limit),
                requested: Some(cost),
                ..Failure::request("COST_EXCEEDED", message)
            }));
        }
        let platform = self.platform().await?;
        let consistency = match &caller.consistency {
            None => None,
            Some(text) => {
                let scope = caller.principal.as_ref().map(|p| p.tenant.bytes()).unwrap_or_default();
                let position = open_position(&platform.sealer, b"consistency", scope, text);
                let message =
                    "X-Consistency-Token is no token of this tenant: send it as it was received";
                Some(position.ok_or_else(|| Failure::request("BAD_REQUEST", message))?)
            }
        };
        let receipt = self.pay(caller, cost)?;
        let origin = Origin {
            principal: caller.principal.clone(),
            authorization: caller.authorization.clone(),
            consistency,
            request_id: caller.request_id.parse().ok(),
            traceparent: observed.traceparent().or_else(|| caller.traceparent.clone()),
        };
        let call = Arc::new(Call::new(Arc::clone(platform), origin));
        Ok(Prepared { kind, document, digest, parameters, receipt, call, observed })
    }

    fn pay(&self, caller: &Caller, cost: u32) -> Result<Receipt, NotPrepared> {
        let balance = self.buckets.spend(&caller.spender(), cost, self.clock.now());
        let receipt = Receipt { cost, balance };
        if balance.granted {
            return Ok(receipt);
        }
        observed::throttled();
        let message = "this client has spent its allowance: wait and try again";
        let failure = Failure {
            retryable: true,
            retry_after_ms: Some(balance.retry_after_ms),
            ..Failure::transport(StatusCode::TOO_MANY_REQUESTS, "THROTTLED", message)
        };
        Err(NotPrepared { failure, receipt: Some(receipt) })
    }

    fn request(&self, prepared: &mut Prepared) -> (Request, Arc<Progress>) {
        let Parameters { query, operation_name, variables } = &mut prepared.parameters;
        let progress = Arc::new(Progress {
            known: prepared.document.is_validated(),
            passed: AtomicBool::new(false),
        });
        let mut request = Request::new(std::mem::take(query))
            .variables(std::mem::take(variables))
            .data(Arc::clone(&prepared.call))
            .data(Arc::clone(&progress))
            .data(Allowance {
                balance: prepared.receipt.balance,
                limits: Arc::clone(&self.limits),
                now: self.clock.now(),
            });
        // One anonymous operation must not be named; one named operation need not be.
        request.operation_name = operation_name.take();
        request.set_parsed_query(prepared.document.parsed.clone());
        (request, progress)
    }

    /// Runs a query or mutation.
    pub async fn execute(&self, mut prepared: Prepared) -> Reply {
        let (request, progress) = self.request(&mut prepared);
        let running = within(prepared.observed.span(), self.schema.execute(request));
        let Ok(response) = tokio::time::timeout(self.limits.time, running).await else {
            let message =
                "the operation took too long: try again, a mutation with the same idempotency key";
            let failure = Failure {
                retryable: true,
                ..Failure::transport(StatusCode::GATEWAY_TIMEOUT, "TIMEOUT", message)
            };
            let reply = Reply::failed(failure).paid(prepared.receipt);
            prepared.observed.answered(&reply);
            return reply;
        };
        let reply = self.reply(&prepared, response, &progress);
        prepared.observed.answered(&reply);
        reply
    }

    /// Runs a subscription; each reply is one event. Queries and mutations give one reply.
    pub fn subscribe(
        self: &Arc<Self>,
        mut prepared: Prepared,
    ) -> impl Stream<Item = Reply> + use<> {
        let (request, progress) = self.request(&mut prepared);
        prepared.observed.goes_on();
        let endpoint = Arc::clone(self);
        let responses = self.schema.execute_stream(request);
        responses.map(move |response| endpoint.reply(&prepared, response, &progress))
    }

    fn reply(&self, prepared: &Prepared, response: Response, progress: &Progress) -> Reply {
        let executed = progress.passed.load(Ordering::Acquire);
        if executed {
            self.documents.keep(prepared.digest, &prepared.document);
        }
        let suggest = prepared.call.principal().is_some();
        let Response { data, errors, .. } = response;
        Reply {
            data: executed.then_some(data),
            errors: errors.into_iter().map(|e| told(e, executed, suggest)).collect(),
            user_errors: prepared.call.user_errors(),
            receipt: Some(prepared.receipt),
            status: if executed { StatusCode::OK } else { StatusCode::BAD_REQUEST },
        }
    }
}

/// An error of the engine as we tell it. What a resolver failed with stands inside; all else is
/// about the document.
fn told(error: ServerError, executed: bool, suggest: bool) -> crate::reply::ReplyError {
    let failure = if let Some(failure) = error.source::<Failure>() {
        failure.clone()
    } else {
        let code = if executed { "INVALID_INPUT" } else { "GRAPHQL_VALIDATION_FAILED" };
        let mut message = error.message;
        if !suggest && let Some(at) = message.find(" Did you mean") {
            message.truncate(at);
        }
        Failure::request(code, message)
    };
    crate::reply::ReplyError { failure, positions: error.locations, path: error.path }
}

/// How far a request came.
struct Progress {
    /// The document was valid before.
    known: bool,
    /// It is valid; whatever comes now is execution.
    passed: AtomicBool,
}

/// Leaves out validation of documents that passed it before: the rules look at nothing but the
/// document, the variables are checked each time.
struct Validated;

impl ExtensionFactory for Validated {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait::async_trait]
impl Extension for Validated {
    async fn validation(
        &self,
        ctx: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        let progress = ctx.data_opt::<Arc<Progress>>();
        let result = if progress.is_some_and(|progress| progress.known) {
            ValidationResult { cache_control: CacheControl::default(), complexity: 0, depth: 0 }
        } else {
            next.run(ctx).await?
        };
        if let Some(progress) = progress {
            progress.passed.store(true, Ordering::Release);
        }
        Ok(result)
    }
}
