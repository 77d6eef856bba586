//! A tenant whose VC-API needs no token, with issuers that are named by their keys: for test suites,
//! and for trying things out.

use anyhow::Context as _;
use kernel::TenantId;
use openbadges::data_integrity::Cryptosuite;
use proto::issuers::v1::{
    CreateIssuerRequest, DidMethod, SigningKeyKind, issuers_client::IssuersClient,
};
use serde_json::{Value, json};

use super::seed::{Seeded, enter, tenant};
use crate::{partner::Partner, process::Process};

/// The kinds of keys that sign in the sandbox, and the suites that each signs by, the usual one
/// first.
const KINDS: [(SigningKeyKind, &str, [Cryptosuite; 2]); 2] = [
    (SigningKeyKind::Ed25519, "ed25519", [Cryptosuite::EddsaRdfc2022, Cryptosuite::EddsaJcs2022]),
    (SigningKeyKind::P256, "p256", [Cryptosuite::EcdsaRdfc2019, Cryptosuite::EcdsaJcs2019]),
];

/// What is open to everybody.
pub struct Sandbox {
    /// The base URL of the VC-API.
    pub url: String,
    /// Who signs.
    pub issuers: Vec<Issuer>,
}

/// An issuer of the sandbox.
pub struct Issuer {
    /// Its did:key.
    pub did: String,
    /// The suites that it signs by, the usual one first.
    pub cryptosuites: [Cryptosuite; 2],
}

/// Makes the tenant and its issuers, or finds those of an earlier run, and opens it.
///
/// # Errors
/// When a step is refused.
pub async fn open(process: &Process, guest: &Partner, seeded: &Seeded) -> anyhow::Result<Sandbox> {
    let token = guest.client_token(&seeded.client.0, &seeded.client.1).await?;
    let organization = guest.with_token(&token);
    let name = "VC-API sandbox";
    let made = tenant(&organization, name).await?;
    let entered = enter(&organization, &made, name).await?;
    let token = entered.token().context("a token of the sandbox")?;
    let mut client = IssuersClient::new(process.front()?.wires().issuers.clone());
    let mut issuers = Vec::with_capacity(KINDS.len());
    let mut sandbox = None;
    for (kind, key, cryptosuites) in KINDS {
        let request = CreateIssuerRequest {
            idempotency_key: format!("demo/sandbox/{key}"),
            name: format!("{name}, {key}"),
            key_kind: kind.into(),
            did_method: DidMethod::Key.into(),
            ..CreateIssuerRequest::default()
        };
        let request = runtime::call::with_token(token, request)?;
        let made = client.create_issuer(request).await.context("making an issuer")?;
        let made = made.into_inner().issuer.context("an issuer")?;
        sandbox = Some(made.tenant_id.parse::<TenantId>()?);
        issuers.push(Issuer { did: made.did, cryptosuites });
    }
    let tenant = sandbox.context("a tenant")?;
    process.front()?.sandbox().open(tenant);
    Ok(Sandbox { url: format!("{}/vc/{tenant}", process.context().public_url), issuers })
}

impl Sandbox {
    /// For a program.
    pub fn json(&self) -> Value {
        let issuer = |issuer: &Issuer| {
            json!({
                "did": issuer.did,
                "cryptosuites": issuer.cryptosuites.map(Cryptosuite::name),
            })
        };
        json!({ "url": self.url, "issuers": self.issuers.iter().map(issuer).collect::<Vec<_>>() })
    }

    /// For a person.
    pub fn told(&self) -> String {
        let issuers = self.issuers.iter().map(|issuer| {
            let suites = issuer.cryptosuites.map(Cryptosuite::name).join(" or ");
            format!("                      {}\n                        {suites}\n", issuer.did)
        });
        let issuers: String = issuers.collect();
        let url = &self.url;
        format!(
            "VC-API, without token {url}\n{issuers}\n  \
             curl -sk {url}/credentials/issue -H 'content-type: application/json' \\\n    \
             -d '{{\"credential\":{{\"@context\":[\"https://www.w3.org/ns/credentials/v2\"],\
             \"type\":[\"VerifiableCredential\"],\"issuer\":\"{}\",\
             \"credentialSubject\":{{\"id\":\"did:example:ada\"}}}}}}'\n\n",
            self.issuers.first().map(|issuer| issuer.did.as_str()).unwrap_or_default(),
        )
    }
}
