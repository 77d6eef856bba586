//! A group of competing consumers: who is given what, and what became of it. It computes; what
//! reads and writes the log is in `pump`.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::mpsc;
use tonic::Status;
use uuid::Uuid;

use super::{
    member::{Consumer, Who, choose},
    settings::Settings,
};
use crate::raw::Record;

/// A message as it is given to a consumer.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub event: Arc<Record>,
    pub link: Option<Arc<Record>>,
    /// How often it was given before.
    pub retries: u32,
    pub origin: Origin,
}

/// Where a message comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// From among the parked ones, with its revision there.
    Parked(u64),
    /// From the source, with its revision or position.
    Source(u64),
}

impl Message {
    /// The id by which consumers speak of it.
    pub fn id(&self) -> Uuid {
        self.link.as_ref().unwrap_or(&self.event).id
    }
}

/// What a consumer is sent; an error ends its call.
pub(super) type Outbox = mpsc::UnboundedSender<Result<Message, Status>>;

/// Why a message was not acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Park,
    Retry,
    Skip,
    /// The consumer stops; the message waits until its time is over.
    Stop,
}

struct InFlight {
    message: Message,
    consumer: u64,
    since: Instant,
    until: Option<Instant>,
}

pub(super) struct Group {
    pub settings: Settings,
    pub consumers: Vec<Consumer>,
    keys: u64,
    /// Whose turn it is.
    turn: usize,
    /// Read and not yet given.
    buffer: VecDeque<Message>,
    /// Bytes of those, about.
    weight: usize,
    /// To be given again, the oldest first.
    again: BTreeMap<Origin, Message>,
    in_flight: HashMap<Uuid, InFlight>,
    /// To be parked, and why.
    parking: Vec<(Message, &'static str)>,
    /// Of the source, what was read and is not done with.
    open: BTreeSet<u64>,
    /// Of those that are parked, what is given again and not done with.
    replayed: BTreeSet<u64>,
    /// The next place of the source to be read.
    pub next: u64,
    /// How many messages were done with since the last checkpoint.
    pub done: u32,
    pub total: u64,
}

/// The most that one consumer holds.
const SLOTS: usize = 10_000;
/// Bytes that are read and not yet given, about.
const WEIGHT: usize = 16 << 20;

impl Group {
    pub fn new(settings: Settings, next: u64) -> Self {
        Self {
            settings,
            consumers: Vec::new(),
            keys: 0,
            turn: 0,
            buffer: VecDeque::new(),
            weight: 0,
            again: BTreeMap::new(),
            in_flight: HashMap::new(),
            parking: Vec::new(),
            open: BTreeSet::new(),
            replayed: BTreeSet::new(),
            next,
            done: 0,
            total: 0,
        }
    }

    /// Adds a consumer that holds at most so many messages; its key, unless there are too many.
    pub fn join(&mut self, slots: usize, who: Who, outbox: Outbox) -> Option<u64> {
        let most = self.settings.max_subscriber_count;
        if most.is_some_and(|most| self.consumers.len() >= most as usize) {
            return None;
        }
        self.keys += 1;
        let slots = slots.clamp(1, SLOTS);
        self.consumers.push(Consumer::new(self.keys, slots, who, outbox));
        Some(self.keys)
    }

    /// Removes a consumer; what it held is given to others.
    pub fn leave(&mut self, key: u64) {
        self.consumers.retain(|consumer| consumer.key != key);
        let held = |message: &InFlight| message.consumer == key;
        let ids: Vec<Uuid> =
            self.in_flight.iter().filter(|(_, held_by)| held(held_by)).map(|(id, _)| *id).collect();
        for id in ids {
            if let Some(InFlight { message, .. }) = self.in_flight.remove(&id) {
                self.again.insert(message.origin, message);
            }
        }
    }

    /// Ends the calls of all consumers.
    pub fn dismiss(&mut self, why: &Status) {
        for consumer in std::mem::take(&mut self.consumers) {
            // It may have gone already.
            let _ = consumer.outbox.send(Err(why.clone()));
        }
    }

    /// Whether there is room for what is read next.
    pub fn has_room(&self) -> bool {
        self.weight < WEIGHT
            && self.buffer.len() + self.again.len() < self.settings.history_buffer_size as usize
    }

    pub fn buffered(&self) -> usize {
        self.buffer.len()
    }

    pub fn to_give_again(&self) -> usize {
        self.again.len()
    }

    pub fn given(&self) -> usize {
        self.in_flight.len()
    }

    /// Takes a message that was read, from the source or from among those that are parked.
    pub fn push(&mut self, message: Message) {
        match message.origin {
            Origin::Source(place) => {
                self.open.insert(place);
                self.weight += weight(&message);
                self.buffer.push_back(message);
            }
            Origin::Parked(revision) => {
                self.replayed.insert(revision);
                self.again.insert(message.origin, message);
            }
        }
    }

    /// Gives messages to consumers while there are both.
    pub fn dispatch(&mut self, now: Instant) {
        while let Some(message) = self.first() {
            let id = message.id();
            if self.in_flight.contains_key(&id) {
                return;
            }
            let mut turn = self.turn;
            let at = choose(&self.consumers, self.settings.strategy, &mut turn, message);
            let Some(at) = at else { return };
            self.turn = turn;
            let Some(message) = self.take_first() else { return };
            let timeout = self.settings.message_timeout.map(Duration::from_millis);
            let until = timeout.and_then(|timeout| now.checked_add(timeout));
            let consumer = &mut self.consumers[at];
            consumer.held += 1;
            consumer.total += 1;
            self.total += 1;
            // Whoever has gone will leave, and what it held is then given to others.
            let _ = consumer.outbox.send(Ok(message.clone()));
            let consumer = consumer.key;
            self.in_flight.insert(id, InFlight { message, consumer, since: now, until });
        }
    }

    fn first(&self) -> Option<&Message> {
        self.again.first_key_value().map(|(_, message)| message).or(self.buffer.front())
    }

    fn take_first(&mut self) -> Option<Message> {
        if let Some((_, message)) = self.again.pop_first() {
            return Some(message);
        }
        let message = self.buffer.pop_front()?;
        self.weight -= weight(&message);
        Some(message)
    }

    /// The consumer is done with these.
    pub fn acknowledge(&mut self, key: u64, ids: &[Uuid], now: Instant) {
        for id in ids {
            if self.settings.extra_statistics
                && let Some(held) = self.in_flight.get(id).filter(|held| held.consumer == key)
                && let Some(consumer) = self.consumers.iter_mut().find(|it| it.key == key)
            {
                consumer.measured.note(now.saturating_duration_since(held.since));
            }
            if let Some(message) = self.release(key, id) {
                self.finish(message.origin);
            }
        }
    }

    /// The consumer is not done with these.
    pub fn refuse(&mut self, key: u64, ids: &[Uuid], why: Refusal) {
        for id in ids {
            if why == Refusal::Stop {
                continue;
            }
            let Some(message) = self.release(key, id) else { continue };
            match why {
                Refusal::Skip | Refusal::Stop => self.finish(message.origin),
                Refusal::Park => self.parking.push((message, "a consumer asked for it")),
                Refusal::Retry => self.retry(message),
            }
        }
    }

    /// What no consumer was done with in time is given again, or parked.
    pub fn expire(&mut self, now: Instant) {
        let over = |held: &InFlight| held.until.is_some_and(|until| until <= now);
        let mut late: Vec<(Origin, Uuid, u64)> = self
            .in_flight
            .iter()
            .filter(|(_, held)| over(held))
            .map(|(id, held)| (held.message.origin, *id, held.consumer))
            .collect();
        late.sort_unstable();
        for (_, id, consumer) in late {
            if let Some(message) = self.release(consumer, &id) {
                self.retry(message);
            }
        }
    }

    fn release(&mut self, key: u64, id: &Uuid) -> Option<Message> {
        if self.in_flight.get(id)?.consumer != key {
            return None;
        }
        if let Some(consumer) = self.consumers.iter_mut().find(|consumer| consumer.key == key) {
            consumer.held = consumer.held.saturating_sub(1);
        }
        self.in_flight.remove(id).map(|held| held.message)
    }

    fn retry(&mut self, mut message: Message) {
        if message.retries >= self.settings.max_retry_count {
            self.parking.push((message, "it was given too often"));
            return;
        }
        message.retries += 1;
        self.again.insert(message.origin, message);
    }

    /// What is to be parked; each is done with once that is on the disk.
    pub fn take_parking(&mut self) -> Vec<(Message, &'static str)> {
        std::mem::take(&mut self.parking)
    }

    pub fn finish(&mut self, origin: Origin) {
        self.done += 1;
        match origin {
            Origin::Source(place) => self.open.remove(&place),
            Origin::Parked(revision) => self.replayed.remove(&revision),
        };
    }

    /// The first place of the source that is not done with.
    pub fn unfinished(&self) -> u64 {
        self.open.first().copied().unwrap_or(self.next)
    }

    /// The first of the parked ones that is given again and not done with.
    pub fn unfinished_replay(&self) -> Option<u64> {
        self.replayed.first().copied()
    }
}

fn weight(message: &Message) -> usize {
    message.event.data.len() + message.event.metadata.len() + 256
}

#[cfg(test)]
mod tests {
    use kernel::Position;

    use super::{super::settings::Strategy, *};
    use crate::raw::{Content, StreamName};

    fn settings(strategy: Strategy) -> Settings {
        Settings {
            resolve_links: false,
            extra_statistics: false,
            max_retry_count: 1,
            min_checkpoint_count: 1,
            max_checkpoint_count: 1,
            max_subscriber_count: Some(2),
            live_buffer_size: 100,
            read_batch_size: 10,
            history_buffer_size: 100,
            message_timeout: Some(1000),
            checkpoint_after: 0,
            strategy,
        }
    }

    fn message(place: u64) -> Message {
        let event = Arc::new(Record {
            id: Uuid::from_u128(u128::from(place) + 1),
            stream: StreamName::new(&format!("s-{}", place % 5)),
            revision: place,
            position: Position(place + 1),
            kind: "made".into(),
            content: Content::Json,
            created: 0,
            data: Vec::new(),
            metadata: Vec::new(),
        });
        Message { event, link: None, retries: 0, origin: Origin::Source(place) }
    }

    /// A group with messages and consumers with so many slots each.
    fn group(strategy: Strategy, messages: u64, slots: &[usize]) -> (Group, Vec<Inbox>) {
        let mut group = Group::new(settings(strategy), 0);
        let consumers = slots.iter().map(|slots| {
            let (outbox, inbox) = mpsc::unbounded_channel();
            group.join(*slots, Who::default(), outbox).map(|key| (key, inbox))
        });
        let consumers = consumers.collect::<Option<_>>().expect("there is room");
        for place in 0..messages {
            group.next = place + 1;
            group.push(message(place));
        }
        group.dispatch(Instant::now());
        (group, consumers)
    }

    type Inbox = (u64, mpsc::UnboundedReceiver<Result<Message, Status>>);

    fn given(inbox: &mut Inbox) -> Vec<u64> {
        let mut given = Vec::new();
        while let Ok(Ok(message)) = inbox.1.try_recv() {
            given.push(message.event.revision);
        }
        given
    }

    fn id(place: u64) -> Uuid {
        message(place).id()
    }

    #[test]
    fn consumers_take_turns_and_hold_no_more_than_they_have_slots() {
        let (mut group, mut consumers) = group(Strategy::RoundRobin, 9, &[2, 3]);
        assert_eq!(given(&mut consumers[0]), [0, 2]);
        assert_eq!(given(&mut consumers[1]), [1, 3, 4]);
        let key = consumers[0].0;
        group.acknowledge(key, &[id(0)], Instant::now());
        group.acknowledge(key, &[id(1)], Instant::now());
        group.dispatch(Instant::now());
        assert_eq!(given(&mut consumers[0]), [5], "what another holds is not its to acknowledge");
        let (outbox, _) = mpsc::unbounded_channel();
        assert!(group.join(1, Who::default(), outbox).is_none(), "there may be two");
    }

    #[test]
    fn one_is_given_everything_until_it_is_full() {
        let (_, mut consumers) = group(Strategy::DispatchToSingle, 5, &[3, 3]);
        assert_eq!(given(&mut consumers[0]), [0, 1, 2]);
        assert_eq!(given(&mut consumers[1]), [3, 4]);
    }

    #[test]
    fn the_events_of_a_stream_stay_with_a_consumer() {
        let (_, mut consumers) = group(Strategy::Pinned, 50, &[100, 100]);
        let streams = |given: Vec<u64>| given.iter().map(|n| n % 5).collect::<BTreeSet<_>>();
        let (first, second) =
            (streams(given(&mut consumers[0])), streams(given(&mut consumers[1])));
        assert!(first.is_disjoint(&second));
        assert_eq!(first.len() + second.len(), 5);
    }

    #[test]
    fn what_is_late_is_given_again_and_then_parked() {
        let (mut group, mut consumers) = group(Strategy::RoundRobin, 2, &[2]);
        assert_eq!(given(&mut consumers[0]), [0, 1]);
        let later = Instant::now() + Duration::from_secs(2);
        group.acknowledge(consumers[0].0, &[id(1)], Instant::now());
        group.expire(later);
        group.dispatch(later);
        assert_eq!(given(&mut consumers[0]), [0]);
        assert_eq!(group.unfinished(), 0, "it is not done with");
        group.expire(later + Duration::from_secs(2));
        let parking = group.take_parking();
        assert_eq!(parking.len(), 1);
        assert_eq!(group.unfinished(), 0, "before it is parked neither");
        group.finish(parking[0].0.origin);
        assert_eq!(group.unfinished(), 2);
    }

    #[test]
    fn what_a_consumer_held_when_it_left_is_given_to_another_first() {
        let (mut group, mut consumers) = group(Strategy::DispatchToSingle, 4, &[2, 1]);
        assert_eq!(given(&mut consumers[0]), [0, 1]);
        assert_eq!(given(&mut consumers[1]), [2]);
        group.leave(consumers[0].0);
        group.acknowledge(consumers[1].0, &[id(2)], Instant::now());
        group.dispatch(Instant::now());
        assert_eq!(given(&mut consumers[1]), [0]);
    }

    #[test]
    fn a_consumer_can_refuse_in_four_ways() {
        let (mut group, mut consumers) = group(Strategy::RoundRobin, 4, &[9]);
        let key = consumers[0].0;
        given(&mut consumers[0]);
        group.refuse(key, &[id(0)], Refusal::Skip);
        group.refuse(key, &[id(1)], Refusal::Retry);
        group.refuse(key, &[id(2)], Refusal::Park);
        group.refuse(key, &[id(3)], Refusal::Stop);
        group.dispatch(Instant::now());
        assert_eq!(given(&mut consumers[0]), [1]);
        assert_eq!(group.take_parking().len(), 1);
        assert_eq!(group.given(), 2, "the one given again, and the one that waits");
        assert_eq!(group.unfinished(), 1);
    }
}
