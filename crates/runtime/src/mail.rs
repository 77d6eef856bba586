use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kernel::{EmailAddress, Timestamp};
use lettre::{
    Message,
    message::{Mailbox, MultiPart},
};
use uuid::Uuid;

/// A letter to one person.
#[derive(Clone)]
pub struct Mail {
    /// The same however often it is sent: becomes its Message-ID.
    pub id: Uuid,
    /// To whom.
    pub to: EmailAddress,
    /// Whose it is, as a typed id such as `earner_…` or `member_…`; never the address.
    pub owner: String,
    /// The subject line.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// Sends letters. At least once: the same id twice is one letter where the adapter can tell, and has
/// the same Message-ID where it cannot.
#[async_trait::async_trait]
pub trait Mailer: Send + Sync + 'static {
    /// Sends a letter, or hands it over for good.
    ///
    /// # Errors
    /// [`MailError`]; [`MailError::Unavailable`] heals by sending again.
    async fn send(&self, mail: Mail) -> Result<(), MailError>;

    /// Removes what is kept of an owner's letters.
    ///
    /// # Errors
    /// [`MailError`].
    async fn forget(&self, owner: &str) -> Result<(), MailError>;
}

/// Why a letter was not sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// It cannot be written as a letter, or never be delivered there.
    #[error("the letter cannot be sent as it is")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It cannot be handed over now.
    #[error("the letter cannot be handed over now: try again later")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// An address that letters come from, such as `Laurel <badges@example.org>`.
pub(crate) fn sender(text: &str) -> Result<Mailbox, MailError> {
    text.parse().map_err(|error| MailError::Refused(Box::new(error)))
}

/// The letter as it travels (RFC 5322), plain text and HTML side by side.
pub(crate) fn message(mail: &Mail, from: &Mailbox, at: Timestamp) -> Result<Message, MailError> {
    let refused = |error: Box<dyn std::error::Error + Send + Sync>| MailError::Refused(error);
    let to = mail.to.as_str().parse().map_err(|error| refused(Box::new(error)))?;
    let millis = u64::try_from(at.unix_millis()).unwrap_or_default();
    let date: SystemTime = UNIX_EPOCH + Duration::from_millis(millis);
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .date(date)
        .message_id(Some(format!("<{}@{}>", mail.id, from.email.domain())))
        .subject(mail.subject.clone())
        .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))
        .map_err(|error| refused(Box::new(error)))
}
