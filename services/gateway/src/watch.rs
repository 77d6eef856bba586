//! A watch that goes on: when the role's answer ends, because a connection grew too old or a process
//! went away, the watch is taken up again where it was, and who watches sees no end.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures_util::{Stream, StreamExt, stream};
use proto::awarding::v1::{WatchAwardsRequest, WatchAwardsResponse};
use runtime::{Refusal, call::CONSISTENCY};
use tokio::time::{Instant, sleep};
use tonic::{Code, Status, Streaming};

use crate::{call::Call, failure::Failure};

/// So often in a row what brings nothing is tried again: together about twenty seconds, as long as a
/// process takes to be replaced.
const TRIES: u32 = 10;
/// The pause before; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// What lasted so long did not fail in a row.
const LONG: Duration = Duration::from_secs(30);

struct Watch {
    call: Arc<Call>,
    /// All news up to here were given; from here it is taken up.
    whole: Option<u64>,
    /// The position of the last news, and the ids of those given of it: a fact may be several.
    last: Option<(u64, HashSet<String>)>,
    news: Option<Streaming<WatchAwardsResponse>>,
    since: Instant,
    tries: u32,
}

/// What happens to the tenant's awards behind that position, or from now on.
///
/// # Errors
/// When the role does not begin to answer; later, when the watch cannot be taken up any more.
pub async fn awards(
    call: Arc<Call>,
    after: Option<u64>,
) -> Result<impl Stream<Item = Result<WatchAwardsResponse, Failure>> + use<>, Failure> {
    let (news, since) = (None, Instant::now());
    let mut watch = Watch { call, whole: after, last: None, news, since, tries: 0 };
    watch.open().await?;
    Ok(stream::unfold(watch, |mut watch| async move { Some((watch.next().await?, watch)) }))
}

impl Watch {
    async fn open(&mut self) -> Result<(), Status> {
        let request = self.call.request(WatchAwardsRequest { after: self.whole });
        let answer = self.call.awarding().watch_awards(request).await?;
        // Where it begins, when it begins now.
        let begins =
            answer.metadata().get(CONSISTENCY).and_then(|it| it.to_str().ok()?.parse().ok());
        self.whole = self.whole.or(begins);
        (self.news, self.since) = (Some(answer.into_inner()), Instant::now());
        Ok(())
    }

    async fn next(&mut self) -> Option<Result<WatchAwardsResponse, Failure>> {
        loop {
            let ended = match self.news.as_mut()?.next().await {
                Some(Ok(news)) if self.is_new(&news) => {
                    self.tries = 0;
                    return Some(Ok(news));
                }
                Some(Ok(_)) => continue,
                Some(Err(status)) => accident(status),
                // It has no end of its own: the process ends.
                None => Status::unavailable("the role ended the watch"),
            };
            if let Err(status) = self.take_up(ended).await {
                self.news = None;
                return Some(Err(status.into()));
            }
        }
    }

    /// Takes it up again; how it ended when that is in vain. One of which nobody knows where it began
    /// is not: what happened meanwhile would be lost.
    async fn take_up(&mut self, mut ended: Status) -> Result<(), Status> {
        if self.since.elapsed() > LONG {
            self.tries = 0;
        }
        while self.whole.is_some() && self.tries < TRIES && Refusal::of(&ended).retryable {
            sleep(pause(self.tries)).await;
            self.tries += 1;
            match self.open().await {
                Ok(()) => return Ok(()),
                Err(status) => ended = status,
            }
        }
        Err(ended)
    }

    /// Takes note of news; whether they were not given before.
    fn is_new(&mut self, news: &WatchAwardsResponse) -> bool {
        if let Some((at, given)) = &mut self.last
            && *at == news.position
        {
            return given.insert(news.event_id.clone());
        }
        let given = HashSet::from([news.event_id.clone()]);
        let before = self.last.replace((news.position, given));
        self.whole = before.map(|(at, _)| at).or(self.whole);
        true
    }
}

fn pause(tries: u32) -> Duration {
    (FIRST_PAUSE * 2_u32.pow(tries)).min(LONGEST_PAUSE)
}

/// A stream that breaks says so in many ways, all of which another try may heal; what the role itself
/// says is left as it is.
fn accident(status: Status) -> Status {
    let broke = matches!(status.code(), Code::Unknown | Code::Internal);
    if broke && status.details().is_empty() {
        return Status::unavailable("the watch broke off");
    }
    status
}

/// Reads what news tell of, again for as long as the role cannot be reached: the process that told
/// them may be gone.
pub async fn told_of<T, R>(read: impl Fn() -> R) -> Result<T, Failure>
where
    R: Future<Output = Result<T, Failure>>,
{
    let mut tries = 0;
    loop {
        match read().await {
            Err(failure) if failure.code == "UNAVAILABLE" && tries < TRIES => {}
            outcome => return outcome,
        }
        sleep(pause(tries)).await;
        tries += 1;
    }
}
