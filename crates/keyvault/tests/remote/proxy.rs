use std::{net::SocketAddr, sync::Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

use crate::world::spawn;

/// A network between two processes that can stand still or lose its connections.
pub struct Proxy {
    pub address: SocketAddr,
    flows: watch::Sender<bool>,
    /// Changes when all connections are to be lost.
    cut: watch::Sender<u64>,
    cuts: Mutex<u64>,
}

impl Proxy {
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (flows, flowing) = watch::channel(true);
        let (cut, cutting) = watch::channel(0);
        spawn(async move {
            loop {
                let (near, _) = listener.accept().await.unwrap();
                let (flowing, mut cutting) = (flowing.clone(), cutting.clone());
                cutting.mark_unchanged();
                spawn(async move {
                    tokio::select! {
                        _ = cutting.changed() => {}
                        () = connection(near, server, flowing) => {}
                    }
                });
            }
        });
        Self { address, flows, cut, cuts: Mutex::new(0) }
    }

    /// Nothing goes through from now on, and nobody is told.
    pub fn stall(&self) {
        self.flows.send_replace(false);
    }

    pub fn flow(&self) {
        self.flows.send_replace(true);
    }

    /// Loses all connections; new ones work.
    pub fn cut(&self) {
        let mut cuts = self.cuts.lock().unwrap();
        *cuts += 1;
        self.cut.send_replace(*cuts);
    }
}

async fn connection(near: TcpStream, server: SocketAddr, flowing: watch::Receiver<bool>) {
    let Ok(far) = TcpStream::connect(server).await else { return };
    let (near_read, near_write) = near.into_split();
    let (far_read, far_write) = far.into_split();
    tokio::select! {
        () = copy(near_read, far_write, flowing.clone()) => {}
        () = copy(far_read, near_write, flowing) => {}
    }
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut flowing: watch::Receiver<bool>) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        if flowing.wait_for(|flows| *flows).await.is_err() {
            return;
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
