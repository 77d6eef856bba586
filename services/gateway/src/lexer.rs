//! A first look at a document's text, before anything recursive or allocating touches it: how many
//! tokens it has and how deep its brackets nest. It refuses nothing but what exceeds those two.

/// What a look at the text found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Lexical tokens, as the GraphQL specification counts them (commas and comments are none).
    pub tokens: usize,
    /// The deepest nesting of `{`, `[` and `(`.
    pub nesting: usize,
}

/// Counts until the text ends or has more than `most` tokens. Linear in the text, no allocation.
pub fn shape(text: &str, most: usize) -> Shape {
    let bytes = text.as_bytes();
    let mut shape = Shape::default();
    let mut depth = 0_usize;
    let mut at = 0;
    while at < bytes.len() && shape.tokens <= most {
        match bytes[at] {
            b' ' | b'\t' | b'\n' | b'\r' | b',' | 0xEF | 0xBB | 0xBF => at += 1,
            b'#' => at = skip(bytes, at, |b| b != b'\n' && b != b'\r'),
            b'"' => {
                at = string_end(bytes, at);
                shape.tokens += 1;
            }
            b'.' => {
                at = skip(bytes, at, |b| b == b'.');
                shape.tokens += 1;
            }
            b'_' | b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => {
                at = skip(bytes, at, |b| {
                    matches!(b, b'_' | b'.' | b'-' | b'+') || b.is_ascii_alphanumeric()
                });
                shape.tokens += 1;
            }
            byte => {
                match byte {
                    b'{' | b'[' | b'(' => depth += 1,
                    b'}' | b']' | b')' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                shape.nesting = shape.nesting.max(depth);
                shape.tokens += 1;
                at += 1;
            }
        }
    }
    shape
}

fn skip(bytes: &[u8], from: usize, more: impl Fn(u8) -> bool) -> usize {
    bytes[from + 1..].iter().position(|b| !more(*b)).map_or(bytes.len(), |n| from + 1 + n)
}

fn string_end(bytes: &[u8], from: usize) -> usize {
    let block = bytes[from..].starts_with(b"\"\"\"");
    let mut at = from + if block { 3 } else { 1 };
    while at < bytes.len() {
        if block && bytes[at..].starts_with(b"\\\"\"\"") {
            at += 4;
        } else if block && bytes[at..].starts_with(b"\"\"\"") {
            return at + 3;
        } else if !block && bytes[at] == b'\\' {
            at += 2;
        } else if !block && matches!(bytes[at], b'"' | b'\n' | b'\r') {
            return at + 1;
        } else {
            at += 1;
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_counted_as_the_specification_does() {
        for (text, tokens) in [
            ("", 0),
            ("{ a, b }", 4),
            ("query Q($x: Int! = -1.5e+3) { a(x: $x) }", 20),
            ("{ a # comment { { {\n b }", 4),
            (r#"{ a(x: "one \" { string", y: """block "" \""" { """) ...F @skip(if: true) }"#, 20),
        ] {
            assert_eq!(shape(text, 1000).tokens, tokens, "{text}");
        }
    }

    #[test]
    fn brackets_in_strings_and_comments_do_not_nest() {
        assert_eq!(shape("{ a(x: [[1]]) }", 99).nesting, 4);
        assert_eq!(shape("{ a(x: \"{{{{\") } # {{{{{", 99).nesting, 2);
    }

    #[test]
    fn counting_stops_one_past_the_limit() {
        assert_eq!(shape(&"a ".repeat(1_000_000), 2000).tokens, 2001);
        assert_eq!(shape(&"{".repeat(1_000_000), 2000).nesting, 2001);
    }

    #[test]
    fn no_text_panics() {
        for text in ["\"", "\"\"\"", "\"\\", "\u{feff}{a}", "…", "\"\"\"\\\"", "{a(x:\"ü\")}"] {
            let _ = shape(text, 10);
        }
    }
}
