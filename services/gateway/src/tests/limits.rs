use std::time::Instant;

use ::http::StatusCode;
use proto::design::v1::{ListBadgesRequest, ListBadgesResponse};
use serde_json::{Value, json};

use crate::{Limits, testing::House};

/// A document that breaks one limit, and the code and number that say so.
async fn refused(house: &House, query: &str, code: &str, limit: usize) {
    let began = Instant::now();
    let reply = house.ask(query, Value::Null).await;
    let shown: String = query.chars().take(80).collect();
    assert_eq!((reply.status, reply.code().as_str()), (StatusCode::BAD_REQUEST, code), "{shown}");
    assert_eq!(reply.json()["errors"][0]["extensions"]["limit"], limit, "{shown}");
    assert!(began.elapsed().as_millis() < 500, "{shown}: {:?}", began.elapsed());
    assert!(house.roles.called().is_empty());
}

#[tokio::test]
async fn every_bomb_is_refused_by_its_own_limit_before_anything_runs() {
    let house = House::new();
    let many = |n: usize, each: &dyn Fn(usize) -> String| (0..n).map(each).collect::<String>();

    refused(&house, &format!("{{ {} }}", "__typename ".repeat(2100)), "TOKENS_EXCEEDED", 2000)
        .await;
    refused(&house, &"{".repeat(100_000), "TOKENS_EXCEEDED", 2000).await;
    refused(&house, &format!("{} {}", "{a".repeat(600), "}".repeat(600)), "RECURSION_EXCEEDED", 32)
        .await;
    refused(
        &house,
        &format!("{{ a(x: {}1{}) }}", "[".repeat(40), "]".repeat(40)),
        "RECURSION_EXCEEDED",
        32,
    )
    .await;
    let deep = format!("{{ badge(id: \"x\") {} {}", "{ issuer ".repeat(16), "}".repeat(17));
    refused(&house, &deep, "DEPTH_EXCEEDED", 15).await;
    let aliases = many(31, &|n| format!("a{n}: name "));
    refused(&house, &format!("{{ organization {{ {aliases} }} }}"), "ALIASES_EXCEEDED", 30).await;
    let roots = many(11, &|_| "__typename ".to_owned());
    refused(&house, &format!("{{ {roots} }}"), "ROOT_FIELDS_EXCEEDED", 10).await;
    let fragments = many(31, &|n| format!(" fragment F{n} on Query {{ __typename }}"));
    refused(&house, &format!("{{ __typename }}{fragments}"), "FRAGMENTS_EXCEEDED", 30).await;
    let directives = "@include(if: true) ".repeat(21);
    refused(&house, &format!("{{ __typename {directives} }}"), "DIRECTIVES_EXCEEDED", 20).await;
}

#[tokio::test]
async fn fragments_that_double_each_other_are_counted_as_what_they_become() {
    let house = House::new();
    let doubling: String = (0..29)
        .map(|n| format!(" fragment F{n} on Organization {{ ...F{0} ...F{0} }}", n + 1))
        .chain([" fragment F29 on Organization { name }".to_owned()])
        .collect();
    refused(
        &house,
        &format!("{{ organization {{ ...F0 }} }}{doubling}"),
        "SELECTIONS_EXCEEDED",
        5000,
    )
    .await;
    let roots = " fragment F on Query { ...G ...G } fragment G on Query { __typename a: __typename b: __typename c: __typename d: __typename e: __typename }";
    refused(&house, &format!("{{ ...F }}{roots}"), "ROOT_FIELDS_EXCEEDED", 10).await;
}

#[tokio::test]
async fn fragments_in_a_circle_are_no_document() {
    let house = House::new();
    let query = "{ organization { ...A } } fragment A on Organization { ...B } fragment B on Organization { ...A }";
    let reply = house.ask(query, Value::Null).await;
    assert_eq!(reply.code(), "GRAPHQL_VALIDATION_FAILED");
}

#[tokio::test]
async fn names_and_strings_of_any_length_are_one_token() {
    let house = House::new();
    let reply = house.ask(&format!("{{ {} }}", "a".repeat(200_000)), Value::Null).await;
    assert_eq!(reply.code(), "GRAPHQL_VALIDATION_FAILED");
}

#[tokio::test]
async fn cost_is_counted_before_anything_runs_from_arguments_and_variables() {
    let house = House::new();
    let badges = "query ($n: Int) { badges(first: $n) { nodes { issuer { name } awards(first: 100) { nodes { id } } } } }";
    let reply = house.ask(badges, json!({"n": 100})).await;
    assert_eq!((reply.status, reply.code().as_str()), (StatusCode::BAD_REQUEST, "COST_EXCEEDED"));
    let extensions = &reply.json()["errors"][0]["extensions"];
    // badges 1 + 100 × (nodes 1 + issuer 1 + awards (1 + 100 × nodes 1))
    assert_eq!((&extensions["limit"], &extensions["requested"]), (&json!(1000), &json!(10_301)));
    assert!(house.roles.called().is_empty());
}

#[tokio::test]
async fn the_cost_of_a_page_is_what_the_sdl_says() {
    let house = House::new();
    house.roles.on("ListBadges", |_: ListBadgesRequest| Ok(ListBadgesResponse::default()));
    for (query, variables, cost) in [
        ("{ badges { nodes { id } } }", json!({}), 21),
        (
            "{ badges(first: 3) { nodes { id name } pageInfo { endCursor } totalCount { value } } }",
            json!({}),
            4,
        ),
        (
            "query ($n: Int = 7) { badges(last: $n) { edges { node { issuer { id } } } } }",
            json!({}),
            15,
        ),
        ("query ($n: Int) { badges(first: $n) { nodes { id } } }", json!({"n": 5}), 6),
        (
            "query ($yes: Boolean!) { badges @include(if: $yes) { nodes { id } } }",
            json!({"yes": false}),
            0,
        ),
        ("{ badges @skip(if: true) { nodes { id } } rateLimit { limit } }", json!({}), 0),
        ("{ __schema { types { name } } }", json!({}), 50),
    ] {
        let reply = house.ask(query, variables).await;
        assert_eq!(
            reply.json()["extensions"]["cost"]["requested"],
            cost,
            "{query}: {}",
            reply.text
        );
    }
}

#[tokio::test]
async fn who_has_spent_everything_waits_and_nobody_else_does() {
    let house = House::within(Limits { bucket: 100, restore_per_second: 10, ..Limits::default() });
    let introspect = "{ __schema { queryType { name } } }";
    for _ in 0..2 {
        assert_eq!(house.ask(introspect, Value::Null).await.status, StatusCode::OK);
    }
    let reply = house.ask(introspect, Value::Null).await;
    assert_eq!((reply.status, reply.code().as_str()), (StatusCode::TOO_MANY_REQUESTS, "THROTTLED"));
    assert_eq!(reply.header("retry-after"), "5");
    assert_eq!(reply.header("ratelimit"), "\"cost\";r=0;t=10");
    let error = &reply.json()["errors"][0]["extensions"];
    assert_eq!((&error["retryable"], &error["retryAfterMs"]), (&json!(true), &json!(5000)));
    let earner = format!("Bearer {}", house.earner());
    assert_eq!(house.ask_as(&earner, introspect, Value::Null).await.status, StatusCode::OK);
    let now = house.rig.context.stores.clock.now();
    house.rig.clock.set(now.plus_millis(5000));
    assert_eq!(house.ask(introspect, Value::Null).await.status, StatusCode::OK);
    let free =
        house.ask("{ rateLimit { limit remaining restorePerSecond maxDepth } }", Value::Null).await;
    let limit = &free.json()["data"]["rateLimit"];
    assert_eq!(
        *limit,
        json!({"limit": 100, "remaining": 0, "restorePerSecond": 10, "maxDepth": 15})
    );
}

#[tokio::test]
async fn the_standard_introspection_passes_and_its_bomb_does_not() {
    let house = House::new();
    let kinds = "kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } }";
    let query = format!(
        "query IntrospectionQuery {{ __schema {{ description queryType {{ name kind }} mutationType {{ name kind }} \
         subscriptionType {{ name kind }} types {{ ...FullType }} directives {{ name description isRepeatable \
         locations args(includeDeprecated: true) {{ ...InputValue }} }} }} }} \
         fragment FullType on __Type {{ kind name description specifiedByURL isOneOf \
         fields(includeDeprecated: true) {{ name description args(includeDeprecated: true) {{ ...InputValue }} \
         type {{ ...TypeRef }} isDeprecated deprecationReason }} inputFields(includeDeprecated: true) {{ ...InputValue }} \
         interfaces {{ ...TypeRef }} enumValues(includeDeprecated: true) {{ name description isDeprecated deprecationReason }} \
         possibleTypes {{ ...TypeRef }} }} \
         fragment InputValue on __InputValue {{ name description type {{ ...TypeRef }} defaultValue isDeprecated deprecationReason }} \
         fragment TypeRef on __Type {{ {kinds} }}"
    );
    let reply = house.ask(&query, Value::Null).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", &reply.text[..300]);
    assert!(reply.json()["data"]["__schema"]["types"].as_array().unwrap().len() > 100);
    let bomb = "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }";
    refused(&house, bomb, "DEPTH_EXCEEDED", 2).await;
}
