//! The read model of members. Addresses stay sealed.

use eventstore::{RecordedEvent, Unreadable};
use issuers_domain::{Grants, IdentityId, Member, MemberEvent, MemberId, MemberKind};
use kernel::{Aggregate, Fact, Sealed, TenantId, Timestamp};
use proto::issuers::v1 as wire;
use readmodel::{Change, Direction, Key, Model, Projection, Rows, Scan, View, row, tables};
use runtime::status;
use serde::{Deserialize, Serialize};
use tonic::Status;

use crate::grants;

pub(crate) const MODEL: Model = Model { name: "members", version: 1 };
/// In the platform's space: the memberships of an identity, each with its organisation's home.
const IDENTITIES: &str = "identity";
/// Most memberships of one identity that are looked at.
const MOST: usize = 100;

/// A member as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MemberRow {
    pub(crate) email: Sealed,
    pub(crate) grants: Grants,
    listed_at: Timestamp,
    invited_at: Timestamp,
    pub(crate) removed_at: Option<Timestamp>,
}

impl MemberRow {
    pub(crate) fn after(row: Option<Self>, fact: &Fact<MemberEvent>) -> Option<Self> {
        let at = fact.envelope.at;
        match &fact.event {
            MemberEvent::Invited(invited) => Some(Self {
                email: invited.email.clone(),
                grants: invited.grants.clone(),
                listed_at: row.map_or(at, |row| row.listed_at),
                invited_at: at,
                removed_at: None,
            }),
            MemberEvent::Changed(changed) => {
                row.map(|row| Self { grants: changed.grants.clone(), ..row })
            }
            MemberEvent::Removed {} => row.map(|row| Self { removed_at: Some(at), ..row }),
        }
    }

    /// The member with the address given, which is empty for those who may not see it.
    pub(crate) fn shown(self, id: MemberId, email: String) -> wire::Member {
        wire::Member {
            id: id.to_string(),
            email,
            grants: grants::shown(&self.grants),
            invited_at: self.invited_at.to_string(),
            removed_at: self.removed_at.map(|at| at.to_string()).unwrap_or_default(),
        }
    }
}

/// The memberships of an identity, present and past, at most 100: organisation's home and member.
///
/// # Errors
/// When the read model does not answer.
pub(crate) async fn memberships(
    view: &View,
    identity: IdentityId,
) -> Result<Vec<(TenantId, MemberId)>, Status> {
    let scan = Scan {
        tenant: TenantId::PLATFORM,
        table: IDENTITIES,
        prefix: identity.bytes().to_vec(),
        after: None,
        before: None,
        direction: Direction::Forward,
        limit: MOST,
    };
    let found = view.scan(&scan).await.map_err(status::of_read_model)?;
    let read = |row: &[u8]| view.decode(row).map_err(status::of_read_model);
    found.iter().map(|(_, row)| read(row)).collect()
}

/// Projects members into their organisation's home, and into the platform's directory.
pub(crate) struct Members;

impl Projection for Members {
    fn model(&self) -> Model {
        MODEL
    }

    fn categories(&self) -> &'static [&'static str] {
        &[Member::CATEGORY]
    }

    fn reads(&self, fact: &RecordedEvent) -> Vec<Key> {
        let id = fact.stream.id().parse::<MemberId>();
        id.map(|id| tables::row_key(fact.stream.tenant(), id)).into_iter().collect()
    }

    fn project(&self, fact: &RecordedEvent, known: &Rows) -> Result<Vec<Change>, Unreadable> {
        let home = fact.stream.tenant();
        let Some((id, fact)) = tables::about::<Member, MemberKind>(fact)? else {
            return Ok(vec![]);
        };
        let key = tables::row_key(home, id);
        let before: Option<MemberRow> = known.read(&key);
        let is_new = before.is_none();
        let Some(row) = MemberRow::after(before, &fact) else { return Ok(vec![]) };
        let mut changes = vec![row::put(key, &row)];
        if let MemberEvent::Invited(invited) = &fact.event {
            let name = [invited.identity.bytes(), id.bytes()].concat();
            let key = Key::new(TenantId::PLATFORM, IDENTITIES, name);
            changes.push(row::put(key, &(home, id)));
        }
        if is_new {
            changes.extend(tables::list(home, row.listed_at, id));
        }
        Ok(changes)
    }
}
