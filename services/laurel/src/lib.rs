//! The product: every role in one process, and the command line.
//!
//! [`process`] opens the stores, assembles the roles and serves them; [`demo`] seeds one with a
//! small organisation through its public interface; [`mod@bench`] measures it. To add a command, give
//! it a variant in [`cli`] and a file here; it prints with `say!`.

#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod audit;
pub mod backup;
pub mod bench;
pub mod cli;
pub mod demo;
pub mod doctor;
mod eventstore_role;
pub mod facts;
pub mod fleet;
pub mod https;
pub mod jose;
pub mod key;
mod keyvault_role;
pub mod manual;
mod ops;
pub mod partner;
pub mod process;
pub mod projection;
pub mod restore;
mod say;
pub mod settings;
pub mod tenant;
pub mod verify;
pub mod verify_backup;
