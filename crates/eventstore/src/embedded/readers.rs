use std::{
    ops::{Deref, DerefMut},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::reader::Reader;
use crate::StoreError;

/// A bounded number of readers, opened when they are first needed.
pub(super) struct Readers {
    folder: PathBuf,
    idle: Mutex<Vec<Reader>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub fn new(folder: PathBuf, most: usize) -> Arc<Self> {
        let permits = Arc::new(Semaphore::new(most.max(1)));
        Arc::new(Self { folder, idle: Mutex::default(), permits })
    }

    /// A reader for one read; waits while all are in use.
    pub async fn lease(self: &Arc<Self>) -> Result<Lease, StoreError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|_| StoreError::Closed)?;
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let reader = match idle {
            Some(reader) => reader,
            None => Reader::open(&self.folder).map_err(StoreError::Unavailable)?,
        };
        Ok(Lease { reader: Some(reader), readers: Arc::clone(self), _permit: permit })
    }

    /// Lends no more; what is lent is closed when it comes back.
    pub fn close(&self) {
        self.permits.close();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// A reader that goes back when this is dropped.
pub(super) struct Lease {
    reader: Option<Reader>,
    readers: Arc<Readers>,
    _permit: OwnedSemaphorePermit,
}

impl Deref for Lease {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        self.reader.as_ref().expect("a lease holds its reader until it is dropped")
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Reader {
        self.reader.as_mut().expect("a lease holds its reader until it is dropped")
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut idle = self.readers.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.readers.permits.is_closed() {
            idle.extend(self.reader.take());
        }
    }
}
