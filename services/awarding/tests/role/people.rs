use std::{fs, path::Path};

use awarding_domain::PersonEvent;
use kernel::Position;
use proto::awarding::v1::{
    AwardStatus, EraseEarnerRequest, GetEarnerRequest, GetPublicAwardRequest, ListEarnersRequest,
    RevokeAwardRequest,
};

use crate::world::{World, answer};

fn erase(earner_id: &str) -> EraseEarnerRequest {
    EraseEarnerRequest { idempotency_key: "e".into(), earner_id: earner_id.into() }
}

/// Whether any file below the folder holds the text.
fn holds(folder: &Path, text: &str) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, text);
        }
        let mut bytes = fs::read(&path).unwrap();
        // Stores reserve room in advance: megabytes of nothing.
        while bytes.ends_with(&[0; 4096]) {
            bytes.truncate(bytes.len() - 4096);
        }
        bytes.windows(text.len()).any(|part| part == text.as_bytes())
    })
}

#[tokio::test]
async fn an_erased_person_is_nowhere_and_may_come_back() {
    let world = World::new().await;
    let mut request = world.award_request("a", "grace.hopper@example.org", "Grace Hopper");
    request.notify = true;
    request.narrative = "Found the moth.".into();
    let made = world.award(request).await.unwrap();
    let award = made.award.unwrap();
    world.until("award-notified.v1", Position::START).await;
    assert!(holds(world.rig.folder.path(), "grace.hopper@example.org"), "the letter lies there");

    let mut client = world.client.clone();
    let erased = answer(client.erase_earner(world.call(erase(&award.earner_id))).await).unwrap();
    let position = erased.written.unwrap().position;
    let earner = erased.earner.unwrap();
    assert_eq!((earner.recipient, earner.awards), (None, 1));
    for text in ["grace.hopper", "Grace Hopper", "Found the moth"] {
        assert!(!holds(world.rig.folder.path(), text), "{text} is still there");
    }
    let request = GetPublicAwardRequest { award_id: award.id.clone(), summary: false };
    let public = answer(client.get_public_award(world.call_at(position, request)).await).unwrap();
    let shown = public.award.unwrap();
    assert_eq!((shown.status(), shown.recipient), (AwardStatus::Erased, None));
    assert!(public.credential.is_empty());
    let request = RevokeAwardRequest {
        idempotency_key: "r".into(),
        award_id: award.id.clone(),
        reason: "x".into(),
    };
    let refused = answer(client.revoke_award(world.call(request)).await);
    assert_eq!(refused.unwrap_err().code, "EARNER_ERASED");

    let again = answer(client.erase_earner(world.call(erase(&award.earner_id))).await).unwrap();
    assert!(again.written.unwrap().replayed);
    let back = world.award_request("b", "grace.hopper@example.org", "Grace");
    let back = world.award(back).await.unwrap();
    let (anew, position) = (back.award.unwrap(), back.written.unwrap().position);
    assert_ne!(anew.id, award.id);
    let request =
        GetEarnerRequest { email: "grace.hopper@example.org".into(), earner_id: String::new() };
    let earner = answer(client.get_earner(world.call_at(position, request)).await).unwrap();
    let earner = earner.earner.unwrap();
    assert_eq!((earner.awards, earner.erased_at.as_str()), (2, ""));
    assert_eq!(earner.recipient.unwrap().name, "Grace");
    let list = ListEarnersRequest::default();
    let list = answer(client.list_earners(world.call(list)).await).unwrap();
    assert_eq!(list.page.unwrap().total, 1);
}

#[tokio::test]
async fn a_key_that_a_crash_left_is_destroyed_later() {
    let world = World::idle().await;
    let made = world.award(world.award_request("a", "ada@example.org", "Ada")).await.unwrap();
    let person: kernel::SubjectId = made.award.unwrap().earner_id.parse().unwrap();
    let vault = &world.rig.context.stores.vault;
    let owner = keyvault::Owner::new(world.tenant, person);
    assert!(vault.key(&owner, 1).await.unwrap().is_some());
    let erased =
        PersonEvent::Erased(awarding_domain::PersonErased { key_version: 1, awards: vec![] });
    let none = eventstore::Expected::NoStream;
    world.tell::<awarding_domain::Person>(&person, none, &[erased]).await;
    world.start(&world.rig.context.clone());
    let destroyed = async {
        while vault.key(&owner, 1).await.unwrap().is_some() {
            tokio::task::yield_now().await;
        }
    };
    let patience = std::time::Duration::from_secs(30);
    tokio::time::timeout(patience, destroyed).await.expect("the policy destroys it");
}
