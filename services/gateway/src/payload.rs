//! What every mutation answers with, and the way from a role's answer to it.

use proto::write::v1::Written;

use crate::{
    call::Call,
    failure::Failure,
    scalar::ConsistencyToken,
    user_error::{Payload, Refused, user_error},
};

/// A mutation that ended well.
pub struct Done<T> {
    /// What it made or changed.
    pub object: Option<T>,
    /// Whether that was there before.
    pub replayed: bool,
    /// Where to read it.
    pub consistency_token: Option<ConsistencyToken>,
}

impl<T> Done<T> {
    /// Done, as the role says.
    pub fn written(call: &Call, object: Option<T>, written: Option<Written>) -> Self {
        let written = written.unwrap_or_default();
        let token = (written.position > 0).then(|| call.consistency_token(written.position));
        Self { object, replayed: written.replayed, consistency_token: token }
    }

    /// The same where it changes an award that the public may be looking at.
    pub fn shown(call: &Call, object: Option<T>, written: Option<Written>) -> Self {
        call.show(written.as_ref().map_or(0, |written| written.position));
        Self::written(call, object, written)
    }

    /// Done, with nothing written.
    pub fn plain(object: T) -> Self {
        Self { object: Some(object), replayed: false, consistency_token: None }
    }
}

/// The payload, or what went wrong outside of the rules.
pub async fn payload<P: Payload>(
    call: &Call,
    client_mutation_id: Option<String>,
    outcome: Result<Done<P::Object>, Refused>,
) -> Result<P, Failure> {
    about(call, client_mutation_id, None, outcome).await
}

/// [`payload`] of a mutation about a badge, by the role's id.
pub async fn about<P: Payload>(
    call: &Call,
    client_mutation_id: Option<String>,
    badge: Option<&str>,
    outcome: Result<Done<P::Object>, Refused>,
) -> Result<P, Failure> {
    match outcome {
        Ok(done) => Ok(P::done(done, client_mutation_id)),
        Err(Refused::Rule(refusal)) => {
            call.count_user_error();
            Ok(P::refused(user_error(call, refusal, badge).await, client_mutation_id))
        }
        Err(Refused::Failure(failure)) => Err(failure),
    }
}

/// Defines a payload and the union of its user errors: the general ones, and those named after
/// `or`. Each stands in one file with its mutation.
macro_rules! payload {
    (
        $(#[doc = $doc:literal])+
        $name:ident, $error:ident { $(#[doc = $object_doc:literal])+ $field:ident: $object:ty }
        $(or $($special:ident),+)?
    ) => {
        #[doc = concat!("Why `", stringify!($name), "` has nothing to show.")]
        #[derive(async_graphql::Union)]
        pub enum $error {
            /// A value is wrong.
            InvalidInput(crate::user_error::InvalidInput),
            /// The caller may not.
            NotPermitted(crate::user_error::NotPermitted),
            /// There is no such thing.
            NotFound(crate::user_error::NotFound),
            /// The key was used for something else.
            IdempotencyConflict(crate::user_error::IdempotencyConflict),
            /// The state forbids it.
            StateConflict(crate::user_error::StateConflict),
            /// A quota or rate was reached.
            LimitReached(crate::user_error::LimitReached),
            $($(
                #[doc = concat!("See `", stringify!($special), "`.")]
                $special(crate::user_error::$special),
            )+)?
        }

        impl From<crate::user_error::UserError> for $error {
            fn from(error: crate::user_error::UserError) -> Self {
                use crate::user_error::General;
                match error {
                    $($(crate::user_error::UserError::$special(e) => Self::$special(e),)+)?
                    other => match other.general() {
                        General::InvalidInput(e) => Self::InvalidInput(e),
                        General::NotPermitted(e) => Self::NotPermitted(e),
                        General::NotFound(e) => Self::NotFound(e),
                        General::IdempotencyConflict(e) => Self::IdempotencyConflict(e),
                        General::StateConflict(e) => Self::StateConflict(e),
                        General::LimitReached(e) => Self::LimitReached(e),
                    },
                }
            }
        }

        $(#[doc = $doc])+
        #[derive(async_graphql::SimpleObject)]
        pub struct $name {
            $(#[doc = $object_doc])+
            ///
            /// Null when there is anything in `userErrors`.
            pub $field: Option<$object>,
            /// Whether this is the stored outcome of an earlier call with the same key, or was so before.
            pub replayed: bool,
            /// Send as `X-Consistency-Token` to see this write in later queries.
            pub consistency_token: Option<crate::scalar::ConsistencyToken>,
            /// Why it was not done; empty when it was.
            pub user_errors: Vec<$error>,
            /// As in the input.
            pub client_mutation_id: Option<String>,
            /// Everything else, as it is after the mutation.
            pub query: crate::schema::Query,
        }

        impl crate::user_error::Payload for $name {
            type Object = $object;

            fn done(
                done: crate::payload::Done<Self::Object>,
                client_mutation_id: Option<String>,
            ) -> Self {
                Self {
                    $field: done.object,
                    replayed: done.replayed,
                    consistency_token: done.consistency_token,
                    user_errors: Vec::new(),
                    client_mutation_id,
                    query: crate::schema::Query::default(),
                }
            }

            fn refused(
                error: crate::user_error::UserError,
                client_mutation_id: Option<String>,
            ) -> Self {
                Self {
                    $field: None,
                    replayed: false,
                    consistency_token: None,
                    user_errors: vec![error.into()],
                    client_mutation_id,
                    query: crate::schema::Query::default(),
                }
            }
        }
    };
}

pub(crate) use payload as payload_type;
