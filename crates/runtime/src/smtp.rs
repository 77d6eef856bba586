use std::{sync::Arc, time::Duration};

use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor, message::Mailbox};

use crate::{
    Clock, Mail, MailError, Mailer,
    mail::{message, sender},
};

/// Letters by SMTP.
#[derive(Clone)]
pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    clock: Arc<dyn Clock>,
}

impl SmtpMailer {
    /// Letters by the server at that URL, such as `smtps://user:password@mail.example.org`, from
    /// that sender. Connects when first used; a letter takes at most 30 seconds.
    ///
    /// # Errors
    /// [`MailError::Refused`] when the URL or the sender cannot be read.
    pub fn new(url: &str, from: &str, clock: Arc<dyn Clock>) -> Result<Self, MailError> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|error| MailError::Refused(Box::new(error)))?
            .timeout(Some(Duration::from_secs(30)))
            .build();
        Ok(Self { transport, from: sender(from)?, clock })
    }

    /// Connects, says who it is, signs in, and sends nothing; whether the server takes it.
    ///
    /// # Errors
    /// [`MailError::Unavailable`] when it cannot be reached or refuses the password.
    pub async fn greet(&self) -> Result<bool, MailError> {
        let greeted = self.transport.test_connection().await;
        greeted.map_err(|error| MailError::Unavailable(Box::new(error)))
    }
}

#[async_trait::async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: Mail) -> Result<(), MailError> {
        let letter = message(&mail, &self.from, self.clock.now())?;
        match self.transport.send(letter).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => Err(MailError::Refused(Box::new(error))),
            Err(error) => Err(MailError::Unavailable(Box::new(error))),
        }
    }

    async fn forget(&self, _: &str) -> Result<(), MailError> {
        Ok(())
    }
}
