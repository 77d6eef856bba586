//! Offers a vault to other processes.
//!
//! ```text
//! let (vault, caretaker) = Shared::new(embedded, LEASE);
//! tasks.spawn("key vault", caretaker.run(tasks.cancelled().cancelled_owned()));
//! let service = Service::new(vault).admitting(|extensions, call| …).into_server();
//! ```
//!
//! [`Shared`] keeps the promise of [`KeyVault::destroy`] across processes: it tells every watcher,
//! and answers when each has forgotten or has lost its lease. [`Service`] speaks the protocol of
//! `proto/laurel/keyvault/v1/keyvault.proto`. It knows callers by what the listener put into the
//! extensions of their requests, such as the names of their certificates, and admits nobody until
//! it is told whom. The listener must be mutual TLS: keys cross it in the clear.

mod access;
mod register;
mod service;
mod shared;
mod watch;

pub use access::Call;
pub use service::Service;
pub use shared::{Caretaker, LEASE, Shared};

#[cfg(doc)]
use crate::KeyVault;
