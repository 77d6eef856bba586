//! A document, parsed, held against the limits and planned once, then kept by the SHA-256 of its
//! text. What is left for each request is to add up the cost with its variables.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use async_graphql::{
    Name, Positioned, Value as ConstValue, Variables,
    parser::{
        parse_query,
        types::{
            Directive, ExecutableDocument, Field, OperationType, Selection, SelectionSet,
            VariableDefinition,
        },
    },
};

use moka::sync::Cache;
use sha2::{Digest, Sha256};

use crate::{
    failure::Failure,
    lexer,
    limits::Limits,
    model::{ListSize, Model},
};

/// A document that keeps the limits.
pub struct Document {
    /// As parsed.
    pub parsed: ExecutableDocument,
    /// What is known of each operation.
    pub operations: Vec<Operation>,
    /// Whether the schema's validation rules have passed it before.
    validated: AtomicBool,
}

/// An operation of a document.
pub struct Operation {
    /// Its name, if it has one.
    pub name: Option<Name>,
    /// Query, mutation or subscription.
    pub kind: OperationType,
    /// The variables it declares.
    pub variables: Vec<Positioned<VariableDefinition>>,
    /// The fields it asks of the root, fragments followed.
    pub roots: HashSet<String>,
    plan: Vec<Step>,
}

/// What one field costs.
struct Step {
    weight: u32,
    size: Size,
    /// The field or a fragment around it is skipped when one of these does not hold.
    conditions: Vec<(bool, Condition)>,
    inside: Vec<Step>,
}

enum Condition {
    Known(bool),
    Variable(Name),
}

enum Size {
    Known(u32),
    Variable { name: Name, usual: u32, max: u32 },
}

impl Document {
    /// Whether validation can be left out.
    pub fn is_validated(&self) -> bool {
        self.validated.load(Ordering::Acquire)
    }

    /// The operation to run.
    pub fn operation(&self, name: Option<&str>) -> Result<&Operation, Failure> {
        let refused = |message: &'static str| Err(Failure::request("OPERATION_UNKNOWN", message));
        match (name, self.operations.as_slice()) {
            (None, [only]) => Ok(only),
            (None, _) => refused("several operations and no operationName: say which to run"),
            (Some(name), operations) => {
                let named = |o: &&Operation| o.name.as_ref().is_some_and(|n| n.as_str() == name);
                match operations.iter().find(named) {
                    Some(operation) => Ok(operation),
                    None => refused("no operation has this operationName"),
                }
            }
        }
    }
}

impl Operation {
    /// What running it costs at most with these variables.
    pub fn cost(&self, variables: &Variables) -> u32 {
        let default = |name: &Name| {
            let definition = self.variables.iter().find(|d| d.node.name.node == *name)?;
            definition.node.default_value.as_ref().map(|v| v.node.clone())
        };
        let value = |name: &Name| variables.get(name).cloned().or_else(|| default(name));
        add_up(&self.plan, &value)
    }
}

fn add_up(steps: &[Step], variable: &dyn Fn(&Name) -> Option<ConstValue>) -> u32 {
    let mut sum = 0_u32;
    for step in steps {
        let holds = step.conditions.iter().all(|(wanted, condition)| match condition {
            Condition::Known(value) => value == wanted,
            Condition::Variable(name) => variable(name) == Some(ConstValue::Boolean(*wanted)),
        });
        if !holds {
            continue;
        }
        let size = match &step.size {
            Size::Known(size) => *size,
            Size::Variable { name, usual, max } => {
                variable(name).map_or(*usual, |value| elements(&value).unwrap_or(*usual)).min(*max)
            }
        };
        let inside = add_up(&step.inside, variable).saturating_mul(size);
        sum = sum.saturating_add(step.weight).saturating_add(inside);
    }
    sum
}

/// How many elements an argument asks for: a number as it stands, a list by its length.
fn elements(value: &ConstValue) -> Option<u32> {
    match value {
        ConstValue::Number(number) => Some(u32::try_from(number.as_i64()?).unwrap_or(0)),
        ConstValue::List(list) => u32::try_from(list.len()).ok(),
        _ => None,
    }
}

/// The documents seen lately.
pub struct Documents {
    cache: Cache<[u8; 32], Arc<Document>>,
}

impl Documents {
    /// None yet; as many as have 4 MiB of text are kept.
    pub fn new() -> Self {
        let weigher = |_: &[u8; 32], d: &Arc<Document>| {
            u32::try_from(d.operations.len().saturating_mul(512) + 4096).unwrap_or(u32::MAX)
        };
        Self { cache: Cache::builder().max_capacity(4 * 1024 * 1024).weigher(weigher).build() }
    }

    /// The document of this text, within the limits.
    pub fn get(
        &self,
        text: &str,
        model: &Model,
        limits: &Limits,
    ) -> Result<(Arc<Document>, [u8; 32]), Failure> {
        let digest = Sha256::digest(text).into();
        if let Some(document) = self.cache.get(&digest) {
            return Ok((document, digest));
        }
        Ok((Arc::new(plan(text, model, limits)?), digest))
    }

    /// Remembers that the document is valid.
    pub fn keep(&self, digest: [u8; 32], document: &Arc<Document>) {
        if !document.validated.swap(true, Ordering::AcqRel) {
            self.cache.insert(digest, Arc::clone(document));
        }
    }
}

/// The type that an operation starts from.
pub fn root_of(kind: OperationType) -> &'static str {
    match kind {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => "Subscription",
    }
}

/// Parses a text and holds it against the limits, cheapest first.
pub fn plan(text: &str, model: &Model, limits: &Limits) -> Result<Document, Failure> {
    let shape = lexer::shape(text, limits.tokens);
    if shape.tokens > limits.tokens {
        return Err(Failure::limit("TOKENS_EXCEEDED", "tokens", limits.tokens));
    }
    if shape.nesting > limits.recursion {
        return Err(Failure::limit("RECURSION_EXCEEDED", "levels of nesting", limits.recursion));
    }
    let parsed = parse_query(text).map_err(|error| Failure::parse(&error))?;
    if parsed.fragments.len() > limits.fragments {
        return Err(Failure::limit("FRAGMENTS_EXCEEDED", "fragments", limits.fragments));
    }
    let mut directives: usize =
        parsed.fragments.values().map(|f| written(&f.node.selection_set.node)).sum();
    let mut operations = Vec::new();
    for (name, operation) in parsed.operations.iter() {
        let operation = &operation.node;
        directives += operation.directives.len() + written(&operation.selection_set.node);
        let mut planner = Planner { document: &parsed, model, limits, aliases: 0, selections: 0 };
        let root = root_of(operation.ty);
        let mut roots = Vec::new();
        let set = &operation.selection_set.node;
        let plan = planner.steps(set, Some(root), &Place::default(), &mut roots)?;
        if roots.len() > limits.root_fields {
            return Err(Failure::limit("ROOT_FIELDS_EXCEEDED", "root fields", limits.root_fields));
        }
        operations.push(Operation {
            name: name.cloned(),
            kind: operation.ty,
            variables: operation.variable_definitions.clone(),
            roots: roots.into_iter().collect(),
            plan,
        });
    }
    if directives > limits.directives {
        return Err(Failure::limit("DIRECTIVES_EXCEEDED", "directives", limits.directives));
    }
    Ok(Document { parsed, operations, validated: AtomicBool::new(false) })
}

/// The directives written in a selection set, fragments not followed. The lexer has bounded the
/// nesting.
fn written(set: &SelectionSet) -> usize {
    set.items
        .iter()
        .map(|selection| {
            let inside = match &selection.node {
                Selection::Field(field) => written(&field.node.selection_set.node),
                Selection::InlineFragment(inline) => written(&inline.node.selection_set.node),
                Selection::FragmentSpread(_) => 0,
            };
            selection.node.directives().len() + inside
        })
        .sum()
}

struct Planner<'d> {
    document: &'d ExecutableDocument,
    model: &'d Model,
    limits: &'d Limits,
    aliases: usize,
    selections: usize,
}

/// Where in the operation the planner is.
#[derive(Clone, Default)]
struct Place {
    depth: usize,
    recursion: usize,
    /// Lists of the introspection schema around here.
    introspected: usize,
    /// Fragments around here, to notice circles.
    fragments: Vec<Name>,
}

/// How many lists of lists introspection may ask for: the standard query needs two.
const INTROSPECTED: usize = 3;

impl<'d> Planner<'d> {
    fn steps(
        &mut self,
        set: &'d SelectionSet,
        of: Option<&str>,
        place: &Place,
        roots: &mut Vec<String>,
    ) -> Result<Vec<Step>, Failure> {
        if place.recursion > self.limits.recursion {
            return Err(Failure::limit(
                "RECURSION_EXCEEDED",
                "levels of nesting",
                self.limits.recursion,
            ));
        }
        let mut steps = Vec::new();
        for selection in &set.items {
            self.selections += 1;
            if self.selections > self.limits.selections {
                return Err(Failure::limit(
                    "SELECTIONS_EXCEEDED",
                    "selections",
                    self.limits.selections,
                ));
            }
            let conditions = conditions(selection.node.directives());
            let mut deeper = Place { recursion: place.recursion + 1, ..place.clone() };
            let (inner, of) = match &selection.node {
                Selection::Field(field) => {
                    let field = &field.node;
                    steps.push(self.field(field, of, deeper, roots, conditions, place.depth)?);
                    continue;
                }
                Selection::InlineFragment(inline) => {
                    let condition = inline.node.type_condition.as_ref();
                    let of = condition.map(|c| c.node.on.node.as_str()).or(of);
                    (&inline.node.selection_set.node, of)
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    let Some(fragment) = self.document.fragments.get(name) else { continue };
                    if deeper.fragments.contains(name) {
                        return Err(Failure::request(
                            "GRAPHQL_VALIDATION_FAILED",
                            "a fragment spreads itself",
                        ));
                    }
                    deeper.fragments.push(name.clone());
                    let of = fragment.node.type_condition.node.on.node.as_str();
                    (&fragment.node.selection_set.node, Some(of))
                }
            };
            for mut step in self.steps(inner, of, &deeper, roots)? {
                step.conditions.extend(conditions_again(&conditions));
                steps.push(step);
            }
        }
        Ok(steps)
    }

    fn field(
        &mut self,
        field: &'d Field,
        of: Option<&str>,
        mut deeper: Place,
        roots: &mut Vec<String>,
        conditions: Vec<(bool, Condition)>,
        depth: usize,
    ) -> Result<Step, Failure> {
        let limits = self.limits;
        if field.alias.is_some() {
            self.aliases += 1;
            if self.aliases > limits.aliases {
                return Err(Failure::limit("ALIASES_EXCEEDED", "aliases", limits.aliases));
            }
        }
        let name = field.name.node.as_str();
        if depth == 0 {
            roots.push(name.to_owned());
        }
        deeper.depth = depth + 1;
        if deeper.depth > limits.depth {
            return Err(Failure::limit("DEPTH_EXCEEDED", "fields within fields", limits.depth));
        }
        let introspection = of.is_some_and(|of| of.starts_with("__"));
        if introspection
            && matches!(name, "fields" | "inputFields" | "interfaces" | "possibleTypes")
        {
            deeper.introspected += 1;
            if deeper.introspected >= INTROSPECTED {
                return Err(Failure::limit(
                    "DEPTH_EXCEEDED",
                    "lists of the schema within each other",
                    INTROSPECTED - 1,
                ));
            }
        }
        let (weight, size, inside_of) = match (name, of.and_then(|of| self.model.field(of, name))) {
            ("__schema" | "__type", _) if depth == 0 => {
                (INTROSPECTION, Size::Known(0), Some("__Schema"))
            }
            (_, None) => (0, Size::Known(1), of.filter(|_| introspection)),
            (_, Some(known)) => {
                (known.weight, size(known.size.as_ref(), field), Some(known.of.as_str()))
            }
        };
        let inside = self.steps(&field.selection_set.node, inside_of, &deeper, &mut Vec::new())?;
        Ok(Step { weight, size, conditions, inside })
    }
}

/// What `__schema` costs, whatever is asked inside.
const INTROSPECTION: u32 = 50;

fn size(declared: Option<&ListSize>, field: &Field) -> Size {
    let Some(declared) = declared else { return Size::Known(1) };
    let (usual, max) = (declared.usual, declared.max);
    for argument in &declared.sized_by {
        let Some(value) = field.get_argument(argument) else { continue };
        // A variable itself gives its name; variables within a list are elements like others.
        match value.node.clone().into_const_with(Err) {
            Err(name) if value.node.to_string().starts_with('$') => {
                return Size::Variable { name, usual, max };
            }
            _ => {}
        }
        let known = value.node.clone().into_const_with(|_| Ok::<_, ()>(ConstValue::Boolean(true)));
        match known {
            Ok(ConstValue::Null) | Err(()) => {}
            Ok(known) => return Size::Known(elements(&known).unwrap_or(usual).min(max)),
        }
    }
    Size::Known(usual)
}

fn conditions(directives: &[Positioned<Directive>]) -> Vec<(bool, Condition)> {
    directives
        .iter()
        .filter_map(|directive| {
            let wanted = match directive.node.name.node.as_str() {
                "include" => true,
                "skip" => false,
                _ => return None,
            };
            match directive.node.get_argument("if")?.node.clone().into_const_with(Err) {
                Err(name) => Some((wanted, Condition::Variable(name))),
                Ok(ConstValue::Boolean(value)) => Some((wanted, Condition::Known(value))),
                Ok(_) => None,
            }
        })
        .collect()
}

fn conditions_again(conditions: &[(bool, Condition)]) -> impl Iterator<Item = (bool, Condition)> {
    conditions.iter().map(|(wanted, condition)| {
        let condition = match condition {
            Condition::Known(value) => Condition::Known(*value),
            Condition::Variable(name) => Condition::Variable(name.clone()),
        };
        (*wanted, condition)
    })
}
