//! The issuers of a tenant, as far as designing badges needs to know them.

use eventstore::{RecordedEvent, Unreadable};
use issuers_domain::{Issuer, IssuerEvent, IssuerId, IssuerKind};
use kernel::{Aggregate, TenantId};
use readmodel::{Change, Model, Projection, Rows, View, row, tables};
use runtime::{Context, call, lookup, status};
use tonic::Status;

pub(crate) const MODEL: Model = Model { name: "design-issuers", version: 1 };

/// Nothing when the tenant has this issuer.
///
/// # Errors
/// `NOT_FOUND`.
pub(crate) async fn require(
    context: &Context,
    view: &View,
    tenant: TenantId,
    issuer: IssuerId,
) -> Result<(), Status> {
    let key = tables::row_key(tenant, issuer);
    if let Ok(Some(_)) = view.get(&key).await {
        return Ok(());
    }
    // Not there, or not there yet: only what the newest read model says counts.
    call::caught_up(context, view).await?;
    lookup::row(view, &key).await?.ok_or_else(status::missing)
}

/// Projects which issuers there are.
pub(crate) struct KnownIssuers;

impl Projection for KnownIssuers {
    fn model(&self) -> Model {
        MODEL
    }

    fn categories(&self) -> &'static [&'static str] {
        &[Issuer::CATEGORY]
    }

    fn project(&self, fact: &RecordedEvent, _: &Rows) -> Result<Vec<Change>, Unreadable> {
        let tenant = fact.stream.tenant();
        Ok(match tables::about::<Issuer, IssuerKind>(fact)? {
            Some((id, fact)) if matches!(fact.event, IssuerEvent::Created(_)) => {
                vec![row::put(tables::row_key(tenant, id), &())]
            }
            _ => vec![],
        })
    }
}
