//! What is said of groups that are not there, or are there already.

use tonic::{Code, Status};

use super::settings::Kept;
use crate::server::status::with;

fn of(code: Code, exception: &str, text: String, source: &str, group: &str) -> Status {
    with(code, text, &[("exception", exception), ("stream-name", source), ("group-name", group)])
}

pub(super) fn missing(source: &str, group: &str) -> Status {
    let text = format!("Subscription group {group} on stream {source} does not exist.");
    of(Code::NotFound, "persistent-subscription-does-not-exist", text, source, group)
}

pub(super) fn exists(source: &str, group: &str) -> Status {
    let text = format!("Subscription group {group} on stream {source} already exists.");
    of(Code::AlreadyExists, "persistent-subscription-exists", text, source, group)
}

pub(super) fn full(kept: &Kept) -> Status {
    let Kept { source, group, .. } = kept;
    let text =
        format!("Maximum subscriptions reached for subscription {group} on stream {source}.");
    of(Code::FailedPrecondition, "maximum-subscribers-reached", text, source, group)
}

pub(super) fn dropped(kept: &Kept) -> Status {
    let Kept { source, group, .. } = kept;
    let text = format!("Subscription group {group} on stream {source} was dropped.");
    of(Code::Cancelled, "persistent-subscription-dropped", text, source, group)
}
