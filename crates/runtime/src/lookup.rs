//! Looks things up in read models for gRPC handlers: failures become statuses.

use kernel::{Id, Kind, TenantId};
use moka::sync::Cache;
use readmodel::{Key, View, tables};
use serde::de::DeserializeOwned;
use tonic::Status;

use crate::{Context, call, status};

/// The row of that key, if there is one.
///
/// # Errors
/// When the read model does not answer.
pub async fn row<R: DeserializeOwned>(view: &View, key: &Key) -> Result<Option<R>, Status> {
    view.read(key).await.map_err(status::of_read_model)
}

/// Whose public ids are, as far as it was asked before: an id never goes to another tenant.
#[derive(Clone, Debug)]
pub struct Directory(Cache<(&'static str, [u8; 16]), TenantId>);

/// So many ids are remembered, in about 100 bytes each.
const REMEMBERED: u64 = 100_000;

impl Default for Directory {
    fn default() -> Self {
        Self(Cache::new(REMEMBERED))
    }
}

/// The tenant of a public id, from the model's directory. One that is not there may have been made
/// a moment ago: the model catches up, and is asked once more.
///
/// # Errors
/// When the read model does not answer; `CONSISTENCY_TIMEOUT`, which a retry heals.
pub async fn tenant_of<K: Kind>(
    context: &Context,
    view: &View,
    id: Id<K>,
) -> Result<Option<TenantId>, Status> {
    let (known, name) = (&context.directory.0, (view.model().name, id.bytes()));
    if let Some(tenant) = known.get(&name) {
        return Ok(Some(tenant));
    }
    let key = tables::directory_key(id);
    let mut tenant = row(view, &key).await?;
    if tenant.is_none() {
        call::caught_up(context, view).await?;
        tenant = row(view, &key).await?;
    }
    if let Some(tenant) = tenant {
        known.insert(name, tenant);
    }
    Ok(tenant)
}
