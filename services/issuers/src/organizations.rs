//! The read model of organisations and their tenants.

use eventstore::{RecordedEvent, Unreadable};
use issuers_domain::{Organization, OrganizationEvent, Tenant, TenantEvent};
use kernel::{Aggregate, Fact, OrganizationId, OrganizationKind, TenantId, TenantKind, Timestamp};
use proto::issuers::v1 as wire;
use readmodel::{Change, Key, Model, Projection, Rows, row, tables};
use serde::{Deserialize, Serialize};

pub(crate) const MODEL: Model = Model { name: "organizations", version: 1 };
const ORGANIZATION: &str = "organization";

/// An organisation as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OrganizationRow {
    name: String,
    created_at: Timestamp,
}

impl OrganizationRow {
    pub(crate) fn key(organization: OrganizationId) -> Key {
        Key::new(organization.home(), ORGANIZATION, organization.bytes())
    }

    pub(crate) fn after(row: Option<Self>, fact: &Fact<OrganizationEvent>) -> Option<Self> {
        match &fact.event {
            OrganizationEvent::Created(created) => {
                Some(Self { name: created.name.to_string(), created_at: fact.envelope.at })
            }
            OrganizationEvent::OwnerAdded(_) | OrganizationEvent::OwnerRemoved(_) => row,
        }
    }

    pub(crate) fn shown(self, id: OrganizationId) -> wire::Organization {
        let created_at = self.created_at.to_string();
        wire::Organization { id: id.to_string(), name: self.name, created_at }
    }
}

/// A tenant as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TenantRow {
    organization: OrganizationId,
    name: String,
    pub(crate) created_at: Timestamp,
}

impl TenantRow {
    pub(crate) fn of(fact: &Fact<TenantEvent>) -> Self {
        let TenantEvent::Created(created) = &fact.event;
        let (organization, name) = (created.organization, created.name.to_string());
        Self { organization, name, created_at: fact.envelope.at }
    }

    pub(crate) fn shown(self, id: TenantId) -> wire::Tenant {
        wire::Tenant {
            id: id.to_string(),
            organization_id: self.organization.to_string(),
            name: self.name,
            created_at: self.created_at.to_string(),
        }
    }
}

/// Projects both into the organisation's home.
pub(crate) struct Organizations;

impl Projection for Organizations {
    fn model(&self) -> Model {
        MODEL
    }

    fn categories(&self) -> &'static [&'static str] {
        &[Organization::CATEGORY, Tenant::CATEGORY]
    }

    fn project(&self, fact: &RecordedEvent, _: &Rows) -> Result<Vec<Change>, Unreadable> {
        if let Some((id, fact)) = tables::about::<Organization, OrganizationKind>(fact)? {
            let row = OrganizationRow::after(None, &fact);
            return Ok(row
                .map(|row| row::put(OrganizationRow::key(id), &row))
                .into_iter()
                .collect());
        }
        let home = fact.stream.tenant();
        let Some((id, fact)) = tables::about::<Tenant, TenantKind>(fact)? else {
            return Ok(vec![]);
        };
        let mut changes = vec![row::put(tables::row_key(home, id), &TenantRow::of(&fact))];
        changes.extend(tables::list(home, fact.envelope.at, id));
        Ok(changes)
    }
}
