//! Documents made to be expensive, to reach out, or to say one thing and sign another.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::fmt::Write;

use jsonld::{
    Budget, CanonError, Contexts, Limits, Problem, Processor, canonicalize, parse_nquads,
};
use serde_json::{Map, Value, json};

fn problem(document: &Value) -> Problem {
    Processor::new(Contexts::bundled()).to_quads(document).unwrap_err().problem
}

/// A context of one term, that of its own values among others.
fn own() -> Value {
    json!({"ex": "https://ex.example/", "c": "ex:c", "id": "@id"})
}

fn numbered(number: usize, entry: impl Fn(usize) -> (String, Value)) -> Value {
    Value::Object((0..number).map(entry).collect::<Map<_, _>>())
}

#[test]
fn a_context_that_is_not_bundled_is_refused_wherever_it_stands_and_whatever_its_scheme() {
    for url in [
        "https://elsewhere.example/context",
        "http://127.0.0.1:1/",
        "file:///etc/hostname",
        "data:application/ld+json,{}",
        "HTTPS://www.w3.org/ns/credentials/v2",
        "https://www.w3.org/ns/credentials/v2#",
        "https://www.w3.org/ns/credentials/v2/",
        "//www.w3.org/ns/credentials/v2",
        "",
    ] {
        let refused = Problem::UnknownContext(url.into());
        assert_eq!(problem(&json!({"@context": url})), refused);
        assert_eq!(problem(&json!({"@context": [own(), url]})), refused);
        assert_eq!(problem(&json!({"@context": own(), "c": {"@context": url}})), refused);
        let scoped = json!({"c": {"@id": "https://ex.example/c", "@context": url}});
        assert_eq!(problem(&json!({"@context": scoped, "c": {"c": 1}})), refused);
    }
    let import = json!({"@context": {"@import": "https://elsewhere.example/context"}});
    assert!(matches!(problem(&import), Problem::Context(_)));
}

#[test]
fn protected_terms_stay_what_they_are_for_types_and_for_nested_nodes() {
    let base = "https://www.w3.org/ns/credentials/v2";
    let changed = json!({"VerifiableCredential": "https://ex.example/other"});
    let protected = Problem::Protected("VerifiableCredential".into());
    assert_eq!(problem(&json!({"@context": [base, changed]})), protected);
    let nested = json!({"@context": base, "type": "VerifiableCredential",
        "credentialSubject": {"@context": changed}});
    assert_eq!(problem(&nested), protected);
    let by_type = json!({"T": {"@id": "https://ex.example/T", "@context": changed}});
    assert_eq!(problem(&json!({"@context": [base, by_type], "type": "T"})), protected);
}

#[test]
fn no_name_and_no_iri_can_end_a_statement_and_begin_another() {
    let forged = "x> <https://ex.example/p> \"forged\" .\n<https://ex.example/y";
    let own = |mut more: Value| {
        more["@vocab"] = json!("https://ex.example/");
        more
    };
    for document in [
        json!({"@context": own(json!({})), forged: 1}),
        json!({"@context": own(json!({forged: {"@type": "@id"}})), forged: "urn:x"}),
        json!({"@context": own(json!({"a": format!("https://ex.example/{forged}")})), "a": 1}),
        json!({"@context": own(json!({})), "@type": forged}),
        json!({"@context": own(json!({})), "@id": format!("https://ex.example/{forged}")}),
        json!({"@context": own(json!({})), "a": {"@value": "v", "@type": forged}}),
        json!({"@context": own(json!({})), "a": {"@value": "v", "@language": forged}}),
    ] {
        assert!(Processor::new(Contexts::bundled()).to_quads(&document).is_err(), "{document}");
    }
}

#[test]
fn deep_nesting_meets_a_limit_of_its_own() {
    let mut document = (0..1000).fold(json!({}), |inner, _| json!({"c": inner}));
    document["@context"] = own();
    assert_eq!(problem(&document), Problem::Limit("levels of nested nodes"));
    let mut lists = (0..100).fold(json!({"c": json!([])}), |inner, _| json!({"c": [inner]}));
    lists["@context"] = own();
    assert_eq!(problem(&lists), Problem::Limit("levels of nested nodes"));
}

#[test]
fn a_hundred_thousand_blank_nodes_meet_the_limit_of_statements() {
    let nodes: Vec<Value> = (0..100_000).map(|_| json!({})).collect();
    assert_eq!(problem(&json!({"@context": own(), "c": nodes})), Problem::Limit("statements"));
}

#[test]
fn a_hundred_thousand_blank_nodes_that_differ_are_canonicalised_and_alike_ones_are_not() {
    let lines = |line: &dyn Fn(&mut String, usize)| {
        let mut text = String::new();
        (0..100_000).for_each(|at| line(&mut text, at));
        parse_nquads(&text).unwrap().0
    };
    let different = lines(&|text, at| writeln!(text, "_:n{at} <ex:p> \"{at}\" .").unwrap());
    let text = canonicalize(&different, Budget::default()).unwrap();
    assert_eq!(text.lines().count(), 100_000);
    let alike = lines(&|text, at| writeln!(text, "_:n{at} <ex:p> <ex:o> .").unwrap());
    assert_eq!(canonicalize(&alike, Budget::default()), Err(CanonError::BudgetExceeded));
    let star = lines(&|text, at| writeln!(text, "_:hub <ex:p> _:n{at} .").unwrap());
    assert_eq!(canonicalize(&star, Budget::default()), Err(CanonError::BudgetExceeded));
}

#[test]
fn cycles_are_followed_once_and_no_further_than_the_budget() {
    let ring = |size: usize| -> Vec<Value> {
        let link = |at: usize| json!({"id": format!("_:n{at}"), "c": {"id": format!("_:n{}", (at + 1) % size)}});
        (0..size).map(link).collect()
    };
    let canonical = |size: usize| {
        let document = json!({"@context": own(), "id": "urn:x", "c": ring(size)});
        let dataset = Processor::new(Contexts::bundled()).to_quads(&document).unwrap();
        canonicalize(&dataset, Budget::default())
    };
    assert!(canonical(1).is_ok());
    assert!(canonical(12).is_ok());
    assert_eq!(canonical(5_000), Err(CanonError::BudgetExceeded));
    let mut clique = String::new();
    for a in 0..40 {
        for b in (0..40).filter(|b| *b != a) {
            writeln!(clique, "_:n{a} <ex:p> _:n{b} .").unwrap();
        }
    }
    let clique = parse_nquads(&clique).unwrap().0;
    assert_eq!(canonicalize(&clique, Budget::default()), Err(CanonError::BudgetExceeded));
}

#[test]
fn long_iris_said_many_times_meet_the_limit_of_bytes() {
    let long = format!("https://ex.example/{}", "x".repeat(100_000));
    let refused = Problem::Limit("bytes in its statements");
    let many: Vec<usize> = (0..5_000).collect();
    assert_eq!(problem(&json!({"@context": own(), "id": long, "c": many})), refused);
    let links = numbered(5_000, |at| (format!("ex:{at}{}", "x".repeat(10_000)), json!([])));
    let mut document = links;
    document["@context"] = own();
    assert_eq!(problem(&document), refused);
}

#[test]
fn contexts_made_to_be_expensive_meet_their_own_limits() {
    let chain = numbered(50_000, |at| (format!("t{at}"), json!(format!("t{}:x", at + 1))));
    assert_eq!(
        problem(&json!({"@context": chain})),
        Problem::Limit("terms defined by further terms")
    );

    let aliases = numbered(20, |at| (format!("id{at}"), json!("@id")));
    assert_eq!(problem(&json!({"@context": aliases})), Problem::Limit("terms for one keyword"));

    let wide = numbered(20_000, |at| (format!("t{at}"), json!("https://ex.example/t")));
    let nodes: Vec<Value> = (0..100).map(|_| json!({"@context": {}})).collect();
    let document = json!({"@context": wide, "t0": nodes});
    assert_eq!(problem(&document), Problem::Limit("terms in its contexts"));

    let nodes: Vec<Value> = (0..1_000).map(|_| json!({"@context": {}})).collect();
    assert_eq!(problem(&json!({"@context": own(), "c": nodes})), Problem::Limit("contexts"));

    let long = format!("https://ex.example/{}/", "x".repeat(10_000));
    let prefixed = json!({"@context": {"p": long, "t": "p:t"}});
    assert!(matches!(problem(&prefixed), Problem::Context(_)));

    let loops = json!({"@context": {"@context": "https://ex.example/"}});
    assert!(matches!(problem(&loops), Problem::Context(_)));
}

#[test]
fn a_given_context_that_names_itself_meets_a_limit() {
    let url = "https://ex.example/self";
    let contexts = Contexts::default().with(url, json!({"@context": [url]}));
    let error = Processor::new(contexts).to_quads(&json!({"@context": url})).unwrap_err();
    assert_eq!(error.problem, Problem::Limit("contexts that name contexts"));
}

#[test]
fn what_specification_and_practice_read_differently_is_refused() {
    let propagate = json!({"@context": [own(), {"@propagate": false, "d": "ex:d"}]});
    assert!(matches!(problem(&propagate), Problem::Unsupported(_)));
    let types = json!({"@context": {
        "A": {"@id": "https://ex.example/A", "@context": {
            "B": {"@id": "https://ex.example/B", "@context": {"n": "https://ex.example/first"}}
        }},
        "B": {"@id": "https://ex.example/B", "@context": {"n": "https://ex.example/second"}}
    }, "@type": ["A", "B"], "n": 1});
    assert!(matches!(problem(&types), Problem::Unsupported(_)));
}

#[test]
fn a_document_at_the_limits_is_still_read() {
    let limits = Limits { depth: 3, quads: 3, ..Limits::default() };
    let processor = Processor::with_limits(Contexts::default(), limits);
    let document = json!({"@context": own(), "c": {"c": {"c": 1}}});
    assert!(processor.to_quads(&document).is_ok());
}

#[test]
fn the_member_left_out_is_that_of_the_document_and_no_other() {
    let processor = Processor::new(Contexts::default());
    let inner = json!({"id": "urn:y", "ex:proof": 2});
    let document = json!({"@context": own(), "id": "urn:x", "ex:proof": 1, "c": inner});
    let mut without = document.clone();
    without.as_object_mut().unwrap().remove("ex:proof");
    let canonical = |dataset| canonicalize(&dataset, Budget::default()).unwrap();
    assert_eq!(
        canonical(processor.to_quads_without("ex:proof", &document).unwrap()),
        canonical(processor.to_quads(&without).unwrap())
    );
}
