//! Which of the processes that share read models applies the facts of a role: the one that holds the
//! lease of it.

use std::collections::BTreeMap;

use readmodel::{Group, Lead};
use runtime::{Config, Context, Policy, RoleName};

use super::projections_of;

/// A lead for each role that has read models, where they are shared; none where one process has them.
pub(super) struct Leads(BTreeMap<RoleName, (&'static str, Lead)>);

impl Leads {
    /// Nobody leads: every process applies everything.
    pub(super) fn none() -> Self {
        Self(BTreeMap::new())
    }

    /// For these roles.
    pub(super) fn of(config: &Config, roles: &[RoleName]) -> Self {
        if config.stores.models.url().is_none() {
            return Self::none();
        }
        let named = |role: &RoleName| Some((*role, (lease(*role)?, Lead::new())));
        Self(roles.iter().filter_map(named).collect())
    }

    /// The projections of these roles with who leads them.
    pub(super) fn groups(&self, roles: &[RoleName]) -> Vec<Group> {
        let group = |role: &RoleName| {
            let lead = self.0.get(role).map(|(_, lead)| lead.clone());
            (lead, projections_of(*role))
        };
        roles.iter().map(group).collect()
    }

    /// Asks for the leases as long as the process lives.
    pub(super) fn start(self, context: &Context) {
        for (name, lead) in self.0.into_values() {
            let ended = context.tasks.cancelled();
            context.start(Policy::led_closely(name, move || {
                let (ended, lead) = (ended.clone(), lead.clone());
                async move {
                    let _leads = lead.take();
                    ended.cancelled().await;
                }
            }));
        }
    }
}

/// The lease of a role's projections.
fn lease(role: RoleName) -> Option<&'static str> {
    match role {
        RoleName::Issuers => Some("issuers-projections"),
        RoleName::Design => Some("design-projections"),
        RoleName::Awarding => Some("awarding-projections"),
        RoleName::Backpack => Some("backpack-projections"),
        RoleName::Analytics => Some("analytics-projections"),
        RoleName::Gateway | RoleName::EventStore | RoleName::KeyVault => None,
    }
}
