//! What the changes of a batch come to, for one row.

/// What becomes of a row, or of a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect<'a> {
    /// It is set.
    Put(&'a [u8]),
    /// It goes.
    Delete,
    /// What it counts grows, from what is stored.
    Add(i64),
    /// It counts so many, whatever is stored.
    Count(i64),
}

impl Effect<'_> {
    /// This, and then the other.
    pub(crate) fn then(self, next: Self) -> Self {
        match (self, next) {
            (Effect::Add(by), Effect::Add(more)) => Effect::Add(by.saturating_add(more)),
            (Effect::Count(count), Effect::Add(by)) => Effect::Count(count.saturating_add(by)),
            (Effect::Put(row), Effect::Add(by)) => Effect::Count(count(row).saturating_add(by)),
            (Effect::Delete, Effect::Add(by)) => Effect::Count(by),
            (_, next) => next,
        }
    }
}

/// What a counter's row says; a row that is none counts nothing.
pub(crate) fn count(row: &[u8]) -> i64 {
    row.try_into().map_or(0, i64::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn additions_sum_up_and_start_anew_after_a_row_is_set_or_gone() {
        let row = 5_i64.to_be_bytes();
        assert_eq!(Effect::Add(2).then(Effect::Add(3)), Effect::Add(5));
        assert_eq!(Effect::Put(&row).then(Effect::Add(3)), Effect::Count(8));
        assert_eq!(Effect::Delete.then(Effect::Add(3)).then(Effect::Add(1)), Effect::Count(4));
        assert_eq!(Effect::Add(9).then(Effect::Put(b"x")), Effect::Put(b"x"));
    }
}
