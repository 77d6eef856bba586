//! What the demo says at the end: to a program, and to a person.

use std::{fmt::Write, path::Path};

use serde_json::{Value, json};

use super::{
    Seeded,
    awards::{Looked, Outcome},
};

/// One JSON object on one line.
pub fn summary(url: &str, seeded: &Seeded, outcome: &Outcome, award: &Looked) -> Value {
    json!({
        "rows": outcome.rows,
        "awarded": outcome.awarded,
        "rejected": outcome.rejected,
        "publicUrl": award.public_url,
        "credential": award.credential,
        "did": award.did,
        "statusList": award.status_list,
        "graphql": format!("{url}/graphql"),
        "clientId": seeded.client.0,
        "clientSecret": seeded.client.1,
        "token": seeded.token,
        "issuer": seeded.issuer,
        "badge": seeded.badge,
        "award": outcome.first,
        "refusals": outcome.refusals,
        "url": url,
    })
}

/// A few screens of text.
pub fn told(url: &str, seeded: &Seeded, outcome: &Outcome, award: &Looked, data: &Path) -> String {
    let mut story = format!(
        "\nLaurel runs at {url}\n\n\
         {} rows: {} awarded, {} not. Line by line, what to change:\n",
        outcome.rows, outcome.awarded, outcome.rejected
    );
    for row in &outcome.refusals {
        let text = |name: &str| row["error"][name].as_str().unwrap_or_default().to_owned();
        let path = text("path");
        let column = path.rsplit('/').next().unwrap_or_default();
        let line = row["line"].as_u64().unwrap_or_default();
        let _ = writeln!(
            story,
            "  line {line:>3}  {:<18} {:<12} {}",
            text("code"),
            column,
            text("message")
        );
    }
    let credential = award.credential.display();
    let _ = write!(
        story,
        "\nLook at one award     {}\n\
         Its signed credential {credential}\n\
         GraphQL playground    {url}/graphiql\n\
         An API client         {} with the secret {}\n\
         Sign in as an earner  {url}/sign-in as ada.lovelace@example.org; mails land in {}\n\n\
         A token, good for an hour:\n{}\n\n\
         Your first call:\n  \
         curl -s {url}/graphql -H 'content-type: application/json' -H \"authorization: Bearer $TOKEN\" \\\n    \
         -d '{{\"query\":\"{{ badges(first: 3) {{ nodes {{ name status }} }} }}\"}}'\n\n\
         Check the credential with somebody else's software:\n  \
         (cd tests && npm ci) && node tests/oracles/verify-credential.mjs {credential} {} {}\n\n\
         Ctrl-C stops; the next run goes on from {}.\n",
        award.public_url,
        seeded.client.0,
        seeded.client.1,
        data.join("outbox").display(),
        seeded.token,
        award.did.display(),
        award.status_list.display(),
        data.display(),
    );
    story
}
