//! Subscriptions over WebSocket, by the `graphql-transport-ws` protocol. The protocol itself works
//! on streams of frames, so that tests need no sockets.

use std::{sync::Arc, time::Duration};

use ::http::{HeaderMap, header};
use async_graphql::Variables;
use axum::{
    extract::ws::{CloseFrame, Message, WebSocketUpgrade},
    response::{IntoResponse, Response},
};
use futures_util::{Sink, SinkExt, Stream, StreamExt, future, stream, stream::BoxStream};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, interval_at, sleep_until, timeout};
use tokio_stream::StreamMap;

use crate::{
    caller::{Caller, cross_site},
    endpoint::{Endpoint, Parameters},
    failure::Failure,
    reply::Reply,
    sse::TOKEN_CHECK,
};

const PROTOCOL: &str = "graphql-transport-ws";
/// How long a client may take to accept a message.
const SLOW: Duration = Duration::from_secs(10);

/// What travels: text, or the end with a code and a reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A message.
    Text(String),
    /// The end.
    Close(u16, &'static str),
}

/// What a client says.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Said {
    ConnectionInit {
        #[serde(default)]
        payload: Option<Value>,
    },
    Ping {
        #[serde(default)]
        payload: Option<Value>,
    },
    Pong {},
    Subscribe {
        id: String,
        payload: Subscribe,
    },
    Complete {
        id: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subscribe {
    query: String,
    #[serde(default)]
    operation_name: Option<String>,
    #[serde(default)]
    variables: Option<Variables>,
}

/// Answers an upgrade. Browsers must come from our own pages or bring a token.
pub fn upgrade(
    endpoint: Arc<Endpoint>,
    caller: Caller,
    headers: &HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let origin = headers.get(header::ORIGIN).and_then(|o| o.to_str().ok());
    if caller.principal.is_none()
        && headers.contains_key(header::COOKIE)
        && origin.is_some_and(|o| !endpoint.is_ours(o))
    {
        let reply = Reply::failed(cross_site());
        return endpoint.send(crate::accept::Media::Json, &reply, &caller.request_id);
    }
    let limit = endpoint.limits.body;
    let upgrade = upgrade.protocols([PROTOCOL]).max_message_size(limit).max_frame_size(limit);
    let known = upgrade.selected_protocol().is_some();
    let socket = upgrade.on_upgrade(move |socket| async move {
        let (sink, stream) = socket.split();
        let said = stream.filter_map(|message| {
            future::ready(match message {
                Ok(Message::Text(text)) => Some(Some(text.to_string())),
                Ok(Message::Binary(_)) => Some(None),
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Close(_)) | Err(_) => None,
            })
        });
        let sink = sink.with(|frame| future::ok::<_, axum::Error>(message_of(frame)));
        if known {
            serve(endpoint, caller, said.boxed(), Box::pin(sink)).await;
        } else {
            let mut sink = Box::pin(sink);
            let _ = sink.send(Frame::Close(4406, "Subprotocol not acceptable")).await;
        }
    });
    socket.into_response()
}

fn message_of(frame: Frame) -> Message {
    match frame {
        Frame::Text(text) => Message::Text(text.into()),
        Frame::Close(code, reason) => {
            Message::Close(Some(CloseFrame { code, reason: reason.into() }))
        }
    }
}

/// What happens to a running operation.
enum Happened {
    Reply(Box<Reply>),
    End,
}

struct Session {
    endpoint: Arc<Endpoint>,
    caller: Caller,
    initialized: bool,
    running: StreamMap<String, BoxStream<'static, Happened>>,
}

/// Speaks the protocol until one side ends it. `said` gives the client's messages, none in place of
/// one that is no text.
pub async fn serve<S, K>(endpoint: Arc<Endpoint>, caller: Caller, mut said: S, mut sink: K)
where
    S: Stream<Item = Option<String>> + Unpin,
    K: Sink<Frame> + Unpin,
{
    let (init, heartbeat) = (endpoint.limits.init, endpoint.limits.heartbeat);
    let closing = endpoint.closing.clone();
    let introduced_by = Instant::now() + init;
    let mut beats = interval_at(Instant::now() + heartbeat, heartbeat);
    let mut checks = interval_at(Instant::now() + TOKEN_CHECK, TOKEN_CHECK);
    let mut session = Session { endpoint, caller, initialized: false, running: StreamMap::new() };
    loop {
        let frames = tokio::select! {
            biased;
            () = closing.cancelled() => vec![GOING],
            message = said.next() => match message {
                None => return,
                Some(None) => vec![BAD_MESSAGE],
                Some(Some(text)) => session.hear(&text).await,
            },
            () = sleep_until(introduced_by), if !session.initialized => {
                vec![Frame::Close(4408, "Connection initialisation timeout")]
            }
            _ = checks.tick() => session.check(),
            _ = beats.tick(), if session.initialized => vec![text(&json!({"type": "ping"}))],
            Some((id, happened)) = session.running.next(), if !session.running.is_empty() => {
                session.tell(&id, happened)
            }
        };
        for frame in frames {
            let last = matches!(frame, Frame::Close(..));
            let sent = timeout(SLOW, sink.send(frame)).await;
            if last || !matches!(sent, Ok(Ok(()))) {
                let _ = timeout(SLOW, sink.close()).await;
                return;
            }
        }
    }
}

/// Tells clients to connect again, which an operation that is complete would not.
const GOING: Frame = Frame::Close(1012, "Service Restart");
const BAD_MESSAGE: Frame = Frame::Close(4400, "Invalid message");

fn text(message: &Value) -> Frame {
    Frame::Text(message.to_string())
}

impl Session {
    async fn hear(&mut self, message: &str) -> Vec<Frame> {
        let Ok(said) = serde_json::from_str::<Said>(message) else { return vec![BAD_MESSAGE] };
        match said {
            Said::ConnectionInit { payload } => self.init(payload.as_ref()),
            Said::Ping { payload } => {
                let mut pong = json!({"type": "pong"});
                if let Some(payload) = payload {
                    pong["payload"] = payload;
                }
                vec![text(&pong)]
            }
            Said::Pong {} => Vec::new(),
            Said::Subscribe { .. } if !self.initialized => {
                vec![Frame::Close(4401, "Unauthorized")]
            }
            Said::Subscribe { id, payload } => self.subscribe(id, payload).await,
            Said::Complete { id } => {
                self.running.remove(&id);
                Vec::new()
            }
        }
    }

    /// The token stands in the payload, as `authorization` or `Authorization`, or came as a header.
    fn init(&mut self, payload: Option<&Value>) -> Vec<Frame> {
        if self.initialized {
            return vec![Frame::Close(4429, "Too many initialisation requests")];
        }
        let payload = payload.and_then(Value::as_object);
        let token = payload.and_then(|p| p.get("authorization").or_else(|| p.get("Authorization")));
        if let Some(token) = token {
            let bearer = token.as_str().unwrap_or_default();
            match self.endpoint.bearer(self.caller.clone(), bearer) {
                Ok(caller) => self.caller = caller,
                Err(_) => return vec![Frame::Close(4403, "Forbidden")],
            }
        }
        self.initialized = true;
        vec![text(&json!({"type": "connection_ack"}))]
    }

    async fn subscribe(&mut self, id: String, payload: Subscribe) -> Vec<Frame> {
        if id.is_empty() || id.len() > 100 {
            return vec![BAD_MESSAGE];
        }
        if self.running.contains_key(&id) {
            return vec![Frame::Close(4409, "Subscriber already exists")];
        }
        let most = self.endpoint.limits.subscriptions;
        if self.running.len() >= most {
            let failure = Failure::limit("SUBSCRIPTIONS_EXCEEDED", "operations at once", most);
            return vec![self.error(&id, &Reply::failed(failure))];
        }
        let Subscribe { query, operation_name, variables } = payload;
        let variables = variables.unwrap_or_default();
        let parameters = Parameters { query, operation_name, variables };
        match self.endpoint.prepare(parameters, &self.caller).await {
            Err(not) => vec![self.error(&id, &Reply::from(not))],
            Ok(prepared) => {
                let replies = self.endpoint.subscribe(prepared);
                let replies = replies.map(|reply| Happened::Reply(Box::new(reply)));
                let all = replies.chain(stream::iter([Happened::End]));
                self.running.insert(id, all.boxed());
                Vec::new()
            }
        }
    }

    fn error(&self, id: &str, reply: &Reply) -> Frame {
        let errors = reply.errors_value(&self.endpoint, &self.caller.request_id);
        text(&json!({"type": "error", "id": id, "payload": errors}))
    }

    fn tell(&mut self, id: &str, happened: Happened) -> Vec<Frame> {
        match happened {
            Happened::End => {
                self.running.remove(id);
                vec![text(&json!({"type": "complete", "id": id}))]
            }
            Happened::Reply(reply) if reply.data.is_none() => {
                self.running.remove(id);
                vec![self.error(id, &reply)]
            }
            Happened::Reply(reply) => {
                let payload = reply.value(&self.endpoint, &self.caller.request_id);
                vec![text(&json!({"type": "next", "id": id, "payload": payload}))]
            }
        }
    }

    fn check(&self) -> Vec<Frame> {
        match self.endpoint.still(&self.caller) {
            Ok(()) => Vec::new(),
            Err(_) => vec![Frame::Close(4403, "Forbidden")],
        }
    }
}
