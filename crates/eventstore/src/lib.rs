//! The log: one port, its adapters, their conformance suite, and the loop that every command runs
//! through.
//!
//! Append is the only write in Laurel. [`EventStore`] is the port; [`Embedded`] keeps it on one
//! machine in SQLite files; [`execute`] reads, folds, decides and appends. To add an adapter,
//! implement the port and call [`conformance::all`] from its test.

mod codec;
pub mod conformance;
mod embedded;
mod execute;
#[cfg(feature = "kurrent")]
mod kurrent;
mod port;
pub mod raw;
#[cfg(feature = "server")]
pub mod server;
mod stream;

pub use codec::{Unreadable, decode, encode};
pub use embedded::{
    Damage, Embedded, EmbeddedOptions, Flushes, Glance, Inspected, Moment, OpenError, Seen,
    Submitted, Sweep, copy_log, glance, inspect_log,
};
pub use execute::{Done, ExecuteError, Execution, Loaded, carry_out, execute, load, load_for};
#[cfg(feature = "kurrent")]
pub use kurrent::{
    ConnectError, Kurrent, KurrentHealth, KurrentLeader, KurrentMember, KurrentOptions,
    KurrentRight, KurrentSeen, examine_kurrent, kurrent_places,
};
pub use port::{
    AppendError, Appended, Decoded, Deletion, EventStore, Expected, Filter, NewEvent, Page,
    RecordedEvent, Scope, Signal, Signals, StoreError, Write,
};
pub use stream::{InvalidStream, StreamId};
