//! Every kind of fact that this software knows.

use analytics_domain::EngagementEvent;
use awarding_domain::{
    AwardEvent, BatchEvent, PersonEvent, StatusListEvent, SubmissionEvent, TemplateEvent,
};
use backpack_domain::EarnerEvent;
use design_domain::BadgeEvent;
use eventstore::{RecordedEvent, Unreadable};
use issuers_domain::{ClientEvent, IssuerEvent, MemberEvent, OrganizationEvent, TenantEvent};
use readmodel::skips;
use serde::de::Error;

/// Whether the fact is one that this software knows, in a shape that it can read, and is whose its
/// stream says.
///
/// # Errors
/// [`Unreadable`], which names the fact.
pub fn known(fact: &RecordedEvent) -> Result<(), Unreadable> {
    let envelope = fact.envelope()?;
    if envelope.tenant != fact.stream.tenant() {
        let whose = format!("its envelope is of {}", envelope.tenant);
        return Err(Unreadable::of(fact, serde_json::Error::custom(whose)));
    }
    match fact.stream.category() {
        "organization" => fact.event::<OrganizationEvent>().map(drop),
        "tenant" => fact.event::<TenantEvent>().map(drop),
        "member" => fact.event::<MemberEvent>().map(drop),
        "client" => fact.event::<ClientEvent>().map(drop),
        "signin" => fact.event::<issuers_domain::SignInEvent>().map(drop),
        "issuer" => fact.event::<IssuerEvent>().map(drop),
        "badge" => fact.event::<BadgeEvent>().map(drop),
        "award" => fact.shared::<AwardEvent>().map(drop),
        "batch" => fact.event::<BatchEvent>().map(drop),
        "person" => fact.event::<PersonEvent>().map(drop),
        "statuslist" => fact.event::<StatusListEvent>().map(drop),
        "submission" => fact.event::<SubmissionEvent>().map(drop),
        "template" => fact.event::<TemplateEvent>().map(drop),
        "earner" => fact.event::<EarnerEvent>().map(drop),
        "earnersignin" => fact.event::<backpack_domain::SignInEvent>().map(drop),
        "engagement" => fact.event::<EngagementEvent>().map(drop),
        skips::CATEGORY => skips::decision(fact).map(drop),
        _ => Err(Unreadable::of(fact, serde_json::Error::custom("nobody here knows its category"))),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use eventstore::StreamId;
    use kernel::{Position, TenantId};

    use super::*;

    #[test]
    fn no_category_of_facts_is_forgotten() {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the services");
        let mut categories = 0;
        for role in ["analytics", "awarding", "backpack", "design", "issuers"] {
            for file in fs::read_dir(sources.join(role).join("domain/src")).expect("a domain") {
                let text = fs::read_to_string(file.expect("a file").path()).expect("its text");
                for line in text.lines().filter(|line| line.contains("const CATEGORY")) {
                    let category = line.split('"').nth(1).expect("a name").to_owned();
                    let fact = fact(&category, "no-such-fact.v1", b"{}");
                    let said = format!("{:?}", known(&fact).expect_err("no such fact"));
                    assert!(!said.contains("nobody here"), "{category}");
                    categories += 1;
                }
            }
        }
        assert!(categories >= 16, "the domains were not found: {categories}");
    }

    fn fact(category: &str, kind: &str, data: &[u8]) -> RecordedEvent {
        let envelope = format!(
            r#"{{"tenant":"{}","actor":"system:x","command":"00000000-0000-8000-8000-000000000000","at":"2026-01-01T00:00:00.000Z"}}"#,
            TenantId::PLATFORM
        );
        RecordedEvent {
            id: uuid::Uuid::max(),
            stream: StreamId::named(category, TenantId::PLATFORM, "x"),
            revision: 0,
            position: Position(1),
            kind: kind.into(),
            data: data.to_vec(),
            metadata: envelope.into_bytes(),
            decoded: eventstore::Decoded::default(),
        }
    }

    #[test]
    fn a_fact_of_another_tenant_than_its_stream_is_refused() {
        let mut strange = fact("client", "client-revoked.v1", b"{}");
        known(&strange).expect("a fact");
        strange.stream = StreamId::named("client", TenantId::derived([1; 16]), "x");
        assert!(known(&strange).is_err());
    }
}
