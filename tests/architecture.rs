//! The house keeps its shape: dependencies point one way, domains are pure, services do not reach
//! into each other. Reads `cargo metadata`, so that it sees what the compiler sees.

mod conformance_statement;

use std::{collections::BTreeMap, process::Command};

use serde_json::Value;

/// The roles, in the order in which their domains may know each other.
const ROLES: [&str; 6] = ["issuers", "design", "awarding", "backpack", "analytics", "gateway"];

/// What a crate of ours may name as an ordinary dependency among our own crates.
fn may_depend_on(name: &str) -> Vec<String> {
    let fixed: &[&str] = match name {
        "kernel" | "jsonld" | "proto" => &[],
        "openbadges" => &["jsonld", "kernel"],
        "eventstore" | "auth" => &["kernel"],
        // The vault is a role of its own, whose contract stands with the others'.
        "keyvault" => &["kernel", "proto"],
        "readmodel" => &["kernel", "eventstore"],
        "runtime" => &["kernel", "eventstore", "readmodel", "keyvault", "auth", "proto"],
        domain if domain.ends_with("-domain") => {
            // A domain may name the ids and read the facts of the domains before it.
            let role = domain.trim_end_matches("-domain");
            let before = ROLES.iter().take_while(|earlier| **earlier != role);
            let mut allowed: Vec<String> = before.map(|role| format!("{role}-domain")).collect();
            allowed.extend(["kernel".into(), "openbadges".into()]);
            return allowed;
        }
        role if ROLES.contains(&role) => {
            let mut allowed: Vec<String> =
                ROLES.iter().map(|role| format!("{role}-domain")).collect();
            let crates =
                ["kernel", "eventstore", "readmodel", "keyvault", "auth", "runtime", "proto"];
            allowed.extend(crates.map(String::from));
            allowed.extend(["openbadges".into(), "jsonld".into()]);
            return allowed;
        }
        // The product and its tests see everything.
        "laurel" | "tests" => return ours().into_keys().collect(),
        stranger => panic!("{stranger} has no place in the house: give it one here"),
    };
    fixed.iter().map(ToString::to_string).collect()
}

/// What the manifest of a domain may list: nothing that could do I/O, tell the time or throw dice.
const PURE: [&str; 13] = [
    "kernel",
    "openbadges",
    "postcard",
    "serde",
    "serde_json",
    "thiserror",
    "sha2",
    "hmac",
    "uuid",
    "base64",
    "time",
    "unicode-normalization",
    "hex",
];

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON")
}

/// Ordinary and build dependencies of each crate of ours, by name.
fn ours() -> BTreeMap<String, Vec<String>> {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("packages");
    let text = |value: &Value| value.as_str().expect("a name").to_owned();
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().expect("dependencies");
            let ordinary = dependencies.iter().filter(|d| d["kind"].as_str() != Some("dev"));
            (text(&package["name"]), ordinary.map(|d| text(&d["name"])).collect())
        })
        .collect()
}

#[test]
fn dependencies_point_one_way() {
    let ours = ours();
    for (name, dependencies) in &ours {
        let allowed = may_depend_on(name);
        for dependency in dependencies.iter().filter(|d| ours.contains_key(*d)) {
            assert!(allowed.contains(dependency), "{name} must not depend on {dependency}");
        }
    }
}

#[test]
fn a_domain_lists_nothing_that_could_do_io() {
    let domains = ours().into_iter().filter(|(name, _)| name.ends_with("-domain"));
    let mut seen = 0;
    for (name, dependencies) in domains {
        seen += 1;
        for dependency in dependencies {
            let pure = PURE.contains(&dependency.as_str()) || dependency.ends_with("-domain");
            assert!(pure, "{name} must not depend on {dependency}");
        }
    }
    assert!(seen >= 5, "the domains were not found");
}

#[test]
fn the_product_is_the_only_binary() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("packages").iter();
    let binaries: Vec<&str> = packages
        .flat_map(|package| package["targets"].as_array().expect("targets"))
        .filter(|target| target["kind"][0] == "bin")
        .filter_map(|target| target["name"].as_str())
        .collect();
    assert_eq!(binaries, ["laurel"], "`cargo run` must know what to run");
}
