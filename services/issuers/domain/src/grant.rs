use kernel::{Class, Rejection, TenantId};
use serde::{Deserialize, Serialize};

use crate::IssuerId;

/// What a member or client may do, from most to least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Everything, the organisation itself included.
    Owner,
    /// Everything but the organisation itself.
    Admin,
    /// Designs badges.
    Designer,
    /// Awards badges and revokes awards.
    Awarder,
    /// Sees what it all adds up to.
    Analyst,
    /// Sees what there is.
    Viewer,
}

/// Where a role holds; it holds for everything inside, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Scope {
    /// In the organisation and all its tenants.
    Organization,
    /// In one tenant.
    Tenant(TenantId),
    /// At one issuer of a tenant.
    Issuer {
        /// The tenant.
        tenant: TenantId,
        /// The issuer.
        issuer: IssuerId,
    },
}

impl Scope {
    /// The tenant that it is confined to; none when it holds in all of them.
    #[must_use]
    pub fn tenant(self) -> Option<TenantId> {
        match self {
            Scope::Organization => None,
            Scope::Tenant(tenant) | Scope::Issuer { tenant, .. } => Some(tenant),
        }
    }

    /// Whether it holds somewhere in this tenant.
    #[must_use]
    pub fn reaches(self, tenant: TenantId) -> bool {
        self.tenant().is_none_or(|own| own == tenant)
    }
}

/// A role and where it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// What.
    pub role: Role,
    /// Where.
    pub scope: Scope,
}

/// What one member or client was granted: 1 to 100 grants, sorted, each once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Grants(Vec<Grant>);

/// Why grants cannot be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrantRejection {
    /// None, or too many.
    #[error("1 to 100 grants are needed")]
    Number,
    /// An owner of less than the organisation.
    #[error("the role owner can be granted at the organisation only: name no tenant and no issuer")]
    OwnerElsewhere,
}

impl Rejection for GrantRejection {
    fn code(&self) -> &'static str {
        "INVALID_INPUT"
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn path(&self) -> Option<&'static str> {
        Some("/grants")
    }
}

impl Grants {
    /// Sorts the grants and keeps each once.
    ///
    /// # Errors
    /// When there are none or more than 100, or an owner is to own less than the organisation.
    pub fn new(mut grants: Vec<Grant>) -> Result<Self, GrantRejection> {
        if grants.is_empty() || grants.len() > 100 {
            return Err(GrantRejection::Number);
        }
        if grants.iter().any(|g| g.role == Role::Owner && g.scope != Scope::Organization) {
            return Err(GrantRejection::OwnerElsewhere);
        }
        grants.sort_unstable();
        grants.dedup();
        Ok(Self(grants))
    }

    /// The grant of an organisation's first member.
    #[must_use]
    pub fn owner() -> Self {
        Self(vec![Grant { role: Role::Owner, scope: Scope::Organization }])
    }

    /// Each of them.
    #[must_use]
    pub fn as_slice(&self) -> &[Grant] {
        &self.0
    }

    /// Whether the organisation is owned through them.
    #[must_use]
    pub fn own(&self) -> bool {
        self.0.iter().any(|grant| grant.role == Role::Owner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_grant_counts_once_in_whatever_order() {
        let at = |byte| Scope::Tenant(TenantId::derived([byte; 16]));
        let (one, two) = (
            Grant { role: Role::Viewer, scope: at(1) },
            Grant { role: Role::Awarder, scope: at(2) },
        );
        assert_eq!(Grants::new(vec![one, two, one]), Grants::new(vec![two, one]));
    }

    #[test]
    fn grants_out_of_bounds_are_refused() {
        let viewer = |n: u128| Grant {
            role: Role::Viewer,
            scope: Scope::Tenant(TenantId::derived(n.to_be_bytes())),
        };
        assert_eq!(Grants::new(vec![]), Err(GrantRejection::Number));
        assert_eq!(Grants::new((0..101).map(viewer).collect()), Err(GrantRejection::Number));
        let owner = Grant { role: Role::Owner, ..viewer(1) };
        assert_eq!(Grants::new(vec![owner]), Err(GrantRejection::OwnerElsewhere));
    }

    #[test]
    fn a_grant_at_the_organisation_reaches_every_tenant() {
        let (ours, other) = (TenantId::derived([1; 16]), TenantId::derived([2; 16]));
        assert!(Scope::Organization.reaches(other));
        assert!(Scope::Tenant(ours).reaches(ours) && !Scope::Tenant(ours).reaches(other));
        let issuer = Scope::Issuer { tenant: ours, issuer: IssuerId::derived([3; 16]) };
        assert!(issuer.reaches(ours) && !issuer.reaches(other));
    }
}
