//! GraphQL over HTTP, with an extractor of our own: the ready-made ones take every content type,
//! lists of operations, mutations by GET and bodies of any size.

use std::sync::Arc;

use ::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header, request::Parts};
use async_graphql::{Variables, parser::types::OperationType};
use axum::{
    body::{Body, to_bytes},
    extract::{FromRequestParts, Query, State, WebSocketUpgrade},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use crate::{
    accept::{Media, media},
    endpoint::{Endpoint, Parameters},
    failure::Failure,
    reply::Reply,
    sse, ws,
};

/// The parameters in a JSON body.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InBody {
    query: String,
    #[serde(default)]
    operation_name: Option<String>,
    #[serde(default)]
    variables: Option<Variables>,
    #[serde(default, rename = "extensions")]
    _extensions: Option<serde_json::Map<String, serde_json::Value>>,
}

/// The parameters in a query string.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InQuery {
    #[serde(default)]
    query: Option<String>,
    #[serde(default)]
    operation_name: Option<String>,
    #[serde(default)]
    variables: Option<String>,
}

/// `/graphql`: queries and mutations; subscriptions by SSE or WebSocket.
pub async fn graphql(State(endpoint): State<Arc<Endpoint>>, request: Request<Body>) -> Response {
    answer(endpoint, request, None).await
}

/// `/graphql/stream`: everything as server-sent events.
pub async fn stream(State(endpoint): State<Arc<Endpoint>>, request: Request<Body>) -> Response {
    answer(endpoint, request, Some(Media::EventStream)).await
}

async fn answer(endpoint: Arc<Endpoint>, request: Request<Body>, fixed: Option<Media>) -> Response {
    let (mut parts, body) = request.into_parts();
    let request_id = endpoint.request_id(&parts.headers);
    if is_websocket(&parts) {
        let caller = match endpoint.caller(&parts, request_id.clone()) {
            Ok(caller) => caller,
            Err(failure) => {
                return endpoint.send(Media::Json, &Reply::failed(failure), &request_id);
            }
        };
        return match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
            Ok(upgrade) => ws::upgrade(endpoint, caller, &parts.headers, upgrade),
            Err(refused) => refused.into_response(),
        };
    }
    if parts.method == Method::GET && parts.uri.query().is_none() && wants_html(&parts.headers) {
        return Redirect::to("/graphiql").into_response();
    }
    let media = match fixed.map_or_else(|| media(&parts.headers), Ok) {
        Ok(media) => media,
        Err(failure) => return endpoint.send(Media::Json, &Reply::failed(failure), &request_id),
    };
    match run(&endpoint, &parts, body, media, &request_id).await {
        Ok(response) => response,
        Err(reply) => endpoint.send(media, &reply, &request_id),
    }
}

async fn run(
    endpoint: &Arc<Endpoint>,
    parts: &Parts,
    body: Body,
    media: Media,
    request_id: &str,
) -> Result<Response, Reply> {
    let parameters = match parts.method {
        Method::GET => of_query(endpoint, parts),
        Method::POST => of_body(endpoint, &parts.headers, body).await,
        _ => Err(method("this method is not known here: send POST, or GET for queries")),
    };
    let parameters = parameters.map_err(Reply::failed)?;
    let caller = endpoint.caller(parts, request_id.to_owned()).map_err(Reply::failed)?;
    let prepared = match endpoint.prepare(parameters, &caller).await {
        Ok(prepared) => prepared,
        // A well-formed request about a bad document is told within the stream.
        Err(not)
            if media == Media::EventStream && not.failure.status == StatusCode::BAD_REQUEST =>
        {
            return Ok(sse::once(endpoint, &Reply::from(not), request_id));
        }
        Err(not) => {
            let mut reply = Reply::from(not);
            if media == Media::Json && reply.status == StatusCode::BAD_REQUEST {
                reply.status = StatusCode::OK;
            }
            return Err(reply);
        }
    };
    if parts.method == Method::GET && prepared.kind == OperationType::Mutation {
        return Err(Reply::failed(method("mutations are not run by GET: send POST")));
    }
    if media == Media::EventStream {
        return Ok(sse::stream(endpoint, caller, prepared));
    }
    if prepared.kind == OperationType::Subscription {
        let message = "subscriptions need Accept: text/event-stream, or a WebSocket";
        let failure = Failure::transport(StatusCode::NOT_ACCEPTABLE, "NOT_ACCEPTABLE", message);
        return Err(Reply::failed(failure));
    }
    let mut reply = endpoint.execute(prepared).await;
    if media == Media::Json && reply.status == StatusCode::BAD_REQUEST {
        reply.status = StatusCode::OK;
    }
    Ok(endpoint.send(media, &reply, request_id))
}

impl Endpoint {
    /// A reply as a response.
    pub fn send(&self, media: Media, reply: &Reply, request_id: &str) -> Response {
        let mut response = Response::new(Body::from(reply.json(self, request_id)));
        *response.status_mut() = reply.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media.content_type()));
        plain_headers(headers, request_id);
        if let Some(receipt) = reply.receipt {
            self.rate_headers(receipt, headers);
        }
        match reply.status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::METHOD_NOT_ALLOWED => {
                let allowed =
                    reply.errors.first().is_some_and(|e| e.failure.message.contains("GET:"));
                let allowed = if allowed { "POST" } else { "GET, POST" };
                headers.insert(header::ALLOW, HeaderValue::from_static(allowed));
            }
            _ => {}
        }
        response
    }
}

/// The headers of every response.
pub fn plain_headers(headers: &mut HeaderMap, request_id: &str) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("accept, authorization"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(id) = HeaderValue::try_from(request_id) {
        headers.insert("x-request-id", id);
    }
}

fn is_websocket(parts: &Parts) -> bool {
    let upgrade = parts.headers.get(header::UPGRADE).and_then(|value| value.to_str().ok());
    upgrade.is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
}

fn wants_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.starts_with("text/html"))
}

fn method(message: &'static str) -> Failure {
    Failure::transport(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message)
}

fn bad(message: &'static str) -> Failure {
    Failure::request("BAD_REQUEST", message)
}

fn too_large(limit: usize) -> Failure {
    let message = format!("the request has more than {limit} bytes: use an upload for files");
    Failure {
        limit: u32::try_from(limit).ok(),
        ..Failure::transport(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", message)
    }
}

fn of_query(endpoint: &Endpoint, parts: &Parts) -> Result<Parameters, Failure> {
    if parts.uri.query().is_some_and(|query| query.len() > endpoint.limits.body) {
        return Err(too_large(endpoint.limits.body));
    }
    let Query(InQuery { query, operation_name, variables }) =
        Query::try_from_uri(&parts.uri).map_err(|_| bad("the query string could not be read"))?;
    let query = query.ok_or_else(|| bad("query is missing"))?;
    let variables = match variables.filter(|text| !text.is_empty()) {
        None => Variables::default(),
        Some(text) => serde_json::from_str::<Option<Variables>>(&text)
            .map_err(|_| bad("variables must be a JSON object"))?
            .unwrap_or_default(),
    };
    Ok(Parameters { query, operation_name: operation_name.filter(|n| !n.is_empty()), variables })
}

async fn of_body(
    endpoint: &Endpoint,
    headers: &HeaderMap,
    body: Body,
) -> Result<Parameters, Failure> {
    if !is_json(headers) {
        let message = "the body must be application/json in UTF-8: say so in Content-Type";
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Failure::transport(status, "UNSUPPORTED_MEDIA_TYPE", message));
    }
    let limit = endpoint.limits.body;
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > limit) {
        return Err(too_large(limit));
    }
    let bytes = to_bytes(body, limit).await.map_err(|_| too_large(limit))?;
    if bytes.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'[') {
        let message = "the body is a list: send one operation per request";
        return Err(Failure::request("BATCHING_UNSUPPORTED", message));
    }
    let InBody { query, operation_name, variables, .. } =
        serde_json::from_slice(&bytes).map_err(|_| {
            bad("the body must be a JSON object with query (text), and operationName (text), \
                 variables and extensions (objects) where needed")
        })?;
    let variables = variables.unwrap_or_default();
    Ok(Parameters { query, operation_name: operation_name.filter(|n| !n.is_empty()), variables })
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()) else {
        return false;
    };
    let mut parts = value.split(';').map(str::trim);
    let json = parts.next().is_some_and(|t| t.eq_ignore_ascii_case("application/json"));
    json && parts.filter(|p| !p.is_empty()).all(|parameter| {
        parameter.split_once('=').is_some_and(|(name, value)| {
            name.trim().eq_ignore_ascii_case("charset")
                && value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        })
    })
}
