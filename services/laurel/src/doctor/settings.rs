//! Questions about the configuration.

use reqwest::Url;
use runtime::Config;

use super::{Answer, Ask, Ground, Probe, Severity};

pub(super) const PROBES: &[Probe] = &[
    Probe {
        name: "configuration",
        question: "can the configuration be used?",
        severity: Severity::Error,
        fix: "correct these settings; deploy/laurel.toml has each with its default",
        ask: Ask::Here(configuration),
    },
    Probe {
        name: "public-url-https",
        question: "is the public URL safe?",
        severity: Severity::Error,
        fix: "set public_url to an https:// URL: it stands in every credential for good",
        ask: Ask::Here(public_url),
    },
    Probe {
        name: "development-off",
        question: "is this no machine for trying things out?",
        severity: Severity::Warning,
        fix: "set development = false before anybody relies on it",
        ask: Ask::Here(|ground| say(!ground.config.development, "development", ground)),
    },
    Probe {
        name: "mail-configured",
        question: "are letters sent?",
        severity: Severity::Warning,
        fix: "set mail.smtp_file, or people must be given the links in the outbox folder by hand",
        ask: Ask::Here(|ground| match &ground.config.mail.smtp {
            Some(_) => Answer::Good("by a mail server".to_owned()),
            None => Answer::Bad("to the outbox folder".to_owned()),
        }),
    },
    Probe {
        name: "mail-encrypted",
        question: "does the mail password travel encrypted?",
        severity: Severity::Error,
        fix: "use smtps://, or smtp:// with ?tls=required",
        ask: Ask::Here(|ground| mail_encrypted(&ground.config)),
    },
    Probe {
        name: "mail-sender",
        question: "is the sender of letters an address of yours?",
        severity: Severity::Warning,
        fix: "set mail.from to an address under a domain for which your mail server may send",
        ask: Ask::Here(|ground| {
            let from = &ground.config.mail.from;
            match &ground.config.mail.smtp {
                None => Answer::Idle("no mail server"),
                Some(_) if from.contains("localhost") => Answer::Bad(from.clone()),
                Some(_) => Answer::Good(from.clone()),
            }
        }),
    },
    Probe {
        name: "egress-safe",
        question: "can strangers not reach what is private?",
        severity: Severity::Error,
        fix: "take these out of egress.allow: URLs of strangers could read them",
        ask: Ask::Here(|ground| egress(&ground.config)),
    },
    Probe {
        name: "oidc-https",
        question: "are OpenID providers reached safely?",
        severity: Severity::Error,
        fix: "use issuers that begin with https://: whoever is in between can sign in as anybody",
        ask: Ask::Here(|ground| {
            let plain = ground.config.oidc.iter().find(|it| !it.issuer.starts_with("https://"));
            match plain {
                _ if ground.config.oidc.is_empty() => Answer::Idle("none is configured"),
                Some(provider) => Answer::Bad(provider.issuer.clone()),
                None => Answer::Good(String::new()),
            }
        }),
    },
    Probe {
        name: "log-level",
        question: "is the log quiet enough to keep?",
        severity: Severity::Warning,
        fix: "set log.level to info, and to debug for a while only",
        ask: Ask::Here(|ground| {
            let level = ground.config.log.level.to_lowercase();
            say(!level.contains("trace") && !level.contains("debug"), &level, ground)
        }),
    },
];

fn say(good: bool, seen: &str, _: &Ground) -> Answer {
    if good { Answer::Good(String::new()) } else { Answer::Bad(seen.to_owned()) }
}

fn configuration(ground: &Ground) -> Answer {
    let told = ground.problems.iter().map(|it| format!("{}: {}", it.key, it.problem));
    let told: Vec<_> = told.collect();
    if told.is_empty() { Answer::Good(String::new()) } else { Answer::Bad(told.join("; ")) }
}

/// Refuses settings under which secrets leak: nothing should serve with them, but for a machine for
/// trying things out.
///
/// # Errors
/// The first of them, with its fix.
pub fn refuse_unsafe(config: &Config) -> anyhow::Result<()> {
    if config.development {
        return Ok(());
    }
    let judged = [("mail-encrypted", mail_encrypted(config)), ("egress-safe", egress(config))];
    for (name, answer) in judged {
        let probe = PROBES.iter().find(|probe| probe.name == name);
        if let (Some(probe), Answer::Bad(seen)) = (probe, answer) {
            anyhow::bail!("unsafe settings: {} No: {seen}; {}", probe.question, probe.fix);
        }
    }
    Ok(())
}

/// Whether a host is this machine.
pub(super) fn is_here(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

fn public_url(ground: &Ground) -> Answer {
    let url = ground.config.public_url.clone();
    match Url::parse(&url) {
        Ok(parsed) if parsed.scheme() == "https" || is_here(&parsed) => Answer::Good(url),
        _ => Answer::Bad(url),
    }
}

fn mail_encrypted(config: &Config) -> Answer {
    let Some(smtp) = &config.mail.smtp else { return Answer::Idle("no mail server") };
    let Ok(url) = Url::parse(smtp) else { return Answer::Bad("it is no URL".to_owned()) };
    let required = url.query_pairs().any(|(name, value)| name == "tls" && value == "required");
    let open = url.scheme() == "smtp" && !required && url.password().is_some() && !is_here(&url);
    let seen = runtime::config::without_secrets(smtp);
    if open { Answer::Bad(seen) } else { Answer::Good(seen) }
}

/// Addresses of the clouds that give out credentials.
const METADATA: [&str; 4] = ["169.254.", "metadata.google", "fd00:ec2", "100.100.100.200"];

fn egress(config: &Config) -> Answer {
    let allow = &config.egress.allow;
    let unsafe_ones: Vec<_> = allow
        .iter()
        .filter(|host| METADATA.iter().any(|part| host.contains(part)))
        .map(String::as_str)
        .collect();
    match &unsafe_ones[..] {
        [] if allow.is_empty() => Answer::Good("nothing private is allowed".to_owned()),
        [] => Answer::Good(format!("allowed: {}", allow.join(", "))),
        some => Answer::Bad(some.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use runtime::config::{Egress, Mail};

    use super::*;

    fn mail(url: &str) -> Config {
        let mail = Mail { smtp: Some(url.to_owned()), ..Mail::default() };
        Config { mail, ..Config::default() }
    }

    #[test]
    fn nothing_serves_with_settings_that_leak_secrets() {
        let allow = vec!["169.254.169.254:80".to_owned()];
        let egress = Config { egress: Egress { allow }, ..Config::default() };
        for config in [mail("smtp://us:hush@mail.example.org"), egress] {
            let refused = refuse_unsafe(&config).unwrap_err().to_string();
            assert!(!refused.contains("hush"), "{refused}");
            let development = true;
            assert!(refuse_unsafe(&Config { development, ..config }).is_ok());
        }
        for url in [
            "smtps://us:hush@mail.example.org",
            "smtp://us:hush@mail.example.org?tls=required",
            "smtp://mail.example.org",
            "smtp://us:hush@localhost:2525",
        ] {
            assert!(refuse_unsafe(&mail(url)).is_ok(), "{url}");
        }
        assert!(refuse_unsafe(&Config::default()).is_ok());
    }
}
