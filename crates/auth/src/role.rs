use serde::{Deserialize, Serialize};

/// What somebody is within an organization, a tenant or an issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// May everything.
    Owner,
    /// May everything but change the organization itself.
    Admin,
    /// Designs badges.
    Designer,
    /// Awards badges and revokes awards.
    Awarder,
    /// Reads the figures.
    Analyst,
    /// Reads what holds no personal data.
    Viewer,
}

/// How far a role reaches.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Every tenant of the organization.
    Organization,
    /// Every issuer of the tenant.
    Tenant,
    /// One issuer, by its id in text form.
    Issuer(String),
}

/// A role and its reach.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Grant {
    /// What.
    pub role: Role,
    /// Where.
    pub scope: Scope,
}

/// What can be permitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Change the organization itself. Organization level.
    ManageOrganization,
    /// Add and remove tenants. Organization level.
    ManageTenants,
    /// Invite members and give them roles.
    ManageMembers,
    /// Register API clients.
    ManageClients,
    /// Change issuer profiles.
    ManageIssuers,
    /// Make and rotate signing keys.
    ManageKeys,
    /// Draft, publish and archive badges.
    DesignBadges,
    /// Award badges.
    AwardBadges,
    /// Revoke awards.
    RevokeAwards,
    /// Erase a person.
    ErasePeople,
    /// See who holds what.
    ReadPeople,
    /// See the figures.
    ReadAnalytics,
    /// See what holds no personal data.
    Read,
}

impl Role {
    /// Whether the role includes the permission.
    #[must_use]
    pub fn permits(self, permission: Permission) -> bool {
        use Permission::{
            AwardBadges, DesignBadges, ManageOrganization, Read, ReadAnalytics, ReadPeople,
            RevokeAwards,
        };
        match self {
            Role::Owner => true,
            Role::Admin => permission != ManageOrganization,
            Role::Designer => matches!(permission, DesignBadges | Read),
            Role::Awarder => {
                matches!(permission, AwardBadges | RevokeAwards | ReadPeople | Read)
            }
            Role::Analyst => matches!(permission, ReadAnalytics | Read),
            Role::Viewer => permission == Read,
        }
    }
}

impl Permission {
    /// Whether only a grant at organization level can give it.
    #[must_use]
    pub fn concerns_organization(self) -> bool {
        matches!(self, Permission::ManageOrganization | Permission::ManageTenants)
    }

    /// What it lets do, to follow "may not".
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Permission::ManageOrganization => "change the organization",
            Permission::ManageTenants => "manage tenants",
            Permission::ManageMembers => "manage members",
            Permission::ManageClients => "manage API clients",
            Permission::ManageIssuers => "manage issuers",
            Permission::ManageKeys => "manage signing keys",
            Permission::DesignBadges => "design badges",
            Permission::AwardBadges => "award badges",
            Permission::RevokeAwards => "revoke awards",
            Permission::ErasePeople => "erase people",
            Permission::ReadPeople => "read personal data",
            Permission::ReadAnalytics => "read analytics",
            Permission::Read => "read here",
        }
    }
}
