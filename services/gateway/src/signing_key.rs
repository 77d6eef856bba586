//! The keys that sign for an issuer.

use async_graphql::{Context, Enum, ID, InputObject, Object};
use proto::issuers::v1 as wire;

use crate::{
    award::some,
    call::Call,
    cost,
    failure::Failure,
    issuer::Issuer,
    node::Type,
    payload::{Done, payload, payload_type},
    scalar::{DateTime, IdempotencyKey},
};

/// How a key signs.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningKeyKind {
    /// `EdDSA` over edwards25519: proofs of `eddsa-rdfc-2022`.
    Ed25519,
    /// ECDSA over P-256 with SHA-256: proofs of `ecdsa-rdfc-2019`.
    P256,
    /// A kind newer than this schema.
    Unknown,
}

impl SigningKeyKind {
    fn of(kind: i32) -> Self {
        match wire::SigningKeyKind::try_from(kind) {
            Ok(wire::SigningKeyKind::Ed25519) => Self::Ed25519,
            Ok(wire::SigningKeyKind::P256) => Self::P256,
            Ok(wire::SigningKeyKind::Unspecified) | Err(_) => Self::Unknown,
        }
    }

    /// The number that the role takes; one that it refuses for what nobody knows.
    pub fn wire(wanted: Option<Self>) -> i32 {
        match wanted {
            None => wire::SigningKeyKind::Unspecified.into(),
            Some(Self::Ed25519) => wire::SigningKeyKind::Ed25519.into(),
            Some(Self::P256) => wire::SigningKeyKind::P256.into(),
            Some(Self::Unknown) => -1,
        }
    }
}

/// A public key of an issuer.
pub struct SigningKey {
    /// As the role says it.
    pub key: wire::SigningKey,
    /// Whose it is.
    pub did: String,
}

/// A public key of an issuer.
#[Object]
impl SigningKey {
    /// Opaque and stable.
    async fn id(&self, ctx: &Context<'_>) -> ID {
        Call::of(ctx).global(Type::SigningKey, &self.key.id)
    }

    /// The name that proofs give it.
    async fn verification_method(&self) -> String {
        format!("{}#{}", self.did, self.key.multikey)
    }

    /// The key in Multikey form.
    async fn multikey(&self) -> &str {
        &self.key.multikey
    }

    /// How it signs.
    async fn kind(&self) -> SigningKeyKind {
        SigningKeyKind::of(self.key.kind)
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        DateTime(self.key.created_at.clone())
    }

    /// When it ceased to sign; null while it signs. What it signed stays valid, unless it was
    /// compromised by then.
    async fn retired_at(&self) -> Option<DateTime> {
        DateTime::from_role(self.key.retired_at.clone())
    }

    /// When others may have got hold of it; null when nobody has said so. What it signed then or
    /// later is void.
    async fn compromised_since(&self) -> Option<DateTime> {
        DateTime::from_role(self.key.compromised_since.clone())
    }

    /// Why it was declared compromised.
    async fn revocation_reason(&self) -> Option<String> {
        some(&self.key.revocation_reason)
    }
}

/// A key to replace.
#[derive(InputObject)]
pub struct SigningKeyRotateInput {
    /// One for each thing that is wanted.
    idempotency_key: IdempotencyKey,
    /// Echoed back untouched.
    client_mutation_id: Option<String>,
    /// Whose key.
    issuer_id: ID,
    /// How the new key signs; as the present one when nothing is said.
    kind: Option<SigningKeyKind>,
}

/// A key that is in wrong hands.
#[derive(InputObject)]
pub struct SigningKeyRevokeInput {
    /// One for each thing that is wanted.
    idempotency_key: IdempotencyKey,
    /// Echoed back untouched.
    client_mutation_id: Option<String>,
    /// Whose key.
    issuer_id: ID,
    /// Which.
    key_id: ID,
    /// When others may have got hold of it; not in the future. It may be stated again as an earlier
    /// moment, never as a later one.
    compromised_since: DateTime,
    /// Why, for those who work here: at most 1,000 characters, nothing about persons.
    reason: Option<String>,
}

payload_type! {
    /// What came of `signingKeyRotate`.
    SigningKeyRotatePayload, SigningKeyRotateUserError {
        /// The issuer with its new key.
        issuer: Issuer
    }
}
payload_type! {
    /// What came of `signingKeyRevoke`.
    SigningKeyRevokePayload, SigningKeyRevokeUserError {
        /// The issuer with its keys.
        issuer: Issuer
    }
}

/// Writes of signing keys.
#[derive(Default)]
pub struct SigningKeyMutation;

/// Writes of signing keys.
#[Object]
impl SigningKeyMutation {
    /// Makes a new signing key; the present one is retired and stays published.
    #[graphql(directive = cost::cost::apply(10))]
    async fn signing_key_rotate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: SigningKeyRotateInput,
    ) -> Result<SigningKeyRotatePayload, Failure> {
        let call = Call::of(ctx);
        let outcome = async {
            let request = wire::RotateSigningKeyRequest {
                idempotency_key: input.idempotency_key.0,
                issuer_id: call.id(Type::Issuer, &input.issuer_id, "/issuerId")?,
                kind: SigningKeyKind::wire(input.kind),
            };
            let request = call.request(request);
            let reply = call.issuers().rotate_signing_key(request).await?.into_inner();
            Ok(Done::written(call, reply.issuer.map(Issuer), reply.written))
        };
        payload(call, input.client_mutation_id, outcome.await).await
    }

    /// Declares that others may have got hold of a signing key.
    ///
    /// Credentials that it signed before the moment stay valid, those signed then or later are void.
    /// A key that still signs is replaced by a new one of its kind, which also signs the status lists
    /// from then on.
    #[graphql(directive = cost::cost::apply(10))]
    async fn signing_key_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: SigningKeyRevokeInput,
    ) -> Result<SigningKeyRevokePayload, Failure> {
        let call = Call::of(ctx);
        let outcome = async {
            let request = wire::RevokeSigningKeyRequest {
                idempotency_key: input.idempotency_key.0,
                issuer_id: call.id(Type::Issuer, &input.issuer_id, "/issuerId")?,
                key_id: call.id(Type::SigningKey, &input.key_id, "/keyId")?,
                compromised_since: input.compromised_since.0,
                reason: input.reason.unwrap_or_default(),
            };
            let request = call.request(request);
            let reply = call.issuers().revoke_signing_key(request).await?.into_inner();
            Ok(Done::written(call, reply.issuer.map(Issuer), reply.written))
        };
        payload(call, input.client_mutation_id, outcome.await).await
    }
}
