//! What operators and users ask of a server, by its services and as it is served.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::StreamExt;
use http::{Method, header};
use http_body_util::BodyExt;
use prost::Message;
use tempfile::TempDir;
use tonic::{Code, Request, Status, body::Body};
use tower::ServiceExt;

use super::{
    Server, ServerOptions, Users,
    access::Caller,
    ending::Ending,
    features::Node,
    monitoring::MonitoringService,
    operations::OperationsService,
    persistent::Registry,
    proto::{
        Empty, StreamIdentifier,
        monitoring::{StatsReq, monitoring_server::Monitoring},
        operations::{
            SetNodePriorityReq, StartScavengeReq, StopScavengeReq, operations_server::Operations,
            scavenge_resp::ScavengeResult, stop_scavenge_req,
        },
        streams::{DeleteReq, delete_req},
        users::{
            ChangePasswordReq, CreateReq, DeleteReq as DeleteUserReq, DetailsReq, DisableReq,
            EnableReq, ResetPasswordReq, UpdateReq, change_password_req, create_req,
            delete_req as delete_user_req, details_req, disable_req, enable_req,
            reset_password_req, update_req, users_server::Users as _,
        },
    },
    register::Register,
    scavenging::Scavenging,
    users::UsersService,
};
use crate::{
    Embedded, EmbeddedOptions,
    raw::{Batch, Content, Direction, METADATA, NewRecord, Standing, StreamName, Stretch},
};

fn opened() -> (Arc<Embedded>, TempDir) {
    let folder = TempDir::new().expect("a folder");
    let store = Embedded::open(EmbeddedOptions::at(folder.path())).expect("a store");
    (Arc::new(store), folder)
}

fn by<T>(caller: Caller, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.extensions_mut().insert(caller);
    request
}

fn admin<T>(message: T) -> Request<T> {
    by(Caller::Administrator("admin".into()), message)
}

fn registered<T>(name: &str, groups: &[&str], message: T) -> Request<T> {
    let groups = groups.iter().map(ToString::to_string).collect();
    by(Caller::Registered { name: name.into(), groups }, message)
}

fn code<T>(answer: Result<T, Status>) -> Option<Code> {
    answer.err().map(|status| status.code())
}

async fn write(store: &Embedded, stream: &str, kind: &str, data: &str) {
    let (id, kind, data) = (super::convert::fresh_id(), kind.into(), data.into());
    let record = NewRecord { id, kind, content: Content::Json, data, metadata: Vec::new() };
    let batch = Batch::one(StreamName::new(stream), Standing::Any, vec![record]);
    store.write(batch).await.expect("it is written");
}

async fn records(store: &Embedded, stream: &str) -> Vec<(String, serde_json::Value)> {
    let stream = StreamName::new(stream);
    let found = store.stretch(&stream, Some(0), Direction::Forwards, 100).await;
    let Stretch::Of { records, .. } = found.expect("it is read") else { return Vec::new() };
    let said = |data: &[u8]| serde_json::from_slice(data).unwrap_or_default();
    records.iter().map(|record| (record.kind.to_string(), said(&record.data))).collect()
}

struct Operated {
    service: OperationsService,
    store: Arc<Embedded>,
    _end: tokio::sync::watch::Sender<bool>,
    _folder: TempDir,
}

fn operated(asked: Option<tokio::sync::watch::Sender<bool>>) -> Operated {
    let (store, folder) = opened();
    let (end, ending) = Ending::pair();
    let service = OperationsService {
        node: Arc::new(Node::at("localhost".into(), 1, Arc::clone(&store))),
        scavenging: Scavenging::of(Arc::clone(&store), ending),
        groups: Arc::new(Registry::of(Arc::clone(&store))),
        end: asked,
    };
    Operated { service, store, _end: end, _folder: folder }
}

fn stop(scavenge_id: &str) -> StopScavengeReq {
    let options = stop_scavenge_req::Options { scavenge_id: scavenge_id.into() };
    StopScavengeReq { options: Some(options) }
}

#[tokio::test]
async fn a_scavenge_has_an_id_and_an_outcome_in_the_log() {
    let Operated { service, store, _end, _folder } = operated(None);
    for n in 0..5 {
        write(&store, "thing", "made", &n.to_string()).await;
    }
    write(&store, "$$thing", METADATA, r#"{"$maxCount":1}"#).await;
    let begun = service.start_scavenge(admin(StartScavengeReq::default())).await;
    let begun = begun.expect("it begins").into_inner();
    assert_eq!(begun.scavenge_result(), ScavengeResult::Started);

    let mut head = store.newest();
    while records(&store, "$scavenges").await.len() < 2 {
        head.changed().await.expect("the store is open");
    }
    let said = records(&store, "$scavenges").await;
    assert_eq!((&*said[0].0, &*said[1].0), ("$scavengeStarted", "$scavengeCompleted"));
    let outcome = &said[1].1;
    assert_eq!(outcome["scavengeId"], begun.scavenge_id.as_str());
    assert_eq!((&outcome["result"], &outcome["erased"]), (&"Success".into(), &4.into()));

    let stopped = service.stop_scavenge(admin(stop(&begun.scavenge_id))).await;
    let stopped = stopped.expect("it has ended").into_inner();
    assert_eq!(stopped.scavenge_result(), ScavengeResult::Stopped);
    let unknown = service.stop_scavenge(admin(stop("another"))).await.expect_err("there is none");
    assert_eq!(unknown.code(), Code::NotFound);
    assert_eq!(unknown.metadata().get("exception").expect("a name"), "scavenge-not-found");
}

#[tokio::test]
async fn one_scavenge_goes_on_at_a_time() {
    let Operated { service, store: _store, _end, _folder } = operated(None);
    let start = async || {
        let begun = service.start_scavenge(admin(StartScavengeReq::default())).await;
        begun.expect("it begins").into_inner()
    };
    // The first cannot go on before this task waits for something else than the answer.
    let (first, second) = (start().await, start().await);
    assert_eq!(first.scavenge_result(), ScavengeResult::Started);
    assert_eq!(second.scavenge_result(), ScavengeResult::InProgress);
    assert_eq!(first.scavenge_id, second.scavenge_id);
}

#[tokio::test]
async fn only_where_it_is_allowed_an_administrator_ends_the_server() {
    let Operated { service, .. } = operated(None);
    assert_eq!(code(service.shutdown(admin(Empty {})).await), Some(Code::PermissionDenied));

    let (asked, told) = tokio::sync::watch::channel(false);
    let Operated { service, store: _store, _end, _folder } = operated(Some(asked));
    let operator = service.shutdown(registered("ann", &["$ops"], Empty {})).await;
    assert_eq!(code(operator), Some(Code::PermissionDenied));
    assert!(!*told.borrow());
    service.shutdown(admin(Empty {})).await.expect("it may");
    assert!(*told.borrow());
}

#[tokio::test]
async fn a_node_alone_takes_note_of_what_it_is_asked_and_leads_on() {
    let Operated { service, store: _store, _end, _folder } = operated(None);
    service.merge_indexes(admin(Empty {})).await.expect("there is nothing to merge");
    service.resign_node(admin(Empty {})).await.expect("it leads on");
    service.set_node_priority(admin(SetNodePriorityReq { priority: 7 })).await.expect("noted");
    assert_eq!(service.node.priority(), 7);
    service.restart_persistent_subscriptions(admin(Empty {})).await.expect("they restart");

    let stranger = || registered("ann", &[], Empty {});
    let priority = registered("ann", &[], SetNodePriorityReq { priority: 9 });
    let scavenge = registered("ann", &[], StartScavengeReq::default());
    for refused in [
        code(service.merge_indexes(stranger()).await),
        code(service.resign_node(stranger()).await),
        code(service.restart_persistent_subscriptions(stranger()).await),
        code(service.set_node_priority(priority).await),
        code(service.start_scavenge(scavenge).await),
        code(service.merge_indexes(Request::new(Empty {})).await),
    ] {
        assert_eq!(refused, Some(Code::PermissionDenied));
    }
    assert_eq!(service.node.priority(), 7);
}

#[tokio::test]
async fn figures_come_again_and_again_until_the_server_ends() {
    let (store, _folder) = opened();
    write(&store, "thing", "made", "1").await;
    let (end, ending) = Ending::pair();
    let node = Arc::new(Node::at("localhost".into(), 1, store));
    let service = MonitoringService { node, ending };
    let every = StatsReq { refresh_time_period_in_ms: 1, ..StatsReq::default() };
    let answers = service.stats(admin(every)).await.expect("they come");
    let mut answers = answers.into_inner();
    for _ in 0..2 {
        let figures = answers.next().await.expect("more").expect("figures").stats;
        assert_eq!(figures["es-store-head"], "1");
        assert_eq!(figures["proc-id"], std::process::id().to_string());
    }
    end.send_replace(true);
    let last = answers.next().await.expect("an end");
    assert_eq!(code(last), Some(Code::Unavailable));
}

fn create(login_name: &str, password: &str, groups: &[&str]) -> CreateReq {
    let options = create_req::Options {
        login_name: login_name.into(),
        password: password.into(),
        full_name: "Ann".into(),
        groups: groups.iter().map(ToString::to_string).collect(),
    };
    CreateReq { options: Some(options) }
}

fn details(login_name: &str) -> DetailsReq {
    DetailsReq { options: Some(details_req::Options { login_name: login_name.into() }) }
}

#[tokio::test]
async fn a_user_is_registered_changed_disabled_and_removed() {
    let (store, _folder) = opened();
    let register = Arc::new(Register::of(Arc::clone(&store)));
    let fixed = Users::new([("admin".to_owned(), "changeit".to_owned())]);
    let service = UsersService { fixed, register: Arc::clone(&register) };
    service.create(admin(create("ann", "one", &["crew"]))).await.expect("she is new");
    let twice = service.create(admin(create("ann", "two", &[]))).await;
    assert_eq!(code(twice), Some(Code::FailedPrecondition));
    let kept = records(&store, "$user-ann").await;
    assert!(!kept[0].1.to_string().contains("\"one\""), "no password is kept: {kept:?}");

    let groups = vec!["crew".to_owned()];
    let ann = Caller::Registered { name: "ann".into(), groups };
    assert_eq!(register.admit("ann", "one").await.expect("she is let in"), ann);
    assert_eq!(register.admit("ann", "one").await.expect("and again"), ann);
    for (name, password) in [("ann", "two"), ("ann", ""), ("bob", "one")] {
        assert_eq!(code(register.admit(name, password).await), Some(Code::Unauthenticated));
    }

    let change = |name: &str, current: &str| {
        let (login_name, current_password) = (name.to_owned(), current.to_owned());
        let new_password = "two".to_owned();
        let options = change_password_req::Options { login_name, current_password, new_password };
        ChangePasswordReq { options: Some(options) }
    };
    let wrong = service.change_password(registered("ann", &[], change("ann", "x"))).await;
    assert_eq!(code(wrong), Some(Code::PermissionDenied));
    let another = service.change_password(registered("bob", &[], change("ann", "one"))).await;
    assert_eq!(code(another), Some(Code::PermissionDenied));
    service.change_password(registered("ann", &[], change("ann", "one"))).await.expect("hers");
    assert_eq!(code(register.admit("ann", "one").await), Some(Code::Unauthenticated));
    register.admit("ann", "two").await.expect("the new one counts");

    let login_name = "ann".to_owned();
    let disable = DisableReq { options: Some(disable_req::Options { login_name }) };
    service.disable(admin(disable)).await.expect("she is there");
    assert_eq!(code(register.admit("ann", "two").await), Some(Code::Unauthenticated));
    let login_name = "ann".to_owned();
    let enable = EnableReq { options: Some(enable_req::Options { login_name }) };
    service.enable(admin(enable)).await.expect("she is there");
    let (login_name, full_name) = ("ann".to_owned(), "Ann B.".to_owned());
    let (password, groups) = (String::new(), vec!["$admins".to_owned()]);
    let options = update_req::Options { login_name, password, full_name, groups };
    let update = UpdateReq { options: Some(options) };
    service.update(admin(update)).await.expect("she is there");
    let promoted = register.admit("ann", "two").await.expect("her password is as before");
    assert!(promoted.administers().is_ok());
    let (login_name, new_password) = ("ann".to_owned(), "three".to_owned());
    let options = reset_password_req::Options { login_name, new_password };
    let reset = ResetPasswordReq { options: Some(options) };
    service.reset_password(admin(reset)).await.expect("she is there");
    register.admit("ann", "three").await.expect("the newest counts");

    let told = service.details(registered("ann", &[], details("ann"))).await.expect("her own");
    let told: Vec<_> = told.into_inner().collect().await;
    let told = told[0].as_ref().expect("details").user_details.clone().expect("details");
    assert_eq!((&*told.full_name, told.disabled), ("Ann B.", false));
    assert!(told.last_updated.expect("when").ticks_since_epoch > 0);
    assert_eq!(
        code(service.details(registered("bob", &[], details("ann"))).await),
        Some(Code::PermissionDenied)
    );
    let all = service.details(admin(details(""))).await.expect("an administrator's");
    assert_eq!(all.into_inner().count().await, 1);

    let login_name = "ann".to_owned();
    let delete = DeleteUserReq { options: Some(delete_user_req::Options { login_name }) };
    service.delete(admin(delete.clone())).await.expect("she is there");
    assert_eq!(code(register.admit("ann", "three").await), Some(Code::Unauthenticated));
    assert_eq!(code(service.delete(admin(delete)).await), Some(Code::NotFound));
    service.create(admin(create("ann", "four", &[]))).await.expect("there is room again");
}

#[tokio::test]
async fn users_of_the_configuration_are_changed_there_and_nowhere_else() {
    let (store, _folder) = opened();
    let register = Arc::new(Register::of(store));
    let fixed = Users::new([("admin".to_owned(), "changeit".to_owned())]);
    let service = UsersService { fixed, register };
    let taken = service.create(admin(create("admin", "mine", &[]))).await;
    assert_eq!(code(taken), Some(Code::FailedPrecondition));
    let (login_name, new_password) = ("admin".to_owned(), "mine".to_owned());
    let options = reset_password_req::Options { login_name, new_password };
    let reset = ResetPasswordReq { options: Some(options) };
    let refused = service.reset_password(admin(reset)).await.expect_err("it is fixed");
    assert!(refused.message().contains("configured"), "{refused}");
    for bad in [create("", "p", &[]), create("a:b", "p", &[]), create("a", "", &[])] {
        assert_eq!(code(service.create(admin(bad)).await), Some(Code::InvalidArgument));
    }
    let by_another = service.create(registered("ann", &["$ops"], create("bob", "p", &[]))).await;
    assert_eq!(code(by_another), Some(Code::PermissionDenied));
}

/// The status of a call as it is served.
async fn call(server: &Server, path: &str, user: Option<&str>, message: &impl Message) -> String {
    let mut framed = vec![0];
    let message = message.encode_to_vec();
    framed.extend(u32::try_from(message.len()).expect("it is short").to_be_bytes());
    framed.extend(message);
    let mut request = http::Request::builder()
        .method(Method::POST)
        .uri(format!("http://localhost{path}"))
        .header(header::CONTENT_TYPE, "application/grpc")
        .header(header::TE, "trailers");
    if let Some(user) = user {
        let said = format!("Basic {}", STANDARD.encode(user));
        request = request.header(header::AUTHORIZATION, said);
    }
    let body = Body::new(http_body_util::Full::new(framed.into()));
    let request = request.body(body).expect("a request");
    let response = server.routes().oneshot(request).await.expect("an answer");
    let told = response.headers().get("grpc-status").cloned();
    let trailers = response.into_body().collect().await.expect("a body").trailers().cloned();
    let told = told.or_else(|| trailers.and_then(|it| it.get("grpc-status").cloned()));
    told.expect("a status").to_str().expect("a number").to_owned()
}

#[tokio::test]
async fn who_is_registered_may_use_streams_and_not_what_is_the_system_s() {
    let (store, _folder) = opened();
    let users = Users::new([("admin".to_owned(), "changeit".to_owned())]);
    let options = ServerOptions { users, ..ServerOptions::at("localhost", 1) };
    let server = Server::new(Arc::clone(&store), options);
    let users = "/event_store.client.users.Users/Create";
    let ann = create("ann", "secret", &[]);
    assert_eq!(call(&server, users, None, &ann).await, "7");
    assert_eq!(call(&server, users, Some("admin:wrong"), &ann).await, "16");
    assert_eq!(call(&server, users, Some("admin:changeit"), &ann).await, "0");
    assert_eq!(call(&server, users, Some("ann:secret"), &create("bob", "x", &[])).await, "7");

    let delete = |stream: &str| {
        use delete_req::options::ExpectedStreamRevision::Any;
        let stream_identifier = Some(StreamIdentifier { stream_name: stream.into() });
        let expected_stream_revision = Some(Any(Empty {}));
        let options = delete_req::Options { stream_identifier, expected_stream_revision };
        DeleteReq { options: Some(options) }
    };
    let path = "/event_store.client.streams.Streams/Delete";
    write(&store, "thing", "made", "1").await;
    assert_eq!(call(&server, path, Some("ann:wrong"), &delete("thing")).await, "16");
    assert_eq!(call(&server, path, Some("ann:secret"), &delete("thing")).await, "0");
    assert_eq!(call(&server, path, Some("ann:secret"), &delete("$user-ann")).await, "7");
    assert_eq!(call(&server, path, Some("ann:secret"), &delete("$$$user-ann")).await, "7");
    assert_eq!(call(&server, "/some.Service/Call", None, &Empty {}).await, "12");
}

#[tokio::test]
async fn no_link_leads_to_what_is_kept_of_users() {
    let (store, _folder) = opened();
    write(&store, "$user-ann", "$UserCreated", "{}").await;
    write(&store, "thing", "made", "1").await;
    for (target, leads) in [("0@$user-ann", false), ("1@$all", false), ("0@thing", true)] {
        write(&store, "links", crate::raw::LINK, target).await;
        let links = StreamName::new("links");
        let link = store.stretch(&links, None, Direction::Backwards, 1).await;
        let Ok(Stretch::Of { records, .. }) = link else { panic!("{link:?}") };
        let found = super::convert::linked(&store, &records[0]).await.expect("it is read");
        assert_eq!(found.is_some(), leads, "{target}");
    }
}

#[tokio::test]
async fn by_plain_http_it_says_that_it_is_there_and_since_when() {
    let (store, _folder) = opened();
    let server = Server::new(Arc::clone(&store), ServerOptions::at("localhost", 2113));
    server.node.lead().await;
    let get = async |path: &str| {
        let request = http::Request::builder().uri(path).body(Body::empty()).expect("a request");
        let response = server.routes().oneshot(request).await.expect("an answer");
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        (status, serde_json::from_slice::<serde_json::Value>(&body).unwrap_or_default())
    };
    let (status, gossip) = get("/gossip").await;
    let member = &gossip["members"][0];
    assert_eq!((status, &member["state"]), (200, &"Leader".into()));
    assert_eq!((&member["httpEndPointPort"], &member["epochPosition"]), (&2113.into(), &1.into()));
    assert_eq!(get("/ping").await.0, 200);
    assert_eq!(get("/health/live").await.0, 204);
    assert_eq!(get("/streams/thing").await.0, 404);
    assert_eq!(records(&store, "$epoch-information").await.len(), 1);
}
