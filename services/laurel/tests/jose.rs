//! The command `laurel jose`, as other software drives it.

use std::path::PathBuf;
use std::process::Command;

use openbadges::SecretKey;
use serde_json::{Value, json};

const CONTROLLER: &str = "https://issuer.example/1";

/// A folder for the files of one test.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        std::fs::write(self.path(name), content).expect("written");
    }

    /// Runs the command on the files `input` and `key`; gives result and data.
    fn run(&self, does: &str, feature: &str) -> (String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_laurel"));
        command.args(["jose", does, "--feature", feature]);
        for name in ["input", "key", "output"] {
            command.arg(format!("--{name}")).arg(self.path(name));
        }
        let output = command.output().expect("it runs");
        assert!(output.status.success(), "{output:?}");
        let written = std::fs::read(self.path("output")).expect("it writes");
        let written: Value = serde_json::from_slice(&written).expect("json");
        let text = |name: &str| written[name].as_str().expect("a text").to_owned();
        (text("result"), text("data"))
    }
}

/// The four kinds of key, as verification methods with their secrets.
fn keys() -> Vec<String> {
    let secrets = [
        json!({
            "kty": "OKP", "crv": "Ed25519",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
        }),
        with_number(&SecretKey::p256(&[7; 32]).expect("a key"), &"BwcH".repeat(10), "Bwc"),
        with_number(&SecretKey::p384(&[7; 48]).expect("a key"), &"BwcH".repeat(16), ""),
        with_number(&SecretKey::p521(&p521()).expect("a key"), "AAcH", &"BwcH".repeat(21)),
    ];
    let method = |secret: Value| {
        let mut public = secret.clone();
        public.as_object_mut().expect("an object").remove("d");
        json!({
            "id": format!("{CONTROLLER}#key"),
            "type": "JsonWebKey",
            "controller": CONTROLLER,
            "publicKeyJwk": public,
            "secretKeyJwk": secret
        })
    };
    secrets.into_iter().map(|secret| method(secret).to_string()).collect()
}

fn p521() -> [u8; 66] {
    let mut number = [7; 66];
    number[0] = 0;
    number
}

fn with_number(key: &SecretKey, start: &str, end: &str) -> Value {
    let mut jwk = serde_json::to_value(key.public_key().to_jwk()).expect("json");
    jwk["d"] = json!(format!("{start}{end}"));
    jwk
}

fn credential() -> Value {
    json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": "urn:uuid:3978344f-8596-4c3a-a978-8fcaba3903c5",
        "type": ["VerifiableCredential"],
        "issuer": CONTROLLER,
        "validFrom": "2025-01-01T00:00:00Z",
        "credentialSubject": {"id": "did:example:earner"}
    })
}

fn presentation(token: &str) -> Value {
    json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiablePresentation"],
        "holder": CONTROLLER,
        "verifiableCredential": [{
            "@context": "https://www.w3.org/ns/credentials/v2",
            "id": token,
            "type": "EnvelopedVerifiableCredential"
        }]
    })
}

#[test]
fn what_it_issues_it_verifies_with_every_kind_of_key() {
    for key in keys() {
        let folder = Folder::new();
        folder.write("key", &key);
        folder.write("input", &credential().to_string());
        let (result, token) = folder.run("issue", "credential_jose");
        assert_eq!(result, "success", "{token}");
        folder.write("input", &token);
        let (result, document) = folder.run("verify", "credential_jose");
        assert_eq!(result, "success", "{document}");
        assert_eq!(serde_json::from_str::<Value>(&document).expect("json"), credential());

        let presentation = presentation(&format!("data:application/vc+jwt,{token}"));
        folder.write("input", &presentation.to_string());
        let (result, token) = folder.run("issue", "presentation_jose");
        assert_eq!(result, "success", "{token}");
        folder.write("input", &token);
        assert_eq!(folder.run("verify", "presentation_jose").0, "success");
        assert_eq!(folder.run("verify", "credential_jose").0, "failure");

        let forged = token.replacen('.', ".e", 1);
        folder.write("input", &forged);
        assert_eq!(folder.run("verify", "presentation_jose").0, "failure");
    }
}

#[test]
fn what_must_not_be_issued_or_believed_is_a_failure() {
    let folder = Folder::new();
    folder.write("key", &keys()[0]);
    let mut unknown = credential();
    unknown["badExtension"] = json!({"huh": "what?"});
    let mut foreign = credential();
    foreign["issuer"] = json!("https://other.example");
    let mut malformed = credential();
    malformed.as_object_mut().expect("an object").remove("credentialSubject");
    for document in [unknown, foreign, malformed, json!([])] {
        folder.write("input", &document.to_string());
        let (result, why) = folder.run("issue", "credential_jose");
        assert_eq!(result, "failure");
        assert!(!why.is_empty());
    }
    folder.write("input", &presentation("not-a-credential").to_string());
    assert_eq!(folder.run("issue", "presentation_jose").0, "failure");
    // A document that nobody signed.
    folder.write("input", &credential().to_string());
    assert_eq!(folder.run("verify", "credential_jose").0, "failure");
}

#[test]
fn other_features_are_indeterminate_and_missing_files_an_error() {
    let folder = Folder::new();
    folder.write("key", &keys()[0]);
    assert_eq!(folder.run("issue", "credential_jose").0, "error");
    folder.write("input", &credential().to_string());
    for feature in ["credential_sdjwt", "credential_cose", "presentation_cose"] {
        assert_eq!(folder.run("issue", feature).0, "indeterminate");
        assert_eq!(folder.run("verify", feature).0, "indeterminate");
    }
}
