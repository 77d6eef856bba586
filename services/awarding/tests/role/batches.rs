use kernel::Position;
use proto::{
    awarding::v1::{
        BatchStatus, CreateBatchRequest, CreateBatchResponse, GetBatchRequest, ListAwardsRequest,
        ListBatchRowsRequest, ListBatchRowsResponse, RevokeAwardRequest,
    },
    page::v1::PageRequest,
};
use runtime::Refusal;

use crate::world::{World, answer};

impl World {
    pub async fn submit(&self, key: &str, csv: &str) -> Result<CreateBatchResponse, Refusal> {
        let request = CreateBatchRequest {
            idempotency_key: key.into(),
            badge_id: self.badge.to_string(),
            csv: csv.into(),
            notify: false,
        };
        answer(self.client.clone().create_batch(self.call(request)).await)
    }

    pub async fn rows(
        &self,
        batch: &str,
        position: u64,
        rejected_only: bool,
    ) -> ListBatchRowsResponse {
        let page = Some(PageRequest { first: 100, ..PageRequest::default() });
        let request = ListBatchRowsRequest { batch_id: batch.into(), page, rejected_only };
        let mut client = self.client.clone();
        answer(client.list_batch_rows(self.call_at(position, request)).await).unwrap()
    }
}

#[tokio::test]
async fn each_row_gets_its_outcome_and_the_good_ones_go_through() {
    let world = World::new().await;
    world.award(world.award_request("a", "held@example.org", "")).await.unwrap();
    let csv = "\u{feff}Email;Name;achieved_at;evidence_url\r\n\
        ada@example.org;Ada;2026-01-31;https://example.org/a\r\n\
        bob@example.org;Bob\r\n\
        no-address;Nobody;;\r\n\
        ADA@example.org;Ada again;;\r\n\
        held@example.org;Held;;\r\n\
        carl@example.org;Carl;31.1.2026;\r\n\
        dora@example.org;Dora;;javascript:alert(1)\r\n\
        ;Empty;;\r\n\
        用户@例子.广告;用户;;\r\n\
        carl@example.org;Carl;;\r\n";
    let made = world.submit("b", csv).await.unwrap();
    let batch = made.batch.unwrap();
    assert_eq!((batch.rows, batch.status()), (10, BatchStatus::Running));
    let position = world.until("batch-finished.v1", Position::START).await.0;
    let rows = world.rows(&batch.id, position, false).await;
    let outcomes: Vec<(u32, String, String)> = rows
        .rows
        .iter()
        .map(|row| {
            let refusal = row.refusal.clone().unwrap_or_default();
            assert_eq!(row.award_id.is_empty(), row.refusal.is_some());
            (row.line, refusal.code, refusal.path)
        })
        .collect();
    let row = |line: u32, code: &str, path: &str| (line, code.to_owned(), path.to_owned());
    assert_eq!(
        outcomes,
        [
            row(2, "", ""),
            row(3, "ROW_MALFORMED", ""),
            row(4, "RECIPIENT_INVALID", "/email"),
            row(5, "DUPLICATE_ROW", "/email"),
            row(6, "DUPLICATE_AWARD", "/email"),
            row(7, "INVALID_INPUT", "/achieved_at"),
            row(8, "INVALID_INPUT", "/evidence_url"),
            row(9, "RECIPIENT_INVALID", "/email"),
            row(10, "", ""),
            row(11, "", ""),
        ]
    );
    assert_eq!(rows.rows[3].refusal.as_ref().unwrap().details["line"], "2");
    let refused = world.rows(&batch.id, position, true).await;
    assert_eq!((refused.rows.len(), refused.page.clone().unwrap().total), (7, 7));
    let request = GetBatchRequest { batch_id: batch.id.clone() };
    let batch = answer(world.client.clone().get_batch(world.call(request)).await).unwrap();
    let batch = batch.batch.unwrap();
    assert_eq!((batch.awarded, batch.rejected), (3, 7));
    assert_eq!(batch.status(), BatchStatus::Finished);
    assert!(!format!("{refused:?}").contains("no-address"), "no outcome repeats a cell");

    let again = world.submit("b", csv).await.unwrap();
    assert!(again.written.unwrap().replayed);
    assert_eq!(again.batch.unwrap().awarded, 3);
    let other = world.submit("b", "email\nx@example.org\n").await;
    assert_eq!(other.unwrap_err().code, "IDEMPOTENCY_MISMATCH");
}

#[tokio::test]
async fn a_file_with_a_broken_frame_is_refused_at_once() {
    let world = World::new().await;
    let refused = async |csv: &str| world.submit(csv, csv).await.unwrap_err().code;
    assert_eq!(refused("name,x").await, "CSV_COLUMN_UNKNOWN");
    assert_eq!(refused("name").await, "CSV_COLUMN_MISSING");
    let position = world.archive(world.badge).await.0;
    let request = CreateBatchRequest {
        idempotency_key: "late".into(),
        badge_id: world.badge.to_string(),
        csv: "email\nada@example.org\n".into(),
        notify: false,
    };
    let late = answer(world.client.clone().create_batch(world.call_at(position, request)).await);
    assert_eq!(late.unwrap_err().code, "BADGE_ARCHIVED");
}

#[tokio::test]
async fn rows_left_when_the_badge_is_archived_are_refused() {
    let world = World::idle().await;
    let made = world.submit("b", "email\nada@example.org\nbob@example.org\n").await.unwrap();
    world.archive(world.badge).await;
    world.caught_up().await;
    world.start(&world.rig.context.clone());
    let position = world.until("batch-finished.v1", Position::START).await.0;
    let rows = world.rows(&made.batch.unwrap().id, position, true).await;
    assert_eq!(rows.rows.len(), 2);
    assert!(rows.rows.iter().all(|row| row.refusal.as_ref().unwrap().code == "BADGE_ARCHIVED"));
}

#[tokio::test]
async fn nobody_comes_back_by_a_file_that_was_sent_before_their_erasure() {
    let world = World::idle().await;
    let made = world.award(world.award_request("a", "ada@example.org", "Ada")).await.unwrap();
    let award = made.award.unwrap();
    let mut client = world.client.clone();
    let request = RevokeAwardRequest {
        idempotency_key: "r".into(),
        award_id: award.id,
        reason: String::new(),
    };
    answer(client.revoke_award(world.call(request)).await).unwrap();
    let made = world.submit("b", "email\nada@example.org\nbob@example.org\n").await.unwrap();
    let request = proto::awarding::v1::EraseEarnerRequest {
        idempotency_key: "e".into(),
        earner_id: award.earner_id,
    };
    answer(client.erase_earner(world.call(request)).await).unwrap();
    world.start(&world.rig.context.clone());
    let position = world.until("batch-finished.v1", Position::START).await.0;
    let rows = world.rows(&made.batch.unwrap().id, position, false).await.rows;
    assert_eq!(rows[0].refusal.as_ref().unwrap().code, "EARNER_ERASED");
    assert!(rows[1].refusal.is_none());
    let request = ListAwardsRequest::default();
    let list = answer(client.list_awards(world.call(request)).await).unwrap();
    assert_eq!(list.page.unwrap().total, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_sent_while_others_end_are_all_done() {
    let world = World::new().await;
    let submit = async |n: u32| {
        let csv = format!("email\na{n}@example.org\nb{n}@example.org\n");
        world.submit(&n.to_string(), &csv).await.unwrap().batch.unwrap().id
    };
    let mut batches = vec![];
    for n in 0..24 {
        batches.push(submit(n).await);
    }
    let mut position = Position::START;
    for _ in &batches {
        position = world.until("batch-finished.v1", position).await;
    }
    for batch in batches {
        let page = world.rows(&batch, position.0, false).await.page.unwrap();
        assert_eq!(page.total, 2);
    }
}
