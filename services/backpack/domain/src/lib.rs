//! What earners are, across all tenants: who signed in, who asked to be erased, which sign-in links
//! were used.
//!
//! Pure: facts in, decisions out. To add an event, add a variant to the aggregate's event enum and
//! a golden file `golden/{type}.json`; the golden test names the ones that are missing.

mod earner;
mod sign_in;

pub use awarding_domain::{EarnerId, EarnerKind};
pub use earner::{
    AddressSealed, Earner, EarnerCommand, EarnerErased, EarnerErasureCompleted, EarnerEvent,
    EarnerRejection,
};
pub use sign_in::{
    SignIn, SignInCommand, SignInEvent, SignInId, SignInKind, SignInRedeemed, SignInRejection,
};
