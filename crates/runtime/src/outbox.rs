use std::{fs, io, path::PathBuf, sync::Arc};

use lettre::message::Mailbox;

use crate::{
    Clock, Mail, MailError, Mailer,
    blobs::write_durably,
    mail::{message, sender},
};

/// Letters as files, for a machine without a mail server: `{owner}/{id}.eml`.
#[derive(Clone)]
pub struct OutboxMailer {
    folder: PathBuf,
    from: Mailbox,
    clock: Arc<dyn Clock>,
}

impl OutboxMailer {
    /// Letters in that folder, from that sender.
    ///
    /// # Errors
    /// [`MailError::Refused`] when the sender is no address.
    pub fn new(
        folder: impl Into<PathBuf>,
        from: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, MailError> {
        Ok(Self { folder: folder.into(), from: sender(from)?, clock })
    }
}

#[async_trait::async_trait]
impl Mailer for OutboxMailer {
    async fn send(&self, mail: Mail) -> Result<(), MailError> {
        let path = self.folder.join(folder_of(&mail.owner)?).join(format!("{}.eml", mail.id));
        let letter = message(&mail, &self.from, self.clock.now())?.formatted();
        tracing::info!(letter = %path.display(), "a letter lies in the outbox");
        blocking(move || write_durably(&path, &letter)).await
    }

    async fn forget(&self, owner: &str) -> Result<(), MailError> {
        let folder = self.folder.join(folder_of(owner)?);
        blocking(move || match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        })
        .await
    }
}

/// A name that is a folder's and leads nowhere else.
fn folder_of(owner: &str) -> Result<&str, MailError> {
    let fits = (1..=64).contains(&owner.len())
        && owner.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if fits { Ok(owner) } else { Err(MailError::Refused("the owner is no typed id".into())) }
}

async fn blocking(work: impl FnOnce() -> io::Result<()> + Send + 'static) -> Result<(), MailError> {
    let outcome = tokio::task::spawn_blocking(work).await;
    let outcome = outcome.map_err(io::Error::other).flatten();
    outcome.map_err(|error| MailError::Unavailable(Box::new(error)))
}

#[cfg(test)]
mod tests {
    use kernel::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::FixedClock;

    fn mail(owner: &str) -> Mail {
        Mail {
            id: Uuid::nil(),
            to: "ada@example.org".parse().unwrap(),
            owner: owner.to_owned(),
            subject: "Your badge, Zoë".to_owned(),
            text: "You have a badge.".to_owned(),
            html: "<p>You have a badge.</p>".to_owned(),
        }
    }

    fn outbox(folder: &std::path::Path) -> OutboxMailer {
        let clock = Arc::new(FixedClock::at(Timestamp::from_unix_millis(1_764_000_000_000)));
        OutboxMailer::new(folder, "Laurel <badges@example.org>", clock).unwrap()
    }

    #[tokio::test]
    async fn a_letter_lies_in_its_owners_folder_once_until_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = outbox(folder.path());
        outbox.send(mail("earner_1")).await.unwrap();
        outbox.send(mail("earner_1")).await.unwrap();
        let letters: Vec<_> = fs::read_dir(folder.path().join("earner_1")).unwrap().collect();
        assert_eq!(letters.len(), 1);
        let letter = fs::read_to_string(letters[0].as_ref().unwrap().path()).unwrap();
        assert!(letter.contains("To: ada@example.org") && letter.contains("You have a badge."));
        assert!(letter.contains("Message-ID: <00000000-0000-0000-0000-000000000000@example.org>"));
        outbox.forget("earner_1").await.unwrap();
        outbox.forget("earner_1").await.unwrap();
        assert!(!folder.path().join("earner_1").exists());
    }

    #[tokio::test]
    async fn an_owner_that_leads_elsewhere_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = outbox(folder.path());
        for owner in ["", "..", "a/b", "A", "ada@example.org", &"a".repeat(65)] {
            assert!(
                matches!(outbox.send(mail(owner)).await, Err(MailError::Refused(_))),
                "{owner}"
            );
            assert!(matches!(outbox.forget(owner).await, Err(MailError::Refused(_))), "{owner}");
        }
    }

    #[tokio::test]
    async fn a_subject_cannot_bring_headers_along() {
        let folder = tempfile::tempdir().unwrap();
        let sneaky =
            Mail { subject: "Hello\r\nBcc: eve@example.org".to_owned(), ..mail("earner_1") };
        outbox(folder.path()).send(sneaky).await.unwrap();
        let path = folder.path().join("earner_1").join(format!("{}.eml", Uuid::nil()));
        let letter = fs::read_to_string(path).unwrap();
        assert!(!letter.contains("\nBcc:"), "{letter}");
    }
}
