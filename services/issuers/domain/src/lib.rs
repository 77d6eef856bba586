//! Who may award: the decisions about organisations, tenants, issuers, members, clients and
//! sign-ins.
//!
//! Pure: time, ids, keys and sealed data arrive in the commands. One file per aggregate. To add a
//! fact, add a variant to the aggregate's event and a golden file `golden/{type}.json`, which is
//! never edited again. Stored types write every field, absent ones too: the same types stand in the
//! rows of read models, in a binary form without field names.

mod client;
#[cfg(test)]
mod golden;
mod grant;
mod ids;
mod issuer;
mod member;
mod name;
mod organization;
mod profile;
mod sign_in;
mod signing_key;
mod tenant;

pub use client::{Client, ClientCommand, ClientCreated, ClientEvent, ClientRejection};
pub use grant::{Grant, GrantRejection, Grants, Role, Scope};
pub use ids::{
    ClientId, ClientKind, IdentityId, IdentityKind, IssuerId, IssuerKind, KeyId, KeyKind,
};
pub use ids::{MemberId, MemberKind, SignInId, SignInKind};
pub use issuer::{
    Issuer, IssuerCommand, IssuerCreated, IssuerEvent, IssuerRejection, IssuerUpdated,
};
pub use member::{
    Invitation, Member, MemberChanged, MemberCommand, MemberEvent, MemberInvited, MemberRejection,
};
pub use name::{InvalidName, Name};
pub use organization::{
    Organization, OrganizationCommand, OrganizationCreated, OrganizationEvent,
    OrganizationRejection, Ownership,
};
pub use profile::{Profile, ProfileRejection};
pub use sign_in::{SignIn, SignInCommand, SignInEvent, SignInRejection};
pub use signing_key::{NewKey, SigningKeyKind, SigningKeyRetired, SigningKeyRevoked};
pub use tenant::{Tenant, TenantCommand, TenantCreated, TenantEvent, TenantRejection};
