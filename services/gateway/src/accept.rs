//! What media type an answer is given in.

use http::{HeaderMap, StatusCode, header};

use crate::failure::Failure;

/// The media types that can be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// `application/json`: legacy, 200 for every well-formed request.
    Json,
    /// `application/graphql-response+json`: statuses that mean something.
    GraphqlResponse,
    /// `text/event-stream`.
    EventStream,
}

impl Media {
    /// As in Content-Type.
    pub fn content_type(self) -> &'static str {
        match self {
            Media::Json => "application/json; charset=utf-8",
            Media::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Media::EventStream => "text/event-stream; charset=utf-8",
        }
    }

    fn of_range(range: &str) -> Option<Self> {
        match range.to_ascii_lowercase().as_str() {
            "application/json" | "application/*" | "*/*" => Some(Media::Json),
            "application/graphql-response+json" => Some(Media::GraphqlResponse),
            "text/event-stream" => Some(Media::EventStream),
            _ => None,
        }
    }
}

/// The media type that the client likes best; the first of those it likes alike.
pub fn media(headers: &HeaderMap) -> Result<Media, Failure> {
    let mut best: Option<(f32, Media)> = None;
    let mut asked = false;
    for value in headers.get_all(header::ACCEPT) {
        for range in value.to_str().unwrap_or_default().split(',') {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            if name.is_empty() {
                continue;
            }
            asked = true;
            let quality = parts
                .find_map(|p| p.strip_prefix("q=").or_else(|| p.strip_prefix("Q=")))
                .map_or(1.0, |q| q.parse::<f32>().unwrap_or(0.0));
            let Some(media) = Media::of_range(name).filter(|_| quality > 0.0) else { continue };
            if best.is_none_or(|(other, _)| quality > other) {
                best = Some((quality, media));
            }
        }
    }
    match best {
        Some((_, media)) => Ok(media),
        None if !asked => Ok(Media::Json),
        None => Err(Failure::transport(
            StatusCode::NOT_ACCEPTABLE,
            "NOT_ACCEPTABLE",
            "none of the media types in Accept can be given: ask for application/graphql-response+json, \
             application/json or text/event-stream",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(accept: &str) -> Result<Media, StatusCode> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, accept.parse().unwrap());
        media(&headers).map_err(|failure| failure.status)
    }

    #[test]
    fn the_best_liked_media_type_is_given() {
        assert_eq!(media(&HeaderMap::new()).ok(), Some(Media::Json));
        for (accept, given) in [
            ("*/*", Media::Json),
            ("application/*;q=0.1", Media::Json),
            ("application/graphql-response+json", Media::GraphqlResponse),
            (
                "application/graphql-response+json; charset=utf-8, application/json; charset=utf-8",
                Media::GraphqlResponse,
            ),
            ("application/json;q=0.9, application/graphql-response+json;q=0.5", Media::Json),
            ("text/html, application/json;q=0.2, text/event-stream", Media::EventStream),
            (
                "application/json;q=0, application/graphql-response+json;q=0.1",
                Media::GraphqlResponse,
            ),
        ] {
            assert_eq!(of(accept), Ok(given), "{accept}");
        }
        for accept in ["text/html", "application/json;q=0", "image/png, text/*"] {
            assert_eq!(of(accept), Err(StatusCode::NOT_ACCEPTABLE), "{accept}");
        }
    }
}
