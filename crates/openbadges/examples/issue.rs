//! Issues a sample badge into a folder, with all that a verifier needs beside it.
//!
//! `cargo run -p openbadges --example issue -- FOLDER` writes `credential.json`, `did.json`,
//! `status-list.json` and `status-list-revoked.json`, in which the badge is revoked.

#[path = "../tests/sample/badge.rs"]
mod badge;

use std::path::PathBuf;

use badge::{did_document, full_fill, issue, plain_fill, status_list, suite, template};

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).unwrap_or_else(|| ".".into()));
    std::fs::create_dir_all(&folder)?;
    let suite = suite();
    let revoked = u64::from(plain_fill().status_list_index.unwrap_or_default());
    let did = serde_json::to_vec(&did_document())?;
    for (file, bytes) in [
        ("credential.json", issue(&template(), &suite, &full_fill())),
        ("credential-plain.json", issue(&template(), &suite, &plain_fill())),
        ("did.json", did),
        ("status-list.json", status_list(&suite, &[])),
        ("status-list-revoked.json", status_list(&suite, &[revoked])),
    ] {
        std::fs::write(folder.join(file), bytes)?;
    }
    Ok(())
}
