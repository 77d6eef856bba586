//! Every stranger at every operation, on every kind of id.

use auth::Principal;
use eventstore::Filter;
use kernel::Position;

use super::{
    ids::{Id, Ids, Thing},
    who::Who,
    world::{self, World},
};

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was done.
    Done,
    /// There was nothing to show.
    Nothing,
    /// It was refused with this code.
    Refused(String),
}

/// An answer, whole: what it comes to, and every byte of it as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What it comes to.
    pub verdict: Verdict,
    /// All of it.
    pub whole: String,
}

/// How an operation answers about what is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// It refuses with this code.
    Code(&'static str),
    /// It shows nothing, or an empty list.
    Nothing,
}

/// An operation at a wall.
pub trait Operation {
    /// What to call it when it fails.
    fn name(&self) -> String;
    /// Who may.
    fn who(&self) -> Who;
    /// What it names by id.
    fn names(&self) -> Vec<Thing>;
    /// How it answers about what is absent.
    fn absent(&self) -> Absent;
    /// How it answers about a thing of another type.
    fn mistaken(&self) -> Verdict {
        Verdict::Refused("INVALID_ID".into())
    }
    /// Whether it changes something.
    fn writes(&self) -> bool;
    /// Why the least who may is refused here all the same: the code.
    fn refused(&self) -> Option<&'static str> {
        None
    }
    /// Calls it.
    fn send(&self, world: &World, token: Option<&str>, ids: &Ids) -> impl Future<Output = Answer>;
}

/// Looks at one operation and notes what is wrong.
pub struct Watch<'w, O> {
    /// The world.
    pub world: &'w World,
    /// The operation.
    pub operation: &'w O,
    /// What is wrong.
    pub faults: &'w mut Vec<String>,
    /// How many calls were made.
    pub calls: &'w mut u32,
}

impl<O: Operation> Watch<'_, O> {
    /// Lets every stranger try.
    pub async fn strangers(&mut self) {
        self.without_a_good_token().await;
        self.without_the_right().await;
        self.of_another_organization().await;
        self.on_what_is_not_theirs().await;
    }

    fn fault(&mut self, what: impl std::fmt::Display) {
        self.faults.push(format!("{}: {what}", self.operation.name()));
    }

    /// Calls as a stranger: nothing may be written.
    async fn send(&mut self, by: &str, token: Option<&str>, ids: &Ids) -> Answer {
        let before = self.world.head().await;
        *self.calls += 1;
        let answer = self.operation.send(self.world, token, ids).await;
        if self.world.head().await != before {
            for written in written_since(self.world, before).await {
                self.fault(format_args!("{by} made it write {written}"));
            }
        }
        answer
    }

    /// Says that two answers differ in nothing.
    fn alike(&mut self, by: &str, one: (&str, &Answer), other: (&str, &Answer)) {
        if one.1 != other.1 {
            let ((this, one), (that, other)) = (one, other);
            self.fault(format_args!(
                "{by} can tell {this} from {that}:\n    {}\n    {}",
                one.whole, other.whole
            ));
        }
    }

    /// Our own ids, and the same with one that nothing has.
    fn existing_and_random(&self) -> Vec<(&'static str, Ids)> {
        let own = self.world.own.ids.clone();
        let mut all = vec![("what is there", own.clone())];
        if let Some(thing) = self.operation.names().first() {
            all.push(("what is not", own.with(*thing, self.world.random(*thing))));
        }
        all
    }

    async fn without_a_good_token(&mut self) {
        for stranger in &self.world.strangers {
            if stranger.token.is_none() && self.operation.who().public {
                continue;
            }
            let mut answers = Vec::new();
            for (which, ids) in self.existing_and_random() {
                let answer = self.send(stranger.name, stranger.token.as_deref(), &ids).await;
                if answer.verdict != Verdict::Refused(stranger.code.into()) {
                    self.fault(format_args!(
                        "{} asking for {which} was not refused as {}: {}",
                        stranger.name, stranger.code, answer.whole
                    ));
                }
                answers.push((which, answer));
            }
            self.all_alike(stranger.name, &answers);
        }
    }

    fn all_alike(&mut self, by: &str, answers: &[(&str, Answer)]) {
        if let Some(((first, answer), others)) = answers.split_first() {
            for (which, other) in others {
                self.alike(by, (first, answer), (which, other));
            }
        }
    }

    async fn without_the_right(&mut self) {
        let (who, names) = (self.operation.who(), self.operation.names());
        if who.public {
            return;
        }
        let mut callers = self.world.unentitled(&who).await;
        if !who.roles.is_empty() && names.iter().any(|thing| thing.of_issuer()) {
            let name = "an admin of another issuer only";
            callers.push((name.to_owned(), self.world.elsewhere.clone()));
        }
        let absent = self.operation.absent();
        for (name, caller) in callers {
            let near = caller.subject == self.world.elsewhere.subject;
            let token = self.world.token(&caller);
            let mut answers = Vec::new();
            for (which, ids) in self.existing_and_random() {
                let answer = self.send(&name, Some(&token), &ids).await;
                let refused = match &answer.verdict {
                    Verdict::Refused(code) => {
                        // The front door knows no tokens of roles.
                        code == "NOT_PERMITTED"
                            || (caller.kind == auth::Kind::Service && code == "UNAUTHENTICATED")
                            || matches!(absent, Absent::Code(absent) if absent == code)
                            || code == "NOT_FOUND"
                    }
                    Verdict::Nothing => true,
                    // Whose issuer is another may ask for many, and is shown none.
                    Verdict::Done => near && absent == Absent::Nothing,
                };
                if !refused {
                    let whole = &answer.whole;
                    self.fault(format_args!("{name} asking for {which} was let in: {whole}"));
                }
                answers.push((which, answer));
            }
            self.all_alike(&name, &answers);
        }
    }

    /// The owner of another organization, with our ids and with none of ours.
    async fn of_another_organization(&mut self) {
        let (who, names) = (self.operation.who(), self.operation.names());
        if who.roles.is_empty() {
            return;
        }
        let (name, foreign) = ("another organization's owner", &self.world.foreign);
        let token = self.world.token(&foreign.owner);
        for thing in &names {
            let there = foreign.ids.id(*thing).home;
            let random = self.world.random(*thing);
            let cases = [
                ("what is ours", self.world.own.ids.id(*thing).clone()),
                ("what is not there", Id { home: there, ..random.clone() }),
                ("what is nowhere", random),
                (
                    "what is ours as theirs",
                    Id { home: there, ..self.world.own.ids.id(*thing).clone() },
                ),
            ];
            let mut answers = Vec::new();
            for (which, id) in cases {
                let ids = foreign.ids.with(*thing, id);
                let answer = self.send(name, Some(&token), &ids).await;
                self.is_absent(name, which, *thing, &answer);
                answers.push((which, answer));
            }
            self.all_alike(name, &answers);
        }
        if names.is_empty() && !self.operation.writes() {
            let answer = self.send(name, Some(&token), &foreign.ids).await;
            for (thing, id) in self.world.own.ids.all() {
                if answer.whole.contains(&id.role) || answer.whole.contains(&id.global()) {
                    self.fault(format_args!("{name} was shown our {thing:?}: {}", answer.whole));
                }
            }
        }
    }

    fn is_absent(&mut self, by: &str, which: &str, thing: Thing, answer: &Answer) {
        let fits = match (&answer.verdict, self.operation.absent()) {
            (Verdict::Refused(code), Absent::Code(absent)) => {
                // Nobody may give roles elsewhere; which elsewhere is not looked at. And a key is
                // only ever compared with the one that signs.
                code == absent
                    || (thing == Thing::Tenant && code == "NOT_PERMITTED")
                    || (thing == Thing::Key && code == "KEY_RETIRED")
            }
            (Verdict::Done | Verdict::Nothing, Absent::Nothing) => true,
            _ => false,
        };
        if !fits {
            self.fault(format_args!("{by} asking for {which} was answered {}", answer.whole));
        }
    }

    /// Who may, but on what is elsewhere, nowhere, gone elsewhere, or something else.
    async fn on_what_is_not_theirs(&mut self) {
        let who = self.operation.who();
        let caller = if who.public { None } else { Some(self.world.least(&who).await) };
        let token = caller.map(|caller| self.world.token(&caller));
        let (world, name) = (self.world, "one who may");
        for thing in self.operation.names() {
            let own = world.own.ids.id(thing).home;
            let mut answers = Vec::new();
            let mut cases = vec![
                ("what is nowhere", world.random(thing)),
                ("what is nowhere else", world.random(thing)),
            ];
            for (there, gone, forged, place) in [
                (
                    "a foreign one",
                    "a foreign one that is gone",
                    "a foreign one as ours",
                    &world.foreign,
                ),
                ("a sibling's", "a sibling's that is gone", "a sibling's as ours", &world.sibling),
            ] {
                // What everybody may see is no secret of a tenant's, and members are the
                // organization's.
                let shared =
                    who.public && self.operation.absent() != Absent::Code("UNAUTHENTICATED");
                if shared
                    || (matches!(thing, Thing::Member | Thing::Organization)
                        && place.organization == world.own.organization)
                {
                    continue;
                }
                let id = place.ids.id(thing);
                cases.push((there, id.clone()));
                cases.push((forged, Id { home: own, ..id.clone() }));
                cases.extend(place.gone.get(&thing).map(|id| (gone, id.clone())));
            }
            if who.public && thing == Thing::Badge {
                cases.push(("one that is not published", world.own.ids.id(Thing::Draft).clone()));
            }
            for (which, id) in cases {
                let ids = world.own.ids.with(thing, id);
                let answer = self.send(name, token.as_deref(), &ids).await;
                self.is_absent(name, which, thing, &answer);
                answers.push((which, answer));
            }
            self.all_alike(name, &answers);
            if self.operation.absent() != Absent::Code("UNAUTHENTICATED") {
                let id = world.own.ids.id(thing.other()).clone();
                let ids = world.own.ids.with(thing, id);
                let answer = self.send(name, token.as_deref(), &ids).await;
                if answer.verdict != self.operation.mistaken() {
                    let (other, whole) = (thing.other(), &answer.whole);
                    self.fault(format_args!("a {other:?} for a {thing:?} was answered {whole}"));
                }
            }
        }
    }

    /// The least of those who may does, on what was made for it.
    pub async fn the_one_who_may(&mut self) {
        let (world, who) = (self.world, self.operation.who());
        let mut ids = world.own.ids.keyed(format!("may/{}", world::next()));
        let mut caller = None;
        let names = self.operation.names();
        for thing in &names {
            // A key comes with its issuer.
            if *thing == Thing::Key {
                continue;
            }
            let (id, note) = world::make(&world.house, &world.own, *thing).await;
            match thing {
                Thing::Client => ids.secret = note,
                Thing::Award if who.earner => caller = Some(world.earner(&note).await),
                Thing::Issuer => {
                    ids.set(Thing::Key, Id { of: Thing::Key, role: note, home: id.home });
                }
                _ => {}
            }
            ids.set(*thing, id);
        }
        let name = self.operation.name();
        if name.contains("RedeemMemberSignIn") {
            ids.secret = world.member_link().await;
        } else if name.contains("RedeemSignIn") || name.contains("signInLinkRedeem") {
            ids.secret = world.earner_link().await;
        } else if who == super::who::EARNERS && caller.is_none() {
            caller = Some(world.earner(&format!("leaving{}@walls.example", world::next())).await);
        }
        world::caught_up(&world.house).await;
        let caller: Option<Principal> = match caller {
            None if who.public => None,
            None => Some(world.least(&who).await),
            some => some,
        };
        let token = caller.map(|caller| world.token(&caller));
        *self.calls += 1;
        let answer = self.operation.send(world, token.as_deref(), &ids).await;
        let expected = match self.operation.refused() {
            None => Verdict::Done,
            Some(code) => Verdict::Refused(code.into()),
        };
        // Who has no token is nobody.
        let nobody = who.public && names.is_empty() && answer.verdict == Verdict::Nothing;
        if answer.verdict != expected && !nobody {
            self.fault(format_args!("one who may was not let in: {}", answer.whole));
        }
    }
}

/// What callers wrote after that position; what the system does on its own is left out.
async fn written_since(world: &World, position: u64) -> Vec<String> {
    let events = &world.house.process.context().stores.events;
    let page = events.read_all(Position(position), &Filter::every_tenant(&[]), 100).await;
    let facts = page.expect("the log").facts.into_iter();
    facts
        .filter(|fact| {
            fact.envelope().is_ok_and(|envelope| !envelope.actor.as_str().starts_with("system:"))
        })
        .map(|fact| format!("{:?}", fact.stream))
        .collect()
}
