use std::sync::Arc;
use std::time::Duration;

use eovr_core::triage::analysis::{NoAnswer, NoAnswerReason};
use eovr_core::{Error, ErrorKind};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client as Http, Url, redirect, retry};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};

use crate::address::is_here;

/// The size limit of a reply, in bytes. A valid answer is smaller.
const MOST_BYTES: usize = 1 << 20;
/// The connect timeout. It is shorter than the request deadline, so that an unreachable provider fails early.
const CONNECT: Duration = Duration::from_secs(5);

/// Sends a request and reads a reply of limited size.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: Http,
    patience: Duration,
}

/// A provider's reply: status, headers and body.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Client {
    /// Makes a client for one provider. `patience` is the deadline of a whole request.
    pub(crate) fn new(base: &Url, patience: Duration) -> Result<Self, Error> {
        let config = |error: String| {
            Error::new(ErrorKind::Config, format!("the HTTP client cannot be set up: {error}"))
        };
        let roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        // The cipher provider is named because another part of the program may install a different default.
        let tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| config(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut builder = Http::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(concat!("eovr/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT.min(patience))
            // A redirect would send the key to another host.
            .redirect(redirect::Policy::none())
            .referer(false)
            // The analyst's worker decides about retries.
            .retry(retry::never())
            // No connection pool: requests are rare, and a request fails on a pooled connection that the server is
            // about to close.
            .pool_max_idle_per_host(0)
            .http1_only();
        if is_here(base) {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| config(error.without_url().to_string()))?;
        Ok(Self { http, patience })
    }

    /// Sends a JSON body. The header with the key is never printed.
    pub(crate) async fn send(&self, to: Url, headers: HeaderMap, body: String) -> Result<Reply, NoAnswer> {
        let exchange = async {
            let request =
                self.http.post(to).headers(headers).header(CONTENT_TYPE, "application/json").body(body);
            let mut response = request.send().await.map_err(|error| broken(&error))?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(|error| broken(&error))? {
                if body.len() + chunk.len() > MOST_BYTES {
                    return Err(NoAnswer::from(NoAnswerReason::InvalidOutput));
                }
                body.extend_from_slice(&chunk);
            }
            Ok(Reply { status, headers, body })
        };
        match tokio::time::timeout(self.patience, exchange).await {
            Ok(reply) => reply,
            Err(_) => Err(NoAnswerReason::Timeout.into()),
        }
    }
}

/// The reason for a failed exchange. The error's text is dropped because it may contain the URL.
fn broken(error: &reqwest::Error) -> NoAnswer {
    if error.is_timeout() { NoAnswerReason::Timeout.into() } else { NoAnswerReason::Network.into() }
}

/// A header whose value no log prints.
pub(crate) fn secret(name: &'static str, value: &str) -> Result<(HeaderName, HeaderValue), Error> {
    let mut value = HeaderValue::from_str(value).map_err(|_| {
        Error::new(ErrorKind::Config, "the analyst's key is empty or has unprintable characters")
            .with_help("a key is one line of printable characters")
    })?;
    value.set_sensitive(true);
    Ok((HeaderName::from_static(name), value))
}
