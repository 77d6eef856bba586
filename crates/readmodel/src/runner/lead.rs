//! Which of several processes applies facts, and when another does it instead.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use kernel::Position;
use tokio::time::Instant;

use crate::{ReadModelError, ReadModels, Slot};

/// How long a follower does without a leader that it waited for in vain.
const ALONE: Duration = Duration::from_secs(5);
/// The first pause between two looks at the store; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(16);

/// Whether this process leads some models: the leader applies facts, the others follow what it
/// applied. A leader that is gone, late or unsure costs followers a moment and never a fact, because
/// they then apply by themselves, and the store lets one win each step. Clones are the same lead.
#[derive(Clone, Debug, Default)]
pub struct Lead {
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    leads: AtomicBool,
    alone_until: Mutex<Option<Instant>>,
}

/// Leads until it is dropped.
#[must_use]
#[derive(Debug)]
pub struct Leading(Lead);

impl Drop for Leading {
    fn drop(&mut self) {
        self.0.state.leads.store(false, Relaxed);
    }
}

impl Lead {
    /// A follower's, until it is taken.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Leads: for who holds the lease of it, and as long as it does.
    pub fn take(&self) -> Leading {
        self.state.leads.store(true, Relaxed);
        Leading(self.clone())
    }

    /// Whether this process leads.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        self.state.leads.load(Relaxed)
    }

    /// Whether facts are left to another process now.
    pub(super) fn follows(&self) -> bool {
        let alone = self.state.alone_until.lock().unwrap_or_else(PoisonError::into_inner);
        !self.is_taken() && alone.is_none_or(|until| until <= Instant::now())
    }

    /// Takes note that the leader did not take a step that there was to take.
    pub(super) fn missed(&self) {
        if self.follows() {
            let mut alone = self.state.alone_until.lock().unwrap_or_else(PoisonError::into_inner);
            *alone = Some(Instant::now() + ALONE);
        }
    }

    /// Where the leader moved the checkpoint that was at `stored`; none when it did not in that time,
    /// or is not waited for any more.
    pub(super) async fn step(
        &self,
        models: &dyn ReadModels,
        slot: Slot,
        stored: Position,
        patience: Duration,
    ) -> Result<Option<Position>, ReadModelError> {
        let began = Instant::now();
        let mut pause = FIRST_PAUSE;
        while self.follows() {
            let current = models.position(slot).await?;
            if current != stored {
                return Ok(Some(current));
            }
            if began.elapsed() >= patience {
                break;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        Ok(None)
    }
}
