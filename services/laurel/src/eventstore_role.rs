//! `laurel serve eventstore`: the embedded log behind `KurrentDB`'s protocol, so that several
//! processes share it.

use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use eventstore::{
    Embedded, EmbeddedOptions, EventStore,
    server::{Server, ServerOptions, Users},
};
use readmodel::Room;
use runtime::{
    Config, Stores, Tasks, TlsListener,
    config::{EventStoreRole, Tls},
    health::Report,
};
use rustls::ServerConfig;
use tonic::transport::server::TcpIncoming;

use crate::{ops, process};

/// Serves until it is told to end; with `json` it says where it listens as soon as it does.
///
/// # Errors
/// When the log does not open, or an address is taken.
pub(crate) async fn serve(config: Config, json: bool) -> anyhow::Result<()> {
    let settings = config.eventstore.clone().context("say eventstore.listen: where to listen")?;
    let listener = process::bind(settings.listen).await?;
    let address = listener.local_addr()?;
    std::fs::create_dir_all(&config.data)
        .with_context(|| format!("cannot make the folder {}", config.data.display()))?;
    let room = Stores::folder(&config)?;
    let flushes = config.ops.as_ref().map(|_| runtime::metrics::flushes());
    let options = EmbeddedOptions::at(config.data.join("events"));
    let store = Arc::new(Embedded::open(EmbeddedOptions { flushes, ..options })?);

    let tasks = Tasks::new();
    let ops = match &config.ops {
        Some(ops) => {
            let (store, ending) = (Arc::clone(&store), tasks.clone());
            let report = move || report(Arc::clone(&store), Arc::clone(&room), ending.clone());
            Some(ops::listen(process::bind(ops.listen).await?, &tasks, None, report)?)
        }
        None => None,
    };
    let users = users(&settings)?;
    let at = ServerOptions::at(address.ip().to_string(), address.port());
    let may_be_shut_down = settings.may_be_shut_down;
    let server = Server::new(store, ServerOptions { users, may_be_shut_down, ..at });
    let (closing, asked) = (tasks.closing(), server.shut_down());
    if let Some(tls) = tls(&settings)? {
        let connections = TlsListener::new(listener, move || Arc::clone(&tls)).connections();
        tasks.spawn_door("eventstore", async move {
            told(server.serve(connections, closing.cancelled_owned()).await);
        });
    } else {
        let connections = TcpIncoming::from(listener).with_nodelay(Some(true));
        tasks.spawn_door("eventstore", async move {
            told(server.serve(connections, closing.cancelled_owned()).await);
        });
    }
    process::announce(&serde_json::json!({ "eventstore": address, "ops": ops }), json);
    process::until_signal_or(asked, process::end(&tasks)).await
}

fn told(outcome: Result<(), tonic::transport::Error>) {
    if let Err(error) = outcome {
        tracing::error!(%error, "the listener of the event store ended");
    }
}

fn tls(settings: &EventStoreRole) -> anyhow::Result<Option<Arc<ServerConfig>>> {
    match (&settings.certificate, &settings.key) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => {
            let (certificate, key) = (certificate.clone(), key.clone());
            let tls = Tls { listen: settings.listen, certificate, key };
            Ok(Some(runtime::tls_server(&tls)?))
        }
        _ => bail!("eventstore.certificate and eventstore.key go together"),
    }
}

/// The users of the file, one `name:password` a line.
fn users(settings: &EventStoreRole) -> anyhow::Result<Users> {
    let Some(path) = &settings.users_file else { return Ok(Users::default()) };
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read eventstore.users_file at {}", path.display()))?;
    let mut users = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let user = line
            .split_once(':')
            .filter(|(name, password)| !name.is_empty() && !password.is_empty());
        let (name, password) =
            user.context("a line of eventstore.users_file is no name:password")?;
        users.push((name.to_owned(), password.to_owned()));
    }
    ensure!(!users.is_empty(), "eventstore.users_file names nobody, which would let in everybody");
    Ok(Users::new(users))
}

async fn report(store: Arc<Embedded>, room: Arc<Room>, tasks: Tasks) -> Report {
    let answer = store.head().await.map(drop);
    Report::of_store("events", answer, &room, &tasks)
}
