//! The metrics recorder of the process.

use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use crate::names::{self, Kind};

/// From 50 µs, a typical read, to half a minute.
const BUCKETS_SECONDS: &[f64] = &[
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
    30.0,
];

/// From one to the largest batch.
const BUCKETS_PIECES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];

/// Interval at which observations are folded into buckets.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Installs the recorder, once a process.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    let mut builder = PrometheusBuilder::new();
    for (name, kind, _) in names::ALL {
        let buckets = match kind {
            Kind::Counter | Kind::Gauge => continue,
            Kind::Seconds => BUCKETS_SECONDS,
            Kind::Pieces => BUCKETS_PIECES,
        };
        builder = builder.set_buckets_for_metric(Matcher::Full((*name).to_owned()), buckets)?;
    }
    let handle = builder.install_recorder()?;
    for (name, kind, help) in names::ALL {
        let help = help.trim();
        match kind {
            Kind::Counter => metrics::describe_counter!(*name, help),
            Kind::Gauge => metrics::describe_gauge!(*name, help),
            Kind::Seconds => metrics::describe_histogram!(*name, metrics::Unit::Seconds, help),
            Kind::Pieces => metrics::describe_histogram!(*name, metrics::Unit::Count, help),
        }
    }
    Ok(handle)
}

/// Folds observations into their buckets, for ever. Without scrapes they would pile up otherwise.
pub async fn keep_up(handle: PrometheusHandle) -> std::convert::Infallible {
    let mut ticks = tokio::time::interval(UPKEEP_EVERY);
    loop {
        ticks.tick().await;
        handle.run_upkeep();
    }
}
