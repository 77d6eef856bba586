//! The walk over a document and the classes that its parts must be of.

use serde_json::{Map, Value};

use super::class::{Class, Kind, Member, Types};
use super::{MOST, Mode, format};
use crate::fault::Fault;
use crate::timestamp::parse_timestamp;
use crate::v3::{CREDENTIALS_V1, CREDENTIALS_V2};
use crate::vcdm::is_url;

/// How deep profiles and endorsements may stand within each other.
const MAX_DEPTH: usize = 24;

/// One judgement of one document.
pub(super) struct Walk {
    pub(super) mode: Mode,
    /// Whether what the prose says is judged, too.
    prose: bool,
    faults: Vec<Fault>,
    depth: usize,
}

impl Walk {
    pub(super) fn new(mode: Mode, prose: bool) -> Self {
        Self { mode, prose, faults: Vec::new(), depth: 0 }
    }

    pub(super) fn into_faults(self) -> Vec<Fault> {
        self.faults
    }

    pub(super) fn fault(&mut self, pointer: impl Into<String>, message: impl Into<String>) {
        if self.faults.len() < MOST {
            self.faults.push(Fault::new(pointer, message));
        }
    }

    /// Judges one object and all that stands in it.
    pub(super) fn object(&mut self, value: &Value, class: &'static Class, at: &str) {
        let Value::Object(members) = value else {
            return self.fault(at, "must be an object");
        };
        if self.faults.len() >= MOST {
            return;
        }
        if self.depth >= MAX_DEPTH {
            return self.fault(at, "is nested too deep");
        }
        self.depth += 1;
        self.types(members, class.types, at);
        let old = self.mode == Mode::Lenient && is_v1(members);
        for member in class.members {
            let name = if old { name_in_v1(member.name) } else { member.name };
            match members.get(name) {
                Some(Value::Null) if self.mode == Mode::Lenient && !member.required => {}
                Some(value) => self.member(value, member, &format!("{at}/{name}")),
                None if member.required => self.fault(at, format!("must have {name}")),
                None => {}
            }
        }
        if class.closed {
            let known = |name: &str| {
                name == "type" || class.members.iter().any(|member| member.name == name)
            };
            for name in members.keys().filter(|name| !known(name)) {
                let escaped = name.replace('~', "~0").replace('/', "~1");
                self.fault(format!("{at}/{escaped}"), "is not a member that may stand here");
            }
        }
        if let Some(rule) = class.rule.filter(|_| self.prose) {
            rule(self, members, at);
        }
        self.depth -= 1;
    }

    fn types(&mut self, members: &Map<String, Value>, types: Types, at: &str) {
        let place = || format!("{at}/type");
        let value = match (members.get("type"), types) {
            (_, Types::None) => return,
            (None, _) => return self.fault(at, "must have type"),
            (Some(value), _) => value,
        };
        let all: Option<Vec<&str>> = match value {
            Value::String(one) if self.mode == Mode::Lenient => Some(vec![one]),
            Value::String(one) if !matches!(types, Types::Set(_)) => Some(vec![one]),
            Value::Array(all) if self.mode == Mode::Lenient || matches!(types, Types::Set(_)) => {
                all.iter().map(Value::as_str).collect()
            }
            _ => None,
        };
        let Some(all) = all.filter(|all| !all.is_empty()) else {
            let form = match types {
                Types::Set(_) => "must be an array of texts",
                _ => "must be a text",
            };
            return self.fault(place(), form);
        };
        match types {
            Types::Set(choices) => {
                for choice in choices {
                    if !choice.iter().any(|name| all.contains(name)) {
                        self.fault(place(), format!("must hold {}", choice.join(" or ")));
                    }
                }
            }
            Types::Only(name) if !all.contains(&name) => {
                self.fault(place(), format!("must be {name}"));
            }
            Types::Only(_) | Types::Any | Types::None => {}
        }
    }

    fn member(&mut self, value: &Value, member: &Member, at: &str) {
        let lenient = self.mode == Mode::Lenient;
        match value {
            _ if matches!(member.kind, Kind::Contexts) => self.contexts(value, at),
            Value::Array(all) if member.many => {
                for (index, one) in all.iter().enumerate() {
                    self.value(one, member.kind, &format!("{at}/{index}"));
                }
            }
            _ if member.many && !lenient => self.fault(at, "must be an array"),
            Value::Array(all) if lenient && (all.len() == 1 || may_repeat(member.name)) => {
                for (index, one) in all.iter().enumerate() {
                    self.value(one, member.kind, &format!("{at}/{index}"));
                }
            }
            Value::Array(_) if lenient => self.fault(at, "must be one value"),
            one => self.value(one, member.kind, at),
        }
    }

    fn value(&mut self, value: &Value, kind: Kind, at: &str) {
        match kind {
            Kind::Object(class) => return self.object(value, class, at),
            Kind::IdOr(class) if !value.is_string() => {
                if !value.is_object() {
                    return self.fault(at, "must be a text or an object");
                }
                return self.object(value, class, at);
            }
            Kind::Number if value.is_number() => return,
            Kind::Number => return self.fault(at, "must be a number"),
            Kind::Boolean if value.is_boolean() => return,
            Kind::Boolean => return self.fault(at, "must be true or false"),
            _ => {}
        }
        let Value::String(text) = value else { return self.fault(at, "must be a text") };
        if let Some(wrong) = self.wrong_with(text, kind) {
            self.fault(at, wrong);
        }
    }

    fn wrong_with(&self, text: &str, kind: Kind) -> Option<String> {
        let exact = self.mode == Mode::Exact;
        let (right, wanted) = match kind {
            Kind::Id | Kind::IdOr(_) => (!self.prose || is_url(text), "must be an absolute uri"),
            Kind::Uri => (!self.prose || !exact || is_url(text), "must be an absolute uri"),
            // Readers are to take a missing offset for UTC (VCDM 2.0, 4.9).
            Kind::Moment if !exact => (parse_timestamp(text).is_ok(), "must be a date and time"),
            Kind::Moment => (
                format::is_moment(text),
                "must be a date and time with offset, such as 2025-01-31T12:00:00Z",
            ),
            Kind::Date => (format::is_date(text), "must be a day, such as 2025-01-31"),
            Kind::CompactJws => (format::is_compact_jws(text), "must be a compact jws"),
            Kind::Language => (format::is_language(text), "must be a language, such as de-CH"),
            Kind::OneOf(terms) if !terms.contains(&text) => {
                return Some(format!("must be one of {}", terms.join(", ")));
            }
            Kind::Open(terms) => (
                terms.contains(&text) || format::is_extension(text),
                "must be a term of the standard or begin with ext:",
            ),
            _ => return None,
        };
        (!right).then(|| wanted.to_owned())
    }

    fn contexts(&mut self, value: &Value, at: &str) {
        let Value::Array(all) = value else { return self.fault(at, "must be an array") };
        if all.len() < 2 {
            self.fault(at, "must hold the contexts of credentials and of open badges");
        }
        for (index, one) in all.iter().enumerate() {
            let right = match index {
                0 => one == CREDENTIALS_V2 || (self.mode == Mode::Lenient && one == CREDENTIALS_V1),
                1 => one.as_str().is_some_and(format::is_open_badges_context),
                _ => one.is_string() || one.is_object(),
            };
            if !right {
                let wanted = match index {
                    0 => "must be the context of verifiable credentials",
                    1 => "must be a context of open badges 3.0",
                    _ => "must be a text or an object",
                };
                self.fault(format!("{at}/{index}"), wanted);
            }
        }
    }
}

/// Whether an object is a credential of version 1.1.
pub(super) fn is_v1(members: &Map<String, Value>) -> bool {
    let first = members.get("@context").and_then(|contexts| contexts.get(0));
    first.is_some_and(|first| first == CREDENTIALS_V1)
}

/// What version 1.1 calls the ends of the period of validity.
fn name_in_v1(name: &'static str) -> &'static str {
    match name {
        "validFrom" => "issuanceDate",
        "validUntil" => "expirationDate",
        other => other,
    }
}

/// Of these the VC Data Model allows several, though Open Badges has room for one.
fn may_repeat(name: &str) -> bool {
    matches!(name, "credentialStatus" | "refreshService")
}
