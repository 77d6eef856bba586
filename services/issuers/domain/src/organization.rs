use std::collections::BTreeSet;

use kernel::{Aggregate, Class, OrganizationId, Rejection};
use serde::{Deserialize, Serialize};

use crate::{MemberId, Name};

/// A customer, and who owns it. Members are aggregates of their own; the set of owners stands here,
/// so that the last one cannot go. It is never larger than the set of members with the role owner:
/// who becomes an owner gets the role first, who ceases to be one leaves this set first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Organization {
    /// Never made.
    #[default]
    Absent,
    /// There.
    Active {
        /// What people call it.
        name: Name,
        /// Who owns it.
        owners: BTreeSet<MemberId>,
    },
}

/// What can be asked of an organisation.
#[derive(Clone, Debug)]
pub enum OrganizationCommand {
    /// Makes it.
    Create(OrganizationCreated),
    /// Counts a member among its owners.
    AddOwner(MemberId),
    /// No longer counts a member among its owners.
    RemoveOwner(MemberId),
}

/// What can happen to an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrganizationEvent {
    /// It was made.
    #[serde(rename = "organization-created.v1")]
    Created(OrganizationCreated),
    /// It got one more owner.
    #[serde(rename = "owner-added.v1")]
    OwnerAdded(Ownership),
    /// It has one owner less.
    #[serde(rename = "owner-removed.v1")]
    OwnerRemoved(Ownership),
}

/// A new organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationCreated {
    /// Which.
    pub organization: OrganizationId,
    /// What people call it.
    pub name: Name,
}

/// Whose ownership began or ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ownership {
    /// The member.
    pub member: MemberId,
}

/// Why an organisation refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrganizationRejection {
    /// It is not there.
    #[error("there is no such organization")]
    NotFound,
    /// It would have no owner.
    #[error("the last owner of an organization stays: make another member an owner first")]
    LastOwner,
}

impl Rejection for OrganizationRejection {
    fn code(&self) -> &'static str {
        match self {
            OrganizationRejection::NotFound => "NOT_FOUND",
            OrganizationRejection::LastOwner => "LAST_OWNER",
        }
    }

    fn class(&self) -> Class {
        match self {
            OrganizationRejection::NotFound => Class::Missing,
            OrganizationRejection::LastOwner => Class::Conflict,
        }
    }
}

impl Aggregate for Organization {
    const CATEGORY: &'static str = "organization";
    type Id = OrganizationId;
    type Command = OrganizationCommand;
    type Event = OrganizationEvent;
    type Rejection = OrganizationRejection;

    fn decide(
        &self,
        command: OrganizationCommand,
    ) -> Result<Vec<OrganizationEvent>, OrganizationRejection> {
        use OrganizationCommand::{AddOwner, Create, RemoveOwner};
        match (self, command) {
            (Organization::Absent, Create(created)) => {
                Ok(vec![OrganizationEvent::Created(created)])
            }
            (Organization::Active { .. }, Create(_)) => Ok(vec![]),
            (Organization::Absent, AddOwner(_) | RemoveOwner(_)) => {
                Err(OrganizationRejection::NotFound)
            }
            (Organization::Active { owners, .. }, AddOwner(member)) => {
                let added = OrganizationEvent::OwnerAdded(Ownership { member });
                Ok(if owners.contains(&member) { vec![] } else { vec![added] })
            }
            (Organization::Active { owners, .. }, RemoveOwner(member)) => {
                match (owners.contains(&member), owners.len()) {
                    (false, _) => Ok(vec![]),
                    (true, 1) => Err(OrganizationRejection::LastOwner),
                    (true, _) => Ok(vec![OrganizationEvent::OwnerRemoved(Ownership { member })]),
                }
            }
        }
    }

    fn evolve(self, event: OrganizationEvent) -> Self {
        use OrganizationEvent::{Created, OwnerAdded, OwnerRemoved};
        match (self, event) {
            (_, Created(OrganizationCreated { name, .. })) => {
                Organization::Active { name, owners: BTreeSet::new() }
            }
            (Organization::Active { name, mut owners }, OwnerAdded(Ownership { member })) => {
                owners.insert(member);
                Organization::Active { name, owners }
            }
            (Organization::Active { name, mut owners }, OwnerRemoved(Ownership { member })) => {
                owners.remove(&member);
                Organization::Active { name, owners }
            }
            (Organization::Absent, OwnerAdded(_) | OwnerRemoved(_)) => Organization::Absent,
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::testing::given;

    use super::*;

    fn creation() -> OrganizationCreated {
        let organization = OrganizationId::derived([1; 16]);
        OrganizationCreated { organization, name: "Ost".parse().expect("a name") }
    }

    fn member(n: u8) -> MemberId {
        MemberId::derived([n; 16])
    }

    fn owned_by(members: &[u8]) -> Organization {
        let added =
            members.iter().map(|n| OrganizationEvent::OwnerAdded(Ownership { member: member(*n) }));
        given([OrganizationEvent::Created(creation())].into_iter().chain(added))
    }

    #[test]
    fn making_it_again_changes_nothing() {
        let first = Organization::Absent.decide(OrganizationCommand::Create(creation()));
        assert_eq!(first, Ok(vec![OrganizationEvent::Created(creation())]));
        assert_eq!(owned_by(&[]).decide(OrganizationCommand::Create(creation())), Ok(vec![]));
    }

    #[test]
    fn the_last_owner_stays() {
        let remove = |n| OrganizationCommand::RemoveOwner(member(n));
        assert_eq!(owned_by(&[1]).decide(remove(1)), Err(OrganizationRejection::LastOwner));
        assert_eq!(owned_by(&[1]).decide(remove(2)), Ok(vec![]));
        let removed = OrganizationEvent::OwnerRemoved(Ownership { member: member(1) });
        assert_eq!(owned_by(&[1, 2]).decide(remove(1)), Ok(vec![removed.clone()]));
        let left = owned_by(&[1, 2]).evolve(removed);
        assert_eq!(left.decide(remove(2)), Err(OrganizationRejection::LastOwner));
    }

    #[test]
    fn an_owner_is_counted_once() {
        let add = |n| OrganizationCommand::AddOwner(member(n));
        assert_eq!(owned_by(&[1]).decide(add(1)), Ok(vec![]));
        let added = OrganizationEvent::OwnerAdded(Ownership { member: member(2) });
        assert_eq!(owned_by(&[1]).decide(add(2)), Ok(vec![added]));
    }

    #[test]
    fn nobody_owns_what_is_not_there() {
        let add = OrganizationCommand::AddOwner(member(1));
        assert_eq!(Organization::Absent.decide(add), Err(OrganizationRejection::NotFound));
    }
}
