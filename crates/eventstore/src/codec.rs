//! Between a domain's event enum and what is stored: a type name and a JSON object.
//!
//! The enum is externally tagged (`{"award-created.v1": {…}}`), which serde reads without
//! buffering; the tag is kept as the fact's type, the object as its payload.

use kernel::Position;
use serde::{
    Serialize,
    de::{DeserializeOwned, DeserializeSeed, EnumAccess, Visitor, value::StrDeserializer},
    forward_to_deserialize_any,
};

use crate::{RecordedEvent, StreamId};

/// A stored fact fits no shape known here: older software reads newer facts, or the store is
/// damaged.
#[derive(Debug, thiserror::Error)]
#[error(
    "the fact {kind} at position {position} in {stream} cannot be read: upgrade this software, or restore the store"
)]
pub struct Unreadable {
    /// The fact's type.
    pub kind: String,
    /// Where it stands in the log.
    pub position: Position,
    /// Whose it is.
    pub stream: StreamId,
    #[source]
    source: serde_json::Error,
}

impl Unreadable {
    /// Names the fact that cannot be read.
    #[must_use]
    pub fn of(event: &RecordedEvent, source: serde_json::Error) -> Self {
        let (kind, stream) = (event.kind.to_string(), event.stream.clone());
        Self { kind, position: event.position, stream, source }
    }
}

/// The type and the payload of an event.
///
/// # Errors
/// When the event is not an enum variant that holds named fields: a fault of the domain, which its
/// golden test finds.
pub fn encode<E: Serialize>(event: &E) -> Result<(String, Vec<u8>), serde_json::Error> {
    use serde::ser::Error;
    let mut json = serde_json::to_vec(event)?;
    let tag = json.strip_prefix(b"{\"").and_then(|rest| {
        let end = rest.iter().position(|byte| *byte == b'"')?;
        let tag = std::str::from_utf8(&rest[..end]).ok()?;
        rest[end..].starts_with(b"\":{").then(|| tag.to_owned())
    });
    let tag = tag.ok_or_else(|| serde_json::Error::custom("an event must be a tagged object"))?;
    json.pop();
    json.drain(..tag.len() + 4);
    Ok((tag, json))
}

/// The event that was stored under this type with this payload.
///
/// # Errors
/// When the type is unknown to the enum, or the payload does not fit.
pub fn decode<E: DeserializeOwned>(kind: &str, data: &[u8]) -> Result<E, serde_json::Error> {
    let mut payload = serde_json::Deserializer::from_slice(data);
    let event = E::deserialize(Tagged { kind, payload: &mut payload })?;
    payload.end()?;
    Ok(event)
}

struct Tagged<'a, 'de> {
    kind: &'a str,
    payload: &'a mut serde_json::Deserializer<serde_json::de::SliceRead<'de>>,
}

impl<'de> serde::Deserializer<'de> for Tagged<'_, 'de> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_enum(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'a, 'de> EnumAccess<'de> for Tagged<'a, 'de> {
    type Error = serde_json::Error;
    type Variant = Payload<'a, 'de>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self::Variant), Self::Error> {
        let tag = seed.deserialize(StrDeserializer::<serde_json::Error>::new(self.kind))?;
        Ok((tag, Payload(self.payload)))
    }
}

struct Payload<'a, 'de>(&'a mut serde_json::Deserializer<serde_json::de::SliceRead<'de>>);

impl<'de> serde::de::VariantAccess<'de> for Payload<'_, 'de> {
    type Error = serde_json::Error;

    fn unit_variant(self) -> Result<(), Self::Error> {
        serde::Deserialize::deserialize(self.0)
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<S::Value, Self::Error> {
        seed.deserialize(self.0)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Self::Error> {
        serde::Deserializer::deserialize_seq(self.0, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        serde::Deserializer::deserialize_map(self.0, visitor)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Happened {
        #[serde(rename = "thing-made.v1")]
        Made { name: String },
        #[serde(rename = "thing-lost.v1")]
        Lost(Loss),
        #[serde(rename = "thing-found.v1")]
        Found {},
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Loss {
        count: u32,
    }

    #[test]
    fn an_event_reads_back_from_its_type_and_payload() {
        let made = Happened::Made { name: "a \"b\" {".into() };
        for (event, kind) in [
            (made, "thing-made.v1"),
            (Happened::Lost(Loss { count: 3 }), "thing-lost.v1"),
            (Happened::Found {}, "thing-found.v1"),
        ] {
            let (tag, data) = encode(&event).expect("encodes");
            assert_eq!(tag, kind);
            assert_eq!(decode::<Happened>(&tag, &data).expect("decodes"), event);
        }
    }

    #[test]
    fn an_unknown_type_or_payload_is_an_error() {
        assert!(decode::<Happened>("thing-made.v9", b"{}").is_err());
        assert!(decode::<Happened>("thing-made.v1", b"{}").is_err());
        assert!(decode::<Happened>("thing-made.v1", b"{\"name\":\"x\"} x").is_err());
    }

    #[test]
    fn what_is_no_tagged_object_cannot_be_stored() {
        assert!(encode(&3).is_err());
        assert!(encode(&"thing").is_err());
    }
}
