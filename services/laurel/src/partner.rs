//! A partner's program: speaks GraphQL and REST to a running Laurel, as anybody would from outside.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

/// A connection to a Laurel, with or without a token.
#[derive(Clone)]
pub struct Partner {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
    consistency: Option<String>,
}

impl Partner {
    /// Speaks to the Laurel at that address, such as `http://127.0.0.1:8080`.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(base: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(30))
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { http, base: base.trim_end_matches('/').into(), token: None, consistency: None })
    }

    /// The same connection with an access token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.into()), ..self.clone() }
    }

    /// The same connection, whose reads see at least what that consistency token stands for.
    #[must_use]
    pub fn consistent_with(&self, token: &str) -> Self {
        Self { consistency: Some(token.into()), ..self.clone() }
    }

    /// Its access token.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Where it speaks to.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The HTTP client underneath.
    #[must_use]
    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Sends a GraphQL document; the whole response.
    ///
    /// # Errors
    /// When nobody answers with JSON.
    pub async fn send(&self, document: &str, variables: Value) -> anyhow::Result<Value> {
        let mut request = self
            .http
            .post(format!("{}/graphql", self.base))
            .header("accept", "application/json")
            .json(&json!({ "query": document, "variables": variables }));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(token) = &self.consistency {
            request = request.header("x-consistency-token", token);
        }
        let response = request.send().await.context("nobody answers")?;
        response.json().await.context("the answer is no JSON")
    }

    /// Sends a GraphQL document; its data.
    ///
    /// # Errors
    /// When the response has errors, in GraphQL's list or in a payload's `userErrors`.
    pub async fn ask(&self, document: &str, variables: Value) -> anyhow::Result<Value> {
        let mut response = self.send(document, variables).await?;
        if let Some(errors) = response.get("errors") {
            bail!("{errors}");
        }
        let data = response["data"].take();
        for (field, payload) in data.as_object().into_iter().flatten() {
            let errors = payload["userErrors"].as_array();
            ensure!(errors.is_none_or(Vec::is_empty), "{field}: {}", payload["userErrors"]);
        }
        Ok(data)
    }

    /// An access token for an API client's id and secret.
    ///
    /// # Errors
    /// When they are refused.
    pub async fn client_token(&self, id: &str, secret: &str) -> anyhow::Result<String> {
        let response = self
            .http
            .post(format!("{}/oauth/token", self.base))
            .basic_auth(id, Some(secret))
            .header("content-type", "application/x-www-form-urlencoded")
            .body("grant_type=client_credentials")
            .send()
            .await?;
        let status = response.status();
        let body: Value = response.json().await?;
        let token = body["access_token"].as_str();
        token.map(ToOwned::to_owned).with_context(|| format!("{status}: {body}"))
    }

    /// Sends bytes to an upload URL; the JSON answer.
    ///
    /// # Errors
    /// When they are refused.
    pub async fn upload(&self, url: &str, media: &str, bytes: Vec<u8>) -> anyhow::Result<Value> {
        let request = self.http.put(url).header("content-type", media).body(bytes);
        let response = request.send().await?;
        let status = response.status();
        let body: Value = response.json().await?;
        ensure!(status.is_success(), "{status}: {body}");
        Ok(body)
    }

    /// The bytes at a path or URL of this Laurel.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn fetch(&self, url: &str, accept: &str) -> anyhow::Result<Vec<u8>> {
        let url = if url.starts_with('/') { format!("{}{url}", self.base) } else { url.to_owned() };
        let response = self.http.get(&url).header("accept", accept).send().await?;
        ensure!(response.status().is_success(), "{url}: {}", response.status());
        Ok(response.bytes().await?.to_vec())
    }
}
