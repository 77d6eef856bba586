//! A tenant with two issuers, and the words to design badges in it.

use auth::{Grant, Principal, Role, Scope};
use eventstore::Execution;
use issuers_domain::{Issuer, IssuerCommand, IssuerCreated, IssuerId, KeyId, NewKey, Profile};
use kernel::{Actor, CommandId, TenantId};
use proto::design::v1::{self as wire, design_client::DesignClient};
use runtime::{Refusal, Wire, testing::Rig};
use tonic::{Code, Request, Status};

pub const SVG: &str = r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><circle cx="5" cy="5" r="5"/></svg>"#;

pub struct World {
    pub rig: Rig,
    pub client: DesignClient<Wire>,
    pub tenant: TenantId,
    pub designer: Principal,
    pub issuers: [IssuerId; 2],
}

impl World {
    pub async fn new() -> Self {
        let rig = Rig::new(design::projections());
        let guarded = design::role(&rig.context).guarded(&rig.context);
        let client = DesignClient::new(runtime::local(guarded));
        let tenant = TenantId::derived([1; 16]);
        let issuers = [IssuerId::derived([2; 16]), IssuerId::derived([3; 16])];
        for issuer in issuers {
            issue(&rig, tenant, issuer).await;
        }
        let designer = rig.member(tenant, Role::Designer);
        Self { rig, client, tenant, designer, issuers }
    }

    /// Somebody with a role at these issuers only.
    pub fn at_issuers(&self, role: Role, issuers: &[IssuerId]) -> Principal {
        let scope = |issuer: &IssuerId| Scope::Issuer(issuer.to_string());
        let grants = issuers.iter().map(|issuer| Grant { role, scope: scope(issuer) });
        Principal { grants: grants.collect(), ..self.designer.clone() }
    }

    /// A designer of another tenant.
    pub fn stranger(&self) -> Principal {
        self.rig.member(TenantId::derived([9; 16]), Role::Owner)
    }

    /// The request of somebody who wants to see everything so far.
    pub async fn fresh<T>(&self, caller: &Principal, message: T) -> Request<T> {
        let mut request = self.rig.call(caller, message);
        self.freshen(&mut request).await;
        request
    }

    /// A request without a token that wants to see everything so far.
    pub async fn public<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        self.freshen(&mut request).await;
        request
    }

    async fn freshen<T>(&self, request: &mut Request<T>) {
        let head = self.rig.context.stores.events.head().await.expect("a head").to_string();
        let head = head.parse().expect("digits");
        request.metadata_mut().insert(runtime::call::CONSISTENCY, head);
    }

    pub async fn create(&mut self, key: &str, issuer: IssuerId, name: &str) -> wire::Badge {
        let call = self.rig.call(&self.designer, creation(key, issuer, name));
        let created = self.client.create_badge(call).await.expect("made").into_inner();
        created.badge.expect("a badge")
    }

    pub async fn publish(&mut self, key: &str, badge: &str) -> wire::PublishBadgeResponse {
        let (idempotency_key, badge_id) = (key.into(), badge.into());
        let request = wire::PublishBadgeRequest { idempotency_key, badge_id };
        let call = self.rig.call(&self.designer, request);
        self.client.publish_badge(call).await.expect("published").into_inner()
    }

    pub async fn store(&mut self, media_type: &str, content: &[u8]) -> Result<String, Status> {
        let (content, media_type) = (content.to_vec(), media_type.into());
        let request = wire::StoreArtworkRequest { content, media_type };
        let call = self.rig.call(&self.designer, request);
        let stored = self.client.store_artwork(call).await?.into_inner();
        Ok(stored.artwork.expect("artwork").id)
    }
}

/// Makes an issuer as the issuers role would.
async fn issue(rig: &Rig, tenant: TenantId, issuer: IssuerId) {
    let execution = Execution {
        tenant,
        actor: Actor::system("test"),
        command: CommandId::derived(&[&issuer.bytes()]),
        fingerprint: None,
        causation: None,
        traceparent: None,
        at: rig.now(),
    };
    let profile = Profile::new("Ost", "", "", "").expect("a profile");
    let created = IssuerCreated { issuer, did: format!("did:web:example:{issuer}"), profile };
    let key = NewKey { key: KeyId::derived([4; 16]), multikey: "z6Mk".into() };
    let command = IssuerCommand::Create(created, key);
    let events = &*rig.context.stores.events;
    eventstore::execute::<Issuer>(events, &execution, &issuer, command).await.expect("made");
}

pub fn content(name: &str) -> wire::BadgeContent {
    wire::BadgeContent {
        name: name.into(),
        description: "Can help until help comes.".into(),
        criteria_narrative: "Pass the course.".into(),
        ..wire::BadgeContent::default()
    }
}

pub fn creation(key: &str, issuer: IssuerId, name: &str) -> wire::CreateBadgeRequest {
    let (idempotency_key, issuer_id) = (key.into(), issuer.to_string());
    wire::CreateBadgeRequest { idempotency_key, issuer_id, content: Some(content(name)) }
}

pub fn update(key: &str, badge: &str, content: wire::BadgeContent) -> wire::UpdateBadgeRequest {
    let (idempotency_key, badge_id) = (key.into(), badge.into());
    wire::UpdateBadgeRequest { idempotency_key, badge_id, content: Some(content) }
}

/// The stable code and the field of a refusal.
pub fn code<T: std::fmt::Debug>(outcome: Result<T, Status>) -> (String, String) {
    let refusal = Refusal::of(&outcome.expect_err("a refusal"));
    (refusal.code, refusal.path.unwrap_or_default())
}

/// Foreign and absent things answer alike, byte for byte.
pub fn assert_alike<T: std::fmt::Debug>(foreign: Result<T, Status>, absent: Result<T, Status>) {
    let (foreign, absent) = (foreign.expect_err("foreign"), absent.expect_err("absent"));
    assert_eq!(foreign.code(), Code::NotFound);
    assert_eq!((foreign.message(), foreign.details()), (absent.message(), absent.details()));
}
