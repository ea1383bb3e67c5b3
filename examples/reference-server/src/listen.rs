//! Takes connections until the server is asked to stop, and ends what was begun.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
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
use tower::ServiceExt as _;

/// How long requests may go on after the server was asked to stop.
const GRACE: Duration = Duration::from_secs(10);
/// How long the head of a request may take, and how long a connection may wait for one. Whoever sends a byte a
/// minute holds a connection no longer than that.
const HEAD: Duration = Duration::from_secs(30);
/// The system has no more descriptors, or the client is gone already: neither ends the server.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stop` is ready; then takes no more, and gives what was begun some time to end. `stopping` is called
/// in between.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()>,
    stopping: impl FnOnce(),
) {
    let begun = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, client)) => answer(stream, client, router.clone(), &begun),
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
fn answer(stream: TcpStream, client: SocketAddr, router: Router, begun: &GracefulShutdown) {
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
    http.timer(TokioTimer::new()).header_read_timeout(HEAD);
    let connection = http.serve_connection(TokioIo::new(stream), service);
    // Why a connection ended is its client's affair.
    let connection = begun.watch(connection);
    tokio::spawn(async move { drop(connection.await) });
}
