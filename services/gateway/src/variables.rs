//! Checks that the variables of a request have the types that the operation declares, as "Coercing
//! Variable Values" of the GraphQL specification (6.1.2) wants before execution. Values are never
//! repeated in the message: they may be personal.

use async_graphql::{
    Name, Number, Positioned, Value, Variables, parser::types::VariableDefinition,
};
use kernel::{Day, Timestamp};

use crate::model::{Model, Shape};

/// Where the first wrong variable is and what was expected there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("variable {at} is not {expected}")]
pub struct WrongVariable {
    /// `$input/recipient/email`.
    pub at: String,
    /// What the schema says.
    pub expected: String,
}

/// Checks all variables of an operation.
pub fn check(
    model: &Model,
    definitions: &[Positioned<VariableDefinition>],
    variables: &Variables,
) -> Result<(), WrongVariable> {
    for definition in definitions {
        let definition = &definition.node;
        let name: &Name = &definition.name.node;
        let ty = definition.var_type.node.to_string();
        let mut path = vec![format!("${name}")];
        match variables.get(name) {
            Some(value) => value_is(model, &ty, value, &mut path)?,
            None if ty.ends_with('!') && definition.default_value.is_none() => {
                return Err(wrong(&path, format!("given: it is a {ty}")));
            }
            None => {}
        }
    }
    Ok(())
}

fn wrong(path: &[String], expected: impl Into<String>) -> WrongVariable {
    WrongVariable { at: path.join("/"), expected: expected.into() }
}

fn value_is(
    model: &Model,
    ty: &str,
    value: &Value,
    path: &mut Vec<String>,
) -> Result<(), WrongVariable> {
    if let Some(inner) = ty.strip_suffix('!') {
        if *value == Value::Null {
            return Err(wrong(path, format!("allowed to be null: it is a {ty}")));
        }
        return value_is(model, inner, value, path);
    }
    if *value == Value::Null {
        return Ok(());
    }
    if let Some(element) = ty.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
        let Value::List(values) = value else { return value_is(model, element, value, path) };
        for (index, value) in values.iter().enumerate() {
            path.push(index.to_string());
            value_is(model, element, value, path)?;
            path.pop();
        }
        return Ok(());
    }
    match model.shape(ty) {
        Some(Shape::Input(fields, oneof)) => {
            let Value::Object(given) = value else { return Err(wrong(path, format!("a {ty}"))) };
            let given_some = given.values().filter(|v| **v != Value::Null).count();
            if *oneof && (given.len() != 1 || given_some != 1) {
                return Err(wrong(path, format!("a {ty}: exactly one of its fields")));
            }
            if let Some(name) = given.keys().find(|name| !fields.contains_key(name.as_str())) {
                path.push(shortened(name));
                return Err(wrong(path, format!("a field of {ty}")));
            }
            for (name, field) in fields {
                path.push(name.clone());
                match given.get(name.as_str()) {
                    Some(value) => value_is(model, &field.ty, value, path)?,
                    None if *oneof || field.optional => {}
                    None => return Err(wrong(path, format!("given: it is a {}", field.ty))),
                }
                path.pop();
            }
            Ok(())
        }
        Some(Shape::Enum(values)) => match value {
            Value::String(name) if values.contains(name) => Ok(()),
            Value::Enum(name) if values.iter().any(|v| *v == name.as_str()) => Ok(()),
            _ => Err(wrong(path, format!("a {ty}: one of {}", values.join(", ")))),
        },
        _ if scalar_is(ty, value) => Ok(()),
        _ => Err(wrong(path, format!("a {ty}"))),
    }
}

fn scalar_is(ty: &str, value: &Value) -> bool {
    match (ty, value) {
        ("Int", Value::Number(number)) => number.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
        ("Float", Value::Number(_)) | ("Boolean", Value::Boolean(_)) => true,
        ("ID", Value::Number(number)) => Number::is_i64(number),
        ("DateTime", Value::String(text)) => text.parse::<Timestamp>().is_ok(),
        ("Date", Value::String(text)) => text.parse::<Day>().is_ok(),
        ("Int" | "Float" | "Boolean", _) => false,
        (_, Value::String(_)) => true,
        _ => false,
    }
}

fn shortened(name: &str) -> String {
    name.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use async_graphql::{parser::parse_query, value};

    use super::*;

    fn outcome(operation: &str, variables: Value) -> Result<(), String> {
        let model = Model::of_sdl(
            "type Query { a: Int } scalar DateTime enum E { X Y } input One @oneOf { a: Int b: Int }
             input I { n: Int! = 1 list: [I!] at: DateTime e: E one: One name: String! }",
        )
        .unwrap();
        let document = parse_query(operation).unwrap();
        let (_, operation) = document.operations.iter().next().unwrap();
        let variables = async_graphql::Variables::from_value(variables);
        check(&model, &operation.node.variable_definitions, &variables).map_err(|e| e.to_string())
    }

    #[test]
    fn good_variables_pass() {
        for variables in [
            value!({"i": {"name": "a"}}),
            value!({"i": {"name": "a", "n": 3, "e": "X", "at": "2026-01-01T00:00:00Z"}}),
            value!({"i": {"name": "a", "list": [{"name": "b", "one": {"a": 1}}]}, "more": 5}),
            value!({"i": {"name": "a", "list": {"name": "b"}}}),
        ] {
            assert_eq!(outcome("query($i: I!, $o: Int) { a }", variables), Ok(()));
        }
    }

    #[test]
    fn the_first_wrong_place_is_named() {
        for (variables, message) in [
            (value!({}), "variable $i is not given: it is a I!"),
            (value!({"i": null}), "variable $i is not allowed to be null: it is a I!"),
            (value!({"i": 5}), "variable $i is not a I"),
            (value!({"i": {}}), "variable $i/name is not given: it is a String!"),
            (value!({"i": {"name": 5}}), "variable $i/name is not a String"),
            (value!({"i": {"name": "a", "x": 1}}), "variable $i/x is not a field of I"),
            (value!({"i": {"name": "a", "n": 3_000_000_000_u64}}), "variable $i/n is not a Int"),
            (value!({"i": {"name": "a", "e": "Z"}}), "variable $i/e is not a E: one of X, Y"),
            (value!({"i": {"name": "a", "at": "now"}}), "variable $i/at is not a DateTime"),
            (
                value!({"i": {"name": "a", "one": {"a": 1, "b": 2}}}),
                "variable $i/one is not a One: exactly one of its fields",
            ),
            (
                value!({"i": {"name": "a", "list": [{"name": "b"}, {"name": null}]}}),
                "variable $i/list/1/name is not allowed to be null: it is a String!",
            ),
        ] {
            assert_eq!(outcome("query($i: I!) { a }", variables), Err(message.to_owned()));
        }
    }
}
