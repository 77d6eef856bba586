//! The letters of this role. They are sent beside the call that asks for them: a letter that is
//! lost costs the person one more click, a mail server that hangs costs nobody anything.

use issuers_domain::{MemberId, Name};
use kernel::{CommandId, EmailAddress, OrganizationId};
use runtime::{Context, Mail};

use crate::grpc::Service;

impl Service {
    /// Tells a new member where to sign in.
    pub(crate) fn send_invitation(
        &self,
        organization: OrganizationId,
        name: &Name,
        member: MemberId,
        to: EmailAddress,
        command: CommandId,
    ) {
        let link = format!("{}/sign-in?to=organization", self.context.public_url);
        let id = command.event_id(&organization.to_string(), 0);
        let text = format!(
            "You are now a member of {name} on Laurel.\n\nSign in with this e-mail address: {link}\n"
        );
        let html = format!(
            "<p>You are now a member of <strong>{}</strong> on Laurel.</p>\
             <p><a href=\"{link}\">Sign in</a> with this e-mail address.</p>",
            escaped(name.as_str())
        );
        let subject = format!("Your membership of {name}");
        let mail = Mail { id, to, owner: member.to_string(), subject, text, html };
        let (context, letters) = (self.context.clone(), self.letters.clone());
        self.context.tasks.spawn("invitation", async move {
            if let Ok(_permit) = letters.acquire().await {
                send(&context, mail).await;
            }
        });
    }
}

/// The letter with a sign-in link.
pub(crate) fn sign_in(context: &Context, to: EmailAddress, member: MemberId, token: &str) -> Mail {
    let link = format!("{}/sign-in/{token}", context.public_url);
    Mail {
        id: context.stores.ids.uuid(),
        to,
        owner: member.to_string(),
        subject: "Your sign-in link".into(),
        text: format!(
            "Sign in to Laurel with this link, once and within 15 minutes:\n\n{link}\n\n\
             If you did not ask for it, there is nothing to do.\n"
        ),
        html: format!(
            "<p><a href=\"{link}\">Sign in to Laurel</a>, once and within 15 minutes.</p>\
             <p>If you did not ask for it, there is nothing to do.</p>"
        ),
    }
}

/// Hands a letter over; a failure is logged without saying to whom it was.
pub(crate) async fn send(context: &Context, mail: Mail) {
    let owner = mail.owner.clone();
    if let Err(error) = context.stores.mailer.send(mail).await {
        tracing::warn!(member.id = %owner, %error, "a letter was not sent");
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
