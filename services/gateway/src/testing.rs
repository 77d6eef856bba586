//! The endpoint on pretended roles, for tests: each method of a role is a function from message to
//! message, called through the real clients over a real `Wire`.

use std::{
    collections::HashMap,
    future, io,
    sync::{Arc, Mutex},
};

use ::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use auth::{Kind, Principal, Role};
use axum::{Router, body::Body as HttpBody};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;
use kernel::TenantId;
use prost::Message;
use runtime::{Wire, call::CONSISTENCY, testing::Rig};
use serde_json::{Value, json};
use tonic::{Status, body::Body};
use tower::{ServiceExt, service_fn, util::BoxCloneSyncService};
use uuid::Uuid;

use crate::{
    Limits, Wires,
    endpoint::{Endpoint, Setup},
    node::{Type, global_id},
    router,
    verification::Verification,
};

pub const BADGE: &str = "badge_01h455vb4pex5vsknk084sn02q";
pub const AWARD: &str = "award_01h455vb4pex5vsknk084sn02q";

/// What a pretended method does with a message.
pub enum Answer {
    /// Gives a message.
    Message(Vec<u8>),
    /// Gives these messages and goes on without another.
    Open(Vec<Vec<u8>>),
    /// Gives these messages and breaks off.
    Broken(Vec<Vec<u8>>),
    /// Gives these messages and ends well.
    Ended(Vec<Vec<u8>>),
    /// Says that it begins behind that position, and answers so.
    Behind(u64, Box<Answer>),
    /// Never answers.
    Never,
}

type Pretended = Arc<dyn Fn(&[u8]) -> Result<Answer, Status> + Send + Sync>;

/// The pretended roles, and what they were asked.
#[derive(Clone, Default)]
pub struct Roles {
    methods: Arc<Mutex<HashMap<&'static str, Pretended>>>,
    calls: Arc<Mutex<Vec<(String, HeaderMap)>>>,
}

impl Roles {
    /// From now on the method of that name answers so.
    pub fn on<Q: Message + Default, A: Message>(
        &self,
        method: &'static str,
        answer: impl Fn(Q) -> Result<A, Status> + Send + Sync + 'static,
    ) {
        self.on_raw(method, move |bytes| {
            let question = Q::decode(bytes).expect("a message of the method");
            answer(question).map(|message| Answer::Message(message.encode_to_vec()))
        });
    }

    /// From now on the method of that name answers so, in bytes.
    pub fn on_raw(
        &self,
        method: &'static str,
        answer: impl Fn(&[u8]) -> Result<Answer, Status> + Send + Sync + 'static,
    ) {
        self.methods.lock().unwrap().insert(method, Arc::new(answer));
    }

    /// The names of the methods called so far, in order.
    pub fn called(&self) -> Vec<String> {
        self.calls.lock().unwrap().iter().map(|(name, _)| name.clone()).collect()
    }

    /// A header of the last call.
    pub fn last_header(&self, name: &str) -> Option<String> {
        let calls = self.calls.lock().unwrap();
        calls.last()?.1.get(name).map(|value| value.to_str().unwrap().to_owned())
    }

    fn wire(&self) -> Wire {
        let roles = self.clone();
        BoxCloneSyncService::new(service_fn(move |request: Request<Body>| {
            let roles = roles.clone();
            async move { Ok(roles.answer(request).await) }
        }))
    }

    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let name = parts.uri.path().rsplit('/').next().unwrap_or_default().to_owned();
        let bytes = body.collect().await.expect("a body").to_bytes();
        self.calls.lock().unwrap().push((name.clone(), parts.headers));
        let method = self.methods.lock().unwrap().get(name.as_str()).cloned();
        let answer = match method {
            Some(method) => method(&bytes[5..]),
            None => Err(Status::unimplemented(name)),
        };
        let mut response = match answer {
            Err(status) => return status.into_http(),
            Ok(Answer::Never) => return future::pending().await,
            Ok(answer) => response(answer),
        };
        let grpc = HeaderValue::from_static("application/grpc");
        response.headers_mut().insert("content-type", grpc);
        response
    }
}

fn response(answer: Answer) -> Response<Body> {
    let frames = |messages: &[Vec<u8>]| -> Vec<io::Result<Bytes>> {
        messages.iter().map(|message| Ok(framed(message))).collect()
    };
    let ends = match answer {
        Answer::Message(message) => vec![message],
        Answer::Ended(messages) => messages,
        Answer::Open(messages) => {
            let frames = stream::iter(frames(&messages)).chain(stream::pending());
            return Response::new(Body::new(HttpBody::from_stream(frames)));
        }
        Answer::Broken(messages) => {
            let broken = Err(io::Error::from(io::ErrorKind::ConnectionReset));
            let frames = stream::iter(frames(&messages)).chain(stream::iter([broken]));
            return Response::new(Body::new(HttpBody::from_stream(frames)));
        }
        Answer::Behind(position, answer) => {
            let mut response = response(*answer);
            response.headers_mut().insert(CONSISTENCY, position.into());
            return response;
        }
        Answer::Never => unreachable!("it was not asked for"),
    };
    let body: Vec<u8> = ends.iter().flat_map(|message| framed(message)).collect();
    let mut response = Response::new(Body::new(HttpBody::from(body)));
    response.headers_mut().insert("grpc-status", HeaderValue::from_static("0"));
    response
}

fn framed(message: &[u8]) -> Bytes {
    let mut frame = vec![0];
    frame.extend_from_slice(&u32::try_from(message.len()).unwrap().to_be_bytes());
    frame.extend_from_slice(message);
    frame.into()
}

/// The endpoint and what is around it.
pub struct House {
    pub rig: Rig,
    pub roles: Roles,
    pub endpoint: Arc<Endpoint>,
    pub router: Router,
    pub tenant: TenantId,
    token: String,
}

/// What came back.
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Reply {
    /// The body, which is JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("JSON: {}", self.text))
    }

    /// A header.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The code of the first error.
    pub fn code(&self) -> String {
        let json = self.json();
        json["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned()
    }
}

impl House {
    /// With the usual limits.
    pub fn new() -> Self {
        Self::within(Limits::default())
    }

    /// With these limits.
    pub fn within(limits: Limits) -> Self {
        let rig = Rig::new(Vec::new());
        let roles = Roles::default();
        let wires = Wires {
            issuers: roles.wire(),
            design: roles.wire(),
            awarding: roles.wire(),
            backpack: roles.wire(),
            analytics: roles.wire(),
        };
        let context = &rig.context;
        let endpoint = Endpoint::new(Setup {
            wires,
            verifier: Arc::clone(&context.verifier),
            tokens: Arc::clone(&context.tokens),
            closing: context.tasks.closing(),
            clock: Arc::clone(&context.stores.clock),
            ids: context.stores.ids.clone(),
            vault: Arc::clone(&context.stores.vault),
            public_url: Arc::clone(&context.public_url),
            verification: Arc::new(Verification::new(context)),
            shelf: Arc::default(),
            limits,
            artwork_bytes: 1024,
            batch_bytes: 4096,
        });
        let endpoint = Arc::new(endpoint.expect("the SDL reads back"));
        let router = router(Arc::clone(&endpoint));
        let tenant = TenantId::from_uuid(Uuid::from_u128(77));
        let token = rig.context.tokens.access(&rig.member(tenant, Role::Owner));
        Self { rig, roles, endpoint, router, tenant, token }
    }

    /// A member with that role.
    pub fn member(&self, role: Role) -> Principal {
        self.rig.member(self.tenant, role)
    }

    /// The token of an owner.
    pub fn token(&self) -> String {
        self.token.clone()
    }

    /// The token of an earner.
    pub fn earner(&self) -> String {
        let member = self.member(Role::Owner);
        let principal = Principal {
            subject: "earner_01h455vb4pex5vsknk084sn02q".to_owned(),
            kind: Kind::Earner,
            organization: None,
            tenant: TenantId::PLATFORM,
            grants: Vec::new(),
            ..member
        };
        self.rig.context.tokens.access(&principal)
    }

    /// The global id of something of the tenant.
    pub fn id(&self, of: Type, role_id: &str) -> String {
        global_id(of, self.tenant, role_id).expect("an id of the type")
    }

    /// Sends a request.
    pub async fn send(&self, request: Request<HttpBody>) -> Reply {
        let response = self.router.clone().oneshot(request).await.expect("routers do not fail");
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        Reply { status: parts.status, headers: parts.headers, text }
    }

    /// A POST of that body with these headers.
    pub async fn post(&self, body: impl Into<HttpBody>, headers: &[(&str, &str)]) -> Reply {
        let mut request = Request::builder().method(Method::POST).uri("/graphql");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    /// An operation of the owner, as a modern client sends it.
    pub async fn ask(&self, query: &str, variables: Value) -> Reply {
        let token = format!("Bearer {}", self.token());
        self.ask_as(&token, query, variables).await
    }

    /// An operation with that `Authorization`.
    pub async fn ask_as(&self, authorization: &str, query: &str, variables: Value) -> Reply {
        let body = json!({"query": query, "variables": variables}).to_string();
        let headers = [
            ("content-type", "application/json"),
            ("accept", "application/graphql-response+json"),
            ("authorization", authorization),
        ];
        self.post(body, &headers).await
    }
}
