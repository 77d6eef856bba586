//! Watches of a role whose answer ends although nothing is over.

use std::sync::{Arc, Mutex};

use prost::Message;
use proto::awarding::v1 as awarding;
use tonic::Status;

use super::streams::{Client, eventful, subscribe};
use crate::testing::{AWARD, Answer, House};

const EVENTS: &str = "subscription { awardEvents { id } }";

/// What the role was asked to begin behind.
type Asked = Arc<Mutex<Vec<Option<u64>>>>;

/// The news behind a position: the first two are of one fact.
fn behind(position: Option<u64>) -> Vec<Vec<u8>> {
    let news = [(7, "e-1"), (7, "e-2"), (9, "e-3"), (11, "e-4")];
    let news = news.into_iter().filter(|(at, _)| position.is_none_or(|it| *at > it));
    let encoded = news.map(|(position, id)| {
        let news = awarding::WatchAwardsResponse {
            position,
            event_id: id.into(),
            kind: "CREATED".into(),
            occurred_at: "2026-03-01T12:00:00Z".into(),
            award_id: AWARD.into(),
        };
        news.encode_to_vec()
    });
    encoded.collect()
}

/// A house whose role answers each time as told, by how often it was asked and the news there are.
fn house(
    answer: impl Fn(usize, Vec<Vec<u8>>) -> Result<Answer, Status> + Send + Sync + 'static,
) -> (House, Asked) {
    let (house, asked) = (eventful(), Asked::default());
    let noted = Arc::clone(&asked);
    house.roles.on_raw("WatchAwards", move |bytes| {
        let request = awarding::WatchAwardsRequest::decode(bytes).unwrap();
        let mut asked = noted.lock().unwrap();
        asked.push(request.after);
        answer(asked.len(), behind(request.after))
    });
    (house, asked)
}

fn from_five(answer: Answer) -> Answer {
    Answer::Behind(5, Box::new(answer))
}

async fn watching(house: &House) -> Client {
    let mut client = Client::of(house);
    client.enter(house).await;
    client.say(&subscribe("1", EVENTS));
    client
}

async fn hears(client: &mut Client, ids: &[&str]) {
    for id in ids {
        let next = client.news().await;
        assert_eq!(next["payload"]["data"]["awardEvents"]["id"], *id, "{next}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_breaks_off_goes_on_and_each_event_is_told_once() {
    let (house, asked) = house(|times, news| {
        Ok(match times {
            // Amid the news of one fact.
            1 => from_five(Answer::Broken(news[..1].to_vec())),
            2 => return Err(Status::unavailable("it is being replaced")),
            3 => Answer::Ended(news[..3].to_vec()),
            _ => Answer::Open(news),
        })
    });
    let mut client = watching(&house).await;
    hears(&mut client, &["e-1", "e-2", "e-3", "e-4"]).await;
    assert_eq!(*asked.lock().unwrap(), [None, Some(5), Some(5), Some(7)]);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_heard_nothing_goes_on_from_where_it_began() {
    let (house, asked) = house(|times, news| {
        Ok(if times == 1 { from_five(Answer::Broken(vec![])) } else { Answer::Open(news) })
    });
    let mut client = watching(&house).await;
    hears(&mut client, &["e-1"]).await;
    assert_eq!(*asked.lock().unwrap(), [None, Some(5)]);
}

#[tokio::test(start_paused = true)]
async fn a_watch_is_not_taken_up_for_ever_and_then_says_that_another_try_may_succeed() {
    // That it tells the same again and again does not count.
    for answer in [Answer::Ended, Answer::Broken] {
        let (house, asked) = house(move |_, news| Ok(from_five(answer(news[..1].to_vec()))));
        let mut client = watching(&house).await;
        hears(&mut client, &["e-1"]).await;
        let said = client.news().await;
        let failed = &said["payload"]["errors"][0]["extensions"];
        assert_eq!((&failed["code"], &failed["retryable"]), (&"UNAVAILABLE".into(), &true.into()));
        assert_eq!(asked.lock().unwrap().len(), 11);
        assert_eq!(client.news().await["type"], "complete");
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_of_which_nobody_knows_where_it_began_is_not_taken_up() {
    let (house, asked) = house(|_, _| Ok(Answer::Broken(vec![])));
    let said = watching(&house).await.news().await;
    assert_eq!(said["payload"]["errors"][0]["extensions"]["code"], "UNAVAILABLE", "{said}");
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_is_refused_is_not_taken_up() {
    let (house, asked) = house(|times, _| match times {
        1 => Ok(from_five(Answer::Broken(vec![]))),
        _ => Err(runtime::status::missing()),
    });
    let said = watching(&house).await.news().await;
    assert_eq!(said["payload"]["errors"][0]["extensions"]["code"], "NOT_FOUND", "{said}");
    assert_eq!(asked.lock().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_ends_because_the_whole_process_does_is_told_to_connect_again() {
    let (house, _) = house(|_, news| Ok(from_five(Answer::Ended(news[..1].to_vec()))));
    let mut client = watching(&house).await;
    hears(&mut client, &["e-1"]).await;
    house.rig.context.tasks.closing().cancel();
    assert_eq!(client.end().await, 1012, "a service that restarts");
}

#[tokio::test(start_paused = true)]
async fn what_an_event_tells_of_is_asked_for_again_while_the_role_is_replaced() {
    let (house, _) = house(|_, news| Ok(from_five(Answer::Open(news[..1].to_vec()))));
    let times = Mutex::new(0);
    house.roles.on("GetAward", move |_: awarding::GetAwardRequest| {
        let mut times = times.lock().unwrap();
        *times += 1;
        if *times < 3 {
            return Err(Status::unavailable("it is being replaced"));
        }
        let award = awarding::Award { id: AWARD.into(), ..Default::default() };
        Ok(awarding::GetAwardResponse { award: Some(award), credential: Vec::new() })
    });
    let mut client = Client::of(&house);
    client.enter(&house).await;
    let events =
        "subscription { awardEvents { event { ... on AwardCreated { award { __typename } } } } }";
    client.say(&subscribe("1", events));
    let told = client.news().await;
    let award = &told["payload"]["data"]["awardEvents"]["event"]["award"];
    assert_eq!(award["__typename"], "Award", "{told}");
}
