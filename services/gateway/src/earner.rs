//! Earners: people as one tenant knows them.

use async_graphql::{Context, ID, InputObject, Object};
use proto::awarding::v1 as wire;

use crate::{
    award::{AwardConnection, Recipient, awards},
    call::{Call, found},
    cost,
    failure::Failure,
    node::Type,
    page::{Connection, List, Page, connection},
    payload::{Done, payload, payload_type},
    scalar::{DateTime, IdempotencyKey},
};

/// A person who was awarded, as one tenant knows them.
#[derive(Clone)]
pub struct Earner(pub wire::Earner);

/// A person who was awarded, as one tenant knows them.
#[Object]
impl Earner {
    /// Opaque and stable; the same address in the same tenant has the same id.
    pub async fn id(&self, ctx: &Context<'_>) -> ID {
        Call::of(ctx).global(Type::Earner, &self.0.id)
    }

    /// Address and name; null once erased.
    async fn recipient(&self) -> Option<Recipient> {
        self.0.recipient.clone().map(Recipient::from)
    }

    /// How many awards the person was given.
    async fn award_count(&self) -> i32 {
        i32::try_from(self.0.awards).unwrap_or(i32::MAX)
    }

    /// When the person was first awarded.
    async fn first_awarded_at(&self) -> Option<DateTime> {
        DateTime::from_role(self.0.first_awarded_at.clone())
    }

    /// When the person was erased; null while not.
    async fn erased_at(&self) -> Option<DateTime> {
        DateTime::from_role(self.0.erased_at.clone())
    }

    /// The person's awards, newest first.
    #[graphql(directive = cost::listSize::apply(100, 20, vec!["first".into(), "last".into()]))]
    async fn awards(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Result<AwardConnection, Failure> {
        let page = Page { first, after, last, before };
        awards(Call::of(ctx), String::new(), self.0.id.clone(), page).await
    }
}

connection!(EarnerConnection, EarnerEdge, Earner);

/// Reads of earners.
#[derive(Default, Clone)]
pub struct EarnerQuery;

/// Reads of earners.
#[Object]
impl EarnerQuery {
    /// A person of this tenant, by id or by address: exactly one of them. Null when there is none.
    async fn earner(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id.")] id: Option<ID>,
        #[graphql(desc = "The address.")] email: Option<String>,
    ) -> Option<Result<Earner, Failure>> {
        let call = Call::of(ctx);
        match (id, email) {
            (Some(id), None) => match call.argument(Type::Earner, &id) {
                Ok(id) => call.earner(id).await.transpose(),
                Err(failure) => Some(Err(failure)),
            },
            (None, Some(email)) => {
                let request = wire::GetEarnerRequest { earner_id: String::new(), email };
                let reply = call.awarding().get_earner(call.request(request)).await;
                let reply = found(reply).transpose()?;
                reply.map(|r| r.earner.map(Earner)).transpose()
            }
            _ => Some(Err(Failure::argument("ask by id or by email: exactly one of them"))),
        }
    }

    /// The people of this tenant, by when they were first awarded, newest first.
    #[graphql(directive = cost::listSize::apply(100, 20, vec!["first".into(), "last".into()]))]
    async fn earners(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Result<EarnerConnection, Failure> {
        let call = Call::of(ctx);
        let all = List::new("earners", &[]);
        let page = Some(all.request(call, &Page { first, after, last, before })?);
        let request = call.request(wire::ListEarnersRequest { page });
        let reply = call.awarding().list_earners(request).await?.into_inner();
        let nodes = reply.earners.into_iter().map(Earner).collect();
        Ok(EarnerConnection::given(call, &all, nodes, reply.page))
    }
}

/// A person to erase.
#[derive(InputObject)]
pub struct EarnerEraseInput {
    /// One for each thing that is wanted.
    idempotency_key: IdempotencyKey,
    /// Echoed back untouched.
    client_mutation_id: Option<String>,
    /// Whom.
    earner_id: ID,
}

payload_type! {
    /// What came of `earnerErase`.
    EarnerErasePayload, EarnerEraseUserError {
        /// The person, erased.
        earner: Earner
    }
}

/// Writes of earners.
#[derive(Default)]
pub struct EarnerMutation;

/// Writes of earners.
#[Object]
impl EarnerMutation {
    /// Destroys what makes a person's data readable, for good. Counts stay.
    #[graphql(directive = cost::cost::apply(10))]
    async fn earner_erase(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: EarnerEraseInput,
    ) -> Result<EarnerErasePayload, Failure> {
        let call = Call::of(ctx);
        let EarnerEraseInput { idempotency_key, client_mutation_id, earner_id } = input;
        let outcome = async {
            let earner_id = call.id(Type::Earner, &earner_id, "/earnerId")?;
            let idempotency_key = idempotency_key.0;
            let request = wire::EraseEarnerRequest { idempotency_key, earner_id };
            let reply = call.awarding().erase_earner(call.request(request)).await?.into_inner();
            Ok(Done::shown(call, reply.earner.map(Earner), reply.written))
        };
        payload(call, client_mutation_id, outcome.await).await
    }
}
