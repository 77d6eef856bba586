use std::{num::NonZero, sync::Arc, thread};

use awarding_domain::{
    Award, AwardCreated, AwardEvent, AwardId, Digest, EarnerId, Particulars, Stated,
};
use eventstore::{Execution, Expected, StreamId, Write};
use kernel::{Class, SubjectId, Timestamp};
use keyvault::{DataKey, KeyVault, Owner};
use openbadges::{EddsaRdfc2022, Fill, PublicKey, Purpose, data_integrity::verify_proof};
use runtime::Refusal;
use serde_json::Value;

use crate::{
    addresses::Addresses,
    badges::{Badges, Ready, Recorded},
    hygiene::{Circumstances, check_award},
    places::{Place, Places},
    signer::Signer,
    terms::Terms,
    trouble::{Outcome, Trouble},
};

/// Makes awards: credentials filled in, signed, checked and sealed, as writes that wait to be
/// appended.
pub(crate) struct Issuing {
    pub(crate) places: Places,
    pub(crate) signer: Signer,
    pub(crate) vault: Arc<dyn KeyVault>,
    pub(crate) suite: EddsaRdfc2022,
    pub(crate) addresses: Addresses,
}

/// An award to be.
pub(crate) struct Draft {
    pub(crate) award: AwardId,
    pub(crate) generation: u32,
    pub(crate) person: SubjectId,
    pub(crate) earner: EarnerId,
    pub(crate) terms: Terms,
    pub(crate) execution: Execution,
}

/// An award that is signed and sealed but not in the log yet.
pub(crate) struct Issued {
    pub(crate) award: AwardId,
    pub(crate) created: AwardCreated,
    pub(crate) particulars: Particulars,
    pub(crate) write: Write,
}

struct Filled {
    draft: Draft,
    place: Place,
    recorded: Arc<Recorded>,
    issued_at: Timestamp,
    particulars: Particulars,
    fill: Fill,
    hash_data: [u8; 64],
}

impl Issuing {
    /// Issues each draft, or says why it cannot be; the outcomes are in the order of the drafts.
    ///
    /// # Errors
    /// What stands in the way of all: the signer, the key vault, the log.
    pub(crate) async fn issue(
        &self,
        badges: &Badges,
        ready: &Arc<Ready>,
        drafts: Vec<Draft>,
    ) -> Outcome<Vec<Outcome<Issued>>> {
        let places = self.places.take(ready.tenant, ready.issuer, drafts.len()).await?;
        let mut with_place = Vec::with_capacity(drafts.len());
        for (draft, place) in drafts.into_iter().zip(places) {
            with_place.push(match badges.template(ready, place.list).await {
                Ok(recorded) => Ok((draft, place, recorded)),
                Err(refused @ Trouble::Refused(..)) => Err(refused),
                Err(failed) => return Err(failed),
            });
        }
        let (suite, addresses) = (self.suite.clone(), self.addresses.clone());
        let who = Arc::clone(ready);
        let filled = spread(with_place, move |item| {
            let (draft, place, recorded) = item?;
            fill((&suite, &addresses, &who), draft, place, recorded)
        })
        .await?;
        let (mut payloads, mut owners) = (Vec::new(), Vec::new());
        for filled in filled.iter().flatten() {
            payloads.push(filled.hash_data);
            owners.push(Owner::new(ready.tenant, filled.draft.person));
        }
        let sign = async {
            let nothing = payloads.is_empty();
            let signatures =
                if nothing { vec![] } else { self.signer.sign(ready.lane, payloads).await? };
            Ok::<_, Trouble>(signatures)
        };
        let ensure = async { Ok::<_, Trouble>(self.vault.ensure(&owners).await?) };
        let (signatures, keys) = futures_util::try_join!(sign, ensure)?;
        let mut sealing = signatures.into_iter().zip(keys);
        let mut ready_to_seal = Vec::with_capacity(filled.len());
        for filled in filled {
            ready_to_seal.push(match filled {
                Ok(filled) => sealing.next().map(|with| (filled, with)).ok_or_else(lost),
                Err(refused) => Err(refused),
            });
        }
        let (suite, ready) = (self.suite.clone(), Arc::clone(ready));
        spread(ready_to_seal, move |item| {
            let (filled, (signature, key)) = item?;
            seal((&suite, &ready), filled, &signature, &key)
        })
        .await
    }
}

/// Fills the template in and judges it: what there is to sign.
fn fill(
    (suite, addresses, ready): (&EddsaRdfc2022, &Addresses, &Ready),
    draft: Draft,
    place: Place,
    recorded: Arc<Recorded>,
) -> Outcome<Filled> {
    let issued_at = draft.execution.at;
    let Terms { email, name, achieved_at, expires_at, evidence, narrative, .. } = &draft.terms;
    let (email, name) = (email.as_str().to_owned(), name.clone());
    let mut particulars = Particulars::new(email, name, rand::random());
    particulars.narrative.clone_from(narrative);
    particulars.evidence.clone_from(evidence);
    let fill = particulars.fill(Stated {
        credential_id: addresses.credential(draft.award),
        achieved_at: *achieved_at,
        issued_at,
        expires_at: *expires_at,
        index: place.index,
    });
    let circumstances = Circumstances {
        issuer: ready.did(),
        status_list: &addresses.status_list(place.list),
        origin: addresses.origin(),
        at: issued_at,
    };
    check_award(&recorded.template, &fill, circumstances)?;
    let hash_data = recorded.template.prepare(suite, &fill).map_err(|_| {
        // The terms were checked: what is left is text that JSON-LD cannot carry. It may be
        // personal, so it is not logged.
        let message = "the credential cannot be written with this evidence: change its url";
        Trouble::Refused(Class::Invalid, Refusal::new("INVALID_INPUT", message).at("/evidence"))
    })?;
    Ok(Filled { draft, place, recorded, issued_at, particulars, fill, hash_data })
}

/// Checks the signature, writes the credential and checks that, too, seals what is personal.
fn seal(
    (suite, ready): (&EddsaRdfc2022, &Ready),
    filled: Filled,
    signature: &[u8; 64],
    key: &DataKey,
) -> Outcome<Issued> {
    let Filled { draft, place, recorded, issued_at, mut particulars, fill, .. } = filled;
    let published = recorded.template.fill(&fill, signature);
    verify(suite, &published, &ready.key)?;
    let credential = Digest::of(&published);
    let Draft { award, generation, person, earner, terms, execution } = draft;
    let owner = Owner::new(ready.tenant, person);
    particulars.signature = *signature;
    let plain = particulars.bytes();
    let sealed = key.seal(&owner, Particulars::PURPOSE, &plain, rand::random());
    let created = AwardCreated {
        badge: ready.badge,
        badge_version: ready.version,
        issuer: ready.issuer,
        person,
        earner,
        generation,
        achieved_at: terms.achieved_at,
        issued_at,
        expires_at: terms.expires_at,
        template: recorded.digest,
        credential,
        list: place.list,
        index: place.index,
        notify: terms.notify,
        particulars: sealed,
    };
    let stream = StreamId::of::<Award>(ready.tenant, &award);
    let events = [AwardEvent::Created(Box::new(created))];
    let write = execution
        .write(stream, Expected::NoStream, &events)
        .map_err(|error| Trouble::fault("a fact has no stored form", &error))?;
    let [AwardEvent::Created(created)] = events else { return Err(lost()) };
    Ok(Issued { award, created: *created, particulars, write })
}

/// What was prepared from the template was signed; what counts is what strangers will read, with the
/// key that is published. Nothing that was compiled is used here.
fn verify(suite: &EddsaRdfc2022, published: &[u8], key: &PublicKey) -> Outcome<()> {
    let credential: Value = serde_json::from_slice(published)
        .map_err(|_| Trouble::broken("a signed award cannot be read"))?;
    let proof = &credential["proof"][0];
    verify_proof(suite.processor(), &credential, proof, key, Purpose::Assertion)
        .map_err(|error| Trouble::fault("a signed award does not verify", &error))
}

fn lost() -> Trouble {
    Trouble::Failed(tonic::Status::internal("an award was lost on the way: try again"))
}

/// Items below this are done at once: handing them over costs more.
const FEW: usize = 8;

/// Does CPU-heavy work away from the async threads, on as many cores as there are, at most four.
pub(crate) async fn spread<T, U, F>(items: Vec<T>, work: F) -> Outcome<Vec<U>>
where
    T: Send + 'static,
    U: Send + 'static,
    F: Fn(T) -> U + Clone + Send + 'static,
{
    if items.len() <= FEW {
        return Ok(items.into_iter().map(work).collect());
    }
    let cores = thread::available_parallelism().map_or(1, NonZero::get).min(4);
    let share = items.len().div_ceil(cores);
    let mut done = Vec::with_capacity(items.len());
    let mut parts = Vec::with_capacity(cores);
    let mut items = items.into_iter();
    loop {
        let part: Vec<T> = items.by_ref().take(share).collect();
        if part.is_empty() {
            break;
        }
        let work = work.clone();
        parts.push(tokio::task::spawn_blocking(move || {
            part.into_iter().map(work).collect::<Vec<U>>()
        }));
    }
    for part in parts {
        done.extend(
            part.await.map_err(|error| Trouble::fault("work on awards ended early", &error))?,
        );
    }
    Ok(done)
}
