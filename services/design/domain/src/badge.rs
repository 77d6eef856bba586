use issuers_domain::IssuerId;
use kernel::{Aggregate, Class, Rejection};
use serde::{Deserialize, Serialize};

use crate::{BadgeId, Content};

/// What can be awarded, under one issuer: a draft, and versions that never change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Badge {
    /// Never made.
    #[default]
    Absent,
    /// It can be worked on.
    Open(Work),
    /// It is awarded no more.
    Archived(Work),
}

/// The state of the work on a badge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// Who issues it.
    pub issuer: IssuerId,
    /// What it says, published or not.
    pub content: Content,
    /// The newest version and what it says.
    pub published: Option<(u32, Content)>,
}

/// What can be asked of a badge.
#[derive(Clone, Debug)]
pub enum BadgeCommand {
    /// Makes it, as a draft.
    Create(BadgeCreated),
    /// Replaces the draft.
    Update(Content),
    /// Makes the draft the next version.
    Publish,
    /// Ends awarding.
    Archive,
}

/// What can happen to a badge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BadgeEvent {
    /// It was made, as a draft.
    #[serde(rename = "badge-created.v1")]
    Created(BadgeCreated),
    /// Its draft was replaced.
    #[serde(rename = "badge-updated.v1")]
    Updated(BadgeUpdated),
    /// It got a version that never changes.
    #[serde(rename = "badge-published.v1")]
    Published(BadgePublished),
    /// It is awarded no more; what was awarded stays valid.
    #[serde(rename = "badge-archived.v1")]
    Archived(BadgeArchived),
}

/// A new badge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BadgeCreated {
    /// Which.
    pub badge: BadgeId,
    /// Who issues it.
    pub issuer: IssuerId,
    /// What it says.
    pub content: Content,
}

/// Another draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BadgeUpdated {
    /// What it says.
    pub content: Content,
}

/// A version for ever: all that awarding needs to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BadgePublished {
    /// Who issues it.
    pub issuer: IssuerId,
    /// From 1.
    pub version: u32,
    /// What it says.
    pub content: Content,
}

/// The end of awarding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BadgeArchived {
    /// Who issued it.
    pub issuer: IssuerId,
}

/// Why a badge refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadgeRejection {
    /// It is not there.
    #[error("there is no such badge")]
    NotFound,
    /// It is awarded no more.
    #[error("this badge is archived and changes no more: create a new one")]
    Archived,
}

impl Rejection for BadgeRejection {
    fn code(&self) -> &'static str {
        match self {
            BadgeRejection::NotFound => "NOT_FOUND",
            BadgeRejection::Archived => "BADGE_ARCHIVED",
        }
    }

    fn class(&self) -> Class {
        match self {
            BadgeRejection::NotFound => Class::Missing,
            BadgeRejection::Archived => Class::Conflict,
        }
    }
}

impl Aggregate for Badge {
    const CATEGORY: &'static str = "badge";
    type Id = BadgeId;
    type Command = BadgeCommand;
    type Event = BadgeEvent;
    type Rejection = BadgeRejection;

    fn decide(&self, command: BadgeCommand) -> Result<Vec<BadgeEvent>, BadgeRejection> {
        use BadgeCommand::{Archive, Create, Publish, Update};
        match (self, command) {
            (Badge::Absent, Create(created)) => Ok(vec![BadgeEvent::Created(created)]),
            (Badge::Open(_), Create(_)) | (Badge::Archived(_), Create(_) | Archive) => Ok(vec![]),
            (Badge::Absent, Update(_) | Publish | Archive) => Err(BadgeRejection::NotFound),
            (Badge::Open(work), Update(same)) if work.content == same => Ok(vec![]),
            (Badge::Open(_), Update(content)) => {
                Ok(vec![BadgeEvent::Updated(BadgeUpdated { content })])
            }
            (Badge::Open(work), Publish) => Ok(work.publish().into_iter().collect()),
            (Badge::Open(work), Archive) => {
                Ok(vec![BadgeEvent::Archived(BadgeArchived { issuer: work.issuer })])
            }
            (Badge::Archived(_), Update(_) | Publish) => Err(BadgeRejection::Archived),
        }
    }

    fn evolve(self, event: BadgeEvent) -> Self {
        use BadgeEvent::{Archived, Created, Published, Updated};
        match (self, event) {
            (_, Created(BadgeCreated { issuer, content, .. })) => {
                Badge::Open(Work { issuer, content, published: None })
            }
            (Badge::Open(work), Updated(BadgeUpdated { content })) => {
                Badge::Open(Work { content, ..work })
            }
            (Badge::Open(work), Published(BadgePublished { version, content, .. })) => {
                let published = Some((version, content.clone()));
                Badge::Open(Work { content, published, ..work })
            }
            (Badge::Open(work), Archived(_)) => Badge::Archived(work),
            (
                state @ (Badge::Absent | Badge::Archived(_)),
                Updated(_) | Published(_) | Archived(_),
            ) => state,
        }
    }
}

impl Work {
    /// The next version, unless the newest says the same.
    fn publish(&self) -> Option<BadgeEvent> {
        let version = match &self.published {
            Some((_, content)) if *content == self.content => return None,
            Some((version, _)) => version.saturating_add(1),
            None => 1,
        };
        let content = self.content.clone();
        Some(BadgeEvent::Published(BadgePublished { issuer: self.issuer, version, content }))
    }
}

#[cfg(test)]
mod tests {
    use kernel::testing::given;

    use super::*;
    use crate::Draft;

    fn content(name: &str) -> Content {
        Content::check(Draft {
            name: name.into(),
            description: "Can help until help comes.".into(),
            criteria_narrative: "Pass the course.".into(),
            ..Draft::default()
        })
        .expect("sound")
    }

    fn issuer() -> IssuerId {
        IssuerId::derived([2; 16])
    }

    fn creation() -> BadgeCreated {
        let badge = BadgeId::derived([1; 16]);
        BadgeCreated { badge, issuer: issuer(), content: content("Aid") }
    }

    fn created() -> BadgeEvent {
        BadgeEvent::Created(creation())
    }

    fn published(version: u32, name: &str) -> BadgeEvent {
        BadgeEvent::Published(BadgePublished { issuer: issuer(), version, content: content(name) })
    }

    fn updated(name: &str) -> BadgeEvent {
        BadgeEvent::Updated(BadgeUpdated { content: content(name) })
    }

    fn archived() -> BadgeEvent {
        BadgeEvent::Archived(BadgeArchived { issuer: issuer() })
    }

    #[test]
    fn making_it_again_changes_nothing() {
        let create = BadgeCommand::Create(creation());
        assert_eq!(Badge::Absent.decide(create.clone()), Ok(vec![created()]));
        assert_eq!(given::<Badge>([created()]).decide(create), Ok(vec![]));
    }

    #[test]
    fn each_publication_of_something_new_is_the_next_version() {
        let draft = given::<Badge>([created()]);
        assert_eq!(draft.decide(BadgeCommand::Publish), Ok(vec![published(1, "Aid")]));
        let first = draft.evolve(published(1, "Aid"));
        assert_eq!(first.decide(BadgeCommand::Publish), Ok(vec![]), "nothing new to publish");
        let redrafted = first.evolve(updated("First Aid"));
        assert_eq!(redrafted.decide(BadgeCommand::Publish), Ok(vec![published(2, "First Aid")]));
    }

    #[test]
    fn a_draft_taken_back_leaves_nothing_to_publish() {
        let facts = [created(), published(1, "Aid"), updated("First Aid"), updated("Aid")];
        assert_eq!(given::<Badge>(facts).decide(BadgeCommand::Publish), Ok(vec![]));
    }

    #[test]
    fn the_same_draft_again_is_no_change() {
        let badge = given::<Badge>([created()]);
        assert_eq!(badge.decide(BadgeCommand::Update(content("Aid"))), Ok(vec![]));
        let other = badge.decide(BadgeCommand::Update(content("First Aid")));
        assert_eq!(other, Ok(vec![updated("First Aid")]));
    }

    #[test]
    fn an_archived_badge_changes_no_more() {
        let badge = given::<Badge>([created()]);
        assert_eq!(badge.decide(BadgeCommand::Archive), Ok(vec![archived()]));
        let badge = badge.evolve(archived());
        for command in [BadgeCommand::Publish, BadgeCommand::Update(content("Aid"))] {
            assert_eq!(badge.decide(command), Err(BadgeRejection::Archived));
        }
        assert_eq!(badge.decide(BadgeCommand::Archive), Ok(vec![]));
    }

    #[test]
    fn what_is_not_there_cannot_change() {
        let update = BadgeCommand::Update(content("Aid"));
        for command in [BadgeCommand::Publish, BadgeCommand::Archive, update] {
            assert_eq!(Badge::Absent.decide(command), Err(BadgeRejection::NotFound));
        }
    }
}
