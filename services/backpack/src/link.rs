//! The link that signs an earner in: the token in it, and the letter around it.

use auth::Claims;
use backpack_domain::EarnerId;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use kernel::{Base64, EmailAddress, Sealed, TenantId, Timestamp};
use keyvault::{KeyVault, Owner, VaultError, unseal};
use runtime::{Context, Mail};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How long a link is good.
pub(crate) const MILLIS: i64 = 15 * 60 * 1000;

const PURPOSE: &str = "sign-in-link";
const NONCE: usize = 24;

/// What a link's token says besides whose it is. The address travels sealed under a key of the
/// platform, so that nobody who sees the link learns it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LinkClaims {
    /// Key version, nonce and ciphertext.
    address: String,
}

impl Claims for LinkClaims {
    const TYP: &'static str = "laurel-backpack-sign-in+jwt";
    const LONGEST: i64 = 15 * 60;
}

fn owner() -> Owner {
    Owner::new(TenantId::PLATFORM, "sign-in-links")
}

impl LinkClaims {
    /// Seals the address.
    pub(crate) async fn of(
        vault: &dyn KeyVault,
        address: &EmailAddress,
    ) -> Result<Self, VaultError> {
        let keys = vault.ensure(&[owner()]).await?;
        let key = keys.first().ok_or(VaultError::Closed)?;
        let sealed = key.seal(&owner(), PURPOSE, address.as_str().as_bytes(), rand::random());
        let mut bytes = sealed.key_version.to_be_bytes().to_vec();
        bytes.extend_from_slice(&sealed.nonce.0);
        bytes.extend_from_slice(&sealed.ciphertext.0);
        Ok(Self { address: URL_SAFE_NO_PAD.encode(bytes) })
    }

    /// The address; none when the claims are not whole, or their key is gone.
    pub(crate) async fn address(
        &self,
        vault: &dyn KeyVault,
    ) -> Result<Option<EmailAddress>, VaultError> {
        let Some(sealed) = self.sealed() else { return Ok(None) };
        let bytes = unseal(vault, TenantId::PLATFORM, PURPOSE, &sealed).await?;
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        Ok(text.and_then(|text| text.parse().ok()))
    }

    fn sealed(&self) -> Option<Sealed> {
        let bytes = URL_SAFE_NO_PAD.decode(&self.address).ok()?;
        let (version, rest) = bytes.split_first_chunk::<4>()?;
        let (nonce, ciphertext) = rest.split_at_checked(NONCE)?;
        Some(Sealed {
            subject: owner().subject,
            key_version: u32::from_be_bytes(*version),
            nonce: Base64(nonce.to_vec()),
            ciphertext: Base64(ciphertext.to_vec()),
        })
    }
}

/// The letter with the link.
pub(crate) fn letter(
    context: &Context,
    earner: EarnerId,
    to: EmailAddress,
    claims: &LinkClaims,
    now: Timestamp,
) -> Mail {
    let id: Uuid = context.stores.ids.uuid();
    let times = (now, now.plus_millis(MILLIS));
    let token = context.tokens.issue(&earner.to_string(), claims, times, id);
    let link = format!("{}/sign-in/{token}?to=backpack", context.public_url);
    let text = format!(
        "Hello,\n\nopen this link to sign in to your badge backpack. It works once, for 15 \
         minutes:\n\n{link}\n\nIf you did not ask for it, you need not do anything: nobody gets in \
         without this letter.\n"
    );
    let html = format!(
        "<!doctype html><html lang=\"en\"><body style=\"font-family:sans-serif;line-height:1.5\">\
         <p>Hello,</p><p>open this link to sign in to your badge backpack. It works once, for 15 \
         minutes.</p><p><a href=\"{link}\">Sign in to your backpack</a></p><p>If you did not ask \
         for it, you need not do anything: nobody gets in without this letter.</p></body></html>"
    );
    let subject = "Sign in to your badge backpack".to_owned();
    Mail { id, to, owner: earner.to_string(), subject, text, html }
}
