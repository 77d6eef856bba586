use std::{
    collections::VecDeque,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use proto::keyvault::v1::{WatchRequest, WatchResponse, watch_request, watch_response};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep, sleep_until, timeout, timeout_at},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::{link::Link, memory::Memory};
use crate::wire;

/// How long to wait before the stream is opened again, about: at first, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));
/// Pings without an answer before the stream is given up: two leases long.
const UNANSWERED: usize = 6;
/// The longest lease that is counted on, and the pause between pings while none is known.
const LONGEST: Duration = Duration::from_mins(1);
const FIRST: Duration = Duration::from_secs(1);
/// What is said and not yet sent.
const UNSENT: usize = 1024;

/// Keeps the memory of a [`super::Remote`] true: holds its lease and forgets what is destroyed.
pub struct Keeper {
    link: Arc<Link>,
    memory: Arc<Memory>,
    whole: watch::Sender<bool>,
}

impl Keeper {
    pub(super) fn new(link: Arc<Link>, memory: Arc<Memory>, whole: watch::Sender<bool>) -> Self {
        Self { link, memory, whole }
    }

    /// Works until told to end; from then on every key is asked for.
    pub async fn run(self, until: impl Future<Output = ()> + Send) {
        let mut until = pin!(until);
        let mut pause = PAUSES.0;
        loop {
            pause = match self.watch(until.as_mut()).await {
                Ended::Told => return,
                Ended::Broken => PAUSES.0,
                Ended::Useless => PAUSES.1.min(pause * 2),
            };
            tokio::select! {
                () = &mut until => return,
                () = sleep(pause.mul_f64(0.5 + rand::random::<f64>())) => {}
            }
        }
    }

    /// One stream until it ends.
    async fn watch(&self, mut until: Pin<&mut (impl Future<Output = ()> + Send)>) -> Ended {
        let (says, said) = mpsc::channel(UNSENT);
        let pings = VecDeque::new();
        let mut watching = Watching { keeper: self, says, pings, count: 0, every: FIRST };
        let opened = async {
            watching.ping()?;
            let mut client = self.link.client();
            let response = client.watch(self.link.request(ReceiverStream::new(said))).await?;
            self.link.heard(response.metadata()).map_err(|_| Broken)?;
            Ok::<_, Broken>(response.into_inner())
        };
        let opened = tokio::select! {
            () = &mut until => return Ended::Told,
            opened = timeout_at(self.link.deadline(), opened) => opened,
        };
        let Ok(Ok(mut heard)) = opened else { return Ended::Useless };
        let ended = tokio::select! {
            () = &mut until => Ended::Told,
            _ = watching.follow(&mut heard) => {
                if *self.whole.borrow() { Ended::Broken } else { Ended::Useless }
            }
        };
        // Empties the memory and then ends the stream, which says to the server: used no longer.
        drop(watching);
        if matches!(ended, Ended::Told) {
            // Whether it was heard matters to the server alone, which else waits for the lease.
            let _ =
                timeout(FIRST, async { while let Ok(Some(_)) = heard.message().await {} }).await;
        }
        ended
    }
}

/// How a stream ended.
enum Ended {
    /// The keeper was told to end.
    Told,
    /// There was a lease until it broke.
    Broken,
    /// There was no lease, or none any more.
    Useless,
}

/// A stream that is open. When dropped, the memory is emptied.
struct Watching<'k> {
    keeper: &'k Keeper,
    says: mpsc::Sender<WatchRequest>,
    /// Pings without an answer: their numbers and when they were sent.
    pings: VecDeque<(u64, Instant)>,
    count: u64,
    every: Duration,
}

/// The stream is of no use any more.
struct Broken;

impl From<Status> for Broken {
    fn from(_: Status) -> Self {
        Self
    }
}

impl Watching<'_> {
    async fn follow(&mut self, heard: &mut Streaming<WatchResponse>) -> Result<(), Broken> {
        use watch_response::Says;
        let mut next = Instant::now() + self.every;
        loop {
            tokio::select! {
                response = heard.message() => match response?.ok_or(Broken)?.says {
                    Some(Says::Lease(lease)) => {
                        self.leased(lease.ping, Duration::from_millis(lease.millis.into()));
                        next = next.min(Instant::now() + self.every);
                    }
                    Some(Says::Destruction(destruction)) => {
                        let owner = wire::read_owner(destruction.owner).map_err(|_| Broken)?;
                        self.keeper.memory.forget(&owner);
                        self.say(watch_request::Says::Forgotten(destruction.number))?;
                    }
                    None => {}
                },
                () = sleep_until(next) => {
                    self.say_whether_whole();
                    self.ping()?;
                    next = Instant::now() + self.every;
                }
            }
        }
    }

    /// Counted from when the ping was sent: the server counts from when it came.
    fn leased(&mut self, ping: u64, lease: Duration) {
        let lease = lease.min(LONGEST);
        while let Some((number, sent)) = self.pings.pop_front() {
            if number == ping {
                self.keeper.memory.lease(sent + lease);
                self.say_whether_whole();
                self.every = lease / 3;
                return;
            }
        }
    }

    fn say_whether_whole(&self) {
        let now = self.keeper.memory.may_be_used();
        self.keeper.whole.send_if_modified(|whole| std::mem::replace(whole, now) != now);
    }

    fn ping(&mut self) -> Result<(), Broken> {
        if self.pings.len() >= UNANSWERED {
            return Err(Broken);
        }
        self.count += 1;
        self.pings.push_back((self.count, Instant::now()));
        self.say(watch_request::Says::Ping(self.count))
    }

    fn say(&self, says: watch_request::Says) -> Result<(), Broken> {
        self.says.try_send(WatchRequest { says: Some(says) }).map_err(|_| Broken)
    }
}

impl Drop for Watching<'_> {
    fn drop(&mut self) {
        self.keeper.memory.clear();
        self.keeper.whole.send_replace(false);
    }
}
