//! The issuers of a tenant, as far as designing badges needs to know them.

use eventstore::{RecordedEvent, Unreadable};
use issuers_domain::{Issuer, IssuerEvent, IssuerId, IssuerKind};
use kernel::{Aggregate, TenantId};
use readmodel::{Change, Model, Projection, Rows, View};
use runtime::{Context, call, status};
use tonic::Status;

use crate::rows;

pub(crate) const MODEL: Model = Model { name: "design-issuers", version: 1 };

/// How long a badge waits for an issuer that may have been made a moment ago.

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
    let key = rows::row_key(tenant, issuer);
    if let Ok(Some(_)) = view.get(&key).await {
        return Ok(());
    }
    // Not there, or not there yet: only what the newest read model says counts.
    call::caught_up(context, view).await?;
    rows::get(view, &key).await?.ok_or_else(status::missing)
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
        Ok(match rows::about::<Issuer, IssuerKind>(fact)? {
            Some((id, fact)) if matches!(fact.event, IssuerEvent::Created(_)) => {
                vec![rows::put(rows::row_key(tenant, id), &())]
            }
            _ => vec![],
        })
    }
}
