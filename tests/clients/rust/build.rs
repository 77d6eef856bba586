//! Finds the suites in the client's published crate, where the registry has put it.

use std::{env, fs, path::Path, process::Command};

use serde_json::Value;

const SUITES: [(&str, &str); 4] = [
    ("common", "tests/common.rs"),
    ("streams", "tests/api/streams.rs"),
    ("persistent_subscriptions", "tests/api/persistent_subscriptions.rs"),
    ("operations", "tests/api/operations.rs"),
];

fn main() {
    println!("cargo:rerun-if-changed=Cargo.lock");
    let cargo = env::var("CARGO").expect("cargo says where it is");
    let metadata = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--offline", "--locked", "--filter-platform"])
        .arg(env::var("TARGET").expect("cargo says for what it builds"))
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&metadata.stdout).expect("metadata is JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let client = packages.iter().find(|package| package["name"] == "kurrentdb").expect("the client");
    let folder = Path::new(client["manifest_path"].as_str().expect("a path")).parent().expect("a folder");
    let modules = SUITES.map(|(name, file)| {
        format!("#[allow(warnings)]\n#[path = {:?}]\nmod {name};\n", folder.join(file))
    });
    let out = env::var("OUT_DIR").expect("cargo says where to put it");
    fs::write(Path::new(&out).join("suites.rs"), modules.concat()).expect("it can be written");
}
