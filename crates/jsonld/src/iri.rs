//! What counts as an absolute IRI.

/// Tells whether a text has a scheme and no character that an IRI in N-Quads may not contain.
///
/// Such characters would let one text close an IRI and forge another; they are refused here so
/// that writing needs no escapes.
pub(crate) fn is_absolute(text: &str) -> bool {
    let Some(colon) = text.find(':') else { return false };
    let scheme = &text.as_bytes()[..colon];
    scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
        && text.bytes().all(|b| {
            b > b' ' && !matches!(b, b'<' | b'>' | b'"' | b'{' | b'}' | b'|' | b'\\' | b'^' | b'`')
        })
}

#[cfg(test)]
mod tests {
    use super::is_absolute;

    #[test]
    fn iris_need_a_scheme_and_no_forbidden_character() {
        for iri in ["https://a.example/ü", "urn:uuid:1", "did:web:a#z", "a:"] {
            assert!(is_absolute(iri), "{iri}");
        }
        for text in ["", "a", ":a", "1a:b", "a b:c", "a:b c", "a:<b>", "a:\"", "a:\n", "/a:b"] {
            assert!(!is_absolute(text), "{text}");
        }
    }
}
