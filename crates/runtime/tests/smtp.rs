//! Letters by SMTP, to a server of the test's own.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;

use kernel::Timestamp;
use runtime::{FixedClock, Mail, MailError, Mailer, SmtpMailer};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
    task::JoinHandle,
};
use uuid::Uuid;

/// Takes one letter, or refuses its recipient with that reply; gives what was said.
#[expect(clippy::disallowed_methods, reason = "a test's own server, awaited by the test")]
async fn server(recipient: &'static str) -> (u16, JoinHandle<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        write.write_all(b"220 test\r\n").await.unwrap();
        let (mut heard, mut letter) = (String::new(), false);
        while let Ok(Some(line)) = lines.next_line().await {
            heard.push_str(&line);
            heard.push('\n');
            let reply = match line.split(' ').next().unwrap_or_default() {
                "." if letter => "250 taken",
                _ if letter => continue,
                "EHLO" => "250 test",
                "RCPT" => recipient,
                "DATA" => "354 go on",
                "QUIT" => "221 bye",
                _ => "250 fine",
            };
            letter = reply.starts_with("354");
            if write.write_all(format!("{reply}\r\n").as_bytes()).await.is_err() {
                break;
            }
            if reply.starts_with("250 taken") {
                break;
            }
        }
        heard
    });
    (port, serving)
}

async fn send(port: u16) -> Result<(), MailError> {
    let clock = Arc::new(FixedClock::at(Timestamp::from_unix_millis(1_764_000_000_000)));
    let url = format!("smtp://127.0.0.1:{port}");
    let mailer = SmtpMailer::new(&url, "Laurel <badges@example.org>", clock).unwrap();
    let mail = Mail {
        id: Uuid::from_u128(7),
        to: "ada@example.org".parse().unwrap(),
        owner: "earner_1".to_owned(),
        subject: "Your badge".to_owned(),
        text: "You have a badge.".to_owned(),
        html: "<p>You have a badge.</p>".to_owned(),
    };
    mailer.send(mail).await
}

#[tokio::test]
async fn a_letter_is_handed_over_under_its_own_id() {
    let (port, serving) = server("250 fine").await;
    send(port).await.unwrap();
    let heard = serving.await.unwrap();
    assert!(heard.contains("RCPT TO:<ada@example.org>"), "{heard}");
    assert!(heard.contains(&format!("Message-ID: <{}@example.org>", Uuid::from_u128(7))));
    assert!(heard.contains("Date: Mon, 24 Nov 2025") && heard.contains("You have a badge."));
}

#[tokio::test]
async fn a_refusal_for_good_is_told_from_one_for_now() {
    let (port, _serving) = server("550 nobody of that name").await;
    assert!(matches!(send(port).await, Err(MailError::Refused(_))));
    let (port, _serving) = server("451 try later").await;
    assert!(matches!(send(port).await, Err(MailError::Unavailable(_))));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    assert!(matches!(send(port).await, Err(MailError::Unavailable(_))));
}
