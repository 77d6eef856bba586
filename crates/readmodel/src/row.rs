//! Rows as bytes: postcard, which is small and quick to read. [`crate::Rows::read`] and
//! [`crate::View::read`] read them back.

use serde::{Deserialize, Serialize};

use crate::{Change, Key, Model, ReadModelError};

/// Sets a row.
///
/// # Panics
/// Never for plain data; a map of unknown length has no form in postcard.
#[must_use]
pub fn put(key: Key, row: &impl Serialize) -> Change {
    let row = postcard::to_stdvec(row).expect("rows are plain data, which postcard can write");
    Change::Put { key, row }
}

/// Sets a row of an index: it says all in its id.
#[must_use]
pub fn mark(key: Key) -> Change {
    Change::Put { key, row: Vec::new() }
}

/// The row of a model from its bytes.
///
/// # Errors
/// [`ReadModelError::Unreadable`] when they have another shape.
pub fn read<'a, R: Deserialize<'a>>(model: Model, row: &'a [u8]) -> Result<R, ReadModelError> {
    postcard::from_bytes(row).map_err(|_| ReadModelError::Unreadable(model.name))
}

#[cfg(test)]
mod tests {
    use kernel::TenantId;

    use super::*;
    use crate::Rows;

    const MODEL: Model = Model { name: "greetings", version: 1 };

    #[test]
    fn a_row_reads_back_as_it_was_put() {
        let key = Key::new(TenantId::PLATFORM, "row", "a");
        let mut rows = Rows::default();
        rows.apply(&put(key.clone(), &("hello".to_owned(), 7_u32)));
        assert_eq!(rows.read(&key), Some(("hello".to_owned(), 7_u32)));
        let bytes = rows.get(&key).expect("is held");
        assert!(matches!(read(MODEL, bytes), Ok(("hello", 7_u32))));
    }

    #[test]
    fn a_row_of_another_shape_is_none_to_a_projection_and_an_error_to_a_reader() {
        let key = Key::new(TenantId::PLATFORM, "row", "a");
        let mut rows = Rows::default();
        rows.apply(&mark(key.clone()));
        assert_eq!(rows.read::<u32>(&key), None);
        let error = read::<u32>(MODEL, &[]).expect_err("nothing is no number");
        assert!(matches!(error, ReadModelError::Unreadable("greetings")));
    }
}
