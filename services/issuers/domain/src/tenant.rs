use std::convert::Infallible;

use kernel::{Aggregate, Class, OrganizationId, Rejection, TenantId};
use serde::{Deserialize, Serialize};

use crate::Name;

/// An isolated issuing space of an organisation. Its stream stands in the organisation's home.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Tenant {
    /// Never made.
    #[default]
    Absent,
    /// There.
    Active {
        /// Whose it is.
        organization: OrganizationId,
        /// What people call it.
        name: Name,
    },
}

/// What can be asked of a tenant.
#[derive(Clone, Debug)]
pub enum TenantCommand {
    /// Makes it.
    Create(TenantCreated),
}

/// What can happen to a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TenantEvent {
    /// It was made.
    #[serde(rename = "tenant-created.v1")]
    Created(TenantCreated),
}

/// A new tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantCreated {
    /// Which.
    pub tenant: TenantId,
    /// Whose.
    pub organization: OrganizationId,
    /// What people call it.
    pub name: Name,
}

/// A tenant refuses nothing yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TenantRejection(Infallible);

impl Rejection for TenantRejection {
    fn code(&self) -> &'static str {
        match self.0 {}
    }

    fn class(&self) -> Class {
        match self.0 {}
    }
}

impl Aggregate for Tenant {
    const CATEGORY: &'static str = "tenant";
    type Id = TenantId;
    type Command = TenantCommand;
    type Event = TenantEvent;
    type Rejection = TenantRejection;

    fn decide(&self, command: TenantCommand) -> Result<Vec<TenantEvent>, TenantRejection> {
        let TenantCommand::Create(created) = command;
        Ok(match self {
            Tenant::Absent => vec![TenantEvent::Created(created)],
            Tenant::Active { .. } => vec![],
        })
    }

    fn evolve(self, event: TenantEvent) -> Self {
        let TenantEvent::Created(TenantCreated { organization, name, .. }) = event;
        Tenant::Active { organization, name }
    }
}

#[cfg(test)]
mod tests {
    use kernel::testing::given;

    use super::*;

    #[test]
    fn making_it_again_changes_nothing() {
        let created = TenantCreated {
            tenant: TenantId::derived([1; 16]),
            organization: OrganizationId::derived([2; 16]),
            name: "Medicine".parse().expect("a name"),
        };
        let event = TenantEvent::Created(created.clone());
        let create = TenantCommand::Create(created);
        assert_eq!(Tenant::Absent.decide(create.clone()), Ok(vec![event.clone()]));
        assert_eq!(given::<Tenant>([event]).decide(create), Ok(vec![]));
    }
}
