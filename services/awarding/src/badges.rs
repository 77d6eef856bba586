use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use awarding_domain::{Digest, StatusListId, Template, TemplateCommand};
use design_domain::{BadgeId, Content};
use eventstore::Execution;
use issuers_domain::IssuerId;
use kernel::{Actor, Class, CommandId, TenantId};
use moka::sync::Cache;
use openbadges::{
    Achievement, Alignment, CredentialTemplate, Criteria, DidDocument, EddsaRdfc2022, Image,
    Multikey, Profile, PublicKey, TemplateTerms, data_integrity::Cryptosuite,
};
use readmodel::{View, row};
use runtime::{Context, Refusal, call};

use crate::{
    addresses::Addresses,
    catalogue::{self, BadgeRow, IssuerRow, Standing, badge_key, did_key, issuer_key},
    hygiene::{self, Circumstances},
    signer::Lane,
    trouble::{Outcome, Trouble},
};

/// The badges that can be awarded: the catalogue, and in memory what is compiled from it.
pub(crate) struct Badges {
    context: Context,
    view: View,
    addresses: Addresses,
    suite: EddsaRdfc2022,
    hot: Cache<(TenantId, BadgeId), Arc<Hot>>,
}

/// What was compiled, and the rows it was compiled from: it is good as long as these stand.
struct Hot {
    badge: Vec<u8>,
    issuer: Vec<u8>,
    ready: Arc<Ready>,
}

/// A badge ready to be awarded.
pub(crate) struct Ready {
    pub(crate) tenant: TenantId,
    pub(crate) badge: BadgeId,
    pub(crate) version: u32,
    pub(crate) issuer: IssuerId,
    pub(crate) lane: Lane,
    pub(crate) key: PublicKey,
    pub(crate) expires_after_days: Option<u32>,
    terms: TemplateTerms,
    templates: Mutex<HashMap<StatusListId, Arc<Recorded>>>,
}

impl Ready {
    /// The id of the issuer.
    pub(crate) fn did(&self) -> &str {
        &self.terms.issuer.id
    }
}

/// An issuer that signs.
pub(crate) struct Signing {
    pub(crate) did: String,
    pub(crate) verification_method: String,
    pub(crate) lane: Lane,
    pub(crate) key: PublicKey,
    profile: issuers_domain::Profile,
}

/// The suite that a key signs by: that of its kind which signs statements, not text.
pub(crate) fn suite_of(key: &PublicKey) -> Cryptosuite {
    match key {
        PublicKey::Ed25519(_) => Cryptosuite::EddsaRdfc2022,
        _ => Cryptosuite::EcdsaRdfc2019,
    }
}

/// A template that stands in the log.
pub(crate) struct Recorded {
    pub(crate) template: CredentialTemplate,
    pub(crate) digest: Digest,
}

impl Badges {
    pub(crate) fn new(context: &Context, addresses: Addresses, suite: EddsaRdfc2022) -> Self {
        let view = context.views.view(catalogue::MODEL);
        Self { context: context.clone(), view, addresses, suite, hot: Cache::new(1_000) }
    }

    /// The model that this reads.
    pub(crate) fn view(&self) -> &View {
        &self.view
    }

    /// The badge, if it can be awarded. One that seems unknown or unpublished may be newer than the
    /// catalogue, which then catches up first.
    pub(crate) async fn ready(&self, tenant: TenantId, badge: BadgeId) -> Outcome<Arc<Ready>> {
        if let Some(ready) = self.look_up(tenant, badge).await? {
            return Ok(ready);
        }
        self.catch_up().await?;
        if let Some(ready) = self.look_up(tenant, badge).await? {
            return Ok(ready);
        }
        if self.view.get(&badge_key(tenant, badge)).await?.is_none() {
            return Err(unknown());
        }
        let message = "this badge is not published yet: publish it first";
        let refusal = Refusal::new("BADGE_NOT_PUBLISHED", message).at("/badgeId");
        Err(Trouble::Refused(Class::Conflict, refusal))
    }

    /// Who issues a badge, published or not; none when it is unknown.
    pub(crate) async fn issuer_of(
        &self,
        tenant: TenantId,
        badge: BadgeId,
    ) -> Outcome<Option<IssuerId>> {
        let row: Option<BadgeRow> = self.view.read(&badge_key(tenant, badge)).await?;
        Ok(row.map(|row| row.issuer))
    }

    /// Waits until the catalogue holds everything that has happened so far.
    pub(crate) async fn catch_up(&self) -> Outcome<()> {
        Ok(call::caught_up(&self.context, &self.view).await?)
    }

    /// The issuer with the key that signs now.
    pub(crate) async fn signing(&self, tenant: TenantId, issuer: IssuerId) -> Outcome<Signing> {
        let row = self.view.get(&issuer_key(tenant, issuer)).await?.ok_or_else(Trouble::missing)?;
        signing(tenant, issuer, &row)
    }

    /// The issuer with that DID, who may be newer than the catalogue.
    pub(crate) async fn issuer_of_did(&self, tenant: TenantId, did: &str) -> Outcome<IssuerId> {
        let key = did_key(tenant, did);
        if let Some(issuer) = self.view.read(&key).await? {
            return Ok(issuer);
        }
        self.catch_up().await?;
        self.view.read(&key).await?.ok_or_else(Trouble::missing)
    }

    async fn look_up(&self, tenant: TenantId, badge: BadgeId) -> Outcome<Option<Arc<Ready>>> {
        if let Some(hot) = self.hot.get(&(tenant, badge)) {
            let keys = [badge_key(tenant, badge), issuer_key(tenant, hot.ready.issuer)];
            let rows = self.view.get_many(&keys).await?;
            let stands = |row: usize, compiled: &[u8]| rows[row].as_deref() == Some(compiled);
            if stands(0, &hot.badge) && stands(1, &hot.issuer) {
                return Ok(Some(Arc::clone(&hot.ready)));
            }
        }
        let Some(badge_bytes) = self.view.get(&badge_key(tenant, badge)).await? else {
            return Ok(None);
        };
        let BadgeRow { issuer, standing } = self.view.decode(&badge_bytes)?;
        let (version, content) = match standing {
            Standing::Draft => return Ok(None),
            Standing::Archived => return Err(archived()),
            Standing::Published { version, content } => (version, content),
        };
        let content: Content = serde_json::from_slice(&content)
            .map_err(|error| Trouble::fault("the catalogue holds a broken badge", &error))?;
        let Some(issuer_bytes) = self.view.get(&issuer_key(tenant, issuer)).await? else {
            return Ok(None);
        };
        let signing = signing(tenant, issuer, &issuer_bytes)?;
        let ready = Arc::new(Ready {
            tenant,
            badge,
            version,
            issuer,
            lane: signing.lane,
            key: signing.key.clone(),
            expires_after_days: content.expires_after_days,
            terms: self.terms(badge, version, content, signing),
            templates: Mutex::default(),
        });
        let hot = Hot { badge: badge_bytes, issuer: issuer_bytes, ready: Arc::clone(&ready) };
        self.hot.insert((tenant, badge), Arc::new(hot));
        Ok(Some(ready))
    }

    fn terms(
        &self,
        badge: BadgeId,
        version: u32,
        content: Content,
        signing: Signing,
    ) -> TemplateTerms {
        let mut issuer = Profile::new(signing.did, signing.profile.name.as_str());
        issuer.url = signing.profile.url;
        issuer.description = signing.profile.description;
        issuer.email = signing.profile.email;
        let id = self.addresses.achievement(badge, version);
        let criteria = Criteria {
            id: content.criteria.url,
            narrative: content.criteria.narrative,
            ..Criteria::default()
        };
        let mut achievement = Achievement::new(id, content.name, content.description, criteria);
        achievement.image = content.artwork.map(|artwork| {
            let mut image = Image::new(self.addresses.artwork(badge, version));
            image.caption = Some(artwork.caption);
            image
        });
        achievement.achievement_type = content.achievement_type.map(|kind| kind.to_string());
        achievement.tag = content.tags;
        achievement.alignment = content.alignments.into_iter().map(alignment).collect();
        TemplateTerms {
            issuer,
            achievement,
            verification_method: signing.verification_method,
            identity_type: "emailAddress".to_owned(),
            status_list: None,
        }
    }

    /// The template of the badge's credentials whose revocation stands in that list; on its first
    /// use it is recorded as a fact, before any award refers to it.
    pub(crate) async fn template(
        &self,
        ready: &Ready,
        list: StatusListId,
    ) -> Outcome<Arc<Recorded>> {
        let known = |ready: &Ready| {
            let templates = ready.templates.lock().unwrap_or_else(PoisonError::into_inner);
            templates.get(&list).cloned()
        };
        if let Some(recorded) = known(ready) {
            return Ok(recorded);
        }
        let status_list = Some(self.addresses.status_list(list));
        let terms = TemplateTerms { status_list, ..ready.terms.clone() };
        let template = CredentialTemplate::for_suite(&terms, suite_of(&ready.key).name())
            .map_err(|error| Trouble::invalid("/badgeId", &error.to_string()))?;
        let at = self.context.stores.clock.now();
        let circumstances = Circumstances {
            issuer: ready.did(),
            status_list: &self.addresses.status_list(list),
            origin: self.addresses.origin(),
            at,
        };
        hygiene::check_template(&self.suite, &template, circumstances)?;
        let digest = Digest::of(template.text().as_bytes());
        let execution = Execution {
            tenant: ready.tenant,
            actor: Actor::system("awarding"),
            command: CommandId::derived(&[b"template", &ready.tenant.bytes(), &digest.0]),
            fingerprint: None,
            causation: None,
            traceparent: runtime::trace::traceparent(),
            at,
        };
        let command = TemplateCommand::Record { text: template.text().to_owned() };
        let events = &*self.context.stores.events;
        eventstore::execute::<Template>(events, &execution, &digest, command).await?;
        let recorded = Arc::new(Recorded { template, digest });
        let mut templates = ready.templates.lock().unwrap_or_else(PoisonError::into_inner);
        templates.insert(list, Arc::clone(&recorded));
        Ok(recorded)
    }
}

fn alignment(typed: design_domain::Alignment) -> Alignment {
    let mut alignment = Alignment::new(typed.target_name, typed.target_url);
    alignment.target_code = typed.target_code;
    alignment.target_framework = typed.target_framework;
    alignment.target_description = typed.target_description;
    alignment
}

fn signing(tenant: TenantId, issuer: IssuerId, row: &[u8]) -> Outcome<Signing> {
    let IssuerRow { did, profile, key } = row::read(catalogue::MODEL, row)?;
    let profile = serde_json::from_slice(&profile)
        .map_err(|error| Trouble::fault("the catalogue holds a broken profile", &error))?;
    let (key, multikey) = key.ok_or_else(Trouble::missing)?;
    let multikey: Multikey = multikey
        .parse()
        .map_err(|error| Trouble::fault("the catalogue holds a broken key", &error))?;
    let verification_method = DidDocument::verification_method_id(&did, &multikey);
    let lane = Lane { tenant, issuer, key };
    Ok(Signing { did, verification_method, lane, key: multikey.into(), profile })
}

pub(crate) fn unknown() -> Trouble {
    let message = "there is no badge with this id: check it";
    Trouble::Refused(Class::Missing, Refusal::new("BADGE_UNKNOWN", message).at("/badgeId"))
}

fn archived() -> Trouble {
    let message = "this badge is archived and awarded no more: choose another";
    Trouble::Refused(Class::Conflict, Refusal::new("BADGE_ARCHIVED", message).at("/badgeId"))
}
