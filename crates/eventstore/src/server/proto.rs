//! KurrentDB's protocol as `proto/` has it.
#![allow(dead_code, clippy::all, clippy::pedantic, reason = "generated from somebody's contract")]

include!(concat!(env!("OUT_DIR"), "/kurrent.rs"));

pub use event_store::client::*;

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use sha2::{Digest, Sha256};

    #[test]
    fn every_contract_is_as_it_was_published() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("proto");
        let said = fs::read_to_string(folder.join("README.md")).expect("what is said");
        let mut files = 0;
        for file in fs::read_dir(&folder).expect("the folder") {
            let path = file.expect("a file").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if path.extension().is_some_and(|extension| extension == "proto") {
                let digest = hex(&Sha256::digest(fs::read(&path).expect("its text")));
                assert!(said.contains(&format!("| {name} | `{digest}` |")), "{name}: {digest}");
                files += 1;
            }
        }
        assert!(files >= 10, "the contracts were not found");
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
