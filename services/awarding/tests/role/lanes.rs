//! Facts about which nothing can be done stop a policy for their tenant, and for nobody else.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};

use async_trait::async_trait;
use eventstore::{Expected, Filter, NewEvent, Signal, StreamId, Write};
use futures_util::StreamExt;
use kernel::Position;
use readmodel::{Standing, skips};
use runtime::{Context, Mail, MailError, Mailer};

use crate::world::{World, id};

const PATIENCE: Duration = Duration::from_mins(1);

impl World {
    /// Appends a fact of a type that nobody knows.
    async fn break_stream(&self, stream: StreamId, expected: Expected) -> Position {
        let event = NewEvent {
            id: self.rig.context.stores.ids.uuid(),
            kind: format!("{}-broken.v1", stream.category()),
            data: b"{}".to_vec(),
            metadata: b"{}".to_vec(),
        };
        let write = Write { stream, expected, events: vec![event] };
        self.rig.context.stores.events.append(vec![write]).await.remove(0).unwrap().position
    }

    /// An award whose earner is told by letter; its id.
    async fn award_by_letter(&self, key: &str) -> String {
        let mut request = self.award_request(key, &format!("{key}@example.org"), "");
        request.notify = true;
        self.award(request).await.unwrap().award.unwrap().id
    }

    async fn skip(&self, standing: &Standing) {
        let events = &self.rig.context.stores.events;
        skips::skip(&**events, standing, "ticket", "broken", self.rig.now()).await.unwrap();
    }

    /// Returns when nobody stands still any more.
    async fn nobody_stands_still(&self) {
        let models = &self.rig.context.stores.models;
        let look = async {
            while !awarding::standing(&**models).await.unwrap().is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, look).await.expect("all go on");
    }

    /// How many facts of that type the tenant has.
    async fn count(&self, kind: &str) -> usize {
        let events = &self.rig.context.stores.events;
        let head = events.head().await.unwrap();
        let mut signals = events.subscribe(Position::START, Filter::tenant(self.tenant, &[]));
        let mut count = 0;
        loop {
            match signals.next().await.unwrap().unwrap() {
                Signal::Facts(facts) => {
                    count += facts.iter().filter(|fact| &*fact.kind == kind).count();
                }
                Signal::Checkpoint(to) | Signal::CaughtUp(to) if to >= head => return count,
                Signal::Checkpoint(_) | Signal::CaughtUp(_) => {}
            }
        }
    }
}

/// Who stands still in a policy, once somebody does.
async fn standing(context: &Context, policy: &str) -> Standing {
    let look = async {
        loop {
            let all = context.stands.all();
            let of = all.into_iter().find(|(name, stands)| *name == policy && !stands.is_empty());
            if let Some((_, stands)) = of {
                return stands[0].clone();
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, look).await.expect("it is told")
}

async fn end(context: Context) {
    context.tasks.shutdown(PATIENCE).await.expect("the policies end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fact_nobody_can_read_stops_the_letters_of_its_tenant_alone_and_none_is_lost() {
    let mut world = World::idle().await;
    let (here, elsewhere) = (world.tenant, id(9));
    let events = Arc::clone(&world.rig.context.stores.events);
    let process = world.apart(Arc::clone(&events));
    world.start(&process);
    let stream = StreamId::named("award", here, "award_01h455vb4pex5vsknk084sn02q");
    let broken = world.break_stream(stream, Expected::NoStream).await;
    let standing_still = standing(&process, "awarding-mail").await;
    assert_eq!((standing_still.tenant(), standing_still.position), (here, broken));

    world.award_by_letter("here").await;
    world.move_to(elsewhere).await;
    world.award_by_letter("elsewhere").await;
    world.until("award-notified.v1", Position::START).await;
    world.return_to(here);
    assert_eq!(world.count("award-notified.v1").await, 0, "the tenant stands still");
    end(process).await;
    assert!(world.rig.context.stands.all().iter().all(|(_, stands)| stands.is_empty()));

    // Another process knows it, and goes on when it is decided to do without the fact.
    let process = world.apart(Arc::clone(&events));
    world.start(&process);
    assert_eq!(standing(&process, "awarding-mail").await, standing_still);
    end(process).await;
    world.skip(&standing_still).await;
    let process = world.apart(Arc::clone(&events));
    world.start(&process);
    world.until("award-notified.v1", Position::START).await;
    world.nobody_stands_still().await;
    end(process).await;
    assert_eq!(world.count("award-notified.v1").await, 1);
    world.return_to(elsewhere);
    assert_eq!(world.count("award-notified.v1").await, 1, "no letter was sent twice");

    // Should all be forgotten, the decision holds.
    world.rig.context.stores.models.clear(awarding_mail()).await.unwrap();
    world.return_to(here);
    let process = world.apart(events);
    world.start(&process);
    world.award_by_letter("later").await;
    let wait = async {
        while world.count("award-notified.v1").await < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("the tenant goes on");
    end(process).await;
}

fn awarding_mail() -> readmodel::Slot {
    let model = readmodel::Model { name: "awarding-mail", version: 1 };
    readmodel::Slot { model, generation: 0 }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_nobody_can_read_stops_the_batches_of_its_tenant_alone_until_it_is_skipped() {
    let mut world = World::idle().await;
    let (here, elsewhere) = (world.tenant, id(9));
    let events = Arc::clone(&world.rig.context.stores.events);
    let broken = world.submit("broken", "email\nada@example.org\n").await.unwrap().batch.unwrap();
    let stream = StreamId::named("batch", here, &broken.id);
    world.break_stream(stream, Expected::Revision(0)).await;
    let process = world.apart(Arc::clone(&events));
    world.start(&process);
    let standing_still = standing(&process, "awarding-batches").await;
    assert_eq!(standing_still.tenant(), here);
    assert_eq!(standing_still.stream.id(), broken.id);

    world.submit("good", "email\nbob@example.org\n").await.unwrap();
    world.move_to(elsewhere).await;
    world.submit("other", "email\neve@example.org\n").await.unwrap();
    world.until("batch-finished.v1", Position::START).await;
    world.return_to(here);
    assert_eq!(world.count("batch-finished.v1").await, 0, "the tenant stands still");
    end(process).await;

    world.skip(&standing_still).await;
    let process = world.apart(events);
    world.start(&process);
    world.until("batch-finished.v1", Position::START).await;
    world.nobody_stands_still().await;
    end(process).await;
    assert_eq!(world.count("batch-finished.v1").await, 1, "the broken one is done without");
}

/// Fails so often, for a reason that passes.
struct Flaky {
    left: AtomicU32,
    mailer: Arc<dyn Mailer>,
}

#[async_trait]
impl Mailer for Flaky {
    async fn send(&self, mail: Mail) -> Result<(), MailError> {
        let failing = self.left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1));
        if failing.is_ok() {
            return Err(MailError::Unavailable("the server rests".into()));
        }
        self.mailer.send(mail).await
    }

    async fn forget(&self, owner: &str) -> Result<(), MailError> {
        self.mailer.forget(owner).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_passes_stops_nobody() {
    let world = World::idle().await;
    let mut process = world.apart(Arc::clone(&world.rig.context.stores.events));
    let mailer = Arc::clone(&process.stores.mailer);
    process.stores.mailer = Arc::new(Flaky { left: AtomicU32::new(4), mailer });
    world.start(&process);
    world.award_by_letter("late").await;
    world.until("award-notified.v1", Position::START).await;
    assert_eq!(awarding::standing(&*process.stores.models).await.unwrap(), []);
    end(process).await;
}
