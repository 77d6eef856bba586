use std::{fmt, str::FromStr, sync::Arc};

use kernel::{Aggregate, TenantId};

/// The name of a stream: `{category}-{tenant}.{id}`, such as
/// `award-tenant_01h4….award_01h4…`. KurrentDB takes the category before the first `-`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId {
    name: Arc<str>,
    tenant: TenantId,
    category: u16,
}

/// The text is no stream name of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a stream name of the form category-tenant.id")]
pub struct InvalidStream;

/// Longest name accepted, in bytes.
const LONGEST: usize = 200;

impl StreamId {
    /// The stream of one aggregate instance.
    #[must_use]
    pub fn of<A: Aggregate>(tenant: TenantId, id: &A::Id) -> Self {
        Self::named(A::CATEGORY, tenant, id)
    }

    /// The stream of that category, tenant and id.
    #[must_use]
    pub fn named(category: &str, tenant: TenantId, id: impl fmt::Display) -> Self {
        let name = format!("{category}-{tenant}.{id}").into();
        Self { name, tenant, category: u16::try_from(category.len()).unwrap_or(u16::MAX) }
    }

    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// What stands before the first `-`.
    #[must_use]
    pub fn category(&self) -> &str {
        self.name.get(..self.category.into()).unwrap_or(&self.name)
    }

    /// Whose stream it is.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// What stands after the tenant.
    #[must_use]
    pub fn id(&self) -> &str {
        self.name.split_once('.').map_or("", |(_, id)| id)
    }
}

impl FromStr for StreamId {
    type Err = InvalidStream;

    fn from_str(name: &str) -> Result<Self, InvalidStream> {
        let (category, rest) = name.split_once('-').ok_or(InvalidStream)?;
        let (tenant, id) = rest.split_once('.').ok_or(InvalidStream)?;
        let well_formed = !category.is_empty()
            && category.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            && !id.is_empty()
            && name.len() <= LONGEST;
        let tenant = tenant.parse().map_err(|_| InvalidStream)?;
        if !well_formed {
            return Err(InvalidStream);
        }
        let category = u16::try_from(category.len()).map_err(|_| InvalidStream)?;
        Ok(Self { name: name.into(), tenant, category })
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Debug for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_into_its_parts() {
        let stream = StreamId::named("award", TenantId::PLATFORM, "a.1-b");
        let read: StreamId = stream.as_str().parse().expect("our own name");
        assert_eq!(read, stream);
        assert_eq!((read.category(), read.id()), ("award", "a.1-b"));
        assert_eq!(read.tenant(), TenantId::PLATFORM);
    }

    #[test]
    fn what_is_no_name_of_ours_is_refused() {
        for name in ["", "award", "award-x.1", "-tenant_00000000000000000000000000.1", "$ce-award"]
        {
            assert_eq!(name.parse::<StreamId>(), Err(InvalidStream), "{name}");
        }
    }
}
