use kernel::{Id, Kind};

/// Marks ids of issuer profiles.
pub enum IssuerKind {}
impl Kind for IssuerKind {
    const PREFIX: &'static str = "issuer";
}

/// An issuer profile within a tenant.
pub type IssuerId = Id<IssuerKind>;

/// Marks ids of signing keys.
pub enum KeyKind {}
impl Kind for KeyKind {
    const PREFIX: &'static str = "key";
}

/// A signing key of an issuer.
pub type KeyId = Id<KeyKind>;

/// Marks ids of members.
pub enum MemberKind {}
impl Kind for MemberKind {
    const PREFIX: &'static str = "member";
}

/// A person who works for an organisation: derived by keyed hash from organisation and address, so
/// that one address is one member.
pub type MemberId = Id<MemberKind>;

/// Marks ids of API clients.
pub enum ClientKind {}
impl Kind for ClientKind {
    const PREFIX: &'static str = "client";
}

/// A program that works for an organisation.
pub type ClientId = Id<ClientKind>;

/// Marks ids of sign-in links.
pub enum SignInKind {}
impl Kind for SignInKind {
    const PREFIX: &'static str = "signin";
}

/// One sign-in link.
pub type SignInId = Id<SignInKind>;

/// Marks ids of identities.
pub enum IdentityKind {}
impl Kind for IdentityKind {
    const PREFIX: &'static str = "identity";
}

/// Who signs in, across organisations: derived from the address by a keyed hash of the platform.
pub type IdentityId = Id<IdentityKind>;
