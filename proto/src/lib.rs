//! The contract between the roles: the messages, clients and servers generated from
//! `proto/laurel/*/v1/*.proto`. To add a call, write it there; the servers that lack it stop
//! compiling.

#![allow(missing_docs, clippy::all, clippy::pedantic)]

/// The descriptors of all files, for reflection and for tests that walk every call.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/laurel.bin"));

macro_rules! versions {
    ($($name:ident),+) => {$(
        pub mod $name {
            pub mod v1 {
                tonic::include_proto!(concat!("laurel.", stringify!($name), ".v1"));
            }
        }
    )+};
}

versions!(write, page, issuers, design, awarding, backpack, analytics);
