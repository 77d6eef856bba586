//! Every field of the GraphQL roots, and every type that is a node: who may, and how it is asked.

use super::{
    matrix::Absent,
    who::{
        ADMINS, ANALYSTS, AWARDERS, COLLEAGUES, DESIGNERS, EARNERS, OPERATORS, PUBLIC, WIDE_ADMINS,
        Who,
    },
};

/// A root of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    Query,
    Mutation,
    Subscription,
    /// `Query.node` for a type.
    Node,
}

/// An operation.
pub struct Row {
    /// Where the field stands.
    pub root: Root,
    /// The field, or the type of a node.
    pub field: &'static str,
    /// Who may.
    pub who: Who,
    /// Its arguments, or the input of a mutation but for the idempotency key, as JSON; ids in braces.
    pub arguments: &'static str,
    /// What is asked of the answer.
    pub select: &'static str,
    /// How it answers about what is absent.
    pub absent: Absent,
}

const NULL: Absent = Absent::Nothing;
const NOT_FOUND: Absent = Absent::Code("NOT_FOUND");

const fn query(
    field: &'static str,
    who: Who,
    arguments: &'static str,
    select: &'static str,
) -> Row {
    Row { root: Root::Query, field, who, arguments, select, absent: NULL }
}

const fn mutation(field: &'static str, who: Who, arguments: &'static str) -> Row {
    Row { root: Root::Mutation, field, who, arguments, select: "", absent: NOT_FOUND }
}

const fn node(field: &'static str, arguments: &'static str) -> Row {
    let select = "{ __typename id }";
    Row { root: Root::Node, field, who: COLLEAGUES, arguments, select, absent: NULL }
}

impl Row {
    const fn unknown(self) -> Self {
        Row { absent: Absent::Code("BADGE_UNKNOWN"), ..self }
    }
}

const EDGES: &str = "{ edges { cursor node { id } } }";
const CONTENT: &str = "{ id }";

/// The operations.
pub const ROWS: &[Row] = &[
    query("node", COLLEAGUES, r#"{"id": "{award}"}"#, "{ __typename id }"),
    query("nodes", COLLEAGUES, r#"{"ids": ["{award}"]}"#, "{ __typename id }"),
    query("viewer", PUBLIC, "{}", "{ kind }"),
    query("rateLimit", PUBLIC, "{}", "{ limit }"),
    query("verify", PUBLIC, r#"{"input": {"content": "{}"}}"#, "{ outcome }"),
    query("organization", COLLEAGUES, "{}", CONTENT),
    query("tenant", COLLEAGUES, r#"{"id": "{tenant}"}"#, CONTENT),
    query("tenants", COLLEAGUES, "{}", EDGES),
    query("issuer", COLLEAGUES, r#"{"id": "{issuer}"}"#, CONTENT),
    query("issuers", COLLEAGUES, "{}", EDGES),
    query("members", COLLEAGUES, "{}", EDGES),
    query("apiClients", COLLEAGUES, "{}", EDGES),
    query("badge", COLLEAGUES, r#"{"id": "{badge}"}"#, CONTENT),
    query("badges", COLLEAGUES, "{}", EDGES),
    query("award", COLLEAGUES, r#"{"id": "{award}"}"#, CONTENT),
    query("awards", COLLEAGUES, r#"{"badgeId": "{badge}"}"#, EDGES),
    query("awards", COLLEAGUES, r#"{"earnerId": "{person}"}"#, EDGES),
    query(
        "awardBatch",
        COLLEAGUES,
        r#"{"id": "{batch}"}"#,
        "{ id rows { edges { node { line } } } }",
    ),
    query("earner", COLLEAGUES, r#"{"id": "{person}"}"#, CONTENT),
    query("earners", COLLEAGUES, "{}", EDGES),
    query(
        "activity",
        ANALYSTS,
        r#"{"badgeId": "{badge}", "from": "2026-01-01", "to": "2026-12-31"}"#,
        "{ totals { issued viewed } }",
    ),
    query("backpack", EARNERS, "{}", "{ holdings { edges { node { awardId } } } }"),
    mutation(
        "organizationCreate",
        OPERATORS,
        r#"{"name": "Another", "ownerEmail": "first@walls.example"}"#,
    ),
    mutation("tenantCreate", WIDE_ADMINS, r#"{"name": "Another"}"#),
    mutation("tenantEnter", COLLEAGUES, r#"{"tenantId": "{tenant}"}"#),
    mutation("issuerCreate", ADMINS, r#"{"name": "Another"}"#),
    mutation("issuerUpdate", ADMINS, r#"{"issuerId": "{issuer}", "name": "Renamed"}"#),
    mutation("signingKeyRotate", ADMINS, r#"{"issuerId": "{issuer}"}"#),
    mutation(
        "signingKeyRevoke",
        ADMINS,
        r#"{"issuerId": "{issuer}", "keyId": "{signing-key}", "compromisedSince": "2024-05-05T10:00:00Z"}"#,
    ),
    mutation(
        "memberInvite",
        ADMINS,
        r#"{"email": "asked@walls.example", "grants": [{"role": "VIEWER", "tenantId": "{tenant}"}]}"#,
    ),
    mutation(
        "memberChange",
        ADMINS,
        r#"{"memberId": "{member}", "grants": [{"role": "VIEWER", "tenantId": "{tenant}"}]}"#,
    ),
    mutation("memberRemove", ADMINS, r#"{"memberId": "{member}"}"#),
    mutation(
        "apiClientCreate",
        ADMINS,
        r#"{"name": "Another", "grants": [{"role": "VIEWER", "tenantId": "{tenant}"}]}"#,
    ),
    mutation("apiClientRevoke", ADMINS, r#"{"apiClientId": "{client}"}"#),
    mutation("artworkUploadCreate", DESIGNERS, "{}"),
    mutation(
        "badgeCreate",
        DESIGNERS,
        r#"{"issuerId": "{issuer}", "content": {"name": "Wall", "description": "A wall.", "criteriaNarrative": "Built it.", "artworkId": "{artwork}", "artworkCaption": "A wall"}}"#,
    ),
    mutation(
        "badgeUpdate",
        DESIGNERS,
        r#"{"badgeId": "{draft}", "content": {"name": "Wall", "description": "A wall.", "criteriaNarrative": "Built it.", "artworkId": "{artwork}", "artworkCaption": "A wall"}}"#,
    ),
    mutation("badgePublish", DESIGNERS, r#"{"badgeId": "{draft}"}"#),
    mutation("badgeArchive", DESIGNERS, r#"{"badgeId": "{badge}"}"#),
    mutation(
        "awardCreate",
        AWARDERS,
        r#"{"badgeId": "{badge}", "recipient": {"email": {"address": "new@walls.example"}}}"#,
    )
    .unknown(),
    mutation("awardRevoke", AWARDERS, r#"{"awardId": "{award}", "reason": "a mistake"}"#),
    mutation(
        "awardBatchCreate",
        AWARDERS,
        r#"{"badgeId": "{badge}", "csv": "email,name\nrow@walls.example,Row\n"}"#,
    )
    .unknown(),
    mutation("awardBatchCreate", AWARDERS, r#"{"badgeId": "{badge}"}"#),
    mutation("earnerErase", ADMINS, r#"{"earnerId": "{person}"}"#),
    mutation("awardAccept", EARNERS, r#"{"awardId": "{award}"}"#),
    mutation("awardDecline", EARNERS, r#"{"awardId": "{award}"}"#),
    mutation("backpackErase", EARNERS, "{}"),
    mutation(
        "signInLinkCreate",
        PUBLIC,
        r#"{"email": "reader@walls.example", "audience": "EARNER"}"#,
    ),
    mutation("signInLinkRedeem", PUBLIC, r#"{"token": "{secret}", "audience": "EARNER"}"#),
    Row {
        root: Root::Subscription,
        field: "awardEvents",
        who: COLLEAGUES,
        arguments: r#"{"badgeId": "{badge}"}"#,
        select: "{ id cursor }",
        absent: NULL,
    },
    node("Organization", r#"{"id": "{organization}"}"#),
    node("Tenant", r#"{"id": "{tenant}"}"#),
    node("Issuer", r#"{"id": "{issuer}"}"#),
    node("Member", r#"{"id": "{member}"}"#),
    node("ApiClient", r#"{"id": "{client}"}"#),
    node("Badge", r#"{"id": "{badge}"}"#),
    node("Award", r#"{"id": "{award}"}"#),
    node("AwardBatch", r#"{"id": "{batch}"}"#),
    node("Earner", r#"{"id": "{person}"}"#),
];
