//! Awards: a badge given to a person.

use async_graphql::{Context, Enum, ID, InputObject, Object, OneofObject, SimpleObject};
use proto::awarding::v1 as wire;

use crate::{
    badge::Badge,
    call::{Call, found},
    cost,
    earner::Earner,
    failure::Failure,
    issuer::Issuer,
    node::Type,
    page::{Connection, List, Page, connection},
    payload::{Done, about, payload, payload_type},
    scalar::{DateTime, IdempotencyKey, moment},
    user_error::Refused,
};

/// A badge given to a person, with its signed credential.
#[derive(Clone)]
pub struct Award(pub wire::Award);

/// Where an award stands.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum AwardStatus {
    /// Issued and valid; the earner accepted it.
    Active,
    /// The earner does not want it.
    Declined,
    /// The person was erased.
    Erased,
    /// Its time is over.
    Expired,
    /// Issued and valid; the earner has not answered yet.
    PendingClaim,
    /// Withdrawn by the issuer.
    Revoked,
    /// A status newer than this schema.
    Unknown,
}

impl AwardStatus {
    /// As a role says it.
    pub fn of(status: i32) -> Self {
        match wire::AwardStatus::try_from(status) {
            Ok(wire::AwardStatus::PendingClaim) => Self::PendingClaim,
            Ok(wire::AwardStatus::Active) => Self::Active,
            Ok(wire::AwardStatus::Declined) => Self::Declined,
            Ok(wire::AwardStatus::Revoked) => Self::Revoked,
            Ok(wire::AwardStatus::Expired) => Self::Expired,
            Ok(wire::AwardStatus::Erased) => Self::Erased,
            Ok(wire::AwardStatus::Unspecified) | Err(_) => Self::Unknown,
        }
    }
}

/// How a credential is wanted.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialFormat {
    /// Open Badges 3.0 as JSON-LD with a Data Integrity proof.
    JsonLd,
}

/// A credential exactly as signed.
#[derive(SimpleObject)]
pub struct SignedCredential {
    /// The text; change nothing in it.
    pub document: String,
    /// What the text is.
    pub media_type: String,
}

/// Something that shows that the badge was earned.
#[derive(SimpleObject)]
pub struct Evidence {
    /// A title.
    pub name: String,
    /// Where it can be seen.
    pub url: Option<String>,
    /// What it is.
    pub description: Option<String>,
}

/// Who was awarded, as given when awarding.
#[derive(SimpleObject)]
pub struct Recipient {
    /// The e-mail address.
    pub email: String,
    /// The name as it is to be shown.
    pub name: Option<String>,
}

/// Text that may be empty, as nullable.
pub fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

impl From<wire::Recipient> for Recipient {
    fn from(recipient: wire::Recipient) -> Self {
        Self { email: recipient.email, name: some(&recipient.name) }
    }
}

/// A badge given to a person, with its signed credential.
#[Object]
impl Award {
    /// Opaque and stable.
    pub async fn id(&self, ctx: &Context<'_>) -> ID {
        Call::of(ctx).global(Type::Award, &self.0.id)
    }

    /// What was awarded.
    async fn badge(&self, ctx: &Context<'_>) -> Result<Badge, Failure> {
        let badge = Call::of(ctx).badge(self.0.badge_id.clone()).await?;
        badge.ok_or_else(not_yet)
    }

    /// The version of the badge that was awarded.
    async fn badge_version(&self) -> u32 {
        self.0.badge_version
    }

    /// Who awarded it.
    async fn issuer(&self, ctx: &Context<'_>) -> Result<Issuer, Failure> {
        let issuer = Call::of(ctx).issuer(self.0.issuer_id.clone()).await?;
        issuer.ok_or_else(not_yet)
    }

    /// Who was awarded; null once erased.
    async fn earner(&self, ctx: &Context<'_>) -> Option<Result<Earner, Failure>> {
        Call::of(ctx).earner(self.0.earner_id.clone()).await.transpose()
    }

    /// The recipient's address and name; null without the right to see people, and once erased.
    async fn recipient(&self) -> Option<Recipient> {
        self.0.recipient.clone().map(Recipient::from)
    }

    /// Where it stands now.
    async fn status(&self) -> AwardStatus {
        AwardStatus::of(self.0.status)
    }

    /// When it was achieved.
    async fn achieved_at(&self) -> DateTime {
        DateTime(self.0.achieved_at.clone())
    }

    /// When it was issued.
    async fn issued_at(&self) -> DateTime {
        DateTime(self.0.issued_at.clone())
    }

    /// When it ends; null when it does not.
    async fn expires_at(&self) -> Option<DateTime> {
        DateTime::from_role(self.0.expires_at.clone())
    }

    /// When the earner accepted it.
    async fn claimed_at(&self) -> Option<DateTime> {
        DateTime::from_role(self.0.claimed_at.clone())
    }

    /// When it was revoked.
    async fn revoked_at(&self) -> Option<DateTime> {
        DateTime::from_role(self.0.revoked_at.clone())
    }

    /// Why it was revoked; public.
    async fn revocation_reason(&self) -> Option<String> {
        some(&self.0.revocation_reason)
    }

    /// What shows that it was earned.
    async fn evidence(&self) -> Vec<Evidence> {
        let evidence = self.0.evidence.iter();
        evidence
            .map(|e| Evidence {
                name: e.name.clone(),
                url: some(&e.url),
                description: some(&e.description),
            })
            .collect()
    }

    /// How it was earned, in words.
    async fn narrative(&self) -> Option<String> {
        some(&self.0.narrative)
    }

    /// The credential exactly as signed; null once erased.
    async fn credential(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How it is wanted.", default_with = "CredentialFormat::JsonLd")]
        format: CredentialFormat,
    ) -> Option<Result<SignedCredential, Failure>> {
        let CredentialFormat::JsonLd = format;
        let call = Call::of(ctx);
        let request = call.request(wire::GetAwardRequest { award_id: self.0.id.clone() });
        let bytes = match found(call.awarding().get_award(request).await) {
            Ok(reply) => reply?.credential,
            Err(failure) => return Some(Err(failure)),
        };
        if bytes.is_empty() {
            return None;
        }
        Some(String::from_utf8(bytes).map_err(|_| Failure::internal()).map(|document| {
            SignedCredential { document, media_type: "application/vc+ld+json".to_owned() }
        }))
    }

    /// The page that anyone may see; null once erased.
    async fn public_url(&self, ctx: &Context<'_>) -> Option<String> {
        let shown = AwardStatus::of(self.0.status) != AwardStatus::Erased;
        shown.then(|| Call::of(ctx).public(format_args!("/c/{}", self.0.id)))
    }
}

/// A read model that lags behind what it refers to.
pub fn not_yet() -> Failure {
    tonic::Status::unavailable("what it refers to is not there yet").into()
}

connection!(AwardConnection, AwardEdge, Award);

/// Who is awarded: exactly one of these.
#[derive(OneofObject)]
pub enum RecipientInput {
    /// By e-mail address.
    Email(EmailRecipientInput),
}

/// A person by e-mail address.
#[derive(InputObject)]
pub struct EmailRecipientInput {
    /// The address.
    address: String,
    /// The name as it is to be shown.
    display_name: Option<String>,
}

/// Something that shows that the badge was earned.
#[derive(InputObject)]
pub struct EvidenceInput {
    /// A title.
    name: String,
    /// Where it can be seen.
    url: Option<String>,
    /// What it is.
    description: Option<String>,
}

/// A badge for one person.
#[derive(InputObject)]
pub struct AwardCreateInput {
    /// Required: a network error must never award twice.
    idempotency_key: IdempotencyKey,
    /// Echoed back untouched; only for client-side bookkeeping.
    client_mutation_id: Option<String>,
    /// What is awarded.
    badge_id: ID,
    /// Who is awarded.
    recipient: RecipientInput,
    /// When it was achieved. Defaults to now; may not be in the future.
    achieved_at: Option<DateTime>,
    /// Overrides the badge's default life time.
    expires_at: Option<DateTime>,
    /// What shows that it was earned.
    #[graphql(default)]
    evidence: Vec<EvidenceInput>,
    /// How it was earned, in words.
    narrative: Option<String>,
    /// If false, nothing is e-mailed.
    #[graphql(default = true)]
    notify: bool,
    /// Check everything, sign nothing, store nothing.
    #[graphql(default)]
    validate_only: bool,
}

payload_type! {
    /// What came of `awardCreate`.
    AwardCreatePayload, AwardCreateUserError {
        /// The award; null after `validateOnly`.
        award: Award
    } or BadgeNotIssuable, DuplicateAward
}

/// An end to an award.
#[derive(InputObject)]
pub struct AwardRevokeInput {
    /// One for each thing that is wanted.
    idempotency_key: IdempotencyKey,
    /// Echoed back untouched.
    client_mutation_id: Option<String>,
    /// Which.
    award_id: ID,
    /// Why; public.
    reason: String,
}

payload_type! {
    /// What came of `awardRevoke`.
    AwardRevokePayload, AwardRevokeUserError {
        /// The award, revoked.
        award: Award
    }
}

/// Reads of awards.
#[derive(Default, Clone)]
pub struct AwardQuery;

/// Reads of awards.
#[Object]
impl AwardQuery {
    /// An award of this tenant; null when there is none of that id.
    async fn award(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id.")] id: ID,
    ) -> Option<Result<Award, Failure>> {
        let call = Call::of(ctx);
        match call.argument(Type::Award, &id) {
            Ok(id) => call.award(id).await.transpose(),
            Err(failure) => Some(Err(failure)),
        }
    }

    /// The awards of this tenant, newest first: all, or those of one badge or of one earner.
    #[graphql(directive = cost::listSize::apply(100, 20, vec!["first".into(), "last".into()]))]
    #[expect(clippy::too_many_arguments, reason = "the arguments are the schema's")]
    async fn awards(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only of this badge.")] badge_id: Option<ID>,
        #[graphql(desc = "Only of this earner; not together with `badgeId`.")] earner_id: Option<
            ID,
        >,
        #[graphql(desc = "The first so many, 1 to 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Result<AwardConnection, Failure> {
        let call = Call::of(ctx);
        if badge_id.is_some() && earner_id.is_some() {
            return Err(Failure::argument("badgeId and earnerId cannot be asked together"));
        }
        let badge_id = match &badge_id {
            Some(id) => call.argument(Type::Badge, id)?,
            None => String::new(),
        };
        let earner_id = match &earner_id {
            Some(id) => call.argument(Type::Earner, id)?,
            None => String::new(),
        };
        awards(call, badge_id, earner_id, Page { first, after, last, before }).await
    }
}

/// A page of awards by filter; an empty text filters nothing.
pub async fn awards(
    call: &Call,
    badge_id: String,
    earner_id: String,
    page: Page,
) -> Result<AwardConnection, Failure> {
    let filter = [badge_id.clone(), earner_id.clone()];
    let filter = [filter[0].as_str(), filter[1].as_str()];
    let all = List::new("awards", &filter);
    let page = Some(all.request(call, &page)?);
    let request = call.request(wire::ListAwardsRequest { page, badge_id, earner_id });
    let reply = call.awarding().list_awards(request).await?.into_inner();
    let nodes = reply.awards.into_iter().map(Award).collect();
    Ok(AwardConnection::given(call, &all, nodes, reply.page))
}

/// Writes of awards.
#[derive(Default)]
pub struct AwardMutation;

/// Writes of awards.
#[Object]
impl AwardMutation {
    /// Gives one badge to one person. Safe to retry with the same key.
    #[graphql(directive = cost::cost::apply(10))]
    async fn award_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] mut input: AwardCreateInput,
    ) -> Result<AwardCreatePayload, Failure> {
        let call = Call::of(ctx);
        let client_mutation_id = input.client_mutation_id.take();
        let badge = call.id(Type::Badge, &input.badge_id, "/badgeId");
        let id = badge.as_ref().ok().cloned();
        let outcome = match badge {
            Ok(badge_id) => create(call, badge_id, input).await,
            Err(refused) => Err(refused),
        };
        about(call, client_mutation_id, id.as_deref(), outcome).await
    }

    /// Withdraws an award. The credential then verifies as revoked, with this reason.
    #[graphql(directive = cost::cost::apply(10))]
    async fn award_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: AwardRevokeInput,
    ) -> Result<AwardRevokePayload, Failure> {
        let call = Call::of(ctx);
        let AwardRevokeInput { idempotency_key, client_mutation_id, award_id, reason } = input;
        let outcome = async {
            let request = wire::RevokeAwardRequest {
                idempotency_key: idempotency_key.0,
                award_id: call.id(Type::Award, &award_id, "/awardId")?,
                reason,
            };
            let reply = call.awarding().revoke_award(call.request(request)).await?.into_inner();
            Ok(Done::shown(call, reply.award.map(Award), reply.written))
        };
        payload(call, client_mutation_id, outcome.await).await
    }
}

async fn create(
    call: &Call,
    badge_id: String,
    input: AwardCreateInput,
) -> Result<Done<Award>, Refused> {
    let RecipientInput::Email(EmailRecipientInput { address, display_name }) = input.recipient;
    let name = display_name.unwrap_or_default();
    let evidence = input.evidence.into_iter().map(|e| wire::Evidence {
        name: e.name,
        url: e.url.unwrap_or_default(),
        description: e.description.unwrap_or_default(),
    });
    let request = wire::CreateAwardRequest {
        idempotency_key: input.idempotency_key.0,
        badge_id,
        recipient: Some(wire::Recipient { email: address, name }),
        achieved_at: moment(input.achieved_at),
        expires_at: moment(input.expires_at),
        evidence: evidence.collect(),
        narrative: input.narrative.unwrap_or_default(),
        notify: input.notify,
        validate_only: input.validate_only,
    };
    let reply = call.awarding().create_award(call.request(request)).await?.into_inner();
    Ok(Done::written(call, reply.award.map(Award), reply.written))
}
