//! Everything that fuzzing began with or found goes through the same functions again.

#[path = "../fuzz/src/lib.rs"]
mod entries;

use std::path::Path;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What one process may have of memory; whoever inflates or copies without bound aborts here.
const MEMORY: u64 = 1 << 30;

/// Calls an entry with each file of its corpus, naming the file when it panics.
fn replay(target: &str, entry: fn(&[u8])) {
    let limit = Rlimit { current: Some(MEMORY), ..getrlimit(Resource::As) };
    setrlimit(Resource::As, limit).expect("a process may limit itself");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let files = std::fs::read_dir(&folder).expect("each target has a corpus");
    let mut paths: Vec<_> = files.map(|file| file.expect("it is listed").path()).collect();
    paths.sort_unstable();
    assert!(paths.len() >= 10, "the corpus of {target} has only {} files", paths.len());
    for path in paths {
        let bytes = std::fs::read(&path).expect("it is listed");
        let outcome = std::panic::catch_unwind(|| entry(&bytes));
        assert!(outcome.is_ok(), "{} makes it panic", path.display());
    }
}

#[test]
fn no_credential_of_the_corpus_makes_anything_panic() {
    replay("credential_json", entries::credential_json);
}

#[test]
fn no_did_document_of_the_corpus_makes_anything_panic() {
    replay("did_document", entries::did_document);
}

#[test]
fn no_token_of_the_corpus_makes_anything_panic() {
    replay("jwt", entries::jwt);
}

#[test]
fn no_key_of_the_corpus_makes_anything_panic() {
    replay("multikey", entries::multikey);
}

#[test]
fn no_png_of_the_corpus_makes_anything_panic() {
    replay("png", entries::png);
}

#[test]
fn no_status_list_of_the_corpus_makes_anything_panic() {
    replay("status_list", entries::status_list);
}

#[test]
fn no_svg_of_the_corpus_makes_anything_panic() {
    replay("svg", entries::svg);
}
