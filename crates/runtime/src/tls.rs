//! What a TLS listener offers, and what a caller brings: certificate, key, versions, protocols.

use std::{fs, io, path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
    server::{VerifierBuilderError, WebPkiClientVerifier},
};

use crate::{
    config::{Mesh, Tls},
    metrics,
};

/// Why there can be no TLS listener.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("could not read the {what} at {path}")]
    File {
        /// The certificate or the key.
        what: &'static str,
        /// Where it should be.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// Everybody may read the key.
    #[error(
        "would not use the key at {path}: everybody on this machine may read it; chmod 600 it, and \
         replace it if others are on this machine"
    )]
    OpenKey {
        /// Where it is.
        path: String,
    },
    /// A file is not PEM, or has nothing of the kind in it.
    #[error("could not find a {what} in PEM at {path}")]
    Pem {
        /// The certificate or the key.
        what: &'static str,
        /// Where it should be.
        path: String,
        /// What the reader says.
        source: pem::Error,
    },
    /// The two do not go together, or cannot be used.
    #[error("could not use the certificate and the key together")]
    Unfit(#[from] rustls::Error),
    /// The authority's certificate cannot be used.
    #[error("could not use the certificate of the authority")]
    Authority(#[from] VerifierBuilderError),
}

/// Reads certificate and key: TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1.
///
/// # Errors
/// When a file cannot be read or used, and when the key is open to everybody.
pub fn tls_server(tls: &Tls) -> Result<Arc<ServerConfig>, TlsError> {
    let chain = certificates("certificate", &tls.certificate)?;
    metrics::certificates::read("listener", &chain);
    let key = private_key(&tls.key)?;
    let mut server = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(server))
}

/// Reads what a role of the mesh shows and whom it believes: TLS 1.3 and HTTP/2 alone, both sides
/// with certificates of the authority.
///
/// # Errors
/// As [`tls_server`].
pub(crate) fn tls_mesh(mesh: &Mesh) -> Result<(Arc<ServerConfig>, Arc<ClientConfig>), TlsError> {
    let chain = certificates("certificate", &mesh.certificate)?;
    let key = private_key(&mesh.key)?;
    let authorities = certificates("authority's certificate", &mesh.authority)?;
    metrics::certificates::read("mesh", &chain);
    metrics::certificates::read("authority", &authorities);
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots.add(authority)?;
    }
    let roots = Arc::new(roots);
    let callers =
        WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), provider()).build()?;
    let mut server = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(callers)
        .with_single_cert(chain.clone(), key.clone_key())?;
    server.alpn_protocols = vec![b"h2".to_vec()];
    let mut client = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)?;
    client.alpn_protocols = vec![b"h2".to_vec()];
    Ok((Arc::new(server), Arc::new(client)))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn certificates(what: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let whole = |chain: Vec<_>| {
        if chain.is_empty() { Err(pem::Error::NoItemsFound) } else { Ok(chain) }
    };
    CertificateDer::pem_slice_iter(&read(what, path)?)
        .collect::<Result<_, _>>()
        .and_then(whole)
        .map_err(|source| pem_error(what, path, source))
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    refuse_open_key(path)?;
    PrivateKeyDer::from_pem_slice(&read("key", path)?)
        .map_err(|source| pem_error("key", path, source))
}

fn read(what: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| file_error(what, path, source))
}

#[cfg(unix)]
fn refuse_open_key(path: &Path) -> Result<(), TlsError> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = fs::metadata(path).map_err(|source| file_error("key", path, source))?;
    let others_may = metadata.permissions().mode() % 0o10;
    if others_may == 0 {
        return Ok(());
    }
    Err(TlsError::OpenKey { path: path.display().to_string() })
}

#[cfg(not(unix))]
fn refuse_open_key(_: &Path) -> Result<(), TlsError> {
    Ok(())
}

fn file_error(what: &'static str, path: &Path, source: io::Error) -> TlsError {
    TlsError::File { what, path: path.display().to_string(), source }
}

fn pem_error(what: &'static str, path: &Path, source: pem::Error) -> TlsError {
    TlsError::Pem { what, path: path.display().to_string(), source }
}
