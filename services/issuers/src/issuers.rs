//! The read model of issuer profiles and their keys.

use eventstore::{RecordedEvent, Unreadable};
use issuers_domain::{
    Issuer, IssuerEvent, IssuerId, IssuerKind, NewKey, Profile, SigningKeyKind, SigningKeyRevoked,
};
use kernel::{Aggregate, Fact, TenantId, Timestamp};
use proto::issuers::v1 as wire;
use readmodel::{Change, Key, Model, Projection, Rows, row, tables};
use serde::{Deserialize, Serialize};

pub(crate) const MODEL: Model = Model { name: "issuers", version: 2 };

/// An issuer as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct IssuerRow {
    did: String,
    profile: Profile,
    pub(crate) created_at: Timestamp,
    /// Oldest first.
    keys: Vec<KeyRow>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct KeyRow {
    new: NewKey,
    created_at: Timestamp,
    retired_at: Option<Timestamp>,
    revoked: Option<SigningKeyRevoked>,
}

impl IssuerRow {
    pub(crate) fn after(row: Option<Self>, fact: &Fact<IssuerEvent>) -> Option<Self> {
        let at = fact.envelope.at;
        if let IssuerEvent::Created(created) = &fact.event {
            let (did, profile) = (created.did.clone(), created.profile.clone());
            return Some(Self { did, profile, created_at: at, keys: Vec::new() });
        }
        let mut row = row?;
        match &fact.event {
            IssuerEvent::Created(_) => {}
            IssuerEvent::Updated(updated) => row.profile = updated.profile.clone(),
            IssuerEvent::KeyAdded(new) => {
                let new = new.clone();
                row.keys.push(KeyRow { new, created_at: at, retired_at: None, revoked: None });
            }
            IssuerEvent::KeyRetired(retired) => {
                for key in row.keys.iter_mut().filter(|key| key.new.key == retired.key) {
                    key.retired_at = Some(at);
                }
            }
            IssuerEvent::KeyRevoked(revoked) => {
                for key in row.keys.iter_mut().filter(|key| key.new.key == revoked.key) {
                    key.revoked = Some(revoked.clone());
                }
            }
        }
        Some(row)
    }

    pub(crate) fn shown(self, id: IssuerId, tenant: TenantId) -> wire::Issuer {
        let keys = self.keys.into_iter().rev().map(KeyRow::shown);
        wire::Issuer {
            id: id.to_string(),
            tenant_id: tenant.to_string(),
            name: self.profile.name.to_string(),
            url: self.profile.url.unwrap_or_default(),
            description: self.profile.description.unwrap_or_default(),
            email: self.profile.email.unwrap_or_default(),
            created_at: self.created_at.to_string(),
            did: self.did,
            keys: keys.collect(),
        }
    }
}

impl KeyRow {
    fn shown(self) -> wire::SigningKey {
        let (since, reason) = match self.revoked {
            Some(revoked) => (revoked.compromised_since.to_string(), revoked.reason),
            None => (String::new(), String::new()),
        };
        wire::SigningKey {
            id: self.new.key.to_string(),
            kind: match self.new.kind() {
                SigningKeyKind::Ed25519 => wire::SigningKeyKind::Ed25519,
                SigningKeyKind::P256 => wire::SigningKeyKind::P256,
            }
            .into(),
            multikey: self.new.multikey,
            created_at: self.created_at.to_string(),
            retired_at: self.retired_at.map(|at| at.to_string()).unwrap_or_default(),
            compromised_since: since,
            revocation_reason: reason,
        }
    }
}

/// Projects issuers into their tenant, and into the platform's directory.
pub(crate) struct Issuers;

impl Projection for Issuers {
    fn model(&self) -> Model {
        MODEL
    }

    fn categories(&self) -> &'static [&'static str] {
        &[Issuer::CATEGORY]
    }

    fn reads(&self, fact: &RecordedEvent) -> Vec<Key> {
        let id = fact.stream.id().parse::<IssuerId>();
        id.map(|id| tables::row_key(fact.stream.tenant(), id)).into_iter().collect()
    }

    fn project(&self, fact: &RecordedEvent, known: &Rows) -> Result<Vec<Change>, Unreadable> {
        let tenant = fact.stream.tenant();
        let Some((id, fact)) = tables::about::<Issuer, IssuerKind>(fact)? else {
            return Ok(vec![]);
        };
        let key = tables::row_key(tenant, id);
        let Some(row) = IssuerRow::after(known.read(&key), &fact) else {
            return Ok(vec![]);
        };
        let mut changes = vec![row::put(key, &row)];
        if let IssuerEvent::Created(_) = fact.event {
            changes.extend(tables::list(tenant, fact.envelope.at, id));
            changes.push(tables::direct(id, tenant));
        }
        Ok(changes)
    }
}
