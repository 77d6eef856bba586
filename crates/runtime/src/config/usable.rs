//! Whether what the configuration names is there and can be used.

use std::sync::Arc;

use keyvault::RootKey;
use tracing_subscriber::EnvFilter;

use super::{Config, Problem};
use crate::{SmtpMailer, SystemClock, tls_server};

/// What cannot be used of a configuration that can be read: files that are missing or open to
/// others, URLs and filters of no known form. Connects to nobody and makes nothing. Runs in tokio, as
/// what it tries out does.
#[must_use]
pub fn unusable(config: &Config) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut add = |key: &str, error: &dyn std::error::Error| {
        let mut problem = error.to_string();
        let mut cause = error.source();
        while let Some(deeper) = cause {
            problem = format!("{problem}: {deeper}");
            cause = deeper.source();
        }
        problems.push(Problem { key: key.to_owned(), problem });
    };
    if let Some(tls) = &config.tls
        && let Err(error) = tls_server(tls)
    {
        add("tls", &error);
    }
    if let Err(error) = EnvFilter::try_new(&config.log.level) {
        add("log.level", &error);
    }
    let url = config.mail.smtp.as_deref().unwrap_or("smtp://localhost");
    if let Err(error) = SmtpMailer::new(url, &config.mail.from, Arc::new(SystemClock)) {
        add("mail", &error);
    }
    // Where there is no vault yet, it is made on the first start.
    let (root, vault) = (config.root_key_file(), config.data.join("keys/keys.sqlite"));
    if (root.exists() || vault.exists())
        && let Err(error) = RootKey::load(&root)
    {
        add("root_key", &error);
    }
    for host in &config.egress.allow {
        let port = host.rsplit_once(':').and_then(|(name, port)| {
            let port: u16 = port.parse().ok()?;
            (!name.is_empty() && !name.contains(['/', '*', '@'])).then_some(port)
        });
        if port.is_none() {
            let problem = format!("{host:?} is no host with port, such as localhost:9000");
            problems.push(Problem { key: "egress.allow".to_owned(), problem });
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Egress, Log, Mail, Tls};

    #[tokio::test]
    async fn what_is_missing_or_of_no_form_is_told_by_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().to_owned();
        assert_eq!(unusable(&Config { data: data.clone(), ..Config::default() }), []);
        std::fs::write(data.join("short.key"), "short").unwrap();
        let config = Config {
            root_key: Some(data.join("short.key")),
            tls: Some(Tls {
                listen: ([127, 0, 0, 1], 0).into(),
                certificate: data.join("gone.crt"),
                key: data.join("gone.key"),
            }),
            log: Log { level: "info,=".into(), ..Log::default() },
            mail: Mail { from: "nobody".into(), ..Mail::default() },
            egress: Egress { allow: vec!["localhost:9000".into(), "*.example.org".into()] },
            data,
            ..Config::default()
        };
        let keys: Vec<_> = unusable(&config).into_iter().map(|it| it.key).collect();
        assert_eq!(keys, ["tls", "log.level", "mail", "root_key", "egress.allow"]);
    }
}
