//! What servers show before anything is said to them, and what time they have.

use std::{sync::Arc, time::Duration};

use runtime::{Clock, SystemClock};
use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{Answer, ground::Places, network};

/// How long a server may take to show its certificate.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether nothing can be read on the way there.
pub(super) fn encrypted(places: &Places) -> Answer {
    let here = |host: &str| matches!(host, "localhost" | "127.0.0.1" | "::1");
    if places.tls {
        Answer::Good("TLS".to_owned())
    } else if places.nodes.iter().all(|(host, _)| here(host)) {
        Answer::Good("it does not leave this machine".to_owned())
    } else {
        Answer::Bad("in the clear".to_owned())
    }
}

/// How long the certificates of these servers are valid.
pub(super) async fn of(places: &Places) -> Answer {
    if !places.tls {
        return Answer::Idle("no TLS");
    }
    let mut shown = Vec::new();
    for (host, port) in &places.nodes {
        match tokio::time::timeout(PATIENCE, peek(host, *port)).await {
            Ok(Ok(certificate)) => shown.push(certificate),
            Ok(Err(error)) => return Answer::Unknown(format!("{host}:{port}: {error}")),
            Err(_) => return Answer::Unknown(format!("{host}:{port} does not answer")),
        }
    }
    last(shown.iter().map(AsRef::as_ref))
}

/// How long the one is valid that ends first.
pub(super) fn last<'a>(certificates: impl Iterator<Item = &'a [u8]>) -> Answer {
    let mut first = None;
    for der in certificates {
        let Ok((_, certificate)) = X509Certificate::from_der(der) else {
            return Answer::Bad("one cannot be read".to_owned());
        };
        let end = certificate.validity().not_after.timestamp();
        if let answer @ Answer::Bad(_) = network::lasts(&certificate) {
            return answer;
        }
        if first.as_ref().is_none_or(|(before, _)| end < *before) {
            first = Some((end, network::lasts(&certificate)));
        }
    }
    first.map_or(Answer::Unknown("none was shown".to_owned()), |(_, answer)| answer)
}

/// More than this apart, clocks are wrong, in milliseconds.
const APART: i64 = 5000;

/// Whether the clock of a server is like ours.
pub(super) fn clocks(theirs: Option<i64>) -> Answer {
    let Some(theirs) = theirs else { return Answer::Unknown("it does not say".to_owned()) };
    let apart = theirs - SystemClock.now().unix_millis();
    // What was asked before the other questions is a little old.
    if apart.abs() > APART {
        return Answer::Bad(format!(
            "{:.1} s apart",
            Duration::from_millis(apart.unsigned_abs()).as_secs_f64()
        ));
    }
    Answer::Good(String::new())
}

/// The certificate that a server shows. Nothing is said to it, so it need not be believed; the
/// connection that is used believes no other than it should.
async fn peek(host: &str, port: u16) -> std::io::Result<CertificateDer<'static>> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(std::io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(std::io::Error::other)?;
    let stream = TcpStream::connect((host, port)).await?;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    shown.map(|first| first.clone().into_owned()).ok_or_else(|| std::io::Error::other("none"))
}

/// Looks at anybody's certificate.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
