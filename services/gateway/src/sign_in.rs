//! Signing in by e-mailed link, for members and earners.

use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use proto::{backpack::v1 as backpack, issuers::v1 as wire};

use crate::{
    call::{Call, found},
    cost,
    failure::Failure,
    organization::Organization,
    payload::{Done, payload, payload_type},
    scalar::DateTime,
    tenant::Tenant,
};

/// As what somebody signs in.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInAudience {
    /// Who holds awards, to the backpack.
    Earner,
    /// Who works for an organization.
    Member,
}

/// What to send as `Authorization: Bearer …`.
#[derive(Clone)]
pub struct AccessToken(pub wire::AccessToken);

/// What to send as `Authorization: Bearer …`.
#[Object]
impl AccessToken {
    /// The token. Keep it secret.
    async fn token(&self) -> &str {
        &self.0.token
    }

    /// Until when it is good.
    async fn expires_at(&self) -> DateTime {
        DateTime(self.0.expires_at.clone())
    }

    /// The tenant that it works in; null for earners, and where there is no tenant yet.
    async fn tenant(&self, ctx: &Context<'_>) -> Option<Result<Tenant, Failure>> {
        let call = Call::of(ctx);
        let tenant_id = Some(self.0.tenant_id.clone()).filter(|id| !id.is_empty())?;
        let request = match call.request_as(&self.0.token, wire::GetTenantRequest { tenant_id }) {
            Ok(request) => request,
            Err(failure) => return Some(Err(failure)),
        };
        let reply = found(call.issuers().get_tenant(request).await).transpose()?;
        reply.map(|r| r.tenant.map(Tenant)).transpose()
    }

    /// The organization that it is for; null for earners.
    async fn organization(&self, ctx: &Context<'_>) -> Option<Result<Organization, Failure>> {
        let call = Call::of(ctx);
        if self.0.tenant_id.is_empty() {
            return None;
        }
        let request = match call.request_as(&self.0.token, wire::GetOrganizationRequest {}) {
            Ok(request) => request,
            Err(failure) => return Some(Err(failure)),
        };
        let reply = found(call.issuers().get_organization(request).await).transpose()?;
        reply.map(|r| r.organization.map(Organization)).transpose()
    }
}

/// A letter that may be on its way.
#[derive(SimpleObject)]
pub struct SignInLink {
    /// As what its reader signs in.
    pub audience: SignInAudience,
}

/// What a link was redeemed for.
#[derive(SimpleObject)]
pub struct SignInSession {
    /// As what.
    pub audience: SignInAudience,
    /// One for each organization of a member; one for an earner.
    #[graphql(directive = cost::cost::apply(0))]
    pub access_tokens: Vec<AccessToken>,
}

/// Where a link is to go.
#[derive(InputObject)]
pub struct SignInLinkCreateInput {
    /// Echoed back untouched.
    client_mutation_id: Option<String>,
    /// The address.
    email: String,
    /// As what to sign in.
    audience: SignInAudience,
}

/// A link that arrived.
#[derive(InputObject)]
pub struct SignInLinkRedeemInput {
    /// Echoed back untouched.
    client_mutation_id: Option<String>,
    /// The last part of the link.
    token: String,
    /// As what to sign in.
    audience: SignInAudience,
}

payload_type! {
    /// What came of `signInLinkCreate`.
    SignInLinkCreatePayload, SignInLinkCreateUserError {
        /// The letter; said of every address alike.
        sign_in_link: SignInLink
    }
}
payload_type! {
    /// What came of `signInLinkRedeem`.
    SignInLinkRedeemPayload, SignInLinkRedeemUserError {
        /// The access that the link gives.
        session: SignInSession
    }
}

/// Signing in.
#[derive(Default)]
pub struct SignInMutation;

/// Signing in.
#[Object]
impl SignInMutation {
    /// Mails a sign-in link if there is somebody of that address; answers alike if there is not. Needs no token.
    #[graphql(directive = cost::cost::apply(50))]
    async fn sign_in_link_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: SignInLinkCreateInput,
    ) -> Result<SignInLinkCreatePayload, Failure> {
        let call = Call::of(ctx);
        let SignInLinkCreateInput { client_mutation_id, email, audience } = input;
        let outcome = async {
            match audience {
                SignInAudience::Member => {
                    let request = call.request(wire::RequestMemberSignInRequest { email });
                    call.issuers().request_member_sign_in(request).await?;
                }
                SignInAudience::Earner => {
                    let request = call.request(backpack::RequestSignInRequest { email });
                    call.backpack().request_sign_in(request).await?;
                }
            }
            Ok(Done::plain(SignInLink { audience }))
        };
        payload(call, client_mutation_id, outcome.await).await
    }

    /// Gives access tokens for the token of a link, once. Needs no token of its own.
    #[graphql(directive = cost::cost::apply(50))]
    async fn sign_in_link_redeem(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: SignInLinkRedeemInput,
    ) -> Result<SignInLinkRedeemPayload, Failure> {
        let call = Call::of(ctx);
        let SignInLinkRedeemInput { client_mutation_id, token, audience } = input;
        let outcome = async {
            let access_tokens = match audience {
                SignInAudience::Member => {
                    let request = call.request(wire::RedeemMemberSignInRequest { token });
                    let reply = call.issuers().redeem_member_sign_in(request).await?;
                    reply.into_inner().access_tokens.into_iter().map(AccessToken).collect()
                }
                SignInAudience::Earner => {
                    let request = call.request(backpack::RedeemSignInRequest { token });
                    let reply = call.backpack().redeem_sign_in(request).await?.into_inner();
                    vec![AccessToken(wire::AccessToken {
                        token: reply.access_token,
                        expires_at: reply.expires_at,
                        tenant_id: String::new(),
                    })]
                }
            };
            Ok(Done::plain(SignInSession { audience, access_tokens }))
        };
        payload(call, client_mutation_id, outcome.await).await
    }
}
