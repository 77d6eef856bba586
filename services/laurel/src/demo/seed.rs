//! What the demo makes, through the public interface alone. Every step carries an idempotency key,
//! so that doing it again finds what is there.

use std::{path::Path, time::Duration};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::partner::Partner;

const ARTWORK: &[u8] = include_bytes!("../../demo/badge.svg");
/// The people of the demo: 200 rows, some wrong on purpose.
pub const PEOPLE: &str = include_str!("../../demo/people.csv");
const OWNER: &str = "owner@lyceum.example";

/// The organisation, as far as later steps need it.
pub struct Seeded {
    /// With a token of an API client of the first tenant.
    pub partner: Partner,
    /// The API client's id and secret.
    pub client: (String, String),
    /// Global ids.
    pub issuer: String,
    /// The published badge.
    pub badge: String,
    /// The access token that the partner works with.
    pub token: String,
}

/// Makes the organisation with two tenants, an issuer in each, and a published badge.
///
/// # Errors
/// When a step is refused.
pub async fn organization(guest: &Partner, operator: &str, data: &Path) -> anyhow::Result<Seeded> {
    let client = match remembered(data)? {
        Some(client) => client,
        None => first_client(guest, operator, data).await?,
    };
    let token = guest.client_token(&client.0, &client.1).await?;
    let organization = guest.with_token(&token);

    let arts = tenant(&organization, "School of Arts").await?;
    issuer(&organization, &arts, "School of Arts", "arts.lyceum.example").await?;
    let engineering = tenant(&organization, "School of Engineering").await?;
    let host = "engineering.lyceum.example";
    let (partner, issuer) =
        issuer(&organization, &engineering, "School of Engineering", host).await?;
    let badge = badge(&partner, &issuer).await?;
    let token = partner.token().unwrap_or_default().to_owned();
    Ok(Seeded { partner, client, issuer, badge, token })
}

/// The API client of an earlier run.
fn remembered(data: &Path) -> anyhow::Result<Option<(String, String)>> {
    match std::fs::read(data.join("demo").join("client.json")) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).context("reading the demo's API client"),
    }
}

/// Makes the organisation, signs its owner in by the mailed link and makes an API client.
async fn first_client(
    guest: &Partner,
    operator: &str,
    data: &Path,
) -> anyhow::Result<(String, String)> {
    guest
        .with_token(operator)
        .ask(
            "mutation($input: OrganizationCreateInput!) {
               organizationCreate(input: $input) { organization { id } userErrors { ...on UserError { code message path } } } }",
            json!({ "input": {
                "idempotencyKey": "demo/organization",
                "name": "Lyceum of the Commons",
                "ownerEmail": OWNER,
            } }),
        )
        .await
        .context("making the organisation")?;
    let token = sign_in(guest, data).await.context("signing the owner in")?;
    let owner = guest.with_token(&token);
    let made = owner
        .ask(
            "mutation($input: ApiClientCreateInput!) {
               apiClientCreate(input: $input) { credentials { apiClient { clientId } secret } userErrors { ...on UserError { code message path } } } }",
            json!({ "input": {
                "idempotencyKey": "demo/client",
                "name": "The demo",
                "grants": [{ "role": "ADMIN" }],
            } }),
        )
        .await
        .context("making an API client")?;
    let made = &made["apiClientCreate"]["credentials"];
    let client = (text(&made["apiClient"]["clientId"])?, text(&made["secret"])?);
    let folder = data.join("demo");
    std::fs::create_dir_all(&folder)?;
    private_file(&folder.join("client.json"), &serde_json::to_vec(&client)?)?;
    Ok(client)
}

/// Writes a file that only its owner may read.
///
/// # Errors
/// When it cannot be written.
pub fn private_file(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all().with_context(|| format!("writing {}", path.display()))
}

/// Asks for a sign-in link, reads it from the outbox as the owner would from a mailbox, follows it.
async fn sign_in(guest: &Partner, data: &Path) -> anyhow::Result<String> {
    let before = links(&data.join("outbox"));
    // The invitation may be on its way still: ask until a link comes.
    for _ in 0..50 {
        guest
            .ask(
                "mutation($input: SignInLinkCreateInput!) {
                   signInLinkCreate(input: $input) { userErrors { ...on UserError { code message } } } }",
                json!({ "input": { "email": OWNER, "audience": "MEMBER" } }),
            )
            .await?;
        for _ in 0..10 {
            let link = links(&data.join("outbox")).into_iter().find(|link| !before.contains(link));
            let Some(link) = link else {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            };
            let redeemed = guest
                .ask(
                    "mutation($input: SignInLinkRedeemInput!) {
                       signInLinkRedeem(input: $input) { session { accessTokens { token } } userErrors { ...on UserError { code message } } } }",
                    json!({ "input": { "token": link, "audience": "MEMBER" } }),
                )
                .await?;
            return text(&redeemed["signInLinkRedeem"]["session"]["accessTokens"][0]["token"]);
        }
    }
    bail!("no sign-in link arrived in the outbox")
}

/// The tokens of all sign-in links in an outbox, which holds a folder for each addressee.
pub fn links(outbox: &Path) -> Vec<String> {
    let folders = std::fs::read_dir(outbox).into_iter().flatten().flatten();
    let mails =
        folders.filter_map(|folder| std::fs::read_dir(folder.path()).ok()).flatten().flatten();
    mails
        .filter_map(|mail| std::fs::read_to_string(mail.path()).ok())
        .filter_map(|mail| {
            // Undo the line breaks and escapes of quoted-printable.
            let mail = mail.replace("=\r\n", "").replace("=\n", "").replace("=3D", "=");
            let (_, rest) = mail.split_once("/sign-in/")?;
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)));
            Some(rest[..end.unwrap_or(rest.len())].to_owned())
        })
        .collect()
}

/// Makes a tenant of that name, or finds it; its global id.
///
/// # Errors
/// When that is refused.
pub async fn tenant(organization: &Partner, name: &str) -> anyhow::Result<String> {
    let made = organization
        .ask(
            "mutation($input: TenantCreateInput!) {
               tenantCreate(input: $input) { tenant { id } userErrors { ...on UserError { code message path } } } }",
            json!({ "input": { "idempotencyKey": format!("demo/tenant/{name}"), "name": name } }),
        )
        .await
        .with_context(|| format!("making the tenant {name}"))?;
    text(&made["tenantCreate"]["tenant"]["id"])
}

/// The same partner, working in a tenant.
///
/// # Errors
/// When that is refused.
pub async fn enter(organization: &Partner, tenant: &str, name: &str) -> anyhow::Result<Partner> {
    let entered = organization
        .ask(
            "mutation($input: TenantEnterInput!) {
               tenantEnter(input: $input) { accessToken { token } userErrors { ...on UserError { code message path } } } }",
            json!({ "input": { "tenantId": tenant } }),
        )
        .await
        .with_context(|| format!("entering the tenant {name}"))?;
    Ok(organization.with_token(&text(&entered["tenantEnter"]["accessToken"]["token"])?))
}

/// Enters the tenant and makes an issuer; the partner works in that tenant.
async fn issuer(
    organization: &Partner,
    tenant: &str,
    name: &str,
    host: &str,
) -> anyhow::Result<(Partner, String)> {
    let partner = enter(organization, tenant, name).await?;
    let made = partner
        .ask(
            "mutation($input: IssuerCreateInput!) {
               issuerCreate(input: $input) { issuer { id } userErrors { ...on UserError { code message path } } } }",
            json!({ "input": {
                "idempotencyKey": format!("demo/issuer/{name}"),
                "name": name,
                "url": format!("https://{host}/"),
                "email": format!("badges@{host}"),
                "description": format!("The {name} of the Lyceum of the Commons."),
            } }),
        )
        .await
        .with_context(|| format!("making the issuer {name}"))?;
    Ok((partner, text(&made["issuerCreate"]["issuer"]["id"])?))
}

async fn badge(partner: &Partner, issuer: &str) -> anyhow::Result<String> {
    let upload = partner
        .ask(
            "mutation($input: ArtworkUploadCreateInput!) {
               artworkUploadCreate(input: $input) { upload { uploadUrl } userErrors { ...on UserError { code message } } } }",
            json!({ "input": { "idempotencyKey": "demo/artwork" } }),
        )
        .await
        .context("asking where to put the artwork")?;
    let url = text(&upload["artworkUploadCreate"]["upload"]["uploadUrl"])?;
    let path = url.find("/uploads/").map(|at| format!("{}{}", partner.base(), &url[at..]));
    let stored = partner
        .upload(&path.context("an upload URL")?, "image/svg+xml", ARTWORK.to_vec())
        .await
        .context("sending the artwork")?;
    let made = partner
        .ask(
            "mutation($input: BadgeCreateInput!) {
               badgeCreate(input: $input) { badge { id } userErrors { ...on UserError { code message path } } } }",
            json!({ "input": {
                "idempotencyKey": "demo/badge",
                "issuerId": issuer,
                "content": {
                    "name": "Open Learning Pioneer",
                    "description": "Learns in the open, builds on what others share, and shares what they build.",
                    "criteriaNarrative": "Finished all six modules of *Learning in the Open*, published a project under an open licence, and reviewed the projects of two peers.",
                    "artworkId": stored["artworkId"],
                    "artworkCaption": "A laurel wreath around a sun that rises over an open book",
                    "tags": ["open education", "collaboration"],
                    "achievementType": "MicroCredential",
                },
            } }),
        )
        .await
        .context("designing the badge")?;
    let badge = text(&made["badgeCreate"]["badge"]["id"])?;
    partner
        .ask(
            "mutation($input: BadgePublishInput!) {
               badgePublish(input: $input) { badge { id } userErrors { ...on UserError { code message path } } } }",
            json!({ "input": { "idempotencyKey": "demo/badge/publish", "badgeId": badge } }),
        )
        .await
        .context("publishing the badge")?;
    Ok(badge)
}

/// The text of a JSON string.
///
/// # Errors
/// When it is no string.
pub fn text(value: &Value) -> anyhow::Result<String> {
    value
        .as_str()
        .map(ToOwned::to_owned)
        .with_context(|| format!("a text was expected, not {value}"))
}
