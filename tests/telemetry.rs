//! The spans of one journey, as a collector gets them: from the request to the letter, in one
//! process and in many.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
use laurel::process::Wiring;
use prost::Message;
use runtime::trace::otlp::{Export, Kind, Span};
use serde_json::{Value, json};
use tests::{House, apart_is_possible, member};
use tokio::sync::Notify;

use super::{award_create, logs};

/// The context that the partner sends along: its own trace, which it wants to be exported.
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";
const SERVER: i32 = 2;
const CLIENT: i32 = 3;
const CONSUMER: i32 = 5;

/// A collector that takes everything and keeps it.
#[derive(Clone, Default)]
struct Collector {
    taken: Arc<Mutex<Vec<Bytes>>>,
    more: Arc<Notify>,
}

/// A span, with the service that it comes from.
#[derive(Clone)]
struct Seen {
    service: String,
    span: Span,
}

impl Collector {
    /// Listens until the test ends; its address.
    async fn listen(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new().route("/v1/traces", post(take)).with_state(self.clone());
        let serving = axum::serve(listener, routes);
        #[expect(clippy::disallowed_methods, reason = "it ends with the test")]
        tokio::spawn(async move { serving.await.unwrap() });
        url
    }

    fn spans(&self) -> Vec<Seen> {
        let mut seen = Vec::new();
        for body in self.taken.lock().unwrap().iter() {
            for process in Export::decode(body.clone()).unwrap().resource_spans {
                let resource = process.resource.unwrap().attributes;
                let name = resource.into_iter().find(|it| it.key == "service.name").unwrap();
                let Some(Kind::Text(service)) = name.value.unwrap().value else { panic!("a name") };
                let spans = process.scope_spans.into_iter().flat_map(|scope| scope.spans);
                seen.extend(spans.map(|span| Seen { service: service.clone(), span }));
            }
        }
        seen
    }

    /// Returns when it has got a span of each of these names.
    async fn got(&self, names: &[&str]) {
        let waiting = async {
            loop {
                let more = self.more.notified();
                let spans = self.spans();
                if names.iter().all(|name| spans.iter().any(|seen| seen.span.name == *name)) {
                    return;
                }
                more.await;
            }
        };
        let got = tokio::time::timeout(Duration::from_mins(1), waiting).await;
        assert!(got.is_ok(), "{names:?} of {:#?}", self.spans());
    }
}

async fn take(State(collector): State<Collector>, headers: HeaderMap, body: Bytes) {
    assert_eq!(headers["content-type"], "application/x-protobuf");
    assert_eq!(headers["authorization"], "Bearer collector");
    collector.taken.lock().unwrap().push(body);
    collector.more.notify_waiters();
}

impl Seen {
    fn id(&self) -> String {
        hex::encode(&self.span.span_id)
    }

    fn parent(&self) -> String {
        hex::encode(&self.span.parent_span_id)
    }

    fn trace(&self) -> String {
        hex::encode(&self.span.trace_id)
    }

    fn text(&self, key: &str) -> &str {
        let found = self.span.attributes.iter().find(|attribute| attribute.key == key);
        match found.and_then(|found| found.value.as_ref()?.value.as_ref()) {
            Some(Kind::Text(text)) => text,
            other => panic!("{key} is {other:?} in {self:?}"),
        }
    }
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (service, name, kind) = (&self.service, &self.span.name, self.span.kind);
        let links: Vec<_> = self.span.links.iter().map(|it| hex::encode(&it.span_id)).collect();
        let (trace, id, parent) = (self.trace(), self.id(), self.parent());
        write!(f, "{service}: {name} ({kind}) {trace} {id} in {parent:?}, linked to {links:?}")
    }
}

/// The one span that is so.
fn the<'a>(spans: &'a [Seen], what: &str, is: impl Fn(&Seen) -> bool) -> &'a Seen {
    let found: Vec<_> = spans.iter().filter(|seen| is(seen)).collect();
    assert_eq!(found.len(), 1, "{what}: {found:#?} of {spans:#?}");
    found[0]
}

/// Awards a badge in a trace of the partner's own, with a letter.
async fn award(house: &House) {
    let partner = &house.seeded.partner;
    let named = award_create().replacen("mutation(", "mutation ZaphiraQuillon(", 1);
    let variables = json!({ "input": {
        "idempotencyKey": "traced",
        "badgeId": house.seeded.badge,
        "recipient": { "email": { "address": logs::ADDRESS, "displayName": logs::NAME } },
        "notify": true,
    } });
    let request = partner.http().post(format!("{}/graphql", partner.base()));
    let request = request.bearer_auth(partner.token().unwrap());
    let request = request
        .header("accept", "application/json")
        .header("traceparent", format!("00-{TRACE}-{CALLER}-01"))
        .header("x-request-id", "zaphira-quillon")
        .json(&json!({ "query": named, "variables": variables }));
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    assert!(answer["data"]["awardCreate"]["award"]["id"].is_string(), "{answer}");
}

const FOLLOWS: [&str; 4] =
    ["POST /graphql", "project awards", "process awarding-mail", "send mail"];

/// The spans hang together: `remote` says whether roles call each other over a network.
fn hang_together(spans: &[Seen], remote: bool) {
    let within = |parent: &Seen, name: &str, kind: i32| {
        the(spans, name, |seen| {
            let (span, same) = (&seen.span, seen.trace() == parent.trace());
            same && span.name == name && span.kind == kind && seen.parent() == parent.id()
        })
        .clone()
    };
    let called = |caller: &Seen, path: &str| {
        let sent = remote.then(|| within(caller, path, CLIENT));
        let served = within(sent.as_ref().unwrap_or(caller), path, SERVER);
        assert_eq!(served.text("rpc.system"), "grpc");
        assert_eq!(format!("{}/{}", served.text("rpc.service"), served.text("rpc.method")), path);
        served
    };
    let first = |seen: &Seen| seen.span.name == "POST /graphql" && seen.trace() == TRACE;
    let request = the(spans, "the request", first);
    assert_eq!((request.parent(), request.span.kind), (CALLER.to_owned(), SERVER));
    assert_eq!(request.text("http.route"), "/graphql");
    let operation = within(request, "mutation awardCreate", 1);
    assert_eq!(operation.text("graphql.operation.type"), "mutation");
    let create = called(&operation, "laurel.awarding.v1.Awarding/CreateAward");
    called(&create, "laurel.issuers.v1.Issuers/Sign");
    let append = within(&create, "append award", CLIENT);
    assert!(append.text("laurel.tenant.id").starts_with("tenant_"), "{append:?}");
    assert_eq!(append.text("db.operation.name"), "append");

    // What follows from the fact is linked to the call that appended it, and is no part of it.
    let linked = |name: &str| {
        let led = |seen: &Seen| {
            let links = seen.span.links.iter().map(|link| hex::encode(&link.span_id));
            seen.span.name == name && links.into_iter().any(|id| id == create.id())
        };
        // A call may append more than one fact, and a read model apply them one by one.
        let span = spans.iter().find(|seen| led(seen));
        let span = span.unwrap_or_else(|| panic!("no {name} of {spans:#?}"));
        assert_eq!((span.span.kind, span.parent()), (CONSUMER, String::new()), "{span:?}");
        assert_ne!(span.trace(), TRACE);
        assert_eq!(hex::encode(&span.span.links[0].trace_id), TRACE);
        span
    };
    assert_eq!(linked("project awards").text("laurel.model"), "awards");
    let letters = linked("process awarding-mail");
    within(letters, "send mail", 4);
    within(letters, "append award", CLIENT);
    let mut ids = BTreeMap::new();
    for seen in spans {
        assert!(ids.insert(seen.id(), seen).is_none(), "an id is used twice: {seen:?}");
        assert!(seen.span.end_time_unix_nano >= seen.span.start_time_unix_nano, "{seen:?}");
    }
}

/// Nothing that was exported tells of the earner, in words or in what a caller chose.
fn tell_nothing(collector: &Collector) {
    for body in collector.taken.lock().unwrap().iter() {
        assert_eq!(logs::tells(&String::from_utf8_lossy(body)), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_leads_from_the_request_to_the_append_and_on_to_the_letter() {
    let collector = Collector::default();
    let data = tempfile::tempdir().unwrap();
    let headers = data.path().join("headers");
    std::fs::write(&headers, "authorization: Bearer collector\n").unwrap();
    let endpoint = collector.listen().await;
    // What nobody else samples is exported when the caller wants it to be.
    let file = data.path().join("laurel.toml");
    let text =
        format!("[telemetry]\nendpoint = {endpoint:?}\nsampled = 0\nheaders_file = {headers:?}");
    std::fs::write(&file, text).unwrap();
    let flags = runtime::Flags { config: Some(file), ..tests::flags(data.path()) };
    let config = runtime::Config::load(&flags).unwrap();
    let house = House::open_as(config, data, Wiring::Local).await.unwrap();
    award(&house).await;
    collector.got(&FOLLOWS).await;
    house.close().await;
    let spans = collector.spans();
    assert!(spans.iter().all(|seen| seen.service == "laurel"));
    hang_together(&spans, false);
    tell_nothing(&collector);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trace_leads_through_every_process_and_no_log_tells_of_the_earner() {
    if !apart_is_possible() {
        return;
    }
    let collector = Collector::default();
    let endpoint = collector.listen().await;
    let folder = tempfile::tempdir().unwrap();
    let headers = folder.path().join("headers");
    std::fs::write(&headers, "authorization: Bearer collector\n").unwrap();
    let starter = member::starter("the_member");
    let traced = move |arguments: &[String]| {
        let mut command = starter(arguments)?;
        command
            .env("LAUREL__TELEMETRY__ENDPOINT", &endpoint)
            .env("LAUREL__TELEMETRY__SAMPLED", "1")
            .env("LAUREL__TELEMETRY__HEADERS_FILE", &headers)
            .env("LAUREL__LOG__LEVEL", "debug")
            .env("LAUREL__LOG__FORMAT", "json");
        Ok(command)
    };
    // Whatever happens is exported.
    let house = House::open_apart(Box::new(traced)).await.unwrap();
    award(&house).await;
    collector.got(&FOLLOWS).await;
    logs::journey(
        &house.seeded.partner,
        &house.guest,
        &house.seeded.badge,
        &house.folder().join("outbox"),
    )
    .await;
    let logs_in = house.fleet.as_ref().unwrap().folder().to_owned();
    let data = house.close().await;
    let spans = collector.spans();
    hang_together(&spans, true);
    tell_nothing(&collector);
    for service in ["gateway", "awarding", "issuers"] {
        assert!(spans.iter().any(|seen| seen.service == service), "{service} says nothing");
    }
    for role in ["gateway", "issuers", "design", "awarding", "backpack", "analytics", "keyvault"] {
        let log = std::fs::read_to_string(logs_in.join(format!("{role}.log"))).unwrap();
        assert_eq!(logs::tells(&log), None, "{role}");
        let told = log.lines().filter(|line| line.starts_with('{')).collect::<Vec<_>>().join("\n");
        assert!(logs::lines(&told).len() > 10, "{role} logs at the level debug");
    }
    drop(data);
}
