//! `laurel verify`: a verdict on any badge, on the command line.

use std::{
    io::{IsTerminal, Read},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use openbadges::{
    jsonld::{Contexts, Processor},
    verify::{
        Check, Document, Fetch, Options as Asked, Outcome, Report, TrustedIssuer, Unreachable,
        Verdict, Verifier,
    },
};
use runtime::{Clock, FetchError, FetchLimits, SystemClock, config::Egress};

use crate::say::{Unsaid, say};

/// How long all fetches of the verdict may take together.
const PATIENCE: Duration = Duration::from_secs(20);
/// Most bytes read of a file.
const LARGEST: u64 = (8 << 20) + 1;
/// The exit code of a verdict that could not be reached.
const UNDETERMINED: u8 = 3;

/// Verifies an Open Badge or verifiable credential, whoever issued it: JSON, JWT, baked PNG or SVG.
///
/// Exit codes: 0 valid, 1 invalid, 2 wrong usage, 3 undetermined.
#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    /// A file, an https address, or - for standard input.
    #[arg(value_name = "FILE|URL")]
    what: String,
    /// Print the whole verdict as one JSON object.
    #[arg(long)]
    json: bool,
    /// The e-mail address or other identifier of the person it should be for.
    #[arg(long, value_name = "IDENTIFIER")]
    recipient: Option<String>,
    /// Fetch nothing: judge what can be judged from the file alone.
    #[arg(long)]
    offline: bool,
    /// A host that may be private and without TLS, such as localhost:8080. May be repeated.
    #[arg(long, value_name = "HOST:PORT")]
    allow: Vec<String>,
    /// An issuer whom you know: its identifier, or a domain with all that it hosts. May be repeated.
    #[arg(long, value_name = "ISSUER")]
    trust: Vec<String>,
}

/// Judges, prints the verdict, and gives the exit code that says it.
///
/// # Errors
/// When the file cannot be read.
pub async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let handed = read(&options.what)?;
    let verifier = Verifier::new(Arc::new(Processor::new(Contexts::bundled())));
    let trusted = options
        .trust
        .iter()
        .map(|issuer| TrustedIssuer { issuer: issuer.clone(), name: issuer.clone() });
    let asked = Asked {
        trusted: trusted.collect(),
        recipient: options.recipient.clone(),
        ..Asked::default()
    };
    let now = SystemClock.now().date_time();
    let report = if options.offline {
        verifier.verify(&handed, &openbadges::verify::Offline, &asked, now).await
    } else {
        let fetch = runtime::Fetch::new(&Egress { allow: options.allow.clone() });
        let door = Door { fetch, allow: options.allow, until: Instant::now() + PATIENCE };
        verifier.verify(&handed, &door, &asked, now).await
    };
    if options.json {
        say!("{}", serde_json::to_string(&report)?)?;
    } else {
        tell(&report)?;
    }
    Ok(match report.verdict {
        Verdict::Valid => ExitCode::SUCCESS,
        Verdict::Invalid => ExitCode::FAILURE,
        Verdict::Undetermined => ExitCode::from(UNDETERMINED),
    })
}

/// The bytes to judge: an address stands for itself.
fn read(what: &str) -> anyhow::Result<Vec<u8>> {
    if what.starts_with("https://") || what.starts_with("http://") {
        return Ok(what.as_bytes().to_vec());
    }
    let mut bytes = Vec::new();
    if what == "-" {
        std::io::stdin().take(LARGEST).read_to_end(&mut bytes).context("reading standard input")?;
    } else {
        let path = PathBuf::from(what);
        let file = std::fs::File::open(&path)
            .with_context(|| format!("cannot read {what}: name a file or an https address"))?;
        ensure!(!path.is_dir(), "{what} is a folder: name a file in it");
        file.take(LARGEST).read_to_end(&mut bytes).with_context(|| format!("reading {what}"))?;
    }
    Ok(bytes)
}

/// The egress door of the command; hosts that are allowed may also be without TLS.
struct Door {
    fetch: runtime::Fetch,
    allow: Vec<String>,
    until: Instant,
}

impl Door {
    async fn once(&self, url: &str, most: usize) -> Result<Document, FetchError> {
        let time = self.until.saturating_duration_since(Instant::now());
        let limits = FetchLimits { bytes: most, time, ..FetchLimits::default() };
        let fetched = self.fetch.get(url, limits).await?;
        Ok(Document {
            body: fetched.body.into(),
            media_type: fetched.media_type,
            fetched_at: Some(SystemClock.now().whole_second().to_string()),
        })
    }

    /// The same address without TLS, where that is allowed: `did:web` always means TLS.
    fn without_tls(&self, url: &str) -> Option<String> {
        let rest = url.strip_prefix("https://")?;
        let host = rest.split(['/', '?', '#']).next()?;
        let allowed = self.allow.iter().any(|allow| allow.eq_ignore_ascii_case(host));
        allowed.then(|| format!("http://{rest}"))
    }
}

impl Fetch for Door {
    async fn get(&self, url: &str, most: usize) -> Result<Document, Unreachable> {
        let mut outcome = self.once(url, most).await;
        if let (Err(FetchError::Failed), Some(open)) = (&outcome, self.without_tls(url)) {
            outcome = self.once(&open, most).await;
        }
        outcome.map_err(|error| match error {
            FetchError::Gone(said) => Unreachable::Gone(said.into()),
            other => Unreachable::Failed(other.to_string()),
        })
    }
}

/// Tells the verdict to people.
fn tell(report: &Report) -> Result<(), Unsaid> {
    say!("{}", plain(&report.summary))?;
    let claims = &report.claims;
    let said = [
        ("badge", &claims.name),
        ("id", &claims.id),
        ("issuer", &claims.issuer_name),
        ("issuer id", &claims.issuer),
    ];
    for (what, said) in said {
        if let Some(said) = said {
            say!("  {what:<10} {}", plain(said))?;
        }
    }
    say!("checks")?;
    report.checks.iter().try_for_each(tell_check)?;
    if !report.does_not_prove.is_empty() {
        say!("this does not prove")?;
        for line in &report.does_not_prove {
            say!("  {}", plain(line))?;
        }
    }
    for inner in &report.enclosed {
        let name = inner.claims.name.as_deref().unwrap_or("without a name");
        say!("enclosed: {}: {}", plain(name), plain(&inner.summary))?;
    }
    Ok(())
}

fn tell_check(check: &Check) -> Result<(), Unsaid> {
    let mark = match check.outcome {
        Outcome::Valid => "holds",
        Outcome::Invalid => "FAILS",
        Outcome::Undetermined => "open",
    };
    let colour = match check.outcome {
        Outcome::Valid => "32",
        Outcome::Invalid => "31",
        Outcome::Undetermined => "33",
    };
    let name = format!("{:?}", check.check);
    let reason = Some(&check.reason).filter(|reason| !reason.is_empty());
    let mut lines = reason.into_iter().chain(&check.evidence);
    let first = plain(lines.next().map_or("", String::as_str));
    if std::io::stdout().is_terminal() {
        say!("  \u{1b}[{colour}m{mark:<6}\u{1b}[0m {name:<15} {first}")?;
    } else {
        say!("  {mark:<6} {name:<15} {first}")?;
    }
    for line in lines {
        say!("         {:<15} {}", "", plain(line))?;
    }
    Ok(())
}

/// Text of strangers as a terminal may show it: one line, without control characters.
fn plain(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}
