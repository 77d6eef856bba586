//! Whether a badge can be trusted: a graded verdict on anything that a person can hand over.
//!
//! [`Verifier::verify`] takes JSON, a JWT, a baked PNG or SVG, or an address, of Open Badges 2.0 to
//! 3.0 or any verifiable credential, and answers with a [`Report`]. Judging itself is pure and
//! knows no I/O: it notes which documents it would need, the caller's [`Fetch`] gets them, and it
//! judges anew, until nothing is wanted or the [`Budget`] is spent.

mod assertion;
mod credential;
mod documents;
mod enclosed;
mod input;
mod jwt;
mod keys;
mod presentation;
mod proof;
mod refresh;
mod report;
mod status;
mod trust;

use std::sync::Arc;

use futures_util::future::join_all;
use jsonld::Processor;
use time::OffsetDateTime;

use self::credential::Judged;
use self::documents::Documents;
pub use self::documents::{Budget, Document, Fetch, Offline, Unreachable};
use self::input::{Input, MAX_INPUT};
pub use self::report::{
    Check, CheckKind, Claims, Container, Freshness, Outcome, Report, Source, Standard, Verdict,
};
pub use self::trust::TrustedIssuer;
use crate::json;
use crate::timestamp::timestamp;
use crate::v2::revoked_for;

/// How many bytes a verdict fetches at most for one document.
const MAX_DOCUMENT: usize = 4 << 20;

/// What a verification is asked to look at beside the thing itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Issuers whom the operator knows.
    pub trusted: Vec<TrustedIssuer>,
    /// The recipient it should be for: an e-mail address, or another identifier or URI.
    pub recipient: Option<String>,
    /// The challenge that a presentation must answer.
    pub challenge: Option<String>,
    /// The domain that a presentation must be made for.
    pub domain: Option<String>,
    /// Whether to ask the issuer's refresh service for a newer edition.
    pub refresh: bool,
    /// What may be taken from outside.
    pub budget: Budget,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            trusted: Vec::new(),
            recipient: None,
            challenge: None,
            domain: None,
            refresh: true,
            budget: Budget::default(),
        }
    }
}

/// Verifies badges. It keeps nothing between two of them but compiled contexts.
#[derive(Clone, Debug)]
pub struct Verifier {
    processor: Arc<Processor>,
}

/// One judgement under way.
#[derive(Clone, Copy)]
struct Run<'a> {
    verifier: &'a Verifier,
    documents: &'a Documents,
    options: &'a Options,
    now: OffsetDateTime,
    depth: usize,
}

impl Verifier {
    /// Makes a verifier over a JSON-LD processor, which may be shared.
    pub fn new(processor: Arc<Processor>) -> Self {
        Self { processor }
    }

    /// Judges what was handed over, at the time `now`. Whatever the bytes are, the answer is a
    /// report; `fetch` is asked for no more than the options' budget.
    pub async fn verify<F: Fetch>(
        &self,
        handed: &[u8],
        fetch: &F,
        options: &Options,
        now: OffsetDateTime,
    ) -> Report {
        let mut documents = Documents::default();
        loop {
            let wanted = match self.judge(handed, &documents, options, now) {
                Ok(report) => return report,
                Err(wanted) => wanted,
            };
            let left = options.budget.fetches.saturating_sub(documents.tried());
            let most = options.budget.bytes.saturating_sub(documents.bytes()).min(MAX_DOCUMENT);
            let may = if most == 0 { 0 } else { left.min(wanted.len()) };
            let found = join_all(wanted[..may].iter().map(|url| fetch.get(url, most))).await;
            for (url, found) in wanted.iter().zip(found) {
                documents.insert(url.clone(), found);
            }
            for url in &wanted[may..] {
                let spent = "this verification has fetched as much as it may".to_owned();
                documents.insert(url.clone(), Err(Unreachable::Failed(spent)));
            }
        }
    }

    /// Judges without I/O of its own: `lookup` answers at once, from memory.
    pub fn verify_with(
        &self,
        handed: &[u8],
        mut lookup: impl FnMut(&str) -> Result<Document, Unreachable>,
        options: &Options,
        now: OffsetDateTime,
    ) -> Report {
        let mut documents = Documents::default();
        loop {
            let wanted = match self.judge(handed, &documents, options, now) {
                Ok(report) => return report,
                Err(wanted) => wanted,
            };
            for url in wanted {
                let found = if documents.tried() < options.budget.fetches {
                    lookup(&url)
                } else {
                    Err(Unreachable::Failed("no more may be looked up".to_owned()))
                };
                documents.insert(url, found);
            }
        }
    }

    /// Judges with the documents at hand; gives the addresses of those that are wanted beside them,
    /// if any are.
    fn judge(
        &self,
        handed: &[u8],
        documents: &Documents,
        options: &Options,
        now: OffsetDateTime,
    ) -> Result<Report, Vec<String>> {
        let run = Run { verifier: self, documents, options, now, depth: 0 };
        let (judged, container) = match input::read(handed) {
            Err(reason) => (Judged::unreadable(reason), None),
            Ok((Input::Url(url), container)) => match run.at(&url) {
                Ok((input, inner)) => (run.judged(input), container.or(inner)),
                Err(check) => (Judged::of(None, vec![check]), container),
            },
            Ok((input, container)) => (run.judged(input), container),
        };
        let report = Report { container, ..run.told(judged) };
        let wanted = documents.take_wanted();
        if wanted.is_empty() {
            Ok(Report { sources: documents.sources(), ..report })
        } else {
            Err(wanted)
        }
    }
}

impl Run<'_> {
    /// What is at an address that was handed over.
    fn at(&self, url: &str) -> Result<(Input, Option<Container>), Check> {
        let document = self.documents.get(url).map_err(|error| {
            let reason = format!("there is nothing to judge at {url}: {error}");
            match error {
                Unreachable::Gone(said) => {
                    let said = json::parse(&said, MAX_INPUT).unwrap_or_default();
                    let reason =
                        format!("what was at {url} is gone for good: {}", revoked_for(&said));
                    Check::invalid(CheckKind::Status, reason)
                }
                Unreachable::Failed(_) => Check::undetermined(CheckKind::Format, reason),
            }
        })?;
        let no_badge = |reason: String| Check::invalid(CheckKind::Format, reason);
        if document.body.len() > MAX_INPUT {
            return Err(no_badge("what is at the address is too large".to_owned()));
        }
        match input::read(&document.body) {
            Ok((Input::Url(_), _)) => {
                Err(no_badge("at the address stands nothing but another address".to_owned()))
            }
            Ok(found) => Ok(found),
            Err(reason) => Err(no_badge(format!("at {url}: {reason}"))),
        }
    }

    fn report(&self, input: Input) -> Report {
        self.told(self.judged(input))
    }

    fn judged(&self, input: Input) -> Judged {
        if let Some(judged) = self.assertion(&input) {
            return judged;
        }
        match self.secured(input) {
            Err(reason) => Judged::unreadable(reason),
            Ok((document, proof)) => match credential::standard(&document) {
                None => Judged::unreadable(
                    "it is neither an open badge nor another verifiable credential",
                ),
                Some(Standard::Presentation) => self.presentation(&document, proof),
                Some(_) => self.credential(document, proof),
            },
        }
    }

    fn told(&self, judged: Judged) -> Report {
        let Judged { standard, claims, checks, does_not_prove, freshness, enclosed } = judged;
        let verdict = report::verdict(&checks);
        Report {
            verdict,
            summary: report::summary(verdict, &checks),
            container: None,
            standard,
            claims,
            checks,
            does_not_prove,
            status_freshness: freshness,
            enclosed,
            sources: Vec::new(),
            judged_at: timestamp(self.now),
        }
    }
}
