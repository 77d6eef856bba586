//! The calls of the backpack.

use std::sync::Arc;

use auth::{AuthError, Kind, Principal};
use backpack_domain::{Earner, EarnerCommand, EarnerId, SignIn, SignInCommand, SignInId};
use eventstore::{Execution, execute};
use kernel::{Actor, Class, EmailAddress, TenantId};
use keyvault::{Owner, subject_of};
use metrics::counter;
use proto::{
    awarding::v1::{self as awarding, Award, awarding_client::AwardingClient},
    backpack::v1::{
        AcceptAwardRequest, AcceptAwardResponse, DeclineAwardRequest, DeclineAwardResponse,
        EraseMeRequest, EraseMeResponse, Holding, ListHoldingsRequest, ListHoldingsResponse,
        RedeemSignInRequest, RedeemSignInResponse, RequestSignInRequest, RequestSignInResponse,
        backpack_server::Backpack,
    },
};
use runtime::{Context, Wire, call, command, input, status};
use tokio::sync::Semaphore;
use tonic::{Request, Response, Status};

use crate::{
    erasure::Erasures,
    holdings::Holdings,
    limit::Limit,
    link::{self, LinkClaims},
    listing,
};

/// How long an earner stays signed in.
const SESSION_MILLIS: i64 = 60 * 60 * 1000;
/// Most sign-in letters on their way at once.
const LETTERS_AT_ONCE: usize = 64;
/// Longest token accepted, in bytes.
const LONGEST_TOKEN: usize = 4096;

pub(crate) struct Service {
    context: Context,
    holdings: Holdings,
    awarding: AwardingClient<Wire>,
    erasures: Arc<Erasures>,
    limit: Limit,
    letters: Arc<Semaphore>,
}

impl Service {
    pub(crate) fn new(
        context: Context,
        holdings: Holdings,
        awarding: AwardingClient<Wire>,
        erasures: Arc<Erasures>,
    ) -> Self {
        let letters = Arc::new(Semaphore::new(LETTERS_AT_ONCE));
        Self { context, holdings, awarding, erasures, limit: Limit::default(), letters }
    }

    /// Sends a letter aside, so that the answer tells nothing, not even by its time. When very many
    /// are on their way already, this one is not begun.
    fn send_link(&self, earner: EarnerId, to: EmailAddress) {
        let Ok(permit) = Arc::clone(&self.letters).try_acquire_owned() else {
            return tracing::warn!("too many sign-in letters at once: one is not sent");
        };
        let context = self.context.clone();
        self.context.tasks.spawn("sign-in-letter", async move {
            let _permit = permit;
            let sent = match LinkClaims::of(&*context.stores.vault, &to).await {
                Ok(claims) => {
                    let now = context.stores.clock.now();
                    let letter = link::letter(&context, earner, to, &claims, now);
                    context.stores.mailer.send(letter).await.map_err(|error| error.to_string())
                }
                Err(error) => Err(error.to_string()),
            };
            if let Err(error) = sent {
                tracing::error!(earner.id = %earner, %error, "a sign-in letter was not sent");
            }
        });
    }

    async fn keep_address(
        &self,
        execution: &Execution,
        earner: EarnerId,
        address: &EmailAddress,
    ) -> Result<(), Status> {
        let stores = &self.context.stores;
        let owner = Owner::new(TenantId::PLATFORM, earner);
        let keys = stores.vault.ensure(std::slice::from_ref(&owner)).await;
        let keys = keys.map_err(status::of_vault)?;
        let key = keys.first().ok_or_else(|| Status::internal("the key vault gave no key"))?;
        let bytes = address.as_str().as_bytes();
        let address = key.seal(&owner, "address", bytes, rand::random());
        let sign_in = EarnerCommand::SignIn { address };
        let done = execute::<Earner>(&*stores.events, execution, &earner, sign_in).await;
        done.map(|_| ()).map_err(status::of)
    }
}

/// The earner who calls.
fn earner<T>(request: &Request<T>) -> Result<(Arc<Principal>, EarnerId), Status> {
    let principal = call::principal(request)?;
    match (principal.kind, principal.subject.parse()) {
        (Kind::Earner, Ok(earner)) => Ok((principal, earner)),
        _ => Err(status::rejected(
            "NOT_PERMITTED",
            Class::Forbidden,
            "a backpack opens to its earner only: sign in by e-mail",
            None,
            &[],
        )),
    }
}

fn holding(award: Option<Award>) -> Option<Holding> {
    award.map(|award| Holding {
        status: award.status,
        award_id: award.id,
        tenant_id: award.tenant_id,
        badge_id: award.badge_id,
        badge_version: award.badge_version,
        issuer_id: award.issuer_id,
        issued_at: award.issued_at,
        expires_at: award.expires_at,
    })
}

/// What the awarding role refused, in our own answer.
#[expect(clippy::needless_pass_by_value, reason = "to be given to map_err")]
fn passed_on(status: Status) -> Status {
    let details = status.details().to_vec();
    Status::with_details(status.code(), status.message(), details.into())
}

fn not_a_link(error: AuthError) -> Status {
    match error {
        AuthError::ExpiredToken => status::rejected(
            "SIGN_IN_LINK_EXPIRED",
            Class::Conflict,
            "this sign-in link has expired: ask for a new one",
            Some("/token"),
            &[],
        ),
        _ => status::rejected(
            "INVALID_INPUT",
            Class::Invalid,
            "this is no sign-in link: open the one in the newest letter, whole",
            Some("/token"),
            &[],
        ),
    }
}

#[tonic::async_trait]
impl Backpack for Service {
    async fn request_sign_in(
        &self,
        request: Request<RequestSignInRequest>,
    ) -> Result<Response<RequestSignInResponse>, Status> {
        let address = input::email(&request.get_ref().email, "/email")?;
        let stores = &self.context.stores;
        let secret = stores.vault.secret(TenantId::PLATFORM, "email-lookup").await;
        let subject = subject_of(&secret.map_err(status::of_vault)?, &address);
        let earner = EarnerId::from_uuid(subject.uuid());
        if self.limit.admit(earner, stores.clock.now()) {
            self.send_link(earner, address);
        } else {
            counter!("laurel_throttled_total", "limit" => "sign_in_link").increment(1);
            tracing::info!(earner.id = %earner, "too many sign-in links were asked for");
        }
        Ok(Response::new(RequestSignInResponse {}))
    }

    async fn redeem_sign_in(
        &self,
        request: Request<RedeemSignInRequest>,
    ) -> Result<Response<RedeemSignInResponse>, Status> {
        let stores = &self.context.stores;
        let (token, now) = (request.into_inner().token, stores.clock.now());
        if token.len() > LONGEST_TOKEN {
            return Err(not_a_link(AuthError::MalformedToken));
        }
        let verified =
            self.context.verifier.verify::<LinkClaims>(&token, now).map_err(not_a_link)?;
        let earner: EarnerId =
            verified.subject.parse().map_err(|_| not_a_link(AuthError::MalformedToken))?;
        let address = verified.claims.address(&*stores.vault).await.map_err(status::of_vault)?;
        let address = address.ok_or_else(|| not_a_link(AuthError::MalformedToken))?;
        let execution = Execution {
            tenant: TenantId::PLATFORM,
            actor: Actor::of(earner),
            command: stores.ids.command(),
            fingerprint: None,
            causation: None,
            traceparent: runtime::trace::traceparent(),
            at: now,
        };
        let sign_in = SignInId::from_uuid(verified.token_id);
        let redeem = SignInCommand::Redeem { earner };
        let redeemed = execute::<SignIn>(&*stores.events, &execution, &sign_in, redeem).await;
        redeemed.map_err(status::of)?;
        self.keep_address(&execution, earner, &address).await?;
        let principal = Principal {
            subject: earner.to_string(),
            kind: Kind::Earner,
            organization: None,
            tenant: TenantId::PLATFORM,
            grants: Vec::new(),
            issued_at: now,
            expires_at: now.plus_millis(SESSION_MILLIS),
            token_id: stores.ids.uuid(),
        };
        Ok(Response::new(RedeemSignInResponse {
            access_token: self.context.tokens.access(&principal),
            expires_at: principal.expires_at.to_string(),
            earner_id: principal.subject,
        }))
    }

    async fn list_holdings(
        &self,
        request: Request<ListHoldingsRequest>,
    ) -> Result<Response<ListHoldingsResponse>, Status> {
        let (_, earner) = earner(&request)?;
        call::consistent(&request, self.holdings.view()).await?;
        let page = request.into_inner().page.unwrap_or_default();
        let (rows, page) = listing::page(&self.holdings, earner, page).await?;
        let now = self.context.stores.clock.now();
        let holdings = self.holdings.tell(&rows, now).await.map_err(status::of_read_model)?;
        Ok(Response::new(ListHoldingsResponse { holdings, page: Some(page) }))
    }

    async fn accept_award(
        &self,
        request: Request<AcceptAwardRequest>,
    ) -> Result<Response<AcceptAwardResponse>, Status> {
        earner(&request)?;
        let AcceptAwardRequest { idempotency_key, award_id } = request.get_ref().clone();
        let message = awarding::AcceptAwardRequest { idempotency_key, award_id };
        let reply = self.awarding.clone().accept_award(call::carry(&request, message)).await;
        let reply = reply.map_err(passed_on)?.into_inner();
        let (holding, written) = (holding(reply.award), reply.written);
        Ok(Response::new(AcceptAwardResponse { holding, written }))
    }

    async fn decline_award(
        &self,
        request: Request<DeclineAwardRequest>,
    ) -> Result<Response<DeclineAwardResponse>, Status> {
        earner(&request)?;
        let DeclineAwardRequest { idempotency_key, award_id } = request.get_ref().clone();
        let message = awarding::DeclineAwardRequest { idempotency_key, award_id };
        let reply = self.awarding.clone().decline_award(call::carry(&request, message)).await;
        let reply = reply.map_err(passed_on)?.into_inner();
        let (holding, written) = (holding(reply.award), reply.written);
        Ok(Response::new(DeclineAwardResponse { holding, written }))
    }

    async fn erase_me(
        &self,
        request: Request<EraseMeRequest>,
    ) -> Result<Response<EraseMeResponse>, Status> {
        let (principal, earner) = earner(&request)?;
        let message = request.get_ref();
        let key = &message.idempotency_key;
        let execution = call::execution(&self.context, &principal, "EraseMe", key, message)?;
        let events = &*self.context.stores.events;
        let done = execute::<Earner>(events, &execution, &earner, EarnerCommand::Erase).await;
        let done = done.map_err(status::of)?;
        self.erasures.refuse_tokens(earner, execution.at);
        // Durable from here on: what cannot be done now, the policy does later.
        if let Err(status) = self.erasures.finish(earner, done.position).await {
            tracing::warn!(earner.id = %earner, code = ?status.code(), "an erasure goes on later");
        }
        Ok(Response::new(EraseMeResponse { written: Some(command::written(done)) }))
    }
}
