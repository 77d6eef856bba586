use std::{fmt, sync::Arc, time::Duration};

/// Is told how long each flush of the log took: from the wish to commit until the disk has it.
#[derive(Clone)]
pub struct Flushes(Arc<dyn Fn(Duration) + Send + Sync>);

impl Flushes {
    /// Tells that; soon done, for writers wait.
    pub fn new(took: impl Fn(Duration) + Send + Sync + 'static) -> Self {
        Self(Arc::new(took))
    }

    pub(super) fn took(&self, time: Duration) {
        (self.0)(time);
    }
}

impl fmt::Debug for Flushes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Flushes")
    }
}
