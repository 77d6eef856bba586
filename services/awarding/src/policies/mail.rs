use std::sync::Arc;

use awarding_domain::{Award, AwardCommand, AwardEvent, AwardId, Particulars};
use eventstore::{Execution, RecordedEvent};
use kernel::{Actor, CommandId, TenantId};
use runtime::{
    Mail, MailError,
    trace::{Cause, because, traceparent},
};
use serde::Deserialize;

use super::Reaction;
use crate::{
    awards::AwardRow,
    role::Awarding,
    trouble::{Outcome, Trouble},
};

/// Mails earners about their awards, where that was asked for.
///
/// At least once: that a letter was sent is a fact of the award, so that a policy that starts over
/// sends none twice; between sending and that fact a crash repeats the letter under the same id,
/// which the mailer or the reader's mail program recognises.
pub(crate) struct Letters(pub(crate) Arc<Awarding>);

/// As much of `award-created.v1` as tells whether there is anything to do.
#[derive(Deserialize)]
struct Wish {
    #[serde(default)]
    notify: bool,
}

impl Reaction for Letters {
    const NAME: &'static str = "awarding-mail";
    const CATEGORIES: &'static [&'static str] = &["award"];

    fn awarding(&self) -> &Awarding {
        &self.0
    }

    async fn react(&self, fact: &RecordedEvent) -> Outcome<()> {
        if &*fact.kind != "award-created.v1" {
            // One that nobody here knows may ask for a letter as well.
            return Ok(fact.event::<AwardEvent>().map(drop)?);
        }
        let wish: Wish = serde_json::from_slice(&fact.data)
            .map_err(|error| eventstore::Unreadable::of(fact, error))?;
        let Ok(id) = fact.stream.id().parse::<AwardId>() else { return Ok(()) };
        if !wish.notify {
            return Ok(());
        }
        because(Self::NAME, Cause::of(fact), self.mail(id, fact)).await
    }
}

impl Letters {
    /// Mails the earner, unless that was done, or there is nobody or nothing to tell any more.
    async fn mail(&self, id: AwardId, fact: &RecordedEvent) -> Outcome<()> {
        let tenant = fact.stream.tenant();
        let (award, _) = eventstore::load::<Award>(&*self.0.events, tenant, &id).await?;
        let Award::Made(made) = award else { return Ok(()) };
        if made.notified_at.is_some() || made.revocation.is_some() {
            return Ok(());
        }
        let row = AwardRow::of(*made);
        let Some(particulars) = self.0.show.particulars(tenant, &row).await? else {
            return Ok(());
        };
        let mail = self.letter(tenant, id, &row, &particulars, fact).await?;
        match self.0.context.stores.mailer.send(mail).await {
            Ok(()) => {}
            Err(error @ MailError::Refused(_)) => {
                tracing::warn!(award.id = %id, error = %error, "an earner cannot be mailed");
            }
            Err(error @ MailError::Unavailable(_)) => {
                return Err(Trouble::for_now("an earner was not mailed yet", &error));
            }
        }
        let at = self.0.clock.now();
        let execution = Execution {
            tenant,
            actor: Actor::system("awarding"),
            command: CommandId::derived(&[b"notify", &id.bytes()]),
            fingerprint: None,
            causation: Some(fact.id),
            traceparent: traceparent(),
            at,
        };
        let command = AwardCommand::Notify { at };
        eventstore::execute::<Award>(&*self.0.events, &execution, &id, command).await?;
        Ok(())
    }
}

/// The names that stand in a credential.
#[derive(Deserialize)]
struct Names {
    name: String,
    issuer: Issuer,
}

#[derive(Deserialize)]
struct Issuer {
    name: String,
}

impl Letters {
    async fn letter(
        &self,
        tenant: TenantId,
        id: AwardId,
        row: &AwardRow,
        particulars: &Particulars,
        fact: &RecordedEvent,
    ) -> Outcome<Mail> {
        let credential = self.0.show.credential(tenant, id, row, particulars).await?;
        let Names { name: badge, issuer: Issuer { name: issuer } } =
            serde_json::from_slice(&credential)
                .map_err(|_| Trouble::broken("a credential cannot be read"))?;
        let link = self.0.addresses.credential(id);
        let greeting = match particulars.name.as_str() {
            "" => "Hello,".to_owned(),
            name => format!("Hello {name},"),
        };
        let to = particulars
            .email
            .parse()
            .map_err(|_| Trouble::broken("an award holds a broken address"))?;
        Ok(Mail {
            id: CommandId::derived(&[b"award-mail", fact.id.as_bytes()]).uuid(),
            to,
            owner: row.person.to_string(),
            subject: format!("{issuer} has awarded you the badge {badge}"),
            text: format!(
                "{greeting}\n\n{issuer} has awarded you the badge \"{badge}\".\n\nSee it, accept it or decline it here:\n{link}\n"
            ),
            html: format!(
                "<p>{}</p><p>{} has awarded you the badge <strong>{}</strong>.</p><p><a href=\"{link}\">See it, accept it or decline it</a></p>",
                escaped(&greeting),
                escaped(&issuer),
                escaped(&badge),
            ),
        })
    }
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            c => safe.push(c),
        }
    }
    safe
}
