//! Calls within the process and over the network: equally strict, equally answered.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;

use async_trait::async_trait;
use auth::{Kind, Principal, Role};
use eventstore::{Expected, RecordedEvent, StreamId, Unreadable};
use kernel::{Position, TenantId};
use keyvault::{DataKey, KeyVault, Owner, Secret, VaultError};
use readmodel::{Change, Key, Model, Projection, Room, Rows};
use runtime::{
    Context, Policy, Readiness, Refusal, RoleParts, Wire, call, local, remote, serve, testing::Rig,
};
use tonic::{Code, Request, Status, body::Body, service::Routes, transport::Endpoint};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tower::ServiceExt;

/// A role whose one service is another health service, under its own name.
fn parts(context: &Context) -> RoleParts {
    let routes = Routes::new(runtime::health::service(Readiness::of(context), &context.tasks));
    let policies = vec![Policy::everywhere("nothing to do", async {})];
    RoleParts { name: "role", routes, public: &["/laurel.role.v1.Role/Public"], policies }
}

fn empty() -> RoleParts {
    let public = &["/laurel.role.v1.Role/Public"];
    RoleParts { name: "empty", routes: Routes::default(), public, policies: vec![] }
}

async fn listen(context: &Context) -> Endpoint {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = serve(context, &[empty()], listener);
    context.tasks.spawn("listener", async { serving.await.unwrap() });
    Endpoint::from_shared(format!("http://{address}")).unwrap()
}

async fn status_of(wire: &Wire, path: &str, token: Option<&str>) -> Status {
    let mut request = http::Request::post(format!("http://laurel{path}"))
        .header("content-type", "application/grpc");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let response = wire.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    Status::from_header_map(response.headers()).expect("a refusal stands in the headers")
}

#[tokio::test]
async fn both_wires_ask_for_a_token_and_say_the_same() {
    let rig = Rig::new(vec![]);
    let context = &rig.context;
    let near = local(parts(context).guarded(context));
    let far = remote(&listen(context).await);
    let token = context.tokens.access(&rig.member(TenantId::PLATFORM, Role::Viewer));
    for wire in [&near, &far] {
        let refused = status_of(wire, "/laurel.role.v1.Role/Do", None).await;
        assert_eq!(refused.code(), Code::Unauthenticated);
        assert_eq!(Refusal::of(&refused).code, "UNAUTHENTICATED");
        let bad = status_of(wire, "/laurel.role.v1.Role/Do", Some("x")).await;
        assert_eq!(bad.code(), Code::Unauthenticated);
        let passed = status_of(wire, "/laurel.role.v1.Role/Do", Some(&token)).await;
        assert_eq!(passed.code(), Code::Unimplemented, "the routes were reached");
        let public = status_of(wire, "/laurel.role.v1.Role/Public", None).await;
        assert_eq!(public.code(), Code::Unimplemented, "the routes were reached");
        let health = HealthClient::new(wire.clone()).check(HealthCheckRequest::default()).await;
        assert!(health.is_ok(), "{health:?}");
    }
    assert_eq!(context.tasks.shutdown(std::time::Duration::from_secs(10)).await, Ok(()));
}

#[tokio::test]
async fn a_peer_that_is_not_there_is_unavailable_and_worth_another_try() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let wire = remote(&Endpoint::from_shared(format!("http://{address}")).unwrap());
    let outcome = HealthClient::new(wire).check(HealthCheckRequest::default()).await;
    let refusal = Refusal::of(&outcome.unwrap_err());
    assert_eq!((refusal.code.as_str(), refusal.retryable), ("UNAVAILABLE", true));
}

#[tokio::test]
async fn a_process_is_ready_until_a_task_panics() {
    let rig = Rig::new(vec![]);
    let (readiness, tasks) = (Readiness::of(&rig.context), &rig.context.tasks);
    let report = readiness.report().await;
    assert!(report.ready, "{report:?}");
    tasks.spawn("clumsy", async { panic!("on purpose") });
    while tasks.panicked().is_empty() {
        tokio::task::yield_now().await;
    }
    let report = readiness.report().await;
    assert!(!report.ready && report.checks.iter().any(|check| check.name == "tasks" && !check.ok));
}

/// A vault whose password is no longer the right one.
struct Locked;

fn locked<T>() -> Result<T, VaultError> {
    Err(VaultError::Unavailable("the vault at 10.0.0.7 does not know this password".into()))
}

#[async_trait]
impl KeyVault for Locked {
    async fn ensure(&self, _: &[Owner]) -> Result<Vec<DataKey>, VaultError> {
        locked()
    }

    async fn key(&self, _: &Owner, _: u32) -> Result<Option<DataKey>, VaultError> {
        locked()
    }

    async fn destroy(&self, _: &Owner) -> Result<(), VaultError> {
        locked()
    }

    async fn secret(&self, _: TenantId, _: &str) -> Result<Secret, VaultError> {
        locked()
    }

    async fn put(&self, _: TenantId, _: &str, _: &[u8]) -> Result<(), VaultError> {
        locked()
    }

    async fn get(&self, _: TenantId, _: &str) -> Result<Option<Secret>, VaultError> {
        locked()
    }
}

#[tokio::test]
async fn what_is_not_well_says_why_to_the_platform_and_not_to_strangers() {
    let rig = Rig::new(vec![]);
    let mut context = rig.context.clone();
    context.stores.vault = Arc::new(Locked);
    context.stores.room = Some(Arc::new(Room::new(rig.folder.path(), u64::MAX)));
    let report = Readiness::of(&context).report().await;
    let why = |report: &runtime::health::Report, name: &str| {
        let check = report.checks.iter().find(|check| check.name == name).unwrap().clone();
        (check.ok, check.why)
    };
    let (ok, said) = why(&report, "keys");
    assert!(!ok && said.unwrap().contains("does not know this password"));
    let (ok, said) = why(&report, "disk");
    assert!(!ok && said.unwrap().contains("is full"));
    assert_eq!(why(&report, "events"), (true, None));
    let told = serde_json::to_string(&report.for_strangers()).unwrap();
    assert!(!told.contains("10.0.0.7") && !told.contains("why"), "{told}");
}

#[tokio::test]
async fn the_same_call_is_the_same_command_and_no_other_is() {
    let rig = Rig::new(vec![]);
    let member = rig.member(TenantId::derived([1; 16]), Role::Owner);
    let message = proto::write::v1::Refusal { code: "a".into(), ..Default::default() };
    let other = proto::write::v1::Refusal { code: "b".into(), ..Default::default() };
    let make = |principal: &Principal, method, key: &str, message| {
        call::execution(&rig.context, principal, method, key, message).unwrap()
    };
    let first = make(&member, "CreateAward", "k1", &message);
    let again = make(&member, "CreateAward", "k1", &message);
    assert_eq!((first.command, first.fingerprint), (again.command, again.fingerprint));
    assert_eq!(first.tenant, member.tenant);
    assert_eq!(first.actor, member.actor());
    assert_eq!(first.at, rig.now());
    let changed = make(&member, "CreateAward", "k1", &other);
    assert_eq!(first.command, changed.command);
    assert_ne!(first.fingerprint, changed.fingerprint, "another request under the same key shows");
    let elsewhere = Principal { tenant: TenantId::derived([2; 16]), ..member.clone() };
    let somebody = Principal { subject: "client_1".into(), kind: Kind::Client, ..member.clone() };
    for different in [
        make(&member, "CreateAward", "k2", &message),
        make(&member, "RevokeAward", "k1", &message),
        make(&elsewhere, "CreateAward", "k1", &message),
        make(&somebody, "CreateAward", "k1", &message),
    ] {
        assert_ne!(first.command, different.command);
    }
    for key in ["", &"k".repeat(256), "line\nend", "é"] {
        let refused = call::execution(&rig.context, &member, "CreateAward", key, &message);
        assert_eq!(Refusal::of(&refused.unwrap_err()).code, "INVALID_INPUT");
    }
}

#[test]
fn a_consistency_token_is_a_position() {
    let with = |text: &str| {
        let mut request = Request::new(());
        request.metadata_mut().insert(call::CONSISTENCY, text.parse().unwrap());
        call::position(request.metadata())
    };
    assert_eq!(with("42").unwrap(), Some(Position(42)));
    assert_eq!(call::position(Request::new(()).metadata()).unwrap(), None);
    for text in ["", "-1", "x", "99999999999999999999999"] {
        let refused = with(text).unwrap_err();
        assert_eq!(Refusal::of(&refused).code, "INVALID_INPUT", "{text}");
    }
}

#[test]
fn what_travels_is_carried_on_and_nothing_else() {
    let mut incoming = Request::new(());
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    for (key, value) in [("authorization", "Bearer x"), ("traceparent", trace), ("cookie", "c")] {
        incoming.metadata_mut().insert(key, value.parse().unwrap());
    }
    let outgoing = call::carry(&incoming, ());
    assert_eq!(outgoing.metadata().get("authorization").unwrap(), "Bearer x");
    assert!(outgoing.metadata().get("cookie").is_none());
    assert_eq!(call::traceparent(&outgoing).as_deref(), Some(trace));
    for bad in ["", "00-x-y-01", &trace.to_uppercase(), &format!("{trace}-00")] {
        incoming.metadata_mut().insert("traceparent", bad.parse().unwrap());
        assert_eq!(call::traceparent(&incoming), None, "{bad}");
    }
}

#[tokio::test]
async fn a_rig_hands_its_callers_to_handlers() {
    let rig = Rig::new(vec![]);
    let member = rig.member(TenantId::PLATFORM, Role::Viewer);
    let handed = rig.handed(&member, ());
    assert_eq!(call::principal(&handed).unwrap(), Arc::new(member));
    let nobody = call::principal(&Request::new(())).unwrap_err();
    assert_eq!(nobody.code(), Code::Unauthenticated);
}

/// One row a note: its id.
struct Notes;

const NOTES: Model = Model { name: "notes", version: 1 };

impl Projection for Notes {
    fn model(&self) -> Model {
        NOTES
    }

    fn categories(&self) -> &'static [&'static str] {
        &["note"]
    }

    fn project(&self, fact: &RecordedEvent, _: &Rows) -> Result<Vec<Change>, Unreadable> {
        let key = Key::new(fact.stream.tenant(), "notes", fact.stream.id());
        Ok(vec![Change::Put { key, row: vec![1] }])
    }
}

#[tokio::test]
async fn a_reader_with_a_consistency_token_sees_what_was_written() {
    let rig = Rig::new(vec![Arc::new(Notes)]);
    let view = rig.context.views.view(NOTES);
    let member = rig.member(TenantId::derived([1; 16]), Role::Owner);
    let message = proto::write::v1::Refusal::default();
    for n in 0..20 {
        let (id, key) = (format!("note_{n}"), format!("key {n}"));
        let execution = call::execution(&rig.context, &member, "Note", &key, &message).unwrap();
        let stream = StreamId::named("note", member.tenant, &id);
        let event = serde_json::json!({"note-taken.v1": {}});
        let write = execution.write(stream, Expected::NoStream, &[event]).unwrap();
        let outcomes = rig.context.stores.events.append(vec![write]).await;
        let position = outcomes[0].as_ref().unwrap().position;
        let mut request = rig.handed(&member, ());
        let token = position.to_string().parse().unwrap();
        request.metadata_mut().insert(call::CONSISTENCY, token);
        call::consistent(&request, &view).await.unwrap();
        assert!(view.get(&Key::new(member.tenant, "notes", id)).await.unwrap().is_some());
    }
}
