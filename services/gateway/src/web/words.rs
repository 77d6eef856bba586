//! Small pieces of text: dates, links, summaries.

use std::fmt::Write;

/// A day, for people and for machines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Date {
    /// `2026-11-23`.
    pub machine: String,
    /// `23 November 2026`.
    pub words: String,
    /// 2026.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The UTC day of a moment in RFC 3339 as the roles write it; none when there is none.
pub(super) fn date(moment: &str) -> Option<Date> {
    let machine = moment.get(..10)?.to_owned();
    let year = machine.get(..4)?.parse().ok()?;
    let month: u8 = machine.get(5..7)?.parse().ok()?;
    let day: u8 = machine.get(8..10)?.parse().ok()?;
    let name = MONTHS.get(usize::from(month).checked_sub(1)?)?;
    Some(Date { words: format!("{day} {name} {year}"), machine, year, month })
}

/// The URL, if it is one to follow: http or https, no control characters.
pub(super) fn link(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let web = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
    let clean = !rest.is_empty() && !url.chars().any(|c| c.is_control() || c.is_whitespace());
    (web && clean).then(|| url.to_owned())
}

/// The first part of a text: at most 200 characters, cut between words.
pub(super) fn summary(text: &str) -> String {
    let Some((end, _)) = text.char_indices().nth(199) else { return text.to_owned() };
    let head = &text[..end];
    let cut = head.rfind(char::is_whitespace).filter(|at| *at > end / 2).unwrap_or(end);
    format!("{}…", head[..cut].trim_end())
}

/// Writes a value of a query string, percent-encoded but for RFC 3986's unreserved characters.
pub(super) fn encode(out: &mut String, value: &str) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

/// Percent-decoded text (with `+` as a space, if so); none when it is not UTF-8 or cut short.
pub(super) fn decode(text: &str, plus_is_space: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let code = digit(rest.next())? * 16 + digit(rest.next())?;
                bytes.push(u8::try_from(code).ok()?);
            }
            b'+' if plus_is_space => bytes.push(b' '),
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).ok()
}

/// The host (and port) that a did:web names.
pub(super) fn did_host(did: &str) -> String {
    let host = did.strip_prefix("did:web:").unwrap_or(did).split(':').next().unwrap_or_default();
    decode(host, false).unwrap_or_else(|| host.to_owned())
}

/// What an Open Badges achievement type is called: `CertificateOfCompletion` is a Certificate Of
/// Completion.
pub(super) fn kind(achievement_type: &str) -> String {
    let name = achievement_type.strip_prefix("ext:").unwrap_or(achievement_type);
    match name {
        "" | "Badge" => return "Open Badge".to_owned(),
        "MicroCredential" => return "Microcredential".to_owned(),
        _ => {}
    }
    let mut words = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(c);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_becomes_a_day_in_words() {
        let day = date("2026-03-09T23:59:59.999Z").unwrap();
        assert_eq!((day.machine.as_str(), day.words.as_str()), ("2026-03-09", "9 March 2026"));
        for text in ["", "2026", "2026-00-01T00:00:00Z", "2026-13-01T00:00:00Z", "日日日日日"]
        {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn only_web_addresses_are_links() {
        for good in ["https://example.org/a?b=c", "HTTP://example.org"] {
            assert_eq!(link(good).as_deref(), Some(good));
        }
        for bad in [
            "javascript:alert(1)",
            "javascript://x%0aalert(1)",
            "data:text/html,x",
            "",
            "https://",
            "https://a b",
            "//x",
        ] {
            assert_eq!(link(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_summary_ends_between_words() {
        let text = "word ".repeat(60);
        let short = summary(&text);
        assert!(short.ends_with("word…") && short.chars().count() <= 200, "{short}");
        assert_eq!(summary(&"漢".repeat(300)).chars().count(), 200);
        assert_eq!(summary("short"), "short");
    }

    #[test]
    fn what_is_encoded_decodes() {
        let mut text = String::new();
        encode(&mut text, "a b&c=d/é");
        assert_eq!(text, "a%20b%26c%3Dd%2F%C3%A9");
        assert_eq!(decode(&text, true).as_deref(), Some("a b&c=d/é"));
        assert_eq!(decode("a+b", true).as_deref(), Some("a b"));
        assert_eq!(decode("%4", true), None);
        assert_eq!(decode("%ff", true), None);
    }

    #[test]
    fn a_did_names_its_host() {
        assert_eq!(did_host("did:web:localhost%3A8080:i:issuer_1"), "localhost:8080");
        assert_eq!(did_host("did:web:badges.example:i:issuer_1"), "badges.example");
    }

    #[test]
    fn achievement_types_are_named_in_words() {
        assert_eq!(kind("MicroCredential"), "Microcredential");
        assert_eq!(kind("CertificateOfCompletion"), "Certificate Of Completion");
        assert_eq!(kind(""), "Open Badge");
        assert_eq!(kind("ext:Prize"), "Prize");
    }
}
