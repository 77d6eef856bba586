//! What a TLS listener offers: certificate, key, versions, protocols.

use std::{fs, io, path::Path, sync::Arc};

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
};

use crate::config::Tls;

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
}

/// Reads certificate and key: TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1.
///
/// # Errors
/// When a file cannot be read or used, and when the key is open to everybody.
pub fn tls_server(tls: &Tls) -> Result<Arc<ServerConfig>, TlsError> {
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(&read("certificate", &tls.certificate)?)
            .collect::<Result<_, _>>()
            .and_then(
                |chain: Vec<_>| {
                    if chain.is_empty() { Err(pem::Error::NoItemsFound) } else { Ok(chain) }
                },
            )
            .map_err(|source| pem_error("certificate", &tls.certificate, source))?;
    refuse_open_key(&tls.key)?;
    let key = PrivateKeyDer::from_pem_slice(&read("key", &tls.key)?)
        .map_err(|source| pem_error("key", &tls.key, source))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(server))
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
