use ::http::{Method, Request, StatusCode};
use auth::Role;
use axum::body::Body;
use serde_json::{Value, json};

use crate::testing::{House, Reply};

const MODERN: &str = "application/graphql-response+json";
const JSON: (&str, &str) = ("content-type", "application/json");

fn typename() -> String {
    json!({"query": "{ __typename }"}).to_string()
}

async fn get(house: &House, query: &str, accept: &str) -> Reply {
    let request = Request::get(format!("/graphql?{query}")).header("accept", accept);
    house.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn the_answer_has_the_media_type_that_was_asked_for() {
    let house = House::new();
    for (accept, given) in [
        (Some(MODERN), "application/graphql-response+json; charset=utf-8"),
        (Some("application/json"), "application/json; charset=utf-8"),
        (Some("*/*"), "application/json; charset=utf-8"),
        (None, "application/json; charset=utf-8"),
    ] {
        let mut headers = vec![JSON];
        headers.extend(accept.map(|accept| ("accept", accept)));
        let reply = house.post(typename(), &headers).await;
        assert_eq!((reply.status, reply.header("content-type")), (StatusCode::OK, given));
        assert_eq!(reply.json()["data"], json!({"__typename": "Query"}));
    }
    let reply = house.post(typename(), &[JSON, ("accept", "text/html")]).await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (StatusCode::NOT_ACCEPTABLE, "NOT_ACCEPTABLE")
    );
}

#[tokio::test]
async fn only_json_in_utf_8_is_read() {
    let house = House::new();
    for good in [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON;charset=\"UTF-8\"",
    ] {
        assert_eq!(house.post(typename(), &[("content-type", good)]).await.status, StatusCode::OK);
    }
    for bad in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin1",
        "application/jsonx",
        "application/graphql",
    ] {
        let reply = house.post(typename(), &[("content-type", bad)]).await;
        assert_eq!(reply.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{bad}");
        assert_eq!(reply.code(), "UNSUPPORTED_MEDIA_TYPE");
    }
    assert_eq!(house.post(typename(), &[]).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn parameters_of_the_wrong_type_are_bad_requests_in_both_media_types() {
    let house = House::new();
    let query = "{ __typename }";
    for accept in [MODERN, "application/json"] {
        for body in [
            String::new(),
            "{".to_owned(),
            "\"text\"".to_owned(),
            "{}".to_owned(),
            json!({"query": 5}).to_string(),
            json!({"query": {}}).to_string(),
            json!({"query": [query]}).to_string(),
            json!({"query": query, "operationName": 5}).to_string(),
            json!({"query": query, "operationName": {}}).to_string(),
            json!({"query": query, "variables": "x"}).to_string(),
            json!({"query": query, "variables": [1]}).to_string(),
            json!({"query": query, "extensions": "x"}).to_string(),
            json!({"query": query, "extensions": []}).to_string(),
        ] {
            let reply = house.post(body.clone(), &[JSON, ("accept", accept)]).await;
            assert_eq!(
                (reply.status, reply.code().as_str()),
                (StatusCode::BAD_REQUEST, "BAD_REQUEST"),
                "{body}"
            );
            assert!(reply.json().get("data").is_none(), "{body}");
        }
    }
}

#[tokio::test]
async fn nulls_and_unknown_members_are_let_pass() {
    let house = House::new();
    let body = json!({"query": "query Q { __typename }", "operationName": "Q", "variables": null,
                      "extensions": {"a": 1}, "more": true});
    let reply = house.post(body.to_string(), &[JSON]).await;
    assert_eq!(reply.json()["data"], json!({"__typename": "Query"}));
}

#[tokio::test]
async fn bad_documents_are_400_in_the_modern_media_type_and_200_in_the_legacy_one() {
    let house = House::new();
    for (query, code) in [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query ($x: Int!) { rateLimit { limit @skip(if: $x) } }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { __typename } query B { __typename }", "OPERATION_UNKNOWN"),
    ] {
        let body = json!({"query": query}).to_string();
        let modern = house.post(body.clone(), &[JSON, ("accept", MODERN)]).await;
        assert_eq!(
            (modern.status, modern.code().as_str()),
            (StatusCode::BAD_REQUEST, code),
            "{query}"
        );
        let legacy = house.post(body, &[JSON, ("accept", "application/json")]).await;
        assert_eq!((legacy.status, legacy.code().as_str()), (StatusCode::OK, code));
        assert!(modern.json().get("data").is_none() && legacy.json().get("data").is_none());
    }
}

#[tokio::test]
async fn queries_go_by_get_and_mutations_do_not() {
    let house = House::new();
    let reply = get(&house, "query=query%20Q(%24n%3AInt)%7B__typename%20viewer%7Bkind%7D%7D&variables=%7B%22n%22%3A1%7D&operationName=Q", MODERN).await;
    // $n is not used, which validation refuses: the parameters were understood.
    assert_eq!(reply.code(), "GRAPHQL_VALIDATION_FAILED");
    assert_eq!(get(&house, "query=%7B__typename%7D", MODERN).await.status, StatusCode::OK);
    let mutation = "query=mutation%7BsignInLinkCreate(input%3A%7Bemail%3A%22a%40b.example%22%2Caudience%3AMEMBER%7D)%7BuserErrors%7B__typename%7D%7D%7D";
    let reply = get(&house, mutation, MODERN).await;
    assert_eq!((reply.status, reply.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, "POST"));
    assert!(house.roles.called().is_empty());
    assert_eq!(get(&house, "variables=%7B%7D", MODERN).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        get(&house, "query=%7B__typename%7D&variables=x", MODERN).await.status,
        StatusCode::BAD_REQUEST
    );
    let put = Request::builder().method(Method::PUT).uri("/graphql").body(Body::empty()).unwrap();
    let reply = house.send(put).await;
    assert_eq!(
        (reply.status, reply.header("allow")),
        (StatusCode::METHOD_NOT_ALLOWED, "GET, POST")
    );
}

#[tokio::test]
async fn lists_of_operations_are_refused() {
    let house = House::new();
    let reply = house.post(format!(" [{}]", typename()), &[JSON]).await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (StatusCode::BAD_REQUEST, "BATCHING_UNSUPPORTED")
    );
}

#[tokio::test]
async fn a_body_of_more_than_the_limit_is_not_read() {
    let house = House::new();
    let reply = house.post(vec![b' '; 300 * 1024], &[JSON]).await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE")
    );
    assert_eq!(reply.json()["errors"][0]["extensions"]["limit"], 256 * 1024);
}

#[tokio::test]
async fn tokens_that_are_not_good_are_401_with_their_code() {
    let house = House::new();
    let good = house.token();
    for (authorization, code) in [
        ("Bearer nonsense".to_owned(), "UNAUTHENTICATED"),
        ("Basic dXNlcg==".to_owned(), "UNAUTHENTICATED"),
        (format!("Bearer {good}x"), "UNAUTHENTICATED"),
    ] {
        let reply = house.ask_as(&authorization, "{ __typename }", Value::Null).await;
        assert_eq!((reply.status, reply.code().as_str()), (StatusCode::UNAUTHORIZED, code));
        assert_eq!(reply.header("www-authenticate"), "Bearer");
    }
    let now = house.rig.context.stores.clock.now();
    house.rig.clock.set(now.plus_millis(2 * 3_600_000));
    let reply = house.ask_as(&format!("Bearer {good}"), "{ __typename }", Value::Null).await;
    assert_eq!((reply.status, reply.code().as_str()), (StatusCode::UNAUTHORIZED, "TOKEN_EXPIRED"));
}

#[tokio::test]
async fn without_a_token_only_public_fields_are_run() {
    let house = House::new();
    for query in
        ["{ badges { nodes { id } } }", "{ ...F } fragment F on Query { organization { id } }"]
    {
        let reply =
            house.post(json!({"query": query}).to_string(), &[JSON, ("accept", MODERN)]).await;
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED")
        );
    }
    assert!(house.roles.called().is_empty());
    let query =
        json!({"query": "{ viewer { kind } rateLimit { limit } __schema { queryType { name } } }"});
    let reply = house.post(query.to_string(), &[JSON]).await;
    assert_eq!(reply.json()["data"]["viewer"], Value::Null);
    assert_eq!(reply.json()["data"]["__schema"]["queryType"]["name"], "Query");
}

#[tokio::test]
async fn a_session_cookie_counts_only_with_the_header_and_from_our_own_pages() {
    let house = House::new();
    let session = house.rig.context.tokens.session(&house.member(Role::Viewer));
    let cookie = format!("a=b; laurel_session={session}");
    let body = json!({"query": "{ viewer { kind } }"}).to_string();
    let ours = house.rig.context.public_url.to_string();
    let with = |more: &[(&'static str, &str)]| {
        let mut all =
            vec![("content-type", "application/json".to_owned()), ("cookie", cookie.clone())];
        all.extend(more.iter().map(|(n, v)| (*n, (*v).to_owned())));
        let (house, body) = (&house, body.clone());
        async move {
            let all: Vec<(&str, &str)> = all.iter().map(|(n, v)| (*n, v.as_str())).collect();
            house.post(body, &all).await
        }
    };
    let reply = with(&[("x-laurel-csrf", "1"), ("origin", &ours)]).await;
    assert_eq!(reply.json()["data"]["viewer"]["kind"], "MEMBER");
    let reply = with(&[("x-laurel-csrf", "1"), ("sec-fetch-site", "same-origin")]).await;
    assert_eq!(reply.json()["data"]["viewer"]["kind"], "MEMBER");
    assert_eq!(with(&[("origin", &ours)]).await.json()["data"]["viewer"], Value::Null);
    for headers in [
        [("x-laurel-csrf", "1"), ("origin", "https://evil.example")],
        [("x-laurel-csrf", "1"), ("sec-fetch-site", "cross-site")],
        [("x-laurel-csrf", "1"), ("sec-fetch-site", "same-site")],
        [("x-laurel-csrf", "1"), ("referer", "x")],
    ] {
        let reply = with(&headers).await;
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (StatusCode::FORBIDDEN, "CROSS_SITE_REQUEST")
        );
    }
    let bearer = format!("Bearer {session}");
    let reply = house.ask_as(&bearer, "{ __typename }", Value::Null).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "a session token is no access token");
}

#[tokio::test]
async fn every_answer_says_its_id_its_cost_and_what_is_left() {
    let house = House::new();
    let reply = house.post(typename(), &[JSON, ("x-request-id", "mine-1")]).await;
    assert_eq!(reply.header("x-request-id"), "mine-1");
    let extensions = &reply.json()["extensions"];
    assert_eq!(extensions["requestId"], "mine-1");
    assert_eq!(extensions["userErrorCount"], 0);
    assert_eq!(extensions["cost"]["requested"], 0);
    assert_eq!(reply.header("ratelimit-policy"), "\"cost\";q=20000;w=10");
    assert_eq!(reply.header("ratelimit"), "\"cost\";r=20000;t=0");
    assert_eq!(reply.header("cache-control"), "no-store");
    let reply = house.post("{", &[JSON, ("x-request-id", "a b;c")]).await;
    let json = reply.json();
    let id = json["extensions"]["requestId"].as_str().unwrap();
    assert_eq!(id.len(), 36, "a new one: {id}");
    let error = &json["errors"][0]["extensions"];
    assert_eq!(error["requestId"], id);
    assert_eq!(error["retryable"], false);
    assert_eq!(error["docs"], "https://badges.example.org/errors#BAD_REQUEST");
}

#[tokio::test]
async fn the_pages_for_programmers_fetch_nothing_from_elsewhere() {
    let house = House::new();
    for path in [
        "/graphiql",
        "/graphiql/graphiql.js",
        "/graphiql/graphiql.css",
        "/errors",
        "/schema.graphql",
    ] {
        let reply = house.send(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(reply.status, StatusCode::OK, "{path}");
        assert!(
            reply.header("content-security-policy").starts_with("default-src 'none'"),
            "{path}"
        );
        if path != "/schema.graphql" {
            assert!(!reply.text.contains("https://") && !reply.text.contains("http://"), "{path}");
        }
    }
    let errors = house.send(Request::get("/errors").body(Body::empty()).unwrap()).await;
    for code in ["DUPLICATE_AWARD", "COST_EXCEEDED", "UNAUTHENTICATED"] {
        assert!(errors.text.contains(&format!("<dt id=\"{code}\">")), "{code}");
    }
    let browser = Request::get("/graphql").header("accept", "text/html,*/*");
    let reply = house.send(browser.body(Body::empty()).unwrap()).await;
    assert_eq!((reply.status, reply.header("location")), (StatusCode::SEE_OTHER, "/graphiql"));
}
