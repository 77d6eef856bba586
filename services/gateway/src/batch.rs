//! Batches: many awards from one CSV.

use async_graphql::{Context, Enum, ID, InputObject, Object};
use proto::awarding::v1 as wire;
use runtime::Refusal;

use crate::{
    award::{Award, not_yet, some},
    badge::Badge,
    call::{Call, found},
    cost,
    failure::Failure,
    node::Type,
    page::{Connection, List, Page, connection},
    payload::{Done, about, payload_type},
    scalar::{DateTime, IdempotencyKey},
    upload::{Upload, UploadPurpose},
    user_error::{Refused, UserError, user_error},
};

/// Many awards of one badge from one CSV, awarded row by row.
#[derive(Clone)]
pub struct AwardBatch(pub wire::Batch);

/// Where a batch stands.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum AwardBatchStatus {
    /// Every row has its outcome.
    Finished,
    /// Rows are still being awarded.
    Running,
    /// A status newer than this schema.
    Unknown,
}

/// Many awards of one badge from one CSV, awarded row by row.
#[Object]
impl AwardBatch {
    /// Opaque and stable.
    pub async fn id(&self, ctx: &Context<'_>) -> ID {
        Call::of(ctx).global(Type::AwardBatch, &self.0.id)
    }

    /// What is awarded.
    async fn badge(&self, ctx: &Context<'_>) -> Result<Badge, Failure> {
        let badge = Call::of(ctx).badge(self.0.badge_id.clone()).await?;
        badge.ok_or_else(not_yet)
    }

    /// Where it stands.
    async fn status(&self) -> AwardBatchStatus {
        match wire::BatchStatus::try_from(self.0.status) {
            Ok(wire::BatchStatus::Running) => AwardBatchStatus::Running,
            Ok(wire::BatchStatus::Finished) => AwardBatchStatus::Finished,
            Ok(wire::BatchStatus::Unspecified) | Err(_) => AwardBatchStatus::Unknown,
        }
    }

    /// Data rows of the CSV.
    async fn row_count(&self) -> u32 {
        self.0.rows
    }

    /// Rows that became awards so far.
    async fn awarded_count(&self) -> u32 {
        self.0.awarded
    }

    /// Rows that were rejected so far.
    async fn rejected_count(&self) -> u32 {
        self.0.rejected
    }

    /// When the rows were taken.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at.clone())
    }

    /// When the last row had its outcome.
    async fn finished_at(&self) -> Option<DateTime> {
        DateTime::from_role(self.0.finished_at.clone())
    }

    /// What became of each row, in the order of the CSV.
    #[graphql(directive = cost::listSize::apply(100, 20, vec!["first".into(), "last".into()]))]
    async fn rows(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those rejected.", default)] rejected_only: bool,
        #[graphql(desc = "The first so many, 1 to 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Result<AwardBatchRowConnection, Failure> {
        let call = Call::of(ctx);
        let batch_id = self.0.id.clone();
        let filter = [self.0.id.as_str(), if rejected_only { "rejected" } else { "all" }];
        let all = List::new("rows", &filter);
        let page = Some(all.request(call, &Page { first, after, last, before })?);
        let request = wire::ListBatchRowsRequest { batch_id, page, rejected_only };
        let reply = call.awarding().list_batch_rows(call.request(request)).await?.into_inner();
        let nodes = reply.rows.into_iter().map(AwardBatchRow).collect();
        Ok(AwardBatchRowConnection::given(call, &all, nodes, reply.page))
    }
}

/// What became of one row.
#[derive(Clone)]
pub struct AwardBatchRow(wire::BatchRow);

/// What became of one row.
#[Object]
impl AwardBatchRow {
    /// Line of the CSV, the header being line 1.
    async fn line(&self) -> u32 {
        self.0.line
    }

    /// The award; null when the row was rejected or still waits.
    async fn award(&self, ctx: &Context<'_>) -> Option<Result<Award, Failure>> {
        let id = some(&self.0.award_id)?;
        Call::of(ctx).award(id).await.transpose()
    }

    /// Why the row was rejected, and the column to change. Never repeats what stood in the row.
    async fn error(&self, ctx: &Context<'_>) -> Option<UserError> {
        let refusal = self.0.refusal.clone()?;
        let refusal = Refusal {
            code: refusal.code,
            message: refusal.message,
            path: some(&refusal.path),
            retryable: refusal.retryable,
            details: refusal.details.into_iter().collect(),
        };
        Some(user_error(Call::of(ctx), refusal, None).await)
    }
}

connection!(AwardBatchRowConnection, AwardBatchRowEdge, AwardBatchRow);

impl Call {
    /// A batch by the role's id.
    pub async fn award_batch(&self, batch_id: String) -> Result<Option<AwardBatch>, Failure> {
        let request = self.request(wire::GetBatchRequest { batch_id });
        let reply = found(self.awarding().get_batch(request).await)?;
        Ok(reply.and_then(|r| r.batch).map(AwardBatch))
    }
}

/// Reads of batches.
#[derive(Default, Clone)]
pub struct AwardBatchQuery;

/// Reads of batches.
#[Object]
impl AwardBatchQuery {
    /// A batch of this tenant; null when there is none of that id.
    async fn award_batch(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id.")] id: ID,
    ) -> Option<Result<AwardBatch, Failure>> {
        let call = Call::of(ctx);
        match call.argument(Type::AwardBatch, &id) {
            Ok(id) => call.award_batch(id).await.transpose(),
            Err(failure) => Some(Err(failure)),
        }
    }
}

/// A badge for many people.
#[derive(InputObject)]
pub struct AwardBatchCreateInput {
    /// Required: a network error must never award twice.
    idempotency_key: IdempotencyKey,
    /// Echoed back untouched.
    client_mutation_id: Option<String>,
    /// What is awarded.
    badge_id: ID,
    /// The rows as CSV; leave it out to get an `uploadUrl` for up to 8 MiB.
    ///
    /// A header line with at least `email`; also `name`, `achieved_at`, `expires_at`, `narrative`,
    /// `evidence_url`.
    csv: Option<String>,
    /// If false, nothing is e-mailed.
    #[graphql(default = true)]
    notify: bool,
}

/// A batch that was begun, or the place to send its rows to.
#[derive(async_graphql::SimpleObject)]
pub struct AwardBatchStart {
    /// The batch; null when the rows are still to be uploaded.
    #[graphql(directive = cost::cost::apply(0))]
    pub batch: Option<AwardBatch>,
    /// Where to send the rows; null when they came with the mutation.
    #[graphql(directive = cost::cost::apply(0))]
    pub upload: Option<Upload>,
}

payload_type! {
    /// What came of `awardBatchCreate`.
    AwardBatchCreatePayload, AwardBatchCreateUserError {
        /// The batch, or the place to send its rows to.
        start: AwardBatchStart
    } or BadgeNotIssuable
}

/// Writes of batches.
#[derive(Default)]
pub struct AwardBatchMutation;

/// Writes of batches.
#[Object]
impl AwardBatchMutation {
    /// Gives a badge to up to 20,000 people. Returns at once; follow the batch. Good rows go through, each bad one says what to change.
    #[graphql(directive = cost::cost::apply(50))]
    async fn award_batch_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: AwardBatchCreateInput,
    ) -> Result<AwardBatchCreatePayload, Failure> {
        let call = Call::of(ctx);
        let AwardBatchCreateInput { idempotency_key, client_mutation_id, badge_id, csv, notify } =
            input;
        let badge = call.id(Type::Badge, &badge_id, "/badgeId");
        let id = badge.as_ref().ok().cloned();
        let outcome = async {
            let badge_id = badge?;
            let key = idempotency_key.0;
            let Some(csv) = csv else {
                let purpose =
                    UploadPurpose::AwardCsv { badge: badge_id.clone(), notify, key: key.clone() };
                let upload = Upload::new(ctx, purpose, &key)?;
                // Rows for a badge that is not there are refused before they are sent.
                if call.badge(badge_id).await?.is_none() {
                    return Err(runtime::status::missing().into());
                }
                return Ok(Done::plain(AwardBatchStart { batch: None, upload: Some(upload) }));
            };
            let csv = csv.into_bytes();
            let request = wire::CreateBatchRequest { idempotency_key: key, badge_id, csv, notify };
            let reply = call.awarding().create_batch(call.request(request)).await?.into_inner();
            let batch = reply.batch.map(AwardBatch);
            let start = AwardBatchStart { batch, upload: None };
            Ok::<_, Refused>(Done::written(call, Some(start), reply.written))
        };
        let outcome = outcome.await;
        about(call, client_mutation_id, id.as_deref(), outcome).await
    }
}
