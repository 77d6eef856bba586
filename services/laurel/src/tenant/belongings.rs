//! What belongs to a tenant, and so travels with it; nothing else is ever written.

use eventstore::StreamId;
use kernel::{OrganizationId, TenantId};

/// A tenant and the organisation that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Belongings {
    pub(super) tenant: TenantId,
    pub(super) organization: OrganizationId,
}

/// For what the platform's key yields secrets that are in the facts of all tenants: earners are
/// known by one, members who sign in by another, and repeated requests by the third.
pub(super) const LOOKUPS: [&str; 3] =
    ["email-lookup", "member-sign-in", runtime::Context::FINGERPRINTS];

/// The streams of the home of an organisation that go along. Of its tenants, this one.
pub(super) const HOME: [&str; 4] = ["organization", "tenant", "member", "client"];

impl Belongings {
    /// Whose streams hold the organisation, its members and its API clients.
    pub(super) fn home(self) -> TenantId {
        self.organization.home()
    }

    /// Whether a stream goes along.
    pub(super) fn has(self, stream: &StreamId) -> bool {
        stream.tenant() == self.tenant || self.has_at_home(stream)
    }

    fn has_at_home(self, stream: &StreamId) -> bool {
        if stream.tenant() != self.home() || !HOME.contains(&stream.category()) {
            return false;
        }
        match stream.category() {
            "organization" => *stream == self.organization_stream(),
            "tenant" => *stream == self.tenant_stream(),
            _ => true,
        }
    }

    /// Where the organisation stands.
    pub(super) fn organization_stream(self) -> StreamId {
        StreamId::named("organization", self.home(), self.organization)
    }

    /// Where it stands that the tenant belongs to the organisation.
    pub(super) fn tenant_stream(self) -> StreamId {
        StreamId::named("tenant", self.home(), self.tenant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_others_belongs_to_a_tenant() {
        let tenant = TenantId::derived([1; 16]);
        let ours = Belongings { tenant, organization: OrganizationId::derived([2; 16]) };
        let home = ours.home();
        for (category, whose, id, belongs) in [
            ("award", tenant, "award_1".to_owned(), true),
            ("award", home, "award_1".to_owned(), false),
            ("award", TenantId::PLATFORM, "award_1".to_owned(), false),
            ("member", home, "member_1".to_owned(), true),
            ("client", home, "client_1".to_owned(), true),
            ("member", TenantId::derived([3; 16]), "member_1".to_owned(), false),
            ("organization", home, ours.organization.to_string(), true),
            ("organization", home, "other".to_owned(), false),
            ("tenant", home, tenant.to_string(), true),
            ("tenant", home, TenantId::derived([4; 16]).to_string(), false),
            ("signin", home, "signin_1".to_owned(), false),
        ] {
            assert_eq!(
                ours.has(&StreamId::named(category, whose, &id)),
                belongs,
                "{category} {id}"
            );
        }
    }
}
