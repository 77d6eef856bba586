//! Reads and writes status lists for other software to compare with.
//!
//! `cargo run -p openbadges --example status` takes a line of JSON after the other from its input
//! and answers each with one: `{"set": [3, 5], "entries": 200000}` with the `encodedList` of a list
//! in which these are set, `{"entry": {…}, "list": {…}}` with the value found, or with the URL of
//! the problem.

use std::io::{BufRead, Write, stdin, stdout};

use openbadges::StatusList;
use openbadges::status::{Entry, check_list};
use serde_json::{Value, json};

fn main() -> std::io::Result<()> {
    for line in stdin().lock().lines() {
        let asked: Value = serde_json::from_str(&line?)?;
        let answer = if asked.get("set").is_some() { write(&asked) } else { read(&asked) };
        writeln!(stdout(), "{answer}")?;
    }
    Ok(())
}

fn write(asked: &Value) -> Value {
    let entries = asked["entries"].as_u64().and_then(|entries| u32::try_from(entries).ok());
    let mut list = StatusList::new(entries.unwrap_or_default());
    for index in asked["set"].as_array().into_iter().flatten().filter_map(Value::as_u64) {
        if let Err(error) = list.set(index, true) {
            return json!({ "error": error.to_string() });
        }
    }
    json!(list.encode())
}

fn read(asked: &Value) -> Value {
    let entry = match Entry::of(&asked["entry"]) {
        Ok(entry) => entry,
        Err(error) => return json!({ "error": error.problem().url() }),
    };
    match check_list(&entry, &asked["list"]) {
        Ok(found) => json!(found.value),
        Err(error) => json!({ "error": error.problem().url() }),
    }
}
