//! Which certificates and keys a TLS listener takes.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use rcgen::{KeyPair, generate_simple_self_signed};
use runtime::{TlsError, config::Tls, tls_server};

fn write(folder: &Path, name: &str, text: &str, mode: u32) -> std::path::PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path
}

/// What becomes of that certificate and that key, the latter with that mode.
fn outcome(certificate: &str, key: &str, mode: u32) -> Result<(), TlsError> {
    let folder = tempfile::tempdir().unwrap();
    let tls = Tls {
        listen: ([127, 0, 0, 1], 0).into(),
        certificate: write(folder.path(), "certificate.pem", certificate, 0o644),
        key: write(folder.path(), "key.pem", key, mode),
    };
    tls_server(&tls).map(|_| ())
}

#[test]
fn a_key_that_everybody_may_read_and_files_that_do_not_fit_are_refused() {
    let made = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    assert!(outcome(&certificate, &key, 0o600).is_ok());
    assert!(outcome(&certificate, &key, 0o640).is_ok());
    assert!(outcome(&format!("{certificate}{certificate}"), &key, 0o600).is_ok());

    let open = outcome(&certificate, &key, 0o644).unwrap_err();
    assert!(matches!(open, TlsError::OpenKey { .. }));
    assert!(open.to_string().contains("chmod 600"), "{open}");

    let other = KeyPair::generate().unwrap().serialize_pem();
    assert!(matches!(outcome(&certificate, &other, 0o600), Err(TlsError::Unfit(_))));
    for (certificate, key) in [
        ("", key.as_str()),
        ("-----BEGIN", &key),
        (&key, &key),
        (&certificate, ""),
        (&certificate, &certificate),
    ] {
        assert!(matches!(outcome(certificate, key, 0o600), Err(TlsError::Pem { .. })));
    }
}

#[test]
fn files_that_are_not_there_are_named() {
    let tls = Tls {
        listen: ([127, 0, 0, 1], 0).into(),
        certificate: "/nowhere/certificate.pem".into(),
        key: "/nowhere/key.pem".into(),
    };
    let error = tls_server(&tls).unwrap_err();
    assert!(error.to_string().contains("/nowhere/certificate.pem"), "{error}");
}
