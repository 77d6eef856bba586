//! The read side: facts in, rows out. A projection is pure; the store does the rest.
//!
//! [`ReadModels`] is the port, [`Embedded`] its adapter on one machine, `Redis` (feature `redis`) the
//! one for many; [`Runner`] feeds the projections from the log. To add a read model, implement [`Projection`] beside the role that
//! answers from it and list it there; to change its shape, raise [`Model::version`]: the new
//! version is built beside the old one and takes over when it has caught up. Rows are written with
//! [`row`]; a model of things with ids that are listed by time needs no more than [`tables`].

mod at_length;
pub mod conformance;
mod effect;
mod embedded;
mod lease;
mod port;
mod projection;
#[cfg(feature = "redis")]
mod redis;
pub mod row;
mod runner;
pub mod skips;
pub mod tables;

pub use embedded::{Embedded, EmbeddedOptions, NoRoom, OpenError, Room};
pub use lease::{Leases, LocalLeases};
pub use port::{
    Applied, Change, Direction, Generation, Key, Model, ModelState, ReadModelError, ReadModels,
    Row, Scan, Slot,
};
pub use projection::{Projection, Rows, memory};
#[cfg(feature = "redis")]
pub use redis::{AddressError, Redis, RedisOptions, RedisPlaces, RedisSeen, RedisServer};
pub use runner::{
    Group, Lead, Leading, Observer, Progress, Runner, RunnerOptions, Standing, View, WaitError,
};
