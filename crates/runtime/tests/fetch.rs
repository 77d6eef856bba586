//! The egress door: what it lets out, and what it takes from servers that misbehave.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{future::Future, time::Duration};

use auth::{ExternalIssuer, JwksSource};
use runtime::{Fetch, FetchError, FetchLimits, config::Egress, install_cryptography};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A door that lets nothing private out but these.
fn door(allow: &[&str]) -> Fetch {
    install_cryptography();
    Fetch::new(&Egress { allow: allow.iter().map(ToString::to_string).collect() })
}

/// A server on this machine; gives its `host:port`.
async fn server<F: Future<Output = ()> + Send>(
    answer: impl Fn(TcpStream, String) -> F + Send + 'static,
) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let listener = listener.into_std().unwrap();
        runtime.block_on(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = vec![0; 4096];
                let read = stream.read(&mut request).await.unwrap_or_default();
                answer(stream, String::from_utf8_lossy(&request[..read]).into_owned()).await;
            }
        });
    });
    address
}

async fn says(mut stream: TcpStream, text: String) {
    // The door may have hung up already.
    let _ = stream.write_all(text.as_bytes()).await;
}

fn document(body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: Application/JSON; charset=utf-8\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

#[tokio::test]
async fn what_is_not_public_or_not_https_is_refused() {
    let door = door(&["allowed.example:8443"]);
    for url in [
        "",
        "x",
        "/path",
        "//example.org",
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_x",
        "data:text/plain,x",
        "jar:https://example.org!/x",
        "http://example.org/",
        "http://allowed.example:8443.evil.org/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://127.0.0.1./",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[fe80::1]/",
        "https://[fd00::1]/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://0.0.0.0/",
        "https://192.168.1.1:8443/",
        "https://user@8.8.8.8/",
        "https://user:password@8.8.8.8/",
        "https://１２７.0.0.1/",
        "https://127。0。0。1/",
        "https://localhost/",
        "https://localhost:9/",
        "https://ip6-localhost/",
        "https:\\\\127.0.0.1\\",
    ] {
        let outcome = door.get(url, FetchLimits::default()).await;
        let refused = matches!(outcome, Err(FetchError::Refused | FetchError::Failed));
        assert!(refused, "{url}: {outcome:?}");
        if !url.contains("ip6-localhost") {
            assert_eq!(outcome.err(), Some(FetchError::Refused), "{url}");
        }
    }
}

#[tokio::test]
async fn a_document_of_an_allowed_server_is_fetched() {
    let address = server(|stream, _| says(stream, document("{}"))).await;
    let fetched = door(&[&address])
        .get(&format!("http://{address}/a?b"), FetchLimits::default())
        .await
        .unwrap();
    assert_eq!(fetched.media_type, "application/json");
    assert_eq!(&fetched.body[..], b"{}");
    assert_eq!(fetched.url, format!("http://{address}/a?b"));
    let other = door(&[]).get(&format!("http://{address}/"), FetchLimits::default()).await;
    assert_eq!(other.err(), Some(FetchError::Refused), "not allowed by default");
}

#[tokio::test]
async fn redirects_are_few_and_each_is_checked() {
    let to = |location: String| {
        move |stream, request: String| {
            let answer = if request.starts_with("GET /end ") {
                document("{}")
            } else {
                format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")
            };
            says(stream, answer)
        }
    };
    for (location, outcome) in [
        ("/end", None),
        ("/again", Some(FetchError::Redirects)),
        ("http://169.254.169.254/", Some(FetchError::Refused)),
        ("https://10.0.0.1/", Some(FetchError::Refused)),
        ("file:///etc/passwd", Some(FetchError::Refused)),
        ("http://[", Some(FetchError::Failed)),
    ] {
        let address = server(to(location.to_owned())).await;
        let fetched =
            door(&[&address]).get(&format!("http://{address}/start"), FetchLimits::default()).await;
        assert_eq!(fetched.err(), outcome, "{location}");
    }
}

#[tokio::test]
async fn what_is_gone_for_good_may_say_why_at_no_great_length() {
    for (length, said) in [(9, "by law..."), (2000, "")] {
        let body = format!("{:.<length$}", "by law");
        let answer = format!("HTTP/1.1 410 Gone\r\nContent-Length: {length}\r\n\r\n{body}");
        let address = server(move |stream, _| says(stream, answer.clone())).await;
        let limits = FetchLimits { bytes: 1000, ..FetchLimits::default() };
        let fetched = door(&[&address]).get(&format!("http://{address}/"), limits).await;
        assert_eq!(fetched.err(), Some(FetchError::Gone(said.into())));
    }
}

#[tokio::test]
async fn servers_that_misbehave_are_given_up_on() {
    let within = async |address: String, time: Duration| {
        let limits = FetchLimits { bytes: 1000, time, redirects: 2 };
        door(&[&address]).get(&format!("http://{address}/"), limits).await.err()
    };
    let get = async |address| within(address, Duration::from_secs(30)).await;
    let declares = server(|stream, _| {
        says(stream, "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n".to_owned())
    });
    assert_eq!(get(declares.await).await, Some(FetchError::TooLarge));
    let pours = server(|mut stream, _| async move {
        let chunk = format!("200\r\n{}\r\n", "x".repeat(512));
        let start = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let mut open = stream.write_all(start.as_bytes()).await.is_ok();
        while open {
            open = stream.write_all(chunk.as_bytes()).await.is_ok();
        }
    });
    assert_eq!(get(pours.await).await, Some(FetchError::TooLarge));
    let silent = server(|stream, _| async move {
        std::future::pending::<()>().await;
        drop(stream);
    });
    assert_eq!(within(silent.await, Duration::from_millis(300)).await, Some(FetchError::TooSlow));
    let stops = server(|stream, _| {
        says(stream, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx".to_owned())
    });
    assert_eq!(get(stops.await).await, Some(FetchError::Failed));
    let fails = server(|stream, _| {
        says(stream, "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n".to_owned())
    });
    assert_eq!(get(fails.await).await, Some(FetchError::Failed));
    let babbles = server(|stream, _| says(stream, "hello".to_owned()));
    assert_eq!(get(babbles.await).await, Some(FetchError::Failed));
}

#[tokio::test]
async fn a_providers_keys_are_discovered_under_its_own_name_only() {
    let address = server(|stream, request: String| {
        let host = request.lines().find_map(|line| line.strip_prefix("host: "));
        let host = host.unwrap_or_default().to_owned();
        let body = if request.starts_with("GET /.well-known/openid-configuration ") {
            format!(r#"{{"issuer":"http://{host}","jwks_uri":"http://{host}/keys"}}"#)
        } else {
            r#"{"keys":[]}"#.to_owned()
        };
        says(stream, document(&body))
    })
    .await;
    let door = door(&[&address]);
    let issuer = |issuer: String, jwks_url| ExternalIssuer {
        issuer,
        audience: "laurel".to_owned(),
        jwks_url,
    };
    let found = door.jwks(&issuer(format!("http://{address}"), None)).await.unwrap();
    assert_eq!(found, br#"{"keys":[]}"#);
    let other = door.jwks(&issuer(format!("http://{address}/"), None)).await;
    assert!(other.is_err(), "discovery names another issuer");
    let direct = issuer("https://id.example.org".into(), Some(format!("http://{address}/keys")));
    assert!(door.jwks(&direct).await.is_ok());
}
