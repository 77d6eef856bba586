use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::RoleName;

/// How roles in processes of their own reach each other: gRPC over mutual TLS.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Mesh {
    /// Where the roles of this process listen; a process that is not called needs it not.
    #[serde(default)]
    pub listen: Option<SocketAddr>,
    /// The file of this process's certificate and those between it and the authority, in PEM. It
    /// names `ROLE.laurel` for each role that the process may act as.
    pub certificate: PathBuf,
    /// The file of its private key, in PEM, which not everybody may read.
    pub key: PathBuf,
    /// The file of the authority that signs the certificates of all roles, in PEM.
    pub authority: PathBuf,
    /// Where the roles of other processes are reached, as `https://host:port`.
    #[serde(default)]
    pub roles: BTreeMap<RoleName, String>,
}

/// A listener for the platform: whether the process lives and can serve.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Ops {
    /// Where to listen; not for the public.
    pub listen: SocketAddr,
}

/// The event store role.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EventStoreRole {
    /// Where to listen for clients of KurrentDB.
    pub listen: SocketAddr,
    /// The file of the certificate, in PEM; plain without it.
    #[serde(default)]
    pub certificate: Option<PathBuf>,
    /// The file of its private key, in PEM.
    #[serde(default)]
    pub key: Option<PathBuf>,
    /// A file with a line `name:password` for each user; without it nobody is asked.
    #[serde(default)]
    pub users_file: Option<PathBuf>,
    /// Whether an administrator's client may end the process.
    #[serde(default)]
    pub may_be_shut_down: bool,
}
