//! The routes of the gateway.

use std::collections::BTreeSet;

use auth::Principal;
use reqwest::{Method, StatusCode, header::HeaderMap};

use super::{
    http_table::{Guard, ROWS, Row},
    ids::{Id, Ids, Thing},
    world::{self, World},
};

/// What of an answer stands before its body and may not tell one from another: the status and the
/// headers, but for the time, what is left to spend, and the length of a body that tells it.
pub fn whole(status: StatusCode, headers: &HeaderMap) -> String {
    let mut lines: Vec<String> = headers
        .iter()
        .filter(|(name, _)| !["date", "ratelimit", "content-length"].contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap_or_default()))
        .collect();
    lines.sort();
    format!("{status}\n{}", lines.join("\n"))
}

struct Answer {
    status: u16,
    location: String,
    whole: String,
}

/// The routes that there are, as `method path`.
pub fn routes() -> BTreeSet<String> {
    gateway::route_table().iter().map(|(method, path)| format!("{method} {path}")).collect()
}

/// The routes of the table.
pub fn rows() -> BTreeSet<String> {
    ROWS.iter().map(|row| format!("{} {}", row.method, row.route)).collect()
}

/// Walks every route as everybody.
pub struct Walk<'w> {
    /// The world.
    pub world: &'w World,
    /// What is wrong.
    pub faults: &'w mut Vec<String>,
    /// How many calls were made.
    pub calls: &'w mut u32,
}

impl Walk<'_> {
    /// Lets everybody try every route.
    pub async fn all(&mut self) {
        for row in ROWS {
            match row.guard {
                Guard::Open => {}
                Guard::Name => self.names(row).await,
                Guard::Session | Guard::Own => self.sessions(row).await,
                Guard::Token => self.tokens(row).await,
                Guard::Bearer => self.bearers(row).await,
                Guard::Form => self.forms(row).await,
                Guard::Graphql => self.graphql(row).await,
            }
        }
        for row in ROWS {
            self.who_may(row).await;
        }
    }

    fn fault(&mut self, row: &Row, what: impl std::fmt::Display) {
        self.faults.push(format!("{} {}: {what}", row.method, row.address));
    }

    async fn send(&mut self, row: &Row, ids: &Ids, accept: &str, session: Option<&str>) -> Answer {
        *self.calls += 1;
        let plain = |_: Thing, id: &Id| id.role.clone();
        let guest = &self.world.house.guest;
        let method = if row.method == "any" { "post" } else { row.method };
        let method: Method = method.to_uppercase().parse().expect("a method");
        let url = format!("{}{}", guest.base(), ids.fill(row.address, plain));
        let mut request = guest.http().request(method.clone(), url).header("accept", accept);
        if method == Method::POST {
            request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(ids.fill(row.form, plain));
        } else if method == Method::PUT {
            request = request.header("content-type", "image/svg+xml").body(world::picture("up"));
        }
        if let (Some(token), Guard::Bearer) = (session, row.guard) {
            request = request.bearer_auth(token);
        } else if let Some(token) = session {
            request = request.header("cookie", format!("laurel_session={token}"));
        }
        let response = request.send().await.expect("an answer");
        let status = response.status();
        let location = response.headers().get("location").and_then(|l| l.to_str().ok());
        let location = location.unwrap_or_default().to_owned();
        let head = whole(status, response.headers());
        let body = response.bytes().await.expect("a body");
        let body: String = body.iter().map(|byte| char::from(*byte)).collect();
        let mut whole = format!("{head}\n{body}");
        for thing in Thing::named_in(row.address).into_iter().chain(Thing::named_in(row.form)) {
            whole = whole.replace(&ids.get(thing), "{id}");
        }
        Answer { status: status.as_u16(), location, whole }
    }

    /// What is nowhere, what is no id, what is of another type and what is not published are one.
    async fn names(&mut self, row: &Row) {
        let world = self.world;
        let thing = Thing::named_in(row.address)[0];
        let mut cases = vec![
            ("what is nowhere", world.random(thing)),
            ("what is nowhere else", world.random(thing)),
            ("another type", world.own.ids.id(thing.other()).clone()),
            ("no id", Id { of: thing, role: "nonsense".into(), home: world.own.tenant }),
        ];
        if thing == Thing::Badge {
            cases.push(("an unpublished one", world.own.ids.id(Thing::Draft).clone()));
            cases.push(("a foreign unpublished one", world.foreign.ids.id(Thing::Draft).clone()));
        }
        for accept in ["text/html", "application/json"] {
            let mut first: Option<(&str, Answer)> = None;
            for (which, id) in &cases {
                let answer =
                    self.send(row, &world.own.ids.with(thing, id.clone()), accept, None).await;
                if answer.status != 404 {
                    self.fault(row, format_args!("{which} was answered {}", answer.whole));
                }
                match &first {
                    None => first = Some((which, answer)),
                    Some((one, first)) if first.whole != answer.whole => {
                        let fault = format!(
                            "{one} differs from {which}:\n    {}\n    {}",
                            first.whole, answer.whole
                        );
                        self.fault(row, fault);
                    }
                    Some(_) => {}
                }
            }
        }
    }

    async fn sessions(&mut self, row: &Row) {
        let world = self.world;
        let tokens = &world.house.process.context().tokens;
        let earner = world.earner(&world.own.earner).await;
        let now = world.house.process.context().stores.clock.now();
        let expired = Principal {
            issued_at: now.plus_millis(-7_200_000),
            expires_at: now.plus_millis(-3_600_000),
            ..earner.clone()
        };
        let member = world.least(&super::who::ADMINS).await;
        let strangers = [
            ("nobody", None),
            ("somebody with garbage", Some("aaaa.bbbb.cccc".to_owned())),
            ("an earner with an access token", Some(tokens.access(&earner))),
            ("an earner whose session has expired", Some(tokens.session(&expired))),
            ("a member", Some(tokens.session(&member))),
        ];
        let head = world.head().await;
        for (name, session) in strangers {
            let answer = self.send(row, &world.own.ids, "text/html", session.as_deref()).await;
            if (answer.status, answer.location.as_str()) != (303, "/sign-in") {
                self.fault(row, format_args!("{name} was not led to sign in: {}", answer.whole));
            }
        }
        if row.guard == Guard::Own {
            self.awards_of_others(row, &tokens.session(&earner)).await;
        }
        if world.head().await != head {
            self.fault(row, "strangers made it write");
        }
    }

    async fn awards_of_others(&mut self, row: &Row, session: &str) {
        let world = self.world;
        let cases = [
            ("what is nowhere", world.random(Thing::Award)),
            ("another earner's", world.foreign.ids.id(Thing::Award).clone()),
            ("another earner's here", world.own.gone[&Thing::Award].clone()),
        ];
        let mut first: Option<Answer> = None;
        for (which, id) in cases {
            let ids = world.own.ids.with(Thing::Award, id);
            let answer = self.send(row, &ids, "text/html", Some(session)).await;
            if answer.status != 404 {
                self.fault(row, format_args!("{which} was answered {}", answer.whole));
            }
            match &first {
                Some(first) if first.whole != answer.whole => {
                    let fault =
                        format!("{which} differs:\n    {}\n    {}", first.whole, answer.whole);
                    self.fault(row, fault);
                }
                Some(_) => {}
                None => first = Some(answer),
            }
        }
    }

    /// Tokens of every other kind are refused alike.
    async fn tokens(&mut self, row: &Row) {
        let head = self.world.head().await;
        for stranger in &self.world.strangers {
            let Some(token) = &stranger.token else { continue };
            let mut ids = self.world.own.ids.clone();
            ids.secret.clone_from(token);
            let answer = self.send(row, &ids, "application/json", None).await;
            if !(400..500).contains(&answer.status) {
                self.fault(row, format_args!("{} was let in: {}", stranger.name, answer.whole));
            }
        }
        if self.world.head().await != head {
            self.fault(row, "strangers made it write");
        }
    }

    /// A bad token opens no tenant, and a good one opens no other, whether that is there or not.
    async fn bearers(&mut self, row: &Row) {
        let world = self.world;
        let head = world.head().await;
        for stranger in &world.strangers {
            let token = stranger.token.as_deref();
            let answer = self.send(row, &world.own.ids, "application/json", token).await;
            if answer.status != 401 {
                self.fault(row, format_args!("{} was let in: {}", stranger.name, answer.whole));
            }
        }
        let foreign = world.token(&world.foreign.owner);
        let mut first: Option<Answer> = None;
        for id in [world.own.ids.id(Thing::Tenant).clone(), world.random(Thing::Tenant)] {
            let ids = world.own.ids.with(Thing::Tenant, id);
            let answer = self.send(row, &ids, "application/json", Some(&foreign)).await;
            let fault = match &first {
                _ if answer.status != 404 => format!("a foreign token got {}", answer.whole),
                Some(first) if first.whole != answer.whole => {
                    format!("tenants differ:\n    {}\n    {}", first.whole, answer.whole)
                }
                _ => String::new(),
            };
            if !fault.is_empty() {
                self.fault(row, fault);
            }
            first = Some(answer);
        }
        if world.head().await != head {
            self.fault(row, "strangers made it write");
        }
    }

    /// An unknown client, a foreign one, a revoked one and a wrong secret are one.
    async fn forms(&mut self, row: &Row) {
        let world = self.world;
        if !Thing::named_in(row.form).contains(&Thing::Client) {
            return;
        }
        let cases = [
            world.random(Thing::Client),
            world.own.ids.id(Thing::Client).clone(),
            world.foreign.ids.id(Thing::Client).clone(),
            world.own.gone[&Thing::Client].clone(),
            world.own.ids.id(Thing::Badge).clone(),
        ];
        let mut first: Option<Answer> = None;
        for id in cases {
            let mut ids = world.own.ids.with(Thing::Client, id);
            ids.secret = "wrong".into();
            let answer = self.send(row, &ids, "application/json", None).await;
            if answer.status != 401 {
                self.fault(row, format_args!("a wrong secret was answered {}", answer.whole));
            }
            match &first {
                Some(first) if first.whole != answer.whole => {
                    let fault =
                        format!("clients differ:\n    {}\n    {}", first.whole, answer.whole);
                    self.fault(row, fault);
                }
                Some(_) => {}
                None => first = Some(answer),
            }
        }
    }

    /// A bad token is refused before the document is looked at, on every method.
    async fn graphql(&mut self, row: &Row) {
        let guest = &self.world.house.guest;
        for stranger in self.world.strangers.iter().filter(|stranger| stranger.token.is_some()) {
            let token = stranger.token.as_deref().unwrap_or_default();
            for method in [Method::GET, Method::POST] {
                *self.calls += 1;
                let url =
                    format!("{}{}?query=%7BrateLimit%7Blimit%7D%7D", guest.base(), row.address);
                let request = guest.http().request(method.clone(), url).bearer_auth(token);
                let request = if method == Method::POST {
                    let body = r#"{"query": "{ rateLimit { limit } }"}"#;
                    request.header("content-type", "application/json").body(body)
                } else {
                    request
                };
                let response = request.send().await.expect("an answer");
                if response.status() != StatusCode::UNAUTHORIZED {
                    let (name, status) = (stranger.name, response.status());
                    self.faults
                        .push(format!("{method} {}: {name} was answered {status}", row.address));
                }
            }
        }
    }

    /// Whoever may gets what the table says.
    async fn who_may(&mut self, row: &Row) {
        let world = self.world;
        let mut ids = world.own.ids.keyed(format!("may/{}", world::next()));
        let mut session = None;
        match row.guard {
            Guard::Graphql => return,
            Guard::Session | Guard::Own => {
                let (award, address) = world::make(&world.house, &world.own, Thing::Award).await;
                world::caught_up(&world.house).await;
                ids.set(Thing::Award, award);
                let earner = world.earner(&address).await;
                session = Some(world.house.process.context().tokens.session(&earner));
            }
            Guard::Bearer => {
                let awarder = world.least(&super::who::AWARDERS).await;
                session = Some(world.token(&awarder));
            }
            Guard::Token if row.method == "put" => ids.secret = self.upload().await,
            Guard::Token => ids.secret = world.earner_link().await,
            Guard::Form if row.form.contains("{client}") => {
                let (client, secret) = world::make(&world.house, &world.own, Thing::Client).await;
                world::caught_up(&world.house).await;
                ids.set(Thing::Client, client);
                ids.secret = secret;
            }
            Guard::Open if row.route.starts_with("/assets/") => {
                ids.secret = self.link("/", "/assets/").await;
            }
            Guard::Open if row.route.starts_with("/graphiql/") => {
                ids.secret = self.link("/graphiql", "/graphiql/").await;
            }
            _ => {}
        }
        let answer = self.send(row, &ids, "text/html", session.as_deref()).await;
        let away = answer.location == "/sign-in";
        if answer.status != row.status || away {
            self.fault(row, format_args!("whoever may was answered {}", answer.whole));
        }
    }

    /// The first link of a page that begins so.
    async fn link(&self, page: &str, prefix: &str) -> String {
        let page = self.world.house.guest.fetch(page, "text/html").await.expect("a page");
        let page = String::from_utf8_lossy(&page).into_owned();
        let at = page.find(prefix).unwrap_or_else(|| panic!("no {prefix} in {page}"));
        page[at..].split('"').next().unwrap_or_default().to_owned()
    }

    /// The token of leave to upload a picture.
    async fn upload(&self) -> String {
        let designer = self.world.least(&super::who::DESIGNERS).await;
        let partner = self.world.house.guest.with_token(&self.world.token(&designer));
        let document = "mutation { artworkUploadCreate(input: {idempotencyKey: \"walls\"}) { upload { token } userErrors { __typename } } }";
        let answer = partner.ask(document, serde_json::json!({})).await.expect("leave");
        answer["artworkUploadCreate"]["upload"]["token"].as_str().expect("a token").to_owned()
    }
}
