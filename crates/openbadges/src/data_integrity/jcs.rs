//! JSON in its one canonical writing: JCS (RFC 8785).

use std::cmp::Ordering;

use serde_json::{Map, Number, Value};

use super::proof::ProofError;

/// How deep values may be nested.
const MAX_DEPTH: usize = 128;

/// The largest number up to which all integers are exact wherever JSON is read (2^53).
const MAX_EXACT: u64 = 1 << 53;

/// Gives the canonical text of a value.
///
/// # Errors
/// When a number is not exact as a binary64, which others would read as another one, or the value
/// is nested too deep.
pub fn canonical_json(value: &Value) -> Result<Vec<u8>, ProofError> {
    let mut out = Vec::with_capacity(4096);
    write(&mut out, value, 0)?;
    Ok(out)
}

/// Writes an object, some of whose members are replaced or left out without a copy of it.
pub(super) fn write_object(
    out: &mut Vec<u8>,
    members: &Map<String, Value>,
    replaced: &[(&str, Option<&Value>)],
) -> Result<(), ProofError> {
    let replacement = |name: &str| replaced.iter().find(|(replaced, _)| *replaced == name);
    let kept = members.iter().filter(|(name, _)| replacement(name).is_none());
    let added = replaced.iter().filter_map(|(name, value)| Some((*name, (*value)?)));
    let mut all: Vec<(&str, &Value)> =
        kept.map(|(name, value)| (name.as_str(), value)).chain(added).collect();
    all.sort_unstable_by(|(one, _), (other, _)| utf16(one, other));
    entries(out, all.into_iter(), 0)
}

fn write(out: &mut Vec<u8>, value: &Value, depth: usize) -> Result<(), ProofError> {
    if depth > MAX_DEPTH {
        return Err(ProofError::Depth);
    }
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => write_number(out, number)?,
        Value::String(text) => write_text(out, text),
        Value::Array(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write(out, item, depth + 1)?;
            }
            out.push(b']');
        }
        Value::Object(members) => {
            let names = members.iter().map(|(name, value)| (name.as_str(), value));
            // The map is sorted by UTF-8, which is the same order for all but a few names.
            if members.keys().is_sorted_by(|one, other| utf16(one, other).is_le()) {
                entries(out, names, depth)?;
            } else {
                let mut sorted: Vec<(&str, &Value)> = names.collect();
                sorted.sort_unstable_by(|(one, _), (other, _)| utf16(one, other));
                entries(out, sorted.into_iter(), depth)?;
            }
        }
    }
    Ok(())
}

fn entries<'a>(
    out: &mut Vec<u8>,
    members: impl Iterator<Item = (&'a str, &'a Value)>,
    depth: usize,
) -> Result<(), ProofError> {
    out.push(b'{');
    for (at, (name, value)) in members.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_text(out, name);
        out.push(b':');
        write(out, value, depth + 1)?;
    }
    out.push(b'}');
    Ok(())
}

/// The order of names is that of their UTF-16 code units.
fn utf16(one: &str, other: &str) -> Ordering {
    if one.is_ascii() || other.is_ascii() {
        return one.cmp(other);
    }
    one.encode_utf16().cmp(other.encode_utf16())
}

fn write_number(out: &mut Vec<u8>, number: &Number) -> Result<(), ProofError> {
    let inexact = || ProofError::Number(number.to_string());
    match (number.as_u64(), number.as_i64()) {
        (Some(integer), _) if integer <= MAX_EXACT => {
            out.extend_from_slice(integer.to_string().as_bytes());
        }
        (None, Some(integer)) if integer.unsigned_abs() <= MAX_EXACT => {
            out.extend_from_slice(integer.to_string().as_bytes());
        }
        (Some(_), _) | (None, Some(_)) => return Err(inexact()),
        // The shortest digits that read back, laid out as ECMAScript does.
        (None, None) => {
            let text = serde_json_canonicalizer::to_vec(number).map_err(|_| inexact())?;
            out.extend_from_slice(&text);
        }
    }
    Ok(())
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut from = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if *byte >= 0x20 && *byte != b'"' && *byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[from..at]);
        from = at + 1;
        let short = match byte {
            0x08 => b'b',
            0x09 => b't',
            0x0a => b'n',
            0x0c => b'f',
            0x0d => b'r',
            b'"' | b'\\' => *byte,
            _ => {
                out.extend_from_slice(b"\\u00");
                out.push(b"0123456789abcdef"[usize::from(byte >> 4)]);
                out.push(b"0123456789abcdef"[usize::from(byte & 15)]);
                continue;
            }
        };
        out.push(b'\\');
        out.push(short);
    }
    out.extend_from_slice(&bytes[from..]);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn text(value: &Value) -> String {
        String::from_utf8(canonical_json(value).unwrap()).unwrap()
    }

    #[test]
    fn names_are_sorted_by_their_utf_16_code_units() {
        let value = json!({"\u{fb33}": 1, "\u{1f600}": 2, "\u{20ac}": 3, "b": 4, "a\u{1f600}": 5});
        let expected = "{\"a\u{1f600}\":5,\"b\":4,\"\u{20ac}\":3,\"\u{1f600}\":2,\"\u{fb33}\":1}";
        assert_eq!(text(&value), expected);
    }

    #[test]
    fn texts_are_escaped_as_little_as_may_be() {
        let value = json!("\u{8}\t\n\u{c}\r\"\\/\u{0}\u{1f}\u{7f}é\u{2028}");
        assert_eq!(text(&value), "\"\\b\\t\\n\\f\\r\\\"\\\\/\\u0000\\u001f\u{7f}é\u{2028}\"");
    }

    #[test]
    fn numbers_are_written_as_ecmascript_writes_them() {
        let read = |json: &str| serde_json::from_str::<Value>(json).unwrap();
        for (json, canonical) in [
            ("0", "0"),
            ("-0.0", "0"),
            ("1.0", "1"),
            ("3.50", "3.5"),
            ("-7", "-7"),
            ("1e21", "1e+21"),
            ("1e-7", "1e-7"),
            ("0.000001", "0.000001"),
            ("9007199254740992", "9007199254740992"),
            ("333333333.33333329", "333333333.3333333"),
        ] {
            assert_eq!(text(&read(json)), canonical, "{json}");
        }
        for json in ["9007199254740993", "-9007199254740993", "18446744073709551615"] {
            assert!(matches!(canonical_json(&read(json)), Err(ProofError::Number(_))), "{json}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = (0..200).fold(json!(1), |value, _| json!([value]));
        assert!(matches!(canonical_json(&nested), Err(ProofError::Depth)));
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            (-(1_i64 << 53)..(1_i64 << 53)).prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::String),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
                prop::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn another_canonicaliser_agrees(value in values()) {
            prop_assert_eq!(
                canonical_json(&value).unwrap(),
                serde_json_canonicalizer::to_vec(&value).unwrap()
            );
        }

        #[test]
        fn replacing_members_is_replacing_them_before(value in values(), other in values()) {
            let Value::Object(mut members) = json!({"proof": 1, "name": value, "@context": 2})
                else { unreachable!() };
            let mut out = Vec::new();
            let one = json!(1);
            let replaced = [("proof", None), ("@context", Some(&other)), ("x", Some(&one))];
            write_object(&mut out, &members, &replaced).unwrap();
            members.remove("proof");
            members.insert("@context".to_owned(), other.clone());
            members.insert("x".to_owned(), json!(1));
            prop_assert_eq!(out, canonical_json(&Value::Object(members)).unwrap());
        }
    }
}
