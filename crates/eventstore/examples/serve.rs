//! Serves the store in a folder behind KurrentDB's protocol: for its judges and for measuring.
//!
//! `serve FOLDER PORT [NAME:PASSWORD]...`; port 0 takes a free one. The first line that it prints
//! is the port. It ends on the first interrupt.

use std::{env, error::Error, sync::Arc};

use eventstore::{
    Embedded, EmbeddedOptions,
    server::{Server, ServerOptions, Users},
};
use tokio::{net::TcpListener, signal};
use tonic::transport::server::TcpIncoming;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let folder = arguments.next().ok_or("which folder?")?;
    let port = arguments.next().ok_or("which port?")?.parse()?;
    let users = arguments.map(|user| {
        let (name, password) = user.split_once(':').ok_or("a user is NAME:PASSWORD")?;
        Ok((name.to_owned(), password.to_owned()))
    });
    let users: Vec<_> = users.collect::<Result<_, &str>>()?;

    let store = Arc::new(Embedded::open(EmbeddedOptions::at(folder))?);
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let port = listener.local_addr()?.port();
    let options =
        ServerOptions { users: Users::new(users), ..ServerOptions::at("localhost", port) };
    let server = Server::new(Arc::clone(&store), options);
    println!("{port}");
    let connections = TcpIncoming::from(listener).with_nodelay(Some(true));
    let interrupted = async {
        // When it cannot be waited for, the process is ended otherwise.
        if signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    server.serve(connections, interrupted).await?;
    store.close().await;
    Ok(())
}
