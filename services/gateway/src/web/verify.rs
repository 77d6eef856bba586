//! Verdicts on badges: a page for people, `POST /verify` for programs.

use askama::Template;
use axum::{
    Json,
    body::to_bytes,
    extract::{FromRequest, Multipart, Query, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use openbadges::verify::{
    Check, CheckKind, Container, Options, Outcome, Report, Standard, Verdict,
};
use serde::Deserialize;

use super::{
    Web,
    assets::Shell,
    headers::{FOR_ANYONE, KEEP_NOTHING},
    negotiate::{self, Wants},
    page,
    problem::Problem,
};

/// Most bytes of a picture with a badge in it, and of a form with one.
pub(super) const LARGEST: usize = 8 << 20;
/// Most bytes of a picture that is shown beside the verdict on the badge in it.
const SHOWN: usize = 1 << 20;
/// What the page may load when it shows such a picture, which stands in the page itself.
const POLICY_WITH_PICTURE: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; \
     base-uri 'none'; frame-ancestors 'none'",
);
/// Most bytes of a recipient's address.
const LONGEST_RECIPIENT: usize = 320;
/// What the verdict is offered as, beside a page.
const OFFERED: [&str; 1] = ["application/json"];

#[derive(Template)]
#[template(path = "verify.html")]
struct VerifyPage<'a> {
    shell: Shell,
    verdict: Option<VerdictView<'a>>,
    picture: Option<&'a str>,
    problem: Option<&'a str>,
}

/// A verdict, ready to show.
struct VerdictView<'a> {
    class: &'static str,
    word: &'static str,
    sentence: String,
    report: &'a Report,
    standard: &'static str,
    checks: Vec<CheckView<'a>>,
}

struct CheckView<'a> {
    class: &'static str,
    name: &'static str,
    word: &'static str,
    reason: String,
    check: &'a Check,
}

/// What may stand in the address.
#[derive(Default, Deserialize)]
pub(super) struct Asked {
    /// For whom it should be.
    #[serde(default)]
    recipient: String,
    /// The address of what is to be judged, for links to the page.
    #[serde(default)]
    url: String,
}

/// The page with its form, filled in by a verdict when the address names something.
pub(super) async fn form(State(web): State<Web>, Query(asked): Query<Asked>) -> Response {
    if asked.url.is_empty() {
        return page(StatusCode::OK, None, None, None);
    }
    match judge(&web, asked.url.as_bytes(), &asked.recipient).await {
        Ok(report) => page(StatusCode::OK, Some(&report), None, None),
        Err(problem) => page(problem.status, None, None, Some(&problem.detail)),
    }
}

/// Judges what is sent: as the body itself, or in a form with `file` or `text` and `recipient`.
pub(super) async fn verify(
    State(web): State<Web>,
    Query(asked): Query<Asked>,
    request: Request,
) -> Response {
    let headers = request.headers().clone();
    let outcome = match handed(request, asked).await {
        Ok((handed, recipient)) => {
            judge(&web, &handed, &recipient).await.map(|report| (report, handed))
        }
        Err(problem) => Err(problem),
    };
    let as_page =
        asks_for_pages(&headers) && negotiate::wants(&headers, &OFFERED) == Some(Wants::Page);
    match (outcome, as_page) {
        (Ok((report, handed)), true) => {
            page(StatusCode::OK, Some(&report), picture(&handed, &report).as_deref(), None)
        }
        (Ok((report, _)), false) => {
            let fields = [(header::CACHE_CONTROL, KEEP_NOTHING), FOR_ANYONE];
            (fields, Json(report)).into_response()
        }
        (Err(problem), true) => page(problem.status, None, None, Some(&problem.detail)),
        (Err(problem), false) => ([FOR_ANYONE], problem.json()).into_response(),
    }
}

async fn judge(web: &Web, handed: &[u8], recipient: &str) -> Result<Report, Problem> {
    if recipient.len() > LONGEST_RECIPIENT {
        let detail = "a recipient has at most 320 bytes";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "INVALID_INPUT", detail));
    }
    let recipient = Some(recipient.trim()).filter(|text| !text.is_empty()).map(str::to_owned);
    let options = Options { recipient, ..Options::default() };
    web.0.verification.judge(handed, options).await.map_err(|_| {
        let detail = "too many badges are being verified at the moment: try again in a second";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", detail)
    })
}

/// What the request hands over, and for whom it should be.
async fn handed(request: Request, asked: Asked) -> Result<(Vec<u8>, String), Problem> {
    let too_large = || {
        let detail = format!("what is to be verified has at most {} MiB", LARGEST >> 20);
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "TOO_LARGE", detail)
    };
    if !is_form(request.headers()) {
        let body = to_bytes(request.into_body(), LARGEST).await.map_err(|_| too_large())?;
        return Ok((body.into(), asked.recipient));
    }
    let malformed = || {
        let detail = "the form cannot be read: send multipart/form-data with file or text";
        Problem::new(StatusCode::BAD_REQUEST, "INVALID_INPUT", detail)
    };
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| malformed())?;
    let (mut file, mut text, mut recipient) = (Vec::new(), String::new(), asked.recipient);
    while let Some(field) = form.next_field().await.map_err(|_| malformed())? {
        let name = field.name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await.map_err(|_| too_large())?;
        match name.as_str() {
            "file" => file = bytes.into(),
            "text" => text = String::from_utf8_lossy(&bytes).into_owned(),
            "recipient" => recipient = String::from_utf8_lossy(&bytes).into_owned(),
            _ => {}
        }
    }
    Ok((if file.is_empty() { text.into_bytes() } else { file }, recipient))
}

/// Browsers name pages; programs that take anything want the verdict itself.
fn asks_for_pages(headers: &HeaderMap) -> bool {
    let named = |value: &HeaderValue| value.to_str().is_ok_and(|text| text.contains("text/html"));
    headers.get_all(header::ACCEPT).iter().any(named)
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.trim_start().starts_with("multipart/form-data"))
}

/// The picture that was handed over, as an address that holds it.
fn picture(handed: &[u8], report: &Report) -> Option<String> {
    let kind = match report.container? {
        Container::Png if handed.starts_with(b"\x89PNG") => "png",
        Container::Svg if handed.contains(&b'<') => "svg+xml",
        _ => return None,
    };
    let shown = handed.len() <= SHOWN;
    shown.then(|| format!("data:image/{kind};base64,{}", STANDARD.encode(handed)))
}

fn page(
    status: StatusCode,
    report: Option<&Report>,
    picture: Option<&str>,
    problem: Option<&str>,
) -> Response {
    let problem = problem.map(page::sentence);
    let template = VerifyPage {
        shell: Shell::get(),
        verdict: report.map(view),
        picture,
        problem: problem.as_deref(),
    };
    let mut response = page::html(status, template.render());
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if picture.is_some() {
        headers.insert(header::CONTENT_SECURITY_POLICY, POLICY_WITH_PICTURE);
    }
    response
}

fn view(report: &Report) -> VerdictView<'_> {
    let (class, word) = match report.verdict {
        Verdict::Valid => ("valid", "Valid"),
        Verdict::Invalid => ("revoked", "Not valid"),
        Verdict::Undetermined => ("expired", "Undetermined"),
    };
    let reason = report.summary.split_once(": ").map_or("", |(_, reason)| reason);
    VerdictView {
        class,
        word,
        sentence: page::sentence(reason),
        report,
        standard: report.standard.map_or("", Standard::name),
        checks: report.checks.iter().map(check).collect(),
    }
}

fn check(check: &Check) -> CheckView<'_> {
    let (class, word) = match check.outcome {
        Outcome::Valid => ("valid", "Holds"),
        Outcome::Invalid => ("revoked", "Does not hold"),
        Outcome::Undetermined => ("expired", "Open"),
    };
    let name = match check.check {
        CheckKind::Format => "Something that can be judged",
        CheckKind::Conformance => "Form",
        CheckKind::Proof => "Signed by its issuer, unchanged",
        CheckKind::ValidityPeriod => "Valid today",
        CheckKind::Status => "Not revoked",
        CheckKind::Recipient => "For this recipient",
        CheckKind::Credentials => "Every credential presented",
        CheckKind::Refresh => "Newest edition",
        CheckKind::Enclosed => "Endorsements and enclosed credentials",
        CheckKind::IssuerTrust => "Who the issuer is",
    };
    CheckView { class, name, word, reason: page::sentence(&check.reason), check }
}
