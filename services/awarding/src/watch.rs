use std::pin::Pin;

use auth::{Permission, Principal};
use awarding_domain::{AwardEvent, PersonEvent};
use eventstore::{Filter, RecordedEvent, Signal};
use futures_util::{Stream, StreamExt, stream};
use kernel::{CommandId, Position};
use proto::awarding::v1::{WatchAwardsRequest, WatchAwardsResponse};
use runtime::status;
use tonic::Status;

use crate::{role::Awarding, trouble::Outcome};

pub(crate) type Watching = Pin<Box<dyn Stream<Item = Result<WatchAwardsResponse, Status>> + Send>>;

impl Awarding {
    /// What happens to the tenant's awards, from a position on, straight from the log; and which
    /// position that is.
    pub(crate) async fn watch_awards(
        &self,
        principal: &Principal,
        request: WatchAwardsRequest,
    ) -> Outcome<(Position, Watching)> {
        // Not all facts tell whose issuer's they are: this needs the whole tenant.
        principal.require(Permission::Read)?;
        let after = match request.after {
            Some(after) => Position(after),
            None => self.events.head().await?,
        };
        let filter = Filter::tenant(principal.tenant, &["award", "person"]);
        let news = self.events.subscribe(after, filter).flat_map(|signal| {
            let messages = match signal {
                Ok(Signal::Facts(facts)) => facts.iter().flat_map(messages).collect(),
                Ok(Signal::Checkpoint(_) | Signal::CaughtUp(_)) => vec![],
                Err(error) => vec![Err(status::of_store(error))],
            };
            stream::iter(messages)
        });
        let ended = self.context.tasks.closing().cancelled_owned();
        Ok((after, Box::pin(news.take_until(ended))))
    }
}

fn messages(fact: &RecordedEvent) -> Vec<Result<WatchAwardsResponse, Status>> {
    news(fact).unwrap_or_else(|error| vec![Err(status::of_unreadable(&error))])
}

fn news(
    fact: &RecordedEvent,
) -> Result<Vec<Result<WatchAwardsResponse, Status>>, eventstore::Unreadable> {
    let at = fact.envelope()?.at;
    let message = |kind: &str, event_id: uuid::Uuid, award_id: String| {
        Ok(WatchAwardsResponse {
            position: fact.position.0,
            event_id: event_id.to_string(),
            kind: kind.to_owned(),
            occurred_at: at.to_string(),
            award_id,
        })
    };
    if fact.stream.category() == "person" {
        let PersonEvent::Erased(erased) = fact.event()?;
        // One fact withdraws many awards: each piece of news has an id of its own.
        let each = erased.awards.iter().map(|withdrawn| {
            let parts: [&[u8]; 2] = [fact.id.as_bytes(), &withdrawn.award.bytes()];
            let id = CommandId::derived(&parts).uuid();
            message("ERASED", id, withdrawn.award.to_string())
        });
        return Ok(each.collect());
    }
    let kind = match fact.event()? {
        AwardEvent::Created(_) => "CREATED",
        AwardEvent::Accepted(_) => "ACCEPTED",
        AwardEvent::Declined(_) => "DECLINED",
        AwardEvent::Revoked(_) => "REVOKED",
        AwardEvent::Notified(_) => return Ok(vec![]),
    };
    Ok(vec![message(kind, fact.id, fact.stream.id().to_owned())])
}
