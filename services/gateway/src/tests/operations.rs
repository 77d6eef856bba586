use std::time::Duration;

use ::http::StatusCode;
use kernel::{Class, TenantId};
use proto::{
    awarding::v1 as awarding, backpack::v1 as backpack, design::v1 as design,
    issuers::v1 as issuers, page::v1::PageInfo, write::v1::Written,
};
use runtime::status;
use serde_json::{Value, json};
use tonic::Status;
use uuid::Uuid;

use crate::{
    node::{GlobalId, Type, artwork_id, global_id},
    testing::{AWARD, Answer, BADGE, House},
    upload::{UploadClaims, UploadPurpose},
};

const CREATE: &str = "mutation ($in: AwardCreateInput!) { awardCreate(input: $in) {
    award { id status badge { name } publicUrl } replayed consistencyToken clientMutationId
    userErrors { __typename ... on UserError { code message path retryable docsUrl }
      ... on DuplicateAward { existing { id } } ... on BadgeNotIssuable { reason badge { id } } } } }";

fn award() -> awarding::Award {
    awarding::Award {
        id: AWARD.into(),
        badge_id: BADGE.into(),
        status: awarding::AwardStatus::PendingClaim.into(),
        issued_at: "2026-03-01T12:00:00Z".into(),
        ..awarding::Award::default()
    }
}

fn badge() -> design::Badge {
    let content = design::BadgeContent { name: "Welding".into(), ..Default::default() };
    design::Badge { id: BADGE.into(), content: Some(content), version: 1, ..Default::default() }
}

/// A house with one badge and one award.
fn furnished() -> House {
    let house = House::new();
    house.roles.on("GetBadge", |q: design::GetBadgeRequest| {
        if q.badge_id == BADGE {
            Ok(design::GetBadgeResponse { badge: Some(badge()) })
        } else {
            Err(status::missing())
        }
    });
    house.roles.on("GetAwards", |_: awarding::GetAwardsRequest| {
        Ok(awarding::GetAwardsResponse { awards: vec![award()] })
    });
    house
}

fn input(house: &House) -> Value {
    json!({"in": {
        "idempotencyKey": "k-1",
        "clientMutationId": "c",
        "badgeId": house.id(Type::Badge, BADGE),
        "recipient": {"email": {"address": "ada@example.org", "displayName": "Ada"}},
    }})
}

#[tokio::test]
async fn a_mutation_passes_its_key_on_and_tells_what_was_written() {
    let house = furnished();
    house.roles.on("CreateAward", |q: awarding::CreateAwardRequest| {
        assert_eq!((q.idempotency_key.as_str(), q.badge_id.as_str()), ("k-1", BADGE));
        let recipient = q.recipient.unwrap();
        assert_eq!((recipient.email.as_str(), recipient.name.as_str()), ("ada@example.org", "Ada"));
        assert!(q.notify && !q.validate_only);
        let written = Some(Written { position: 41, replayed: true });
        Ok(awarding::CreateAwardResponse { award: Some(award()), written })
    });
    let reply = house.ask(CREATE, input(&house)).await;
    let payload = &reply.json()["data"]["awardCreate"];
    assert_eq!(payload["award"]["id"], house.id(Type::Award, AWARD), "{}", reply.text);
    assert_eq!(payload["award"]["status"], "PENDING_CLAIM");
    assert_eq!(payload["award"]["badge"]["name"], "Welding");
    assert_eq!(payload["award"]["publicUrl"], format!("https://badges.example.org/c/{AWARD}"));
    assert_eq!((&payload["replayed"], &payload["clientMutationId"]), (&json!(true), &json!("c")));
    assert_eq!(payload["userErrors"], json!([]));
    assert_eq!(house.roles.called(), ["CreateAward", "GetBadge"]);
    assert_eq!(house.roles.last_header("laurel-consistency-token").as_deref(), Some("41"));
    assert_eq!(house.roles.last_header("authorization"), Some(format!("Bearer {}", house.token())));
}

#[tokio::test]
async fn a_consistency_token_goes_with_reads_and_only_in_its_tenant() {
    let house = furnished();
    house.roles.on("CreateAward", |_: awarding::CreateAwardRequest| {
        let written = Some(Written { position: 41, replayed: false });
        Ok(awarding::CreateAwardResponse { award: Some(award()), written })
    });
    let reply = house.ask(CREATE, input(&house)).await.json();
    let token = reply["data"]["awardCreate"]["consistencyToken"].as_str().unwrap().to_owned();
    let id = house.id(Type::Badge, BADGE);
    let body =
        json!({"query": "query ($id: ID!) { badge(id: $id) { name } }", "variables": {"id": id}})
            .to_string();
    let read = |authorization: String, token: String| {
        let (house, body) = (&house, body.clone());
        async move {
            let headers = [
                ("content-type", "application/json"),
                ("authorization", authorization.as_str()),
                ("x-consistency-token", token.as_str()),
                ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
            ];
            house.post(body, &headers).await
        }
    };
    let reply = read(format!("Bearer {}", house.token()), token.clone()).await;
    assert_eq!(reply.json()["data"]["badge"]["name"], "Welding");
    assert_eq!(house.roles.last_header("laurel-consistency-token").as_deref(), Some("41"));
    assert!(house.roles.last_header("traceparent").is_some_and(|t| t.starts_with("00-0af7")));
    assert_eq!(
        house.roles.last_header("x-request-id").as_deref(),
        Some(reply.header("x-request-id"))
    );
    for (authorization, token) in [
        (house.earner(), token.clone()),
        (house.token(), format!("{token}A")),
        (house.token(), "41".into()),
    ] {
        let reply = read(format!("Bearer {authorization}"), token).await;
        assert_eq!(reply.code(), "BAD_REQUEST");
    }
}

#[tokio::test]
async fn refusals_of_rules_are_data_with_their_type() {
    let house = furnished();
    for (code, class, path, details, name, shown) in [
        (
            "RECIPIENT_INVALID",
            Class::Invalid,
            Some("/recipient/email"),
            vec![],
            "InvalidInput",
            "/recipient/email/address",
        ),
        (
            "INVALID_INPUT",
            Class::Invalid,
            Some("/achieved_at"),
            vec![],
            "InvalidInput",
            "/achievedAt",
        ),
        ("NOT_PERMITTED", Class::Forbidden, None, vec![], "NotPermitted", ""),
        ("NOT_FOUND", Class::Missing, Some("/badge_id"), vec![], "NotFound", "/badgeId"),
        ("IDEMPOTENCY_MISMATCH", Class::Conflict, None, vec![], "IdempotencyConflict", ""),
        (
            "DUPLICATE_AWARD",
            Class::Conflict,
            Some("/recipient"),
            vec![("award", AWARD)],
            "DuplicateAward",
            "/recipient",
        ),
        ("BADGE_ARCHIVED", Class::Conflict, None, vec![], "BadgeNotIssuable", ""),
        ("LIMIT_EXCEEDED", Class::Exhausted, None, vec![], "LimitReached", ""),
        ("SOMETHING_NEW", Class::Conflict, None, vec![], "StateConflict", ""),
    ] {
        house.roles.on("CreateAward", move |_: awarding::CreateAwardRequest| {
            Err::<awarding::CreateAwardResponse, _>(status::rejected(
                code,
                class,
                "said the rule",
                path,
                &details,
            ))
        });
        let reply = house.ask(CREATE, input(&house)).await;
        let json = reply.json();
        assert_eq!(
            (reply.status, &json["extensions"]["userErrorCount"]),
            (StatusCode::OK, &json!(1))
        );
        let payload = &json["data"]["awardCreate"];
        let error = &payload["userErrors"][0];
        assert_eq!(
            (&payload["award"], &error["__typename"]),
            (&Value::Null, &json!(name)),
            "{code}"
        );
        assert_eq!(
            (&error["message"], error["path"].as_str().unwrap_or_default()),
            (&json!("said the rule"), shown),
            "{code}"
        );
        match name {
            "DuplicateAward" => assert_eq!(error["existing"]["id"], house.id(Type::Award, AWARD)),
            "BadgeNotIssuable" => {
                assert_eq!(
                    (&error["reason"], &error["badge"]["id"]),
                    (&json!("ARCHIVED"), &json!(house.id(Type::Badge, BADGE)))
                );
            }
            _ => {}
        }
        let told = error["code"].as_str().unwrap();
        assert_eq!(error["docsUrl"], format!("https://badges.example.org/errors#{told}"));
    }
}

#[tokio::test]
async fn failures_are_errors_and_tell_nothing_of_the_inside() {
    let house = furnished();
    for (status, code, retryable) in [
        (Status::unavailable("tcp connect error 10.0.0.3:7001"), "UNAVAILABLE", true),
        (Status::internal("SELECT * FROM members"), "INTERNAL", false),
        (Status::unknown("/home/laurel/data"), "INTERNAL", false),
        (
            status::rejected("CONSISTENCY_TIMEOUT", Class::Exhausted, "not there yet", None, &[]),
            "CONSISTENCY_TIMEOUT",
            false,
        ),
        (status::unauthenticated(auth::AuthError::RevokedToken), "TOKEN_REVOKED", false),
    ] {
        house.roles.on("CreateAward", move |_: awarding::CreateAwardRequest| {
            Err::<awarding::CreateAwardResponse, _>(status.clone())
        });
        let reply = house.ask(CREATE, input(&house)).await;
        let json = reply.json();
        let error = &json["errors"][0];
        assert_eq!(
            (reply.code().as_str(), &error["extensions"]["retryable"]),
            (code, &json!(retryable))
        );
        assert_eq!((&json["data"], &error["path"]), (&Value::Null, &json!(["awardCreate"])));
        for secret in ["10.0.0.3", "SELECT", "/home"] {
            assert!(!reply.text.contains(secret), "{}", reply.text);
        }
        let mut names: Vec<&String> = error["extensions"].as_object().unwrap().keys().collect();
        names.sort();
        assert_eq!(names, ["code", "docs", "requestId", "retryable"]);
    }
}

#[tokio::test]
async fn an_id_is_refused_by_form_and_type_and_absent_when_foreign() {
    let house = furnished();
    let elsewhere = TenantId::from_uuid(Uuid::from_u128(5));
    let foreign = global_id(Type::Badge, elsewhere, BADGE).unwrap();
    for (id, code) in
        [("nonsense".to_owned(), "INVALID_ID"), (house.id(Type::Award, AWARD), "INVALID_ID")]
    {
        let mut variables = input(&house);
        variables["in"]["badgeId"] = json!(id);
        let reply = house.ask(CREATE, variables).await.json();
        let error = &reply["data"]["awardCreate"]["userErrors"][0];
        assert_eq!((&error["code"], &error["path"]), (&json!(code), &json!("/badgeId")));
    }
    assert!(house.roles.called().is_empty(), "no role was asked");
    house.roles.on("CreateAward", |asked: awarding::CreateAwardRequest| {
        assert_ne!(asked.badge_id, BADGE, "nothing is asked of what is elsewhere");
        Err::<awarding::CreateAwardResponse, _>(runtime::status::missing())
    });
    let mut variables = input(&house);
    variables["in"]["badgeId"] = json!(foreign);
    let reply = house.ask(CREATE, variables).await.json();
    assert_eq!(reply["data"]["awardCreate"]["userErrors"][0]["code"], "NOT_FOUND");
    let absent = house.id(Type::Badge, "badge_01h455vb4pex5vsknk084sn0aa");
    let query = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }";
    let there = house.id(Type::Badge, BADGE);
    let reply = house.ask(query, json!({"ids": [foreign, absent, "nonsense", there]})).await;
    let found = json!({"__typename": "Badge", "id": there});
    assert_eq!(reply.json()["data"]["nodes"], json!([null, null, null, found]), "{}", reply.text);
    let one = "query ($id: ID!) { badge(id: $id) { id } }";
    let (a, b) =
        (house.ask(one, json!({"id": foreign})).await, house.ask(one, json!({"id": absent})).await);
    assert_eq!(a.json()["data"], b.json()["data"]);
    assert_eq!(a.json()["data"], json!({"badge": null}));
    let reply = house.ask(one, json!({"id": house.id(Type::Award, AWARD)})).await;
    assert_eq!((reply.status, reply.code().as_str()), (StatusCode::OK, "INVALID_ID"));
    assert_eq!(reply.json()["data"], json!({"badge": null}));
}

#[tokio::test]
async fn a_field_that_fails_is_null_and_its_neighbours_stay() {
    let house = furnished();
    house.roles.on("GetOrganization", |_: issuers::GetOrganizationRequest| {
        Err::<issuers::GetOrganizationResponse, _>(Status::unavailable("x"))
    });
    let id = house.id(Type::Badge, BADGE);
    let reply = house
        .ask(
            "query ($id: ID!) { organization { name } badge(id: $id) { name } }",
            json!({"id": id}),
        )
        .await;
    assert_eq!(reply.json()["data"], json!({"organization": null, "badge": {"name": "Welding"}}));
    assert_eq!(reply.json()["errors"][0]["path"], json!(["organization"]));
}

#[tokio::test]
async fn cursors_are_bound_to_tenant_list_and_filter() {
    let house = House::new();
    house.roles.on("ListBadges", |q: design::ListBadgesRequest| {
        let page = q.page.unwrap();
        let after = page.after == b"cursor-1";
        let page = PageInfo {
            cursors: vec![if after { b"cursor-2".to_vec() } else { b"cursor-1".to_vec() }],
            has_next: !after,
            has_previous: after,
            total: 2,
        };
        Ok(design::ListBadgesResponse { badges: vec![badge()], page: Some(page) })
    });
    let query = "query ($a: String, $s: BadgeStatus) { badges(first: 1, after: $a, status: $s) {
        edges { cursor node { id } } nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount { value isExact } } }";
    let first = house.ask(query, json!({})).await.json();
    let page = &first["data"]["badges"];
    assert_eq!(page["totalCount"], json!({"value": 2, "isExact": true}));
    assert_eq!(
        (&page["pageInfo"]["hasNextPage"], &page["pageInfo"]["hasPreviousPage"]),
        (&json!(true), &json!(false))
    );
    let cursor = page["pageInfo"]["endCursor"].as_str().unwrap().to_owned();
    assert_eq!(page["edges"][0]["cursor"], cursor);
    let next = house.ask(query, json!({"a": cursor})).await.json();
    assert_eq!(next["data"]["badges"]["pageInfo"]["hasPreviousPage"], true);
    for variables in
        [json!({"a": cursor, "s": "DRAFT"}), json!({"a": format!("{cursor}A")}), json!({"a": "x"})]
    {
        assert_eq!(house.ask(query, variables).await.code(), "INVALID_INPUT");
    }
    for arguments in [
        "first: 1, last: 1",
        "first: 0",
        "first: 101",
        "last: -1",
        "last: 1, after: \"x\"",
        "before: \"x\"",
    ] {
        let reply = house
            .ask(&format!("{{ badges({arguments}) {{ nodes {{ id }} }} }}"), Value::Null)
            .await;
        assert_eq!(reply.code(), "INVALID_INPUT", "{arguments}");
    }
}

#[tokio::test]
async fn loads_of_one_request_are_gathered() {
    let house = furnished();
    house.roles.on("ListAwards", |_: awarding::ListAwardsRequest| {
        let awards = vec![award(); 20];
        let page = PageInfo {
            cursors: (0..20).map(|n| vec![n]).collect(),
            total: 20,
            ..Default::default()
        };
        Ok(awarding::ListAwardsResponse { awards, page: Some(page) })
    });
    let reply = house.ask("{ awards { nodes { id badge { name } } } }", Value::Null).await;
    assert_eq!(reply.json()["data"]["awards"]["nodes"].as_array().unwrap().len(), 20);
    assert_eq!(house.roles.called(), ["ListAwards", "GetBadge"]);
}

#[tokio::test]
async fn a_document_seen_before_is_checked_against_new_variables_all_the_same() {
    let house = furnished();
    let query = "query ($id: ID!) { badge(id: $id) { name } }";
    let id = house.id(Type::Badge, BADGE);
    for _ in 0..2 {
        assert_eq!(
            house.ask(query, json!({"id": id})).await.json()["data"]["badge"]["name"],
            "Welding"
        );
        for wrong in [json!({}), json!({"id": null}), json!({"id": {"a": 1}})] {
            let reply = house.ask(query, wrong).await;
            assert_eq!(
                (reply.status, reply.code().as_str()),
                (StatusCode::BAD_REQUEST, "GRAPHQL_VALIDATION_FAILED")
            );
        }
        let reply =
            house.ask("query ($id: ID!) { badge(id: $id) { nam } }", json!({"id": id})).await;
        assert_eq!(reply.code(), "GRAPHQL_VALIDATION_FAILED");
        assert!(reply.text.contains("Did you mean"));
    }
}

#[tokio::test]
async fn strangers_get_no_suggestions() {
    let house = House::new();
    let body = json!({"query": "{ viewer { kin } }"}).to_string();
    let reply = house.post(body, &[("content-type", "application/json")]).await;
    assert_eq!(reply.code(), "GRAPHQL_VALIDATION_FAILED");
    assert!(!reply.text.contains("Did you mean"), "{}", reply.text);
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_takes_too_long_is_stopped() {
    let house = House::within(crate::Limits { time: Duration::from_secs(3), ..Default::default() });
    house.roles.on_raw("CreateAward", |_| Ok(Answer::Never));
    let reply = house.ask(CREATE, input(&house)).await;
    assert_eq!((reply.status, reply.code().as_str()), (StatusCode::GATEWAY_TIMEOUT, "TIMEOUT"));
    assert_eq!(reply.json()["errors"][0]["extensions"]["retryable"], true);
}

#[tokio::test]
async fn an_upload_address_says_who_what_and_how_much() {
    let house = furnished();
    let query = "mutation ($b: ID!) { awardBatchCreate(input: {idempotencyKey: \"k\", badgeId: $b, notify: false}) {
        start { batch { id } upload { uploadUrl token maxBytes expiresAt } } userErrors { __typename } } }";
    let reply = house.ask(query, json!({"b": house.id(Type::Badge, BADGE)})).await.json();
    let upload = &reply["data"]["awardBatchCreate"]["start"]["upload"];
    let token = upload["token"].as_str().unwrap();
    assert_eq!(upload["uploadUrl"], format!("https://badges.example.org/uploads/{token}"));
    assert_eq!(
        (&upload["maxBytes"], &upload["expiresAt"]),
        (&json!(4096), &json!("2026-03-01T12:15:00Z"))
    );
    let context = &house.rig.context;
    let claims =
        context.verifier.verify::<UploadClaims>(token, context.stores.clock.now()).unwrap();
    let purpose = UploadPurpose::AwardCsv { badge: BADGE.into(), notify: false, key: "k".into() };
    assert_eq!((claims.claims.purpose, claims.claims.access.tenant), (purpose, house.tenant));
    assert!(context.verifier.access(token, context.stores.clock.now()).is_err(), "no access token");
    assert!(house.roles.called().iter().all(|method| method.ends_with("GetBadge")));
}

#[tokio::test]
async fn artwork_is_named_by_an_id_of_the_tenant() {
    let house = House::new();
    let digest = "0f".repeat(32);
    let expected = digest.clone();
    house.roles.on("CreateBadge", move |q: design::CreateBadgeRequest| {
        if q.content.unwrap().artwork_id != expected {
            return Err(status::missing());
        }
        Ok(design::CreateBadgeResponse { badge: Some(badge()), written: None })
    });
    let query = "mutation ($i: ID!, $a: ID!) { badgeCreate(input: {idempotencyKey: \"k\", issuerId: $i,
        content: {name: \"n\", description: \"d\", artworkId: $a, artworkCaption: \"c\"}}) { badge { name } userErrors { ... on UserError { code path } } } }";
    let issuer = house.id(Type::Issuer, "issuer_01h455vb4pex5vsknk084sn02q");
    let reply =
        house.ask(query, json!({"i": issuer, "a": artwork_id(house.tenant, &digest)})).await;
    assert_eq!(reply.json()["data"]["badgeCreate"]["badge"]["name"], "Welding", "{}", reply.text);
    let foreign = artwork_id(TenantId::PLATFORM, &digest);
    let reply = house.ask(query, json!({"i": issuer, "a": foreign})).await.json();
    let error = &reply["data"]["badgeCreate"]["userErrors"][0];
    assert_eq!(*error, json!({"code": "NOT_FOUND", "path": null}));
}

#[tokio::test]
async fn earners_accept_awards_of_every_tenant() {
    let house = House::new();
    let tenant = house.tenant;
    house.roles.on("ListHoldings", move |_: backpack::ListHoldingsRequest| {
        let holding = backpack::Holding {
            award_id: AWARD.into(),
            tenant_id: tenant.to_string(),
            ..Default::default()
        };
        let page = PageInfo { cursors: vec![vec![1]], total: 1, ..Default::default() };
        Ok(backpack::ListHoldingsResponse { holdings: vec![holding], page: Some(page) })
    });
    house.roles.on("AcceptAward", |q: backpack::AcceptAwardRequest| {
        assert_eq!(q.award_id, AWARD);
        Ok(backpack::AcceptAwardResponse {
            holding: Some(backpack::Holding::default()),
            written: None,
        })
    });
    let bearer = format!("Bearer {}", house.earner());
    let reply = house
        .ask_as(&bearer, "{ backpack { holdings { nodes { awardId publicUrl } } } }", Value::Null)
        .await
        .json();
    let id = &reply["data"]["backpack"]["holdings"]["nodes"][0]["awardId"];
    assert_eq!(*id, house.id(Type::Award, AWARD));
    let accept = "mutation ($id: ID!) { awardAccept(input: {idempotencyKey: \"k\", awardId: $id}) { holding { status } userErrors { __typename } } }";
    let reply = house.ask_as(&bearer, accept, json!({"id": id})).await.json();
    assert_eq!(
        reply["data"]["awardAccept"],
        json!({"holding": {"status": "UNKNOWN"}, "userErrors": []})
    );
    assert_eq!(
        house.ask("{ backpack { holdings { nodes { awardId } } } }", Value::Null).await.json()["data"],
        json!({"backpack": null})
    );
}

#[tokio::test]
async fn signing_in_needs_no_token() {
    let house = House::new();
    house.roles.on("RequestMemberSignIn", |_: issuers::RequestMemberSignInRequest| {
        Ok(issuers::RequestMemberSignInResponse {})
    });
    let query = "mutation { signInLinkCreate(input: {email: \"a@b.example\", audience: MEMBER}) { signInLink { audience } userErrors { __typename } } }";
    let reply = house
        .post(json!({"query": query}).to_string(), &[("content-type", "application/json")])
        .await;
    assert_eq!(reply.json()["data"]["signInLinkCreate"]["signInLink"]["audience"], "MEMBER");
    assert_eq!(house.roles.last_header("authorization"), None);
}

#[test]
fn ids_are_of_one_length() {
    let text = global_id(Type::Badge, TenantId::PLATFORM, BADGE).unwrap();
    assert_eq!((text.len(), GlobalId::decode(&text).unwrap().role_id().as_str()), (32, BADGE));
}
