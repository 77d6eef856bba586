//! What every domain speaks: tenants and typed ids, aggregates, facts, rejections, time.
//!
//! This crate knows no I/O and names nothing of Open Badges. To add a kind of id, declare an empty
//! enum, implement [`Kind`] for it and alias `Id<ThatKind>`; to add an aggregate, implement
//! [`Aggregate`] in a domain crate.

mod aggregate;
mod email;
mod fact;
mod id;
mod rejection;
mod sealed;
pub mod testing;
mod text;
mod time;

pub use aggregate::Aggregate;
pub use email::{EmailAddress, InvalidEmail};
pub use fact::{Actor, CommandId, Envelope, Fact, Position, Revision};
pub use id::{
    Id, InvalidId, Kind, OrganizationId, OrganizationKind, SubjectId, SubjectKind, TenantId,
    TenantKind,
};
pub use rejection::{Class, Rejection};
pub use sealed::{Base64, Sealed};
pub use time::{Day, InvalidTimestamp, Timestamp};
