use std::fmt;

use http::{HeaderMap, HeaderValue};

use crate::call::TRACEPARENT;

/// Which span of which trace, and whether the trace is exported (W3C Trace Context, level 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceContext {
    /// The trace; never zero.
    pub trace: u128,
    /// The span; never zero.
    pub span: u64,
    /// Whether the trace is exported.
    pub sampled: bool,
}

impl TraceContext {
    /// Reads `traceparent`: that of version 00, and what later versions have in common with it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let version = hex(parts.next()?, 2)?;
        let trace = hex(parts.next()?, 32)?;
        let span = u64::try_from(hex(parts.next()?, 16)?).ok()?;
        let flags = hex(parts.next()?, 2)?;
        let known = version < 0xff && (version > 0 || parts.next().is_none());
        (known && trace != 0 && span != 0).then_some(Self { trace, span, sampled: flags & 1 == 1 })
    }

    /// The context that came with a request.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        Self::parse(headers.get(TRACEPARENT)?.to_str().ok()?)
    }

    /// Sends the context along with a request.
    pub fn write(self, headers: &mut HeaderMap) {
        if let Ok(value) = HeaderValue::try_from(self.to_string()) {
            headers.insert(TRACEPARENT, value);
        }
    }

    /// The first span of a new trace; `sampled` decides by the trace's id.
    pub(super) fn root(sampled: impl FnOnce(u128) -> bool) -> Self {
        let trace = rand::random::<u128>().max(1);
        Self { trace, span: rand::random::<u64>().max(1), sampled: sampled(trace) }
    }

    /// Another span of the same trace.
    pub(super) fn child(self) -> Self {
        Self { span: rand::random::<u64>().max(1), ..self }
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, u8::from(self.sampled))
    }
}

/// So many lower-case hexadecimal digits.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let lower = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if text.len() == digits && lower { u128::from_str_radix(text, 16).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(trace in 1u128.., span in 1u64.., sampled: bool) {
            let context = TraceContext { trace, span, sampled };
            prop_assert_eq!(TraceContext::parse(&context.to_string()), Some(context));
            let mut headers = HeaderMap::new();
            context.write(&mut headers);
            prop_assert_eq!(TraceContext::of(&headers), Some(context));
        }

        #[test]
        fn nothing_that_is_sent_makes_it_panic(text: String) {
            let _ = TraceContext::parse(&text);
        }
    }

    #[test]
    fn what_has_another_form_is_none() {
        let (trace, span) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
        let later =
            TraceContext::parse(&format!("01-{trace}-{span}-03-more")).expect("a later one");
        assert!(later.sampled);
        for text in [
            String::new(),
            format!("ff-{trace}-{span}-01"),
            format!("00-{trace}-{span}-01-more"),
            format!("00-{trace}-{span}"),
            format!("00-{:032}-{span}-01", 0),
            format!("00-{trace}-{:016}-01", 0),
            format!("00-{}-{span}-01", trace.to_uppercase()),
            format!("00-+{}-{span}-01", &trace[1..]),
        ] {
            assert_eq!(TraceContext::parse(&text), None, "{text}");
        }
    }
}
