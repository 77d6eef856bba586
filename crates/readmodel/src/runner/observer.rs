use std::{fmt, sync::Arc, time::Instant};

use eventstore::RecordedEvent;

use crate::Model;

type Told = dyn Fn(Model, &[&RecordedEvent], Instant) + Send + Sync;

/// Is told of facts that a model has applied while it is followed, and when that was begun; not of
/// what is gone through to catch up.
#[derive(Clone)]
pub struct Observer(Arc<Told>);

impl Observer {
    /// Tells that; soon done, for the model waits.
    pub fn new(told: impl Fn(Model, &[&RecordedEvent], Instant) + Send + Sync + 'static) -> Self {
        Self(Arc::new(told))
    }

    pub(super) fn applied(&self, model: Model, facts: &[&RecordedEvent], began: Instant) {
        if !facts.is_empty() {
            (self.0)(model, facts, began);
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
