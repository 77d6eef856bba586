//! Members that hold one object or several, each of a stated type.

use serde_json::Value;

use super::context::check_type;
use super::faults::{Faults, Place};
use super::url;

/// Whether the objects of a member must have an id; where they have one it must be a URL.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Id {
    Required,
    Optional,
}

/// Checks a member that holds one or more objects, where the document has it: each has a type, and
/// an id that is a URL.
pub(super) fn check(faults: &mut Faults, place: &Place, document: &Value, member: &str, id: Id) {
    for (place, object) in each(faults, place, document, member) {
        check_type(faults, &place, object, None);
        match id {
            Id::Required => url::require_id(faults, &place, object),
            Id::Optional => url::check_id(faults, &place, object),
        }
    }
}

/// Gives the objects that a member holds; what is no object, and an empty list, is a fault.
pub(super) fn each<'a>(
    faults: &mut Faults,
    place: &Place,
    document: &'a Value,
    member: &str,
) -> Vec<(Place, &'a Value)> {
    let place = place.member(member);
    match document.get(member) {
        None => Vec::new(),
        Some(one @ Value::Object(_)) => vec![(place, one)],
        Some(Value::Array(all)) if !all.is_empty() => {
            let placed = all.iter().enumerate().map(|(index, one)| (place.item(index), one));
            let (objects, others): (Vec<_>, Vec<_>) = placed.partition(|(_, one)| one.is_object());
            for (place, _) in others {
                faults.add(&place, "must be an object");
            }
            objects
        }
        Some(_) => {
            faults.add(&place, "must be an object, or a list of at least one");
            Vec::new()
        }
    }
}
