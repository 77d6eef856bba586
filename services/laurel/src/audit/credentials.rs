//! Whether every credential is the one that was issued, and signed by its issuer.

use std::{collections::HashMap, sync::Arc};

use awarding_domain::{
    AwardCreated, Digest, Particulars, Stated, Template, TemplateEvent, credential_id,
};
use eventstore::{RecordedEvent, StreamId};
use issuers_domain::{IssuerEvent, IssuerId};
use kernel::TenantId;
use openbadges::{
    CredentialTemplate, DidDocument, EddsaRdfc2022, Multikey, PublicKey, Purpose,
    data_integrity::verify_proof,
    jsonld::{Contexts, Processor},
};
use serde_json::Value;

use super::Check;

/// Templates that are held in memory.
const HELD: usize = 500;

/// What credentials are checked with.
pub(super) struct Credentials {
    suite: EddsaRdfc2022,
    dids: HashMap<(TenantId, IssuerId), String>,
    /// The keys of issuers by the names under which they sign.
    keys: HashMap<(TenantId, IssuerId, String), PublicKey>,
    templates: HashMap<(TenantId, Digest), Arc<CredentialTemplate>>,
    pub(super) check: Check,
    verified: u64,
}

impl Credentials {
    pub(super) fn new() -> Self {
        let (dids, keys, templates) = Default::default();
        let suite = EddsaRdfc2022::new(Arc::new(Processor::new(Contexts::bundled())));
        Self { suite, dids, keys, templates, check: Check::new("credentials"), verified: 0 }
    }

    /// Remembers how an issuer signs.
    pub(super) fn issuer(&mut self, fact: &RecordedEvent) {
        let (tenant, Ok(issuer)) = (fact.stream.tenant(), fact.subject()) else { return };
        match fact.event() {
            Ok(IssuerEvent::Created(created)) => {
                self.dids.insert((tenant, issuer), created.did);
            }
            Ok(IssuerEvent::KeyAdded(new)) => {
                let did = self.dids.get(&(tenant, issuer));
                let (Some(did), Ok(multikey)) = (did, new.multikey.parse::<Multikey>()) else {
                    let place = fact.position;
                    return self.check.damaged(format!("position {place}: a key cannot be read"));
                };
                let name = DidDocument::verification_method_id(did, &multikey);
                self.keys.insert((tenant, issuer, name), multikey.into());
            }
            _ => {}
        }
    }

    /// Checks that a template stands under its digest.
    pub(super) fn template(&mut self, fact: &RecordedEvent) {
        let Ok(TemplateEvent::Recorded(recorded)) = fact.event() else { return };
        if Digest::of(recorded.text.as_bytes()).to_string() != fact.stream.id() {
            let (position, stream) = (fact.position, &fact.stream);
            self.check.damaged(format!(
                "position {position}: the text in {stream} has another SHA-256 than its name"
            ));
        }
    }

    /// Writes a credential out, as it is served, and compares and verifies it.
    pub(super) fn award(
        &mut self,
        fact: &RecordedEvent,
        created: &AwardCreated,
        opened: &[u8],
        read: impl FnOnce(&StreamId) -> Option<Vec<RecordedEvent>>,
    ) {
        match self.judge(fact, created, opened, read) {
            Ok(()) => self.verified += 1,
            Err(why) => {
                let (position, stream) = (fact.position, &fact.stream);
                self.check
                    .damaged(format!("position {position}: the credential of {stream} {why}"));
            }
        }
    }

    fn judge(
        &mut self,
        fact: &RecordedEvent,
        created: &AwardCreated,
        opened: &[u8],
        read: impl FnOnce(&StreamId) -> Option<Vec<RecordedEvent>>,
    ) -> Result<(), String> {
        let tenant = fact.stream.tenant();
        let particulars = Particulars::read(opened).ok_or("cannot be read")?;
        let award = fact.subject().map_err(|error| error.to_string())?;
        let template = self.find(tenant, created.template, read)?;
        let fill = particulars.fill(Stated {
            credential_id: credential_id(&template, award)
                .ok_or("was made with a template without a status list")?,
            achieved_at: created.achieved_at,
            issued_at: created.issued_at,
            expires_at: created.expires_at,
            index: created.index,
        });
        let credential = template.fill(&fill, &particulars.signature);
        if Digest::of(&credential) != created.credential {
            return Err("has another SHA-256 than its fact states".to_owned());
        }
        let name = (tenant, created.issuer, template.verification_method().to_owned());
        let key = self.keys.get(&name).ok_or("is signed with a key that its issuer has not")?;
        let credential: Value =
            serde_json::from_slice(&credential).map_err(|_| "is no JSON".to_owned())?;
        let proof = &credential["proof"][0];
        let processor = self.suite.processor();
        verify_proof(processor, &credential, proof, key, Purpose::Assertion)
            .map_err(|error| format!("does not verify: {error}"))
    }

    fn find(
        &mut self,
        tenant: TenantId,
        digest: Digest,
        read: impl FnOnce(&StreamId) -> Option<Vec<RecordedEvent>>,
    ) -> Result<Arc<CredentialTemplate>, String> {
        if let Some(template) = self.templates.get(&(tenant, digest)) {
            return Ok(Arc::clone(template));
        }
        let facts = read(&StreamId::of::<Template>(tenant, &digest)).unwrap_or_default();
        let recorded = facts.first().and_then(|fact| fact.event().ok());
        let Some(TemplateEvent::Recorded(recorded)) = recorded else {
            return Err(format!("was made with template {digest}, which is missing"));
        };
        let template = CredentialTemplate::try_from(recorded.text)
            .map_err(|error| format!("was made with template {digest}: {error}"))?;
        if self.templates.len() >= HELD {
            self.templates.clear();
        }
        let template = Arc::new(template);
        self.templates.insert((tenant, digest), Arc::clone(&template));
        Ok(template)
    }

    pub(super) fn finish(mut self, opened: bool) -> Check {
        if opened {
            self.check.detail =
                format!("{} as they were issued, signed by their issuers", self.verified);
        } else {
            self.check.unknown("not compared: they are sealed");
        }
        self.check
    }
}
