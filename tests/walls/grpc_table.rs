//! Every method of every role: who may call it, what it names, and how it is called.

use prost::Message;
use proto::{
    analytics::v1 as analytics, awarding::v1 as awarding, backpack::v1 as backpack,
    design::v1 as design, issuers::v1 as issuers,
};

use super::{
    ids::{
        Ids,
        Thing::{
            self, Artwork, Award, Badge, Batch, Client, Draft, Issuer, Key, List, Member, Person,
            Tenant,
        },
    },
    matrix::Absent,
    who::{
        ADMINS, ANALYSTS, AWARDERS, COLLEAGUES, DESIGNERS, EARNERS, OPERATORS, PUBLIC, SERVICES,
        WIDE_ADMINS, Who,
    },
    world,
};

/// A method.
pub struct Row {
    /// Such as `Issuers/GetIssuer`.
    pub method: &'static str,
    /// Who may.
    pub who: Who,
    /// What it names.
    pub names: &'static [Thing],
    /// How it answers about what is absent.
    pub absent: Absent,
    /// Why the least who may is refused here all the same: the code.
    pub refused: Option<&'static str>,
    /// Its message.
    pub message: fn(&Ids) -> Vec<u8>,
}

const fn row(
    method: &'static str,
    who: Who,
    names: &'static [Thing],
    message: fn(&Ids) -> Vec<u8>,
) -> Row {
    Row { method, who, names, absent: Absent::Code("NOT_FOUND"), refused: None, message }
}

impl Row {
    const fn absent(self, absent: Absent) -> Self {
        Row { absent, ..self }
    }
}

fn at_tenant(ids: &Ids) -> Vec<issuers::Grant> {
    vec![issuers::Grant {
        role: issuers::Role::Viewer.into(),
        tenant_id: ids.get(Tenant),
        issuer_id: String::new(),
    }]
}

fn key(ids: &Ids) -> String {
    ids.key.clone()
}

macro_rules! message {
    ($ids:ident => $message:expr) => {
        |$ids: &Ids| $message.encode_to_vec()
    };
}

/// The methods.
pub const ROWS: &[Row] = &[
    row(
        "Issuers/CreateOrganization",
        OPERATORS,
        &[],
        message!(ids => issuers::CreateOrganizationRequest {
            idempotency_key: key(ids), name: "Another".into(), owner_email: "first@walls.example".into(),
        }),
    ),
    row(
        "Issuers/GetOrganization",
        COLLEAGUES,
        &[],
        message!(_ids => issuers::GetOrganizationRequest {}),
    ),
    row(
        "Issuers/CreateTenant",
        WIDE_ADMINS,
        &[],
        message!(ids => issuers::CreateTenantRequest {
            idempotency_key: key(ids), name: "Another".into(),
        }),
    ),
    row(
        "Issuers/GetTenant",
        COLLEAGUES,
        &[Tenant],
        message!(ids => issuers::GetTenantRequest { tenant_id: ids.get(Tenant) }),
    ),
    row(
        "Issuers/ListTenants",
        COLLEAGUES,
        &[],
        message!(_ids => issuers::ListTenantsRequest { page: None }),
    ),
    row(
        "Issuers/CreateIssuer",
        ADMINS,
        &[],
        message!(ids => issuers::CreateIssuerRequest {
            idempotency_key: key(ids), name: "Another".into(), ..Default::default()
        }),
    ),
    row(
        "Issuers/UpdateIssuer",
        ADMINS,
        &[Issuer],
        message!(ids => issuers::UpdateIssuerRequest {
            idempotency_key: key(ids), issuer_id: ids.get(Issuer), name: "Renamed".into(), ..Default::default()
        }),
    ),
    row(
        "Issuers/GetIssuer",
        COLLEAGUES,
        &[Issuer],
        message!(ids => issuers::GetIssuerRequest { issuer_id: ids.get(Issuer) }),
    ),
    row(
        "Issuers/ListIssuers",
        COLLEAGUES,
        &[],
        message!(_ids => issuers::ListIssuersRequest { page: None }),
    ),
    row(
        "Issuers/GetPublicIssuer",
        PUBLIC,
        &[Issuer],
        message!(ids => issuers::GetPublicIssuerRequest { issuer_id: ids.get(Issuer) }),
    ),
    row(
        "Issuers/RotateSigningKey",
        ADMINS,
        &[Issuer],
        message!(ids => issuers::RotateSigningKeyRequest {
            idempotency_key: key(ids), issuer_id: ids.get(Issuer), ..Default::default()
        }),
    ),
    row(
        "Issuers/RevokeSigningKey",
        ADMINS,
        &[Issuer, Key],
        message!(ids => issuers::RevokeSigningKeyRequest {
            idempotency_key: key(ids), issuer_id: ids.get(Issuer), key_id: ids.get(Key),
            compromised_since: "2024-05-05T10:00:00Z".into(), reason: String::new(),
        }),
    ),
    row(
        "Issuers/Sign",
        SERVICES,
        &[Issuer, Key],
        message!(ids => issuers::SignRequest {
            issuer_id: ids.get(Issuer), key_id: ids.get(Key), payloads: vec![vec![1]],
        }),
    ),
    row(
        "Issuers/InviteMember",
        ADMINS,
        &[Tenant],
        message!(ids => issuers::InviteMemberRequest {
            idempotency_key: key(ids), email: "invited@walls.example".into(), grants: at_tenant(ids),
        }),
    ),
    row(
        "Issuers/ChangeMember",
        ADMINS,
        &[Member, Tenant],
        message!(ids => issuers::ChangeMemberRequest {
            idempotency_key: key(ids), member_id: ids.get(Member), grants: at_tenant(ids),
        }),
    ),
    row(
        "Issuers/RemoveMember",
        ADMINS,
        &[Member],
        message!(ids => issuers::RemoveMemberRequest {
            idempotency_key: key(ids), member_id: ids.get(Member),
        }),
    ),
    row(
        "Issuers/GetMember",
        COLLEAGUES,
        &[Member],
        message!(ids => issuers::GetMemberRequest { member_id: ids.get(Member) }),
    ),
    row(
        "Issuers/ListMembers",
        COLLEAGUES,
        &[],
        message!(_ids => issuers::ListMembersRequest { page: None }),
    ),
    row(
        "Issuers/CreateClient",
        ADMINS,
        &[Tenant],
        message!(ids => issuers::CreateClientRequest {
            idempotency_key: key(ids), name: "Another".into(), grants: at_tenant(ids),
        }),
    ),
    row(
        "Issuers/RevokeClient",
        ADMINS,
        &[Client],
        message!(ids => issuers::RevokeClientRequest {
            idempotency_key: key(ids), client_id: ids.get(Client),
        }),
    ),
    row(
        "Issuers/GetClient",
        COLLEAGUES,
        &[Client],
        message!(ids => issuers::GetClientRequest { client_id: ids.get(Client) }),
    ),
    row(
        "Issuers/ListClients",
        COLLEAGUES,
        &[],
        message!(_ids => issuers::ListClientsRequest { page: None }),
    ),
    row(
        "Issuers/AuthenticateClient",
        PUBLIC,
        &[Client],
        message!(ids => issuers::AuthenticateClientRequest {
            client_id: ids.get(Client), secret: ids.secret.clone(),
        }),
    )
    .absent(Absent::Code("UNAUTHENTICATED")),
    row(
        "Issuers/RequestMemberSignIn",
        PUBLIC,
        &[],
        message!(_ids => issuers::RequestMemberSignInRequest { email: "owner@walls.example".into() }),
    ),
    row(
        "Issuers/RedeemMemberSignIn",
        PUBLIC,
        &[],
        message!(ids => issuers::RedeemMemberSignInRequest { token: ids.secret.clone() }),
    ),
    // No provider is configured here, so nobody's token is accepted.
    Row {
        refused: Some("UNAUTHENTICATED"),
        ..row(
            "Issuers/ExchangeIdToken",
            PUBLIC,
            &[],
            message!(_ids => issuers::ExchangeIdTokenRequest { id_token: "a.b.c".into() }),
        )
    },
    row(
        "Issuers/EnterTenant",
        COLLEAGUES,
        &[Tenant],
        message!(ids => issuers::EnterTenantRequest { tenant_id: ids.get(Tenant) }),
    ),
    row(
        "Design/StoreArtwork",
        DESIGNERS,
        &[],
        message!(_ids => design::StoreArtworkRequest {
            content: world::picture("another"), media_type: "image/svg+xml".into(),
        }),
    ),
    row(
        "Design/CreateBadge",
        DESIGNERS,
        &[Issuer, Artwork],
        message!(ids => design::CreateBadgeRequest {
            idempotency_key: key(ids), issuer_id: ids.get(Issuer), content: Some(world::content(&ids.get(Artwork))),
        }),
    ),
    row(
        "Design/UpdateBadge",
        DESIGNERS,
        &[Draft, Artwork],
        message!(ids => design::UpdateBadgeRequest {
            idempotency_key: key(ids), badge_id: ids.get(Draft), content: Some(world::content(&ids.get(Artwork))),
        }),
    ),
    row(
        "Design/PublishBadge",
        DESIGNERS,
        &[Draft],
        message!(ids => design::PublishBadgeRequest {
            idempotency_key: key(ids), badge_id: ids.get(Draft),
        }),
    ),
    row(
        "Design/ArchiveBadge",
        DESIGNERS,
        &[Badge],
        message!(ids => design::ArchiveBadgeRequest {
            idempotency_key: key(ids), badge_id: ids.get(Badge),
        }),
    ),
    row(
        "Design/GetBadge",
        COLLEAGUES,
        &[Badge],
        message!(ids => design::GetBadgeRequest { badge_id: ids.get(Badge) }),
    ),
    row(
        "Design/ListBadges",
        COLLEAGUES,
        &[],
        message!(_ids => design::ListBadgesRequest::default()),
    ),
    row(
        "Design/GetPublicBadge",
        PUBLIC,
        &[Badge],
        message!(ids => design::GetPublicBadgeRequest { badge_id: ids.get(Badge), version: 1 }),
    ),
    row(
        "Design/GetPublicArtwork",
        PUBLIC,
        &[Badge],
        message!(ids => design::GetPublicArtworkRequest {
            badge_id: ids.get(Badge), version: 1, media_type: "image/png".into(),
        }),
    ),
    row(
        "Awarding/CreateAward",
        AWARDERS.or_services(),
        &[Badge],
        message!(ids => awarding::CreateAwardRequest {
            idempotency_key: key(ids), badge_id: ids.get(Badge),
            recipient: Some(awarding::Recipient { email: "new@walls.example".into(), name: "New".into() }),
            ..Default::default()
        }),
    ).absent(Absent::Code("BADGE_UNKNOWN")),
    row(
        "Awarding/RevokeAward",
        AWARDERS.or_services(),
        &[Award],
        message!(ids => awarding::RevokeAwardRequest {
            idempotency_key: key(ids), award_id: ids.get(Award), reason: "a mistake".into(),
        }),
    ),
    row(
        "Awarding/GetAward",
        COLLEAGUES.or_services(),
        &[Award],
        message!(ids => awarding::GetAwardRequest { award_id: ids.get(Award) }),
    ),
    row(
        "Awarding/GetAwards",
        COLLEAGUES.or_services(),
        &[Award],
        message!(ids => awarding::GetAwardsRequest { award_ids: vec![ids.get(Award)] }),
    )
    .absent(Absent::Nothing),
    row(
        "Awarding/ListAwards",
        COLLEAGUES.or_services(),
        &[Badge],
        message!(ids => awarding::ListAwardsRequest {
            badge_id: ids.get(Badge), ..Default::default()
        }),
    )
    .absent(Absent::Nothing),
    row(
        "Awarding/ListAwards",
        COLLEAGUES.or_services(),
        &[Person],
        message!(ids => awarding::ListAwardsRequest {
            earner_id: ids.get(Person), ..Default::default()
        }),
    )
    .absent(Absent::Nothing),
    row(
        "Awarding/WatchAwards",
        COLLEAGUES.or_services(),
        &[],
        message!(_ids => awarding::WatchAwardsRequest { after: None }),
    ),
    row(
        "Awarding/CreateBatch",
        AWARDERS.or_services(),
        &[Badge],
        message!(ids => awarding::CreateBatchRequest {
            idempotency_key: key(ids), badge_id: ids.get(Badge), csv: b"email,name\nrow@walls.example,Row\n".to_vec(), notify: false,
        }),
    ).absent(Absent::Code("BADGE_UNKNOWN")),
    row(
        "Awarding/GetBatch",
        COLLEAGUES.or_services(),
        &[Batch],
        message!(ids => awarding::GetBatchRequest { batch_id: ids.get(Batch) }),
    ),
    row(
        "Awarding/ListBatchRows",
        COLLEAGUES.or_services(),
        &[Batch],
        message!(ids => awarding::ListBatchRowsRequest {
            batch_id: ids.get(Batch), ..Default::default()
        }),
    ),
    Row {
        refused: Some("NOT_FOUND"),
        ..row(
            "Awarding/IssueCredential",
            AWARDERS.or_services(),
            &[],
            message!(_ids => awarding::IssueCredentialRequest {
                credential: br#"{
                    "@context": ["https://www.w3.org/ns/credentials/v2"],
                    "type": ["VerifiableCredential"],
                    "issuer": "did:web:walls.example",
                    "credentialSubject": { "id": "did:example:ada" }
                }"#.to_vec(),
                ..Default::default()
            }),
        )
    },
    Row {
        refused: Some("NOT_FOUND"),
        ..row(
            "Awarding/SetCredentialStatus",
            AWARDERS.or_services(),
            &[],
            message!(_ids => awarding::SetCredentialStatusRequest {
                credential_id: "urn:uuid:none".into(), revoked: true,
            }),
        )
    },
    row(
        "Awarding/GetPublicAward",
        PUBLIC,
        &[Award],
        message!(ids => awarding::GetPublicAwardRequest { award_id: ids.get(Award), summary: false }),
    ),
    row(
        "Awarding/GetStatusList",
        PUBLIC,
        &[List],
        message!(ids => awarding::GetStatusListRequest { status_list_id: ids.get(List) }),
    ),
    row(
        "Awarding/AcceptAward",
        EARNERS,
        &[Award],
        message!(ids => awarding::AcceptAwardRequest {
            idempotency_key: key(ids), award_id: ids.get(Award),
        }),
    ),
    row(
        "Awarding/DeclineAward",
        EARNERS,
        &[Award],
        message!(ids => awarding::DeclineAwardRequest {
            idempotency_key: key(ids), award_id: ids.get(Award),
        }),
    ),
    row(
        "Awarding/GetEarner",
        COLLEAGUES.or_services(),
        &[Person],
        message!(ids => awarding::GetEarnerRequest {
            earner_id: ids.get(Person), email: String::new(),
        }),
    ),
    row(
        "Awarding/ListEarners",
        COLLEAGUES.or_services(),
        &[],
        message!(_ids => awarding::ListEarnersRequest { page: None }),
    ),
    row(
        "Awarding/EraseEarner",
        ADMINS.or_services(),
        &[Person],
        message!(ids => awarding::EraseEarnerRequest {
            idempotency_key: key(ids), earner_id: ids.get(Person),
        }),
    ),
    row(
        "Backpack/RequestSignIn",
        PUBLIC,
        &[],
        message!(_ids => backpack::RequestSignInRequest { email: "reader@walls.example".into() }),
    ),
    row(
        "Backpack/RedeemSignIn",
        PUBLIC,
        &[],
        message!(ids => backpack::RedeemSignInRequest { token: ids.secret.clone() }),
    ),
    row(
        "Backpack/ListHoldings",
        EARNERS,
        &[],
        message!(_ids => backpack::ListHoldingsRequest { page: None }),
    ),
    row(
        "Backpack/AcceptAward",
        EARNERS,
        &[Award],
        message!(ids => backpack::AcceptAwardRequest {
            idempotency_key: key(ids), award_id: ids.get(Award),
        }),
    ),
    row(
        "Backpack/DeclineAward",
        EARNERS,
        &[Award],
        message!(ids => backpack::DeclineAwardRequest {
            idempotency_key: key(ids), award_id: ids.get(Award),
        }),
    ),
    row(
        "Backpack/EraseMe",
        EARNERS,
        &[],
        message!(ids => backpack::EraseMeRequest { idempotency_key: key(ids) }),
    ),
    row(
        "Analytics/RecordEngagement",
        SERVICES,
        &[],
        message!(ids => analytics::RecordEngagementRequest {
            idempotency_key: key(ids),
            engagements: vec![analytics::Engagement {
                badge_id: ids.get(Badge), kind: analytics::EngagementKind::Viewed.into(), day: ids.day.clone(), count: 1,
            }],
        }),
    ),
    row(
        "Analytics/GetActivity",
        ANALYSTS,
        &[Badge],
        message!(ids => analytics::GetActivityRequest {
            badge_id: ids.get(Badge), from: "2026-01-01".into(), to: "2026-12-31".into(),
        }),
    )
    .absent(Absent::Nothing),
];
