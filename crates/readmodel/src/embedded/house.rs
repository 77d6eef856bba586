//! The store and what it takes to open it again: fjall takes no more writes after one that failed.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use super::{EmbeddedOptions, Room, Store, unavailable};
use crate::ReadModelError;

/// How long calls under way are waited for before the store is opened again.
const PATIENCE: Duration = Duration::from_secs(10);

/// The store and what it takes to open it again.
pub(super) struct House {
    options: EmbeddedOptions,
    room: Room,
    /// None while it is opened again.
    store: RwLock<Option<Arc<Store>>>,
}

/// A write failed and the store is not open again yet.
#[derive(Debug, thiserror::Error)]
#[error("the read models are being opened again after a write that failed")]
struct OpeningAgain;

impl House {
    pub(super) fn of(store: Arc<Store>, options: EmbeddedOptions) -> Self {
        let room = Room::new(&options.path, options.reserve);
        Self { options, room, store: RwLock::new(Some(store)) }
    }

    /// For what reads.
    pub(super) fn store(&self) -> Result<Arc<Store>, ReadModelError> {
        let store = self.store.read().unwrap_or_else(PoisonError::into_inner);
        store.clone().ok_or_else(|| unavailable(OpeningAgain))
    }

    /// For what writes: where there is room.
    pub(super) fn store_with_room(&self) -> Result<Arc<Store>, ReadModelError> {
        self.room.look_often().map_err(unavailable)?;
        self.store()
    }

    /// Opens the store again when it takes no more writes although the folder does. Until then what
    /// was applied can be read.
    pub(super) fn mend(&self) {
        if self.store().is_ok_and(|store| store.takes_writes()) || self.room.look().is_err() {
            return;
        }
        if let Err(error) = self.room.probe() {
            tracing::warn!(%error, "the read models take no more facts until their folder can be written to");
            return;
        }
        let held = self.store.write().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(held) = held
            && let Err(busy) = alone(held)
        {
            *self.store.write().unwrap_or_else(PoisonError::into_inner) = Some(busy);
            return;
        }
        match Store::open(&self.options) {
            Ok(store) => {
                *self.store.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(store));
                tracing::warn!("the read models were opened again after a write that failed");
            }
            Err(error) => {
                tracing::error!(%error, "the read models cannot be opened again yet");
            }
        }
    }
}

/// Closes the store once nobody uses it any more; gives it back when somebody does for too long.
fn alone(mut store: Arc<Store>) -> Result<(), Arc<Store>> {
    let began = Instant::now();
    loop {
        match Arc::try_unwrap(store) {
            Ok(alone) => {
                drop(alone);
                return Ok(());
            }
            Err(used) if began.elapsed() < PATIENCE => store = used,
            Err(used) => return Err(used),
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}
