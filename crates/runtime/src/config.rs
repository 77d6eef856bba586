//! What can be configured: defaults, then a TOML file, then the environment
//! (`LAUREL__SECTION__KEY`), then flags. A key that nobody knows is an error.

mod check;
mod mesh;
mod places;
mod shown;
mod telemetry;
mod usable;

use std::{collections::HashMap, ffi::OsString, net::SocketAddr, path::PathBuf};

use auth::ExternalIssuer;
use config::{Environment, File, FileFormat};
use serde::{Deserialize, Serialize};

pub use check::Problem;
pub use shown::without_secrets;
pub use usable::unusable;

pub use mesh::{EventStoreRole, Mesh, Ops};
pub use places::{Place, Places};
pub use telemetry::{Share, Telemetry};

/// The settings of a process.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where to listen with TLS as well.
    pub tls: Option<Tls>,
    /// Where the public finds this deployment, without a slash at the end; localhost and the port
    /// when absent, with `https` if there is a TLS listener.
    pub public_url: String,
    /// The folder of the embedded stores.
    pub data: PathBuf,
    /// The file of the root key; in the data folder when absent. Keep it elsewhere than backups of
    /// the data.
    pub root_key: Option<PathBuf>,
    /// Whether this is a machine for trying things out: plain HTTP is fine.
    pub development: bool,
    /// What is logged.
    pub log: Log,
    /// How letters are sent.
    pub mail: Mail,
    /// `OpenID` providers whose sign-ins are believed.
    pub oidc: Vec<ExternalIssuer>,
    /// How much is accepted.
    pub limits: Limits,
    /// Where the process may connect to on behalf of strangers.
    pub egress: Egress,
    /// Issuers whom the operator knows.
    pub trusted_issuers: Vec<KnownIssuer>,
    /// Where the log, the read models and the keys are.
    pub stores: Places,
    /// How roles in processes of their own reach each other.
    pub mesh: Option<Mesh>,
    /// Where the platform asks how the process is.
    pub ops: Option<Ops>,
    /// The event store role.
    pub eventstore: Option<EventStoreRole>,
    /// Where spans are exported to; nowhere when absent.
    pub telemetry: Option<Telemetry>,
}

/// An issuer whom the operator knows, for the verdicts on badges.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct KnownIssuer {
    /// Its identifier, or a domain such as `example.org` with all that it hosts.
    pub issuer: String,
    /// The name under which it is known.
    pub name: String,
}

/// A listener with TLS.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The file of the certificate and those between it and its authority, in PEM.
    pub certificate: PathBuf,
    /// The file of its private key, in PEM, which not everybody may read.
    pub key: PathBuf,
}

/// What is logged.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// The level, or a filter such as `info,awarding=debug`.
    pub level: String,
    /// In which form.
    pub format: LogFormat,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people on a terminal, JSON otherwise.
    #[default]
    Auto,
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// How letters are sent.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mail {
    /// The server, such as `smtps://user:password@mail.example.org`; the outbox folder when absent.
    #[serde(serialize_with = "shown::masked")]
    pub smtp: Option<String>,
    /// A file that holds the same, for URLs with a password.
    pub smtp_file: Option<PathBuf>,
    /// The sender.
    pub from: String,
}

/// How much is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Bytes of one uploaded picture.
    pub artwork_bytes: usize,
    /// Bytes of one uploaded list of recipients, at most 8 MiB.
    pub batch_bytes: usize,
    /// What one GraphQL client of one tenant may spend at once, in points of the published costs.
    pub graphql_points: u32,
    /// What it regains each second.
    pub graphql_points_per_second: u32,
}

/// Where the process may connect to on behalf of strangers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Egress {
    /// Hosts with port, such as `localhost:9000`, that may be private and without TLS.
    pub allow: Vec<String>,
}

/// The settings that flags can change.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Flags {
    /// The configuration file, in TOML.
    #[arg(long, value_name = "FILE", env = "LAUREL_CONFIG")]
    pub config: Option<PathBuf>,
    /// Where to listen, such as 127.0.0.1:8080.
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// The folder of the stores.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Where the public finds this deployment.
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// What is logged, such as info or debug.
    #[arg(long, value_name = "LEVEL")]
    pub log_level: Option<String>,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file or variable cannot be read, or names a key that nobody knows.
    #[error("the configuration cannot be read")]
    Unreadable(#[from] config::ConfigError),
    /// A value makes no sense.
    #[error("{key} in the configuration: {problem}")]
    Invalid {
        /// Which key.
        key: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A file that the configuration names cannot be read.
    #[error("{key} in the configuration: cannot read {}", path.display())]
    File {
        /// Which key.
        key: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            tls: None,
            public_url: String::new(),
            data: PathBuf::from("laurel-data"),
            root_key: None,
            development: false,
            log: Log::default(),
            mail: Mail::default(),
            oidc: Vec::new(),
            limits: Limits::default(),
            egress: Egress::default(),
            trusted_issuers: Vec::new(),
            stores: Places::default(),
            mesh: None,
            ops: None,
            eventstore: None,
            telemetry: None,
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Auto }
    }
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            smtp: None,
            smtp_file: None,
            from: "Laurel <laurel@localhost.localdomain>".to_owned(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            artwork_bytes: 2 << 20,
            batch_bytes: 8 << 20,
            graphql_points: 200_000,
            graphql_points_per_second: 20_000,
        }
    }
}

impl Config {
    /// The configuration by these flags, the file they name, and the process's environment.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn load(flags: &Flags) -> Result<Self, ConfigError> {
        Self::from_sources(flags, environment())
    }

    fn from_sources(flags: &Flags, env: HashMap<String, String>) -> Result<Self, ConfigError> {
        let mut config: Self = Self::sources(flags, env)?.try_deserialize()?;
        config.complete()?;
        Ok(config)
    }

    fn sources(
        flags: &Flags,
        env: HashMap<String, String>,
    ) -> Result<config::Config, config::ConfigError> {
        let mut builder = config::Config::builder();
        if let Some(path) = &flags.config {
            builder = builder.add_source(File::from(path.as_path()).format(FileFormat::Toml));
        }
        let environment = Environment::with_prefix("LAUREL")
            .prefix_separator("__")
            .separator("__")
            .try_parsing(true)
            .source(Some(env));
        let flagged = [
            ("listen", flags.listen.map(|listen| listen.to_string())),
            ("data", flags.data.as_ref().map(|data| data.to_string_lossy().into_owned())),
            ("public_url", flags.public_url.clone()),
            ("log.level", flags.log_level.clone()),
        ];
        builder = builder.add_source(environment);
        for (key, value) in flagged {
            builder = builder.set_override_option(key, value)?;
        }
        builder.build()
    }

    /// Fills in what follows from the rest, and refuses what makes no sense.
    fn complete(&mut self) -> Result<(), ConfigError> {
        let invalid = |key, problem| Err(ConfigError::Invalid { key, problem });
        if self.public_url.is_empty() {
            self.public_url = match &self.tls {
                Some(tls) => format!("https://localhost:{}", tls.listen.port()),
                None => format!("http://localhost:{}", self.listen.port()),
            };
        }
        let url = self.public_url.trim_end_matches('/').to_owned();
        let Ok(parsed) = reqwest::Url::parse(&url) else {
            return invalid("public_url", "not a URL such as https://badges.example.org");
        };
        let bare = parsed.path() == "/" && parsed.query().is_none() && parsed.fragment().is_none();
        if !bare || !parsed.username().is_empty() || parsed.host_str().is_none() {
            return invalid("public_url", "a scheme, a host and a port, and nothing after it");
        }
        let here = matches!(parsed.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        match parsed.scheme() {
            "https" => {}
            "http" if here || self.development => {}
            _ => return invalid("public_url", "must begin with https:// (http:// on localhost)"),
        }
        self.public_url = url;
        let limits = &self.limits;
        let sizes = [(limits.artwork_bytes, 2 << 20), (limits.batch_bytes, 8 << 20)];
        if sizes.iter().any(|(size, most)| !(1024..=*most).contains(size)) {
            return invalid("limits", "1 KiB to 2 MiB of artwork, 1 KiB to 8 MiB of a batch");
        }
        if self.oidc.iter().any(|provider| !provider.issuer.starts_with("https://"))
            && !self.development
        {
            return invalid("oidc", "an issuer begins with https://");
        }
        self.stores.read_files()?;
        if let Some(telemetry) = &mut self.telemetry {
            telemetry.complete()?;
        }
        if let Some(path) = &self.mail.smtp_file {
            self.mail.smtp = Some(places::read("mail.smtp_file", path)?);
        }
        if self.stores.events == Place::Embedded && self.stores.models != Place::Embedded
            || self.stores.keys != Place::Embedded && self.mesh.is_none()
        {
            return invalid(
                "stores",
                "shared read models need a shared log, and shared keys need [mesh]",
            );
        }
        Ok(())
    }
}

/// The process's environment; a variable that is not UTF-8 is none of ours.
fn environment() -> HashMap<String, String> {
    let text = |(key, value): (OsString, OsString)| {
        Some((key.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(file: &str, env: &[(&str, &str)], flags: Flags) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("laurel.toml");
        std::fs::write(&path, file).unwrap();
        let env = env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Config::from_sources(&Flags { config: Some(path), ..flags }, env)
    }

    #[test]
    fn the_later_source_wins() {
        let file = "listen = '127.0.0.1:1'\ndata = 'file'\n[log]\nlevel = 'warn'\n\
                    [limits]\nbatch_bytes = 5000\n[[oidc]]\nissuer = 'https://id.example.org'\naudience = 'us'";
        let env =
            [("LAUREL__LISTEN", "127.0.0.1:2"), ("LAUREL__LOG__LEVEL", "debug"), ("PATH", "/")];
        let flags = Flags { listen: Some(([127, 0, 0, 1], 3).into()), ..Flags::default() };
        let config = load(file, &env, flags).unwrap();
        assert_eq!(config.listen.port(), 3);
        assert_eq!(config.public_url, "http://localhost:3");
        assert_eq!(config.log.level, "debug");
        assert_eq!(config.data, PathBuf::from("file"));
        assert_eq!(config.limits.batch_bytes, 5000);
        assert_eq!(config.limits.artwork_bytes, Limits::default().artwork_bytes);
        assert_eq!(config.oidc[0].issuer, "https://id.example.org");
    }

    #[test]
    fn a_tls_listener_is_whole_and_makes_the_public_url_https() {
        let file = "[tls]\nlisten = '127.0.0.1:8443'\ncertificate = 'c.pem'\nkey = 'k.pem'";
        let config = load(file, &[], Flags::default()).unwrap();
        assert_eq!(config.public_url, "https://localhost:8443");
        assert_eq!(config.tls.unwrap().key, PathBuf::from("k.pem"));
        let half = load("[tls]\nlisten = '127.0.0.1:8443'", &[], Flags::default());
        assert!(matches!(half, Err(ConfigError::Unreadable(_))));
    }

    #[test]
    fn places_come_from_files_and_their_passwords_are_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("url");
        std::fs::write(&secret, "redis://:hush@cache.example:6379\n").unwrap();
        let file = format!(
            "[stores]\nevents = 'kurrentdb://admin:hush@log.example:2113'\nmodels_file = {secret:?}\n\
             [mail]\nsmtp_file = {secret:?}"
        );
        let config = load(&file, &[], Flags::default()).unwrap();
        let stores = &config.stores;
        assert_eq!(stores.models.url(), Some("redis://:hush@cache.example:6379"));
        assert_eq!(config.mail.smtp.as_deref(), stores.models.url());
        assert!(!format!("{stores:?}").contains("hush"), "{stores:?}");
        let gone = load("[stores]\nmodels_file = '/nowhere'", &[], Flags::default());
        assert!(matches!(gone, Err(ConfigError::File { key: "stores.models_file", .. })));
    }

    #[test]
    fn places_that_cannot_work_together_are_refused() {
        let mesh = "[mesh]\ncertificate = 'c'\nkey = 'k'\nauthority = 'a'\n[mesh.roles]\n";
        for (file, fits) in [
            ("[stores]\nkeys = 'https://keyvault:7443'".to_owned(), false),
            (format!("[stores]\nkeys = 'https://keyvault:7443'\n{mesh}"), true),
            ("[stores]\nmodels = 'redis://localhost'".to_owned(), false),
            ("[stores]\nevents = 'somewhere'".to_owned(), false),
            (format!("{mesh}issuers = 'https://issuers:7443'"), true),
            (format!("{mesh}postmaster = 'https://issuers:7443'"), false),
        ] {
            assert_eq!(load(&file, &[], Flags::default()).is_ok(), fits, "{file}");
        }
    }

    #[test]
    fn numbers_and_switches_can_come_from_the_environment() {
        let env = [("LAUREL__LIMITS__BATCH_BYTES", "7000"), ("LAUREL__DEVELOPMENT", "true")];
        let config = load("", &env, Flags::default()).unwrap();
        assert_eq!((config.limits.batch_bytes, config.development), (7000, true));
    }

    #[test]
    fn a_key_that_nobody_knows_is_an_error() {
        for (file, env) in [
            ("listne = '127.0.0.1:1'", None),
            ("[log]\ncolour = true", None),
            ("", Some(("LAUREL__LSTEN", "127.0.0.1:1"))),
            ("", Some(("LAUREL__LOG__COLOUR", "true"))),
        ] {
            let env: Vec<_> = env.into_iter().collect();
            let outcome = load(file, &env, Flags::default());
            assert!(matches!(outcome, Err(ConfigError::Unreadable(_))), "{file} {env:?}");
        }
    }

    #[test]
    fn a_public_url_is_bare_and_safe() {
        for (url, fits) in [
            ("https://badges.example.org", true),
            ("https://badges.example.org/", true),
            ("http://localhost:8080", true),
            ("http://badges.example.org", false),
            ("https://badges.example.org/path", false),
            ("https://user@badges.example.org", false),
            ("ftp://badges.example.org", false),
            ("badges", false),
        ] {
            let outcome = load(&format!("public_url = '{url}'"), &[], Flags::default());
            assert_eq!(outcome.is_ok(), fits, "{url}");
        }
    }

    #[test]
    fn the_sample_configuration_says_what_the_defaults_are() {
        let sample = include_str!("../../../deploy/laurel.toml");
        assert_eq!(
            load(sample, &[], Flags::default()).unwrap(),
            load("", &[], Flags::default()).unwrap()
        );
    }
}
