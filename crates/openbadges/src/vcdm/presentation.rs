//! A verifiable presentation (VCDM 2.0, 4.13).

use serde_json::Value;

use super::context::{self, Version};
use super::faults::{Faults, Place};
use super::object::{self, Id};
use super::{credential, envelope, proof, url};

/// Checks a presentation, the credentials in it included, or an enveloped one.
pub(super) fn check(faults: &mut Faults, place: &Place, presentation: &Value) {
    if !presentation.is_object() {
        return faults.add(place, "must be an object");
    }
    if envelope::is_enveloped_presentation(presentation) {
        return envelope::check(faults, place, presentation);
    }
    context::check(faults, place, presentation);
    context::check_type(faults, place, presentation, Some("VerifiablePresentation"));
    url::check_id(faults, place, presentation);
    if let Some(holder) = presentation.get("holder") {
        let place = place.member("holder");
        if holder.is_object() {
            url::require_id(faults, &place, holder);
        } else {
            url::check(faults, &place, holder);
        }
    }
    for (place, contained) in object::each(faults, place, presentation, "verifiableCredential") {
        credential::check(faults, &place, contained);
        let newer = Version::of(contained) == Some(Version::V2);
        if newer && Version::of(presentation) == Some(Version::V1) {
            faults.add(&place, "must not be of a newer version than the presentation");
        }
    }
    object::check(faults, place, presentation, "termsOfUse", Id::Optional);
    proof::check(faults, place, presentation);
}
