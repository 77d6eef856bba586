use auth::{Permission, Principal};
use awarding_domain::{Batch, BatchCommand, BatchEvent, BatchId, Outcome as RowOutcome};
use eventstore::{Execution, Loaded, load_for};
use kernel::{CommandId, TenantId, Timestamp};
use keyvault::Owner;
use proto::{
    awarding::v1::{
        self as wire, BatchStatus, CreateBatchRequest, CreateBatchResponse, GetBatchRequest,
        GetBatchResponse, ListBatchRowsRequest, ListBatchRowsResponse,
    },
    write::v1::{Refusal, Written},
};
use readmodel::Direction;

use crate::{
    batches::{BatchRow, LINES, REFUSED, batch_key},
    csv_file::CsvFile,
    pages::{List, page},
    rights::{reach, reach_badge},
    role::Awarding,
    trouble::{Outcome, Trouble},
};

/// What the rows of a batch are sealed for.
pub(crate) const ROWS: &str = "batch-rows";
/// Bytes of the file in one fact: sealed and in base64 that stays below a store's limit.
const PIECE: usize = 512 << 10;

/// The key that the rows of a batch are sealed under; destroyed when every row has its outcome.
pub(crate) fn batch_owner(tenant: TenantId, batch: BatchId) -> Owner {
    Owner::new(tenant, batch)
}

impl Awarding {
    /// Takes the rows of a CSV; they are awarded in the background.
    pub(crate) async fn create_batch(
        &self,
        principal: &Principal,
        execution: Execution,
        request: CreateBatchRequest,
    ) -> Outcome<CreateBatchResponse> {
        let tenant = execution.tenant;
        let badge =
            request.badge_id.parse().map_err(|error| Trouble::invalid_id("/badgeId", error))?;
        let name = CommandId::derived(&[b"batch", execution.command.uuid().as_bytes()]);
        let id = BatchId::from_uuid(name.uuid());
        let Loaded { state, done, .. } = load_for::<Batch>(&*self.events, &execution, &id).await?;
        if let Some(position) = done {
            let batch = self.batch_shown(principal, tenant, id, &state).await?;
            let written = Written { position: position.0, replayed: true };
            return Ok(CreateBatchResponse { batch: Some(batch), written: Some(written) });
        }
        let ready = self.ready_for(principal, tenant, badge).await?;
        reach_badge(principal, ready.issuer)?;
        let owner = batch_owner(tenant, id);
        let keys = self.vault.ensure(std::slice::from_ref(&owner)).await?;
        let key = keys.into_iter().next().ok_or_else(Trouble::missing)?;
        let (csv, notify) = (request.csv, request.notify);
        // Up to 8 MiB to parse and seal: not on an async thread.
        let frame = tokio::task::spawn_blocking(move || {
            let rows = CsvFile::parse(&csv)?.len();
            let seal = |piece| key.seal(&owner, ROWS, piece, rand::random());
            Ok::<_, Trouble>((rows, csv.chunks(PIECE).map(seal).collect()))
        });
        let frame = frame.await.map_err(|error| Trouble::fault("a file was not read", &error))?;
        let (rows, csv) = frame?;
        let issuer = ready.issuer;
        let command = BatchCommand::Submit { badge, issuer, rows, notify, csv };
        let done = eventstore::execute::<Batch>(&*self.events, &execution, &id, command).await?;
        let batch = wire::Batch {
            id: id.to_string(),
            badge_id: badge.to_string(),
            status: BatchStatus::Running.into(),
            rows,
            awarded: 0,
            rejected: 0,
            created_at: execution.at.to_string(),
            finished_at: String::new(),
        };
        let written = runtime::command::written(done);
        Ok(CreateBatchResponse { batch: Some(batch), written: Some(written) })
    }

    pub(crate) async fn get_batch(
        &self,
        principal: &Principal,
        request: GetBatchRequest,
    ) -> Outcome<GetBatchResponse> {
        let id = batch_id(&request.batch_id)?;
        let row = self.batch_row(principal, id).await?;
        Ok(GetBatchResponse { batch: Some(shown(id, &row)) })
    }

    pub(crate) async fn list_batch_rows(
        &self,
        principal: &Principal,
        request: ListBatchRowsRequest,
    ) -> Outcome<ListBatchRowsResponse> {
        let id = batch_id(&request.batch_id)?;
        let row = self.batch_row(principal, id).await?;
        let (table, total) = if request.rejected_only {
            (REFUSED, row.refused)
        } else {
            (LINES, row.awarded + row.refused)
        };
        let (prefix, direction) = (id.bytes().to_vec(), Direction::Forward);
        let list = List { tenant: principal.tenant, table, prefix, direction, total: total.into() };
        let (rows, info) = page(&self.batches, list, request.page).await?;
        let rows = rows.iter().map(|(_, row)| Ok(row_shown(self.batches.decode(row)?)));
        let rows = rows.collect::<Outcome<_>>()?;
        Ok(ListBatchRowsResponse { rows, page: Some(info) })
    }

    async fn batch_row(&self, principal: &Principal, id: BatchId) -> Outcome<BatchRow> {
        let row: Option<BatchRow> = self.batches.read(&batch_key(principal.tenant, id)).await?;
        let row = row.ok_or_else(Trouble::missing)?;
        reach(principal, Permission::Read, row.issuer)?;
        Ok(row)
    }

    /// A batch that was submitted before, from its own facts.
    async fn batch_shown(
        &self,
        principal: &Principal,
        tenant: TenantId,
        id: BatchId,
        state: &Batch,
    ) -> Outcome<wire::Batch> {
        let stream = eventstore::StreamId::of::<Batch>(tenant, &id);
        let first = self.events.read(&stream, 0, 1).await?;
        let first = first.first().ok_or_else(Trouble::missing)?;
        let BatchEvent::Submitted(submitted) = first.event()? else {
            return Err(Trouble::missing());
        };
        reach(principal, Permission::AwardBadges, submitted.issuer)?;
        let (tally, status) = match state {
            Batch::Running(running) => (running.tally, BatchStatus::Running),
            Batch::Finished(tally) => (*tally, BatchStatus::Finished),
            Batch::Absent => return Err(Trouble::missing()),
        };
        let row: Option<BatchRow> = self.batches.read(&batch_key(tenant, id)).await?;
        let finished_at = row.and_then(|row| row.finished_at).map(Timestamp::from);
        Ok(wire::Batch {
            id: id.to_string(),
            badge_id: submitted.badge.to_string(),
            status: status.into(),
            rows: tally.rows,
            awarded: tally.awarded,
            rejected: tally.refused,
            created_at: first.envelope()?.at.to_string(),
            finished_at: finished_at.map(|at| at.to_string()).unwrap_or_default(),
        })
    }
}

fn batch_id(text: &str) -> Outcome<BatchId> {
    text.parse().map_err(|error| Trouble::invalid_id("/batchId", error))
}

fn shown(id: BatchId, row: &BatchRow) -> wire::Batch {
    let status = match row.finished_at {
        Some(_) => BatchStatus::Finished,
        None => BatchStatus::Running,
    };
    wire::Batch {
        id: id.to_string(),
        badge_id: row.badge.to_string(),
        status: status.into(),
        rows: row.rows,
        awarded: row.awarded,
        rejected: row.refused,
        created_at: Timestamp::from(row.created_at).to_string(),
        finished_at: row.finished_at.map(|at| Timestamp::from(at).to_string()).unwrap_or_default(),
    }
}

fn row_shown(outcome: RowOutcome) -> wire::BatchRow {
    match outcome {
        RowOutcome::Awarded { line, award } => {
            wire::BatchRow { line, award_id: award.to_string(), refusal: None }
        }
        RowOutcome::Refused { line, refusal } => {
            let refusal = Refusal {
                code: refusal.code,
                message: refusal.message,
                path: refusal.column.map(|column| format!("/{column}")).unwrap_or_default(),
                retryable: false,
                details: refusal.details.into_iter().collect(),
            };
            wire::BatchRow { line, award_id: String::new(), refusal: Some(refusal) }
        }
    }
}
