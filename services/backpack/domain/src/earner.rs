use awarding_domain::EarnerId;
use kernel::{Aggregate, Class, Rejection, Sealed};
use serde::{Deserialize, Serialize};

/// Somebody who holds awards, from the first sign-in to the erasure, and perhaps back again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Earner {
    /// Never signed in.
    #[default]
    Absent,
    /// Signed in at least once; the address is kept.
    Present,
    /// Asked to be erased; the tenants that hold something are being told.
    Erasing,
    /// Erased everywhere.
    Erased,
}

/// What an earner, or the policy that ends an erasure, can ask for.
#[derive(Clone, Debug)]
pub enum EarnerCommand {
    /// Keep the address of an earner who proved to own it.
    SignIn {
        /// The canonical address, under the earner's own key.
        address: Sealed,
    },
    /// Forget the earner everywhere.
    Erase,
    /// Every tenant that held something has forgotten the earner.
    CompleteErasure,
}

/// What happened to an earner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum EarnerEvent {
    /// Signed in for the first time, or for the first time after an erasure.
    #[serde(rename = "earner-signed-in.v1")]
    SignedIn(AddressSealed),
    /// Asked to be erased.
    #[serde(rename = "earner-erased.v1")]
    Erased(EarnerErased),
    /// The erasure reached every tenant.
    #[serde(rename = "earner-erasure-completed.v1")]
    ErasureCompleted(EarnerErasureCompleted),
}

/// An earner's address was proved and kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AddressSealed {
    /// The canonical address, under the earner's own key.
    pub address: Sealed,
}

/// An earner asked to be erased; the envelope says when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EarnerErased {}

/// Nothing of an earner is left in any tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EarnerErasureCompleted {}

/// Why an earner's command was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EarnerRejection {
    /// What is kept now would be lost in a moment.
    #[error("the erasure of this earner is still under way: sign in again in a few minutes")]
    ErasureUnderWay,
}

impl Rejection for EarnerRejection {
    fn code(&self) -> &'static str {
        "EARNER_ERASED"
    }

    fn class(&self) -> Class {
        Class::Conflict
    }
}

impl Aggregate for Earner {
    const CATEGORY: &'static str = "earner";
    type Id = EarnerId;
    type Command = EarnerCommand;
    type Event = EarnerEvent;
    type Rejection = EarnerRejection;

    fn decide(&self, command: EarnerCommand) -> Result<Vec<EarnerEvent>, EarnerRejection> {
        use EarnerCommand::{CompleteErasure, Erase, SignIn};
        match (self, command) {
            (Earner::Absent | Earner::Erased, SignIn { address }) => {
                Ok(vec![EarnerEvent::SignedIn(AddressSealed { address })])
            }
            (Earner::Erasing, SignIn { .. }) => Err(EarnerRejection::ErasureUnderWay),
            (Earner::Present, Erase) => Ok(vec![EarnerEvent::Erased(EarnerErased {})]),
            (Earner::Erasing, CompleteErasure) => {
                Ok(vec![EarnerEvent::ErasureCompleted(EarnerErasureCompleted {})])
            }
            (Earner::Present, SignIn { .. } | CompleteErasure)
            | (Earner::Absent | Earner::Erasing | Earner::Erased, Erase)
            | (Earner::Absent | Earner::Erased, CompleteErasure) => Ok(Vec::new()),
        }
    }

    fn evolve(self, event: EarnerEvent) -> Self {
        match event {
            EarnerEvent::SignedIn(_) => Earner::Present,
            EarnerEvent::Erased(_) => Earner::Erasing,
            EarnerEvent::ErasureCompleted(_) => Earner::Erased,
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::{Base64, testing::given};

    use super::*;

    fn address() -> Sealed {
        let (nonce, ciphertext) = (Base64(vec![0; 24]), Base64(vec![1; 30]));
        Sealed { subject: "earner_1".into(), key_version: 1, nonce, ciphertext }
    }

    fn sign_in() -> EarnerCommand {
        EarnerCommand::SignIn { address: address() }
    }

    fn signed_in() -> EarnerEvent {
        EarnerEvent::SignedIn(AddressSealed { address: address() })
    }

    fn erased() -> EarnerEvent {
        EarnerEvent::Erased(EarnerErased {})
    }

    fn completed() -> EarnerEvent {
        EarnerEvent::ErasureCompleted(EarnerErasureCompleted {})
    }

    #[test]
    fn only_the_first_sign_in_is_a_fact() {
        assert_eq!(given::<Earner>([]).decide(sign_in()), Ok(vec![signed_in()]));
        assert_eq!(given::<Earner>([signed_in()]).decide(sign_in()), Ok(vec![]));
    }

    #[test]
    fn an_earner_is_erased_once() {
        let present = given::<Earner>([signed_in()]);
        assert_eq!(present.decide(EarnerCommand::Erase), Ok(vec![erased()]));
        let erasing = given::<Earner>([signed_in(), erased()]);
        assert_eq!(erasing.decide(EarnerCommand::Erase), Ok(vec![]));
        assert_eq!(erasing.decide(EarnerCommand::CompleteErasure), Ok(vec![completed()]));
        let gone = given::<Earner>([signed_in(), erased(), completed()]);
        assert_eq!(gone.decide(EarnerCommand::CompleteErasure), Ok(vec![]));
    }

    #[test]
    fn nobody_signs_in_while_being_erased_but_anybody_may_come_back() {
        let erasing = given::<Earner>([signed_in(), erased()]);
        assert_eq!(erasing.decide(sign_in()), Err(EarnerRejection::ErasureUnderWay));
        let gone = given::<Earner>([signed_in(), erased(), completed()]);
        assert_eq!(gone.decide(sign_in()), Ok(vec![signed_in()]));
    }
}
