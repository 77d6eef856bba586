use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use uuid::Uuid;

use crate::ReadModelError;

/// Who of several processes does a thing. A lease saves work that would be done twice, and effects
/// such as letters that would happen twice; nothing that must stay right rests on it alone, because
/// a process may be paused while its lease runs out.
#[async_trait::async_trait]
pub trait Leases: Send + Sync + 'static {
    /// Takes the lease of that name, or holds it longer: for so long from now. Whether it is held.
    /// `name` is a short constant such as `awarding-mail`.
    ///
    /// # Errors
    /// [`ReadModelError::Unavailable`]: it may be held or not.
    async fn hold(
        &self,
        name: &str,
        holder: Uuid,
        within: Duration,
    ) -> Result<bool, ReadModelError>;

    /// Gives it back, if it is held by that holder.
    ///
    /// # Errors
    /// [`ReadModelError::Unavailable`]: it ends by itself.
    async fn release(&self, name: &str, holder: Uuid) -> Result<(), ReadModelError>;
}

/// The leases of one process, in memory: for stores that only one process can open.
#[derive(Debug, Default)]
pub struct LocalLeases {
    held: Mutex<HashMap<String, (Uuid, Instant)>>,
}

#[async_trait::async_trait]
impl Leases for LocalLeases {
    async fn hold(
        &self,
        name: &str,
        holder: Uuid,
        within: Duration,
    ) -> Result<bool, ReadModelError> {
        let now = Instant::now();
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let free = held.get(name).is_none_or(|(other, until)| *other == holder || *until <= now);
        if free {
            held.insert(name.to_owned(), (holder, now + within));
        }
        Ok(free)
    }

    async fn release(&self, name: &str, holder: Uuid) -> Result<(), ReadModelError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.get(name).is_some_and(|(other, _)| *other == holder) {
            held.remove(name);
        }
        Ok(())
    }
}
