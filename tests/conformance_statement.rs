//! The conformance statement is kept honest: every test that it names is there, every demand that
//! it says is met names one, and its sums are right.

use std::{collections::BTreeMap, fs, path::Path};

const STATEMENT: &str = include_str!("../docs/CONFORMANCE.md");

/// What becomes of a demand, by the bold word that begins the cell; met where there is none.
const STATES: [&str; 5] = ["", "Library", "Partly", "Gap", "N/A"];

/// A demand: the state in which it is, and the cell with the tests that show it.
struct Row {
    line: usize,
    state: usize,
    shown_by: &'static str,
}

/// The demands of each specification, by its heading.
fn rows() -> Vec<(&'static str, Vec<Row>)> {
    let mut all: Vec<(&str, Vec<Row>)> = Vec::new();
    for (number, line) in STATEMENT.lines().enumerate() {
        if let Some(heading) = line.strip_prefix("## ") {
            all.push((heading, Vec::new()));
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let ["", section, _, _, laurel, shown_by, ""] = cells[..] else { continue };
        if section == "section" || section.starts_with("--") {
            continue;
        }
        let word = laurel.strip_prefix("**").and_then(|rest| rest.split_once(".**"));
        let word = word.map_or("", |(word, _)| word);
        let state = STATES.iter().position(|state| *state == word);
        let state = state.unwrap_or_else(|| panic!("line {}: what is {word}?", number + 1));
        let (_, rows) = all.last_mut().expect("a table stands under a heading");
        rows.push(Row { line: number + 1, state, shown_by });
    }
    all.retain(|(_, rows)| !rows.is_empty());
    all
}

/// The files that the labels at the end of the document stand for.
fn files() -> BTreeMap<&'static str, &'static str> {
    let labels = STATEMENT.lines().filter_map(|line| line.strip_prefix('[')?.split_once("]: "));
    labels.collect()
}

/// Every `` [`test`][label] `` in a text.
fn citations(cell: &str) -> impl Iterator<Item = (&str, &str)> {
    cell.split("[`").skip(1).filter_map(|rest| {
        let (test, rest) = rest.split_once("`][")?;
        Some((test, rest.split_once(']')?.0))
    })
}

/// Tells whether a file has a test of that name: a function in Rust, a title in JavaScript, a
/// sentence in a corpus.
fn has_test(path: &str, source: &str, name: &str) -> bool {
    match Path::new(path).extension().and_then(|extension| extension.to_str()) {
        Some("rs") => source.split_once(&format!("fn {name}(")).is_some_and(|(before, _)| {
            let nearby = before.lines().rev().take(4);
            nearby
                .take_while(|line| *line != "}")
                .any(|line| line.trim_end().ends_with("test]") || line.contains("test("))
        }),
        Some("mjs") => source.lines().any(|line| {
            let line = line.trim_start();
            line.starts_with("test(") && line.contains(name)
        }),
        Some("json") => source.contains(&format!("\"{name}\"")),
        _ => false,
    }
}

#[test]
fn every_test_that_the_statement_names_is_there() {
    let docs = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs"));
    let files = files();
    let mut seen = 0;
    for (test, label) in citations(STATEMENT) {
        let path = files.get(label).unwrap_or_else(|| panic!("which file is [{label}]?"));
        let source = fs::read_to_string(docs.join(path));
        let source = source.unwrap_or_else(|error| panic!("{path} cannot be read: {error}"));
        assert!(has_test(path, &source, test), "{path} has no test {test:?}");
        seen += 1;
    }
    assert!(seen > 100, "only {seen} tests were found in the statement");
    for label in files.keys() {
        assert!(STATEMENT.contains(&format!("][{label}]")), "nothing cites [{label}]");
    }
}

#[test]
fn every_demand_that_is_met_names_a_test_and_no_other_is_silent() {
    for row in rows().iter().flat_map(|(_, rows)| rows) {
        let shown = citations(row.shown_by).next().is_some();
        let needs = !matches!(STATES[row.state], "Gap" | "N/A");
        assert!(shown || !needs, "line {}: nothing shows it", row.line);
        assert!(!row.shown_by.contains('?'), "line {}: something is open", row.line);
    }
}

#[test]
fn the_sums_of_the_statement_are_right() {
    for (heading, rows) in rows() {
        let count = |state| rows.iter().filter(|row| row.state == state).count();
        let [met, library, partly, gap, other] = [0, 1, 2, 3, 4].map(count);
        let sums = format!("| {heading} | {met} | {library} | {partly} | {gap} | {other} |");
        assert!(STATEMENT.contains(&sums), "the sums should be {sums}");
    }
}
