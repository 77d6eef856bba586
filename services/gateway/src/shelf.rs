//! Awards and status lists as the public sees them, kept in memory until a fact says that they may
//! have changed: what many look at is asked for once.

use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{
            AtomicBool, AtomicU64,
            Ordering::{AcqRel, Acquire, Release},
        },
    },
    time::Duration,
};

use axum::http::HeaderValue;
use bytes::Bytes;
use kernel::{Position, Timestamp};
use moka::sync::Cache;
use proto::awarding::v1::{Award, AwardStatus, GetPublicAwardResponse, GetStatusListResponse};
use runtime::{Context, Heard, Policy, Since};

/// Categories of the facts that change what is shown.
const CATEGORIES: [&str; 3] = [AWARD, PERSON, SUBMISSION];
const AWARD: &str = "award";
const PERSON: &str = "person";
const SUBMISSION: &str = "submission";
/// Facts that change nothing of what is shown: nobody looked at an award before it was made, and a
/// letter does not show.
const UNSEEN: [&str; 2] = ["award-created.v1", "award-notified.v1"];
/// Facts that withdraw nothing.
const OF_NO_LIST: [&str; 4] =
    ["award-accepted.v1", "award-declined.v1", "credential-submitted.v1", "credential-signed.v1"];

/// Kept for no longer, whatever is heard: a gateway may be cut off from the log.
const KEPT: Duration = Duration::from_secs(30);
/// Bytes of each kind kept, about.
const MOST: u64 = 64 << 20;
/// Bytes of an award and its page, without its credential.
const WEIGHT: usize = 16 << 10;

/// The awards and status lists that were looked at lately, in one process.
pub struct Shelf {
    awards: Kept<Shown>,
    lists: Kept<GetStatusListResponse>,
    /// Whether the facts of the log are heard as they come.
    live: AtomicBool,
    /// Up to where they were heard.
    heard: AtomicU64,
    /// What was written through this gateway: who wrote it sees it.
    wanted: AtomicU64,
}

/// Things by their ids.
struct Kept<T> {
    things: Cache<String, Arc<T>>,
    /// The last fact that changed any of them.
    changed: AtomicU64,
}

impl<T: Send + Sync + 'static> Kept<T> {
    fn of(weight: fn(&T) -> usize) -> Self {
        let weigher =
            move |_: &String, thing: &Arc<T>| u32::try_from(weight(thing)).unwrap_or(u32::MAX);
        let things = Cache::builder().max_capacity(MOST).weigher(weigher).time_to_live(KEPT);
        Self { things: things.build(), changed: AtomicU64::new(0) }
    }

    /// Keeps what was read where the facts up to `position` were known.
    fn keep(&self, id: &str, thing: &Arc<T>, position: u64) {
        self.things.insert(id.to_owned(), Arc::clone(thing));
        // A change that was heard may not be in what was read; one that is heard from now on drops
        // it.
        if self.changed.load(Acquire) > position {
            self.things.invalidate(id);
        }
    }
}

/// An award as the public sees it.
pub struct Shown {
    /// The award, without the address.
    pub award: Award,
    /// As it was signed; empty when it was not asked for or the person was erased.
    pub credential: Bytes,
    /// From when on it is another.
    until: Option<Timestamp>,
    /// The credential's entity tag.
    pub tag: OnceLock<HeaderValue>,
    /// The page, and what it was made of.
    page: Mutex<Option<Arc<dyn std::any::Any + Send + Sync>>>,
}

impl Shown {
    /// What was answered; none when there is no award in it.
    pub fn of(reply: GetPublicAwardResponse) -> Option<Self> {
        let award = reply.award?;
        let stands = matches!(award.status(), AwardStatus::Active | AwardStatus::PendingClaim);
        let until = if stands { award.expires_at.parse().ok() } else { None };
        let (tag, page) = Default::default();
        Some(Self { award, credential: reply.credential.into(), until, tag, page })
    }

    /// The page that was kept last.
    pub fn page<P: Send + Sync + 'static>(&self) -> Option<Arc<P>> {
        let page = self.page.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        page.downcast().ok()
    }

    /// Keeps a page for as long as the award is kept.
    pub fn keep_page<P: Send + Sync + 'static>(&self, page: Arc<P>) {
        *self.page.lock().unwrap_or_else(PoisonError::into_inner) = Some(page);
    }
}

impl Default for Shelf {
    fn default() -> Self {
        let (live, heard, wanted) = Default::default();
        let awards = Kept::of(|shown: &Shown| shown.credential.len() + WEIGHT);
        let lists = Kept::of(|list: &GetStatusListResponse| list.credential.len());
        Self { awards, lists, live, heard, wanted }
    }
}

impl Shelf {
    /// Whether anything is kept at all.
    pub fn is_live(&self) -> bool {
        self.live.load(Acquire)
    }

    /// Whether what is kept is as new as anybody here may expect.
    fn is_fresh(&self) -> bool {
        self.is_live() && self.heard.load(Acquire) >= self.wanted.load(Acquire)
    }

    /// The award of that id as it is now, when it is kept.
    pub fn award(&self, id: &str, now: Timestamp) -> Option<Arc<Shown>> {
        let shown = self.is_fresh().then(|| self.awards.things.get(id)).flatten()?;
        shown.until.is_none_or(|until| now < until).then_some(shown)
    }

    /// Keeps an award that was read from a read model which had the facts up to `position`.
    pub fn keep_award(&self, shown: &Arc<Shown>, position: u64) {
        if position > 0 && self.is_live() {
            // By the id as facts name it, however it was written where it was asked for.
            self.awards.keep(&shown.award.id, shown, position);
        }
    }

    /// The status list of that id as it is now, when it is kept.
    pub fn list(&self, id: &str) -> Option<Arc<GetStatusListResponse>> {
        self.is_fresh().then(|| self.lists.things.get(id)).flatten()
    }

    /// Keeps a status list like an award.
    pub fn keep_list(&self, id: &str, list: &Arc<GetStatusListResponse>) {
        if list.position > 0 && self.is_live() {
            self.lists.keep(id, list, list.position);
        }
    }

    /// Whoever looks through this gateway from now on sees what was written there.
    pub fn wrote(&self, position: u64) {
        self.wanted.fetch_max(position, AcqRel);
    }

    /// Has the shelf hear of changes.
    pub fn follow(self: &Arc<Self>, context: &Context) -> Policy {
        let kept = Arc::clone(self);
        let hear = move |heard: Heard<'_>| match heard {
            Heard::Fact(fact) => {
                let (category, id) = (fact.stream.category(), fact.stream.id());
                kept.changed(category, &fact.kind, id, fact.position);
            }
            Heard::Upto(position) => kept.upto(position),
            Heard::Broken => kept.broken(),
        };
        Policy::following("public-awards", context, &CATEGORIES, Since::Now, hear)
    }

    fn changed(&self, category: &str, kind: &str, id: &str, position: Position) {
        if UNSEEN.contains(&kind) {
            return;
        }
        match category {
            AWARD => {
                self.awards.changed.fetch_max(position.0, AcqRel);
                self.awards.things.invalidate(id);
            }
            PERSON => {
                // It does not tell of all awards that it withdraws.
                self.awards.changed.fetch_max(position.0, AcqRel);
                self.awards.things.invalidate_all();
            }
            _ => {}
        }
        if !OF_NO_LIST.contains(&kind) {
            self.lists.changed.fetch_max(position.0, AcqRel);
            self.lists.things.invalidate_all();
        }
    }

    fn upto(&self, position: Position) {
        self.heard.fetch_max(position.0, AcqRel);
        self.live.store(true, Release);
    }

    fn broken(&self) {
        self.live.store(false, Release);
        self.awards.things.invalidate_all();
        self.lists.things.invalidate_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "award_01h455vb4pex5vsknk084sn02q";
    const NOON: &str = "2026-06-01T12:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn shown(expires_at: &str) -> Arc<Shown> {
        let award = Award {
            id: ID.to_owned(),
            status: AwardStatus::Active.into(),
            expires_at: expires_at.to_owned(),
            ..Award::default()
        };
        let reply = GetPublicAwardResponse { award: Some(award), ..Default::default() };
        Arc::new(Shown::of(reply).unwrap())
    }

    fn list(position: u64) -> Arc<GetStatusListResponse> {
        Arc::new(GetStatusListResponse { position, ..Default::default() })
    }

    /// A shelf that has heard everything up to position 10.
    fn live() -> Shelf {
        let shelf = Shelf::default();
        shelf.upto(Position(10));
        shelf
    }

    #[test]
    fn an_award_is_kept_until_a_fact_changes_it() {
        let shelf = live();
        shelf.keep_award(&shown(""), 10);
        assert!(shelf.award(ID, at(NOON)).is_some());
        for unseen in UNSEEN {
            shelf.changed(AWARD, unseen, ID, Position(11));
        }
        shelf.changed(AWARD, "award-revoked.v1", "award_another", Position(12));
        assert!(shelf.award(ID, at(NOON)).is_some());
        shelf.changed(AWARD, "award-revoked.v1", ID, Position(13));
        assert!(shelf.award(ID, at(NOON)).is_none());
    }

    #[test]
    fn what_was_read_before_a_change_that_was_heard_is_not_kept() {
        let shelf = live();
        shelf.changed(AWARD, "award-revoked.v1", ID, Position(11));
        shelf.keep_award(&shown(""), 10);
        assert!(shelf.award(ID, at(NOON)).is_none());
        shelf.keep_award(&shown(""), 11);
        assert!(shelf.award(ID, at(NOON)).is_some());
    }

    #[test]
    fn an_erasure_drops_every_award() {
        let shelf = live();
        shelf.keep_award(&shown(""), 10);
        shelf.changed(PERSON, "person-erased.v1", "person_1", Position(11));
        assert!(shelf.award(ID, at(NOON)).is_none());
    }

    #[test]
    fn an_award_is_not_given_when_it_has_expired_since() {
        let shelf = live();
        shelf.keep_award(&shown("2026-06-01T12:00:01Z"), 10);
        assert!(shelf.award(ID, at(NOON)).is_some());
        assert!(shelf.award(ID, at("2026-06-01T12:00:01Z")).is_none());
    }

    #[test]
    fn who_wrote_through_this_gateway_is_given_nothing_older() {
        let shelf = live();
        shelf.keep_award(&shown(""), 10);
        shelf.wrote(12);
        assert!(shelf.award(ID, at(NOON)).is_none());
        shelf.upto(Position(12));
        assert!(shelf.award(ID, at(NOON)).is_some());
    }

    #[test]
    fn a_status_list_is_kept_until_something_is_withdrawn() {
        let shelf = live();
        shelf.keep_list("list_1", &list(10));
        for kind in OF_NO_LIST {
            shelf.changed(AWARD, kind, ID, Position(11));
        }
        assert!(shelf.list("list_1").is_some());
        let withdrawn =
            [(AWARD, "award-revoked.v1"), (PERSON, "person-erased.v1"), (SUBMISSION, "other.v1")];
        for (n, (category, kind)) in withdrawn.into_iter().enumerate() {
            let position = 12 + n as u64;
            shelf.changed(category, kind, "id", Position(position));
            assert!(shelf.list("list_1").is_none(), "{kind}");
            shelf.keep_list("list_1", &list(position));
            assert!(shelf.list("list_1").is_some(), "{kind}");
        }
    }

    #[test]
    fn nothing_is_given_while_the_log_is_not_heard() {
        let shelf = live();
        shelf.keep_award(&shown(""), 10);
        shelf.keep_list("list_1", &list(10));
        shelf.broken();
        assert!(shelf.award(ID, at(NOON)).is_none() && shelf.list("list_1").is_none());
        shelf.keep_award(&shown(""), 10);
        shelf.upto(Position(11));
        assert!(shelf.award(ID, at(NOON)).is_none() && shelf.list("list_1").is_none());
    }
}
