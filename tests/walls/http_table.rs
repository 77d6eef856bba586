//! Every route: what guards it, and how it is walked.

/// What guards a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Nothing: it shows the same to everybody.
    Open,
    /// The name of something that everybody may see who knows it.
    Name,
    /// The session of an earner; others are led to sign in.
    Session,
    /// The session of the earner whose award it is.
    Own,
    /// A token in the address.
    Token,
    /// An access token of the tenant that the address names.
    Bearer,
    /// What stands in the form.
    Form,
    /// GraphQL, which has a table of its own.
    Graphql,
}

/// A route.
pub struct Row {
    /// The method, `any` for whichever.
    pub method: &'static str,
    /// The path as it is routed.
    pub route: &'static str,
    /// What guards it.
    pub guard: Guard,
    /// An address, ids in braces.
    pub address: &'static str,
    /// A form to send.
    pub form: &'static str,
    /// The status for whoever may.
    pub status: u16,
}

const fn row(
    method: &'static str,
    route: &'static str,
    guard: Guard,
    address: &'static str,
) -> Row {
    Row { method, route, guard, address, form: "", status: 200 }
}

impl Row {
    const fn form(self, form: &'static str, status: u16) -> Self {
        Row { form, status, ..self }
    }
}

use Guard::{Bearer, Form, Graphql, Name, Open, Own, Session, Token};

/// The routes.
pub const ROWS: &[Row] = &[
    row("get", "/", Open, "/"),
    row("post", "/vc/{tenant}/credentials/issue", Bearer, "/vc/{tenant}/credentials/issue")
        .form("{}", 400),
    row("post", "/vc/{tenant}/credentials/status", Bearer, "/vc/{tenant}/credentials/status")
        .form("{}", 400),
    row("post", "/vc/{tenant}/credentials/verify", Open, "/vc/{tenant}/credentials/verify")
        .form("{}", 400),
    row("post", "/vc/{tenant}/presentations/verify", Open, "/vc/{tenant}/presentations/verify")
        .form("{}", 400),
    row("get", "/verify", Open, "/verify"),
    row("post", "/verify", Open, "/verify"),
    row("get", "/c/{award}", Name, "/c/{award}"),
    row("get", "/c/{award}", Name, "/c/{award}.json"),
    row("get", "/c/{award}/ob2.json", Name, "/c/{award}/ob2.json"),
    row("get", "/c/{award}/badge.png", Name, "/c/{award}/badge.png"),
    row("get", "/c/{award}/badge.svg", Name, "/c/{award}/badge.svg"),
    row("get", "/c/{award}/qr.svg", Name, "/c/{award}/qr.svg"),
    row("get", "/b/{badge}", Name, "/b/{badge}"),
    row("get", "/b/{badge}", Name, "/b/{badge}.json"),
    row("get", "/b/{badge}/v/{version}", Name, "/b/{badge}/v/1"),
    row("get", "/b/{badge}/v/{version}", Name, "/b/{badge}/v/1.json"),
    row("get", "/b/{badge}/v/{version}/ob2.json", Name, "/b/{badge}/v/1/ob2.json"),
    row("get", "/b/{badge}/v/{version}/{artwork}", Name, "/b/{badge}/v/1/artwork.png"),
    row("get", "/i/{issuer}", Name, "/i/{issuer}"),
    row("get", "/i/{issuer}", Name, "/i/{issuer}.json"),
    row("get", "/i/{issuer}/did.json", Name, "/i/{issuer}/did.json"),
    row("get", "/i/{issuer}/ob2.json", Name, "/i/{issuer}/ob2.json"),
    row("get", "/i/{issuer}/jwks.json", Name, "/i/{issuer}/jwks.json"),
    row("get", "/status/{list}", Name, "/status/{list}"),
    row("get", "/.well-known/jwks.json", Open, "/.well-known/jwks.json"),
    row("get", "/assets/{name}", Open, "{secret}"),
    row("put", "/uploads/{token}", Token, "/uploads/{secret}"),
    row("get", "/-/live", Open, "/-/live"),
    row("get", "/-/ready", Open, "/-/ready"),
    row("get", "/sign-in", Open, "/sign-in"),
    row("post", "/sign-in", Form, "/sign-in").form("email=reader%40walls.example", 200),
    row("get", "/sign-in/{token}", Open, "/sign-in/aaaa.bbbb.cccc"),
    row("post", "/sign-in/{token}", Token, "/sign-in/{secret}").form("to=backpack", 303),
    row("post", "/sign-out", Open, "/sign-out").form("", 303),
    row("get", "/backpack", Session, "/backpack"),
    row("get", "/backpack/erase", Session, "/backpack/erase"),
    row("post", "/backpack/erase", Session, "/backpack/erase").form("key={key}", 200),
    row("post", "/backpack/{award}/accept", Own, "/backpack/{award}/accept").form("key={key}", 303),
    row("post", "/backpack/{award}/decline", Own, "/backpack/{award}/decline")
        .form("key={key}", 303),
    row("post", "/oauth/token", Form, "/oauth/token")
        .form("grant_type=client_credentials&client_id={client}&client_secret={secret}", 200),
    row("any", "/graphql", Graphql, "/graphql"),
    row("any", "/graphql/stream", Graphql, "/graphql/stream"),
    row("get", "/graphiql", Open, "/graphiql"),
    row("get", "/graphiql/{asset}", Open, "{secret}"),
    row("get", "/errors", Open, "/errors"),
    row("get", "/schema.graphql", Open, "/schema.graphql"),
];
