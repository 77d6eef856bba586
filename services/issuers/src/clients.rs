//! The read model of API clients. Nothing of their secrets is in it.

use eventstore::{RecordedEvent, Unreadable};
use issuers_domain::{Client, ClientEvent, ClientId, ClientKind, Grants};
use kernel::{Aggregate, Fact, Timestamp};
use proto::issuers::v1 as wire;
use readmodel::{Change, Key, Model, Projection, Rows, row, tables};
use serde::{Deserialize, Serialize};

use crate::grants;

pub(crate) const MODEL: Model = Model { name: "clients", version: 1 };

/// A client as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ClientRow {
    name: String,
    grants: Grants,
    created_at: Timestamp,
    revoked_at: Option<Timestamp>,
}

impl ClientRow {
    pub(crate) fn after(row: Option<Self>, fact: &Fact<ClientEvent>) -> Option<Self> {
        let at = fact.envelope.at;
        match &fact.event {
            ClientEvent::Created(created) => {
                let (name, grants) = (created.name.to_string(), created.grants.clone());
                Some(Self { name, grants, created_at: at, revoked_at: None })
            }
            ClientEvent::Revoked {} => row.map(|row| Self { revoked_at: Some(at), ..row }),
        }
    }

    pub(crate) fn shown(self, id: ClientId) -> wire::Client {
        wire::Client {
            id: id.to_string(),
            name: self.name,
            grants: grants::shown(&self.grants),
            created_at: self.created_at.to_string(),
            revoked_at: self.revoked_at.map(|at| at.to_string()).unwrap_or_default(),
        }
    }
}

/// Projects clients into their tenant, and into the platform's directory.
pub(crate) struct Clients;

impl Projection for Clients {
    fn model(&self) -> Model {
        MODEL
    }

    fn categories(&self) -> &'static [&'static str] {
        &[Client::CATEGORY]
    }

    fn reads(&self, fact: &RecordedEvent) -> Vec<Key> {
        let id = fact.stream.id().parse::<ClientId>();
        id.map(|id| tables::row_key(fact.stream.tenant(), id)).into_iter().collect()
    }

    fn project(&self, fact: &RecordedEvent, known: &Rows) -> Result<Vec<Change>, Unreadable> {
        let tenant = fact.stream.tenant();
        let Some((id, fact)) = tables::about::<Client, ClientKind>(fact)? else {
            return Ok(vec![]);
        };
        let key = tables::row_key(tenant, id);
        let Some(row) = ClientRow::after(known.read(&key), &fact) else {
            return Ok(vec![]);
        };
        let mut changes = vec![row::put(key, &row)];
        if let ClientEvent::Created(_) = fact.event {
            changes.extend(tables::list(tenant, row.created_at, id));
            changes.push(tables::direct(id, tenant));
        }
        Ok(changes)
    }
}
