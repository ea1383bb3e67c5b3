//! Takes connections until the server is asked to stop, and ends what was begun.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::ServiceExt as _;

use crate::http::{Proxies, Share, Shares, household};

/// How long requests may go on after the server was asked to stop.
const GRACE: Duration = Duration::from_secs(10);
/// How long the head of a request may take, and how long a connection may wait for one. Whoever sends a byte a
/// minute holds a connection no longer than that.
const HEAD: Duration = Duration::from_secs(30);
/// The system has no more descriptors, or the client is gone already: neither ends the server.
const PAUSE: Duration = Duration::from_millis(50);

/// The longest head of a request. What a connection may fill before anybody knows who it is of.
const LONGEST_HEAD: usize = 12 << 10;
/// Descriptors for everything but connections: databases, files, whom the server asks.
const RESERVED: u64 = 256;

/// How many connections are open at a time.
#[derive(Clone, Copy, Debug, clap::Args)]
#[group(id = "most")]
pub(crate) struct Most {
    /// Connections that are open at a time; further ones wait
    #[arg(long, value_name = "NUMBER", default_value_t = 4096)]
    connections: usize,
    /// Connections from one address that is no proxy; further ones are closed
    #[arg(long, value_name = "NUMBER", default_value_t = 512)]
    connections_per_address: usize,
}

impl Most {
    /// For those who watch over the server: a few programs.
    pub(crate) const WATCHING: Self = Self { connections: 64, connections_per_address: 32 };
}

/// Whose connections are open.
pub(crate) struct Crowd {
    places: Arc<Semaphore>,
    shares: Shares,
    /// Speak for many.
    proxies: Proxies,
}

impl Crowd {
    /// As many as were asked for, and as the system has descriptors.
    pub(crate) fn new(most: Most, descriptors: Option<u64>, proxies: Proxies) -> Self {
        let room = descriptors.map_or(usize::MAX, |all| {
            usize::try_from(all.saturating_sub(RESERVED).max(all / 2)).unwrap_or(usize::MAX)
        });
        let places = most.connections.min(room).clamp(1, Semaphore::MAX_PERMITS);
        if places < most.connections {
            tracing::warn!(
                places,
                "the system has no descriptors for more connections: raise its limit (ulimit -n)"
            );
        }
        let shares = Shares::new(most.connections_per_address);
        Self { places: Arc::new(Semaphore::new(places)), shares, proxies }
    }

    /// Waits for a place.
    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        self.places.clone().acquire_owned().await.ok()
    }

    /// A share of the places; none where this address has its own already.
    fn share(&self, client: SocketAddr) -> Option<Share> {
        if self.proxies.contains(client.ip()) {
            return Some(Share::default());
        }
        self.shares.take(&household(client.ip()).to_string(), 1)
    }
}

/// Serves until `stop` is ready; then takes no more, and gives what was begun some time to end. `stopping` is called
/// in between.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    crowd: Crowd,
    stop: impl Future<Output = ()>,
    stopping: impl FnOnce(),
) {
    let begun = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let taken = async { (crowd.place().await, listener.accept().await) };
        tokio::select! {
            (place, accepted) = taken => match accepted {
                Ok((stream, client)) => match crowd.share(client) {
                    Some(share) => answer(stream, client, router.clone(), (place, share), &begun),
                    None => metrics::counter!("eovr_connections_refused_total").increment(1),
                },
                Err(error) => {
                    tracing::warn!(error = error.to_string(), "a connection was not taken");
                    tokio::time::sleep(PAUSE).await;
                }
            },
            () = &mut stop => break,
        }
    }
    drop(listener);
    stopping();
    // What is not done by then is cut off; a store holds the old or the new world.
    let _ = tokio::time::timeout(GRACE, begun.shutdown()).await;
}

/// Answers the requests of one connection, beside the others.
fn answer(
    stream: TcpStream,
    client: SocketAddr,
    router: Router,
    held: (Option<OwnedSemaphorePermit>, Share),
    begun: &GracefulShutdown,
) {
    // Small answers go at once, and do not wait for the next.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(client));
        let router = router.clone();
        async move {
            Ok::<Response, Infallible>(
                router.oneshot(request.map(Body::new)).await.unwrap_or_else(|never| match never {}),
            )
        }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(LONGEST_HEAD);
    let connection = http.serve_connection(TokioIo::new(stream), service);
    // Why a connection ended is its client's affair.
    let connection = begun.watch(connection);
    tokio::spawn(async move {
        drop(connection.await);
        drop(held);
    });
}
