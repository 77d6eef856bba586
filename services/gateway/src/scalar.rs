//! The scalars that carry meaning. Each is a string on the wire.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use kernel::{Day, Timestamp};

/// RFC 3339, always UTC in answers, such as `2026-11-23T14:05:06Z`. Any offset is understood in input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateTime(pub String);

/// RFC 3339, always UTC in answers, such as `2026-11-23T14:05:06Z`. Any offset is understood in input.
#[Scalar(name = "DateTime")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) if text.parse::<Timestamp>().is_ok() => Ok(Self(text)),
            Value::String(_) => Err(InputValueError::custom(
                "expected a date and time such as 2026-01-31T12:00:00Z",
            )),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(text) if text.parse::<Timestamp>().is_ok())
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// A UTC calendar day, such as `2026-11-23`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Date(pub String);

/// A UTC calendar day, such as `2026-11-23`.
#[Scalar(name = "Date")]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) if text.parse::<Day>().is_ok() => Ok(Self(text)),
            Value::String(_) => Err(InputValueError::custom("expected a day such as 2026-01-31")),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(text) if text.parse::<Day>().is_ok())
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// 1–255 printable characters chosen by the client, one for each thing it wants done. The same key with the same input never does it twice; with another input it is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(pub String);

/// 1–255 printable characters chosen by the client, one for each thing it wants done. The same key with the same input never does it twice; with another input it is refused.
#[Scalar(name = "IdempotencyKey")]
impl ScalarType for IdempotencyKey {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Ok(Self(text)),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(_))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// Position marker returned by writes. Send it as `X-Consistency-Token` with reads that must see the write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsistencyToken(pub String);

/// Position marker returned by writes. Send it as `X-Consistency-Token` with reads that must see the write.
#[Scalar(name = "ConsistencyToken")]
impl ScalarType for ConsistencyToken {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Ok(Self(text)),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(_))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// Marks where in the tenant's events a client is. Opaque.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventCursor(pub String);

/// Marks where in the tenant's events a client is. Opaque.
#[Scalar(name = "EventCursor")]
impl ScalarType for EventCursor {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Ok(Self(text)),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(_))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// Place in the `input` that an error is about, as a JSON pointer, such as `/recipient/email/address`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputPath(pub String);

/// Place in the `input` that an error is about, as a JSON pointer, such as `/recipient/email/address`.
#[Scalar(name = "InputPath")]
impl ScalarType for InputPath {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Ok(Self(text)),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(_))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

impl DateTime {
    /// The moment in a message of a role; empty means none.
    pub fn from_role(text: String) -> Option<Self> {
        (!text.is_empty()).then_some(Self(text))
    }
}

/// The text that a role takes for an optional moment: empty for none.
pub fn moment(value: Option<DateTime>) -> String {
    value.map(|v| v.0).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_must_be_one() {
        assert!(DateTime::is_valid(&Value::String("2026-01-01T00:00:00+01:00".into())));
        assert!(!DateTime::is_valid(&Value::String("2026-01-01".into())));
        assert!(!Date::is_valid(&Value::String("2026-02-30".into())));
        assert!(Date::parse(Value::Null).is_err());
    }
}
