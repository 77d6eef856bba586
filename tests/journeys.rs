//! What people do with Laurel, from beginning to end, over its public interface: on the local wire
//! and on the remote wire.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod backup;
mod cells;
mod logs;
mod measures;
mod telemetry;

use std::{collections::BTreeSet, fs, path::Path};

use laurel::{
    demo::{self, PEOPLE},
    partner::Partner,
    process::Wiring,
};
use openbadges::verify::{Document, Options, Report, Verifier};
use serde_json::{Value, json};
use tests::{House, apart_is_possible, fold, member, payload};

const ERRORS: &str = "userErrors { __typename ... on UserError { code message path retryable } }";

fn award_create() -> String {
    format!(
        "mutation($input: AwardCreateInput!) {{ awardCreate(input: $input) {{
           award {{ id status publicUrl earner {{ id }} recipient {{ email name }} credential {{ document }} }}
           replayed consistencyToken {ERRORS}
           duplicates: userErrors {{ ... on DuplicateAward {{ existing {{ id }} }} }} }} }}"
    )
}

fn give(badge: &str, key: &str, address: &str) -> Value {
    json!({ "input": {
        "idempotencyKey": key,
        "badgeId": badge,
        "recipient": { "email": { "address": address, "displayName": "Hedy Lamarr" } },
        "notify": false,
    } })
}

async fn everywhere(journey: impl AsyncFn(House)) {
    for wiring in [Wiring::Local, Wiring::Remote] {
        journey(House::open(wiring).await.unwrap()).await;
    }
    if apart_is_possible() {
        journey(House::open_apart(member::starter("the_member")).await.unwrap()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_takes_a_token_while_laurel_runs() {
    let house = House::open(Wiring::Local).await.unwrap();
    let config = tests::config(house.data.path()).unwrap();
    let token = laurel::process::operator_token(&config).await.unwrap();
    let verified =
        house.process.context().verifier.access(&token, house.process.context().stores.clock.now());
    assert!(verified.is_ok(), "{verified:?}");
    house.close().await;
}

#[test]
fn the_member() {
    member::serve_if_told();
}

/// Reads when every read model holds what has happened so far.
async fn see(house: &House, partner: &Partner, query: &str, variables: Value) -> Value {
    house.settle().await.unwrap();
    partner.ask(query, variables).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_awards_a_csv_and_anyone_can_verify_it() {
    everywhere(async |house| {
        let partner = &house.seeded.partner;
        let outcome = demo::award_everyone(&house.seeded, PEOPLE, "people").await.unwrap();
        assert_eq!((outcome.rows, outcome.awarded, outcome.rejected), (200, 188, 12));
        let codes: BTreeSet<_> =
            outcome.refusals.iter().map(|row| row["error"]["code"].as_str().unwrap()).collect();
        let expected = ["DUPLICATE_ROW", "INVALID_INPUT", "RECIPIENT_INVALID", "ROW_MALFORMED"];
        assert_eq!(codes, BTreeSet::from(expected));

        let again = demo::award_everyone(&house.seeded, PEOPLE, "people").await.unwrap();
        assert_eq!((again.awarded, again.rejected), (188, 12), "the same key is the same batch");
        let query = "{ awards(first: 1) { totalCount { value isExact } } }";
        let counted = see(&house, partner, query, json!({})).await;
        assert_eq!(counted["awards"]["totalCount"], json!({ "value": 188, "isExact": true }));

        let looked = demo::first_award(&house.seeded, &outcome, &house.folder()).await.unwrap();
        let read = |path: &Path| fs::read(path).unwrap();
        let report =
            verdict(&read(&looked.credential), &read(&looked.did), &read(&looked.status_list));
        assert!(report.is_valid(), "{report:?}");
        fold::equals_the_read_models(house.process.context()).await.unwrap();
        house.close().await;
    })
    .await;
}

/// The crate's own verdict; the oracles give those of others.
fn verdict(credential: &[u8], did: &[u8], list: &[u8]) -> Report {
    let contexts = jsonld::Contexts::bundled();
    let processor = std::sync::Arc::new(jsonld::Processor::new(contexts));
    // When the later of the two was written: a list is good for a day or so.
    let from = |document: &[u8]| {
        let document: Value = serde_json::from_slice(document).unwrap();
        openbadges::parse_timestamp(document["validFrom"].as_str().unwrap()).unwrap()
    };
    let now = from(credential).max(from(list));
    let lookup = |url: &str| Ok(Document::new(if url.ends_with("/did.json") { did } else { list }));
    Verifier::new(processor).verify_with(credential, lookup, &Options::default(), now)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mutation_sent_twice_is_one_and_another_under_its_key_is_refused() {
    everywhere(async |house| {
        let (partner, badge) = (&house.seeded.partner, house.seeded.badge.as_str());
        let document = award_create();
        let send = async |key: &str, address: &str| {
            payload(partner, "awardCreate", &document, give(badge, key, address)).await.unwrap()
        };
        let first = send("k1", "hedy@example.org").await;
        assert_eq!((&first["replayed"], &first["userErrors"]), (&json!(false), &json!([])));
        let second = send("k1", "hedy@example.org").await;
        assert_eq!(second["replayed"], true);
        assert_eq!(second["award"]["id"], first["award"]["id"]);
        assert_eq!(second["award"]["credential"], first["award"]["credential"]);
        let reader = partner.consistent_with(first["consistencyToken"].as_str().unwrap());
        let query = "{ awards(first: 1) { nodes { id } } }";
        let read = reader.ask(query, json!({})).await.unwrap();
        assert_eq!(
            read["awards"]["nodes"][0]["id"], first["award"]["id"],
            "one reads one's writes"
        );

        let other = send("k1", "someone.else@example.org").await;
        assert_eq!(other["userErrors"][0]["__typename"], "IdempotencyConflict", "{other}");
        let duplicate = send("k2", "HEDY@Example.org").await;
        assert_eq!(duplicate["userErrors"][0]["code"], "DUPLICATE_AWARD");
        assert_eq!(duplicate["duplicates"][0]["existing"]["id"], first["award"]["id"]);

        let mut at_once = tokio::task::JoinSet::new();
        for _ in 0..32 {
            let (partner, document) = (partner.clone(), document.clone());
            let variables = give(badge, "k3", "at.once@example.org");
            at_once.spawn(async move {
                payload(&partner, "awardCreate", &document, variables).await.unwrap()
            });
        }
        let payloads = at_once.join_all().await;
        let ids: BTreeSet<_> = payloads.iter().map(|p| p["award"]["id"].as_str()).collect();
        assert_eq!(ids.len(), 1, "32 at once are one award");
        assert!(ids.first().unwrap().is_some());
        house.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_earner_signs_in_by_mail_accepts_and_the_counts_follow() {
    everywhere(async |house| {
        let (partner, badge) = (&house.seeded.partner, house.seeded.badge.as_str());
        let made = payload(partner, "awardCreate", &award_create(), give(badge, "k", "hedy@example.org"))
            .await
            .unwrap();
        let award = made["award"]["id"].as_str().unwrap();

        let earner = sign_in(&house, "Hedy@Example.org").await;
        let query = "{ backpack { holdings(first: 10) { nodes { awardId status publicUrl } } } }";
        let held = see(&house, &earner, query, json!({})).await;
        let holding = &held["backpack"]["holdings"]["nodes"][0];
        assert_eq!(holding["status"], "PENDING_CLAIM");
        assert_eq!(holding["publicUrl"], made["award"]["publicUrl"]);
        let accept = format!(
            "mutation($input: AwardAcceptInput!) {{ awardAccept(input: $input) {{
               holding {{ status }} {ERRORS} }} }}"
        );
        let input = json!({ "input": { "idempotencyKey": "a", "awardId": holding["awardId"] } });
        let accepted = payload(&earner, "awardAccept", &accept, input).await.unwrap();
        assert_eq!(accepted["holding"]["status"], "ACTIVE", "{accepted}");

        let query = "query($id: ID!) { award(id: $id) { status claimedAt } }";
        let seen = see(&house, partner, query, json!({ "id": award })).await;
        assert_eq!(seen["award"]["status"], "ACTIVE");

        let revoke = format!(
            "mutation($input: AwardRevokeInput!) {{ awardRevoke(input: $input) {{
               award {{ status revocationReason }} {ERRORS} }} }}"
        );
        let input = json!({ "input": { "idempotencyKey": "r", "awardId": award, "reason": "Given by mistake" } });
        let revoked = payload(partner, "awardRevoke", &revoke, input).await.unwrap();
        assert_eq!(revoked["award"]["status"], "REVOKED", "{revoked}");
        let page = public(&house, &made["award"]["publicUrl"], "text/html").await;
        assert!(page.1.contains("Given by mistake"), "the page says why");

        let credential: Value =
            serde_json::from_str(&public(&house, &made["award"]["publicUrl"], "application/vc+ld+json").await.1)
                .unwrap();
        let list = public(&house, &credential["credentialStatus"]["statusListCredential"], "*/*").await.1;
        let did = did_of(&house, &credential).await;
        let report = verdict(credential.to_string().as_bytes(), did.as_bytes(), list.as_bytes());
        assert!(!report.is_valid(), "a revoked award does not verify");

        let query = "query($badge: ID!, $from: Date!, $to: Date!) {
          activity(badgeId: $badge, from: $from, to: $to) { totals { issued claimed revoked } } }";
        let today = house.process.context().stores.clock.now().day().to_string();
        let variables = json!({ "badge": badge, "from": today, "to": today });
        let counted = see(&house, partner, query, variables).await;
        let expected = json!({ "issued": 1, "claimed": 1, "revoked": 1 });
        assert_eq!(counted["activity"]["totals"], expected);
        fold::equals_the_read_models(house.process.context()).await.unwrap();
        house.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_earner_is_nowhere_to_be_read_and_the_counts_stay() {
    const NAME: &str = "Hedy Lamarr";
    const ADDRESS: &str = "hedy.kiesler@example.org";
    everywhere(async |house| {
        let (partner, badge) = (&house.seeded.partner, house.seeded.badge.as_str());
        let csv = format!("email,name\n{ADDRESS},{NAME}\nother@example.org,Somebody Else\n");
        let outcome = demo::award_everyone(&house.seeded, &csv, "two").await.unwrap();
        assert_eq!(outcome.awarded, 2);
        let earner = sign_in(&house, ADDRESS).await;
        drop(earner);
        let query = "query($email: String) { earner(email: $email) { id recipient { name email }
          awards(first: 1) { nodes { id publicUrl } } } }";
        let known = see(&house, partner, query, json!({ "email": ADDRESS })).await;
        assert_eq!(known["earner"]["recipient"], json!({ "name": NAME, "email": ADDRESS }));
        let award = known["earner"]["awards"]["nodes"][0].clone();
        let before = public(&house, &award["publicUrl"], "text/html").await;
        assert!(before.1.contains(NAME));

        let erase = format!(
            "mutation($input: EarnerEraseInput!) {{ earnerErase(input: $input) {{
               earner {{ erasedAt recipient {{ name }} }} {ERRORS} }} }}"
        );
        let input = json!({ "input": { "idempotencyKey": "e", "earnerId": known["earner"]["id"] } });
        let erased = payload(partner, "earnerErase", &erase, input).await.unwrap();
        assert_eq!(erased["earner"]["recipient"], Value::Null, "{erased}");
        assert!(erased["earner"]["erasedAt"].is_string());

        let query = "query($id: ID!) { award(id: $id) { status recipient { name email }
          credential { document } } awards(first: 5) { totalCount { value } nodes { recipient { email name } } } }";
        let seen = see(&house, partner, query, json!({ "id": award["id"] })).await;
        assert_eq!(seen["award"]["status"], "ERASED");
        assert_eq!((&seen["award"]["recipient"], &seen["award"]["credential"]), (&Value::Null, &Value::Null));
        assert_eq!(seen["awards"]["totalCount"]["value"], 2, "the counts stay");
        let page = public(&house, &award["publicUrl"], "text/html").await;
        assert!(page.1.contains("holder") && page.1.contains("withdrawn"), "{}", page.1);
        let json = public(&house, &award["publicUrl"], "application/vc+ld+json").await;
        assert_eq!(json.0, 410);
        for text in [seen.to_string(), page.1, json.1] {
            assert!(!text.contains(NAME) && !text.contains(ADDRESS), "{text}");
        }
        let query = "query($badge: ID!, $day: Date!) { activity(badgeId: $badge, from: $day, to: $day) {
          totals { issued } } }";
        let day = house.process.context().stores.clock.now().day().to_string();
        let counted = see(&house, partner, query, json!({ "badge": badge, "day": day })).await;
        assert_eq!(counted["activity"]["totals"]["issued"], 2);

        let data = house.close().await;
        for needle in [NAME, ADDRESS, "hedy.kiesler"] {
            let found = files_with(data.path(), needle);
            assert!(found.is_empty(), "{needle} stands in {found:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_there_before_a_restart_is_there_after_it() {
    let house = House::open(Wiring::Local).await.unwrap();
    demo::award_everyone(&house.seeded, PEOPLE, "people").await.unwrap();
    let (document, badge) = (award_create(), house.seeded.badge.clone());
    let variables = give(&badge, "before", "hedy@example.org");
    let given = payload(&house.seeded.partner, "awardCreate", &document, variables).await.unwrap();
    let query = "{ awards(first: 100) { nodes { id status issuedAt recipient { email name } credential { document } } }
      badges(first: 10) { nodes { id name } } issuers(first: 10) { nodes { id did } } }";
    let before = see(&house, &house.seeded.partner, query, json!({})).await;
    let data = house.close().await;

    let house = House::open_on(data, Wiring::Local).await.unwrap();
    let after = see(&house, &house.seeded.partner, query, json!({})).await;
    assert_eq!(after, before);

    let data = house.close().await;
    fs::remove_dir_all(data.path().join("models")).unwrap();
    let house = House::open_on(data, Wiring::Local).await.unwrap();
    let rebuilt = see(&house, &house.seeded.partner, query, json!({})).await;
    assert_eq!(rebuilt, before, "read models are made of the log alone");

    let send = async |address: &str| {
        let variables = give(&badge, "before", address);
        payload(&house.seeded.partner, "awardCreate", &document, variables).await.unwrap()
    };
    let again = send("hedy@example.org").await;
    assert_eq!((&again["replayed"], &again["award"]["id"]), (&json!(true), &given["award"]["id"]));
    let other = send("somebody.else@example.org").await;
    assert_eq!(other["userErrors"][0]["__typename"], "IdempotencyConflict", "{other}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_thing_gets_its_own_answer_in_its_place() {
    everywhere(async |house| {
        let (partner, badge) = (&house.seeded.partner, house.seeded.badge.as_str());
        let create = award_create();
        let refused = async |variables: Value| {
            let payload = payload(partner, "awardCreate", &create, variables).await.unwrap();
            let error = payload["userErrors"][0].clone();
            (error["code"].as_str().unwrap_or_default().to_owned(), error["path"].clone())
        };
        assert_eq!(refused(give(badge, "1", "no address")).await, ("RECIPIENT_INVALID".into(), json!("/recipient/email/address")));
        let issuer = house.seeded.issuer.as_str();
        assert_eq!(refused(give(issuer, "2", "a@example.org")).await, ("INVALID_ID".into(), json!("/badgeId")));
        assert_eq!(refused(give("nonsense", "3", "a@example.org")).await, ("INVALID_ID".into(), json!("/badgeId")));

        let archive = format!(
            "mutation($input: BadgeArchiveInput!) {{ badgeArchive(input: $input) {{ badge {{ status }} {ERRORS} }} }}"
        );
        let input = json!({ "input": { "idempotencyKey": "archive", "badgeId": badge } });
        let archived = payload(partner, "badgeArchive", &archive, input).await.unwrap();
        assert_eq!(archived["badge"]["status"], "ARCHIVED", "{archived}");
        assert_eq!(refused(give(badge, "4", "a@example.org")).await.0, "BADGE_ARCHIVED");

        let revoke = format!(
            "mutation($input: ApiClientRevokeInput!) {{ apiClientRevoke(input: $input) {{ apiClient {{ revokedAt }} {ERRORS} }} }}"
        );
        let query = "{ apiClients(first: 10) { nodes { id clientId } } }";
        let owner = house.guest.with_token(
            &house.guest.client_token(&house.seeded.client.0, &house.seeded.client.1).await.unwrap(),
        );
        let clients = see(&house, &owner, query, json!({})).await;
        let client = clients["apiClients"]["nodes"][0]["id"].clone();
        let input = json!({ "input": { "idempotencyKey": "end", "apiClientId": client } });
        let ended = payload(&owner, "apiClientRevoke", &revoke, input).await.unwrap();
        assert!(ended["apiClient"]["revokedAt"].is_string(), "{ended}");
        let secret = house.seeded.client.clone();
        assert!(house.guest.client_token(&secret.0, &secret.1).await.is_err());
        // The token that is out already is refused as soon as the news is around.
        loop {
            let response = partner.send("{ viewer { __typename } }", json!({})).await.unwrap();
            if let Some(code) = response["errors"][0]["extensions"]["code"].as_str() {
                assert_eq!(code, "TOKEN_REVOKED");
                break;
            }
            tokio::task::yield_now().await;
        }
        house.close().await;
    })
    .await;
}

/// The sign-in link that an earner is mailed who asks for one.
async fn mailed_link(guest: &Partner, outbox: &Path, address: &str) -> String {
    let known = demo::links(outbox);
    let create = "mutation($input: SignInLinkCreateInput!) { signInLinkCreate(input: $input) {
      userErrors { ... on UserError { code message } } } }";
    let input = json!({ "input": { "email": address, "audience": "EARNER" } });
    guest.ask(create, input).await.unwrap();
    loop {
        let fresh = demo::links(outbox).into_iter().find(|link| !known.contains(link));
        if let Some(link) = fresh {
            return link;
        }
        tokio::task::yield_now().await;
    }
}

/// Signs an earner in by the mailed link.
async fn sign_in(house: &House, address: &str) -> Partner {
    let link = mailed_link(&house.guest, &house.folder().join("outbox"), address).await;
    let redeem = "mutation($input: SignInLinkRedeemInput!) { signInLinkRedeem(input: $input) {
      session { accessTokens { token } } userErrors { ... on UserError { code message } } } }";
    let input = json!({ "input": { "token": link, "audience": "EARNER" } });
    let redeemed = house.guest.ask(redeem, input.clone()).await.unwrap();
    let token = &redeemed["signInLinkRedeem"]["session"]["accessTokens"][0]["token"];
    let twice = payload(&house.guest, "signInLinkRedeem", redeem, input).await.unwrap();
    assert_eq!(twice["userErrors"][0]["code"], "SIGN_IN_LINK_USED", "{twice}");
    house.guest.with_token(token.as_str().unwrap())
}

/// The status and the body of a public URL, when every read model holds what has happened so far.
async fn public(house: &House, url: &Value, accept: &str) -> (u16, String) {
    house.settle().await.unwrap();
    let url = url.as_str().unwrap();
    let path = url.splitn(4, '/').nth(3).unwrap();
    let request = house.guest.http().get(format!("{}/{path}", house.guest.base()));
    let response = request.header("accept", accept).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

async fn did_of(house: &House, credential: &Value) -> String {
    let did = credential["issuer"]["id"].as_str().unwrap();
    let path = format!("http://x/i/{}/did.json", did.rsplit(':').next().unwrap());
    public(house, &json!(path), "*/*").await.1
}

/// The files under a folder that hold that text.
fn files_with(folder: &Path, text: &str) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if fs::read(&path).unwrap().windows(text.len()).any(|part| part == text.as_bytes()) {
            found.push(path);
        }
    }
    found
}
