//! Whether what is sealed opens.

use awarding_domain::Particulars;
use kernel::Sealed;
use keyvault::{Owner, RootKey, Snapshot};
use serde::Deserialize;
use serde_json::Value;

use super::Check;

/// The keys of everything that is sealed in the log.
pub(super) struct Keys {
    vault: Option<(Snapshot, RootKey)>,
    pub(super) check: Check,
    opened: u64,
    erased: u64,
}

/// What the values in facts of these types were sealed for.
fn purpose(kind: &str) -> Option<&'static str> {
    match kind {
        "award-created.v1" => Some(Particulars::PURPOSE),
        "award-revoked.v1" => Some("award-revocation"),
        "batch-submitted.v1" | "batch-continued.v1" => Some("batch-rows"),
        "member-invited.v1" => Some("email"),
        "earner-signed-in.v1" => Some("address"),
        _ => None,
    }
}

impl Keys {
    pub(super) fn new(vault: Option<(Snapshot, RootKey)>) -> Self {
        Self { vault, check: Check::new("sealed"), opened: 0, erased: 0 }
    }

    /// Whether there is anything to open them with.
    pub(super) fn are_there(&self) -> bool {
        self.vault.is_some()
    }

    /// Opens all that is sealed in a payload. What it was, when it was one value and its person was
    /// not erased.
    pub(super) fn open(&mut self, fact: &eventstore::RecordedEvent) -> Option<Vec<u8>> {
        // Spares most facts the reading of JSON.
        const MARK: &[u8] = b"\"ciphertext\"";
        if !fact.data.windows(MARK.len()).any(|part| part == MARK) {
            return None;
        }
        let payload: Value = serde_json::from_slice(&fact.data).ok()?;
        let mut found = Vec::new();
        collect(&payload, &mut found);
        let mut opened = None;
        for sealed in found {
            opened = self.open_one(fact, &sealed);
        }
        opened
    }

    fn open_one(&mut self, fact: &eventstore::RecordedEvent, sealed: &Sealed) -> Option<Vec<u8>> {
        let (vault, root) = self.vault.as_ref()?;
        let owner = Owner::new(fact.stream.tenant(), &sealed.subject);
        let place = format!("position {}: {} in {}", fact.position, fact.kind, fact.stream);
        let key = match vault.key(root, &owner, sealed.key_version) {
            Ok(Some(key)) => key,
            Ok(None) => {
                self.erased += 1;
                return None;
            }
            Err(error) => {
                self.check.damaged(format!("{place}: {error}"));
                return None;
            }
        };
        let Some(purpose) = purpose(&fact.kind) else {
            self.check.damaged(format!("{place}: nobody here knows what it is sealed for"));
            return None;
        };
        match key.unseal(&owner, purpose, sealed) {
            Ok(bytes) => {
                self.opened += 1;
                Some(bytes)
            }
            Err(error) => {
                self.check.damaged(format!("{place}: {error}"));
                None
            }
        }
    }

    pub(super) fn finish(mut self) -> Check {
        if self.vault.is_none() {
            self.check.unknown("not opened: the key vault and the root key are not here");
        } else {
            let (opened, erased) = (self.opened, self.erased);
            self.check.detail = format!("{opened} open; {erased} erased, their keys destroyed");
        }
        self.check
    }
}

fn collect(value: &Value, into: &mut Vec<Sealed>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
        Value::Object(members) if members.contains_key("ciphertext") => {
            into.extend(Sealed::deserialize(value).ok());
        }
        Value::Object(members) => members.values().for_each(|member| collect(member, into)),
        _ => {}
    }
}
