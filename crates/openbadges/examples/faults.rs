//! Tells what is wrong with credentials: reads one JSON document a line, and answers each with a
//! line that has the faults by the published schema, in reading and in issuing.

use std::io::{BufRead, Write};

use openbadges::v3;
use serde_json::{Value, json};

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let credential: Value = serde_json::from_str(&line?)?;
        let answer = json!({
            "schema": v3::schema_faults(&credential),
            "reading": v3::faults(&credential),
            "issuing": v3::issuing_faults(&credential),
        });
        writeln!(out, "{answer}")?;
    }
    Ok(())
}
