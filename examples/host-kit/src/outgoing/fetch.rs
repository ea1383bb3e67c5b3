//! A small HTTP client for requests to other systems.
//!
//! The server sends few requests. They need no pool, no cookies, no proxies and no HTTP/2, and must not follow
//! redirects. The client therefore uses hyper and tokio-rustls (with aws-lc-rs) directly, because the server and the
//! database drivers already depend on them.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::address::Address;

const OURSELVES: &str = concat!("eovr-server/", env!("CARGO_PKG_VERSION"));
/// The largest answer. No provider's document is this long.
const MOST_BYTES: usize = 256 << 10;

/// Sends requests, one connection for each.
pub struct Fetch {
    tls: TlsConnector,
    /// The timeout of a request, including the connection.
    patience: Duration,
}

impl Fetch {
    /// A client that trusts these certificates (PEM); `None` means the public authorities.
    ///
    /// # Errors
    /// The fault of the certificates.
    pub fn new(vouching: Option<&[u8]>, patience: Duration) -> Result<Self, String> {
        // Explicit, because another dependency may install another crypto provider.
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots(vouching)?)
            .with_no_client_auth();
        Ok(Self { tls: TlsConnector::from(Arc::new(config)), patience })
    }

    /// The document at an address.
    ///
    /// # Errors
    /// The reason why there is no document, for the log.
    pub async fn get(&self, at: &Address) -> Result<Bytes, String> {
        let request = Request::get(&at.path).header(header::ACCEPT, "application/json");
        let (status, document) = self.send(at, request.body(Full::default())).await?;
        // A redirect is an error, because the client does not follow it.
        match status {
            StatusCode::OK => Ok(document),
            status => Err(format!("{}{}: it answers {status}", at.authority, at.path)),
        }
    }

    /// Sends a request and returns the answer with any status.
    ///
    /// # Errors
    /// The reason why there is no answer, for the log.
    pub async fn send(
        &self,
        at: &Address,
        request: axum::http::Result<Request<Full<Bytes>>>,
    ) -> Result<(StatusCode, Bytes), String> {
        let answer = async {
            let mut request = request.map_err(|error| error.to_string())?;
            let host = HeaderValue::try_from(&at.authority).map_err(|error| error.to_string())?;
            request.headers_mut().insert(header::HOST, host);
            request.headers_mut().insert(header::USER_AGENT, HeaderValue::from_static(OURSELVES));
            self.answer(at, request).await
        };
        let answer = tokio::time::timeout(self.patience, answer).await;
        let answer = answer.unwrap_or_else(|_| Err("it does not answer in time".to_owned()));
        answer.map_err(|why| format!("{}{}: {why}", at.authority, at.path))
    }

    async fn answer(
        &self,
        at: &Address,
        request: Request<Full<Bytes>>,
    ) -> Result<(StatusCode, Bytes), String> {
        let connected = TcpStream::connect((at.host.as_str(), at.port)).await;
        let stream = connected.map_err(|error| format!("cannot connect: {error}"))?;
        if !at.secure {
            return exchange(TokioIo::new(stream), request).await;
        }
        let name = ServerName::try_from(at.host.clone()).map_err(|error| error.to_string())?;
        let stream = self.tls.connect(name, stream).await.map_err(|error| format!("no TLS: {error}"))?;
        exchange(TokioIo::new(stream), request).await
    }
}

fn roots(vouching: Option<&[u8]>) -> Result<RootCertStore, String> {
    let Some(pem) = vouching else {
        return Ok(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect());
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| format!("not certificates in PEM: {error}"))?;
        roots.add(certificate).map_err(|error| format!("not the certificate of an authority: {error}"))?;
    }
    if roots.is_empty() { Err("there is no certificate in PEM".to_owned()) } else { Ok(roots) }
}

async fn exchange<I>(io: I, request: Request<Full<Bytes>>) -> Result<(StatusCode, Bytes), String>
where
    I: Read + Write + Send + Unpin + 'static,
{
    let broken = |error: hyper::Error| format!("the connection failed: {error}");
    let (mut sender, connection) = http1::handshake(io).await.map_err(broken)?;
    // The connection task runs beside the request and is aborted when this function returns.
    let mut connections = JoinSet::new();
    connections.spawn(connection);
    let (parts, body) = sender.send_request(request).await.map_err(broken)?.into_parts();
    let body = Limited::new(body, MOST_BYTES).collect().await;
    Ok((parts.status, body.map_err(|error| format!("its answer cannot be read: {error}"))?.to_bytes()))
}

#[cfg(test)]
mod tests;
