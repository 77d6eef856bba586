//! The fields of the GraphQL roots, over HTTP, with documents made from the SDL.

use std::{collections::BTreeSet, time::Duration};

use async_graphql::parser::{
    parse_schema,
    types::{FieldDefinition, TypeDefinition, TypeKind, TypeSystemDefinition},
};
use serde_json::{Value, json};

use super::{
    graphql_table::{ROWS, Root, Row},
    http::whole,
    ids::{Ids, Thing},
    matrix::{Absent, Answer, Operation, Verdict},
    who::Who,
    world::World,
};

/// How long a stream that says nothing is taken to have been begun.
const SILENCE: Duration = Duration::from_millis(300);

/// The schema, as far as documents are made from it.
pub struct Schema(Vec<TypeDefinition>);

impl Schema {
    /// The schema that the gateway publishes.
    pub fn published() -> Self {
        let document = parse_schema(gateway::sdl()).expect("the SDL reads back");
        let types = document.definitions.into_iter().filter_map(|definition| match definition {
            TypeSystemDefinition::Type(definition) => Some(definition.node),
            _ => None,
        });
        Self(types.collect())
    }

    fn fields(&self, of: &str) -> Vec<&FieldDefinition> {
        let definition = self.0.iter().find(|definition| definition.name.node == of);
        match &definition.unwrap_or_else(|| panic!("no type {of}")).kind {
            TypeKind::Object(object) => object.fields.iter().map(|f| &f.node).collect(),
            _ => panic!("{of} is no object"),
        }
    }

    fn has_input(&self, of: &str, name: &str) -> bool {
        let definition = self.0.iter().find(|definition| definition.name.node == of);
        match definition.map(|definition| &definition.kind) {
            Some(TypeKind::InputObject(input)) => {
                input.fields.iter().any(|field| field.node.name.node == name)
            }
            _ => panic!("{of} is no input"),
        }
    }

    /// Every operation: the fields of the roots, and the types of nodes.
    pub fn operations(&self) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        for root in ["Query", "Mutation", "Subscription"] {
            all.extend(self.fields(root).iter().map(|f| format!("{root}.{}", f.name.node)));
        }
        for definition in &self.0 {
            if let TypeKind::Object(object) = &definition.kind
                && object.implements.iter().any(|name| name.node == "Node")
            {
                all.insert(format!("Node.{}", definition.name.node));
            }
        }
        all
    }

    /// The document of a row.
    fn document(&self, row: &Row, arguments: &Value) -> String {
        let (root, field) = match row.root {
            Root::Node => ("Query", "node"),
            Root::Query => ("Query", row.field),
            Root::Mutation => ("Mutation", row.field),
            Root::Subscription => ("Subscription", row.field),
        };
        let definition = self.fields(root).into_iter().find(|f| f.name.node == field);
        let definition = definition.unwrap_or_else(|| panic!("no {root}.{field}"));
        let select = if row.root == Root::Mutation {
            let payload = definition.ty.node.to_string();
            let plain = ["replayed", "consistencyToken", "userErrors", "clientMutationId", "query"];
            let fields = self.fields(payload.trim_end_matches('!'));
            let object = fields.iter().find(|f| !plain.contains(&f.name.node.as_str()));
            let object = &object.expect("an object in the payload").name.node;
            let errors = "userErrors { ... on UserError { code message path retryable docsUrl } }";
            format!("{{ {object} {{ __typename }} {errors} }}")
        } else {
            row.select.to_owned()
        };
        let (mut declared, mut given) = (Vec::new(), Vec::new());
        for argument in &definition.arguments {
            let name = &argument.node.name.node;
            if arguments.get(name.as_str()).is_some() {
                declared.push(format!("${name}: {}", argument.node.ty.node));
                given.push(format!("{name}: ${name}"));
            }
        }
        let parentheses = |parts: Vec<String>| match parts.as_slice() {
            [] => String::new(),
            parts => format!("({})", parts.join(", ")),
        };
        let root = root.to_lowercase();
        format!("{root}{} {{ {field}{} {select} }}", parentheses(declared), parentheses(given))
    }
}

/// A row and the schema that its document is made from.
pub struct Asked<'s> {
    /// The row.
    pub row: &'static Row,
    /// The schema.
    pub schema: &'s Schema,
}

impl Asked<'_> {
    fn variables(&self, ids: &Ids) -> Value {
        let text = ids.fill(self.row.arguments, |_, id| id.global());
        let mut arguments: Value = serde_json::from_str(&text).expect("the table holds JSON");
        if self.row.root != Root::Mutation {
            return arguments;
        }
        let mut letters = self.row.field.chars();
        let first = letters.next().expect("a name").to_uppercase();
        let input = format!("{first}{}Input", letters.as_str());
        if self.schema.has_input(&input, "idempotencyKey") {
            arguments["idempotencyKey"] = json!(ids.key);
        }
        json!({ "input": arguments })
    }
}

impl Operation for Asked<'_> {
    fn name(&self) -> String {
        format!("{:?}.{}", self.row.root, self.row.field)
    }

    fn who(&self) -> Who {
        self.row.who
    }

    fn names(&self) -> Vec<Thing> {
        Thing::named_in(self.row.arguments)
    }

    fn absent(&self) -> Absent {
        self.row.absent
    }

    fn mistaken(&self) -> Verdict {
        match (self.row.root, self.row.field) {
            // A node may be of any type.
            (Root::Node, _) | (Root::Query, "node" | "nodes") => Verdict::Done,
            _ => Verdict::Refused("INVALID_ID".into()),
        }
    }

    fn writes(&self) -> bool {
        self.row.root == Root::Mutation
    }

    async fn send(&self, world: &World, token: Option<&str>, ids: &Ids) -> Answer {
        let variables = self.variables(ids);
        let query = self.schema.document(self.row, &variables);
        let streamed = self.row.root == Root::Subscription;
        let (path, accept) = if streamed {
            ("/graphql/stream", "text/event-stream")
        } else {
            ("/graphql", "application/graphql-response+json")
        };
        let guest = &world.house.guest;
        let mut request = guest
            .http()
            .post(format!("{}{path}", guest.base()))
            .header("accept", accept)
            .header("x-request-id", "walls")
            .json(&json!({ "query": query, "variables": variables }));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.expect("an answer");
        let head = whole(response.status(), response.headers());
        let body =
            if streamed { first(response).await } else { response.text().await.expect("a body") };
        let verdict = verdict(&body);
        let mut whole = format!("{head}\n{}", without_the_balance(&body));
        for thing in self.names() {
            whole = whole.replace(&ids.id(thing).global(), "{id}");
        }
        Answer { verdict, whole }
    }
}

/// What a stream says first; nothing when it goes on in silence.
async fn first(mut response: reqwest::Response) -> String {
    let mut body = String::new();
    while let Ok(chunk) = tokio::time::timeout(SILENCE, response.chunk()).await {
        match chunk.expect("a chunk") {
            Some(chunk) => body.push_str(&String::from_utf8_lossy(&chunk)),
            None => break,
        }
    }
    body
}

/// The body but for what the caller has left to spend.
fn without_the_balance(body: &str) -> String {
    const LEFT: &str = "\"remaining\":";
    match body.split_once(LEFT) {
        Some((before, after)) => {
            let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
            format!("{before}{LEFT}{after}")
        }
        None => body.to_owned(),
    }
}

fn verdict(body: &str) -> Verdict {
    // Of an event, what it carries.
    let json = body
        .strip_prefix("event: next\ndata: ")
        .map_or(body, |rest| rest.lines().next().unwrap_or_default());
    if json.is_empty() {
        return Verdict::Done;
    }
    let value: Value = serde_json::from_str(json).unwrap_or_else(|_| panic!("no JSON: {body}"));
    if let Some(code) = value["errors"][0]["extensions"]["code"].as_str() {
        return Verdict::Refused(code.to_owned());
    }
    let fields = value["data"].as_object().expect("data or errors");
    let field = fields.values().next().expect("a field");
    if let Some(code) = field["userErrors"][0]["code"].as_str() {
        return Verdict::Refused(code.to_owned());
    }
    let nothing =
        field.is_null() || field.as_array().is_some_and(|all| all.iter().all(Value::is_null));
    if nothing { Verdict::Nothing } else { Verdict::Done }
}

/// The operations of the table.
pub fn rows() -> BTreeSet<String> {
    ROWS.iter().map(|row| format!("{:?}.{}", row.root, row.field)).collect()
}
