//! The published schema as a table to look things up in. It is read from the same SDL that clients
//! get, so that what they compute from `@cost` and `@listSize` is what we compute.

use std::collections::HashMap;

use async_graphql::{
    Positioned, Value,
    parser::{
        parse_schema,
        types::{
            ConstDirective, FieldDefinition, InputValueDefinition, TypeKind, TypeSystemDefinition,
        },
    },
};

/// The types of the schema by name.
pub struct Model {
    types: HashMap<String, Shape>,
}

/// What a type is made of.
pub enum Shape {
    /// An object or interface: its fields by name.
    Object(HashMap<String, Field>),
    /// An input object: its fields by name, and whether exactly one must be given.
    Input(HashMap<String, Input>, bool),
    /// An enum: its values.
    Enum(Vec<String>),
    /// A scalar.
    Scalar,
    /// A union.
    Union,
}

/// A field of an object.
pub struct Field {
    /// The named type it leads to, without list and non-null marks.
    pub of: String,
    /// What the field itself costs: `@cost`, else 1 for objects and 0 for leaves.
    pub weight: u32,
    /// How often what is inside is counted, from `@listSize`.
    pub size: Option<ListSize>,
}

/// `@listSize(max, sizedBy)`.
#[derive(Clone)]
pub struct ListSize {
    /// The most elements there can be.
    pub max: u32,
    /// The arguments that say how many, the first given counts: a number, or a list.
    pub sized_by: Vec<String>,
    /// How many without such an argument.
    pub usual: u32,
}

/// A field of an input object.
pub struct Input {
    /// Its type, as written: `[String!]!`.
    pub ty: String,
    /// Whether it may be left out.
    pub optional: bool,
}

/// The schema's own text is not a schema.
#[derive(Debug, thiserror::Error)]
#[error("the schema's SDL could not be read back")]
pub struct UnreadableSdl(#[from] async_graphql::parser::Error);

impl Model {
    /// Reads the SDL.
    pub fn of_sdl(sdl: &str) -> Result<Self, UnreadableSdl> {
        let mut types = HashMap::new();
        for definition in parse_schema(sdl)?.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let definition = definition.node;
            let oneof = definition.directives.iter().any(|d| d.node.name.node == "oneOf");
            let shape = match definition.kind {
                TypeKind::Object(object) => Shape::Object(fields(object.fields)),
                TypeKind::Interface(interface) => Shape::Object(fields(interface.fields)),
                TypeKind::InputObject(input) => Shape::Input(inputs(input.fields), oneof),
                TypeKind::Enum(values) => Shape::Enum(
                    values.values.into_iter().map(|v| v.node.value.node.to_string()).collect(),
                ),
                TypeKind::Scalar => Shape::Scalar,
                TypeKind::Union(_) => Shape::Union,
            };
            types.insert(definition.name.node.to_string(), shape);
        }
        let leaves: Vec<String> = types
            .iter()
            .filter(|(_, shape)| matches!(shape, Shape::Scalar | Shape::Enum(_)))
            .map(|(name, _)| name.clone())
            .chain(["Int", "Float", "String", "Boolean", "ID"].map(str::to_owned))
            .collect();
        for shape in types.values_mut() {
            let Shape::Object(fields) = shape else { continue };
            for field in fields.values_mut().filter(|f| f.weight == UNSAID) {
                field.weight = u32::from(!leaves.contains(&field.of));
            }
        }
        Ok(Self { types })
    }

    /// The type of that name, unless it is built in.
    pub fn shape(&self, name: &str) -> Option<&Shape> {
        self.types.get(name)
    }

    /// The field of an object or interface.
    pub fn field(&self, of: &str, name: &str) -> Option<&Field> {
        match self.types.get(of)? {
            Shape::Object(fields) => fields.get(name),
            _ => None,
        }
    }
}

/// No `@cost`: decided when all types are known.
const UNSAID: u32 = u32::MAX;

fn fields(definitions: Vec<Positioned<FieldDefinition>>) -> HashMap<String, Field> {
    definitions
        .into_iter()
        .map(|d| d.node)
        .map(|definition| {
            let named = definition.ty.node.to_string();
            let of = named.trim_matches(['[', ']', '!']).to_owned();
            let weight = argument(&definition.directives, "cost", "weight")
                .and_then(number)
                .unwrap_or(UNSAID);
            let size =
                argument(&definition.directives, "listSize", "max").and_then(number).map(|max| {
                    ListSize {
                        max,
                        usual: argument(&definition.directives, "listSize", "usual")
                            .and_then(number)
                            .unwrap_or(max),
                        sized_by: match argument(&definition.directives, "listSize", "sizedBy") {
                            Some(Value::List(all)) => all
                                .iter()
                                .filter_map(|name| match name {
                                    Value::String(name) => Some(name.clone()),
                                    _ => None,
                                })
                                .collect(),
                            _ => Vec::new(),
                        },
                    }
                });
            (definition.name.node.to_string(), Field { of, weight, size })
        })
        .collect()
}

fn inputs(definitions: Vec<Positioned<InputValueDefinition>>) -> HashMap<String, Input> {
    definitions
        .into_iter()
        .map(|d| d.node)
        .map(|definition| {
            let ty = definition.ty.node.to_string();
            let optional = !ty.ends_with('!') || definition.default_value.is_some();
            (definition.name.node.to_string(), Input { ty, optional })
        })
        .collect()
}

fn argument<'d>(
    directives: &'d [Positioned<ConstDirective>],
    name: &str,
    argument: &str,
) -> Option<&'d Value> {
    let directive = directives.iter().find(|d| d.node.name.node == name)?;
    directive.node.get_argument(argument).map(|value| &value.node)
}

fn number(value: &Value) -> Option<u32> {
    match value {
        Value::Number(number) => u32::try_from(number.as_u64()?).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_and_sizes_are_read_from_the_sdl() {
        let model = Model::of_sdl(
            r#"type Query { a: A, n: Int!, l(first: Int): [A!]! @cost(weight: 3) @listSize(max: 100, sizedBy: ["first"], usual: 20) }
               type A { e: E } enum E { X } input I @oneOf { a: [Int!]!, b: Int = 3 }"#,
        )
        .unwrap();
        assert_eq!(model.field("Query", "a").unwrap().weight, 1);
        assert_eq!(model.field("Query", "n").unwrap().weight, 0);
        assert_eq!(model.field("A", "e").unwrap().weight, 0);
        let list = model.field("Query", "l").unwrap();
        let size = list.size.as_ref().unwrap();
        assert_eq!((list.weight, list.of.as_str(), size.max, size.usual), (3, "A", 100, 20));
        assert_eq!(size.sized_by, ["first"]);
        let Some(Shape::Input(fields, true)) = model.shape("I") else { panic!("an input") };
        assert!(!fields["a"].optional && fields["b"].optional);
    }
}
