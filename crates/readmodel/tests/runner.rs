//! What a runner promises to projections and to those who read, on the embedded store.

#![expect(clippy::unwrap_used, reason = "a failed call fails the test")]

#[path = "runner/cases.rs"]
mod cases;
#[path = "runner/log.rs"]
mod log;
#[path = "runner/tally.rs"]
mod tally;
#[path = "runner/world.rs"]
mod world;

mod store {
    use std::sync::Arc;

    use readmodel::{Embedded, EmbeddedOptions, ReadModels};
    use tempfile::TempDir;

    use crate::world::World;

    #[expect(clippy::unnecessary_wraps, reason = "of other stores there may be none")]
    pub fn world() -> Option<World> {
        let folder = TempDir::new().unwrap();
        let models = Embedded::open(&EmbeddedOptions::new(folder.path())).unwrap();
        let models: Arc<dyn ReadModels> = Arc::new(models);
        Some(World::on(folder, move || models.clone()))
    }
}
