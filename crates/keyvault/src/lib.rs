//! Keys beside the log, not in it: one per person, wrapped under their tenant's, wrapped under the
//! root key.
//!
//! [`KeyVault`] is the port and [`Embedded`] keeps it in one SQLite file. Personal data is sealed
//! with a [`DataKey`] before it becomes a fact; [`KeyVault::destroy`] makes all of it unreadable at
//! once. With the features of these names, `server` offers a vault to other processes over gRPC, and
//! `remote` is the vault of another process. To add an adapter, implement the port and call
//! [`conformance::all`] from its test.

mod bounds;
pub mod conformance;
mod embedded;
mod glance;
mod key;
mod moving;
mod port;
#[cfg(feature = "remote")]
pub mod remote;
mod root;
mod rotation;
mod rows;
#[cfg(feature = "server")]
pub mod server;
mod snapshot;
mod subject;
mod texts;
#[cfg(any(feature = "server", feature = "remote"))]
mod wire;
mod wrap;
mod writer;

pub use embedded::{Embedded, EmbeddedOptions, OpenError};
pub use glance::glance;
pub use key::{DataKey, Secret, UnsealError};
pub use moving::{Admission, Admitted, Moved, MovingError, Opening, hand_over, vouch, vouched};
pub use port::{KeyVault, Owner, VaultError, unseal};
pub use root::{RootKey, RootKeyError};
pub use rotation::{RootKeyState, RotateError, Rotation, rehearse, root_key_of, rotate};
pub use snapshot::{Opened, Snapshot, SnapshotError, Standing, copy_vault, fits};
pub use subject::subject_of;
