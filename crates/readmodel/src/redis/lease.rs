//! Leases: a key each, which Redis forgets by itself.

use std::time::Duration;

use redis::{Cmd, Value};
use uuid::Uuid;

use super::{Redis, scripts};
use crate::{Leases, ReadModelError};

#[async_trait::async_trait]
impl Leases for Redis {
    async fn hold(
        &self,
        name: &str,
        holder: Uuid,
        within: Duration,
    ) -> Result<bool, ReadModelError> {
        let key = self.store.names.lease(name);
        let millis = u64::try_from(within.as_millis()).unwrap_or(u64::MAX).max(1);
        let ask = |command: &mut Cmd| {
            command.arg(holder.as_bytes().as_slice()).arg(millis);
        };
        let held = self.store.link.run(&scripts::HOLD, &[key.as_str()], ask).await?;
        Ok(held == Value::Int(1))
    }

    async fn release(&self, name: &str, holder: Uuid) -> Result<(), ReadModelError> {
        let key = self.store.names.lease(name);
        let ask = |command: &mut Cmd| {
            command.arg(holder.as_bytes().as_slice());
        };
        self.store.link.run(&scripts::RELEASE, &[key.as_str()], ask).await?;
        Ok(())
    }
}
