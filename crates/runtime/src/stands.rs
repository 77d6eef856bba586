use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use readmodel::Standing;

/// The tenants that stand still in policies of this process, each at a fact that cannot be read: for
/// readiness and metrics. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Stands(Arc<Mutex<BTreeMap<&'static str, Vec<Standing>>>>);

impl Stands {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Vec<Standing>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells of a policy for as long as this process runs it.
    #[must_use]
    pub fn told_by(&self, policy: &'static str) -> Told {
        Told { policy, stands: self.clone() }
    }

    /// Of each policy that told.
    #[must_use]
    pub fn all(&self) -> Vec<(&'static str, Vec<Standing>)> {
        self.lock().iter().map(|(policy, standing)| (*policy, standing.clone())).collect()
    }
}

/// What a policy tells; nobody stands still in it any more, as far as this process knows, when this
/// goes.
#[derive(Debug)]
pub struct Told {
    policy: &'static str,
    stands: Stands,
}

impl Told {
    /// These stand still now.
    pub fn stand(&self, standing: Vec<Standing>) {
        self.stands.lock().insert(self.policy, standing);
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.stand(Vec::new());
    }
}
