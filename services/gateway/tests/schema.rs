//! The published schema: its file is what the code says, and it keeps the rules of the house.

use std::{collections::HashMap, fs, path::Path};

use async_graphql::parser::{
    parse_schema,
    types::{FieldDefinition, TypeDefinition, TypeKind, TypeSystemDefinition},
};

fn types() -> HashMap<String, TypeDefinition> {
    let document = parse_schema(gateway::sdl()).expect("the SDL reads back");
    let types = document.definitions.into_iter().filter_map(|definition| match definition {
        TypeSystemDefinition::Type(definition) => Some(definition.node),
        _ => None,
    });
    types.map(|definition| (definition.name.node.to_string(), definition)).collect()
}

fn fields(definition: &TypeDefinition) -> Vec<&FieldDefinition> {
    match &definition.kind {
        TypeKind::Object(object) => object.fields.iter().map(|f| &f.node).collect(),
        TypeKind::Interface(interface) => interface.fields.iter().map(|f| &f.node).collect(),
        _ => Vec::new(),
    }
}

fn field<'t>(definition: &'t TypeDefinition, name: &str) -> Option<&'t FieldDefinition> {
    fields(definition).into_iter().find(|f| f.name.node == name)
}

fn type_of(definition: &TypeDefinition, name: &str) -> String {
    field(definition, name).map(|f| f.ty.node.to_string()).unwrap_or_default()
}

fn named(ty: &str) -> &str {
    ty.trim_matches(['[', ']', '!'])
}

#[test]
fn the_published_sdl_is_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.graphql");
    if std::env::var_os("LAUREL_WRITE_SCHEMA").is_some() {
        fs::write(&path, gateway::sdl()).expect("the file can be written");
    }
    let published = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        published == gateway::sdl(),
        "schema.graphql is not up to date: run this test with LAUREL_WRITE_SCHEMA=1"
    );
}

#[test]
fn every_type_field_argument_and_value_is_described_in_a_first_sentence() {
    let mut silent = Vec::new();
    let mut check = |place: String, description: Option<&String>| {
        let first = description.and_then(|d| d.lines().next()).unwrap_or_default();
        if first.is_empty() || !first.contains('.') {
            silent.push(place);
        }
    };
    for (name, definition) in &types() {
        check(name.clone(), definition.description.as_ref().map(|d| &d.node));
        for field in fields(definition) {
            let place = format!("{name}.{}", field.name.node);
            check(place.clone(), field.description.as_ref().map(|d| &d.node));
            for argument in &field.arguments {
                let argument = &argument.node;
                let place = format!("{place}({})", argument.name.node);
                check(place, argument.description.as_ref().map(|d| &d.node));
            }
        }
        match &definition.kind {
            TypeKind::InputObject(input) => {
                for field in &input.fields {
                    let place = format!("{name}.{}", field.node.name.node);
                    check(place, field.node.description.as_ref().map(|d| &d.node));
                }
            }
            TypeKind::Enum(values) => {
                for value in &values.values {
                    let place = format!("{name}.{}", value.node.value.node);
                    check(place, value.node.description.as_ref().map(|d| &d.node));
                }
            }
            _ => {}
        }
    }
    silent.sort();
    assert!(silent.is_empty(), "no description, or no sentence in its first line: {silent:#?}");
}

/// Mutations that make no record: a repeat is harmless or gives another token.
const WITHOUT_KEY: [&str; 3] = ["tenantEnter", "signInLinkCreate", "signInLinkRedeem"];

#[test]
fn every_mutation_has_one_input_with_a_key_and_a_payload_with_user_errors() {
    let types = types();
    for mutation in fields(&types["Mutation"]) {
        let name = mutation.name.node.as_str();
        let upper = name[..1].to_uppercase() + &name[1..];
        assert_eq!(mutation.ty.node.to_string(), format!("{upper}Payload!"), "{name}");
        let [argument] = mutation.arguments.as_slice() else { panic!("{name}: one argument") };
        assert_eq!(argument.node.name.node, "input", "{name}");
        assert_eq!(argument.node.ty.node.to_string(), format!("{upper}Input!"), "{name}");
        let TypeKind::InputObject(input) = &types[&format!("{upper}Input")].kind else {
            panic!("{name}: an input object")
        };
        let of = |wanted: &str| {
            let field = input.fields.iter().find(|f| f.node.name.node == wanted);
            field.map(|f| f.node.ty.node.to_string())
        };
        let key = (!WITHOUT_KEY.contains(&name)).then(|| "IdempotencyKey!".to_owned());
        assert_eq!(of("idempotencyKey"), key, "{name}");
        assert_eq!(of("clientMutationId").as_deref(), Some("String"), "{name}");
        let payload = &types[&format!("{upper}Payload")];
        for (field, ty) in [
            ("replayed", "Boolean!".to_owned()),
            ("consistencyToken", "ConsistencyToken".to_owned()),
            ("userErrors", format!("[{upper}UserError!]!")),
            ("clientMutationId", "String".to_owned()),
            ("query", "Query!".to_owned()),
        ] {
            assert_eq!(type_of(payload, field), ty, "{upper}Payload.{field}");
        }
        let object = &fields(payload)[0];
        assert!(!object.ty.node.to_string().ends_with('!'), "{name}: the object is nullable");
        let TypeKind::Union(union) = &types[&format!("{upper}UserError")].kind else {
            panic!("{name}: a union of user errors")
        };
        for member in &union.members {
            let TypeKind::Object(object) = &types[member.node.as_str()].kind else {
                panic!("{}: an object", member.node)
            };
            let interface = object.implements.iter().any(|i| i.node == "UserError");
            assert!(interface, "{} implements UserError", member.node);
        }
    }
}

#[test]
fn every_connection_is_shaped_as_relay_wants_and_priced() {
    let types = types();
    let mut seen = 0;
    for (name, definition) in &types {
        for list in fields(definition) {
            let ty = list.ty.node.to_string();
            let Some(node) = named(&ty).strip_suffix("Connection") else { continue };
            seen += 1;
            let place = format!("{name}.{}", list.name.node);
            let arguments: HashMap<String, String> = list
                .arguments
                .iter()
                .map(|a| (a.node.name.node.to_string(), a.node.ty.node.to_string()))
                .collect();
            for (argument, ty) in
                [("first", "Int"), ("after", "String"), ("last", "Int"), ("before", "String")]
            {
                assert_eq!(arguments.get(argument).map(String::as_str), Some(ty), "{place}");
            }
            assert!(list.directives.iter().any(|d| d.node.name.node == "listSize"), "{place}");
            let connection = &types[&format!("{node}Connection")];
            assert_eq!(type_of(connection, "edges"), format!("[{node}Edge!]!"));
            assert_eq!(type_of(connection, "nodes"), format!("[{node}!]!"));
            assert_eq!(type_of(connection, "pageInfo"), "PageInfo!");
            assert_eq!(type_of(connection, "totalCount"), "Count!");
            let edge = &types[&format!("{node}Edge")];
            assert_eq!(type_of(edge, "node"), format!("{node}!"));
            assert_eq!(type_of(edge, "cursor"), "String!");
        }
    }
    assert!(seen >= 11, "{seen} lists");
    let info = &types["PageInfo"];
    assert_eq!(type_of(info, "hasNextPage"), "Boolean!");
    assert_eq!(type_of(info, "hasPreviousPage"), "Boolean!");
}

#[test]
fn lists_hold_no_nulls_and_single_objects_of_the_root_are_nullable() {
    let types = types();
    for field in fields(&types["Query"]) {
        let (name, ty) = (field.name.node.as_str(), field.ty.node.to_string());
        let list = ty.contains('[') || ty.contains("Connection");
        if !list && name != "rateLimit" {
            assert!(!ty.ends_with('!'), "Query.{name}: {ty}");
        }
    }
    for (name, definition) in &types {
        for field in fields(definition) {
            let ty = field.ty.node.to_string();
            let strict = !ty.starts_with('[') || ty.ends_with("!]!") || name == "Query";
            assert!(strict, "{name}.{}: {ty}", field.name.node);
            let boolean = ty != "Boolean";
            assert!(boolean, "{name}.{}: booleans say yes or no", field.name.node);
        }
    }
}

#[test]
fn names_do_not_leak_how_it_is_built() {
    for word in ["stream", "aggregate", "projection", "readModel", "grpc"] {
        let sdl = gateway::sdl().to_lowercase();
        assert!(!sdl.contains(&word.to_lowercase()), "{word}");
    }
}

#[test]
fn enum_values_are_in_order() {
    for (name, definition) in &types() {
        let TypeKind::Enum(values) = &definition.kind else { continue };
        let values: Vec<&str> = values.values.iter().map(|v| v.node.value.node.as_str()).collect();
        let mut sorted = values.clone();
        sorted.sort_unstable();
        assert_eq!(values, sorted, "{name}");
    }
}
