use std::time::Duration;

use ::http::{Request, StatusCode};
use axum::body::Body;
use futures_util::sink;
use http_body_util::BodyExt;
use prost::Message;
use proto::awarding::v1 as awarding;
use runtime::Tasks;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tower::ServiceExt;

use crate::{
    Limits,
    caller::Caller,
    testing::{AWARD, Answer, BADGE, House},
    ws::{Frame, serve},
};

const EVENTS: &str = "subscription { awardEvents { id cursor occurredAt event { __typename ... on AwardCreated { award { status } } } } }";

/// A house where one award was just made.
pub(super) fn eventful() -> House {
    let house = House::new();
    house.roles.on_raw("WatchAwards", |_| {
        let event = awarding::WatchAwardsResponse {
            position: 7,
            event_id: "e-1".into(),
            kind: "CREATED".into(),
            occurred_at: "2026-03-01T12:00:00Z".into(),
            award_id: AWARD.into(),
        };
        Ok(Answer::Open(vec![event.encode_to_vec()]))
    });
    house.roles.on("GetAward", |_: awarding::GetAwardRequest| {
        let status = awarding::AwardStatus::PendingClaim.into();
        let award = awarding::Award {
            id: AWARD.into(),
            badge_id: BADGE.into(),
            status,
            ..Default::default()
        };
        Ok(awarding::GetAwardResponse { award: Some(award), credential: Vec::new() })
    });
    house
}

/// A client of the WebSocket protocol.
pub(super) struct Client {
    say: UnboundedSender<Option<String>>,
    heard: UnboundedReceiver<Frame>,
}

impl Client {
    pub(super) fn of(house: &House) -> Self {
        let (say, said) = unbounded_channel();
        let (tell, heard) = unbounded_channel();
        let sink = sink::unfold(tell, |tell: UnboundedSender<Frame>, frame| async move {
            tell.send(frame).map(|()| tell).map_err(drop)
        });
        let said = UnboundedReceiverStream::new(said);
        let caller = Caller { request_id: "r".into(), ..Caller::default() };
        let endpoint = house.endpoint.clone();
        Tasks::new().spawn("socket", serve(endpoint, caller, said, Box::pin(sink)));
        Self { say, heard }
    }

    pub(super) fn say(&self, message: &Value) {
        self.say.send(Some(message.to_string())).unwrap();
    }

    async fn hear(&mut self) -> Value {
        match self.heard.recv().await {
            Some(Frame::Text(text)) => serde_json::from_str(&text).unwrap(),
            other => panic!("a message: {other:?}"),
        }
    }

    /// The next message that is no ping.
    pub(super) async fn news(&mut self) -> Value {
        loop {
            let message = self.hear().await;
            if message["type"] != "ping" {
                return message;
            }
        }
    }

    pub(super) async fn end(&mut self) -> u16 {
        loop {
            match self.heard.recv().await {
                Some(Frame::Close(code, _)) => return code,
                Some(Frame::Text(_)) => {}
                None => panic!("closed without a code"),
            }
        }
    }

    pub(super) async fn enter(&mut self, house: &House) {
        self.say(&json!({"type": "connection_init", "payload": {"authorization": format!("Bearer {}", house.token())}}));
        assert_eq!(self.hear().await, json!({"type": "connection_ack"}));
    }
}

pub(super) fn subscribe(id: &str, query: &str) -> Value {
    json!({"type": "subscribe", "id": id, "payload": {"query": query}})
}

#[tokio::test]
async fn a_socket_carries_events_until_the_client_completes() {
    let house = eventful();
    let mut client = Client::of(&house);
    client.enter(&house).await;
    client.say(&subscribe("1", EVENTS));
    let next = client.hear().await;
    assert_eq!((&next["type"], &next["id"]), (&json!("next"), &json!("1")));
    let message = &next["payload"]["data"]["awardEvents"];
    assert_eq!(
        (&message["id"], &message["event"]["__typename"]),
        (&json!("e-1"), &json!("AwardCreated"))
    );
    assert_eq!(message["event"]["award"]["status"], "PENDING_CLAIM");
    assert_eq!(house.roles.last_header("laurel-consistency-token").as_deref(), Some("7"));
    client.say(&json!({"type": "complete", "id": "1"}));
    client.say(&json!({"type": "ping", "payload": {"a": 1}}));
    assert_eq!(client.hear().await, json!({"type": "pong", "payload": {"a": 1}}));
    let after = message["cursor"].as_str().unwrap();
    client.say(&json!({"type": "subscribe", "id": "1", "payload": {
        "query": "subscription ($a: EventCursor) { awardEvents(after: $a) { id } }", "variables": {"a": after}}}));
    assert_eq!(client.hear().await["payload"]["data"]["awardEvents"]["id"], "e-1");
}

#[tokio::test]
async fn a_socket_runs_queries_once_and_tells_errors_of_documents() {
    let house = eventful();
    let mut client = Client::of(&house);
    client.enter(&house).await;
    client.say(&subscribe("q", "{ viewer { kind } }"));
    assert_eq!(client.hear().await["payload"]["data"], json!({"viewer": {"kind": "MEMBER"}}));
    assert_eq!(client.hear().await, json!({"type": "complete", "id": "q"}));
    for (query, code) in [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { awardEvents(after: \"x\") { id } }", "INVALID_INPUT"),
    ] {
        client.say(&subscribe("bad", query));
        let told = client.hear().await;
        let errors =
            if told["type"] == "error" { &told["payload"] } else { &told["payload"]["errors"] };
        assert_eq!(errors[0]["extensions"]["code"], code, "{told}");
        if told["type"] == "next" {
            assert_eq!(client.hear().await["type"], "complete");
        }
    }
}

#[tokio::test]
async fn each_breach_of_the_protocol_has_its_own_end() {
    let house = eventful();
    let mut client = Client::of(&house);
    client.say(&subscribe("1", EVENTS));
    assert_eq!(client.end().await, 4401, "before the introduction");
    let mut client = Client::of(&house);
    client.say.send(Some("nonsense".into())).unwrap();
    assert_eq!(client.end().await, 4400);
    let mut client = Client::of(&house);
    client.say(&json!({"type": "whatever"}));
    assert_eq!(client.end().await, 4400);
    let mut client = Client::of(&house);
    client.say.send(None).unwrap();
    assert_eq!(client.end().await, 4400, "no text");
    let mut client = Client::of(&house);
    client.say(&json!({"type": "connection_init", "payload": {"authorization": "Bearer x"}}));
    assert_eq!(client.end().await, 4403);
    let mut client = Client::of(&house);
    client.enter(&house).await;
    client.say(&json!({"type": "connection_init"}));
    assert_eq!(client.end().await, 4429);
    let mut client = Client::of(&house);
    client.enter(&house).await;
    client.say(&subscribe("1", EVENTS));
    client.say(&subscribe("1", EVENTS));
    assert_eq!(client.end().await, 4409);
}

#[tokio::test(start_paused = true)]
async fn who_does_not_introduce_himself_is_sent_away() {
    let house = eventful();
    let mut client = Client::of(&house);
    assert_eq!(client.end().await, 4408);
}

#[tokio::test(start_paused = true)]
async fn a_socket_lives_as_long_as_its_token() {
    let house = eventful();
    let mut client = Client::of(&house);
    client.enter(&house).await;
    assert_eq!(client.hear().await, json!({"type": "ping"}), "it says that it is alive");
    let member = house.member(auth::Role::Owner);
    let now = house.rig.context.stores.clock.now();
    house.rig.context.verifier.revocations().refuse(&member.subject, now.plus_millis(1));
    assert_eq!(client.end().await, 4403);
}

#[tokio::test]
async fn who_follows_is_told_to_connect_again_when_the_process_closes() {
    let house = eventful();
    let mut client = Client::of(&house);
    client.enter(&house).await;
    client.say(&subscribe("1", EVENTS));
    assert_eq!(client.hear().await["type"], "next");
    let mut body = stream(&house, "/graphql", EVENTS, &house.token()).await.into_body();
    assert!(chunk(&mut body).await.starts_with("event: next\n"));
    house.rig.context.tasks.closing().cancel();
    assert_eq!(client.end().await, 1012, "a service that restarts");
    let rest = body.collect().await.unwrap().to_bytes();
    assert!(rest.is_empty(), "no event says that the operation is complete: {rest:?}");
}

#[tokio::test]
async fn a_socket_carries_so_many_operations_and_strangers_none_of_their_own() {
    let house = House::within(Limits { subscriptions: 1, ..Limits::default() });
    house.roles.on_raw("WatchAwards", |_| Ok(Answer::Open(Vec::new())));
    let mut client = Client::of(&house);
    client.enter(&house).await;
    client.say(&subscribe("1", EVENTS));
    client.say(&subscribe("2", EVENTS));
    assert_eq!(client.hear().await["payload"][0]["extensions"]["code"], "SUBSCRIPTIONS_EXCEEDED");
    let mut client = Client::of(&house);
    client.say(&json!({"type": "connection_init"}));
    client.hear().await;
    client.say(&subscribe("1", EVENTS));
    assert_eq!(client.hear().await["payload"][0]["extensions"]["code"], "UNAUTHENTICATED");
}

async fn stream(house: &House, path: &str, query: &str, token: &str) -> axum::response::Response {
    let request = Request::post(path)
        .header("content-type", "application/json")
        .header("accept", "text/event-stream")
        .header("authorization", format!("Bearer {token}"))
        .body(Body::from(json!({"query": query}).to_string()))
        .unwrap();
    house.router.clone().oneshot(request).await.unwrap()
}

async fn chunk(body: &mut Body) -> String {
    let frame = body.frame().await.expect("a chunk").unwrap();
    String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn server_sent_events_carry_events_and_say_that_they_are_alive() {
    let house = eventful();
    for path in ["/graphql", "/graphql/stream"] {
        let response = stream(&house, path, EVENTS, &house.token()).await;
        assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
        let mut body = response.into_body();
        let event = chunk(&mut body).await;
        let data = event.strip_prefix("event: next\ndata: ").unwrap().strip_suffix("\n\n").unwrap();
        let json: Value = serde_json::from_str(data).unwrap();
        assert_eq!(json["data"]["awardEvents"]["id"], "e-1");
        assert_eq!(chunk(&mut body).await, ":\n\n");
    }
}

#[tokio::test]
async fn server_sent_events_end_after_a_query_or_a_bad_document() {
    let house = House::new();
    for (query, found) in [
        ("{ viewer { kind } }", "MEMBER"),
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ no }", "GRAPHQL_VALIDATION_FAILED"),
    ] {
        let response = stream(&house, "/graphql", query, &house.token()).await;
        assert_eq!(response.status(), StatusCode::OK);
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert!(text.starts_with("event: next\ndata: {") && text.contains(found), "{text}");
        assert!(text.ends_with("\n\nevent: complete\ndata:\n\n"), "{text}");
    }
    let refused = stream(&house, "/graphql/stream", EVENTS, "nonsense").await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test(start_paused = true)]
async fn server_sent_events_end_with_the_token() {
    let house = House::new();
    house.roles.on_raw("WatchAwards", |_| Ok(Answer::Open(Vec::new())));
    let response = stream(&house, "/graphql", EVENTS, &house.token()).await;
    let now = house.rig.context.stores.clock.now();
    house.rig.clock.set(now.plus_millis(2 * 3_600_000));
    let whole = tokio::time::timeout(Duration::from_secs(5), response.into_body().collect());
    let bytes = whole.await.expect("it ends").unwrap().to_bytes();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    assert!(
        text.contains("TOKEN_EXPIRED") && text.ends_with("event: complete\ndata:\n\n"),
        "{text}"
    );
}

#[tokio::test]
async fn a_subscription_is_not_answered_with_plain_json() {
    let house = eventful();
    let reply = house.ask(EVENTS, Value::Null).await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (StatusCode::NOT_ACCEPTABLE, "NOT_ACCEPTABLE")
    );
}
