//! Canonicalises JSON-LD documents, one a line on standard input, one JSON object a line out:
//! `{"nquads": …}` or `{"error": …}`. For comparison with other implementations.

use std::error::Error;
use std::io::{BufRead, Write};

use jsonld::{Budget, Contexts, Processor, canonicalize};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let processor = Processor::new(Contexts::bundled());
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let document: Value = serde_json::from_str(&line?)?;
        let answer = match processor.to_quads(&document) {
            Ok(dataset) => match canonicalize(&dataset, Budget::default()) {
                Ok(nquads) => json!({"nquads": nquads}),
                Err(error) => json!({"error": error.to_string()}),
            },
            Err(error) => json!({"error": error.to_string()}),
        };
        writeln!(out, "{answer}")?;
    }
    Ok(())
}
