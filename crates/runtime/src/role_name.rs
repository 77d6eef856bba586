use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The name of a role: a set of services that can have a process of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoleName {
    /// GraphQL and the public web.
    Gateway,
    /// Who may award.
    Issuers,
    /// What can be awarded.
    Design,
    /// Who was awarded what.
    Awarding,
    /// What earners hold.
    Backpack,
    /// What it adds up to.
    Analytics,
    /// The embedded log behind `KurrentDB`'s protocol.
    EventStore,
    /// The keys.
    KeyVault,
}

/// The text is no role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no such role: there are gateway, issuers, design, awarding, backpack, analytics, eventstore \
     and keyvault"
)]
pub struct UnknownRole;

impl RoleName {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Gateway,
        Self::Issuers,
        Self::Design,
        Self::Awarding,
        Self::Backpack,
        Self::Analytics,
        Self::EventStore,
        Self::KeyVault,
    ];

    /// Those that make up the application; any number of processes may run each.
    pub const APPLICATION: [Self; 6] = [
        Self::Gateway,
        Self::Issuers,
        Self::Design,
        Self::Awarding,
        Self::Backpack,
        Self::Analytics,
    ];

    /// How it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Issuers => "issuers",
            Self::Design => "design",
            Self::Awarding => "awarding",
            Self::Backpack => "backpack",
            Self::Analytics => "analytics",
            Self::EventStore => "eventstore",
            Self::KeyVault => "keyvault",
        }
    }

    /// The name in the certificates of its processes.
    #[must_use]
    pub fn dns_name(self) -> String {
        format!("{self}.laurel")
    }

    /// The roles that may call it.
    #[must_use]
    pub fn callers(self) -> &'static [Self] {
        match self {
            Self::Gateway | Self::EventStore => &[],
            Self::Issuers => &[Self::Gateway, Self::Awarding],
            Self::Design | Self::Backpack | Self::Analytics => &[Self::Gateway],
            Self::Awarding => &[Self::Gateway, Self::Backpack],
            Self::KeyVault => &Self::APPLICATION,
        }
    }

    /// The role that serves a gRPC path such as `/laurel.issuers.v1.Issuers/GetIssuer`.
    #[must_use]
    pub fn serving(path: &str) -> Option<Self> {
        let package = path.strip_prefix("/laurel.")?;
        package.split('.').next()?.parse().ok()
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RoleName {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(UnknownRole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_reads_back_from_its_name_and_from_its_paths() {
        for role in RoleName::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
            assert_eq!(RoleName::serving(&format!("/laurel.{role}.v1.X/Do")), Some(role));
        }
        assert_eq!("postmaster".parse::<RoleName>(), Err(UnknownRole));
        for path in ["/grpc.health.v1.Health/Check", "/laurel", "/laurel.x.v1.X/Do", ""] {
            assert_eq!(RoleName::serving(path), None, "{path}");
        }
    }
}
