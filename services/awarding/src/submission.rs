//! Credentials that the tenant's own software wrote: judged, signed and given back, with nothing of
//! what they say kept.
//!
//! The way is that of a careful certificate authority: judge the document, record the intent, sign,
//! check the signature with the published key, compare, record what was signed, answer.

use std::{sync::Arc, time::Duration};

use auth::{Kind, Permission, Principal};
use awarding_domain::{
    CAPACITY, CredentialSigned, CredentialSubmitted, Digest, StatusPlace, Submission,
    SubmissionCommand, SubmissionId, SubmissionRejection,
};
use eventstore::{ExecuteError, Execution, carry_out, load};
use issuers_domain::IssuerId;
use jsonld::Processor;
use kernel::Class;
use openbadges::{
    Fault, ProofError, ProofOptions, Purpose, StatusListEntry,
    data_integrity::{self, Cryptosuite, Unsigned},
    json,
    lint::{self, LintContext, ListInUse},
    v3,
    vcdm::{self, Version},
};
use proto::awarding::v1::{
    IssueCredentialRequest, IssueCredentialResponse, SetCredentialStatusRequest,
    SetCredentialStatusResponse,
};
use runtime::{Refusal, command};
use serde_json::{Value, json};

use crate::{
    badges::{Signing, suite_of},
    create::is_retired,
    naming,
    places::Place,
    rights::reach,
    role::Awarding,
    trouble::{Outcome, Trouble},
};

/// Bytes of a credential.
const LARGEST: usize = 1 << 20;
/// Bytes of the id of a credential.
const LONGEST_ID: usize = 2_048;
/// How often to begin again when somebody was faster.
const ATTEMPTS: usize = 4;
/// How long to wait for the status list to say what was just stated.
const PATIENCE: Duration = Duration::from_secs(2);

/// The context of proofs.
const DATA_INTEGRITY: &str = "https://w3id.org/security/data-integrity/v2";

/// The suites that a submitted credential can be signed by.
const SUITES: [Cryptosuite; 4] = [
    Cryptosuite::EddsaRdfc2022,
    Cryptosuite::EddsaJcs2022,
    Cryptosuite::EcdsaRdfc2019,
    Cryptosuite::EcdsaJcs2019,
];

/// A credential on its way to be signed.
struct Asked {
    document: Value,
    issuer: IssuerId,
    cryptosuite: Option<Cryptosuite>,
    with_status: bool,
    /// Whether a badge must be one that this platform would issue itself, not only conform.
    strict: bool,
}

impl Awarding {
    /// Signs a credential for the issuer that it names.
    pub(crate) async fn issue_credential(
        &self,
        principal: &Principal,
        execution: Execution,
        request: IssueCredentialRequest,
    ) -> Outcome<IssueCredentialResponse> {
        let mut document = json::parse(&request.credential, LARGEST)
            .map_err(|error| invalid("PARSING_ERROR", "", &error.to_string()))?;
        let any_version = request.any_version && principal.kind == Kind::Service;
        let earlier = any_version && Version::of(&document) == Some(Version::V1);
        judge(&document, earlier)?;
        if earlier {
            define_proofs(&mut document);
        }
        let cryptosuite = suite(&request.cryptosuite)?;
        let did = vcdm::issuer_id(&document).unwrap_or_default();
        let issuer = match self.badges.issuer_of_did(execution.tenant, did).await {
            Ok(issuer) => issuer,
            Err(trouble) => return Err(or_not_ours(trouble)),
        };
        reach(principal, Permission::AwardBadges, issuer).map_err(or_not_ours)?;
        let stated = document.get("credentialStatus").is_some();
        let with_status = request.with_status && !stated && !earlier;
        if with_status && document.get("id").is_none() {
            // Its status is set by its id.
            document["id"] = json!(format!("urn:uuid:{}", self.context.stores.ids.uuid()));
        }
        let id = match document.get("id").and_then(Value::as_str) {
            Some(id) => naming::submission(&*self.vault, execution.tenant, id).await?,
            None => command::made(execution.command),
        };
        let strict = !any_version;
        let asked = Asked { document, issuer, cryptosuite, with_status, strict };
        for _ in 1..ATTEMPTS {
            match self.sign_submission(&execution, id, &asked).await {
                Err(Trouble::Failed(status)) if is_retired(&status) => {
                    // The key was rotated since the catalogue was read.
                    self.badges.catch_up().await?;
                }
                // Somebody else issued it meanwhile, with another place for its status.
                Err(Trouble::Failed(status)) if Refusal::of(&status).code == "CONFLICT" => {}
                outcome => return outcome,
            }
        }
        self.sign_submission(&execution, id, &asked).await
    }

    async fn sign_submission(
        &self,
        execution: &Execution,
        id: SubmissionId,
        asked: &Asked,
    ) -> Outcome<IssueCredentialResponse> {
        let (tenant, issuer) = (execution.tenant, asked.issuer);
        let signing = self.badges.signing(tenant, issuer).await?;
        let mut document = asked.document.clone();
        let place = if asked.with_status {
            let (known, _) = load::<Submission>(&*self.events, tenant, &id).await?;
            let place = match known.place(issuer) {
                Some(place) => place,
                None => self.free_place(tenant, issuer).await?,
            };
            let list = self.addresses.status_list(place.list);
            document["credentialStatus"] = json!(StatusListEntry::revocation(&list, place.index));
            Some(place)
        } else {
            None
        };
        let options = ProofOptions {
            cryptosuite: asked.cryptosuite.unwrap_or_else(|| suite_of(&signing.key)),
            algorithm: signing.key.algorithm(),
            ..ProofOptions::new(
                &signing.verification_method,
                execution.at.whole_second().to_string(),
            )
        };
        if vcdm::has_type(&document, "OpenBadgeCredential")
            || vcdm::has_type(&document, "AchievementCredential")
        {
            let place = if asked.strict { Some((&signing, &options, place)) } else { None };
            self.judge_badge(&document, place)?;
        }
        let processor = Arc::clone(self.issuing.suite.processor());
        let prepared = in_the_background(move || prepare(&processor, document, &options));
        let (document, unsigned, digest) = prepared.await??;

        let submitted =
            CredentialSubmitted { issuer, key: signing.lane.key, document: digest, place };
        let submit = SubmissionCommand::Submit(submitted);
        self.record(execution, id, submit).await?;

        let payload = unsigned.hash_data().try_into();
        let payload =
            payload.map_err(|error| Trouble::fault("a credential cannot be signed", &error))?;
        let signatures = self.issuing.signer.sign(signing.lane, vec![payload]).await?;
        let signature = *signatures.first().ok_or_else(Trouble::missing)?;
        let processor = Arc::clone(self.issuing.suite.processor());
        let finished = in_the_background(move || {
            finish(&processor, &document, unsigned, &signature, &signing)
        });
        let credential = finished.await??;

        let signed = CredentialSigned { issuer, credential: Digest::of(&credential) };
        // A fact of its own, after the intent: the same command would be taken for a repeat.
        let then = Execution { command: self.context.stores.ids.command(), ..execution.clone() };
        let written = self.record(&then, id, SubmissionCommand::Sign(signed)).await?;
        Ok(IssueCredentialResponse { credential, written: Some(written) })
    }

    /// Tells the first thing that keeps a badge from being issued: by its standard, and where it is
    /// known by whom and how it will be signed, by the rules for badges of our own.
    fn judge_badge(
        &self,
        document: &Value,
        signed: Option<(&Signing, &ProofOptions, Option<StatusPlace>)>,
    ) -> Outcome<()> {
        let first = if let Some((signing, options, place)) = signed {
            let url = place.map(|place| self.addresses.status_list(place.list));
            let entries = u64::from(CAPACITY);
            let context = LintContext {
                issuer: &signing.did,
                verification_method: &signing.verification_method,
                cryptosuite: options.cryptosuite.name(),
                status_list: url.as_deref().map(|url| ListInUse { url, entries }),
                origin: Some(&self.context.public_url),
                now: self.clock.now().whole_second().date_time(),
            };
            lint::check(document, &context).into_iter().next().map(|finding| finding.fault)
        } else {
            v3::issuing_faults(document).into_iter().next()
        };
        match first {
            None => Ok(()),
            Some(Fault { pointer, message }) => {
                Err(invalid("MALFORMED_VALUE_ERROR", &pointer, &message))
            }
        }
    }

    /// States whether a credential is revoked; answers when its status list says so.
    pub(crate) async fn set_credential_status(
        &self,
        principal: &Principal,
        execution: Execution,
        request: SetCredentialStatusRequest,
    ) -> Outcome<SetCredentialStatusResponse> {
        if !(1..=LONGEST_ID).contains(&request.credential_id.len()) {
            return Err(Trouble::invalid("/credentialId", "a credential's id is a url"));
        }
        let tenant = execution.tenant;
        let id = naming::submission(&*self.vault, tenant, &request.credential_id).await?;
        let (known, _) = load::<Submission>(&*self.events, tenant, &id).await?;
        for signer in &known.signers {
            reach(principal, Permission::RevokeAwards, signer.issuer)?;
        }
        let command = SubmissionCommand::SetRevoked { revoked: request.revoked, at: execution.at };
        let written = self.record(&execution, id, command).await?;
        // It is stated; a list that takes longer follows.
        let _ = self.awards.wait(kernel::Position(written.position), PATIENCE).await;
        Ok(SetCredentialStatusResponse { written: Some(written) })
    }

    async fn record(
        &self,
        execution: &Execution,
        id: SubmissionId,
        command: SubmissionCommand,
    ) -> Outcome<proto::write::v1::Written> {
        match carry_out::<Submission>(&*self.events, execution, &id, command).await {
            Ok((_, done)) => Ok(command::written(done)),
            Err(ExecuteError::Rejected(SubmissionRejection::Missing)) => Err(Trouble::missing()),
            Err(error) => Err(error.into()),
        }
    }

    async fn free_place(&self, tenant: kernel::TenantId, issuer: IssuerId) -> Outcome<StatusPlace> {
        let places = self.issuing.places.take(tenant, issuer, 1).await?;
        let Place { list, index } = *places.first().ok_or_else(Trouble::missing)?;
        Ok(StatusPlace { list, index })
    }
}

/// Tells the first thing that keeps a document from being issued.
fn judge(document: &Value, earlier: bool) -> Outcome<()> {
    if !document.is_object() {
        return Err(invalid("PARSING_ERROR", "", "a credential is an object"));
    }
    if document.get("proof").is_some() {
        let message = "it has a proof already: remove it, or have it verified instead";
        return Err(invalid("MALFORMED_VALUE_ERROR", "/proof", message));
    }
    if document.get("id").and_then(Value::as_str).is_some_and(|id| id.len() > LONGEST_ID) {
        return Err(invalid("RANGE_ERROR", "/id", "its id has at most 2,048 bytes"));
    }
    let faults =
        if earlier { vcdm::credential_faults(document) } else { vcdm::issuing_faults(document) };
    match faults.into_iter().next() {
        None => Ok(()),
        Some(fault) => Err(invalid("MALFORMED_VALUE_ERROR", &fault.pointer, &fault.message)),
    }
}

/// Adds the context that says what a proof is: that of VC Data Model 1.1 does not (VC Data Integrity,
/// "Context Injection").
fn define_proofs(document: &mut Value) {
    if let Some(contexts) = document.get_mut("@context").and_then(Value::as_array_mut)
        && !contexts.iter().any(|context| context == DATA_INTEGRITY)
    {
        contexts.push(json!(DATA_INTEGRITY));
    }
}

fn suite(name: &str) -> Outcome<Option<Cryptosuite>> {
    if name.is_empty() {
        return Ok(None);
    }
    let known = SUITES.into_iter().find(|suite| suite.name() == name);
    known.map(Some).ok_or_else(|| {
        let names = SUITES.map(Cryptosuite::name).join(", ");
        Trouble::invalid("/options/cryptosuite", &format!("the cryptosuite is one of {names}"))
    })
}

/// Makes what is to be signed, and the digest under which the intent is recorded.
fn prepare(
    processor: &Processor,
    document: Value,
    options: &ProofOptions,
) -> Outcome<(Value, Unsigned, Digest)> {
    let unsigned = data_integrity::prepare(processor, document.clone(), options)
        .map_err(|error| unsignable(&error))?;
    let digest = Digest::of(unsigned.hash_data());
    Ok((document, unsigned, digest))
}

/// Adds the proof, and checks the outcome as a stranger would: with the published key, against what
/// was submitted.
fn finish(
    processor: &Processor,
    document: &Value,
    unsigned: Unsigned,
    signature: &[u8],
    signing: &Signing,
) -> Outcome<Vec<u8>> {
    let secured = unsigned.finish(signature);
    let proof = secured["proof"].get(0).unwrap_or(&Value::Null);
    let purpose = Purpose::Assertion;
    data_integrity::verify_proof(processor, &secured, proof, &signing.key, purpose)
        .map_err(|error| Trouble::fault("a credential that was signed does not verify", &error))?;
    let mut bare = secured.clone();
    if let Some(members) = bare.as_object_mut() {
        members.remove("proof");
    }
    if bare != *document {
        return Err(Trouble::broken("a credential that was signed is not what was submitted"));
    }
    serde_json::to_vec(&secured)
        .map_err(|error| Trouble::fault("a credential cannot be written", &error))
}

/// Does work that a large document makes long away from the async threads.
async fn in_the_background<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Outcome<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Trouble::fault("work on a credential ended early", &error))
}

fn invalid(code: &str, pointer: &str, message: &str) -> Trouble {
    let refusal = Refusal::new(code, message).at(format!("/credential{pointer}"));
    Trouble::Refused(Class::Invalid, refusal)
}

/// Why a document that has the right form cannot be signed: mostly terms that nothing defines.
fn unsignable(error: &ProofError) -> Trouble {
    let code = match error {
        ProofError::JsonLd(_) => "DATA_LOSS_DETECTION_ERROR",
        _ => "PROOF_GENERATION_ERROR",
    };
    invalid(code, "", &error.to_string())
}

/// Of an issuer that is another tenant's, or out of the caller's reach, nobody learns that it is
/// there.
fn or_not_ours(trouble: Trouble) -> Trouble {
    match trouble {
        Trouble::Failed(status) if status.code() == tonic::Code::NotFound => {
            let message = "this issuer does not sign here: name the did of one of yours";
            let refusal = Refusal::new("NOT_FOUND", message).at("/credential/issuer");
            Trouble::Refused(Class::Missing, refusal)
        }
        other => other,
    }
}
