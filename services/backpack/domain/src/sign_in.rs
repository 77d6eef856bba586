use awarding_domain::EarnerId;
use kernel::{Aggregate, Class, Id, Kind, Rejection};
use serde::{Deserialize, Serialize};

/// Marks ids of sign-in links.
pub enum SignInKind {}
impl Kind for SignInKind {
    const PREFIX: &'static str = "signin";
}

/// A sign-in link: the id of the token in it.
pub type SignInId = Id<SignInKind>;

/// A link that signs an earner in, once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignIn {
    /// Not used yet, as far as anybody knows: links are not facts until they are used.
    #[default]
    Unused,
    /// Used.
    Redeemed,
}

/// What can be done with a sign-in link.
#[derive(Clone, Copy, Debug)]
pub enum SignInCommand {
    /// Use it up.
    Redeem {
        /// Whom it signs in.
        earner: EarnerId,
    },
}

/// What happened to a sign-in link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum SignInEvent {
    /// It was used.
    #[serde(rename = "earnersignin-redeemed.v1")]
    Redeemed(SignInRedeemed),
}

/// A sign-in link was used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignInRedeemed {
    /// Whom it signed in.
    pub earner: EarnerId,
}

/// Why a sign-in link does not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignInRejection {
    /// It worked before, and works once.
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
    const CATEGORY: &'static str = "earnersignin";
    type Id = SignInId;
    type Command = SignInCommand;
    type Event = SignInEvent;
    type Rejection = SignInRejection;

    fn decide(&self, command: SignInCommand) -> Result<Vec<SignInEvent>, SignInRejection> {
        let SignInCommand::Redeem { earner } = command;
        match self {
            SignIn::Unused => Ok(vec![SignInEvent::Redeemed(SignInRedeemed { earner })]),
            SignIn::Redeemed => Err(SignInRejection::Used),
        }
    }

    fn evolve(self, event: SignInEvent) -> Self {
        match event {
            SignInEvent::Redeemed(_) => SignIn::Redeemed,
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::testing::given;

    use super::*;

    #[test]
    fn a_link_works_once() {
        let earner = EarnerId::derived([7; 16]);
        let redeemed = SignInEvent::Redeemed(SignInRedeemed { earner });
        let redeem = SignInCommand::Redeem { earner };
        assert_eq!(given::<SignIn>([]).decide(redeem), Ok(vec![redeemed.clone()]));
        assert_eq!(given::<SignIn>([redeemed]).decide(redeem), Err(SignInRejection::Used));
    }
}
