//! Documents to quads: what is understood, what is refused, and where.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use jsonld::{
    Budget, Contexts, JsonLdError, Limits, Problem, Processor, canonicalize, parse_nquads,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The bundled contexts and one with a term of every kind.
fn processor() -> Processor {
    let context = json!({"@context": {
        "@version": 1.1,
        "id": "@id",
        "type": "@type",
        "ex": "https://ex.example/",
        "name": "ex:name",
        "link": {"@id": "ex:link", "@type": "@id"},
        "word": {"@id": "ex:word", "@type": "@vocab", "@context": {"yes": "ex:Yes"}},
        "count": {"@id": "ex:count", "@type": "https://ex.example/count"},
        "steps": {"@id": "ex:steps", "@container": "@list"},
        "title": {"@id": "ex:title", "@container": "@language"},
        "by": {"@id": "ex:by", "@container": "@index"},
        "data": {"@id": "ex:data", "@type": "@json"},
        "inner": {"@id": "ex:inner", "@container": "@graph", "@type": "@id"},
        "back": {"@reverse": "ex:back"},
        "keyed": {"@id": "ex:keyed", "@container": "@id"},
        "none": null,
        "child": "ex:child",
        "secret": {"@id": "ex:secret", "@protected": true},
        "Thing": {"@id": "ex:Thing", "@context": {"size": "ex:size"}},
        "scope": {"@id": "ex:scope", "@context": {"name": "ex:otherName", "secret": "ex:open"}}
    }});
    Processor::new(Contexts::bundled().with("https://ex.example/context", context))
}

fn canonical(document: &Value) -> Result<String, JsonLdError> {
    let dataset = processor().to_quads(document)?;
    Ok(canonicalize(&dataset, Budget::default()).unwrap())
}

fn with_context(mut document: Value) -> Value {
    document["@context"] = json!("https://ex.example/context");
    document
}

/// Asserts that a document says exactly these lines of N-Quads, in any order and labelling.
fn says(document: Value, lines: &str) {
    let (expected, _) = parse_nquads(lines).unwrap();
    let expected = canonicalize(&expected, Budget::default()).unwrap();
    assert_eq!(canonical(&with_context(document)).unwrap(), expected);
}

fn refused(document: Value) -> (String, Problem) {
    let error = canonical(&with_context(document)).unwrap_err();
    (error.pointer, error.problem)
}

#[test]
fn values_become_the_literals_and_iris_that_their_terms_say() {
    says(
        json!({
            "id": "ex:a", "name": ["x", "x", null], "link": "ex:b", "word": "yes", "count": 3,
            "ex:plain": [true, 1, 2.5], "ex:typed": {"@value": "v", "@type": "ex:t"},
            "ex:said": {"@value": "hé", "@language": "FR"}
        }),
        r#"
        <https://ex.example/a> <https://ex.example/name> "x" .
        <https://ex.example/a> <https://ex.example/link> <https://ex.example/b> .
        <https://ex.example/a> <https://ex.example/word> <https://ex.example/Yes> .
        <https://ex.example/a> <https://ex.example/count> "3"^^<https://ex.example/count> .
        <https://ex.example/a> <https://ex.example/plain> "true"^^<http://www.w3.org/2001/XMLSchema#boolean> .
        <https://ex.example/a> <https://ex.example/plain> "1"^^<http://www.w3.org/2001/XMLSchema#integer> .
        <https://ex.example/a> <https://ex.example/plain> "2.5E0"^^<http://www.w3.org/2001/XMLSchema#double> .
        <https://ex.example/a> <https://ex.example/typed> "v"^^<https://ex.example/t> .
        <https://ex.example/a> <https://ex.example/said> "hé"@fr .
        "#,
    );
}

#[test]
fn the_direction_of_a_text_is_said_and_a_wrapped_context_is_one() {
    says(
        json!({"id": "ex:a", "name": {"@value": "b", "@language": "AR-eg", "@direction": "rtl"}}),
        "<https://ex.example/a> <https://ex.example/name> \"b\"^^<https://www.w3.org/ns/i18n#ar-eg_rtl> .\n",
    );
    says(
        json!({"id": "ex:a", "name": {"@value": "b", "@direction": "ltr"}}),
        "<https://ex.example/a> <https://ex.example/name> \"b\"^^<https://www.w3.org/ns/i18n#_ltr> .\n",
    );
    let wrapped = json!({"@context": [{"@context": {"n": "ex:n"}}], "@id": "ex:a", "n": "b"});
    assert_eq!(canonical(&wrapped).unwrap(), "<ex:a> <ex:n> \"b\" .\n");
    let beside = json!({"@context": [{"@context": {}, "n": "ex:n"}], "@id": "ex:a", "n": "b"});
    assert!(canonical(&beside).is_err(), "it would be lost");
}

#[test]
fn containers_keep_order_language_and_graphs() {
    says(
        json!({
            "id": "ex:a", "steps": ["one", "two"], "title": {"de": ["Eins"], "en": "One"},
            "by": {"x": "first", "y": ["second"]}, "data": {"b": 1, "a": [null, "é"]},
            "inner": {"id": "ex:b", "name": "inside"}
        }),
        r#"
        <https://ex.example/a> <https://ex.example/steps> _:one .
        _:one <http://www.w3.org/1999/02/22-rdf-syntax-ns#first> "one" .
        _:one <http://www.w3.org/1999/02/22-rdf-syntax-ns#rest> _:two .
        _:two <http://www.w3.org/1999/02/22-rdf-syntax-ns#first> "two" .
        _:two <http://www.w3.org/1999/02/22-rdf-syntax-ns#rest> <http://www.w3.org/1999/02/22-rdf-syntax-ns#nil> .
        <https://ex.example/a> <https://ex.example/title> "Eins"@de .
        <https://ex.example/a> <https://ex.example/title> "One"@en .
        <https://ex.example/a> <https://ex.example/by> "first" .
        <https://ex.example/a> <https://ex.example/by> "second" .
        <https://ex.example/a> <https://ex.example/data> "{\"a\":[null,\"é\"],\"b\":1}"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON> .
        <https://ex.example/a> <https://ex.example/inner> _:graph .
        <https://ex.example/b> <https://ex.example/name> "inside" _:graph .
        "#,
    );
}

#[test]
fn contexts_of_types_and_terms_hold_where_they_should() {
    says(
        json!({
            "id": "ex:a", "type": "Thing", "size": "big",
            "child": {"id": "ex:b", "name": "n"},
            "scope": {"id": "ex:c", "name": "n", "secret": "s", "child": {"id": "ex:d", "name": "m"}}
        }),
        r#"
        <https://ex.example/a> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://ex.example/Thing> .
        <https://ex.example/a> <https://ex.example/size> "big" .
        <https://ex.example/a> <https://ex.example/child> <https://ex.example/b> .
        <https://ex.example/b> <https://ex.example/name> "n" .
        <https://ex.example/a> <https://ex.example/scope> <https://ex.example/c> .
        <https://ex.example/c> <https://ex.example/otherName> "n" .
        <https://ex.example/c> <https://ex.example/open> "s" .
        <https://ex.example/c> <https://ex.example/child> <https://ex.example/d> .
        <https://ex.example/d> <https://ex.example/otherName> "m" .
        "#,
    );
    let (pointer, problem) =
        refused(json!({"type": "Thing", "child": {"id": "ex:b", "size": "big"}}));
    assert_eq!((pointer.as_str(), problem), ("/child/size", Problem::UndefinedTerm("size".into())));
}

#[test]
fn blank_nodes_may_be_named() {
    says(
        json!({"id": "_:x", "link": "_:y", "child": {"id": "_:y", "link": "_:x", "name": "y"}}),
        r#"
        _:p <https://ex.example/link> _:q .
        _:p <https://ex.example/child> _:q .
        _:q <https://ex.example/link> _:p .
        _:q <https://ex.example/name> "y" .
        "#,
    );
}

#[test]
fn what_would_be_lost_is_refused_with_its_place() {
    let undefined = |term: &str| Problem::UndefinedTerm(term.into());
    let unsupported = |what: &str| Problem::Unsupported(what.into());
    for (document, pointer, problem) in [
        (json!({"unknown": 1}), "/unknown", undefined("unknown")),
        (json!({"none": 1}), "/none", undefined("none")),
        (json!({"child": [{}, {"a/b": 1}]}), "/child/1/a~1b", undefined("a/b")),
        (json!({"type": "What"}), "", Problem::UndefinedType("What".into())),
        (json!({"id": "relative"}), "", Problem::RelativeIri("relative".into())),
        (json!({"link": "relative"}), "/link", Problem::RelativeIri("relative".into())),
        (json!({"link": "ex:a b"}), "/link", Problem::RelativeIri("ex:a b".into())),
        (json!({"word": "no"}), "/word", Problem::RelativeIri("no".into())),
        (json!({"back": {"id": "ex:a"}}), "/back", unsupported("@reverse")),
        (json!({"keyed": {}}), "/keyed", unsupported("a container of @id")),
        (json!({"@graph": []}), "/@graph", unsupported("@graph")),
        (json!({"@nest": {}}), "/@nest", unsupported("@nest")),
        (json!({"@included": {}}), "/@included", unsupported("@included")),
        (json!({"name": {"@set": []}}), "/name/@set", unsupported("@set")),
        (
            json!({"name": {"@value": "a", "@direction": "up"}}),
            "/name",
            Problem::Malformed("the @direction is not ltr or rtl"),
        ),
        (
            json!({"name": {"@value": 1, "@direction": "rtl"}}),
            "/name",
            Problem::Malformed("only a text without @type has a @direction"),
        ),
    ] {
        assert_eq!(refused(document.clone()), (pointer.to_owned(), problem), "{document}");
    }
}

#[test]
fn contexts_that_are_unknown_or_break_protection_are_refused() {
    let problem = |context: Value| canonical(&json!({"@context": context})).unwrap_err().problem;
    let given = "https://ex.example/context";
    assert_eq!(
        problem(json!("https://elsewhere.example/")),
        Problem::UnknownContext("https://elsewhere.example/".into())
    );
    assert_eq!(
        problem(json!([given, {"secret": "https://ex.example/changed"}])),
        Problem::Protected("secret".into())
    );
    assert_eq!(problem(json!([given, null])), Problem::Protected("secret".into()));
    assert!(canonical(&json!({"@context": [given, {"secret": "ex:secret"}]})).is_ok());
    assert_eq!(
        problem(
            json!(["https://www.w3.org/ns/credentials/v2", {"VerifiableCredential": "https://x.example/"}])
        ),
        Problem::Protected("VerifiableCredential".into())
    );
    for context in [
        json!(7),
        json!({"@import": given}),
        json!({"@base": "https://x.example/"}),
        json!({"@direction": "rtl"}),
        json!({"a": "b", "b": "a"}),
        json!({"a": "a:b"}),
        json!({"": "https://x.example/"}),
        json!({"a": "_:b"}),
        json!({"a": {"@id": "https://x.example/", "@container": "@bag"}}),
        json!({"a": "relative"}),
    ] {
        let found = problem(context.clone());
        assert!(matches!(found, Problem::Context(_)), "{context}: {found:?}");
    }
}

#[test]
fn deep_wide_and_context_ridden_documents_meet_limits() {
    let limits = Limits { depth: 8, quads: 20, contexts: 8, ..Limits::default() };
    let given = Contexts::bundled();
    let processor = Processor::with_limits(given, limits);
    let context = json!({"c": "https://ex.example/c"});
    let problem = |document: Value| processor.to_quads(&document).unwrap_err().problem;
    let deep = (0..9).fold(json!({}), |inner, _| json!({"c": inner}));
    let mut document = deep;
    document["@context"] = context.clone();
    assert_eq!(problem(document), Problem::Limit("levels of nested nodes"));
    let wide = json!({"@context": context, "c": (0..21).collect::<Vec<_>>()});
    assert_eq!(problem(wide), Problem::Limit("statements"));
    let many: Vec<Value> = (0..9).map(|_| context.clone()).collect();
    assert_eq!(problem(json!({"@context": many})), Problem::Limit("contexts"));
}

#[test]
fn a_processor_is_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&processor());
}

proptest! {
    #[test]
    fn any_text_survives_writing_and_reading_n_quads(text in any::<String>()) {
        let written = canonical(&with_context(json!({"id": "ex:a", "name": text}))).unwrap();
        let (dataset, _) = parse_nquads(&written).unwrap();
        prop_assert_eq!(&canonicalize(&dataset, Budget::default()).unwrap(), &written);
        prop_assert_eq!(dataset.quads().count(), 1);
    }

    #[test]
    fn the_order_and_labels_of_statements_do_not_matter(
        edges in proptest::collection::vec((0..6u8, 0..6u8), 1..12),
        shift in 0..6u8,
    ) {
        let write = |edges: &[(u8, u8)], label: &dyn Fn(u8) -> u8| -> String {
            let line = |(a, b): &(u8, u8)| format!("_:n{} <ex:p> _:n{} .", label(*a), label(*b));
            edges.iter().map(line).collect::<Vec<_>>().join("\n")
        };
        let canonical = |text: &str| {
            canonicalize(&parse_nquads(text).unwrap().0, Budget { steps: 10_000_000 })
        };
        let mut turned = edges.clone();
        turned.reverse();
        prop_assert_eq!(
            canonical(&write(&edges, &|n| n)),
            canonical(&write(&turned, &|n| (n + shift) % 6))
        );
    }

    #[test]
    fn no_text_makes_the_n_quads_reader_panic(text in any::<String>()) {
        let _ = parse_nquads(&text);
        let _ = parse_nquads(&format!("<a:b> <a:c> \"{text}\" ."));
    }
}
