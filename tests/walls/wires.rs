//! Calls of any method with any bytes, as they travel between the roles.

use bytes::{Buf, BufMut, Bytes};
use gateway::Wires;
use tonic::{
    Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    codegen::http::uri::PathAndQuery,
};

/// Messages as they are.
#[derive(Clone, Copy, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Bytes;
    type Encoder = Raw;
    type Decoder = Raw;

    fn encoder(&mut self) -> Raw {
        Raw
    }

    fn decoder(&mut self) -> Raw {
        Raw
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

/// The path of a method such as `Issuers/GetIssuer`.
pub fn path(method: &str) -> String {
    let service = method.split('/').next().unwrap_or_default();
    format!("/laurel.{}.v1.{method}", service.to_lowercase())
}

/// Calls a method; its first message. Of a stream that goes on, nothing but that it was begun.
pub async fn call(
    wires: &Wires,
    method: &str,
    token: Option<&str>,
    message: Vec<u8>,
) -> Result<Bytes, Status> {
    let wire = match method.split('/').next() {
        Some("Issuers") => &wires.issuers,
        Some("Design") => &wires.design,
        Some("Awarding") => &wires.awarding,
        Some("Backpack") => &wires.backpack,
        Some("Analytics") => &wires.analytics,
        _ => panic!("{method} is no method of a role"),
    };
    let mut request = Request::new(message);
    if let Some(token) = token {
        let value = format!("Bearer {token}").parse().expect("tokens are plain text");
        request.metadata_mut().insert("authorization", value);
    }
    let mut grpc = Grpc::new(wire.clone());
    grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let path: PathAndQuery = path(method).parse().expect("a path");
    let mut messages = grpc.server_streaming(request, path, Raw).await?.into_inner();
    if method == "Awarding/WatchAwards" {
        return Ok(Bytes::new());
    }
    Ok(messages.message().await?.unwrap_or_default())
}
