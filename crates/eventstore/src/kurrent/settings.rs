//! What the connection string says, in the words that KurrentDB's clients use.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use kurrentdb::{Authentication, ClientSettings, Credentials};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

/// Why a connection string cannot be used. None of the messages holds a password.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// It is not of the form that KurrentDB's clients take.
    #[error(
        "the connection string is not of the form kurrentdb://user:password@host:2113?tls=true: {0}"
    )]
    Malformed(&'static str),
    /// It holds a parameter that no client knows, or a value that the parameter does not take.
    #[error("the connection string's parameter {0} is not known or has no such value: mend it")]
    Parameter(String),
    /// Pings more often than every ten seconds are ignored by the client.
    #[error("{0} below 10000 milliseconds is not possible: raise it or leave it out")]
    KeepAlive(String),
    /// Reading from a follower would miss what was just written.
    #[error("nodePreference must be leader or left out: facts are read where they are written")]
    Preference,
    /// A certificate or key file cannot be used.
    #[error("the file {path} cannot be used for TLS: it must be PEM and readable")]
    Certificate {
        /// Which.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Where a node listens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Node {
    pub host: String,
    pub port: u32,
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

pub(super) struct Settings {
    /// The nodes named, in their order.
    pub nodes: Vec<Node>,
    /// Whether to ask the nodes which of them leads.
    pub cluster: bool,
    /// How long one node may take to answer at first.
    pub first_answer: Duration,
    /// Name and password.
    pub user: Option<(String, String)>,
    pub tls: Option<Arc<rustls::ClientConfig>>,
    /// What is left of the string for the official client.
    parameters: String,
}

const KNOWN: [&str; 13] = [
    "tls",
    "tlsverifycert",
    "tlscafile",
    "usercertfile",
    "userkeyfile",
    "nodepreference",
    "maxdiscoverattempts",
    "discoveryinterval",
    "gossiptimeout",
    "keepaliveinterval",
    "keepalivetimeout",
    "defaultdeadline",
    "connectionname",
];

impl Settings {
    pub fn parse(connection: &str) -> Result<Self, ConnectError> {
        let connection = connection.trim();
        let parts = connection.split_once("://");
        let (scheme, rest) = parts.ok_or(ConnectError::Malformed("it has no scheme"))?;
        let (authority, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let (user, hosts) = match authority.trim_end_matches('/').rsplit_once('@') {
            Some((user, hosts)) => (Some(credentials(user)?), hosts),
            None => (None, authority.trim_end_matches('/')),
        };
        let parameters = checked(parameters)?;
        let whole = format!("{scheme}://{hosts}?{parameters}");
        let official: ClientSettings =
            whole.parse().map_err(|_| ConnectError::Malformed("its hosts or values are wrong"))?;
        let nodes: Vec<Node> = official
            .hosts()
            .iter()
            .map(|host| Node { host: host.host.clone(), port: host.port })
            .collect();
        Ok(Self {
            cluster: official.is_dns_discovery_enabled() || nodes.len() > 1,
            nodes,
            first_answer: official.gossip_timeout(),
            user,
            tls: tls(&official)?,
            parameters,
        })
    }

    /// What the official client needs to talk to this node and no other: it would not look for
    /// another one by itself when this one is gone.
    pub fn client_of(&self, node: &Node) -> Result<ClientSettings, ConnectError> {
        let one = format!("kurrentdb://{node}?{}", self.parameters);
        one.parse().map_err(|_| ConnectError::Malformed("a node has no proper name"))
    }

    /// As whom the official client calls.
    pub fn authentication(&self) -> Option<Authentication> {
        let (name, password) = self.user.clone()?;
        Some(Authentication::Basic(Credentials::new(name, password)))
    }
}

/// Name and password, percent-decoded: the official client would send them as they stand.
fn credentials(user: &str) -> Result<(String, String), ConnectError> {
    let (name, password) = user.split_once(':').unwrap_or((user, ""));
    let wrong = ConnectError::Malformed("user and password must be percent-encoded");
    match (decoded(name), decoded(password)) {
        (Some(name), Some(password)) if !name.contains(':') => Ok((name, password)),
        _ => Err(wrong),
    }
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

/// The parameters as the official client shall have them. It only warns of what it does not know.
fn checked(parameters: &str) -> Result<String, ConnectError> {
    // It counts choosing a node as one attempt and asking it as another, and pauses between them.
    let fixed = ["nodePreference=leader", "maxDiscoverAttempts=2", "discoveryInterval=1"];
    let mut kept = fixed.map(str::to_owned).to_vec();
    for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let lower = name.to_lowercase();
        if !KNOWN.contains(&lower.as_str()) || value.is_empty() {
            return Err(ConnectError::Parameter(name.to_owned()));
        }
        match lower.as_str() {
            "nodepreference" if !value.eq_ignore_ascii_case("leader") => {
                return Err(ConnectError::Preference);
            }
            "nodepreference" | "maxdiscoverattempts" | "discoveryinterval" => continue,
            "keepaliveinterval" | "keepalivetimeout" => {
                let milliseconds: i64 =
                    value.parse().map_err(|_| ConnectError::Parameter(name.to_owned()))?;
                if (0..10_000).contains(&milliseconds) {
                    return Err(ConnectError::KeepAlive(name.to_owned()));
                }
            }
            _ => {}
        }
        kept.push(parameter.to_owned());
    }
    Ok(kept.join("&"))
}

/// What the official client does for its connections, for ours.
fn tls(settings: &ClientSettings) -> Result<Option<Arc<rustls::ClientConfig>>, ConnectError> {
    if !settings.is_secure_mode_enabled() {
        return Ok(None);
    }
    let provider = rustls::crypto::CryptoProvider::get_default().cloned();
    let provider =
        provider.unwrap_or_else(|| Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    let schemes = provider.signature_verification_algorithms.supported_schemes();
    let mut roots = rustls::RootCertStore::empty();
    match settings.tls_ca_file() {
        Some(path) => {
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|error| unusable(path, error))?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| ConnectError::Malformed("TLS is not possible"))?
        .with_root_certificates(roots);
    let mut config = match settings.user_certificate() {
        Some((certificate, key)) => {
            let private =
                PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(key, error))?;
            let chain = certificates(certificate)?;
            builder
                .with_client_auth_cert(chain, private)
                .map_err(|error| unusable(certificate, error))?
        }
        None => builder.with_no_client_auth(),
    };
    if !settings.is_tls_certificate_verification_enabled() {
        tracing::warn!("the certificates of the event store are not verified: tlsVerifyCert=false");
        config.dangerous().set_certificate_verifier(Arc::new(Unverified(schemes)));
    }
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Some(Arc::new(config)))
}

fn certificates(path: &str) -> Result<Vec<CertificateDer<'static>>, ConnectError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let certificates: Vec<_> = read.map_err(|error| unusable(path, error))?;
    if certificates.is_empty() {
        return Err(unusable(path, std::io::Error::other("it holds no certificate")));
    }
    Ok(certificates)
}

fn unusable(path: &str, source: impl std::error::Error + Send + Sync + 'static) -> ConnectError {
    ConnectError::Certificate { path: path.into(), source: Box::new(source) }
}

/// Takes any certificate, because the operator said `tlsVerifyCert=false`.
#[derive(Debug)]
struct Unverified(Vec<rustls::SignatureScheme>);

impl rustls::client::danger::ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &rustls::pki_types::ServerName<'_>,
        _: &[u8],
        _: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_string_says_where_and_as_whom() {
        let settings = Settings::parse(
            "kurrentdb://ops:p%40ss%3A@h1:2113,h2:3113/?tls=false&gossipTimeout=500",
        )
        .unwrap();
        let nodes: Vec<String> = settings.nodes.iter().map(ToString::to_string).collect();
        assert_eq!(nodes, ["h1:2113", "h2:3113"]);
        assert_eq!(settings.user, Some(("ops".into(), "p@ss:".into())));
        assert_eq!(settings.first_answer, Duration::from_millis(500));
        assert!(settings.cluster && settings.tls.is_none());
        let one = settings.client_of(&settings.nodes[1]).unwrap();
        assert_eq!((one.hosts().len(), one.hosts()[0].port), (1, 3113));
        assert!(!one.is_dns_discovery_enabled() && one.default_authenticated_user().is_none());

        let single = Settings::parse("esdb://localhost?tls=false").unwrap();
        assert_eq!((single.cluster, single.nodes[0].port), (false, 2113));
        let discovered = Settings::parse("kurrentdb+discover://cluster.example:2113").unwrap();
        assert!(discovered.cluster && discovered.tls.is_some(), "TLS is what one gets unasked");
    }

    #[test]
    fn what_the_client_would_ignore_is_refused() {
        let refused = |text: &str| Settings::parse(text).err().map(|error| error.to_string());
        for (text, part) in [
            ("localhost:2113", "no scheme"),
            ("http://localhost:2113", "hosts or values"),
            ("kurrentdb://", "hosts or values"),
            ("kurrentdb://h:1,h:x?tls=false", "hosts or values"),
            ("kurrentdb://h?tls=perhaps", "hosts or values"),
            ("kurrentdb://h?tsl=false", "tsl"),
            ("kurrentdb://h?tls=false&keepAliveInterval=5000", "keepAliveInterval"),
            ("kurrentdb://h?tls=false&nodePreference=follower", "leader"),
            ("kurrentdb://%zz@h?tls=false", "percent-encoded"),
            ("kurrentdb://h?tls=true&tlsCaFile=/nowhere.pem", "/nowhere.pem"),
        ] {
            let message = refused(text).unwrap_or_default();
            assert!(message.contains(part), "{text}: {message}");
        }
        let message = refused("kurrentdb://ops:secret@h:1,h:x?tls=false").unwrap();
        assert!(!message.contains("secret"), "{message}");
    }
}
