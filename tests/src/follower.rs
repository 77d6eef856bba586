//! Follows what happens to awards, as a partner's program does that is told by server-sent events.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use laurel::partner::Partner;
use serde_json::{Value, json};

/// How long the next event is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

const EVENTS: &str =
    "subscription { awardEvents { event { ... on AwardCreated { award { id } } } } }";

/// A subscription to events.
pub struct Follower {
    response: reqwest::Response,
    text: String,
}

impl Follower {
    /// Follows what happens from about now on.
    ///
    /// # Errors
    /// When that is refused.
    pub async fn begin(partner: &Partner) -> anyhow::Result<Self> {
        let request = reqwest::Client::new()
            .post(format!("{}/graphql", partner.base()))
            .bearer_auth(partner.token().context("a token")?)
            .header("accept", "text/event-stream")
            .json(&json!({ "query": EVENTS }));
        let response = request.send().await?.error_for_status()?;
        Ok(Self { response, text: String::new() })
    }

    /// The id of the next award that was made.
    ///
    /// # Errors
    /// When the subscription fails or ends, or nothing happens for a minute.
    pub async fn next(&mut self) -> anyhow::Result<String> {
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                ensure!(!event.starts_with("event: complete"), "the subscription ended");
                let Some(data) = event.strip_prefix("event: next\ndata: ") else { continue };
                let told: Value = serde_json::from_str(data)?;
                let id = told["data"]["awardEvents"]["event"]["award"]["id"].as_str();
                return id.map(ToOwned::to_owned).with_context(|| told.to_string());
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await;
            let chunk = chunk.context("nothing happens")??.context("the connection ended")?;
            self.text.push_str(str::from_utf8(&chunk)?);
        }
    }
}
