//! Who may call, and who comes as a stranger.

use auth::Role::{self, Admin, Analyst, Awarder, Designer, Owner, Viewer};

/// Who may call an operation.
#[expect(clippy::struct_excessive_bools, reason = "a row of a table: yes or no for each kind")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Who {
    /// Anybody, without a token.
    pub public: bool,
    /// Members and clients with one of these roles, the least last.
    pub roles: &'static [Role],
    /// Whether the role must be at the organization, not only at the tenant.
    pub wide: bool,
    /// Who holds awards.
    pub earner: bool,
    /// Who runs the deployment.
    pub operator: bool,
    /// The other roles of the system.
    pub service: bool,
}

const NOBODY: Who =
    Who { public: false, roles: &[], wide: false, earner: false, operator: false, service: false };
const ALL: &[Role] = &[Owner, Admin, Designer, Awarder, Analyst, Viewer];
/// Each role, the mightiest first.
pub const ROLES: &[Role] = ALL;

/// Anybody.
pub const PUBLIC: Who = Who { public: true, ..NOBODY };
/// Whoever works for the organization.
pub const COLLEAGUES: Who = Who { roles: ALL, ..NOBODY };
/// Owners and admins of the organization.
pub const WIDE_ADMINS: Who = Who { roles: &[Owner, Admin], wide: true, ..NOBODY };
/// Owners and admins.
pub const ADMINS: Who = Who { roles: &[Owner, Admin], ..NOBODY };
/// Who designs badges.
pub const DESIGNERS: Who = Who { roles: &[Owner, Admin, Designer], ..NOBODY };
/// Who awards badges.
pub const AWARDERS: Who = Who { roles: &[Owner, Admin, Awarder], ..NOBODY };
/// Who reads the figures.
pub const ANALYSTS: Who = Who { roles: &[Owner, Admin, Analyst], ..NOBODY };
/// Who holds awards.
pub const EARNERS: Who = Who { earner: true, ..NOBODY };
/// Who runs the deployment.
pub const OPERATORS: Who = Who { operator: true, ..NOBODY };
/// The other roles of the system.
pub const SERVICES: Who = Who { service: true, ..NOBODY };

impl Who {
    /// The same and the other roles of the system, which act within one tenant.
    pub const fn or_services(self) -> Self {
        Who { service: true, ..self }
    }
}

/// A caller whose token is not good.
pub struct Stranger {
    /// Who it is, in words.
    pub name: &'static str,
    /// The token.
    pub token: Option<String>,
    /// The code of the refusal.
    pub code: &'static str,
}
