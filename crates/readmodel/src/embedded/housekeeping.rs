//! Gives memory back when nothing is applied for a while, puts the journal on stable storage now and
//! then, and opens the store again where a write failed.

use std::{
    collections::HashMap,
    io,
    sync::{
        Arc, Weak,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use fjall::PersistMode;

use super::House;

/// How often is looked whether the store takes writes.
const LOOK: Duration = Duration::from_secs(1);
/// Every so many looks it is tidied up.
const TIDY: u32 = 5;

/// The thread; ends with this handle.
pub(super) struct Housekeeper {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Housekeeper {
    pub(super) fn start(house: &Arc<House>) -> io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let house = Arc::downgrade(house);
        let work = move || {
            let (mut seen, mut looks) = (HashMap::new(), 0);
            while stopped.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                looks = (looks + 1) % TIDY;
                if looks == 0 {
                    tidy(&house, &mut seen);
                }
                if let Some(house) = house.upgrade() {
                    house.mend();
                }
            }
        };
        let thread = thread::Builder::new().name("readmodel".into()).spawn(work)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Housekeeper {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic there has been reported by the panic hook.
            let _ = thread.join();
        }
    }
}

/// Writes out slots that were written to, but not since the last look.
fn tidy(house: &Weak<House>, seen: &mut HashMap<usize, u64>) {
    let Some(house) = house.upgrade() else { return };
    // Without room they stay where they are.
    let Ok(store) = house.store_with_room() else { return };
    let mut now = HashMap::new();
    let mut busy = false;
    for slot in store.all_slots() {
        let (identity, written) = (Arc::as_ptr(&slot) as usize, slot.written());
        let before = seen.get(&identity).copied().unwrap_or(0);
        busy |= written != before;
        if written == before
            && let Err(error) = slot.write_out_later()
        {
            tracing::warn!(error = &error as &dyn std::error::Error, "rows stay in memory");
        }
        now.insert(identity, slot.written());
    }
    *seen = now;
    if busy && let Err(error) = store.database.persist(PersistMode::SyncData) {
        tracing::warn!(error = &error as &dyn std::error::Error, "rows are not yet durable");
    }
}
