//! The forms of texts that the published schema prescribes.

/// `https://purl.imsglobal.org/spec/ob/v3p0/context.json`, or with a version such as `-3.0.3`.
pub(super) fn is_open_badges_context(url: &str) -> bool {
    let rest = url
        .strip_prefix("https://purl.imsglobal.org/spec/ob/v3p0/context")
        .and_then(|rest| rest.strip_suffix(".json"));
    let is_version = |part: &[u8]| matches!(part, [b'-', b'3', b'.', a, b'.', b] if a.is_ascii_digit() && b.is_ascii_digit());
    // The pattern allows several versions in a row.
    rest.is_some_and(|rest| rest.as_bytes().chunks(6).all(is_version))
}

/// An extension term. The pattern is not anchored and its class of letters has no hyphen.
pub(super) fn is_extension(term: &str) -> bool {
    term.split("ext:").skip(1).any(|rest| {
        rest.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '|' | '_'))
    })
}

/// `en`, `de-CH`, `zh-Hans-CN`, `es-419`.
pub(super) fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let language = parts.next().unwrap_or_default();
    if !(2..=4).contains(&language.len()) || !language.bytes().all(|b| b.is_ascii_lowercase()) {
        return false;
    }
    let is_script = |part: &str| {
        part.len() == 4
            && part.bytes().enumerate().all(|(at, b)| match at {
                0 => b.is_ascii_uppercase(),
                _ => b.is_ascii_lowercase(),
            })
    };
    let is_region = |part: &str| match part.len() {
        2 => part.bytes().all(|b| b.is_ascii_uppercase()),
        3 => part.bytes().all(|b| b.is_ascii_digit()),
        _ => false,
    };
    match (parts.next(), parts.next(), parts.next()) {
        (None, ..) => true,
        (Some(one), None, _) => is_script(one) || is_region(one),
        (Some(script), Some(region), None) => is_script(script) && is_region(region),
        _ => false,
    }
}

/// Three parts in base64url, of which the middle one may be empty.
pub(super) fn is_compact_jws(text: &str) -> bool {
    let is_base64url =
        |part: &str| part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    let parts: Vec<&str> = text.splitn(4, '.').collect();
    match parts.as_slice() {
        [header, payload, signature] => {
            !header.is_empty()
                && !signature.is_empty()
                && [header, payload, signature].iter().all(|part| is_base64url(part))
        }
        _ => false,
    }
}

/// A date and time with offset (RFC 3339): `2025-01-31T12:00:00Z`.
pub(super) fn is_moment(text: &str) -> bool {
    let zoned = text.get(19..).is_some_and(|rest| rest.contains(['Z', '+', '-']));
    zoned && crate::timestamp::parse_timestamp(text).is_ok()
}

/// A day: `1970-02-28`.
pub(super) fn is_date(text: &str) -> bool {
    text.len() == 10 && crate::timestamp::parse_timestamp(&format!("{text}T00:00:00Z")).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_of_every_version_are_known() {
        for known in ["", "-3.0.1", "-3.0.3", "-3.1.0", "-3.0.1-3.0.2"] {
            let url = format!("https://purl.imsglobal.org/spec/ob/v3p0/context{known}.json");
            assert!(is_open_badges_context(&url), "{url}");
        }
        for other in ["-3.0", "-2.0.1", "-3.0.10", "-3.0.x", "x"] {
            let url = format!("https://purl.imsglobal.org/spec/ob/v3p0/context{other}.json");
            assert!(!is_open_badges_context(&url), "{url}");
        }
        assert!(!is_open_badges_context("https://w3id.org/openbadges/v3"));
    }

    #[test]
    fn languages_are_written_as_the_pattern_has_it() {
        for tag in ["en", "gsw", "de-CH", "zh-Hans", "zh-Hans-CN", "es-419"] {
            assert!(is_language(tag), "{tag}");
        }
        for tag in ["", "e", "EN", "english", "de-ch", "de-CH-Latn", "en-", "en-US-x", "en_US"] {
            assert!(!is_language(tag), "{tag}");
        }
    }

    #[test]
    fn compact_jws_have_three_parts() {
        for jws in ["a.b.c", "a..c", "e30.e30.c2_-"] {
            assert!(is_compact_jws(jws), "{jws}");
        }
        for other in ["", "..", "a.b", "a.b.", ".b.c", "a.b.c.d", "a.b=.c", "a.b.c\n"] {
            assert!(!is_compact_jws(other), "{other}");
        }
    }

    #[test]
    fn extensions_begin_with_ext() {
        for term in ["ext:Medal", "ext:a.b_c", "ext:_"] {
            assert!(is_extension(term), "{term}");
        }
        for term in ["", "ext:", "Medal", "ext: Medal", "ext:-"] {
            assert!(!is_extension(term), "{term}");
        }
    }

    #[test]
    fn moments_have_an_offset_and_days_have_no_time() {
        for text in ["2025-01-31T12:00:00Z", "2025-01-31T12:00:00.5+01:00"] {
            assert!(is_moment(text), "{text}");
        }
        for text in ["", "2025-01-31", "2025-01-31T12:00:00", "2025-02-30T12:00:00Z"] {
            assert!(!is_moment(text), "{text}");
        }
        assert!(is_date("2024-02-29"));
        for text in ["2023-02-29", "2024-2-9", "2024-02-29Z", ""] {
            assert!(!is_date(text), "{text}");
        }
    }
}
