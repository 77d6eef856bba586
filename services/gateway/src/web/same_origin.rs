//! Forms count only when our own pages send them: other sites cannot act with an earner's session.

use axum::http::{HeaderMap, StatusCode, header};

use super::{Web, problem::Problem};

impl Web {
    /// Nothing when the request comes from one of our own pages, or from no browser at all: browsers
    /// say where a form comes from in `Sec-Fetch-Site` or, older ones, in `Origin`.
    pub(super) fn require_same_origin(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
        let ours =
            match (text(header::HeaderName::from_static("sec-fetch-site")), text(header::ORIGIN)) {
                (Some(site), _) => matches!(site, "same-origin" | "none"),
                (None, Some(origin)) => {
                    let host = text(header::HOST).unwrap_or_default();
                    let names_host =
                        origin.split_once("://").is_some_and(|(_, named)| named == host);
                    origin == self.public_url() || (names_host && !host.is_empty())
                }
                (None, None) => true,
            };
        if ours {
            return Ok(());
        }
        let detail = "this form was sent from another site: open the page here and send it again";
        Err(Problem::new(StatusCode::FORBIDDEN, "CROSS_ORIGIN", detail))
    }
}
