//! A certificate that the demo signs itself, for `localhost`.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use rcgen::{CertificateParams, DnType, KeyPair};
use time::OffsetDateTime;

use super::seed::private_file;

/// How long one is kept; what trusts it by hand is not asked again before.
const KEPT: Duration = Duration::from_hours(24 * 365);

/// The certificate and the key.
pub struct SelfSigned {
    /// In PEM.
    pub certificate: PathBuf,
    /// In PEM; only its owner may read it.
    pub key: PathBuf,
}

/// Gives the certificate in the data folder, and makes one if it is not there or too old at `now`.
///
/// # Errors
/// When files cannot be read or written.
pub fn self_signed(data: &Path, now: OffsetDateTime) -> anyhow::Result<SelfSigned> {
    let folder = data.join("demo").join("tls");
    let files =
        SelfSigned { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") };
    let fresh = |path: &Path| {
        let written = std::fs::metadata(path).and_then(|metadata| metadata.modified());
        written.is_ok_and(|written| OffsetDateTime::from(written) + KEPT > now)
    };
    if fresh(&files.certificate) && fresh(&files.key) {
        return Ok(files);
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let names = ["localhost", "127.0.0.1", "::1"].map(ToOwned::to_owned);
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, "Laurel's demo");
    // From the day before: clocks differ. Twice as long as it is kept.
    params.not_before = now - Duration::from_hours(24);
    params.not_after = now + 2 * KEPT;
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    private_file(&files.key, key.serialize_pem().as_bytes())?;
    std::fs::write(&files.certificate, certificate.pem())?;
    Ok(files)
}
