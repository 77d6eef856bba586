//! A tenant with an issuer and a published badge, and the role beside it.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use auth::{Kind, Principal, Role};
use awarding_domain::AwardEvent;
use design_domain::{
    Badge, BadgeArchived, BadgeCreated, BadgeEvent, BadgeId, BadgePublished, Content, Draft,
};
use eventstore::{EventStore, Execution, Expected, Filter, Signal, StreamId};
use futures_util::StreamExt;
use issuers_domain::{
    Issuer, IssuerCreated, IssuerEvent, IssuerId, KeyId, NewKey, Profile, SigningKeyRetired,
};
use kernel::{Actor, Aggregate, Id, Position, TenantId};
use openbadges::verify::Document;
use openbadges::{DidDocument, Multikey, SecretKey};
use proto::{
    awarding::v1::{
        CreateAwardRequest, CreateAwardResponse, Recipient, awarding_client::AwardingClient,
    },
    issuers::v1::{SignRequest, SignResponse},
};
use runtime::{Context, Refusal, Tasks, Wire, testing::Rig};
use tonic::{Request, Response, Status, body::Body};

/// The key that signs, and what it is called now.
#[derive(Clone)]
pub struct HeldKey {
    pub key: Arc<SecretKey>,
    pub name: Arc<Mutex<KeyId>>,
    /// How many payloads it has signed.
    pub signed: Arc<AtomicUsize>,
}

impl HeldKey {
    fn multikey(&self) -> Multikey {
        self.key.public_key().multikey().unwrap()
    }
}

/// A deployment with one role.
pub struct World {
    pub rig: Rig,
    pub tenant: TenantId,
    pub issuer: IssuerId,
    pub badge: BadgeId,
    pub did: String,
    pub key: HeldKey,
    pub client: AwardingClient<Wire>,
    pub awarder: Principal,
}

pub fn id<K: kernel::Kind>(n: u8) -> Id<K> {
    Id::derived([n; 16])
}

impl World {
    /// A world whose policies run.
    pub async fn new() -> Self {
        Self::signed_by(SecretKey::ed25519(&[5; 32])).await
    }

    /// The same whose issuer has this key.
    pub async fn signed_by(key: SecretKey) -> Self {
        let world = Self::idle_with(key).await;
        world.start(&world.rig.context.clone());
        world
    }

    /// A world where nothing happens by itself but projecting.
    pub async fn idle() -> Self {
        Self::idle_with(SecretKey::ed25519(&[5; 32])).await
    }

    async fn idle_with(key: SecretKey) -> Self {
        let rig = Rig::new(awarding::projections());
        let name = Arc::new(Mutex::new(id(4)));
        let key = HeldKey { key: Arc::new(key), name, signed: Arc::default() };
        let (tenant, issuer, badge) = (id(1), id::<issuers_domain::IssuerKind>(2), id(3));
        let did = format!("did:web:badges.example.org:i:{issuer}");
        let client = client(&rig.context, &key);
        let awarder = rig.member(tenant, Role::Admin);
        let world = Self { rig, tenant, issuer, badge, did, key, client, awarder };
        world.found().await;
        world
    }

    /// Tells of the tenant's issuer and badge.
    async fn found(&self) {
        let issuer = self.issuer;
        let profile = Profile::new("Ost", "https://ost.example/", "", "").unwrap();
        let created = IssuerCreated { issuer, did: self.did.clone(), profile };
        let multikey = self.key.multikey().to_string();
        let key = NewKey { key: id(4), multikey };
        let facts = [IssuerEvent::Created(created), IssuerEvent::KeyAdded(key)];
        self.tell::<Issuer>(&issuer, Expected::NoStream, &facts).await;
        self.publish(self.badge).await;
        self.caught_up().await;
    }

    /// From now on it is about another tenant, with an issuer and a badge of the same ids.
    pub async fn move_to(&mut self, tenant: TenantId) {
        self.return_to(tenant);
        self.found().await;
    }

    /// The same where both are there.
    pub fn return_to(&mut self, tenant: TenantId) {
        self.tenant = tenant;
        self.awarder = self.rig.member(tenant, Role::Admin);
    }

    /// Waits until every read model has caught up, as a process does before it is ready.
    pub async fn caught_up(&self) {
        let head = self.rig.context.stores.events.head().await.unwrap();
        for projection in awarding::projections() {
            let view = self.rig.context.views.view(projection.model());
            view.wait(head, Duration::from_secs(10)).await.unwrap();
        }
    }

    pub async fn publish(&self, badge: BadgeId) {
        let issuer = self.issuer;
        let content = Content::check(Draft {
            name: "First Aid".into(),
            description: "Can help until help comes.".into(),
            criteria_narrative: "Pass the course.".into(),
            expires_after_days: 730,
            ..Draft::default()
        });
        let content = content.unwrap();
        let created = BadgeCreated { badge, issuer, content: content.clone() };
        let published = BadgePublished { issuer, version: 1, content };
        let facts = [BadgeEvent::Created(created), BadgeEvent::Published(published)];
        self.tell::<Badge>(&badge, Expected::NoStream, &facts).await;
    }

    /// The signer goes on under another name for its key before anybody can know.
    pub async fn rotate(&self) {
        let (old, new): (KeyId, KeyId) = (id(4), id(5));
        *self.key.name.lock().unwrap() = new;
        let multikey = self.key.multikey().to_string();
        let retired = IssuerEvent::KeyRetired(SigningKeyRetired { key: old });
        let added = IssuerEvent::KeyAdded(NewKey { key: new, multikey });
        self.tell::<Issuer>(&self.issuer, Expected::Revision(1), &[retired, added]).await;
    }

    pub async fn archive(&self, badge: BadgeId) -> Position {
        let facts = [BadgeEvent::Archived(BadgeArchived { issuer: self.issuer })];
        self.tell::<Badge>(&badge, Expected::Revision(1), &facts).await
    }

    /// Appends facts of another role.
    pub async fn tell<A: Aggregate>(
        &self,
        id: &A::Id,
        expected: Expected,
        facts: &[A::Event],
    ) -> Position {
        let execution = Execution {
            tenant: self.tenant,
            actor: Actor::system("test"),
            command: self.rig.context.stores.ids.command(),
            fingerprint: None,
            causation: None,
            traceparent: None,
            at: self.rig.now(),
        };
        let stream = StreamId::of::<A>(self.tenant, id);
        let write = execution.write(stream, expected, facts).unwrap();
        self.rig.context.stores.events.append(vec![write]).await.pop().unwrap().unwrap().position
    }

    /// Starts the role's policies in that context.
    pub fn start(&self, context: &Context) {
        awarding::role(context, signer(&self.key)).start(context);
    }

    /// The context with tasks of its own, to be ended apart from the rest.
    pub fn apart(&self, events: Arc<dyn EventStore>) -> Context {
        let mut context = self.rig.context.clone();
        context.stores.events = events;
        context.tasks = Tasks::new();
        context
    }

    pub fn call<T>(&self, message: T) -> Request<T> {
        self.rig.call(&self.awarder, message)
    }

    /// A call that reads at that position or later.
    pub fn call_at<T>(&self, position: u64, message: T) -> Request<T> {
        let mut request = self.call(message);
        let token = position.to_string().parse().unwrap();
        request.metadata_mut().insert("laurel-consistency-token", token);
        request
    }

    pub fn award_request(&self, key: &str, email: &str, name: &str) -> CreateAwardRequest {
        CreateAwardRequest {
            idempotency_key: key.into(),
            badge_id: self.badge.to_string(),
            recipient: Some(Recipient { email: email.into(), name: name.into() }),
            ..CreateAwardRequest::default()
        }
    }

    pub async fn award(&self, request: CreateAwardRequest) -> Result<CreateAwardResponse, Refusal> {
        answer(self.client.clone().create_award(self.call(request)).await)
    }

    /// The backpack's own view of who holds an award.
    pub async fn earner_of(&self, award: &str) -> Principal {
        let stream = StreamId::named("award", self.tenant, award);
        let facts = self.rig.context.stores.events.read(&stream, 0, 1).await.unwrap();
        let AwardEvent::Created(created) = facts[0].event().unwrap() else { panic!("no award") };
        Principal {
            subject: created.earner.to_string(),
            kind: Kind::Earner,
            organization: None,
            tenant: TenantId::PLATFORM,
            grants: vec![],
            ..self.awarder.clone()
        }
    }

    /// The position of the first fact of that type from a position on, however long it takes.
    pub async fn until(&self, kind: &str, after: Position) -> Position {
        let wait = async {
            let events = &self.rig.context.stores.events;
            let mut signals = events.subscribe(after, Filter::tenant(self.tenant, &[]));
            loop {
                if let Signal::Facts(facts) = signals.next().await.unwrap().unwrap()
                    && let Some(fact) = facts.iter().find(|fact| &*fact.kind == kind)
                {
                    return fact.position;
                }
            }
        };
        tokio::time::timeout(Duration::from_mins(1), wait).await.expect("it happens in a minute")
    }

    /// What a verifier finds on the web: the issuer's keys, and a status list at its address.
    pub fn web(&self, url: &str, list: (&str, &[u8])) -> Document {
        if url == list.0 {
            return Document::new(list.1);
        }
        assert!(url.ends_with("/did.json"), "{url}");
        let document = DidDocument::new(self.did.clone(), vec![], [self.key.multikey()]);
        Document::new(serde_json::to_vec(&document).unwrap())
    }
}

pub fn answer<T>(outcome: Result<Response<T>, Status>) -> Result<T, Refusal> {
    outcome.map(Response::into_inner).map_err(|status| Refusal::of(&status))
}

pub fn client(context: &Context, key: &HeldKey) -> AwardingClient<Wire> {
    let role = awarding::role(context, signer(key));
    AwardingClient::new(runtime::local(role.guarded(context))).max_decoding_message_size(9 << 20)
}

/// As much of the issuers role as signs.
pub fn signer(key: &HeldKey) -> Wire {
    let key = key.clone();
    Wire::new(tower::service_fn(move |request: http::Request<Body>| {
        let sign = Sign(key.clone());
        async move {
            let codec = tonic_prost::ProstCodec::<SignResponse, SignRequest>::default();
            Ok::<_, Status>(tonic::server::Grpc::new(codec).unary(sign, request).await)
        }
    }))
}

struct Sign(HeldKey);

impl tonic::server::UnaryService<SignRequest> for Sign {
    type Response = SignResponse;
    type Future = Pin<Box<dyn Future<Output = Result<Response<SignResponse>, Status>> + Send>>;

    fn call(&mut self, request: Request<SignRequest>) -> Self::Future {
        let HeldKey { key, name, signed } = self.0.clone();
        Box::pin(async move {
            let request = request.into_inner();
            if request.key_id != name.lock().unwrap().to_string() {
                let refusal = Refusal::new("KEY_RETIRED", "this key signs no more");
                return Err(refusal.status(tonic::Code::FailedPrecondition));
            }
            signed.fetch_add(request.payloads.len(), Ordering::Relaxed);
            let sign = |payload: &Vec<u8>| key.sign(payload).unwrap();
            let signatures = request.payloads.iter().map(sign).collect();
            Ok(Response::new(SignResponse { signatures }))
        })
    }
}
