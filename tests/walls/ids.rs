//! What can be named by an id, and both forms of its name: the role's own, and the gateway's.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use kernel::{Id as Typed, Kind, TenantId};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What can be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    Organization,
    Tenant,
    Issuer,
    Member,
    Client,
    Badge,
    Draft,
    Award,
    Batch,
    Person,
    Artwork,
    List,
    Key,
}

/// Each with its name in tables, the prefix of the role's id, and the tag of the gateway's id.
const THINGS: [(Thing, &str, &str, u8); 13] = [
    (Thing::Organization, "organization", "org", 1),
    (Thing::Tenant, "tenant", "tenant", 2),
    (Thing::Issuer, "issuer", "issuer", 3),
    (Thing::Member, "member", "member", 4),
    (Thing::Client, "client", "client", 5),
    (Thing::Badge, "badge", "badge", 6),
    (Thing::Draft, "draft", "badge", 6),
    (Thing::Award, "award", "award", 7),
    (Thing::Batch, "batch", "batch", 8),
    (Thing::Person, "person", "person", 9),
    (Thing::Artwork, "artwork", "", 10),
    (Thing::List, "list", "list", 0),
    (Thing::Key, "signing-key", "key", 11),
];

impl Thing {
    fn row(self) -> (Thing, &'static str, &'static str, u8) {
        THINGS.into_iter().find(|(thing, ..)| *thing == self).expect("every thing stands there")
    }

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// The things that a text of a table names in braces.
    pub fn named_in(text: &str) -> Vec<Thing> {
        let named = |(_, name, ..): &(Thing, &str, &str, u8)| text.contains(&format!("{{{name}}}"));
        THINGS.into_iter().filter(named).map(|(thing, ..)| thing).collect()
    }

    /// Whether it belongs to the organization rather than to one of its tenants.
    pub fn of_organization(self) -> bool {
        matches!(self, Thing::Organization | Thing::Tenant | Thing::Member)
    }

    /// Whether its role knows whose issuer it is of, so that a right at one issuer may reach it.
    pub fn of_issuer(self) -> bool {
        matches!(self, Thing::Issuer | Thing::Badge | Thing::Draft | Thing::Award | Thing::Batch)
    }

    /// A well-formed id that nothing has.
    pub fn random(self, uuid: Uuid, home: TenantId) -> Id {
        let role = if self == Thing::Artwork {
            hex::encode(Sha256::digest(uuid))
        } else {
            format!("{}_{}", self.row().2, digits(uuid))
        };
        Id { of: self, role, home }
    }

    /// A thing of another type.
    pub fn other(self) -> Thing {
        if matches!(self, Thing::Badge | Thing::Draft) { Thing::Award } else { Thing::Badge }
    }
}

/// Stands for every kind of id.
enum Any {}
impl Kind for Any {
    const PREFIX: &'static str = "x";
}

fn digits(uuid: Uuid) -> String {
    Typed::<Any>::from_uuid(uuid).to_string().split_off(2)
}

/// An id and where it belongs: a tenant, or the home of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Id {
    /// Of what.
    pub of: Thing,
    /// The role's own.
    pub role: String,
    /// Where.
    pub home: TenantId,
}

impl Id {
    /// The gateway's: `base64url(tag ‖ 4 bytes of the home ‖ bits ‖ 3 check bytes)`.
    pub fn global(&self) -> String {
        let mut bytes = vec![self.of.row().3];
        bytes.extend_from_slice(&Sha256::digest(self.home.bytes())[..4]);
        match self.role.split_once('_') {
            Some((_, digits)) => {
                let id: Typed<Any> = format!("x_{digits}").parse().expect("an id");
                bytes.extend_from_slice(&id.bytes());
            }
            None => bytes.extend((0..self.role.len()).step_by(2).map(|at| {
                u8::from_str_radix(&self.role[at..at + 2], 16).expect("a digest in hexadecimal")
            })),
        }
        let check = Sha256::digest(&bytes);
        bytes.extend_from_slice(&check[..3]);
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

/// What stands in the places of a row.
#[derive(Clone, Debug, Default)]
pub struct Ids {
    /// An idempotency key.
    pub key: String,
    /// What else a row needs to succeed, such as the secret of a client.
    pub secret: String,
    /// Today.
    pub day: String,
    of: BTreeMap<Thing, Id>,
}

impl Ids {
    /// The id of that thing.
    pub fn id(&self, thing: Thing) -> &Id {
        self.of.get(&thing).unwrap_or_else(|| panic!("no {thing:?} in this place"))
    }

    /// The role's id of that thing.
    pub fn get(&self, thing: Thing) -> String {
        self.id(thing).role.clone()
    }

    /// Puts an id in place.
    pub fn set(&mut self, thing: Thing, id: Id) {
        self.of.insert(thing, id);
    }

    /// The same with another id in that place.
    pub fn with(&self, thing: Thing, id: Id) -> Self {
        let mut ids = self.clone();
        ids.set(thing, id);
        ids
    }

    /// The same under another idempotency key.
    pub fn keyed(&self, key: impl Into<String>) -> Self {
        Self { key: key.into(), ..self.clone() }
    }

    /// Every id, for looking whether an answer names one.
    pub fn all(&self) -> impl Iterator<Item = (Thing, &Id)> {
        self.of.iter().map(|(thing, id)| (*thing, id))
    }

    /// A text of a table with the ids in the braces' places.
    pub fn fill(&self, text: &str, form: impl Fn(Thing, &Id) -> String) -> String {
        let mut text = text.replace("{secret}", &self.secret).replace("{key}", &self.key);
        for thing in Thing::named_in(&text) {
            text = text.replace(&format!("{{{}}}", thing.name()), &form(thing, self.id(thing)));
        }
        text
    }
}
