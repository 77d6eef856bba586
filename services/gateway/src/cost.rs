//! The directives by which the schema says what things cost. Clients can compute the cost of an
//! operation before they send it: a field costs its `weight` (1 for objects and 0 for leaves where
//! nothing is said), and what is selected inside a list counts as often as the list is long.

#![allow(non_snake_case, clippy::used_underscore_binding, reason = "the names are the schema's")]

use async_graphql::TypeDirective;

/// What the field itself costs.
#[TypeDirective(location = "FieldDefinition")]
pub fn cost(weight: u32) {}

/// How often what is selected inside counts: as the first of the arguments `sizedBy` that is given
/// says, `usual` without one, and never more than `max`.
#[TypeDirective(location = "FieldDefinition")]
pub fn listSize(max: u32, usual: u32, sizedBy: Vec<String>) {}
