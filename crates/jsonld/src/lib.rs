//! JSON-LD 1.1 to RDF, and RDFC-1.0 canonicalisation, for a closed world.
//!
//! Contexts are a fixed set, given when a [`Processor`] is made, and never fetched. They are
//! compiled once and remembered, so that a document costs its own size and not theirs. Nothing is
//! dropped silently: what a document says and its contexts do not define is an error that names
//! the place, because a signature would not cover it ("safe mode", always on).
//!
//! Refused, though JSON-LD knows them: `@reverse`, `@nest`, `@included`, `@graph` as a member,
//! `@import`, `@base`, `@direction` in contexts, and containers keyed by id or type. The direction
//! of a single text becomes a datatype of `i18n`.
//!
//! Work is bounded everywhere: depth, quads and compiled contexts by [`Limits`], canonicalisation
//! by a [`Budget`]. A document's own contexts are compiled for that document only.
//!
//! To bundle one more context, put its file into `contexts/`, a row into `contexts/README.md` and
//! a line into `bundled.rs`.

mod active;
mod bundled;
mod context;
mod dataset;
mod define;
mod definition;
mod error;
mod iri;
mod keyword;
mod literal;
mod nquads;
mod processor;
mod rdfc10;
mod walk;

pub use bundled::Contexts;
pub use dataset::{Dataset, Quad, Term};
pub use error::{JsonLdError, Problem};
pub use nquads::{NQuadsError, parse_nquads};
pub use processor::{Limits, Processor};
pub use rdfc10::{Budget, CanonError, Canonical, HashAlgorithm, canonicalize, canonicalize_with};
