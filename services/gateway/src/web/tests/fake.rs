//! A role made of closures: each answers one gRPC method.

use std::{collections::HashMap, sync::Arc};

use axum::http::{HeaderMap, HeaderValue, Request, Response};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use prost::Message;
use runtime::Wire;
use tonic::{Status, body::Body};
use tower::{service_fn, util::BoxCloneSyncService};

type Handler = Arc<dyn Fn(&HeaderMap, &[u8]) -> Result<Vec<u8>, Status> + Send + Sync>;

/// The methods that are answered; all others are unimplemented.
#[derive(Clone, Default)]
pub struct Fake(HashMap<&'static str, Handler>);

/// Bytes before a gRPC message: a flag and its length.
const FRAME: usize = 5;

impl Fake {
    /// Answers a method, such as `laurel.awarding.v1.Awarding/GetAward`.
    pub fn on<Q: Message + Default, A: Message>(
        mut self,
        method: &'static str,
        answer: impl Fn(&HeaderMap, Q) -> Result<A, Status> + Send + Sync + 'static,
    ) -> Self {
        let handler: Handler = Arc::new(move |headers, message| {
            let message = Q::decode(message).expect("the message that the method takes");
            Ok(answer(headers, message)?.encode_to_vec())
        });
        self.0.insert(method, handler);
        self
    }

    pub fn wire(self) -> Wire {
        BoxCloneSyncService::new(service_fn(move |request: Request<Body>| {
            let handlers = self.0.clone();
            async move {
                let (parts, body) = request.into_parts();
                let body = body.collect().await?.to_bytes();
                let method = parts.uri.path().trim_start_matches('/');
                let answered = match handlers.get(method) {
                    Some(handler) => handler(&parts.headers, &body[FRAME..]),
                    None => Err(Status::unimplemented(method.to_owned())),
                };
                Ok(answered.map_or_else(Status::into_http, |message| whole(&message)))
            }
        }))
    }
}

fn whole(message: &[u8]) -> Response<Body> {
    let mut bytes = vec![0];
    bytes.extend_from_slice(&u32::try_from(message.len()).expect("a short message").to_be_bytes());
    bytes.extend_from_slice(message);
    let mut response = Response::new(Body::new(Full::new(Bytes::from(bytes))));
    let grpc = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert("content-type", grpc);
    response.headers_mut().insert("grpc-status", HeaderValue::from_static("0"));
    response
}
