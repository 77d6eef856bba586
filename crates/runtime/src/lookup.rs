//! Looks things up in read models for gRPC handlers: failures become statuses.

use kernel::{Id, Kind, TenantId};
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
    let key = tables::directory_key(id);
    if let Some(tenant) = row(view, &key).await? {
        return Ok(Some(tenant));
    }
    call::caught_up(context, view).await?;
    row(view, &key).await
}
