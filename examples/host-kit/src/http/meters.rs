//! Prometheus metrics. Labels are route templates and fixed words, never ids. Without the feature `prometheus` the
//! process keeps none, and the counts go to the recorder of a host that has installed one.

use std::time::Duration;

use axum::http::StatusCode;

pub use self::kept::{Meters, install};
use super::kit::HostState;
use super::routes::Routes;
#[cfg(feature = "prometheus")]
use super::routes::{Access, Endpoint};

const REQUESTS: &str = "eovr_http_requests_total";
const SECONDS: &str = "eovr_http_request_seconds";

/// How often samples are moved to their buckets if no client scrapes `/metrics`.
pub const UPKEEP: Duration = Duration::from_secs(5);

/// Adds `/metrics`, with the feature `prometheus`.
pub fn routes<S: HostState>(routes: Routes<S>) -> Routes<S> {
    #[cfg(feature = "prometheus")]
    let routes = routes.add(
        Endpoint::get("/metrics", Access::Public, "Gives the meters to Prometheus").tells(&["text/plain"]),
        kept::metrics,
    );
    routes
}

/// Counts an answer.
pub fn answered(method: &'static str, route: &str, status: StatusCode, took: Duration) {
    let labels = [("method", method.to_owned()), ("route", route.to_owned())];
    metrics::histogram!(SECONDS, &labels).record(took.as_secs_f64());
    let [method, route] = labels;
    let status = ("status", status.as_str().to_owned());
    metrics::counter!(REQUESTS, &[method, route, status]).increment(1);
}

#[cfg(feature = "prometheus")]
mod kept {
    use std::sync::OnceLock;

    use axum::extract::State;
    use axum::http::header;
    use axum::response::{IntoResponse, Response};
    use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

    use super::super::kit::Kit;
    use super::{REQUESTS, SECONDS};

    /// The buckets of the latency histogram, in seconds: a read takes a millisecond, a commit a few.
    const BOUNDS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

    /// The metrics of this process.
    #[derive(Clone)]
    pub struct Meters(PrometheusHandle);

    impl Meters {
        /// Moves samples to their buckets.
        pub fn tidy(&self) {
            self.0.run_upkeep();
        }
    }

    /// The first call installs the metrics of this process.
    pub fn install() -> Meters {
        static METERS: OnceLock<Meters> = OnceLock::new();
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

    /// `GET /metrics`.
    pub(crate) async fn metrics(State(kit): State<Kit>) -> Response {
        let media = "text/plain; version=0.0.4; charset=utf-8";
        ([(header::CONTENT_TYPE, media)], kit.meters.0.render()).into_response()
    }
}

#[cfg(not(feature = "prometheus"))]
mod kept {
    /// The metrics of this process: none.
    #[derive(Clone)]
    pub struct Meters;

    impl Meters {
        /// Does nothing.
        pub fn tidy(&self) {}
    }

    /// Installs nothing.
    pub fn install() -> Meters {
        Meters
    }
}
