use std::{pin::Pin, sync::Arc, time::Duration};

use eventstore::{Filter, RecordedEvent, Signal};
use futures_util::StreamExt;
use kernel::Position;
use readmodel::Leases;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{Context, metrics};

/// How often is looked at what is measured.
const LOOK: Duration = Duration::from_secs(5);

/// How a lease is held.
#[derive(Clone, Copy)]
struct Term {
    /// How long when nobody renews it: as long as a process that died is waited for.
    held: Duration,
    /// How often it is renewed, and asked for by those that wait for it.
    renewed: Duration,
}

const USUAL: Term = Term { held: Duration::from_secs(15), renewed: Duration::from_secs(3) };
/// For what others wait for.
const SHORT: Term = Term { held: Duration::from_secs(5), renewed: Duration::from_secs(1) };

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The pause before a subscription that broke is begun again.
const BROKEN: Duration = Duration::from_millis(500);

/// From where on facts are heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// From the first fact on.
    TheStart,
    /// Only what happens from now on.
    Now,
}

/// What a follower of the log hears; see [`Policy::following`].
#[derive(Debug)]
pub enum Heard<'a> {
    /// The next fact.
    Fact(&'a RecordedEvent),
    /// Everything up to here was heard, and it is not known that there is more.
    Upto(Position),
    /// The subscription broke; what follows is heard later.
    Broken,
}

/// What a role does on its own as long as the process runs.
pub struct Policy {
    /// Its name in logs.
    pub name: &'static str,
    run: Run,
}

enum Run {
    Everywhere(Work),
    Led(Term, Box<dyn Fn() -> Work + Send + Sync>),
}

impl Policy {
    /// A policy that every process with the role runs; it ends soon after
    /// [`crate::Tasks::cancelled`] fires.
    pub fn everywhere(name: &'static str, run: impl Future<Output = ()> + Send + 'static) -> Self {
        Self { name, run: Run::Everywhere(Box::pin(run)) }
    }

    /// A policy of every process with the role that hears the facts of these categories, in order,
    /// without doing anything about them that outlives the process: what is held in memory is
    /// brought up to date by it.
    pub fn following(
        name: &'static str,
        context: &Context,
        categories: &[&'static str],
        since: Since,
        mut hear: impl FnMut(Heard<'_>) + Send + 'static,
    ) -> Self {
        let (events, ended) = (Arc::clone(&context.stores.events), context.tasks.cancelled());
        let filter = Filter::every_tenant(categories);
        let work = async move {
            let mut after = match since {
                Since::TheStart => Position::START,
                Since::Now => loop {
                    match events.head().await {
                        Ok(newest) => break newest,
                        Err(_) => tokio::time::sleep(BROKEN).await,
                    }
                },
            };
            let mut live = false;
            loop {
                let mut signals = events.subscribe(after, filter.clone());
                while let Some(Ok(signal)) = signals.next().await {
                    match signal {
                        Signal::Facts(facts) => {
                            for fact in &facts {
                                hear(Heard::Fact(fact));
                            }
                            after = facts.last().map_or(after, |fact| fact.position);
                        }
                        Signal::Checkpoint(position) => after = position,
                        Signal::CaughtUp(position) => (after, live) = (position, true),
                    }
                    if live {
                        hear(Heard::Upto(after));
                    }
                }
                live = false;
                hear(Heard::Broken);
                tokio::time::sleep(BROKEN).await;
            }
        };
        Self::everywhere(name, async move {
            tokio::select! {
                () = ended.cancelled() => {}
                () = work => {}
            }
        })
    }

    /// A policy that looks at something again and again where metrics are recorded, to record it.
    pub fn measuring<W>(
        name: &'static str,
        ended: CancellationToken,
        look: impl Fn() -> W + Send + Sync + 'static,
    ) -> Self
    where
        W: Future<Output = ()> + Send + 'static,
    {
        Self::everywhere(name, async move {
            while !ended.is_cancelled() {
                if metrics::is_on() {
                    look().await;
                }
                tokio::select! {
                    () = ended.cancelled() => {}
                    () = tokio::time::sleep(LOOK) => {}
                }
            }
        })
    }

    /// A policy that one process at a time runs, whichever holds the lease of its name: made anew
    /// each time the process gets it, dropped when the process loses it.
    pub fn led<W>(name: &'static str, run: impl Fn() -> W + Send + Sync + 'static) -> Self
    where
        W: Future<Output = ()> + Send + 'static,
    {
        Self { name, run: Run::Led(USUAL, Box::new(move || Box::pin(run()))) }
    }

    /// The same for what must not rest: another process takes over from one that died within about
    /// five seconds rather than fifteen.
    pub fn led_closely<W>(name: &'static str, run: impl Fn() -> W + Send + Sync + 'static) -> Self
    where
        W: Future<Output = ()> + Send + 'static,
    {
        Self { name, run: Run::Led(SHORT, Box::new(move || Box::pin(run()))) }
    }

    /// Runs it until told to end; a lease is held in the name of `holder`, which nobody else has.
    pub async fn run(self, leases: Arc<dyn Leases>, holder: Uuid, ended: CancellationToken) {
        match self.run {
            Run::Everywhere(work) => work.await,
            Run::Led(term, make) => {
                let lease = Lease { name: self.name, term, leases: &*leases, holder };
                lease.lead(&*make, &ended).await;
            }
        }
    }
}

/// A lease that a process wants.
struct Lease<'a> {
    name: &'static str,
    term: Term,
    leases: &'a dyn Leases,
    holder: Uuid,
}

impl Lease<'_> {
    async fn lead(&self, make: &(dyn Fn() -> Work + Send + Sync), ended: &CancellationToken) {
        let name = self.name;
        while !ended.is_cancelled() {
            if self.hold().await {
                tracing::debug!(policy = name, "leads");
                tokio::select! {
                    // It ends by itself when the process is to end.
                    () = make() => {
                        if let Err(error) = self.leases.release(name, self.holder).await {
                            tracing::debug!(policy = name, %error, "the lease ends by itself");
                        }
                        return;
                    }
                    () = self.renewed_in_vain() => {
                        tracing::warn!(policy = name, "the lease was lost");
                    }
                }
            }
            tokio::select! {
                () = ended.cancelled() => {}
                () = tokio::time::sleep(self.term.renewed) => {}
            }
        }
    }

    /// Renews the lease for as long as that succeeds in time.
    async fn renewed_in_vain(&self) {
        let Term { held, renewed } = self.term;
        let mut sure_until = Instant::now() + held - 2 * renewed;
        while Instant::now() < sure_until {
            tokio::time::sleep(renewed).await;
            let asked = Instant::now();
            let asking = self.leases.hold(self.name, self.holder, held);
            match tokio::time::timeout(renewed, asking).await {
                Ok(Ok(true)) => sure_until = asked + held - 2 * renewed,
                Ok(Ok(false)) => return,
                // It may be held still: nobody else has it before the time is over.
                Ok(Err(_)) | Err(_) => {}
            }
        }
    }

    async fn hold(&self) -> bool {
        let asking = self.leases.hold(self.name, self.holder, self.term.held);
        matches!(tokio::time::timeout(self.term.renewed, asking).await, Ok(Ok(true)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

    use readmodel::LocalLeases;
    use tokio::{sync::Notify, task::JoinSet};

    use super::*;

    #[derive(Default)]
    struct Watch {
        at_work: AtomicU32,
        most: AtomicU32,
        begun: AtomicU32,
        changed: Notify,
    }

    impl Watch {
        async fn begun(&self, times: u32) {
            loop {
                let changed = self.changed.notified();
                if self.begun.load(SeqCst) >= times {
                    return;
                }
                changed.await;
            }
        }
    }

    struct AtWork(Arc<Watch>);

    impl AtWork {
        fn begin(watch: &Arc<Watch>) -> Self {
            watch.most.fetch_max(watch.at_work.fetch_add(1, SeqCst) + 1, SeqCst);
            watch.begun.fetch_add(1, SeqCst);
            watch.changed.notify_waiters();
            Self(Arc::clone(watch))
        }
    }

    impl Drop for AtWork {
        fn drop(&mut self) {
            self.0.at_work.fetch_sub(1, SeqCst);
        }
    }

    fn process(
        number: u128,
        watch: &Arc<Watch>,
        leases: &Arc<LocalLeases>,
    ) -> (JoinSet<()>, CancellationToken) {
        let ended = CancellationToken::new();
        let (until, watch) = (ended.clone(), Arc::clone(watch));
        let policy = Policy::led("work", move || {
            let (until, watch) = (until.clone(), Arc::clone(&watch));
            async move {
                let _at_work = AtWork::begin(&watch);
                until.cancelled().await;
            }
        });
        let work = policy.run(Arc::clone(leases) as _, Uuid::from_u128(number), ended.clone());
        let mut process = JoinSet::new();
        process.spawn(work);
        (process, ended)
    }

    #[tokio::test(start_paused = true)]
    async fn one_of_many_works_and_another_takes_over_from_one_that_ends_or_dies() {
        let (watch, leases) = (Arc::new(Watch::default()), Arc::new(LocalLeases::default()));
        let mut first = process(1, &watch, &leases);
        watch.begun(1).await;
        let mut second = process(2, &watch, &leases);
        tokio::time::sleep(USUAL.held * 4).await;
        assert_eq!(watch.begun.load(SeqCst), 1, "a lease that is renewed is not lost");
        first.1.cancel();
        first.0.join_next().await.expect("runs").expect("ends");
        watch.begun(2).await;
        let mut third = process(3, &watch, &leases);
        second.0.abort_all();
        watch.begun(3).await;
        assert_eq!(watch.most.load(SeqCst), 1, "never two at once");
        third.1.cancel();
        third.0.join_next().await.expect("runs").expect("ends");
    }

    #[tokio::test(start_paused = true)]
    async fn who_cannot_renew_a_lease_stops_before_another_may_begin() {
        struct Gone;
        #[async_trait::async_trait]
        impl Leases for Gone {
            async fn hold(
                &self,
                _: &str,
                _: Uuid,
                _: Duration,
            ) -> Result<bool, readmodel::ReadModelError> {
                std::future::pending().await
            }

            async fn release(&self, _: &str, _: Uuid) -> Result<(), readmodel::ReadModelError> {
                Ok(())
            }
        }
        for term in [USUAL, SHORT] {
            let began = Instant::now();
            let lease = Lease { name: "work", term, leases: &Gone, holder: Uuid::from_u128(1) };
            tokio::time::timeout(term.held, lease.renewed_in_vain()).await.expect("stops");
            assert!(began.elapsed() < term.held);
        }
    }
}
