//! Which form of a thing the client wants (RFC 9110 12.5.1).

use axum::http::{HeaderMap, header};

/// A form of a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wants {
    /// For people.
    Page,
    /// For programs, as that media type.
    Data(&'static str),
}

/// The form that the client likes best: a page, or data as one of the media types offered. A page
/// when it has no preference. None when it accepts neither.
pub(super) fn wants(headers: &HeaderMap, offered: &[&'static str]) -> Option<Wants> {
    let mut ranges = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let Some(first) = ranges.next() else { return Some(Wants::Page) };
    let rest: Vec<&str> = ranges.collect();
    let quality = |media: &str| {
        let all = first.split(',').chain(rest.iter().flat_map(|value| value.split(',')));
        all.filter_map(|range| matched(range, media)).max_by_key(|(specific, _)| *specific)
    };
    let mut best = (0, None);
    let mut consider = |media: &str, form: Wants| {
        let weight = quality(media).map_or(0, |(_, weight)| weight);
        if weight > best.0 {
            best = (weight, Some(form));
        }
    };
    consider("text/html", Wants::Page);
    for media in offered {
        consider(media, Wants::Data(media));
    }
    best.1
}

/// How specifically a range names the media type (3 for by name) and with what weight in
/// thousandths; none when it does not.
fn matched(range: &str, media: &str) -> Option<(u8, u16)> {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next()?;
    let specific = if name.eq_ignore_ascii_case(media) {
        3
    } else if name == "*/*" {
        1
    } else {
        let kind = name.strip_suffix("/*")?;
        let same = media.split_once('/').is_some_and(|(k, _)| k.eq_ignore_ascii_case(kind));
        if same { 2 } else { return None }
    };
    let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
    Some((specific, weight.map_or(1000, thousandths)))
}

/// A weight such as `0.85`; zero when it is none.
fn thousandths(text: &str) -> u16 {
    let weight: f32 = text.trim().parse().unwrap_or(0.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0 to 1000")]
    let whole = (weight.clamp(0.0, 1.0) * 1000.0).round() as u16;
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFERED: [&str; 3] =
        ["application/vc+ld+json", "application/ld+json", "application/json"];

    #[test]
    fn each_client_gets_what_it_likes_best() {
        let data = |n: usize| Some(Wants::Data(OFFERED[n]));
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8";
        for (accept, form) in [
            (browser, Some(Wants::Page)),
            ("*/*", Some(Wants::Page)),
            ("", None),
            ("application/vc+ld+json", data(0)),
            ("APPLICATION/VC+LD+JSON; q=0.5", data(0)),
            ("application/json", data(2)),
            ("application/*", data(0)),
            ("application/json, text/html;q=0.9", data(2)),
            ("text/html;q=0.1, application/ld+json;q=0.2", data(1)),
            ("text/html;q=0, */*", data(0)),
            ("*/*;q=0.1, application/json;q=0", Some(Wants::Page)),
            ("application/pdf", None),
            ("text/html;q=x", None),
            ("image/*, audio/*", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().unwrap());
            assert_eq!(wants(&headers, &OFFERED), form, "{accept}");
        }
        assert_eq!(wants(&HeaderMap::new(), &OFFERED), Some(Wants::Page));
    }

    #[test]
    fn several_accept_headers_are_one_list() {
        let mut headers = HeaderMap::new();
        headers.append(header::ACCEPT, "text/html;q=0.2".parse().unwrap());
        headers.append(header::ACCEPT, "application/json;q=0.3".parse().unwrap());
        assert_eq!(wants(&headers, &OFFERED), Some(Wants::Data("application/json")));
    }
}
