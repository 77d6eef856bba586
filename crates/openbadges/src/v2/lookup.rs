//! Looking up documents among those that were fetched, and noting which were not.

use serde_json::Value;

use super::address::WebAddress;
use super::found::{Fetched, Found, MAX_BYTES, Need};
use super::outcome::Outcome;
use super::rules::Class;
use super::term;

/// Why a document is not to be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It was not fetched yet.
    Wanted(String),
    /// It could not be had.
    Unavailable(String),
    /// It is not what it must be.
    Wrong(String),
    /// It was withdrawn; what came with the message.
    Gone(Option<Value>),
}

impl Trouble {
    pub(super) fn outcome(self) -> Outcome {
        match self {
            Self::Wanted(reason) | Self::Unavailable(reason) => Outcome::Undetermined(reason),
            Self::Wrong(reason) => Outcome::Invalid(reason),
            Self::Gone(_) => Outcome::Invalid("it was withdrawn".to_owned()),
        }
    }
}

/// What was found, and what is wanted.
pub(super) struct Lookup<'a> {
    found: &'a Found,
    pub(super) needs: Vec<Need>,
}

impl<'a> Lookup<'a> {
    pub(super) fn new(found: &'a Found) -> Self {
        Self { found, needs: Vec::new() }
    }

    /// The same, for looking without wanting.
    pub(super) fn idle(&self) -> Self {
        Self::new(self.found)
    }

    /// The document at an address, whatever id it gives itself.
    pub(super) fn at(&mut self, class: Class, url: &str) -> Result<Value, Trouble> {
        let what = noun(class);
        if WebAddress::parse(url).is_none() {
            return Err(Trouble::Wrong(format!("{what} has no web address")));
        }
        match self.found.get(url) {
            None => {
                let need = Need { class, url: url.to_owned() };
                if !self.needs.contains(&need) {
                    self.needs.push(need);
                }
                Err(Trouble::Wanted(format!("{what} was not looked up")))
            }
            Some(Fetched::Failed(reason)) => {
                Err(Trouble::Unavailable(format!("{what} could not be looked up: {reason}")))
            }
            Some(Fetched::Missing) => {
                Err(Trouble::Wrong(format!("there is nothing at the address of {what}")))
            }
            Some(Fetched::Gone(body)) => {
                Err(Trouble::Gone(crate::json::parse(body, MAX_BYTES).ok()))
            }
            Some(Fetched::Body(body)) => crate::json::parse(body, MAX_BYTES)
                .map_err(|error| Trouble::Wrong(format!("{what} cannot be read: {error}"))),
        }
    }

    /// The document at an address, which must be its id.
    pub(super) fn document(&mut self, class: Class, url: &str) -> Result<Value, Trouble> {
        let document = self.at(class, url)?;
        match term::text(&document, "id") {
            Some(id) if id == url => Ok(document),
            None if class == Class::CryptographicKey => Ok(document),
            _ => Err(Trouble::Wrong(format!("{} has another id than its address", noun(class)))),
        }
    }

    /// The document that a member links to. What stands in place of a link to the web is a mere
    /// copy; only what the web says counts.
    pub(super) fn follow(
        &mut self,
        from: &Value,
        member: &str,
        class: Class,
    ) -> Result<Value, Trouble> {
        let value = from.as_object().and_then(|object| term::get(object, member));
        let value = value.and_then(|value| term::each(value).first());
        let wrong = |what: &str| Err(Trouble::Wrong(format!("{} {what}", noun(class))));
        let Some(value) = value else { return wrong("is not named") };
        match term::link(value) {
            Some(id) if WebAddress::parse(id).is_some() => self.document(class, id),
            _ if value.is_object() => Ok(value.clone()),
            _ => wrong("is named, but by no web address"),
        }
    }
}

pub(super) fn noun(class: Class) -> &'static str {
    match class {
        Class::Assertion => "the assertion",
        Class::BadgeClass => "its badge class",
        Class::Issuer | Class::Profile => "its issuer",
        Class::CryptographicKey => "the key that it is signed with",
        Class::Endorsement => "the endorsement",
        Class::RevocationList => "its issuer's revocation list",
        _ => "a part of it",
    }
}
