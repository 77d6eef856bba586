//! What a document does against the standard.

use serde_json::{Map, Value};

use super::address::WebAddress;
use super::form::{Form, is_email};
use super::identity::is_hash;
use super::moment::moment;
use super::rules::{Class, Holds, Rule};
use super::term;
use super::version::Version;
use crate::fault::Fault;

/// How many faults are told.
const MAX_FAULTS: usize = 64;

/// Tells what a document of Open Badges 2.0 or 2.1 does against the standard; its class is that
/// of its `type`.
///
/// Documents that it embeds are judged with it; nothing that it links to is.
pub fn faults(document: &Value) -> Vec<Fault> {
    let class = document.as_object().and_then(|object| {
        term::types(object).find_map(|name| match name {
            "Assertion" => Some(Class::Assertion),
            "BadgeClass" => Some(Class::BadgeClass),
            "Issuer" => Some(Class::Issuer),
            "Profile" => Some(Class::Profile),
            "CryptographicKey" => Some(Class::CryptographicKey),
            "Endorsement" => Some(Class::Endorsement),
            "RevocationList" => Some(Class::RevocationList),
            _ => None,
        })
    });
    match class {
        Some(class) => class_faults(class, document),
        None => vec![Fault::new("/type", "it has no type that the standard knows")],
    }
}

/// Tells what a document does against the standard when it is used as one of that class.
pub fn class_faults(class: Class, document: &Value) -> Vec<Fault> {
    let mut judge = Judge::default();
    let Some(object) = document.as_object() else {
        return vec![Fault::new("", "it is not an object")];
    };
    match Version::of(document) {
        Some(version) if version.is_judged() => judge.context(object),
        _ => judge.fault("/@context", "it is not in the context of open badges 2.0"),
    }
    let is_revoked = term::get(object, "revoked") == Some(&Value::Bool(true));
    if class == Class::Assertion && is_revoked {
        judge.object(Class::RevokedAssertion, object, true);
    } else {
        judge.object(class, object, true);
    }
    judge.extensions(document);
    judge.faults
}

#[derive(Default)]
struct Judge {
    faults: Vec<Fault>,
    pointer: String,
}

impl Judge {
    fn fault(&mut self, below: &str, message: impl Into<String>) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(Fault::new(format!("{}{below}", self.pointer), message));
        }
    }

    fn within(&mut self, step: impl std::fmt::Display, look: impl FnOnce(&mut Self)) {
        let length = self.pointer.len();
        let step = step.to_string().replace('~', "~0").replace('/', "~1");
        self.pointer.push('/');
        self.pointer.push_str(&step);
        look(self);
        self.pointer.truncate(length);
    }

    /// Contexts that stand in the document itself may add terms, and not change those there are.
    fn context(&mut self, object: &Map<String, Value>) {
        let entries = object.get("@context").map_or(&[][..], term::each);
        let named = entries.iter().filter_map(Value::as_object).flat_map(Map::keys);
        let is_ours = |name: &&String| {
            let classes = [
                Class::Assertion,
                Class::BadgeClass,
                Class::Issuer,
                Class::CryptographicKey,
                Class::Endorsement,
                Class::RevocationList,
                Class::IdentityObject,
                Class::VerificationPolicy,
            ];
            let rules = classes.iter().flat_map(|class| class.rules());
            !name.starts_with('@') && rules.into_iter().any(|rule| rule.member == name.as_str())
        };
        if let Some(name) = named.into_iter().find(is_ours) {
            self.fault("/@context", format!("it gives {name:?} another meaning"));
        }
    }

    /// Judges an object; one that is but a copy may lack what its own address will tell.
    fn object(&mut self, class: Class, object: &Map<String, Value>, whole: bool) {
        for rule in class.rules().iter().chain(class.shared_rules()) {
            self.member(rule, object, whole);
        }
        if !class.shared_rules().is_empty() {
            self.related(class, object);
        }
        match class {
            Class::Assertion => self.order_of_dates(object),
            Class::IdentityObject => self.identity(object),
            Class::Criteria if !has_either(object, "id", "narrative") => {
                self.fault("", "it has neither id nor narrative");
            }
            Class::RevokedAssertion if !has_either(object, "id", "uid") => {
                self.fault("", "it has neither id nor uid");
            }
            _ => {}
        }
    }

    fn member(&mut self, rule: &Rule, object: &Map<String, Value>, whole: bool) {
        if let Some(other) = term::alias(rule.member)
            && object.contains_key(other)
            && object.contains_key(rule.member)
        {
            self.fault("", format!("it has both {} and {other}", rule.member));
        }
        let value = term::get(object, rule.member).unwrap_or(&Value::Null);
        if term::each(value).iter().all(Value::is_null) {
            if rule.required && whole {
                self.fault("", format!("its {} is missing", rule.member));
            }
            return;
        }
        self.within(rule.member, |judge| match value {
            Value::Array(values) if rule.many || values.len() == 1 => {
                for (at, value) in values.iter().enumerate() {
                    judge.within(at, |judge| judge.value(rule, value));
                }
            }
            Value::Array(_) => judge.fault("", "there can be only one"),
            value => judge.value(rule, value),
        });
        if let Holds::Types(wanted) = rule.holds {
            let mut types = term::types(object);
            if !wanted.is_empty() && !types.any(|name| wanted.contains(&name)) {
                self.fault("/type", format!("none of its types is {}", wanted.join(" or ")));
            }
        }
    }

    fn value(&mut self, rule: &Rule, value: &Value) {
        match rule.holds {
            Holds::Value(form) => self.form(form, value),
            Holds::Types(_) => {
                if !value.as_str().is_some_and(is_type_name) {
                    self.fault("", "it is not the name of a type");
                }
            }
            Holds::Object(class) => match value {
                Value::Object(object) => self.object(class, object, true),
                _ => self.fault("", "it is not an object"),
            },
            Holds::ObjectOr(class, form) => match value {
                Value::Object(object) => {
                    let id = term::get(object, "id").and_then(Value::as_str);
                    let published = id.is_some_and(|id| WebAddress::parse(id).is_some());
                    self.object(class, object, !(published && class.is_looked_up()));
                }
                value => self.form(form, value),
            },
        }
    }

    fn form(&mut self, form: Form, value: &Value) {
        if !form.admits(value) {
            self.fault("", format!("it is not {}", form.wanted()));
        }
    }

    /// Other editions and languages: addresses, or objects with at least an id.
    fn related(&mut self, class: Class, object: &Map<String, Value>) {
        let values = term::get(object, "related").map_or(&[][..], term::each);
        for (at, value) in values.iter().enumerate() {
            self.within("related", |judge| {
                judge.within(at, |judge| match value {
                    Value::Object(related) => {
                        if term::get(related, "id").is_none() {
                            judge.fault("", "its id is missing");
                        }
                        judge.object(class, related, false);
                    }
                    value => judge.form(Form::Url, value),
                });
            });
        }
    }

    fn order_of_dates(&mut self, assertion: &Map<String, Value>) {
        let at = |name| term::get(assertion, name).and_then(Value::as_str).and_then(moment);
        if at("issuedOn").zip(at("expires")).is_some_and(|(issued, expires)| expires < issued) {
            self.fault("/expires", "it expires before it was issued");
        }
    }

    fn identity(&mut self, identity: &Map<String, Value>) {
        let Some(text) = term::get(identity, "identity").and_then(Value::as_str) else { return };
        let hashed = term::get(identity, "hashed") == Some(&Value::Bool(true));
        if hashed && !is_hash(text) {
            self.fault("/identity", "it is not sha256$ or md5$ and a hexadecimal hash");
        } else if !hashed && is_hash(text) {
            self.fault("/identity", "it is a hash, yet hashed is not true");
        } else if !hashed && term::types(identity).any(|name| name == "email") && !is_email(text) {
            self.fault("/identity", "it is not an e-mail address");
        }
    }

    /// Finds the extensions, wherever they stand.
    fn extensions(&mut self, value: &Value) {
        match value {
            Value::Object(object) => {
                if term::types(object).any(|name| name == "Extension") {
                    self.extension(object);
                }
                for (name, value) in object {
                    if name != "@context" && (value.is_object() || value.is_array()) {
                        self.within(name, |judge| judge.extensions(value));
                    }
                }
            }
            Value::Array(values) => {
                for (at, value) in values.iter().enumerate() {
                    self.within(at, |judge| judge.extensions(value));
                }
            }
            _ => {}
        }
    }

    fn extension(&mut self, object: &Map<String, Value>) {
        let context = object.get("@context").map_or(&[][..], term::each);
        let explains = |entry: &Value| entry.is_object() || Form::Url.admits(entry);
        if context.is_empty() || !context.iter().all(explains) {
            self.fault("/@context", "an extension needs a context of its own");
        }
        if term::types(object).all(|name| name == "Extension") {
            self.fault("/type", "an extension needs a type of its own");
        }
        let is_profile =
            |name: &str| name.rsplit_once([':', '#']).is_some_and(|(_, n)| n == "RecipientProfile");
        if term::types(object).any(is_profile) {
            for name in ["id", "name", "publicKey"] {
                if object.get(name).is_some_and(|value| !value.is_string()) {
                    self.fault(&format!("/{name}"), "it is not a text");
                }
            }
        }
    }
}

fn has_either(object: &Map<String, Value>, one: &str, other: &str) -> bool {
    term::get(object, one).or_else(|| term::get(object, other)).is_some()
}

/// The types of the context of Open Badges 2.0; others are written with a prefix or in full.
fn is_type_name(name: &str) -> bool {
    const KNOWN: [&str; 24] = [
        "AlignmentObject",
        "Assertion",
        "BadgeClass",
        "Criteria",
        "CryptographicKey",
        "Endorsement",
        "Evidence",
        "Extension",
        "FrameValidation",
        "HostedBadge",
        "IdentityObject",
        "Image",
        "Issuer",
        "Profile",
        "RevocationList",
        "SignedBadge",
        "TypeValidation",
        "VerificationObject",
        "hosted",
        "signed",
        "email",
        "id",
        "telephone",
        "url",
    ];
    let colon = name.split_once(':').is_some_and(|(prefix, rest)| {
        !prefix.is_empty() && !rest.is_empty() && !name.contains(char::is_whitespace)
    });
    colon || KNOWN.contains(&name)
}
