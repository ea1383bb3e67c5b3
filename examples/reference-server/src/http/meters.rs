//! Prometheus metrics. Labels are route templates and fixed words, never ids.

use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
#[cfg(feature = "prometheus")]
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use super::app::App;

const REQUESTS: &str = "eovr_http_requests_total";
const SECONDS: &str = "eovr_http_request_seconds";

/// The buckets of the latency histogram, in seconds: a read takes a millisecond, a commit a few.
#[cfg(feature = "prometheus")]
const BOUNDS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// How often samples are moved to their buckets if no client scrapes `/metrics`.
pub(crate) const UPKEEP: Duration = Duration::from_secs(5);

/// The metrics of this process. The first call installs them.
#[cfg(feature = "prometheus")]
pub(crate) fn install() -> Meters {
    static METERS: std::sync::OnceLock<Meters> = std::sync::OnceLock::new();
    let meters = METERS.get_or_init(|| {
        let builder = PrometheusBuilder::new();
        // The only error is an empty list of bounds.
        let builder = builder.set_buckets(BOUNDS).unwrap_or_else(|_| PrometheusBuilder::new());
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        // If the host has installed its own recorder, that one stays, and ours stays empty.
        drop(metrics::set_global_recorder(recorder));
        metrics::describe_counter!(REQUESTS, "Requests answered");
        metrics::describe_histogram!(SECONDS, metrics::Unit::Seconds, "How long an answer took");
        Meters(handle)
    });
    meters.clone()
}

/// What this process has counted.
#[derive(Clone)]
#[cfg(feature = "prometheus")]
pub(crate) struct Meters(PrometheusHandle);

#[cfg(feature = "prometheus")]
impl Meters {
    /// Puts what was measured into its classes.
    pub(crate) fn tidy(&self) {
        self.0.run_upkeep();
    }

    fn render(&self) -> String {
        self.0.render()
    }
}

/// Without Prometheus nothing is kept: what the program counts goes to the meters of a host, where it has some.
#[cfg(not(feature = "prometheus"))]
pub(crate) fn install() -> Meters {
    Meters
}

/// What this process has counted: nothing.
#[derive(Clone)]
#[cfg(not(feature = "prometheus"))]
pub(crate) struct Meters;

#[cfg(not(feature = "prometheus"))]
impl Meters {
    pub(crate) fn tidy(&self) {}

    fn render(&self) -> String {
        "# this program was built without the feature `prometheus`\n".to_owned()
    }
}

pub(super) fn answered(method: &'static str, route: &str, status: StatusCode, took: Duration) {
    let labels = [("method", method.to_owned()), ("route", route.to_owned())];
    metrics::histogram!(SECONDS, &labels).record(took.as_secs_f64());
    let [method, route] = labels;
    let status = ("status", status.as_str().to_owned());
    metrics::counter!(REQUESTS, &[method, route, status]).increment(1);
}

/// `GET /metrics`.
pub(super) async fn metrics(State(app): State<App>) -> Response {
    let media = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, media)], app.meters.render()).into_response()
}
