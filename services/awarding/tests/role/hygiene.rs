use std::sync::atomic::Ordering;

use design_domain::{Badge, BadgeCreated, BadgeEvent, BadgePublished, Content, Draft};
use eventstore::Expected;
use kernel::Position;
use proto::awarding::v1::{CreateAwardRequest, Evidence};

use crate::world::{World, id};

impl World {
    fn signed(&self) -> usize {
        self.key.signed.load(Ordering::Relaxed)
    }
}

fn evidence(url: &str, name: &str) -> Evidence {
    Evidence { url: url.into(), name: name.into(), description: String::new() }
}

#[tokio::test]
async fn what_is_refused_is_never_signed() {
    let world = World::new().await;
    world.award(world.award_request("first", "first@example.org", "")).await.unwrap();
    let signed = world.signed();
    assert_eq!(signed, 1);
    let story = |text: &str| CreateAwardRequest {
        narrative: text.into(),
        ..world.award_request("a", "ada@example.org", "Ada")
    };
    let shown = |evidence: Vec<Evidence>| CreateAwardRequest { evidence, ..story("") };
    for (request, path) in [
        (story("a text that reads \u{202e}sdrawkcab"), "/narrative"),
        (story("[her page](javascript:alert(1))"), "/narrative"),
        (story("<script>alert(1)</script>"), "/narrative"),
        (shown(vec![evidence("https://e.example/", "a <b>bridge</b>")]), "/evidence"),
        (shown(vec![evidence("https://ada:secret@e.example/", "")]), "/evidence"),
        (shown(vec![evidence("https://e.example/", ""); 2]), "/evidence"),
        (CreateAwardRequest { achieved_at: "1815-12-10".into(), ..story("") }, "/achievedAt"),
    ] {
        let refusal = world.award(request).await.unwrap_err();
        assert_eq!((refusal.code.as_str(), refusal.path.as_deref()), ("INVALID_INPUT", Some(path)));
        assert_eq!(world.signed(), signed, "{path}");
    }
    world.award(story("She built it **alone**.")).await.unwrap();
    assert_eq!(world.signed(), signed + 1);
}

#[tokio::test]
async fn of_a_badge_that_is_not_fit_to_be_signed_no_award_is() {
    let world = World::new().await;
    let badge = id(9);
    let content = Content::check(Draft {
        name: "<b>First</b> Aid".into(),
        description: "Can help until help comes.".into(),
        criteria_narrative: "Pass the course.".into(),
        ..Draft::default()
    });
    let (content, issuer) = (content.unwrap(), world.issuer);
    let created = BadgeCreated { badge, issuer, content: content.clone() };
    let published = BadgePublished { issuer, version: 1, content };
    let facts = [BadgeEvent::Created(created), BadgeEvent::Published(published)];
    world.tell::<Badge>(&badge, Expected::NoStream, &facts).await;
    let request = CreateAwardRequest {
        badge_id: badge.to_string(),
        ..world.award_request("a", "ada@example.org", "Ada")
    };
    let refusal = world.award(request).await.unwrap_err();
    assert_eq!(refusal.path.as_deref(), Some("/badgeId"));
    assert!(refusal.message.contains("TEXT_MARKUP"), "{}", refusal.message);
    assert_eq!(world.signed(), 0);
}

#[tokio::test]
async fn one_forbidden_row_wherever_it_stands_costs_the_others_nothing() {
    const ROWS: usize = 6;
    let world = World::new().await;
    let mut after = Position::START;
    for forbidden in 0..ROWS {
        let rows = (0..ROWS).map(|row| {
            let story = if row == forbidden { "\u{202e}sdrawkcab" } else { "well done" };
            format!("p{row}b{forbidden}@example.org,{story}\n")
        });
        let csv = format!("email,narrative\n{}", rows.collect::<String>());
        let signed = world.signed();
        let made = world.submit(&forbidden.to_string(), &csv).await.unwrap();
        after = world.until("batch-finished.v1", after).await;
        let answer = world.rows(&made.batch.unwrap().id, after.0, false).await;
        let refused: Vec<_> = answer.rows.iter().filter(|row| row.refusal.is_some()).collect();
        assert_eq!(refused.len(), 1);
        assert_eq!(refused[0].line as usize, forbidden + 2);
        assert_eq!(refused[0].refusal.as_ref().unwrap().path, "/narrative");
        assert_eq!(world.signed(), signed + ROWS - 1);
    }
}
