use kernel::{Aggregate, Class, OrganizationId, Rejection, Sealed};
use serde::{Deserialize, Serialize};

use crate::{Grants, IdentityId, MemberId};

/// A person who works for an organisation. The stream stands in the organisation's home.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Member {
    /// Never invited.
    #[default]
    Absent,
    /// A member.
    Active {
        /// Of what.
        organization: OrganizationId,
        /// What they may do.
        grants: Grants,
    },
    /// No longer a member; may be invited again.
    Removed,
}

/// What can be asked about a member.
#[derive(Clone, Debug)]
pub enum MemberCommand {
    /// Makes the person a member.
    Invite(Invitation),
    /// Grants this in place of what was granted.
    Change(Grants),
    /// Ends the membership.
    Remove,
}

/// What can happen to a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MemberEvent {
    /// The membership began, or began anew.
    #[serde(rename = "member-invited.v1")]
    Invited(MemberInvited),
    /// They may do something else than before.
    #[serde(rename = "member-changed.v1")]
    Changed(MemberChanged),
    /// The membership ended.
    #[serde(rename = "member-removed.v1")]
    Removed {},
}

/// Who is invited to what.
pub type Invitation = MemberInvited;

/// A new member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberInvited {
    /// Which.
    pub member: MemberId,
    /// Of what.
    pub organization: OrganizationId,
    /// By what the person is found at sign-in.
    pub identity: IdentityId,
    /// The address, under the member's own key; its purpose is `email`.
    pub email: Sealed,
    /// What they may do.
    pub grants: Grants,
}

/// What a member may do now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberChanged {
    /// All of it.
    pub grants: Grants,
}

/// Why nothing happens to a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemberRejection {
    /// There is none.
    #[error("there is no such member")]
    NotFound,
    /// The person is a member already.
    #[error("this person is a member already: change what the member may do instead")]
    Exists,
    /// The membership has ended.
    #[error("the membership has ended: invite the person again")]
    Removed,
}

impl Rejection for MemberRejection {
    fn code(&self) -> &'static str {
        match self {
            MemberRejection::NotFound => "NOT_FOUND",
            MemberRejection::Exists => "MEMBER_EXISTS",
            MemberRejection::Removed => "MEMBER_REMOVED",
        }
    }

    fn class(&self) -> Class {
        match self {
            MemberRejection::NotFound => Class::Missing,
            MemberRejection::Exists | MemberRejection::Removed => Class::Conflict,
        }
    }
}

impl Aggregate for Member {
    const CATEGORY: &'static str = "member";
    type Id = MemberId;
    type Command = MemberCommand;
    type Event = MemberEvent;
    type Rejection = MemberRejection;

    fn decide(&self, command: MemberCommand) -> Result<Vec<MemberEvent>, MemberRejection> {
        use MemberCommand::{Change, Invite, Remove};
        match (self, command) {
            (Member::Absent | Member::Removed, Invite(invitation)) => {
                Ok(vec![MemberEvent::Invited(invitation)])
            }
            (Member::Active { .. }, Invite(_)) => Err(MemberRejection::Exists),
            (Member::Absent, Change(_) | Remove) => Err(MemberRejection::NotFound),
            (Member::Active { grants, .. }, Change(same)) if *grants == same => Ok(vec![]),
            (Member::Active { .. }, Change(grants)) => {
                Ok(vec![MemberEvent::Changed(MemberChanged { grants })])
            }
            (Member::Active { .. }, Remove) => Ok(vec![MemberEvent::Removed {}]),
            (Member::Removed, Change(_)) => Err(MemberRejection::Removed),
            (Member::Removed, Remove) => Ok(vec![]),
        }
    }

    fn evolve(self, event: MemberEvent) -> Self {
        match (self, event) {
            (_, MemberEvent::Invited(MemberInvited { organization, grants, .. })) => {
                Member::Active { organization, grants }
            }
            (
                Member::Active { organization, .. },
                MemberEvent::Changed(MemberChanged { grants }),
            ) => Member::Active { organization, grants },
            (state, MemberEvent::Changed(_)) => state,
            (_, MemberEvent::Removed {}) => Member::Removed,
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::{Base64, testing::given};

    use super::*;
    use crate::{Grant, Role, Scope};

    fn invitation() -> Invitation {
        let member = MemberId::derived([1; 16]);
        MemberInvited {
            member,
            organization: OrganizationId::derived([2; 16]),
            identity: IdentityId::derived([3; 16]),
            email: Sealed {
                subject: member.to_string(),
                key_version: 1,
                nonce: Base64(vec![0; 24]),
                ciphertext: Base64(vec![0; 32]),
            },
            grants: Grants::owner(),
        }
    }

    fn viewing() -> Grants {
        let viewer = Grant { role: Role::Viewer, scope: Scope::Organization };
        Grants::new(vec![viewer]).expect("one grant")
    }

    fn invited() -> MemberEvent {
        MemberEvent::Invited(invitation())
    }

    #[test]
    fn nobody_is_a_member_twice() {
        let invite = MemberCommand::Invite(invitation());
        assert_eq!(Member::Absent.decide(invite.clone()), Ok(vec![invited()]));
        assert_eq!(given::<Member>([invited()]).decide(invite), Err(MemberRejection::Exists));
    }

    #[test]
    fn who_was_removed_can_be_invited_again() {
        let removed = given::<Member>([invited(), MemberEvent::Removed {}]);
        assert_eq!(removed.decide(MemberCommand::Remove), Ok(vec![]));
        let change = MemberCommand::Change(viewing());
        assert_eq!(removed.decide(change), Err(MemberRejection::Removed));
        assert_eq!(removed.decide(MemberCommand::Invite(invitation())), Ok(vec![invited()]));
    }

    #[test]
    fn granting_the_same_changes_nothing() {
        let member = given::<Member>([invited()]);
        assert_eq!(member.decide(MemberCommand::Change(Grants::owner())), Ok(vec![]));
        let changed = MemberEvent::Changed(MemberChanged { grants: viewing() });
        assert_eq!(member.decide(MemberCommand::Change(viewing())), Ok(vec![changed]));
    }

    #[test]
    fn a_stranger_can_be_neither_changed_nor_removed() {
        for command in [MemberCommand::Change(viewing()), MemberCommand::Remove] {
            assert_eq!(Member::Absent.decide(command), Err(MemberRejection::NotFound));
        }
    }
}
