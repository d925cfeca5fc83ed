//! Latencies and their percentiles.

use std::time::Duration;

/// All latencies of a measurement; they are few enough to keep.
#[derive(Debug, Default)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(crate) fn record(&mut self, latency: Duration) {
        self.0.push(latency);
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// NaN without latencies.
    pub(crate) fn percentiles(mut self) -> Percentiles {
        self.0.sort_unstable();
        let milliseconds = |quantile| self.quantile(quantile).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e3);
        Percentiles { p50: milliseconds(0.5), p99: milliseconds(0.99), p999: milliseconds(0.999) }
    }

    /// The smallest latency that is not exceeded by this share of all.
    fn quantile(&self, share: f64) -> Option<Duration> {
        let rank = (share * self.0.len() as f64).ceil() as usize;
        self.0.get(rank.saturating_sub(1)).copied()
    }
}

/// The p50, p99 and p99.9 in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Percentiles {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
}

impl Percentiles {
    /// The median of each percentile over several measurements.
    pub(crate) fn median(of: &[Self]) -> Self {
        let each = |part: fn(&Self) -> f64| median(of.iter().map(part));
        Self { p50: each(|it| it.p50), p99: each(|it| it.p99), p999: each(|it| it.p999) }
    }
}

/// The median; of an even number of values the mean of the middle two. NaN without values.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    match (values.len(), values.len() / 2) {
        (0, _) => f64::NAN,
        (length, middle) if length % 2 == 1 => values[middle],
        (_, middle) => f64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_observed_latencies() {
        let mut latencies = Latencies::default();
        for milliseconds in (501..=1_000).rev() {
            latencies.record(Duration::from_millis(milliseconds));
        }
        let mut others = Latencies::default();
        (1..=500).for_each(|milliseconds| others.record(Duration::from_millis(milliseconds)));
        latencies.add(others);
        assert_eq!(latencies.percentiles(), Percentiles { p50: 500.0, p99: 990.0, p999: 999.0 });
        assert!(Latencies::default().percentiles().p50.is_nan());
    }

    #[test]
    fn the_median_is_the_middle_value() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), 2.5);
        assert!(median(std::iter::empty()).is_nan());
        let of = |p99| Percentiles { p50: 0.0, p99, p999: 9.0 };
        assert_eq!(Percentiles::median(&[of(7.0), of(1.0), of(2.0)]), of(2.0));
    }
}
