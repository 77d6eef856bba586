use eventstore::{EventStore, Filter, Kurrent, KurrentOptions, Moment, RecordedEvent};
use issuers_domain::TenantEvent;
use kernel::{OrganizationId, Position, TenantId};
use runtime::Config;
use serde::Serialize;

use super::export::pages;

/// A tenant of a cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    /// Its id.
    pub tenant: TenantId,
    /// To which organisation it belongs.
    pub organization: OrganizationId,
    /// What it is called.
    pub name: String,
    /// Since when it is there.
    pub created_at: String,
}

/// The tenants of a cell, the oldest first. Laurel may serve meanwhile.
///
/// # Errors
/// When the log cannot be read.
pub async fn list(config: &Config) -> anyhow::Result<Vec<Listed>> {
    let mut found = Vec::new();
    if let Some(url) = config.stores.events.url() {
        let events = Kurrent::connect(&KurrentOptions::at(url))?;
        let (every, head) = (Filter::every_tenant(&["tenant"]), events.head().await?);
        pages(&events, &every, head, &mut |fact| {
            found.push(fact);
            Ok(())
        })
        .await?;
    } else {
        let log = Moment::of(&config.data.join("events"))?;
        let mut see = |fact: &RecordedEvent| {
            found.push(fact.clone());
            Ok(())
        };
        log.each(Position::START, &|stream| stream.category() == "tenant", &mut see)?;
    }
    found.iter().map(listed).collect()
}

fn listed(fact: &RecordedEvent) -> anyhow::Result<Listed> {
    let TenantEvent::Created(created) = fact.event()?;
    Ok(Listed {
        tenant: created.tenant,
        organization: created.organization,
        name: created.name.to_string(),
        created_at: fact.envelope()?.at.to_string(),
    })
}
