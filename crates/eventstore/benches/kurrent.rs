//! What the adapter for KurrentDB costs against our own server, both on this machine: how long one
//! caller waits, and the CPU time of either side per fact.
//!
//! `cargo bench -p eventstore --features kurrent,server --bench kurrent`

use std::{
    env,
    error::Error,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use eventstore::{
    Embedded, EmbeddedOptions, EventStore, Expected, Filter, Kurrent, KurrentOptions, NewEvent,
    Signal, StreamId, Write,
    server::{Server, ServerOptions},
};
use futures_util::StreamExt;
use kernel::{CommandId, Position, TenantId};
use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const SINGLE: usize = 500;
const CALLS: usize = 100;
const EACH: usize = 1000;

#[tokio::main]
async fn main() -> Outcome {
    match env::args().nth(1).as_deref() {
        Some("serve") => serve(&env::args().nth(2).ok_or("which folder?")?).await,
        // `cargo test --benches` only wants to see that it starts.
        Some("--test") => Ok(()),
        _ => measure().await,
    }
}

async fn serve(folder: &str) -> Outcome {
    let store = Arc::new(Embedded::open(EmbeddedOptions::at(folder))?);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    println!("{port}");
    let server = Server::new(store, ServerOptions::at("127.0.0.1", port));
    let connections = TcpIncoming::from(listener).with_nodelay(Some(true));
    Ok(server.serve(connections, std::future::pending()).await?)
}

struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn measure() -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut child = Command::new(env::current_exe()?)
        .args(["serve".as_ref(), folder.path().as_os_str()])
        .stdout(Stdio::piped())
        .spawn()?;
    let mut port = String::new();
    BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut port)?;
    let server = Served(child);
    let connection = format!("kurrentdb://127.0.0.1:{}?tls=false", port.trim());
    let store = Kurrent::connect(&KurrentOptions::at(connection.as_str()))?;
    store.head().await?;

    let (mut appends, mut reads) = (Vec::new(), Vec::new());
    for n in 0..SINGLE {
        let write = write(&format!("single {n}"), 1);
        let stream = write.stream.clone();
        let begun = Instant::now();
        store.append(vec![write]).await.remove(0)?;
        appends.push(begun.elapsed());
        let begun = Instant::now();
        store.read(&stream, 0, 100).await?;
        reads.push(begun.elapsed());
    }
    println!("one append at a time, flushed: {}", percentiles(appends));
    println!("one read of a stream at a time: {}", percentiles(reads));

    let official = kurrentdb::Client::new(connection.parse()?)?;
    let mut reads = Vec::new();
    for n in 0..50 {
        let stream = write(&format!("single {n}"), 1).stream;
        let begun = Instant::now();
        let mut read =
            official.read_stream(stream.as_str(), &kurrentdb::ReadStreamOptions::default()).await?;
        while read.next().await?.is_some() {}
        reads.push(begun.elapsed());
    }
    println!("the same read by the official client: {}", percentiles(reads));

    println!("appends to {EACH} streams at once: {}", at_once(&store, &server, "alone").await?);

    // A process that has projections follows the log.
    let head = store.head().await?;
    let mut followed = store.subscribe(head, Filter::every_tenant(&[]));
    while !matches!(followed.next().await.ok_or("it ended")??, Signal::CaughtUp(_)) {}
    let mut appends = Vec::new();
    for n in 0..SINGLE {
        let write = write(&format!("followed {n}"), 1);
        let begun = Instant::now();
        store.append(vec![write]).await.remove(0)?;
        appends.push(begun.elapsed());
    }
    println!("one append at a time, while the log is followed: {}", percentiles(appends));
    let following = async {
        while followed.next().await.is_some() {}
        std::future::pending::<()>().await;
    };
    let appending = at_once(&store, &server, "followed");
    tokio::select! {
        cost = appending => println!("and to {EACH} streams at once: {}", cost?),
        () = following => {}
    }

    let reader = Kurrent::connect(&KurrentOptions::at(connection))?;
    reader.head().await?;
    let meter = Meter::begin(&server)?;
    let mut signals = reader.subscribe(Position::START, Filter::every_tenant(&["thing"]));
    let mut facts = 0;
    loop {
        match signals.next().await.ok_or("it ended")?? {
            Signal::Facts(more) => facts += more.len(),
            Signal::CaughtUp(_) => break,
            Signal::Checkpoint(_) => {}
        }
    }
    println!("catching up on the whole log: {}", meter.end(&server, facts)?);
    Ok(())
}

/// What it costs to append to many streams at once, again and again.
async fn at_once(store: &Kurrent, server: &Served, label: &str) -> Outcome<String> {
    let meter = Meter::begin(server)?;
    for call in 0..CALLS {
        let writes = (0..EACH).map(|n| write(&format!("{label} {call} {n}"), 1)).collect();
        for answer in store.append(writes).await {
            answer?;
        }
    }
    meter.end(server, CALLS * EACH)
}

fn write(label: &str, count: usize) -> Write {
    let event = |n: usize| NewEvent {
        id: CommandId::derived(&[label.as_bytes()]).event_id(label, n),
        kind: "thing-made.v1".into(),
        data: format!(r#"{{"label":"{label}","filling":"{}"}}"#, "x".repeat(260)).into_bytes(),
        metadata: br#"{"tenant":"tenant_00000000000000000000000000","actor":"bench"}"#.to_vec(),
    };
    let stream = StreamId::named("thing", TenantId::PLATFORM, label.replace(' ', "_"));
    Write { stream, expected: Expected::NoStream, events: (0..count).map(event).collect() }
}

fn percentiles(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |percent| times[times.len() * percent / 100];
    format!("p50 {:.2?}, p99 {:.2?}", at(50), at(99))
}

/// CPU time of both processes, in microseconds.
struct Meter {
    begun: Instant,
    server: u64,
    client: u64,
}

impl Meter {
    fn begin(server: &Served) -> Outcome<Self> {
        Ok(Self {
            begun: Instant::now(),
            server: used(server.0.id())?,
            client: used(std::process::id())?,
        })
    }

    fn end(&self, server: &Served, facts: usize) -> Outcome<String> {
        let wall = self.begun.elapsed();
        let (server, client) =
            (used(server.0.id())? - self.server, used(std::process::id())? - self.client);
        let per_second = |microseconds: u64| facts as u64 * 1_000_000 / microseconds.max(1);
        Ok(format!(
            "{facts} facts in {wall:.2?}; per second of CPU time: {} by the server, {} by the client",
            per_second(server),
            per_second(client),
        ))
    }
}

fn used(process: u32) -> Outcome<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let fields: Vec<&str> =
        stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
    Ok(ticks * 1_000_000 / rustix::param::clock_ticks_per_second())
}
