//! What a process needs besides its roles: configuration, telemetry, clock, stores, wires, mail, the
//! egress door, health and an orderly end.
//!
//! A role gets a [`Context`] and gives [`RoleParts`]; the binary puts them together. Time, ids and
//! tasks come from here and nowhere else, so that tests can hold them still.
//!
//! A gRPC handler finds who calls in [`call`], reads fields with [`input`], rows with [`lookup`] and
//! lists with [`page`], carries out commands with [`command`], and says what went wrong with
//! [`status`].

mod address;
mod blobs;
pub mod call;
mod clock;
pub mod command;
pub mod config;
mod context;
mod deadline;
mod fetch;
pub mod health;
mod ids;
pub mod input;
pub mod lookup;
mod mail;
pub mod mesh;
pub mod metrics;
mod outbox;
pub mod page;
mod policy;
mod remote;
mod role_name;
mod serve;
pub mod shutdown;
mod smtp;
mod stands;
pub mod status;
mod stores;
mod tasks;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
mod tls;
mod tls_listener;
pub mod trace;
mod wire;

pub use address::is_public;
pub use blobs::{BlobError, Blobs, Digest, FolderBlobs, InvalidDigest};
pub use clock::{Clock, FixedClock, SystemClock};
pub use config::{Config, Flags, Limits};
pub use context::{Context, RoleParts};
pub use deadline::Deadline;
pub use fetch::{Fetch, FetchError, FetchLimits, FetchSetup, Fetched};
pub use health::Readiness;
pub use ids::Ids;
pub use mail::{Mail, MailError, Mailer};
pub use mesh::Mesh;
pub use outbox::OutboxMailer;
pub use policy::{Heard, Policy, Since};
pub use role_name::{RoleName, UnknownRole};
pub use serve::{serve, serve_mesh, serve_without_tokens};
pub use smtp::SmtpMailer;
pub use stands::{Stands, Told};
pub use status::Refusal;
pub use stores::{Stores, StoresError};
pub use tasks::Tasks;
pub use tls::{TlsError, tls_server};
pub use tls_listener::{TlsConnection, TlsListener};
pub use wire::{Guarded, Wire, local, remote};

/// Makes aws-lc-rs the one provider of TLS cryptography in the process: the first thing that every
/// `main` does. Doing it twice changes nothing.
pub fn install_cryptography() {
    // An error says that a provider is installed already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
