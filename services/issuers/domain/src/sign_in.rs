use kernel::{Aggregate, Class, Rejection};
use serde::{Deserialize, Serialize};

use crate::SignInId;

/// One sign-in link: what makes it work once only. Its stream stands in the platform's own space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignIn {
    /// Not used yet.
    #[default]
    Open,
    /// Used.
    Redeemed,
}

/// What can be asked of a sign-in link.
#[derive(Clone, Copy, Debug)]
pub enum SignInCommand {
    /// Uses it up.
    Redeem,
}

/// What can happen to a sign-in link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SignInEvent {
    /// It was used.
    #[serde(rename = "sign-in-redeemed.v1")]
    Redeemed {},
}

/// Why a sign-in link does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignInRejection {
    /// It works once.
    #[error("this sign-in link was used before: ask for a new one")]
    Used,
}

impl Rejection for SignInRejection {
    fn code(&self) -> &'static str {
        "SIGN_IN_LINK_USED"
    }

    fn class(&self) -> Class {
        Class::Conflict
    }
}

impl Aggregate for SignIn {
    const CATEGORY: &'static str = "signin";
    type Id = SignInId;
    type Command = SignInCommand;
    type Event = SignInEvent;
    type Rejection = SignInRejection;

    fn decide(
        &self,
        SignInCommand::Redeem: SignInCommand,
    ) -> Result<Vec<SignInEvent>, SignInRejection> {
        match self {
            SignIn::Open => Ok(vec![SignInEvent::Redeemed {}]),
            SignIn::Redeemed => Err(SignInRejection::Used),
        }
    }

    fn evolve(self, SignInEvent::Redeemed {}: SignInEvent) -> Self {
        SignIn::Redeemed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_works_once() {
        let redeemed = SignInEvent::Redeemed {};
        assert_eq!(SignIn::Open.decide(SignInCommand::Redeem), Ok(vec![redeemed]));
        let used = SignIn::Open.evolve(redeemed).decide(SignInCommand::Redeem);
        assert_eq!(used, Err(SignInRejection::Used));
    }
}
