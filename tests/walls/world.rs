//! The world behind the walls: our own tenant, another of the same organization, one of another
//! organization, each with one of everything, and everybody who may come.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use auth::{Claims, Grant, Kind, Principal, Role, Scope, SignInClaims, Tokens, UploadClaims};
use kernel::{EmailAddress, Id as Typed, OrganizationId, TenantId};
use keyvault::subject_of;
use laurel::process::{Wiring, operator_token_of};
use prost::Message;
use proto::{
    awarding::v1 as awarding, backpack::v1 as backpack, design::v1 as design,
    issuers::v1 as issuers,
};
use serde_json::Value;
use tests::House;
use tonic::Status;

use super::{
    ids::{Id, Ids, Thing},
    who::{ROLES, Stranger, Who},
    wires,
};

const MINUTES_10: i64 = 600_000;
const HOUR: i64 = 3_600_000;

/// Marks earners.
enum EarnerKind {}
impl kernel::Kind for EarnerKind {
    const PREFIX: &'static str = "earner";
}

/// Marks sign-in identities of members.
enum IdentityKind {}
impl kernel::Kind for IdentityKind {
    const PREFIX: &'static str = "identity";
}

/// A tenant with one of everything.
pub struct Place {
    /// Whose.
    pub organization: OrganizationId,
    /// Which.
    pub tenant: TenantId,
    /// An owner of the organization, in this tenant.
    pub owner: Principal,
    /// What is there.
    pub ids: Ids,
    /// What was there: archived, revoked, removed, erased, retired.
    pub gone: BTreeMap<Thing, Id>,
    /// The address of whom the award is.
    pub earner: String,
}

/// Everything.
pub struct World {
    /// The running Laurel.
    pub house: House,
    /// Our tenant.
    pub own: Place,
    /// Another tenant of our organization.
    pub sibling: Place,
    /// A tenant of another organization.
    pub foreign: Place,
    /// A member of our tenant of each role.
    pub members: BTreeMap<&'static str, Principal>,
    /// An admin of another issuer in our tenant.
    pub elsewhere: Principal,
    /// Callers whose tokens are not good.
    pub strangers: Vec<Stranger>,
}

static COUNT: AtomicU32 = AtomicU32::new(0);

/// Another number each time.
pub fn next() -> u32 {
    COUNT.fetch_add(1, Ordering::Relaxed)
}

fn name_of(role: Role) -> &'static str {
    match role {
        Role::Owner => "owner",
        Role::Admin => "admin",
        Role::Designer => "designer",
        Role::Awarder => "awarder",
        Role::Analyst => "analyst",
        Role::Viewer => "viewer",
    }
}

fn wire_role(role: Role) -> issuers::Role {
    match role {
        Role::Owner => issuers::Role::Owner,
        Role::Admin => issuers::Role::Admin,
        Role::Designer => issuers::Role::Designer,
        Role::Awarder => issuers::Role::Awarder,
        Role::Analyst => issuers::Role::Analyst,
        Role::Viewer => issuers::Role::Viewer,
    }
}

/// Returns when every read model holds what has happened so far.
pub async fn caught_up(house: &House) {
    let context = house.process.context();
    let head = context.stores.events.head().await.expect("the log");
    for projection in laurel::process::projections() {
        let view = context.views.view(projection.model());
        view.wait(head, Duration::from_secs(10)).await.expect("the read model catches up");
    }
}

/// Asks as somebody; what was answered.
///
/// # Panics
/// When it is refused.
pub async fn ask<Q: Message, A: Message + Default>(
    house: &House,
    method: &str,
    who: &Principal,
    question: Q,
) -> A {
    let token = house.process.context().tokens.access(who);
    ask_with(house, method, Some(&token), question)
        .await
        .unwrap_or_else(|status| panic!("{method} as {}: {status:?}", who.subject))
}

async fn ask_with<Q: Message, A: Message + Default>(
    house: &House,
    method: &str,
    token: Option<&str>,
    question: Q,
) -> Result<A, Status> {
    let bytes = wires::call(
        house.process.front().expect("a gateway").wires(),
        method,
        token,
        question.encode_to_vec(),
    )
    .await?;
    Ok(A::decode(bytes).expect("an answer of that type"))
}

fn principal(
    house: &House,
    subject: &impl ToString,
    kind: Kind,
    organization: Option<OrganizationId>,
    tenant: TenantId,
    grants: Vec<Grant>,
) -> Principal {
    let stores = &house.process.context().stores;
    let now = stores.clock.now();
    Principal {
        subject: subject.to_string(),
        kind,
        organization,
        tenant,
        grants,
        // A moment ago, so that what ends afterwards ends this token, too.
        issued_at: now.plus_millis(-1000),
        expires_at: now.plus_millis(MINUTES_10),
        token_id: stores.ids.uuid(),
    }
}

/// A picture that no other place has.
pub fn picture(of: &str) -> Vec<u8> {
    let shade = of.bytes().fold(7_u8, |shade, byte| shade.wrapping_mul(31) ^ byte);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 8 8\" width=\"8\" height=\"8\">\
         <rect width=\"8\" height=\"8\" fill=\"#0033{shade:02x}\"/></svg>"
    )
    .into_bytes()
}

/// A badge's content.
pub fn content(artwork: &str) -> design::BadgeContent {
    design::BadgeContent {
        name: "Wall builder".into(),
        description: "Builds walls.".into(),
        criteria_narrative: "Built a wall.".into(),
        artwork_id: artwork.into(),
        artwork_caption: if artwork.is_empty() { String::new() } else { "A wall".into() },
        ..design::BadgeContent::default()
    }
}

/// Makes another of that thing in the place; for awards also says whose it is, for clients their
/// secret, for issuers their key.
pub async fn make(house: &House, place: &Place, thing: Thing) -> (Id, String) {
    let (owner, n) = (&place.owner, next());
    let key = format!("make/{n}");
    let address = format!("person{n}@{}.example", place.tenant.to_string().replace('_', "-"));
    let home = if thing.of_organization() { place.organization.home() } else { place.tenant };
    let mut note = String::new();
    let role = match thing {
        Thing::Issuer => {
            let question = issuers::CreateIssuerRequest {
                idempotency_key: key,
                name: format!("Issuer {n}"),
                email: format!("issuer{n}@walls.example"),
                ..issuers::CreateIssuerRequest::default()
            };
            let answer: issuers::CreateIssuerResponse =
                ask(house, "Issuers/CreateIssuer", owner, question).await;
            let issuer = answer.issuer.expect("an issuer");
            note.clone_from(&issuer.keys[0].id);
            issuer.id
        }
        Thing::Draft | Thing::Badge => {
            let question = design::CreateBadgeRequest {
                idempotency_key: key.clone(),
                issuer_id: place.ids.get(Thing::Issuer),
                content: Some(content(&place.ids.get(Thing::Artwork))),
            };
            let answer: design::CreateBadgeResponse =
                ask(house, "Design/CreateBadge", owner, question).await;
            let id = answer.badge.expect("a badge").id;
            if thing == Thing::Badge {
                let question =
                    design::PublishBadgeRequest { idempotency_key: key, badge_id: id.clone() };
                let _: design::PublishBadgeResponse =
                    ask(house, "Design/PublishBadge", owner, question).await;
                caught_up(house).await;
            }
            id
        }
        Thing::Award | Thing::Person => {
            let badge = Box::pin(make(house, place, Thing::Badge)).await.0;
            let question = awarding::CreateAwardRequest {
                idempotency_key: key,
                badge_id: badge.role,
                recipient: Some(awarding::Recipient { email: address.clone(), name: "Ada".into() }),
                ..awarding::CreateAwardRequest::default()
            };
            let answer: awarding::CreateAwardResponse =
                ask(house, "Awarding/CreateAward", owner, question).await;
            let award = answer.award.expect("an award");
            note = address;
            if thing == Thing::Award { award.id } else { award.earner_id }
        }
        Thing::Batch => {
            let badge = Box::pin(make(house, place, Thing::Badge)).await.0;
            let question = awarding::CreateBatchRequest {
                idempotency_key: key,
                badge_id: badge.role,
                csv: format!("email,name\n{address},Ada\n").into_bytes(),
                notify: false,
            };
            let answer: awarding::CreateBatchResponse =
                ask(house, "Awarding/CreateBatch", owner, question).await;
            answer.batch.expect("a batch").id
        }
        Thing::Member => {
            let grants = vec![issuers::Grant {
                role: issuers::Role::Viewer.into(),
                tenant_id: place.tenant.to_string(),
                issuer_id: String::new(),
            }];
            let question =
                issuers::InviteMemberRequest { idempotency_key: key, email: address, grants };
            let answer: issuers::InviteMemberResponse =
                ask(house, "Issuers/InviteMember", owner, question).await;
            answer.member.expect("a member").id
        }
        Thing::Client => {
            let grants = vec![issuers::Grant {
                role: issuers::Role::Viewer.into(),
                tenant_id: place.tenant.to_string(),
                issuer_id: String::new(),
            }];
            let question = issuers::CreateClientRequest {
                idempotency_key: key,
                name: format!("Client {n}"),
                grants,
            };
            let answer: issuers::CreateClientResponse =
                ask(house, "Issuers/CreateClient", owner, question).await;
            note = answer.secret;
            answer.client.expect("a client").id
        }
        // There is one of each, and nothing ends them.
        Thing::Organization | Thing::Tenant | Thing::Artwork | Thing::List | Thing::Key => {
            place.ids.get(thing)
        }
    };
    (Id { of: thing, role, home }, note)
}

/// An organization with that many tenants.
async fn organization(house: &House, tenants: u32) -> Vec<Place> {
    let n = next();
    let token = operator_token_of(house.process.context());
    let question = issuers::CreateOrganizationRequest {
        idempotency_key: format!("make/{n}"),
        name: format!("Organization {n}"),
        owner_email: format!("owner{n}@walls.example"),
    };
    let answer: issuers::CreateOrganizationResponse =
        ask_with(house, "Issuers/CreateOrganization", Some(&token), question)
            .await
            .expect("an organization");
    let organization: OrganizationId =
        answer.organization.expect("an organization").id.parse().expect("an id");
    let home = organization.home();
    let grants = vec![Grant { role: Role::Owner, scope: Scope::Organization }];
    let nobody = Thing::Member.random(house.process.context().stores.ids.uuid(), home).role;
    let somebody = principal(house, &nobody, Kind::Member, Some(organization), home, grants);
    caught_up(house).await;
    let members: issuers::ListMembersResponse =
        ask(house, "Issuers/ListMembers", &somebody, issuers::ListMembersRequest { page: None })
            .await;
    let owner = Principal { subject: members.members[0].id.clone(), ..somebody };
    let mut places = Vec::new();
    for _ in 0..tenants {
        let n = next();
        let question = issuers::CreateTenantRequest {
            idempotency_key: format!("make/{n}"),
            name: format!("Tenant {n}"),
        };
        let answer: issuers::CreateTenantResponse =
            ask(house, "Issuers/CreateTenant", &owner, question).await;
        let tenant: TenantId = answer.tenant.expect("a tenant").id.parse().expect("an id");
        let owner = Principal { tenant, ..owner.clone() };
        places.push(furnish(house, organization, owner).await);
    }
    places
}

/// One of everything, and of everything that can end one that has.
async fn furnish(house: &House, organization: OrganizationId, owner: Principal) -> Place {
    let (tenant, home) = (owner.tenant, organization.home());
    let day = house.process.context().stores.clock.now().day().to_string();
    let mut ids = Ids::default().keyed("walls");
    ids.day = day;
    let at = |of, role: String| Id { of, role, home: tenant };
    ids.set(
        Thing::Organization,
        Id { of: Thing::Organization, role: organization.to_string(), home },
    );
    ids.set(Thing::Tenant, Id { of: Thing::Tenant, role: tenant.to_string(), home });
    let question = design::StoreArtworkRequest {
        content: picture(&tenant.to_string()),
        media_type: "image/svg+xml".into(),
    };
    let answer: design::StoreArtworkResponse =
        ask(house, "Design/StoreArtwork", &owner, question).await;
    ids.set(Thing::Artwork, at(Thing::Artwork, answer.artwork.expect("artwork").id));
    let mut place = Place {
        organization,
        tenant,
        owner: owner.clone(),
        ids,
        gone: BTreeMap::new(),
        earner: String::new(),
    };
    let issuer = make(house, &place, Thing::Issuer).await.0;
    let question = issuers::RotateSigningKeyRequest {
        idempotency_key: "walls".into(),
        issuer_id: issuer.role.clone(),
        ..issuers::RotateSigningKeyRequest::default()
    };
    let answer: issuers::RotateSigningKeyResponse =
        ask(house, "Issuers/RotateSigningKey", &owner, question).await;
    for key in answer.issuer.expect("an issuer").keys {
        if key.retired_at.is_empty() {
            place.ids.set(Thing::Key, at(Thing::Key, key.id));
        } else {
            place.gone.insert(Thing::Key, at(Thing::Key, key.id));
        }
    }
    place.ids.set(Thing::Issuer, issuer);
    for thing in [Thing::Badge, Thing::Draft, Thing::Batch, Thing::Member, Thing::Client] {
        let id = make(house, &place, thing).await.0;
        place.ids.set(thing, id);
    }
    let (award, address) = make(house, &place, Thing::Award).await;
    caught_up(house).await;
    let question = awarding::GetAwardRequest { award_id: award.role.clone() };
    let answer: awarding::GetAwardResponse =
        ask(house, "Awarding/GetAward", &owner, question).await;
    let person = answer.award.expect("an award").earner_id;
    let credential: Value = serde_json::from_slice(&answer.credential).expect("a credential");
    let list = credential["credentialStatus"]["statusListCredential"].as_str().expect("a list");
    let list = list.rsplit('/').next().expect("its id").to_owned();
    place.ids.set(Thing::Award, award);
    place.ids.set(Thing::Person, at(Thing::Person, person));
    place.ids.set(Thing::List, at(Thing::List, list));
    place.earner = address;
    end(house, &mut place).await;
    place
}

/// Ends one of everything that can end.
async fn end(house: &House, place: &mut Place) {
    let owner = &place.owner.clone();
    let badge = make(house, place, Thing::Badge).await.0;
    let question = design::ArchiveBadgeRequest {
        idempotency_key: "gone".into(),
        badge_id: badge.role.clone(),
    };
    let _: design::ArchiveBadgeResponse = ask(house, "Design/ArchiveBadge", owner, question).await;
    let award = make(house, place, Thing::Award).await.0;
    let question = awarding::RevokeAwardRequest {
        idempotency_key: "gone".into(),
        award_id: award.role.clone(),
        reason: "a mistake".into(),
    };
    let _: awarding::RevokeAwardResponse =
        ask(house, "Awarding/RevokeAward", owner, question).await;
    let person = make(house, place, Thing::Person).await.0;
    let question = awarding::EraseEarnerRequest {
        idempotency_key: "gone".into(),
        earner_id: person.role.clone(),
    };
    let _: awarding::EraseEarnerResponse =
        ask(house, "Awarding/EraseEarner", owner, question).await;
    let member = make(house, place, Thing::Member).await.0;
    let question = issuers::RemoveMemberRequest {
        idempotency_key: "gone".into(),
        member_id: member.role.clone(),
    };
    let _: issuers::RemoveMemberResponse =
        ask(house, "Issuers/RemoveMember", owner, question).await;
    let client = make(house, place, Thing::Client).await.0;
    let question = issuers::RevokeClientRequest {
        idempotency_key: "gone".into(),
        client_id: client.role.clone(),
    };
    let _: issuers::RevokeClientResponse =
        ask(house, "Issuers/RevokeClient", owner, question).await;
    place.gone.extend([
        (Thing::Badge, badge.clone()),
        (Thing::Draft, badge),
        (Thing::Award, award),
        (Thing::Person, person),
        (Thing::Member, member),
        (Thing::Client, client),
    ]);
}

impl World {
    /// Starts Laurel and makes everything.
    pub async fn open() -> anyhow::Result<Self> {
        let house = House::open(Wiring::Local).await?;
        let mut ours = organization(&house, 2).await;
        let sibling = ours.pop().expect("two tenants");
        let own = ours.pop().expect("two tenants");
        let foreign = organization(&house, 1).await.pop().expect("a tenant");
        let mut members = BTreeMap::new();
        for role in ROLES {
            let grant = Grant { role: *role, scope: Scope::Tenant };
            members.insert(name_of(*role), member(&house, &own, *role, grant).await);
        }
        let other = make(&house, &own, Thing::Issuer).await.0.role;
        let grant = Grant { role: Role::Admin, scope: Scope::Issuer(other) };
        let elsewhere = member(&house, &own, Role::Admin, grant).await;
        let strangers = strangers(&house, &own).await?;
        let world = Self { house, own, sibling, foreign, members, elsewhere, strangers };
        world.settle().await;
        Ok(world)
    }

    /// Returns when nothing moves any more: batches are through, read models have caught up.
    pub async fn settle(&self) {
        for place in [&self.own, &self.sibling, &self.foreign] {
            let batch_id = place.ids.get(Thing::Batch);
            loop {
                let question = awarding::GetBatchRequest { batch_id: batch_id.clone() };
                let answer: awarding::GetBatchResponse =
                    ask(&self.house, "Awarding/GetBatch", &place.owner, question).await;
                if answer.batch.expect("a batch").status() == awarding::BatchStatus::Finished {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        caught_up(&self.house).await;
    }

    /// Where the log ends.
    pub async fn head(&self) -> u64 {
        self.house.process.context().stores.events.head().await.expect("the log").0
    }

    /// The token of somebody.
    pub fn token(&self, who: &Principal) -> String {
        self.house.process.context().tokens.access(who)
    }

    /// A well-formed id of our own tenant that nothing has.
    pub fn random(&self, thing: Thing) -> Id {
        let home = self.own.ids.id(thing).home;
        thing.random(self.house.process.context().stores.ids.uuid(), home)
    }

    /// The earner with that address.
    pub async fn earner(&self, address: &str) -> Principal {
        let vault = &self.house.process.context().stores.vault;
        let secret = vault.secret(TenantId::PLATFORM, "email-lookup").await.expect("a secret");
        let address: EmailAddress = address.parse().expect("an address");
        let id = Typed::<EarnerKind>::from_uuid(subject_of(&secret, &address).uuid());
        principal(&self.house, &id, Kind::Earner, None, TenantId::PLATFORM, Vec::new())
    }

    fn service(&self) -> Principal {
        let grants = vec![Grant { role: Role::Owner, scope: Scope::Tenant }];
        let subject = "service:awarding";
        principal(&self.house, &subject, Kind::Service, None, self.own.tenant, grants)
    }

    fn operator(&self) -> Principal {
        let subject =
            principal(&self.house, &"", Kind::Operator, None, self.own.tenant, Vec::new());
        let Principal { issued_at, expires_at, token_id, .. } = subject;
        Principal::operator(TenantId::PLATFORM, issued_at, expires_at, token_id)
    }

    /// A member of our organization, not only of the tenant.
    fn wide(&self, role: Role) -> Principal {
        let grants = vec![Grant { role, scope: Scope::Organization }];
        let mut who = Principal { grants, ..self.own.owner.clone() };
        if role != Role::Owner {
            who.subject.clone_from(&self.members[name_of(role)].subject);
        }
        who
    }

    /// The least of those who may.
    pub async fn least(&self, who: &Who) -> Principal {
        match who.roles.last() {
            Some(role) if who.wide => self.wide(*role),
            Some(role) => self.members[name_of(*role)].clone(),
            None if who.earner => self.earner(&self.own.earner).await,
            None if who.operator => self.operator(),
            None if who.service => self.service(),
            None => panic!("nobody may: {who:?}"),
        }
    }

    /// Everybody with a good token who may not.
    pub async fn unentitled(&self, who: &Who) -> Vec<(String, Principal)> {
        let mut found = Vec::new();
        for role in ROLES {
            let may = who.roles.contains(role);
            if !may || who.wide {
                let name = format!("a tenant's {}", name_of(*role));
                found.push((name, self.members[name_of(*role)].clone()));
            }
            if !may && who.wide {
                found.push((format!("an organization's {}", name_of(*role)), self.wide(*role)));
            }
        }
        if !who.earner {
            found.push(("an earner".into(), self.earner(&self.own.earner).await));
        }
        if !who.operator {
            found.push(("the operator".into(), self.operator()));
        }
        if !who.service {
            found.push(("a service".into(), self.service()));
        }
        found
    }

    /// The token of a mailed link for members that was not used.
    pub async fn member_link(&self) -> String {
        let context = self.house.process.context();
        let secret = context.stores.vault.secret(TenantId::PLATFORM, "member-sign-in").await;
        let address: EmailAddress = "nobody@walls.example".parse().expect("an address");
        let subject = subject_of(&secret.expect("a secret"), &address).uuid();
        let now = context.stores.clock.now();
        let claims = sign_in_claims();
        let times = (now, now.plus_millis(MINUTES_10));
        let subject = Typed::<IdentityKind>::from_uuid(subject).to_string();
        context.tokens.issue(&subject, &claims, times, context.stores.ids.uuid())
    }

    /// The token of a mailed link to the backpack that was not used, read from the letter.
    pub async fn earner_link(&self) -> String {
        let address = format!("reader{}@walls.example", next());
        let folder = self.earner(&address).await.subject;
        let question = backpack::RequestSignInRequest { email: address };
        let _: backpack::RequestSignInResponse =
            ask_with(&self.house, "Backpack/RequestSignIn", None, question).await.expect("asked");
        let folder = self.house.data.path().join("outbox").join(folder);
        let link = async {
            loop {
                if let Some(link) = link_in(&folder) {
                    return link;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), link).await.expect("a letter")
    }
}

fn link_in(folder: &std::path::Path) -> Option<String> {
    let mut letters = std::fs::read_dir(folder).ok()?.flatten();
    letters.find_map(|letter| {
        let letter = std::fs::read_to_string(letter.path()).ok()?;
        let letter = letter.replace("=\r\n", "").replace("=\n", "").replace("=3D", "=");
        let (_, rest) = letter.split_once("/sign-in/")?;
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)))?;
        Some(rest[..end].to_owned())
    })
}

fn sign_in_claims() -> SignInClaims {
    SignInClaims {
        kind: Kind::Member,
        organization: None,
        tenant: TenantId::PLATFORM,
        return_to: None,
    }
}

/// A member of the tenant with that grant.
async fn member(house: &House, place: &Place, role: Role, grant: Grant) -> Principal {
    let n = next();
    let issuer_id = match &grant.scope {
        Scope::Issuer(issuer) => issuer.clone(),
        Scope::Organization | Scope::Tenant => String::new(),
    };
    // Owners are the whole organization's; a token that says otherwise is the mightiest of a tenant's
    // that there could be.
    let role = if role == Role::Owner { Role::Admin } else { role };
    let told = issuers::Grant {
        role: wire_role(role).into(),
        tenant_id: place.tenant.to_string(),
        issuer_id,
    };
    let question = issuers::InviteMemberRequest {
        idempotency_key: format!("make/{n}"),
        email: format!("member{n}@walls.example"),
        grants: vec![told],
    };
    let answer: issuers::InviteMemberResponse =
        ask(house, "Issuers/InviteMember", &place.owner, question).await;
    let subject = answer.member.expect("a member").id;
    let organization = Some(place.organization);
    principal(house, &subject, Kind::Member, organization, place.tenant, vec![grant])
}

/// Callers whose tokens are not good, though each would be if it were what it says.
async fn strangers(house: &House, place: &Place) -> anyhow::Result<Vec<Stranger>> {
    let context = house.process.context();
    let (tokens, owner) = (&context.tokens, &place.owner);
    let now = context.stores.clock.now();
    let expired = Principal {
        issued_at: now.plus_millis(-2 * HOUR),
        expires_at: now.plus_millis(-HOUR),
        ..owner.clone()
    };
    let upload =
        UploadClaims { tenant: place.tenant, purpose: "badge-image".into(), max_bytes: 1000 };
    let gone = |thing, kind| Principal {
        subject: place.gone[&thing].role.clone(),
        kind,
        issued_at: owner.issued_at.plus_millis(-HOUR),
        ..owner.clone()
    };
    let (client, member) = (gone(Thing::Client, Kind::Client), gone(Thing::Member, Kind::Member));
    let revoked = async {
        for who in [&client, &member] {
            while context.verifier.access(&tokens.access(who), now).is_ok() {
                tokio::task::yield_now().await;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), revoked).await?;
    let other = Tokens::from_seed(&[7; 32], "urn:laurel")?;
    let bad = |name, token: String| Stranger { name, token: Some(token), code: "UNAUTHENTICATED" };
    Ok(vec![
        Stranger { name: "nobody", token: None, code: "UNAUTHENTICATED" },
        bad("somebody with garbage", "aaaa.bbbb.cccc".into()),
        bad("somebody with a session", tokens.session(owner)),
        bad("somebody with a sign-in link", other_kind(tokens, owner, &sign_in_claims())),
        bad("somebody with leave to upload", other_kind(tokens, owner, &upload)),
        bad("somebody with a token of another signer", other.access(owner)),
        Stranger {
            name: "somebody whose token has expired",
            token: Some(tokens.access(&expired)),
            code: "TOKEN_EXPIRED",
        },
        Stranger {
            name: "a revoked client",
            token: Some(tokens.access(&client)),
            code: "TOKEN_REVOKED",
        },
        Stranger {
            name: "a removed member",
            token: Some(tokens.access(&member)),
            code: "TOKEN_REVOKED",
        },
    ])
}

fn other_kind<C: Claims>(tokens: &Tokens, owner: &Principal, claims: &C) -> String {
    let times = (owner.issued_at, owner.expires_at);
    tokens.issue(&owner.subject, claims, times, owner.token_id)
}
