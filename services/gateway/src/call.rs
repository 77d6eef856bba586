//! One request's way to the roles: who calls, how fresh answers must be, and what was loaded. Made
//! per request and never shared, so that nothing crosses from one tenant to another.

use std::{
    collections::HashMap,
    future::Future,
    hash::Hash,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_graphql::{
    Context,
    dataloader::{DataLoader, Loader},
    runtime::{TokioSpawner, TokioTimer},
};
use auth::{Kind, Principal};
use futures_util::{StreamExt, TryStreamExt, stream};
use proto::{
    analytics::v1::analytics_client::AnalyticsClient,
    awarding::v1::{GetAwardsRequest, GetEarnerRequest, awarding_client::AwardingClient},
    backpack::v1::backpack_client::BackpackClient,
    design::v1::{GetBadgeRequest, design_client::DesignClient},
    issuers::v1::{GetIssuerRequest, GetTenantRequest, issuers_client::IssuersClient},
};
use runtime::{Wire, call::CONSISTENCY};
use tonic::{
    Code, Request, Response, Status,
    metadata::{AsciiMetadataValue, MetadataMap},
};

use crate::{
    Wires,
    award::Award,
    badge::Badge,
    earner::Earner,
    failure::Failure,
    issuer::Issuer,
    node::{GlobalId, Home, Type, home_of},
    opaque::Sealer,
    scalar::{ConsistencyToken, EventCursor},
    shelf::Shelf,
    tenant::Tenant,
    user_error::Refused,
};

/// What all requests share.
#[derive(Clone)]
pub struct Platform {
    issuers: IssuersClient<Wire>,
    design: DesignClient<Wire>,
    awarding: AwardingClient<Wire>,
    backpack: BackpackClient<Wire>,
    analytics: AnalyticsClient<Wire>,
    /// Makes cursors and tokens.
    pub sealer: Sealer,
    /// The awards that the public looks at.
    pub shelf: Arc<Shelf>,
    /// Where the public finds this deployment; no slash at the end.
    pub public_url: Arc<str>,
}

impl Platform {
    /// The roles behind these wires.
    pub fn new(wires: &Wires, sealer: Sealer, shelf: Arc<Shelf>, public_url: Arc<str>) -> Self {
        Self {
            issuers: IssuersClient::new(wires.issuers.clone()),
            design: DesignClient::new(wires.design.clone()),
            awarding: AwardingClient::new(wires.awarding.clone()),
            backpack: BackpackClient::new(wires.backpack.clone()),
            analytics: AnalyticsClient::new(wires.analytics.clone()),
            sealer,
            shelf,
            public_url,
        }
    }
}

/// How long a role may take to answer, or to begin an answer that goes on.
const PATIENCE: Duration = Duration::from_secs(10);

/// What came with the request.
#[derive(Default)]
pub struct Origin {
    /// Who calls; none without a token.
    pub principal: Option<Arc<Principal>>,
    /// The token as the roles want it: `Bearer …`.
    pub authorization: Option<AsciiMetadataValue>,
    /// The position of `X-Consistency-Token`.
    pub consistency: Option<u64>,
    /// The request's id.
    pub request_id: Option<AsciiMetadataValue>,
    /// W3C trace context, as received.
    pub traceparent: Option<AsciiMetadataValue>,
}

/// The way to the roles for one request.
pub struct Source {
    platform: Arc<Platform>,
    metadata: MetadataMap,
    /// Reads see at least this position: what the request asks for, or has written itself.
    position: AtomicU64,
}

impl Source {
    /// A call to a role in the caller's name.
    pub fn request<T>(&self, message: T) -> Request<T> {
        self.request_at(message, self.position.load(Ordering::Acquire))
    }

    fn request_at<T>(&self, message: T, position: u64) -> Request<T> {
        let mut request = Request::new(message);
        *request.metadata_mut() = self.metadata.clone();
        request.set_timeout(PATIENCE);
        if position > 0 {
            request.metadata_mut().insert(CONSISTENCY, position.into());
        }
        request
    }

    async fn read_badge(&self, badge_id: String) -> Result<Option<Badge>, Failure> {
        let request = self.request(GetBadgeRequest { badge_id });
        let reply = found(self.platform.design.clone().get_badge(request).await)?;
        Ok(reply.and_then(|r| r.badge).map(Badge))
    }

    async fn read_issuer(&self, issuer_id: String) -> Result<Option<Issuer>, Failure> {
        let request = self.request(GetIssuerRequest { issuer_id });
        let reply = found(self.platform.issuers.clone().get_issuer(request).await)?;
        Ok(reply.and_then(|r| r.issuer).map(Issuer))
    }

    async fn read_tenant(&self, tenant_id: String) -> Result<Option<Tenant>, Failure> {
        let request = self.request(GetTenantRequest { tenant_id });
        let reply = found(self.platform.issuers.clone().get_tenant(request).await)?;
        Ok(reply.and_then(|r| r.tenant).map(Tenant))
    }

    async fn read_earner(&self, earner_id: String) -> Result<Option<Earner>, Failure> {
        let request = self.request(GetEarnerRequest { earner_id, email: String::new() });
        let reply = found(self.platform.awarding.clone().get_earner(request).await)?;
        Ok(reply.and_then(|r| r.earner).map(Earner))
    }

    async fn read_awards(&self, award_ids: Vec<String>) -> Result<Vec<Award>, Failure> {
        let request = self.request(GetAwardsRequest { award_ids });
        let reply = self.platform.awarding.clone().get_awards(request).await?;
        Ok(reply.into_inner().awards.into_iter().map(Award).collect())
    }
}

/// How many reads of one kind run at once where a role has no call for many.
const AT_ONCE: usize = 16;

async fn each<K, T, F>(keys: &[K], read: impl Fn(K) -> F) -> Result<HashMap<K, T>, Failure>
where
    K: Clone + Eq + Hash,
    F: Future<Output = Result<Option<T>, Failure>>,
{
    stream::iter(keys.iter().cloned())
        .map(|key| {
            let read = read(key.clone());
            async move { read.await.map(|value| value.map(|value| (key, value))) }
        })
        .buffer_unordered(AT_ONCE)
        .try_filter_map(|found| async move { Ok(found) })
        .try_collect()
        .await
}

/// A reply, or none when there is nothing of that id.
pub fn found<T>(reply: Result<Response<T>, Status>) -> Result<Option<T>, Failure> {
    match reply {
        Ok(reply) => Ok(Some(reply.into_inner())),
        Err(status) if status.code() == Code::NotFound => Ok(None),
        Err(status) => Err(status.into()),
    }
}

struct Reads(Arc<Source>);

macro_rules! key {
    ($($(#[doc = $doc:literal])+ $name:ident)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, PartialEq, Eq, Hash)]
        struct $name(String);
    )+};
}

key! {
    /// A badge by the role's id.
    BadgeKey
    /// An issuer by the role's id.
    IssuerKey
    /// An award by the role's id.
    AwardKey
    /// An earner by the role's id.
    EarnerKey
    /// A tenant by the role's id.
    TenantKey
}

impl Loader<BadgeKey> for Reads {
    type Value = Badge;
    type Error = Failure;

    async fn load(&self, keys: &[BadgeKey]) -> Result<HashMap<BadgeKey, Badge>, Failure> {
        each(keys, |key| self.0.read_badge(key.0)).await
    }
}

impl Loader<IssuerKey> for Reads {
    type Value = Issuer;
    type Error = Failure;

    async fn load(&self, keys: &[IssuerKey]) -> Result<HashMap<IssuerKey, Issuer>, Failure> {
        each(keys, |key| self.0.read_issuer(key.0)).await
    }
}

impl Loader<TenantKey> for Reads {
    type Value = Tenant;
    type Error = Failure;

    async fn load(&self, keys: &[TenantKey]) -> Result<HashMap<TenantKey, Tenant>, Failure> {
        each(keys, |key| self.0.read_tenant(key.0)).await
    }
}

impl Loader<EarnerKey> for Reads {
    type Value = Earner;
    type Error = Failure;

    async fn load(&self, keys: &[EarnerKey]) -> Result<HashMap<EarnerKey, Earner>, Failure> {
        each(keys, |key| self.0.read_earner(key.0)).await
    }
}

impl Loader<AwardKey> for Reads {
    type Value = Award;
    type Error = Failure;

    async fn load(&self, keys: &[AwardKey]) -> Result<HashMap<AwardKey, Award>, Failure> {
        let ids = keys.iter().map(|key| key.0.clone()).collect();
        let awards = self.0.read_awards(ids).await?;
        Ok(awards.into_iter().map(|award| (AwardKey(award.0.id.clone()), award)).collect())
    }
}

/// One request.
pub struct Call {
    source: Arc<Source>,
    principal: Option<Arc<Principal>>,
    tenant_home: Home,
    organization_home: Home,
    user_errors: AtomicU32,
    reads: OnceLock<DataLoader<Reads>>,
}

impl Call {
    /// A request from there.
    pub fn new(platform: Arc<Platform>, origin: Origin) -> Self {
        let mut metadata = MetadataMap::with_capacity(4);
        let Origin { principal, authorization, consistency, request_id, traceparent } = origin;
        let sent = [
            ("authorization", authorization),
            ("x-request-id", request_id),
            ("traceparent", traceparent),
        ];
        for (name, value) in sent {
            if let Some(value) = value {
                metadata.insert(name, value);
            }
        }
        let tenant = principal.as_ref().map(|p| home_of(p.tenant)).unwrap_or_default();
        let organization = principal.as_ref().and_then(|p| p.organization);
        Self {
            source: Arc::new(Source {
                platform,
                metadata,
                position: AtomicU64::new(consistency.unwrap_or(0)),
            }),
            principal,
            tenant_home: tenant,
            organization_home: organization.map(|o| home_of(o.home())).unwrap_or_default(),
            user_errors: AtomicU32::new(0),
            reads: OnceLock::new(),
        }
    }

    /// The request that is being answered.
    pub fn of<'c>(ctx: &Context<'c>) -> &'c Call {
        ctx.data_unchecked::<Arc<Call>>()
    }

    /// Who calls, if anybody said.
    pub fn principal(&self) -> Option<&Arc<Principal>> {
        self.principal.as_ref()
    }

    /// Who calls.
    pub fn caller(&self) -> Result<&Arc<Principal>, Failure> {
        self.principal.as_ref().ok_or_else(|| Failure::token(auth::AuthError::MissingToken))
    }

    /// Whether an earner calls, who belongs to no tenant.
    pub fn is_earner(&self) -> bool {
        self.principal.as_ref().is_some_and(|p| p.kind == Kind::Earner)
    }

    /// What ids of the caller's tenant are marked with.
    pub fn tenant_home(&self) -> Home {
        self.tenant_home
    }

    /// What ids of the caller's organization are marked with.
    pub fn organization_home(&self) -> Home {
        self.organization_home
    }

    /// The bytes by which cursors are bound to the caller's tenant.
    pub fn scope(&self) -> [u8; 16] {
        self.principal.as_ref().map(|p| p.tenant.bytes()).unwrap_or_default()
    }

    /// The role's id behind an id in an input. `path` is where it stands.
    pub fn id(&self, of: Type, id: &str, path: &str) -> Result<String, Refused> {
        let id = GlobalId::decode_as(id, of).map_err(|error| Refused::id(error, path))?;
        Ok(self.role_id(&id))
    }

    /// The role's id behind an id in an argument of a query.
    pub fn argument(&self, of: Type, id: &str) -> Result<String, Failure> {
        let id = GlobalId::decode_as(id, of)
            .map_err(|error| Failure::request("INVALID_ID", error.to_string()))?;
        Ok(self.role_id(&id))
    }

    /// A call to a role in the caller's name.
    pub fn request<T>(&self, message: T) -> Request<T> {
        self.source.request(message)
    }

    /// A call to a role under another token, which was just given.
    pub fn request_as<T>(&self, token: &str, message: T) -> Result<Request<T>, Failure> {
        let mut request = self.request(message);
        let value = format!("Bearer {token}").parse().map_err(|_| Failure::internal())?;
        request.metadata_mut().insert("authorization", value);
        Ok(request)
    }

    /// A call to a role whose answer includes what happened up to a position.
    pub fn request_at<T>(&self, message: T, position: u64) -> Request<T> {
        self.source.request_at(message, position)
    }

    /// The issuers role.
    pub fn issuers(&self) -> IssuersClient<Wire> {
        self.source.platform.issuers.clone()
    }

    /// The design role.
    pub fn design(&self) -> DesignClient<Wire> {
        self.source.platform.design.clone()
    }

    /// The awarding role.
    pub fn awarding(&self) -> AwardingClient<Wire> {
        self.source.platform.awarding.clone()
    }

    /// The backpack role.
    pub fn backpack(&self) -> BackpackClient<Wire> {
        self.source.platform.backpack.clone()
    }

    /// The analytics role.
    pub fn analytics(&self) -> AnalyticsClient<Wire> {
        self.source.platform.analytics.clone()
    }

    /// What makes cursors.
    pub fn sealer(&self) -> &Sealer {
        &self.source.platform.sealer
    }

    /// A page of the public web.
    pub fn public(&self, path: std::fmt::Arguments<'_>) -> String {
        format!("{}{path}", self.source.platform.public_url)
    }

    /// Where a code is explained.
    pub fn docs(&self, code: &str) -> String {
        docs(&self.source.platform.public_url, code)
    }

    /// The token of a position that this request has written; what it reads from now on sees it.
    pub fn consistency_token(&self, position: u64) -> ConsistencyToken {
        self.source.position.fetch_max(position, Ordering::AcqRel);
        ConsistencyToken(seal_position(self.sealer(), b"consistency", self.scope(), position))
    }

    /// Has the public pages show what this request has written.
    pub fn show(&self, position: u64) {
        self.source.platform.shelf.wrote(position);
    }

    /// The cursor of an event.
    pub fn event_cursor(&self, position: u64) -> EventCursor {
        EventCursor(seal_position(self.sealer(), b"event", self.scope(), position))
    }

    /// The position behind an event's cursor.
    pub fn event_position(&self, cursor: &EventCursor) -> Result<u64, Failure> {
        open_position(self.sealer(), b"event", self.scope(), &cursor.0).ok_or_else(|| {
            Failure::argument("after is no cursor of these events: send one as it was received")
        })
    }

    /// Remembers that a payload carries a user error.
    pub fn count_user_error(&self) {
        self.user_errors.fetch_add(1, Ordering::Relaxed);
    }

    /// How many user errors the payloads carry.
    pub fn user_errors(&self) -> u32 {
        self.user_errors.load(Ordering::Relaxed)
    }

    fn reads(&self) -> &DataLoader<Reads> {
        self.reads.get_or_init(|| {
            let reads = Reads(Arc::clone(&self.source));
            DataLoader::new(reads, TokioSpawner::current(), TokioTimer::default())
                .delay(Duration::ZERO)
                .max_batch_size(100)
        })
    }

    /// A badge by the role's id; loads of one request are gathered.
    pub async fn badge(&self, id: String) -> Result<Option<Badge>, Failure> {
        self.reads().load_one(BadgeKey(id)).await
    }

    /// An issuer by the role's id.
    pub async fn issuer(&self, id: String) -> Result<Option<Issuer>, Failure> {
        self.reads().load_one(IssuerKey(id)).await
    }

    /// A tenant by the role's id.
    pub async fn tenant(&self, id: String) -> Result<Option<Tenant>, Failure> {
        self.reads().load_one(TenantKey(id)).await
    }

    /// An award by the role's id.
    pub async fn award(&self, id: String) -> Result<Option<Award>, Failure> {
        self.reads().load_one(AwardKey(id)).await
    }

    /// An earner by the role's id.
    pub async fn earner(&self, id: String) -> Result<Option<Earner>, Failure> {
        self.reads().load_one(EarnerKey(id)).await
    }
}

/// Where a code is explained.
pub fn docs(public_url: &str, code: &str) -> String {
    format!("{public_url}/errors#{code}")
}

/// A position as a client carries it.
pub fn seal_position(sealer: &Sealer, kind: &[u8], scope: [u8; 16], position: u64) -> String {
    sealer.seal(&[kind, &scope], &position.to_be_bytes())
}

/// The position that a client carried.
pub fn open_position(sealer: &Sealer, kind: &[u8], scope: [u8; 16], text: &str) -> Option<u64> {
    let bytes = sealer.open(&[kind, &scope], text)?;
    bytes.try_into().ok().map(u64::from_be_bytes)
}
