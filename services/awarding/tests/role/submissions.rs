use eventstore::Filter;
use kernel::Position;
use openbadges::SecretKey;
use proto::awarding::v1::{
    GetStatusListRequest, IssueCredentialRequest, IssueCredentialResponse,
    SetCredentialStatusRequest,
};
use runtime::Refusal;
use serde_json::{Value, json};

use crate::world::{World, answer, id};

impl World {
    fn document(&self) -> Value {
        json!({
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "id": "urn:uuid:ada@example.org",
            "type": ["VerifiableCredential"],
            "issuer": { "id": self.did, "name": "Ost" },
            "credentialSubject": { "id": "did:example:ada", "name": "Ada Lovelace" },
        })
    }

    async fn issue(&self, document: &Value) -> Result<IssueCredentialResponse, Refusal> {
        let request = IssueCredentialRequest {
            credential: serde_json::to_vec(document).unwrap(),
            with_status: true,
            ..IssueCredentialRequest::default()
        };
        answer(self.client.clone().issue_credential(self.call(request)).await)
    }

    async fn set_revoked(&self, credential_id: &str, revoked: bool) -> Result<(), Refusal> {
        let credential_id = credential_id.to_owned();
        let request = SetCredentialStatusRequest { credential_id, revoked };
        answer(self.client.clone().set_credential_status(self.call(request)).await).map(|_| ())
    }
}

fn read(issued: &IssueCredentialResponse) -> Value {
    serde_json::from_slice(&issued.credential).unwrap()
}

#[tokio::test]
async fn a_credential_of_the_tenants_own_making_is_signed_and_nothing_of_it_is_kept() {
    let world = World::new().await;
    let issued = world.issue(&world.document()).await.unwrap();
    let credential = read(&issued);
    assert_eq!(credential["credentialStatus"]["statusPurpose"], "revocation");
    assert_eq!(credential["proof"][0]["cryptosuite"], "eddsa-rdfc-2022");
    let mut bare = credential.clone();
    bare.as_object_mut().unwrap().retain(|name, _| name != "proof" && name != "credentialStatus");
    assert_eq!(bare, world.document());

    let filter = Filter::tenant(world.tenant, &["submission"]);
    let events = &world.rig.context.stores.events;
    let facts = events.read_all(Position::START, &filter, 100).await.unwrap().facts;
    let kinds: Vec<&str> = facts.iter().map(|fact| &*fact.kind).collect();
    assert_eq!(kinds, ["credential-submitted.v1", "credential-signed.v1"], "the intent first");
    let kept = |text: &str| {
        facts.iter().any(|fact| {
            let stream = fact.stream.as_str().as_bytes();
            let whole = [&fact.data[..], &fact.metadata[..], stream].concat();
            whole.windows(text.len()).any(|part| part == text.as_bytes())
        })
    };
    for personal in ["Ada", "ada@example.org", "did:example:ada"] {
        assert!(!kept(personal), "{personal}");
    }
}

#[tokio::test]
async fn it_is_revoked_by_its_id_for_ever_and_issued_anew_with_the_same_place() {
    let world = World::new().await;
    let first = read(&world.issue(&world.document()).await.unwrap());
    let mut renewed = world.document();
    renewed["credentialSubject"]["name"] = json!("Ada King");
    let second = read(&world.issue(&renewed).await.unwrap());
    assert_eq!(first["credentialStatus"], second["credentialStatus"]);

    let list = first["credentialStatus"]["statusListCredential"].as_str().unwrap();
    let list = list.rsplit('/').next().unwrap().to_owned();
    let index = first["credentialStatus"]["statusListIndex"].as_str().unwrap().parse().unwrap();
    let bit = async || {
        let request = GetStatusListRequest { status_list_id: list.clone() };
        let reply = world.client.clone().get_status_list(world.call(request)).await;
        let list: Value = serde_json::from_slice(&answer(reply).unwrap().credential).unwrap();
        let encoded = list["credentialSubject"]["encodedList"].as_str().unwrap();
        openbadges::StatusList::decode(encoded).unwrap().get(index).unwrap()
    };
    let id = "urn:uuid:ada@example.org";
    world.set_revoked(id, false).await.unwrap();
    assert!(!bit().await);
    world.set_revoked(id, true).await.unwrap();
    assert!(bit().await, "the list says so as soon as the call is answered");
    world.set_revoked(id, true).await.unwrap();
    assert_eq!(world.set_revoked(id, false).await.unwrap_err().code, "CREDENTIAL_REVOKED");
    assert_eq!(world.issue(&renewed).await.unwrap_err().code, "CREDENTIAL_REVOKED");
    assert_eq!(world.set_revoked("urn:uuid:other", true).await.unwrap_err().code, "NOT_FOUND");
}

#[tokio::test]
async fn those_who_issue_it_at_once_state_the_same_place() {
    let world = World::new().await;
    let document = world.document();
    let all = futures_util::future::join_all((0..8).map(|_| world.issue(&document))).await;
    let places: std::collections::BTreeSet<String> = all
        .into_iter()
        .map(|one| read(&one.unwrap())["credentialStatus"]["id"].to_string())
        .collect();
    assert_eq!(places.len(), 1, "{places:?}");
}

#[tokio::test]
async fn what_must_not_be_signed_is_refused_with_its_place() {
    let world = World::new().await;
    let with = |name: &str, value: Value| {
        let mut document = world.document();
        document[name] = value;
        document
    };
    for (document, code, path) in [
        (json!([]), "PARSING_ERROR", "/credential"),
        (with("type", json!([])), "MALFORMED_VALUE_ERROR", "/credential/type"),
        (with("id", json!("x")), "MALFORMED_VALUE_ERROR", "/credential/id"),
        (with("proof", json!({})), "MALFORMED_VALUE_ERROR", "/credential/proof"),
        (with("unknownTerm", json!(1)), "DATA_LOSS_DETECTION_ERROR", "/credential"),
        (
            with(
                "@context",
                json!(["https://www.w3.org/ns/credentials/v2", "https://unknown.example/"]),
            ),
            "DATA_LOSS_DETECTION_ERROR",
            "/credential",
        ),
        (with("issuer", json!("did:web:elsewhere.example")), "NOT_FOUND", "/credential/issuer"),
        (
            with("@context", json!(["https://www.w3.org/2018/credentials/v1"])),
            "MALFORMED_VALUE_ERROR",
            "/credential/@context",
        ),
    ] {
        let refusal = world.issue(&document).await.unwrap_err();
        assert_eq!(
            (refusal.code.as_str(), refusal.path.as_deref()),
            (code, Some(path)),
            "{document}"
        );
    }
}

#[tokio::test]
async fn a_badge_is_held_to_the_standard_and_to_our_own_rules() {
    let world = World::new().await;
    let badge = json!({
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
        ],
        "id": "https://badges.example.org/own/1",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": "First Aid",
        "issuer": { "id": world.did, "type": ["Profile"], "name": "Ost" },
        "validFrom": world.rig.now().whole_second().to_string(),
        "credentialSubject": {
            "id": "did:example:ada",
            "type": ["AchievementSubject"],
            "achievement": {
                "id": "https://badges.example.org/own/first-aid",
                "type": ["Achievement"],
                "name": "First Aid",
                "description": "Can help until help comes.",
                "criteria": { "narrative": "Pass the course." },
            },
        },
    });
    world.issue(&badge).await.unwrap();
    let mut nameless = badge.clone();
    nameless["credentialSubject"]["achievement"].as_object_mut().unwrap().remove("name");
    let refusal = world.issue(&nameless).await.unwrap_err();
    assert_eq!(refusal.code, "MALFORMED_VALUE_ERROR");
    assert_eq!(refusal.path.as_deref(), Some("/credential/credentialSubject/achievement"));
    let mut stale = badge;
    stale["validFrom"] = json!("2001-01-01T00:00:00Z");
    let refusal = world.issue(&stale).await.unwrap_err();
    assert_eq!(refusal.path.as_deref(), Some("/credential/validFrom"), "{refusal:?}");
}

#[tokio::test]
async fn another_tenants_issuer_and_one_that_is_nowhere_are_refused_alike() {
    let world = World::new().await;
    let nowhere = {
        let mut document = world.document();
        document["issuer"] = json!("did:web:nowhere.example");
        world.issue(&document).await.unwrap_err()
    };
    let stranger = world.rig.member(id(9), auth::Role::Owner);
    let request = IssueCredentialRequest {
        credential: serde_json::to_vec(&world.document()).unwrap(),
        ..IssueCredentialRequest::default()
    };
    let call = world.rig.call(&stranger, request);
    let foreign = answer(world.client.clone().issue_credential(call).await).unwrap_err();
    assert_eq!(foreign, nowhere);
}

#[tokio::test]
async fn the_suite_is_that_of_the_key_or_the_one_asked_for() {
    for (key, names) in [
        (SecretKey::ed25519(&[5; 32]), ["eddsa-rdfc-2022", "eddsa-jcs-2022"]),
        (SecretKey::p256(&[5; 32]).unwrap(), ["ecdsa-rdfc-2019", "ecdsa-jcs-2019"]),
    ] {
        let world = World::signed_by(key).await;
        for (asked, made) in [("", names[0]), (names[0], names[0]), (names[1], names[1])] {
            let request = IssueCredentialRequest {
                credential: serde_json::to_vec(&world.document()).unwrap(),
                cryptosuite: asked.into(),
                ..IssueCredentialRequest::default()
            };
            let reply = world.client.clone().issue_credential(world.call(request)).await;
            let credential = read(&answer(reply).unwrap());
            assert_eq!(credential["proof"][0]["cryptosuite"], made);
            assert!(credential.get("credentialStatus").is_none(), "nobody asked for one");
        }
        let other =
            if names[0].starts_with("eddsa") { "ecdsa-rdfc-2019" } else { "eddsa-rdfc-2022" };
        for wrong in [other, "unknown-2017"] {
            let request = IssueCredentialRequest {
                credential: serde_json::to_vec(&world.document()).unwrap(),
                cryptosuite: wrong.into(),
                ..IssueCredentialRequest::default()
            };
            let reply = world.client.clone().issue_credential(world.call(request)).await;
            answer(reply).unwrap_err();
        }
    }
}
