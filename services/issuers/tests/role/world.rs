//! A deployment with one organisation, and the words to call it.

use std::{fs, sync::Arc, time::Duration};

use auth::{
    ExternalIssuer, ExternalIssuers, Grant, JwksSource, JwksUnavailable, Kind, Principal, Role,
    Scope,
};
use kernel::{OrganizationId, TenantId};
use proto::issuers::v1::{self as wire, issuers_client::IssuersClient};
use runtime::{Refusal, Wire, testing::Rig};
use tonic::{Code, Request, Status};

/// The address of the organisation's first owner.
pub const OWNER: &str = "ada@ost.example";

/// One organisation, its owner and a tenant.
pub struct World {
    pub rig: Rig,
    pub client: IssuersClient<Wire>,
    pub organization: OrganizationId,
    pub tenant: TenantId,
    /// The owner, in the tenant.
    pub owner: Principal,
}

/// No provider can be reached.
struct Unreachable;

#[async_trait::async_trait]
impl JwksSource for Unreachable {
    async fn jwks(&self, _: &ExternalIssuer) -> Result<Vec<u8>, JwksUnavailable> {
        Err(JwksUnavailable("no network here".into()))
    }
}

impl World {
    pub async fn new() -> Self {
        let rig = Rig::new(issuers::projections());
        let known = ExternalIssuer {
            issuer: "https://login.example".into(),
            audience: "laurel".into(),
            jwks_url: None,
        };
        let external = Arc::new(ExternalIssuers::new(vec![known], Arc::new(Unreachable)));
        let parts = issuers::role(&rig.context, external);
        let mut client = IssuersClient::new(runtime::local(parts.guarded(&rig.context)));
        parts.start(&rig.context);
        let revocations = issuers::revocations(&rig.context);
        rig.context.start(revocations);
        let created = client
            .create_organization(rig.call(&operator(&rig), creation("key")))
            .await
            .expect("an organization")
            .into_inner();
        let organization = created.organization.expect("it").id.parse().expect("an id");
        let mut world =
            Self { owner: operator(&rig), tenant: TenantId::PLATFORM, rig, client, organization };
        let home = organization.home();
        let position = created.written.expect("written").position;
        world.owner = world.member("member_00000000000000000000000001", home, Role::Owner);
        let listed = wire::ListMembersRequest::default();
        let listed = world.at(&world.owner, position, listed);
        let members = world.client.list_members(listed).await.expect("members").into_inner();
        world.owner.subject = members.members[0].id.clone();
        let named =
            wire::CreateTenantRequest { idempotency_key: "t".into(), name: "Medicine".into() };
        let tenant = world.client.create_tenant(world.rig.call(&world.owner, named)).await;
        let tenant = tenant.expect("a tenant").into_inner().tenant.expect("it");
        world.tenant = tenant.id.parse().expect("an id");
        world.owner.tenant = world.tenant;
        world
    }

    /// A member of the organisation with a role in all of it, in that tenant.
    pub fn member(&self, subject: &str, tenant: TenantId, role: Role) -> Principal {
        let now = self.rig.now();
        Principal {
            subject: subject.into(),
            kind: Kind::Member,
            organization: Some(self.organization),
            tenant,
            grants: vec![Grant { role, scope: Scope::Organization }],
            issued_at: now,
            expires_at: now.plus_millis(900_000),
            token_id: self.rig.context.stores.ids.uuid(),
        }
    }

    /// Somebody with a role in the tenant only.
    pub fn here(&self, role: Role) -> Principal {
        let member = self.member("member_00000000000000000000000002", self.tenant, role);
        Principal { grants: vec![Grant { role, scope: Scope::Tenant }], ..member }
    }

    /// Somebody of another organisation, who may everything there.
    pub fn stranger(&self) -> Principal {
        let organization = Some(OrganizationId::derived([77; 16]));
        let tenant = TenantId::derived([78; 16]);
        let owner = self.member("member_00000000000000000000000003", tenant, Role::Owner);
        Principal { organization, ..owner }
    }

    /// The request of somebody who wants to see that position.
    pub fn at<T>(&self, caller: &Principal, position: u64, message: T) -> Request<T> {
        let mut request = self.rig.call(caller, message);
        let token = position.to_string().parse().expect("digits");
        request.metadata_mut().insert(runtime::call::CONSISTENCY, token);
        request
    }

    /// The letters in the outbox of a member, once there are that many, without the line breaks and
    /// escapes of quoted-printable.
    pub async fn letters(&self, member: &str, letters: usize) -> Vec<String> {
        let folder = self.rig.folder.path().join("outbox").join(member);
        let read = || {
            let Ok(entries) = fs::read_dir(&folder) else { return Vec::new() };
            // What is still being written has another name.
            let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
            let files = files.filter(|path| path.extension().is_some_and(|it| it == "eml"));
            files.filter_map(|path| fs::read_to_string(path).ok()).collect::<Vec<String>>()
        };
        let arrive = async {
            while read().len() < letters {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), arrive).await.expect("letters arrive");
        let plain = |letter: String| letter.replace("=\r\n", "").replace("=3D", "=");
        read().into_iter().map(plain).collect()
    }

    /// The sign-in links among them.
    pub async fn links(&self, member: &str, letters: usize) -> Vec<String> {
        let link = |letter: &String| {
            let (_, rest) = letter.split_once("/sign-in/")?;
            Some(rest.split(['\r', '\n', '"', ' ']).next()?.to_owned())
        };
        self.letters(member, letters).await.iter().filter_map(link).collect()
    }
}

pub fn operator(rig: &Rig) -> Principal {
    let now = rig.now();
    let id = rig.context.stores.ids.uuid();
    Principal::operator(TenantId::PLATFORM, now, now.plus_millis(3_600_000), id)
}

pub fn creation(key: &str) -> wire::CreateOrganizationRequest {
    wire::CreateOrganizationRequest {
        idempotency_key: key.into(),
        name: "Hochschulverbund".into(),
        owner_email: OWNER.into(),
    }
}

pub fn granted(role: wire::Role, tenant: Option<TenantId>) -> wire::Grant {
    let tenant_id = tenant.map(|tenant| tenant.to_string()).unwrap_or_default();
    wire::Grant { role: role.into(), tenant_id, issuer_id: String::new() }
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
