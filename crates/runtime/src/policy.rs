use std::{pin::Pin, sync::Arc, time::Duration};

use readmodel::Leases;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long a lease is held when nobody renews it: as long as a process that died is waited for.
const HELD: Duration = Duration::from_secs(15);
/// How often it is renewed, and asked for by those that wait for it.
const RENEWED: Duration = Duration::from_secs(3);

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a role does on its own as long as the process runs.
pub struct Policy {
    /// Its name in logs.
    pub name: &'static str,
    run: Run,
}

enum Run {
    Everywhere(Work),
    Led(Box<dyn Fn() -> Work + Send + Sync>),
}

impl Policy {
    /// A policy that every process with the role runs; it ends soon after
    /// [`crate::Tasks::cancelled`] fires.
    pub fn everywhere(name: &'static str, run: impl Future<Output = ()> + Send + 'static) -> Self {
        Self { name, run: Run::Everywhere(Box::pin(run)) }
    }

    /// A policy that one process at a time runs, whichever holds the lease of its name: made anew
    /// each time the process gets it, dropped when the process loses it.
    pub fn led<W>(name: &'static str, run: impl Fn() -> W + Send + Sync + 'static) -> Self
    where
        W: Future<Output = ()> + Send + 'static,
    {
        Self { name, run: Run::Led(Box::new(move || Box::pin(run()))) }
    }

    /// Runs it until told to end; a lease is held in the name of `holder`, which nobody else has.
    pub async fn run(self, leases: Arc<dyn Leases>, holder: Uuid, ended: CancellationToken) {
        match self.run {
            Run::Everywhere(work) => work.await,
            Run::Led(make) => lead(self.name, &*leases, holder, &*make, &ended).await,
        }
    }
}

async fn lead(
    name: &'static str,
    leases: &dyn Leases,
    holder: Uuid,
    make: &(dyn Fn() -> Work + Send + Sync),
    ended: &CancellationToken,
) {
    while !ended.is_cancelled() {
        if hold(leases, name, holder).await {
            tracing::debug!(policy = name, "leads");
            tokio::select! {
                // It ends by itself when the process is to end.
                () = make() => {
                    if let Err(error) = leases.release(name, holder).await {
                        tracing::debug!(policy = name, %error, "the lease ends by itself");
                    }
                    return;
                }
                () = renewed_in_vain(leases, name, holder) => {
                    tracing::warn!(policy = name, "the lease was lost");
                }
            }
        }
        tokio::select! {
            () = ended.cancelled() => {}
            () = tokio::time::sleep(RENEWED) => {}
        }
    }
}

/// Renews the lease for as long as that succeeds in time.
async fn renewed_in_vain(leases: &dyn Leases, name: &str, holder: Uuid) {
    let mut sure_until = Instant::now() + HELD - 2 * RENEWED;
    while Instant::now() < sure_until {
        tokio::time::sleep(RENEWED).await;
        let asked = Instant::now();
        match tokio::time::timeout(RENEWED, leases.hold(name, holder, HELD)).await {
            Ok(Ok(true)) => sure_until = asked + HELD - 2 * RENEWED,
            Ok(Ok(false)) => return,
            // It may be held still: nobody else has it before the time is over.
            Ok(Err(_)) | Err(_) => {}
        }
    }
}

async fn hold(leases: &dyn Leases, name: &str, holder: Uuid) -> bool {
    let asked = tokio::time::timeout(RENEWED, leases.hold(name, holder, HELD)).await;
    matches!(asked, Ok(Ok(true)))
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
        tokio::time::sleep(HELD * 4).await;
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
        let began = Instant::now();
        let holder = Uuid::from_u128(1);
        tokio::time::timeout(HELD, renewed_in_vain(&Gone, "work", holder)).await.expect("stops");
        assert!(began.elapsed() < HELD);
    }
}
