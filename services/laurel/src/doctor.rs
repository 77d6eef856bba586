//! `laurel doctor`: questions about an installation, each with what to do when the answer is bad.
//!
//! To add a question, add a [`Probe`] to one of the tables. It changes nothing but for a file in the
//! data folder that it removes again.

mod certificates;
mod data;
mod ground;
mod kurrent;
mod machine;
mod mesh;
mod network;
mod redis;
mod settings;
mod stores;

use std::{pin::Pin, process::ExitCode};

use runtime::{Config, Flags};
use serde::Serialize;

use self::ground::Ground;
pub use self::settings::refuse_unsafe;
use crate::{
    say::{Unsaid, say},
    settings::problems,
};

/// Asks some sixty questions about this installation and says what to do where an answer is bad. A
/// running Laurel is no obstacle.
///
/// Exit codes: 0 no error, 1 an error, 2 wrong usage, 3 no error, but something could not be found
/// out.
#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    /// Which installation.
    #[command(flatten)]
    flags: Flags,
    /// Print all answers as one JSON object.
    #[arg(long)]
    json: bool,
    /// Connect to nobody.
    #[arg(long)]
    offline: bool,
}

/// A question and what to do about a bad answer.
pub struct Probe {
    /// Its name, for machines.
    pub name: &'static str,
    /// What is asked.
    pub question: &'static str,
    /// How bad a bad answer is.
    pub severity: Severity,
    /// What to do then.
    pub fix: &'static str,
    /// Finds the answer.
    ask: Ask,
}

/// Finds an answer.
#[derive(Clone, Copy)]
enum Ask {
    /// On this machine.
    Here(fn(&Ground) -> Answer),
    /// On this machine, after a while.
    Later(for<'a> fn(&'a Ground) -> Coming<'a>),
    /// By connecting to others.
    There(for<'a> fn(&'a Ground) -> Coming<'a>),
}

type Coming<'a> = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

/// How bad a bad answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It does not work, or something is lost or open to others.
    Error,
    /// It works, and could be better or safer.
    Warning,
}

/// An answer, with what was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    Good(String),
    Bad(String),
    /// Nobody can tell.
    Unknown(String),
    /// The question does not arise.
    Idle(&'static str),
}

/// The answer to a question, with the question.
#[derive(Clone, Debug, Serialize)]
struct Finding {
    name: &'static str,
    question: &'static str,
    severity: Severity,
    outcome: &'static str,
    seen: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<&'static str>,
}

/// Every question, in the order in which they are asked.
pub fn probes() -> impl Iterator<Item = &'static Probe> {
    [
        settings::PROBES,
        data::PROBES,
        stores::PROBES,
        kurrent::PROBES,
        redis::PROBES,
        mesh::PROBES,
        machine::PROBES,
        network::PROBES,
    ]
    .into_iter()
    .flatten()
}

/// The exit code of what could not be found out.
const UNDETERMINED: u8 = 3;

/// Asks everything and tells the answers.
///
/// # Errors
/// When standard output cannot be written to.
pub async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let problems = problems(&options.flags);
    let Ok(config) = Config::load(&options.flags) else {
        // Nothing more can be asked of an installation that nobody can find.
        return told(&unreadable(problems), options.json);
    };
    let ground = Ground::new(config, problems);
    let mut findings = Vec::new();
    for probe in probes() {
        let answer = match probe.ask {
            Ask::Here(ask) => ask(&ground),
            Ask::There(_) if options.offline => Answer::Idle("not asked offline"),
            Ask::Later(ask) | Ask::There(ask) => ask(&ground).await,
        };
        findings.push(finding(probe, answer));
    }
    told(&findings, options.json)
}

fn finding(probe: &Probe, answer: Answer) -> Finding {
    let (outcome, seen) = match answer {
        Answer::Good(seen) => ("good", seen),
        Answer::Bad(seen) => ("bad", seen),
        Answer::Unknown(seen) => ("unknown", seen),
        Answer::Idle(why) => ("idle", why.to_owned()),
    };
    let Probe { name, question, severity, .. } = *probe;
    let fix = (outcome == "bad").then_some(probe.fix);
    Finding { name, question, severity, outcome, seen, fix }
}

fn unreadable(problems: Vec<runtime::config::Problem>) -> Vec<Finding> {
    let seen = problems.into_iter().map(|it| format!("{}: {}", it.key, it.problem));
    let probe = probes().next().map(|probe| finding(probe, Answer::Bad(String::new())));
    let of = |seen| probe.clone().map(|probe| Finding { seen, ..probe });
    seen.filter_map(of).collect()
}

fn told(findings: &[Finding], json: bool) -> anyhow::Result<ExitCode> {
    let any = |outcome, severity| {
        findings.iter().any(|it| it.outcome == outcome && it.severity == severity)
    };
    let errors = any("bad", Severity::Error);
    let unknown = any("unknown", Severity::Error);
    if json {
        let ok = !errors;
        say!("{}", serde_json::json!({ "ok": ok, "findings": findings }))?;
    } else {
        findings.iter().try_for_each(tell)?;
    }
    Ok(match (errors, unknown) {
        (true, _) => ExitCode::FAILURE,
        (false, true) => ExitCode::from(UNDETERMINED),
        (false, false) => ExitCode::SUCCESS,
    })
}

fn tell(finding: &Finding) -> Result<(), Unsaid> {
    let mark = match (finding.outcome, finding.severity) {
        ("good", _) => "good",
        ("bad", Severity::Error) => "ERROR",
        ("bad", Severity::Warning) => "warning",
        ("idle", _) => "-",
        _ => "unknown",
    };
    say!("{mark:<8} {:<20} {} {}", finding.name, finding.question, finding.seen)?;
    if let Some(fix) = finding.fix {
        say!("{:<8} {:<20} fix: {fix}", "", "")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use runtime::{
        RoleName,
        config::{Place, Places},
    };

    use super::*;

    #[test]
    fn every_question_has_a_name_of_its_own_and_a_fix() {
        let names: BTreeSet<_> = probes().map(|probe| probe.name).collect();
        assert_eq!(names.len(), probes().count());
        assert!(names.len() >= 25, "{}", names.len());
        for probe in probes() {
            assert!(probe.question.ends_with('?') && probe.fix.len() > 10, "{}", probe.name);
        }
    }

    #[test]
    fn the_manual_lists_every_question() {
        let manual = include_str!("../../../docs/operations/command-line.md");
        let rows = manual.lines().skip_while(|line| *line != "## What the doctor asks");
        let rows = rows.filter(|line| line.starts_with("| ") && !line.starts_with("| About"));
        let listed = rows.flat_map(|line| line.split('`').skip(1).step_by(2));
        let asked = probes().map(|probe| probe.name);
        let (listed, asked): (BTreeSet<_>, BTreeSet<_>) = (listed.collect(), asked.collect());
        assert_eq!(listed, asked, "docs/operations/command-line.md");
    }

    async fn asked(ground: &Ground) -> Vec<Finding> {
        let mut findings = Vec::new();
        for probe in probes() {
            let answer = match probe.ask {
                Ask::Here(ask) => ask(ground),
                Ask::Later(ask) => ask(ground).await,
                Ask::There(_) => continue,
            };
            findings.push(finding(probe, answer));
        }
        findings
    }

    fn outcome(findings: &[Finding], name: &str) -> &'static str {
        let found = findings.iter().find(|it| it.name == name);
        found.unwrap_or_else(|| panic!("{name} is not asked")).outcome
    }

    /// Everything, of others too.
    async fn asked_of_all(config: Config) -> Vec<Finding> {
        let ground = Ground::new(config, Vec::new());
        let mut findings = Vec::new();
        for probe in [kurrent::PROBES, redis::PROBES, mesh::PROBES].into_iter().flatten() {
            let answer = match probe.ask {
                Ask::Here(ask) => ask(&ground),
                Ask::Later(ask) | Ask::There(ask) => ask(&ground).await,
            };
            findings.push(finding(probe, answer));
        }
        findings
    }

    #[tokio::test]
    async fn stores_and_roles_that_nobody_reaches_are_found() {
        runtime::install_cryptography();
        let embedded = asked_of_all(Config::default()).await;
        assert!(embedded.iter().all(|it| it.outcome == "idle"), "{embedded:?}");

        let folder = tempfile::tempdir().unwrap();
        let at = |file: &str| folder.path().join(file);
        crate::fleet::certify(folder.path(), RoleName::Gateway).unwrap();
        let mesh = runtime::config::Mesh {
            listen: None,
            certificate: at("gateway.pem"),
            key: at("gateway.key"),
            authority: at("authority.pem"),
            roles: [(RoleName::KeyVault, "https://127.0.0.1:1".to_owned())].into(),
        };
        let elsewhere = |url: &str| Place::At(url.to_owned());
        let stores = Places {
            events: elsewhere("kurrentdb://us:hush@127.0.0.1:1?tls=true"),
            models: elsewhere("rediss://us:hush@127.0.0.1:1"),
            keys: elsewhere("https://127.0.0.1:1"),
            ..Places::default()
        };
        let config = Config { stores, mesh: Some(mesh.clone()), ..Config::default() };
        let found = asked_of_all(config.clone()).await;
        assert!(found.iter().all(|it| !it.seen.contains("hush")), "{found:?}");
        for name in ["events-reachable", "events-nodes", "models-reachable", "mesh-roles"] {
            assert_eq!(outcome(&found, name), "bad", "{name}: {found:?}");
        }
        for name in ["events-leader", "events-read", "models-rights", "models-clock"] {
            assert_eq!(outcome(&found, name), "unknown", "{name}");
        }
        for name in ["mesh-files", "mesh-names", "mesh-chain", "mesh-dates"] {
            assert_eq!(outcome(&found, name), "good", "{name}: {found:?}");
        }

        // The certificate of one authority, and another in its file; the key of another pair.
        let other = tempfile::tempdir().unwrap();
        crate::fleet::certify(other.path(), RoleName::Gateway).unwrap();
        let authority = other.path().join("authority.pem");
        let strange = runtime::config::Mesh { authority, ..mesh.clone() };
        let strange = asked_of_all(Config { mesh: Some(strange), ..config.clone() }).await;
        assert_eq!(outcome(&strange, "mesh-chain"), "bad", "{strange:?}");
        let key = other.path().join("gateway.key");
        let mixed = runtime::config::Mesh { key, ..mesh };
        let mixed = asked_of_all(Config { mesh: Some(mixed), ..config }).await;
        assert_eq!(outcome(&mixed, "mesh-files"), "bad", "{mixed:?}");
    }

    #[tokio::test]
    async fn a_healthy_installation_has_no_errors_and_each_fault_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config {
            public_url: "https://badges.example.org".into(),
            // Whatever listens where Laurel usually does is none of this test's business.
            listen: ([127, 0, 0, 1], 0).into(),
            data: folder.path().join("data"),
            root_key: Some(folder.path().join("root.key")),
            ..Config::default()
        };
        let fresh = asked(&Ground::new(config.clone(), Vec::new())).await;
        assert_eq!(outcome(&fresh, "data-exists"), "bad");

        let context = crate::process::open(&config).await.unwrap();
        let ground = || Ground::new(config.clone(), Vec::new());
        let serving = asked(&ground()).await;
        assert_eq!(outcome(&serving, "stores-whole"), "good");
        assert_eq!(outcome(&serving, "read-models"), "idle", "somebody has them");
        drop(context);
        let healthy = asked(&ground()).await;
        let errors: Vec<_> = healthy
            .iter()
            .filter(|it| it.severity == Severity::Error && !it.name.starts_with("disk-"))
            .filter(|it| !["good", "idle"].contains(&it.outcome))
            .collect();
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(outcome(&healthy, "read-models"), "good");

        let another = Config { root_key: Some(folder.path().join("other.key")), ..config.clone() };
        keyvault::RootKey::load_or_create(folder.path().join("other.key")).unwrap();
        let wrong = asked(&Ground::new(another, Vec::new())).await;
        assert_eq!(outcome(&wrong, "root-key-fits"), "bad");
        std::fs::remove_file(folder.path().join("root.key")).unwrap();
        assert_eq!(outcome(&asked(&ground()).await, "root-key"), "bad");
        std::fs::remove_file(config.data.join("events/log.sqlite")).unwrap();
        assert_eq!(outcome(&asked(&ground()).await, "stores-whole"), "bad");
        std::fs::create_dir(config.data.join(".restoring")).unwrap();
        assert_eq!(outcome(&asked(&ground()).await, "restore-ended"), "bad");
        let exposed = Config {
            mail: runtime::config::Mail {
                smtp: Some("smtp://us:hush@mail.example.org".into()),
                ..config.mail.clone()
            },
            egress: runtime::config::Egress { allow: vec!["169.254.169.254:80".into()] },
            public_url: "http://badges.example.org".into(),
            development: true,
            ..config.clone()
        };
        let exposed = asked(&Ground::new(exposed, Vec::new())).await;
        for name in ["mail-encrypted", "egress-safe", "public-url-https", "development-off"] {
            assert_eq!(outcome(&exposed, name), "bad", "{name}");
        }
        assert!(exposed.iter().all(|it| !it.seen.contains("hush")), "{exposed:?}");
    }
}
