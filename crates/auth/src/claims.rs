use kernel::{OrganizationId, TenantId, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use uuid::Uuid;

use crate::{Grant, Kind, Principal};

/// What one kind of token says besides who, when and for whom.
pub trait Claims: Serialize + DeserializeOwned {
    /// Its explicit type (RFC 8725 3.11), unique in the system.
    const TYP: &'static str;
    /// The longest that such a token may be good, in seconds.
    const LONGEST: i64;
}

/// An access token: what API callers send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// What kind of caller.
    pub kind: Kind,
    /// Whose, if anybody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<OrganizationId>,
    /// Where the caller acts.
    pub tenant: TenantId,
    /// What was granted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<Grant>,
}

impl Claims for AccessClaims {
    const TYP: &'static str = "at+jwt";
    const LONGEST: i64 = 24 * 3600;
}

/// A browser's session: what stands in its cookie. Says the same as an access token and is never
/// accepted as one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionClaims(pub AccessClaims);

impl Claims for SessionClaims {
    const TYP: &'static str = "laurel-session+jwt";
    const LONGEST: i64 = 30 * 24 * 3600;
}

/// A link to sign in with, sent by e-mail to its subject; good once, by its token id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInClaims {
    /// As what: a member or an earner.
    pub kind: Kind,
    /// To which organization, for members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<OrganizationId>,
    /// Into which tenant.
    pub tenant: TenantId,
    /// The path to go on at, such as `/backpack`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_to: Option<String>,
}

impl Claims for SignInClaims {
    const TYP: &'static str = "laurel-sign-in+jwt";
    const LONGEST: i64 = 24 * 3600;
}

/// Leave to send one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadClaims {
    /// Into which tenant.
    pub tenant: TenantId,
    /// What for, such as `badge-image` or `award-csv`.
    pub purpose: String,
    /// The most bytes accepted.
    pub max_bytes: u64,
}

impl Claims for UploadClaims {
    const TYP: &'static str = "laurel-upload+jwt";
    const LONGEST: i64 = 3600;
}

impl AccessClaims {
    pub(crate) fn of(principal: &Principal) -> Self {
        Self {
            kind: principal.kind,
            organization: principal.organization,
            tenant: principal.tenant,
            grants: principal.grants.clone(),
        }
    }
}

/// Who, when, for whom: what every token says (RFC 7519 4.1).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Registered {
    pub(crate) iss: String,
    pub(crate) aud: String,
    pub(crate) sub: String,
    pub(crate) iat: Seconds,
    pub(crate) nbf: Seconds,
    pub(crate) exp: Seconds,
    pub(crate) jti: Uuid,
}

/// A `NumericDate`: seconds since 1970, with a fraction where there is one (RFC 7519 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Seconds(pub(crate) Timestamp);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let millis = self.0.unix_millis();
        if millis % 1000 == 0 {
            serializer.serialize_i64(millis / 1000)
        } else {
            #[expect(clippy::cast_precision_loss, reason = "milliseconds until 9999 fit 52 bits")]
            serializer.serialize_f64(millis as f64 / 1000.0)
        }
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        if !(0.0..=253_402_300_799.0).contains(&seconds) {
            return Err(serde::de::Error::custom("not a moment between 1970 and 9999"));
        }
        #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
        Ok(Self(Timestamp::from_unix_millis((seconds * 1000.0).round() as i64)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_keeps_its_milliseconds() {
        for millis in [0, 1, 1_764_000_000_000, 1_764_000_000_123, 253_402_300_798_999] {
            let moment = Seconds(Timestamp::from_unix_millis(millis));
            let json = serde_json::to_string(&moment).unwrap();
            assert_eq!(serde_json::from_str::<Seconds>(&json).unwrap(), moment, "{json}");
        }
        for json in ["-1", "1e300", "\"5\"", "null", "253402300800000"] {
            assert!(serde_json::from_str::<Seconds>(json).is_err(), "{json}");
        }
    }
}
