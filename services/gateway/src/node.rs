//! Global ids, and `node(id)`: one opaque id type for everything.
//!
//! An id is `base64url(type ‖ home ‖ bits ‖ check)`: one byte for the type, four of the SHA-256 of
//! the tenant (or, for what belongs to an organization, of its home), the 16 bytes of the role's
//! own id (32 for artwork, which is known by its digest), and three check bytes. So a mistyped id, an id of
//! another type are refused before any role is called, and of what an id of another tenant names no
//! role is ever asked.

use std::str::FromStr;

use async_graphql::{Context, ID, Interface};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use kernel::{Id, Kind, TenantId};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    award::Award, badge::Badge, batch::AwardBatch, call::Call, client::ApiClient, earner::Earner,
    failure::Failure, issuer::Issuer, member::Member, organization::Organization, tenant::Tenant,
};

/// Anything with a global id.
///
/// The id is opaque and stable, bound to one organization or tenant and one type, and has check
/// digits.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Opaque and stable."))]
pub enum Node {
    /// A customer.
    Organization(Organization),
    /// An issuing space.
    Tenant(Tenant),
    /// An issuer profile.
    Issuer(Issuer),
    /// A person who works there.
    Member(Member),
    /// A program.
    ApiClient(ApiClient),
    /// What can be awarded.
    Badge(Badge),
    /// What was awarded.
    Award(Award),
    /// Many awards at once.
    AwardBatch(AwardBatch),
    /// Who was awarded.
    Earner(Earner),
}

/// What an id is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// An organization; bound to its home.
    Organization = 1,
    /// A tenant; bound to the organization's home.
    Tenant,
    /// An issuer profile.
    Issuer,
    /// A member; bound to the organization's home.
    Member,
    /// An API client.
    ApiClient,
    /// A badge.
    Badge,
    /// An award.
    Award,
    /// A batch of awards.
    AwardBatch,
    /// A person as one tenant knows them.
    Earner,
    /// A picture, by its digest.
    Artwork,
    /// A key of an issuer.
    SigningKey,
}

impl Type {
    const ALL: [Type; 11] = [
        Type::Organization,
        Type::Tenant,
        Type::Issuer,
        Type::Member,
        Type::ApiClient,
        Type::Badge,
        Type::Award,
        Type::AwardBatch,
        Type::Earner,
        Type::Artwork,
        Type::SigningKey,
    ];

    /// The name in the schema.
    pub fn name(self) -> &'static str {
        match self {
            Type::Organization => "Organization",
            Type::Tenant => "Tenant",
            Type::Issuer => "Issuer",
            Type::Member => "Member",
            Type::ApiClient => "ApiClient",
            Type::Badge => "Badge",
            Type::Award => "Award",
            Type::AwardBatch => "AwardBatch",
            Type::Earner => "Earner",
            Type::Artwork => "Artwork",
            Type::SigningKey => "SigningKey",
        }
    }

    /// The prefix of the role's own id.
    fn prefix(self) -> &'static str {
        match self {
            Type::Organization => "org",
            Type::Tenant => "tenant",
            Type::Issuer => "issuer",
            Type::Member => "member",
            Type::ApiClient => "client",
            Type::Badge => "badge",
            Type::Award => "award",
            Type::AwardBatch => "batch",
            Type::Earner => "person",
            Type::Artwork => "",
            Type::SigningKey => "key",
        }
    }

    /// Whether it belongs to the organization rather than to one of its tenants.
    fn of_organization(self) -> bool {
        matches!(self, Type::Organization | Type::Tenant | Type::Member)
    }

    fn bits(self) -> usize {
        if self == Type::Artwork { 32 } else { 16 }
    }
}

/// The four bytes by which an id names its tenant or organization without giving it away.
pub type Home = [u8; 4];

/// The four bytes of a tenant, or of an organization's home.
pub fn home_of(tenant: TenantId) -> Home {
    let digest = Sha256::digest(tenant.bytes());
    [digest[0], digest[1], digest[2], digest[3]]
}

/// A global id, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlobalId {
    /// Of what.
    pub of: Type,
    /// Where it belongs.
    pub home: Home,
    bits: Vec<u8>,
}

/// Why a text is no usable id. Foreign ids are no such case: they are read, and then absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    /// No id at all, or mistyped.
    #[error("not an id of this API: send it exactly as it was received")]
    Malformed,
    /// An id of something else.
    #[error("an id of another type: expected the id of a {expected}")]
    WrongType {
        /// The name of the type that was expected.
        expected: &'static str,
    },
}

impl GlobalId {
    fn encode(&self) -> String {
        let mut bytes = Vec::with_capacity(40);
        bytes.push(self.of as u8);
        bytes.extend_from_slice(&self.home);
        bytes.extend_from_slice(&self.bits);
        let check = check(&bytes);
        bytes.extend_from_slice(&check);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads any id.
    pub fn decode(text: &str) -> Result<Self, InvalidId> {
        if text.len() > 64 {
            return Err(InvalidId::Malformed);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidId::Malformed)?;
        let [tag, rest @ ..] = bytes.as_slice() else { return Err(InvalidId::Malformed) };
        let of = Type::ALL.into_iter().find(|t| *t as u8 == *tag).ok_or(InvalidId::Malformed)?;
        if rest.len() != 4 + of.bits() + 3 {
            return Err(InvalidId::Malformed);
        }
        let (signed, given) = bytes.split_at(bytes.len() - 3);
        if check(signed) != given {
            return Err(InvalidId::Malformed);
        }
        let home = [rest[0], rest[1], rest[2], rest[3]];
        Ok(Self { of, home, bits: rest[4..4 + of.bits()].to_vec() })
    }

    /// Reads an id of that type.
    pub fn decode_as(text: &str, expected: Type) -> Result<Self, InvalidId> {
        let id = Self::decode(text)?;
        if id.of == expected {
            Ok(id)
        } else {
            Err(InvalidId::WrongType { expected: expected.name() })
        }
    }

    /// An id that nothing has, the same for the same id.
    fn nowhere(&self) -> Self {
        let digest = Sha256::new().chain_update(self.home).chain_update(&self.bits).finalize();
        Self { bits: digest[..self.bits.len()].to_vec(), ..self.clone() }
    }

    /// The role's own id in text form.
    pub fn role_id(&self) -> String {
        match <[u8; 16]>::try_from(self.bits.as_slice()) {
            Ok(bits) => format!("{}_{}", self.of.prefix(), digits(bits)),
            Err(_) => hex(&self.bits),
        }
    }
}

fn check(bytes: &[u8]) -> [u8; 3] {
    let digest = Sha256::digest(bytes);
    [digest[0], digest[1], digest[2]]
}

/// Stands for every kind of role id: only the 26 digits after the prefix are read and written.
enum Digits {}
impl Kind for Digits {
    const PREFIX: &'static str = "x";
}

fn digits(bits: [u8; 16]) -> String {
    Id::<Digits>::from_uuid(Uuid::from_bytes(bits)).to_string().split_off(2)
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|b| [b >> 4, b & 15])
        .map(|n| char::from(b"0123456789abcdef"[usize::from(n)]))
        .collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let value = |c: u8| char::from(c).to_digit(16).and_then(|n| u8::try_from(n).ok());
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.as_bytes().chunks(2).map(|pair| Some(value(pair[0])? << 4 | value(pair[1])?)).collect()
}

/// The global id of what a role calls so, within a home. None when the role's id is not of the type.
pub fn id_within(of: Type, home: Home, role_id: &str) -> Option<String> {
    let bits = if of == Type::Artwork {
        unhex(role_id).filter(|bits| bits.len() == 32)?
    } else {
        let digits = role_id.strip_prefix(of.prefix())?.strip_prefix('_')?;
        Id::<Digits>::from_str(&format!("x_{digits}")).ok()?.bytes().to_vec()
    };
    Some(GlobalId { of, home, bits }.encode())
}

/// The global id of what a role calls so, in a tenant (an organization's home for what belongs to
/// an organization).
pub fn global_id(of: Type, tenant: TenantId, role_id: &str) -> Option<String> {
    id_within(of, home_of(tenant), role_id)
}

/// The global id of a picture by the hexadecimal SHA-256 of its bytes; empty when that is none.
pub fn artwork_id(tenant: TenantId, digest: &str) -> String {
    global_id(Type::Artwork, tenant, digest).unwrap_or_default()
}

impl Call {
    /// The global id of what a role calls so, as this caller sees it.
    pub fn global(&self, of: Type, role_id: &str) -> ID {
        let home = if of.of_organization() { self.organization_home() } else { self.tenant_home() };
        ID(id_within(of, home, role_id).unwrap_or_default())
    }

    /// The role's id behind a global id. Who asks for what is elsewhere asks for what is nowhere,
    /// so that the role answers the same, in words and in time. Earners hold awards of every tenant.
    pub fn role_id(&self, id: &GlobalId) -> String {
        let home =
            if id.of.of_organization() { self.organization_home() } else { self.tenant_home() };
        let here = id.home == home || (self.is_earner() && id.of == Type::Award);
        if here { id.role_id() } else { id.nowhere().role_id() }
    }
}

/// What has this id, if it is there and the caller may see it.
pub async fn node(ctx: &Context<'_>, id: &str) -> Result<Option<Node>, Failure> {
    let call = Call::of(ctx);
    let Ok(id) = GlobalId::decode(id) else { return Ok(None) };
    let role_id = call.role_id(&id);
    Ok(match id.of {
        Type::Organization => {
            let organization = call.organization().await?;
            organization.filter(|o| o.0.id == role_id).map(Node::Organization)
        }
        Type::Tenant => call.tenant(role_id).await?.map(Node::Tenant),
        Type::Issuer => call.issuer(role_id).await?.map(Node::Issuer),
        Type::Member => call.member(role_id).await?.map(Node::Member),
        Type::ApiClient => call.api_client(role_id).await?.map(Node::ApiClient),
        Type::Badge => call.badge(role_id).await?.map(Node::Badge),
        Type::Award => call.award(role_id).await?.map(Node::Award),
        Type::AwardBatch => call.award_batch(role_id).await?.map(Node::AwardBatch),
        Type::Earner => call.earner(role_id).await?.map(Node::Earner),
        // They are seen at what they belong to.
        Type::Artwork | Type::SigningKey => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BADGE: &str = "badge_01h455vb4pex5vsknk084sn02q";

    fn tenant(n: u128) -> TenantId {
        TenantId::from_uuid(Uuid::from_u128(n))
    }

    #[test]
    fn an_id_reads_back_as_what_it_was_made_of() {
        let text = global_id(Type::Badge, tenant(7), BADGE).unwrap();
        let id = GlobalId::decode_as(&text, Type::Badge).unwrap();
        assert_eq!((id.role_id().as_str(), id.home), (BADGE, home_of(tenant(7))));
        assert!(!text.contains("01h455"), "opaque");
        let digest = "ab".repeat(32);
        let picture = artwork_id(tenant(7), &digest);
        assert_eq!(GlobalId::decode_as(&picture, Type::Artwork).unwrap().role_id(), digest);
    }

    #[test]
    fn every_mistyped_id_is_noticed() {
        let text = global_id(Type::Badge, tenant(7), BADGE).unwrap();
        for index in 0..text.len() {
            let mut wrong = text.clone().into_bytes();
            wrong[index] = if wrong[index] == b'A' { b'B' } else { b'A' };
            let wrong = String::from_utf8(wrong).unwrap();
            assert_eq!(GlobalId::decode(&wrong), Err(InvalidId::Malformed), "{wrong}");
        }
        for strange in ["", "A", BADGE, &"A".repeat(9999), "ü"] {
            assert_eq!(GlobalId::decode(strange), Err(InvalidId::Malformed), "{strange}");
        }
    }

    #[test]
    fn another_type_is_named_as_such() {
        let text = global_id(Type::Badge, tenant(7), BADGE).unwrap();
        let error = GlobalId::decode_as(&text, Type::Award).unwrap_err();
        assert_eq!(error, InvalidId::WrongType { expected: "Award" });
        assert_eq!(global_id(Type::Award, tenant(7), BADGE), None, "a badge's id is no award's");
    }
}
