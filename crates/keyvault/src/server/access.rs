use std::{fmt, sync::Arc};

use tonic::Extensions;

/// What a caller wants of the vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// Keys of owners, made where there are none.
    Ensure,
    /// The key that sealed something.
    Key,
    /// An end of an owner's keys.
    Destroy,
    /// What follows from a tenant's key.
    Secret,
    /// To keep a secret of a tenant.
    Put,
    /// A secret of a tenant.
    Get,
    /// To be told of destructions; whoever may have keys should be told.
    Watch,
}

type Admits = dyn Fn(&Extensions, Call) -> bool + Send + Sync;

/// Who may do what, by the extensions of the request.
#[derive(Clone)]
pub(super) struct Access(Arc<Admits>);

impl Access {
    pub(super) fn nobody() -> Self {
        Self::new(|_, _| false)
    }

    pub(super) fn new(admits: impl Fn(&Extensions, Call) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(admits))
    }

    pub(super) fn admits(&self, extensions: &Extensions, call: Call) -> bool {
        (self.0)(extensions, call)
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Access(…)")
    }
}
