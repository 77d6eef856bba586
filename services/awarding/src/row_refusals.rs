//! Why a row becomes no award: code, column and what to change, nothing of what stands there.

use awarding_domain::RowRefusal;
use kernel::Timestamp;

use crate::{csv_file::CsvRow, terms::Terms};

/// The terms of a row, or what is wrong with it.
pub(crate) fn terms(
    row: &CsvRow<'_>,
    now: Timestamp,
    expires_after_days: Option<u32>,
) -> Result<Terms, RowRefusal> {
    let Some(cells) = row.cells else {
        return Err(RowRefusal {
            code: "ROW_MALFORMED".into(),
            message: "the row has more or fewer cells than the first line: check its delimiters and quotation marks".into(),
            ..RowRefusal::default()
        });
    };
    let evidence: Vec<_> = cells.evidence().into_iter().collect();
    Terms::check(cells.typed, &evidence, now, expires_after_days).map_err(|fault| RowRefusal {
        code: fault.field.code().into(),
        column: Some(fault.field.column().into()),
        message: fault.message,
        ..RowRefusal::default()
    })
}

/// The same person stands further up.
pub(crate) fn duplicate(first: u32) -> RowRefusal {
    RowRefusal {
        code: "DUPLICATE_ROW".into(),
        column: Some("email".into()),
        message: format!("the same address stands in line {first}: remove one of the two rows"),
        details: [("line".to_owned(), first.to_string())].into(),
    }
}

/// The person was erased after the rows were submitted.
pub(crate) fn erased() -> RowRefusal {
    RowRefusal {
        code: "EARNER_ERASED".into(),
        column: Some("email".into()),
        message: "this person was erased after the file was sent: send them anew if they agree"
            .into(),
        ..RowRefusal::default()
    }
}

/// What stands in the way of the award that the row asks for.
pub(crate) fn held(refusal: runtime::Refusal) -> RowRefusal {
    let (code, message, details) = (refusal.code, refusal.message, refusal.details);
    RowRefusal { code, column: Some("email".into()), message, details }
}
