//! A backpack among embedded stores, with letters to read and facts of awards to make.

use std::sync::Arc;

use auth::{Kind, Principal};
use awarding_domain::{
    AwardAccepted, AwardCreated, AwardDeclined, AwardEvent, AwardId, AwardRevoked, Digest,
    EarnerId, PersonErased, PersonEvent, StatusListId,
};
use design_domain::BadgeId;
use eventstore::{Execution, Expected, StreamId};
use issuers_domain::IssuerId;
use kernel::{Actor, Base64, EmailAddress, Position, Sealed, SubjectId, TenantId, Timestamp};
use keyvault::subject_of;
use proto::backpack::v1::backpack_client::BackpackClient;
use runtime::{Mail, MailError, Mailer, Wire, testing::Rig};
use serde::Serialize;
use tokio::sync::mpsc;

use crate::fake_awarding::FakeAwarding;

pub const ADA: &str = "ada@example.org";

/// A mailer that hands letters to the test.
struct Letters(mpsc::UnboundedSender<Mail>, mpsc::UnboundedSender<String>);

#[async_trait::async_trait]
impl Mailer for Letters {
    async fn send(&self, mail: Mail) -> Result<(), MailError> {
        self.0.send(mail).map_err(|error| MailError::Refused(Box::new(error)))
    }

    async fn forget(&self, owner: &str) -> Result<(), MailError> {
        self.1.send(owner.to_owned()).map_err(|error| MailError::Refused(Box::new(error)))
    }
}

pub struct World {
    pub rig: Rig,
    pub client: BackpackClient<Wire>,
    pub awarding: FakeAwarding,
    pub letters: mpsc::UnboundedReceiver<Mail>,
    pub forgotten: mpsc::UnboundedReceiver<String>,
}

impl World {
    pub fn new() -> Self {
        let mut rig = Rig::new(backpack::projections());
        let (send, letters) = mpsc::unbounded_channel();
        let (forget, forgotten) = mpsc::unbounded_channel();
        rig.context.stores.mailer = Arc::new(Letters(send, forget));
        let awarding = FakeAwarding::default();
        let parts = backpack::role(&rig.context, awarding.wire(&rig.context));
        let client = BackpackClient::new(runtime::local(parts.guarded(&rig.context)));
        parts.start(&rig.context);
        Self { rig, client, awarding, letters, forgotten }
    }

    /// The earner of an address.
    pub async fn earner(&self, address: &str) -> EarnerId {
        let secret = self.rig.context.stores.vault.secret(TenantId::PLATFORM, "email-lookup").await;
        let address: EmailAddress = address.parse().unwrap();
        EarnerId::from_uuid(subject_of(&secret.unwrap(), &address).uuid())
    }

    pub fn principal(&self, earner: EarnerId) -> Principal {
        Principal {
            subject: earner.to_string(),
            kind: Kind::Earner,
            organization: None,
            tenant: TenantId::PLATFORM,
            grants: vec![],
            issued_at: self.rig.now(),
            expires_at: self.rig.now().plus_millis(3_600_000),
            token_id: self.rig.context.stores.ids.uuid(),
        }
    }

    /// Appends one fact to a stream, whatever its revision.
    pub async fn append<E: Serialize>(&self, stream: StreamId, event: E) -> Position {
        let stores = &self.rig.context.stores;
        let before = stores.events.read(&stream, 0, 100).await.unwrap();
        let execution = Execution {
            tenant: stream.tenant(),
            actor: Actor::system("test"),
            command: stores.ids.command(),
            fingerprint: None,
            causation: None,
            traceparent: None,
            at: self.rig.now(),
        };
        let expected = Expected::after(before.len() as u64);
        let write = execution.write(stream, expected, &[event]).unwrap();
        stores.events.append(vec![write]).await.remove(0).unwrap().position
    }

    /// An award to the earner, made now.
    pub async fn award(
        &self,
        tenant: TenantId,
        n: u8,
        earner: EarnerId,
        expires: Option<Timestamp>,
    ) -> Position {
        let created = AwardCreated {
            badge: BadgeId::derived([n; 16]),
            badge_version: 1,
            issuer: IssuerId::derived([3; 16]),
            person: person(tenant),
            earner,
            generation: 0,
            achieved_at: self.rig.now(),
            issued_at: self.rig.now(),
            expires_at: expires,
            template: Digest::of(b"template"),
            credential: Digest::of(b"credential"),
            list: StatusListId::derived([4; 16]),
            index: 0,
            notify: false,
            particulars: Sealed {
                subject: person(tenant).to_string(),
                key_version: 1,
                nonce: Base64(vec![0; 24]),
                ciphertext: Base64(vec![0; 40]),
            },
        };
        self.append(stream(tenant, n), AwardEvent::Created(Box::new(created))).await
    }

    pub async fn accepted(&self, tenant: TenantId, n: u8, earner: EarnerId) -> Position {
        let (badge, issuer) = (BadgeId::derived([n; 16]), IssuerId::derived([3; 16]));
        let accepted = AwardAccepted { badge, issuer, earner, at: self.rig.now() };
        self.append(stream(tenant, n), AwardEvent::Accepted(accepted)).await
    }

    pub async fn declined(&self, tenant: TenantId, n: u8, earner: EarnerId) -> Position {
        let (badge, issuer) = (BadgeId::derived([n; 16]), IssuerId::derived([3; 16]));
        let declined = AwardDeclined { badge, issuer, earner, at: self.rig.now() };
        self.append(stream(tenant, n), AwardEvent::Declined(declined)).await
    }

    pub async fn revoked(&self, tenant: TenantId, n: u8, earner: EarnerId) -> Position {
        let (badge, issuer) = (BadgeId::derived([n; 16]), IssuerId::derived([3; 16]));
        let revoked = AwardRevoked { badge, issuer, earner, at: self.rig.now(), reason: None };
        self.append(stream(tenant, n), AwardEvent::Revoked(revoked)).await
    }

    pub async fn person_erased(&self, tenant: TenantId) -> Position {
        let erased = PersonEvent::Erased(PersonErased { key_version: 1, awards: vec![] });
        self.append(StreamId::named("person", tenant, person(tenant)), erased).await
    }
}

pub fn tenant(n: u8) -> TenantId {
    TenantId::derived([n; 16])
}

/// Who Ada is in a tenant.
pub fn person(tenant: TenantId) -> SubjectId {
    SubjectId::derived(tenant.bytes())
}

fn stream(tenant: TenantId, n: u8) -> StreamId {
    StreamId::named("award", tenant, award_id(n))
}

pub fn award_id(n: u8) -> AwardId {
    AwardId::derived([n; 16])
}

/// The token in a letter's link.
pub fn token_in(letter: &Mail) -> String {
    let start = letter.text.find("/sign-in/").expect("a link") + "/sign-in/".len();
    letter.text[start..].split('?').next().unwrap().to_owned()
}
