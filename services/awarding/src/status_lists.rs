use std::{sync::Arc, time::Duration};

use ::metrics::{counter, gauge};
use awarding_domain::{Digest, StatusListId};
use issuers_domain::KeyId;
use kernel::{TenantId, Timestamp};
use moka::sync::Cache;
use openbadges::{EddsaRdfc2022, ProofOptions, StatusList, StatusListCredential, data_integrity};
use proto::awarding::v1::{GetStatusListRequest, GetStatusListResponse};
use readmodel::{Direction, Key, Scan};
use runtime::metrics;

use crate::{
    addresses::Addresses,
    awards::{CHANGED, LIST, ListChange, ListRow, WITHDRAWN},
    badges::suite_of,
    create::is_retired,
    role::Awarding,
    signer::Signer,
    trouble::{Outcome, Trouble},
};

/// Writes status lists as signed credentials: the same bytes for the same state on the same day, in
/// every process and after every restart, for all else that goes into them is in the read model.
pub(crate) struct StatusLists {
    suite: EddsaRdfc2022,
    signer: Signer,
    addresses: Addresses,
    written: Cache<StatusListId, Arc<Signed>>,
    /// The lists that were asked for lately.
    asked: Cache<StatusListId, ()>,
}

struct Signed {
    state: State,
    at: Timestamp,
    until: Timestamp,
    credential: Vec<u8>,
    etag: String,
}

/// What the bytes depend on.
#[derive(Clone, Copy, PartialEq, Eq)]
struct State {
    change: Option<ListChange>,
    key: KeyId,
    /// When the day began, in seconds since 1970.
    day: i64,
}

impl StatusLists {
    pub(crate) fn new(suite: EddsaRdfc2022, signer: Signer, addresses: Addresses) -> Self {
        let asked = Cache::builder().max_capacity(256).time_to_live(LATELY).build();
        Self { suite, signer, addresses, written: Cache::new(256), asked }
    }

    /// Records how old the lists are that verifiers have now, as far as this process gave them.
    pub(crate) fn measure(&self, now: Timestamp) {
        let (mut age, mut valid) = (0.0_f64, VALID.as_secs_f64());
        for (list, ()) in &self.asked {
            if let Some(signed) = self.written.get(&*list) {
                age = age.max(metrics::seconds(signed.at, now));
                valid = valid.min(metrics::seconds(now, signed.until));
            }
        }
        gauge!("laurel_status_list_age_seconds").set(age);
        gauge!("laurel_status_list_valid_seconds").set(valid);
    }
}

/// For how long verifiers may keep a list before they ask again. The longer, the less an issuer
/// learns from being asked, and the later a revocation is noticed.
const KEPT_FOR: Duration = Duration::from_mins(5);
/// Seconds of a day. Each list is signed anew every day, for two, so that nobody can keep an old one
/// alive for longer.
const DAY: i64 = 86_400;
/// The longest that a list is good for.
const VALID: Duration = Duration::from_hours(48);
/// For how long a list that was asked for counts as one that verifiers have: a little longer than
/// they may keep it.
const LATELY: Duration = Duration::from_mins(10);

/// Rows of one walk.
const WALK: usize = 1_000;

impl Awarding {
    pub(crate) async fn status_list(
        &self,
        request: GetStatusListRequest,
    ) -> Outcome<GetStatusListResponse> {
        let list: StatusListId = request
            .status_list_id
            .parse()
            .map_err(|error| Trouble::invalid_id("/statusListId", error))?;
        // Before anything is read: that is at least as new.
        let position = self.awards.applied()?.0;
        let key = Key::new(TenantId::PLATFORM, LIST, list.bytes());
        let row: Option<ListRow> = self.awards.read(&key).await?;
        let row = row.ok_or_else(Trouble::missing)?;
        let signed = match self.signed_list(list, row).await {
            Err(Trouble::Failed(status)) if is_retired(&status) => {
                self.badges.catch_up().await?;
                self.signed_list(list, row).await
            }
            signed => signed,
        };
        let outcome = if signed.is_ok() { "given" } else { "failed" };
        counter!("laurel_status_lists_total", "outcome" => outcome).increment(1);
        let signed = signed?;
        let (credential, etag) = (signed.credential.clone(), signed.etag.clone());
        let max_age_seconds = KEPT_FOR.as_secs();
        Ok(GetStatusListResponse { credential, etag, max_age_seconds, position })
    }

    async fn signed_list(&self, list: StatusListId, row: ListRow) -> Outcome<Arc<Signed>> {
        self.lists.asked.insert(list, ());
        let ListRow { tenant, issuer, since } = row;
        let signing = self.badges.signing(tenant, issuer).await?;
        let change: Option<ListChange> =
            self.awards.read(&Key::new(tenant, CHANGED, list.bytes())).await?;
        let day = self.clock.now().unix_seconds().div_euclid(DAY) * DAY;
        let state = State { change, key: signing.lane.key, day };
        let known = self.lists.written.get(&list).filter(|signed| signed.state == state);
        if let Some(signed) = known {
            return Ok(signed);
        }
        // Read after the change was: at worst it holds a newer bit and is written again next time.
        let (bits, at) = (self.withdrawn(tenant, list).await?, self.clock.now());
        let from = Timestamp::from(change.map_or(since, |change| change.at)).whole_second();
        let day = Timestamp::from_unix_millis(day * 1000);
        let url = self.lists.addresses.status_list(list);
        let mut credential =
            StatusListCredential::revocation(url, signing.did, from.to_string(), &bits)
                .with_ttl(KEPT_FOR);
        let until = day.plus_millis(2 * 1000 * DAY);
        credential.valid_until = Some(until.to_string());
        let document = serde_json::to_value(&credential)
            .map_err(|error| Trouble::fault("a status list cannot be written", &error))?;
        let options = ProofOptions {
            cryptosuite: suite_of(&signing.key),
            algorithm: signing.key.algorithm(),
            ..ProofOptions::new(signing.verification_method, from.max(day).to_string())
        };
        let cannot = |error| Trouble::fault("a status list cannot be signed", &error);
        let unsigned = data_integrity::prepare(self.lists.suite.processor(), document, &options)
            .map_err(cannot)?;
        let payload = unsigned
            .hash_data()
            .try_into()
            .map_err(|error| Trouble::fault("a status list cannot be signed", &error))?;
        let signatures = self.lists.signer.sign(signing.lane, vec![payload]).await?;
        let signature = signatures.first().ok_or_else(Trouble::missing)?;
        signing.key.verify(signing.key.algorithm(), &payload, signature).map_err(|error| {
            Trouble::fault("the signer gave a signature that does not verify", &error)
        })?;
        let credential = serde_json::to_vec(&unsigned.finish(signature))
            .map_err(|error| Trouble::fault("a status list cannot be written", &error))?;
        let etag = Digest::of(&credential).to_string();
        let signed = Arc::new(Signed { state, at, until, credential, etag });
        self.lists.written.insert(list, Arc::clone(&signed));
        Ok(signed)
    }

    async fn withdrawn(&self, tenant: TenantId, list: StatusListId) -> Outcome<StatusList> {
        let mut bits = StatusList::new(openbadges::STATUS_LIST_ENTRIES);
        let mut after = None;
        loop {
            let scan = Scan {
                tenant,
                table: WITHDRAWN,
                prefix: list.bytes().to_vec(),
                after: after.take(),
                before: None,
                direction: Direction::Forward,
                limit: WALK,
            };
            let rows = self.awards.scan(&scan).await?;
            for (id, _) in &rows {
                let index = id.last_chunk().map_or(u32::MAX, |bytes| u32::from_be_bytes(*bytes));
                bits.set(index.into(), true).map_err(|error| {
                    Trouble::fault("a place lies beyond its status list", &error)
                })?;
            }
            match rows.last() {
                Some((id, _)) if rows.len() == WALK => after = Some(id.clone()),
                _ => return Ok(bits),
            }
        }
    }
}
