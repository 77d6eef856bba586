//! What counts as an absolute IRI.

use std::sync::Arc;

/// How many bytes an IRI in a context may have: many terms can be made of a long prefix.
const MAX_LENGTH: usize = 4096;

/// An absolute IRI in angle brackets, as N-Quads writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Iri(Arc<str>);

impl Iri {
    /// Joins the parts; nothing when together they are no absolute IRI, or longer than those of
    /// contexts may be.
    pub(crate) fn join(first: &str, second: &str) -> Option<Self> {
        if first.len() + second.len() > MAX_LENGTH {
            return None;
        }
        let text = format!("<{first}{second}>");
        is_absolute(&text[1..text.len() - 1]).then(|| Self(text.into()))
    }

    /// With the angle brackets.
    pub(crate) fn bracketed(&self) -> &str {
        &self.0
    }

    /// Without the angle brackets.
    pub(crate) fn bare(&self) -> &str {
        &self.0[1..self.0.len() - 1]
    }
}

/// Whether each byte may stand in an IRI in N-Quads without escape.
const ALLOWED: [bool; 256] = {
    let mut allowed = [true; 256];
    let mut control = 0;
    while control <= b' ' as usize {
        allowed[control] = false;
        control += 1;
    }
    let forbidden = b"<>\"{}|\\^`";
    let mut at = 0;
    while at < forbidden.len() {
        allowed[forbidden[at] as usize] = false;
        at += 1;
    }
    allowed
};

/// Tells whether a text has a scheme and no character that an IRI in N-Quads may not contain.
///
/// Such characters would let one text close an IRI and forge another; they are refused here so
/// that writing needs no escapes.
pub(crate) fn is_absolute(text: &str) -> bool {
    let Some(colon) = text.find(':') else { return false };
    let scheme = &text.as_bytes()[..colon];
    scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
        && may_continue(text)
}

/// Tells whether a text appended to an absolute IRI leaves it one.
pub(crate) fn may_continue(text: &str) -> bool {
    text.bytes().all(|byte| ALLOWED[usize::from(byte)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iris_need_a_scheme_and_no_forbidden_character() {
        for iri in ["https://a.example/ü", "urn:uuid:1", "did:web:a#z", "a:"] {
            assert!(is_absolute(iri), "{iri}");
        }
        for text in ["", "a", ":a", "1a:b", "a b:c", "a:b c", "a:<b>", "a:\"", "a:\n", "/a:b"] {
            assert!(!is_absolute(text), "{text}");
        }
    }

    #[test]
    fn a_joined_iri_is_checked_as_a_whole() {
        let iri = Iri::join("https://a.example/", "b").unwrap();
        assert_eq!((iri.bracketed(), iri.bare()), ("<https://a.example/b>", "https://a.example/b"));
        assert_eq!(Iri::join("https://a.example/", "b> <c"), None);
        assert_eq!(Iri::join("relative", "b"), None);
        assert_eq!(Iri::join("https://a.example/", &"b".repeat(MAX_LENGTH)), None);
    }
}
