//! Files go out of band: a mutation gives a signed address, and the bytes are sent there by `PUT`.

use std::sync::Arc;

use async_graphql::{Context, InputObject, Object, SimpleObject};
use auth::{AccessClaims, Claims, Denied, Kind, Permission, Tokens};
use kernel::CommandId;
use runtime::Clock;
use serde::{Deserialize, Serialize};

use crate::{
    call::Call,
    cost,
    failure::Failure,
    payload::{Done, payload, payload_type},
    scalar::{DateTime, IdempotencyKey},
    user_error::Refused,
};

/// Leave to send one file in somebody's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadClaims {
    /// In whose name; the subject is the token's.
    pub access: AccessClaims,
    /// What for.
    pub purpose: UploadPurpose,
    /// The most bytes accepted.
    pub max_bytes: u64,
}

/// What a file is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UploadPurpose {
    /// The picture of a badge.
    BadgeArtwork,
    /// The rows of a batch.
    AwardCsv {
        /// The badge by the role's id.
        badge: String,
        /// Whether earners are mailed.
        notify: bool,
        /// The idempotency key of the batch.
        key: String,
    },
}

impl UploadPurpose {
    fn permission(&self) -> Permission {
        match self {
            UploadPurpose::BadgeArtwork => Permission::DesignBadges,
            UploadPurpose::AwardCsv { .. } => Permission::AwardBadges,
        }
    }
}

impl Claims for UploadClaims {
    const TYP: &'static str = "laurel-file+jwt";
    const LONGEST: i64 = 3600;
}

/// What makes upload tokens.
pub struct Uploads {
    /// Signs them.
    pub tokens: Arc<Tokens>,
    /// Says from when they are.
    pub clock: Arc<dyn Clock>,
    /// The most bytes of a picture.
    pub artwork_bytes: u64,
    /// The most bytes of a CSV.
    pub batch_bytes: u64,
}

/// A place to send one file to.
#[derive(SimpleObject)]
#[expect(clippy::struct_field_names, reason = "the name in the schema says what it is for")]
pub struct Upload {
    /// Send the bytes there by `PUT`, with their Content-Type. The answer is JSON and names what was made of them.
    pub upload_url: String,
    /// The last part of `uploadUrl`.
    pub token: String,
    /// The most bytes that are taken.
    pub max_bytes: u32,
    /// Until when.
    pub expires_at: DateTime,
}

const MINUTES_15: i64 = 15 * 60 * 1000;

impl Upload {
    /// A place for a file in the caller's name. The same key makes the same token id.
    /// The role looks at the caller's rights again, at the issuer, when the file arrives.
    pub fn new(ctx: &Context<'_>, purpose: UploadPurpose, key: &str) -> Result<Self, Refused> {
        let call = Call::of(ctx);
        let uploads = ctx.data_unchecked::<Arc<Uploads>>();
        let principal = call.caller()?;
        let permission = purpose.permission();
        let works_here = matches!(principal.kind, Kind::Member | Kind::Client);
        if !works_here || !principal.grants.iter().any(|grant| grant.role.permits(permission)) {
            return Err(runtime::status::denied(Denied { permission }).into());
        }
        let max_bytes = match purpose {
            UploadPurpose::BadgeArtwork => uploads.artwork_bytes,
            UploadPurpose::AwardCsv { .. } => uploads.batch_bytes,
        };
        let now = uploads.clock.now().whole_second();
        let expires_at = now.plus_millis(MINUTES_15);
        let access = AccessClaims {
            kind: principal.kind,
            organization: principal.organization,
            tenant: principal.tenant,
            grants: principal.grants.clone(),
        };
        let subject = principal.subject.as_str();
        let id = CommandId::derived(&[
            b"upload",
            &principal.tenant.bytes(),
            subject.as_bytes(),
            key.as_bytes(),
        ]);
        let claims = UploadClaims { access, purpose, max_bytes };
        let token = uploads.tokens.issue(subject, &claims, (now, expires_at), id.uuid());
        Ok(Self {
            upload_url: call.public(format_args!("/uploads/{token}")),
            token,
            max_bytes: u32::try_from(max_bytes).unwrap_or(u32::MAX),
            expires_at: DateTime(expires_at.to_string()),
        })
    }
}

/// A picture to send.
#[derive(InputObject)]
pub struct ArtworkUploadCreateInput {
    /// One for each thing that is wanted.
    idempotency_key: IdempotencyKey,
    /// Echoed back untouched.
    client_mutation_id: Option<String>,
}

payload_type! {
    /// What came of `artworkUploadCreate`.
    ArtworkUploadCreatePayload, ArtworkUploadCreateUserError {
        /// Where to send the picture; the answer there names its `artworkId`.
        upload: Upload
    }
}

/// Uploads.
#[derive(Default)]
pub struct UploadMutation;

/// Uploads.
#[Object]
impl UploadMutation {
    /// Gives an address to send a picture to, SVG or PNG, with `PUT`.
    #[graphql(directive = cost::cost::apply(10))]
    async fn artwork_upload_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: ArtworkUploadCreateInput,
    ) -> Result<ArtworkUploadCreatePayload, Failure> {
        let outcome = Upload::new(ctx, UploadPurpose::BadgeArtwork, &input.idempotency_key.0);
        let outcome = outcome.map(Done::plain);
        payload(Call::of(ctx), input.client_mutation_id, outcome).await
    }
}
