//! A line between client and server that does what lines do.

use std::{net::SocketAddr, sync::Arc};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinSet,
};

/// What becomes of the bytes of a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// They arrive.
    Flows,
    /// What the server says does not arrive.
    Mute,
    /// Nothing arrives, and nobody is told.
    Dead,
}

/// Listens on a port of its own.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    target: watch::Sender<SocketAddr>,
    /// For the connections that there are, and for those that will be.
    line: watch::Sender<Line>,
    /// Connections made before this number was raised end.
    cuts: Arc<watch::Sender<u64>>,
    accepting: JoinSet<()>,
}

impl Proxy {
    /// In front of that server.
    pub(crate) async fn to(target: SocketAddr) -> Self {
        let mut proxy = Self::closed(target).await;
        proxy.open().await;
        proxy
    }

    /// As [`Proxy::to`], with nobody who takes calls yet.
    pub(crate) async fn closed(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("the line works");
        let address = listener.local_addr().expect("the line works");
        let (target, line) = (watch::channel(target).0, watch::channel(Line::Flows).0);
        Self {
            address,
            target,
            line,
            cuts: Arc::new(watch::channel(0).0),
            accepting: JoinSet::new(),
        }
    }

    pub(crate) fn connection(&self) -> String {
        format!("kurrentdb://{}?tls=false", self.address)
    }

    /// Takes calls.
    pub(crate) async fn open(&mut self) {
        let listener = TcpListener::bind(self.address).await.expect("the line works");
        let (target, line, cuts) =
            (self.target.subscribe(), self.line.subscribe(), self.cuts.subscribe());
        self.accepting.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let target = *target.borrow();
                let cuts = cuts.clone();
                connections.spawn(carry(client, target, line.clone(), cuts));
            }
        });
    }

    /// Takes no more calls and cuts those that there are.
    pub(crate) async fn close(&mut self) {
        self.accepting.shutdown().await;
    }

    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    pub(crate) fn set(&self, line: Line) {
        self.line.send_replace(line);
    }

    pub(crate) fn lead_to(&self, target: SocketAddr) {
        self.target.send_replace(target);
    }
}

async fn carry(
    client: TcpStream,
    target: SocketAddr,
    line: watch::Receiver<Line>,
    mut cuts: watch::Receiver<u64>,
) {
    let before = *cuts.borrow_and_update();
    let Ok(server) = TcpStream::connect(target).await else { return };
    server.set_nodelay(true).expect("the line works");
    client.set_nodelay(true).expect("the line works");
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let there = pass(from_client, to_server, line.clone(), |line| line != Line::Dead);
    let back = pass(from_server, to_client, line, |line| line == Line::Flows);
    tokio::select! {
        () = async { tokio::join!(there, back); } => {}
        _ = cuts.wait_for(|cuts| *cuts > before) => {}
    }
}

async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut line: watch::Receiver<Line>,
    open: impl Fn(Line) -> bool,
) {
    let mut bytes = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if line.wait_for(|line| open(*line)).await.is_err()
            || to.write_all(&bytes[..count]).await.is_err()
        {
            return;
        }
    }
}
