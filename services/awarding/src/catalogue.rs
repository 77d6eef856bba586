use awarding_domain::Digest;
use design_domain::{BadgeEvent, BadgeId};
use eventstore::{RecordedEvent, Unreadable};
use issuers_domain::{IssuerEvent, IssuerId, KeyId, NewKey};
use kernel::TenantId;
use readmodel::{Change, Key, Model, Projection, Rows, row};
use serde::{Deserialize, Serialize};

/// What can be awarded and who signs it, as awarding needs it: from the facts of the design and
/// issuers roles, so that no award asks them.
pub(crate) struct Catalogue;

pub(crate) const MODEL: Model = Model { name: "catalogue", version: 2 };

const BADGE: &str = "badge";
const ISSUER: &str = "issuer";
/// digest of a DID → the issuer's id.
const DID: &str = "did";

/// A badge and whether it can be awarded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BadgeRow {
    pub(crate) issuer: IssuerId,
    pub(crate) standing: Standing,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Standing {
    /// Nothing is published yet.
    Draft,
    /// The newest version and what it says, as JSON.
    Published { version: u32, content: Vec<u8> },
    /// It is awarded no more.
    Archived,
}

/// Who signs, how they present themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct IssuerRow {
    pub(crate) did: String,
    /// As JSON.
    pub(crate) profile: Vec<u8>,
    /// The key that signs now, and its public part as Multikey.
    pub(crate) key: Option<(KeyId, String)>,
}

pub(crate) fn badge_key(tenant: TenantId, badge: BadgeId) -> Key {
    Key::new(tenant, BADGE, badge.bytes())
}

pub(crate) fn issuer_key(tenant: TenantId, issuer: IssuerId) -> Key {
    Key::new(tenant, ISSUER, issuer.bytes())
}

pub(crate) fn did_key(tenant: TenantId, did: &str) -> Key {
    Key::new(tenant, DID, Digest::of(did.as_bytes()).0)
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("what was read from json can be written as json")
}

impl Projection for Catalogue {
    fn model(&self) -> Model {
        MODEL
    }

    fn categories(&self) -> &'static [&'static str] {
        &["badge", "issuer"]
    }

    fn reads(&self, fact: &RecordedEvent) -> Vec<Key> {
        let issuer = fact.stream.id().parse().ok();
        match (fact.stream.category(), issuer) {
            ("issuer", Some(issuer)) => vec![issuer_key(fact.stream.tenant(), issuer)],
            _ => vec![],
        }
    }

    fn project(&self, fact: &RecordedEvent, rows: &Rows) -> Result<Vec<Change>, Unreadable> {
        match fact.stream.category() {
            "badge" => badge(fact),
            "issuer" => issuer(fact, rows),
            _ => Ok(vec![]),
        }
    }
}

fn badge(fact: &RecordedEvent) -> Result<Vec<Change>, Unreadable> {
    let Ok(id) = fact.stream.id().parse() else { return Ok(vec![]) };
    let row = match fact.event()? {
        BadgeEvent::Created(created) => {
            BadgeRow { issuer: created.issuer, standing: Standing::Draft }
        }
        BadgeEvent::Updated(_) => return Ok(vec![]),
        BadgeEvent::Published(published) => {
            let (version, content) = (published.version, json(&published.content));
            let standing = Standing::Published { version, content };
            BadgeRow { issuer: published.issuer, standing }
        }
        BadgeEvent::Archived(archived) => {
            BadgeRow { issuer: archived.issuer, standing: Standing::Archived }
        }
    };
    Ok(vec![row::put(badge_key(fact.stream.tenant(), id), &row)])
}

fn issuer(fact: &RecordedEvent, rows: &Rows) -> Result<Vec<Change>, Unreadable> {
    let Ok(id) = fact.stream.id().parse::<IssuerId>() else { return Ok(vec![]) };
    let key = issuer_key(fact.stream.tenant(), id);
    let known = rows.read::<IssuerRow>(&key);
    let mut changes = Vec::with_capacity(2);
    let row = match (fact.event()?, known) {
        (IssuerEvent::Created(created), _) => {
            changes.push(row::put(did_key(fact.stream.tenant(), &created.did), &id));
            IssuerRow { did: created.did, profile: json(&created.profile), key: None }
        }
        (IssuerEvent::Updated(updated), Some(row)) => {
            IssuerRow { profile: json(&updated.profile), ..row }
        }
        (IssuerEvent::KeyAdded(NewKey { key, multikey, .. }), Some(row)) => {
            IssuerRow { key: Some((key, multikey)), ..row }
        }
        (IssuerEvent::KeyRetired(_) | IssuerEvent::KeyRevoked(_), _) | (_, None) => {
            return Ok(vec![]);
        }
    };
    changes.push(row::put(key, &row));
    Ok(changes)
}
