//! Accepts connections until the server is asked to stop, and lets running requests finish.

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

use crate::http::auth::{Proxies, household};
use crate::http::places::{Share, Shares};

/// How long requests may run after the server was asked to stop.
const GRACE: Duration = Duration::from_secs(10);
/// The timeout for the head of a request, and for an idle connection. A client that sends one byte a minute cannot hold
/// a connection longer.
const HEAD: Duration = Duration::from_secs(30);
/// The pause after a failed accept: the system has no more descriptors, or the client is already gone. Neither ends the
/// server.
const PAUSE: Duration = Duration::from_millis(50);

/// The longest head of a request, which limits the memory of an unauthenticated connection.
const LONGEST_HEAD: usize = 12 << 10;
/// Descriptors for everything except connections: databases, files, outgoing requests.
const RESERVED: u64 = 256;

/// The limits for open connections.
#[derive(Clone, Copy, Debug, clap::Args)]
#[group(id = "most")]
pub struct Most {
    /// The maximum number of open connections; further ones wait
    #[arg(long, value_name = "NUMBER", default_value_t = 4096)]
    connections: usize,
    /// The maximum number of connections from one address that is no proxy; further ones are closed
    #[arg(long, value_name = "NUMBER", default_value_t = 512)]
    connections_per_address: usize,
}

impl Most {
    /// The limits for monitoring, which needs a few clients.
    pub const WATCHING: Self = Self { connections: 64, connections_per_address: 32 };
}

/// The open connections by client.
pub struct Crowd {
    places: Arc<Semaphore>,
    shares: Shares,
    /// Proxies, which connect for many clients.
    proxies: Proxies,
}

impl Crowd {
    /// The requested limit, reduced to the system's descriptors.
    pub fn new(most: Most, descriptors: Option<u64>, proxies: Proxies) -> Self {
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

    /// Waits for a free connection slot.
    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        self.places.clone().acquire_owned().await.ok()
    }

    /// A slot of this address; `None` if the address has used its share.
    fn share(&self, client: SocketAddr) -> Option<Share> {
        if self.proxies.contains(client.ip()) {
            return Some(Share::default());
        }
        self.shares.take(&household(client.ip()).to_string(), 1)
    }
}

/// Serves until `stop` is ready; then accepts no more connections, and gives running requests time to finish. Calls
/// `stopping` in between.
pub async fn serve(
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
                    tracing::warn!(error = error.to_string(), "a connection was not accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            },
            () = &mut stop => break,
        }
    }
    drop(listener);
    stopping();
    // The server cuts unfinished requests off; each commit is then complete or absent.
    let _ = tokio::time::timeout(GRACE, begun.shutdown()).await;
}

/// Serves one connection, concurrently with the others.
fn answer(
    stream: TcpStream,
    client: SocketAddr,
    router: Router,
    held: (Option<OwnedSemaphorePermit>, Share),
    begun: &GracefulShutdown,
) {
    // Sends small responses at once, without waiting for the next.
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
    // The reason for the end of a connection concerns only its client.
    let connection = begun.watch(connection);
    tokio::spawn(async move {
        drop(connection.await);
        drop(held);
    });
}
