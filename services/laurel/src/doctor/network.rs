//! Questions to others: the public's way to this installation, certificates, mail, sign-in.

use std::{sync::Arc, time::Duration};

use reqwest::Url;
use runtime::{Clock, Config, SmtpMailer, SystemClock};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use serde_json::Value;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use super::{Answer, Ask, Ground, Probe, Severity, settings::is_here, stores::chain};

pub(super) const PROBES: &[Probe] = &[
    Probe {
        name: "tls-dates",
        question: "is the certificate valid for a while?",
        severity: Severity::Error,
        fix: "renew the certificate that tls.certificate names, and start anew",
        ask: Ask::Here(|ground| certificate(&ground.config, |_, it| lasts(it))),
    },
    Probe {
        name: "tls-name",
        question: "is the certificate for the public name?",
        severity: Severity::Error,
        fix: "get a certificate that names the host of public_url",
        ask: Ask::Here(|ground| certificate(&ground.config, name)),
    },
    Probe {
        name: "public-url-resolves",
        question: "does the public name lead somewhere?",
        severity: Severity::Error,
        fix: "add the name to your DNS, or correct public_url",
        ask: Ask::There(|ground| Box::pin(resolves(ground))),
    },
    Probe {
        name: "public-url-live",
        question: "does Laurel answer under the public URL?",
        severity: Severity::Error,
        fix: "look at the proxy in front, its certificate, and the firewall",
        ask: Ask::There(|ground| {
            Box::pin(async {
                let url = format!("{}/-/live", ground.config.public_url);
                if ground.may_serve() {
                    answers(ground, url).await
                } else {
                    Answer::Idle("it is stopped")
                }
            })
        }),
    },
    Probe {
        name: "ready",
        question: "is it ready, with all read models?",
        severity: Severity::Warning,
        fix: "wait while read models catch up; if it lasts, read the log of the process",
        ask: Ask::There(|ground| {
            Box::pin(async {
                let url = format!("http://{}/-/ready", ground.config.listen);
                if ground.may_serve() {
                    answers(ground, url).await
                } else {
                    Answer::Idle("it is stopped")
                }
            })
        }),
    },
    Probe {
        name: "mail-reachable",
        question: "does the mail server take us?",
        severity: Severity::Error,
        fix: "correct mail.smtp, its password, or the firewall; no letter was sent",
        ask: Ask::There(|ground| Box::pin(mail(ground))),
    },
    Probe {
        name: "oidc-reachable",
        question: "do the OpenID providers answer?",
        severity: Severity::Error,
        fix: "correct oidc.issuer, exactly as in its tokens, or the firewall",
        ask: Ask::There(|ground| Box::pin(oidc(ground))),
    },
];

/// The first certificate that is shown, if there is a TLS listener.
fn certificate(config: &Config, judge: fn(&Config, &X509Certificate<'_>) -> Answer) -> Answer {
    let Some(tls) = &config.tls else { return Answer::Idle("a proxy in front ends TLS") };
    let Ok(der) = CertificateDer::from_pem_file(&tls.certificate) else {
        return Answer::Bad(format!("{} cannot be read", tls.certificate.display()));
    };
    match X509Certificate::from_der(&der) {
        Ok((_, certificate)) => judge(config, &certificate),
        Err(error) => Answer::Bad(error.to_string()),
    }
}

/// So many seconds before its end, a certificate should have been renewed.
const SOON: i64 = 14 * 24 * 3600;

/// Whether a certificate is valid, and for a while.
pub(super) fn lasts(certificate: &X509Certificate<'_>) -> Answer {
    let now = SystemClock.now().unix_seconds();
    let validity = certificate.validity();
    let end = validity.not_after.timestamp();
    let seen = format!("until {}, {} days", validity.not_after, (end - now).div_euclid(24 * 3600));
    let good = validity.not_before.timestamp() <= now && now + SOON < end;
    if good { Answer::Good(seen) } else { Answer::Bad(seen) }
}

fn name(config: &Config, certificate: &X509Certificate<'_>) -> Answer {
    let url = Url::parse(&config.public_url).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default().to_lowercase();
    let names = dns_names(certificate);
    let covers = |name: &String| match name.strip_prefix("*.") {
        Some(above) => host.split_once('.').is_some_and(|(_, rest)| rest == above),
        None => *name == host,
    };
    let seen = format!("it names {}", names.join(", "));
    if names.iter().any(covers) { Answer::Good(seen) } else { Answer::Bad(seen) }
}

/// The names in a certificate.
pub(super) fn dns_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let names = certificate.subject_alternative_name().ok().flatten();
    let names = names.iter().flat_map(|names| &names.value.general_names);
    let names = names.filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(name.to_lowercase()),
        _ => None,
    });
    names.collect()
}

async fn resolves(ground: &Ground) -> Answer {
    let Ok(url) = Url::parse(&ground.config.public_url) else {
        return Answer::Bad("it is no URL".to_owned());
    };
    let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default());
    match tokio::net::lookup_host((host, port.unwrap_or(443))).await {
        Ok(mut found) => match found.next() {
            Some(found) => Answer::Good(found.ip().to_string()),
            None => Answer::Bad(format!("{host} has no address")),
        },
        Err(error) => Answer::Bad(format!("{host}: {error}")),
    }
}

async fn answers(ground: &Ground, url: String) -> Answer {
    let Some(client) = &ground.client else { return Answer::Unknown("no client".to_owned()) };
    match client.get(&url).send().await {
        Ok(answer) if answer.status().is_success() => Answer::Good(url),
        Ok(answer) => Answer::Bad(format!("{url}: {}", answer.status())),
        Err(error) => Answer::Bad(chain(&error)),
    }
}

/// How long a mail server may take.
const PATIENCE: Duration = Duration::from_secs(10);

async fn mail(ground: &Ground) -> Answer {
    let mail = &ground.config.mail;
    let Some(url) = &mail.smtp else { return Answer::Idle("no mail server") };
    let seen = runtime::config::without_secrets(url);
    let mailer = match SmtpMailer::new(url, &mail.from, Arc::new(SystemClock)) {
        Ok(mailer) => mailer,
        Err(error) => return Answer::Bad(chain(&error)),
    };
    match tokio::time::timeout(PATIENCE, mailer.greet()).await {
        Ok(Ok(true)) => Answer::Good(seen),
        Ok(Ok(false)) => Answer::Bad(format!("{seen} refuses us")),
        Ok(Err(error)) => Answer::Bad(format!("{seen}: {}", chain(&error))),
        Err(_) => Answer::Bad(format!("{seen} does not answer")),
    }
}

async fn oidc(ground: &Ground) -> Answer {
    let Some(client) = &ground.client else { return Answer::Unknown("no client".to_owned()) };
    if ground.config.oidc.is_empty() {
        return Answer::Idle("none is configured");
    }
    for provider in &ground.config.oidc {
        let issuer = &provider.issuer;
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let found = match client.get(&url).send().await {
            Ok(answer) => answer.json::<Value>().await,
            Err(error) => Err(error),
        };
        match found {
            Ok(found) if found["issuer"] == issuer.as_str() => {}
            Ok(_) => return Answer::Bad(format!("{url} is not of {issuer}")),
            Err(error) => return Answer::Bad(chain(&error)),
        }
    }
    let https = ground.config.oidc.iter().filter_map(|it| Url::parse(&it.issuer).ok());
    let here = https.filter(is_here).count();
    Answer::Good(format!("{} providers, {here} on this machine", ground.config.oidc.len()))
}
