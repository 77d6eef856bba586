use tokio::runtime::{Handle, RuntimeFlavor};

/// From so many facts or changes on, handling them is work rather than a moment.
pub(crate) const MANY: usize = 256;

/// Runs work of milliseconds so that it holds up no other task of the runtime.
pub(crate) fn at_length<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}
