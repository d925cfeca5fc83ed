//! The wait that an answer asks for.

use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// The longest wait. After an hour a retry is worthwhile in any case.
const MAX_WAIT: Duration = Duration::from_secs(3600);

/// Reads `retry-after-ms`, which Vapi's own client prefers, or `Retry-After` in seconds or as a date.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |text: &str| text.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0);
    let millis = text("retry-after-ms").and_then(number).map(|millis| millis / 1000.0);
    let seconds = || text(RETRY_AFTER.as_str()).and_then(number);
    let wait = match millis.or_else(seconds) {
        Some(seconds) => Duration::from_secs_f64(seconds.min(MAX_WAIT.as_secs_f64())),
        None => until(text(RETRY_AFTER.as_str())?, text(DATE.as_str())?)?,
    };
    Some(wait.min(MAX_WAIT))
}

/// The time between two dates of the server, whose clock need not agree with ours. A date in the past means no wait.
fn until(date: &str, now: &str) -> Option<Duration> {
    let at = |text| httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::UNIX_EPOCH).ok();
    Some(at(date)?.saturating_sub(at(now)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(headers: &[(&'static str, &'static str)]) -> Option<Duration> {
        let pairs = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        retry_after(&pairs.collect())
    }

    #[test]
    fn every_form_of_retry_after_is_parsed() {
        let now = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        for (headers, millis) in [
            (&[("retry-after", "2")][..], Some(2_000)),
            (&[("retry-after", " 1.5 ")], Some(1_500)),
            (&[("retry-after", "0")], Some(0)),
            (&[("retry-after-ms", "250"), ("retry-after", "9")], Some(250)),
            (&[("retry-after-ms", "soon"), ("retry-after", "9")], Some(9_000)),
            (&[now, ("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT")], Some(60_000)),
            (&[now, ("retry-after", "Sunday, 06-Nov-94 08:49:47 GMT")], Some(10_000)),
            (&[now, ("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT")], Some(0)),
            (&[("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT")], None),
            (&[("retry-after", "1e300")], Some(3_600_000)),
            (&[("retry-after", "-1")], None),
            (&[("retry-after", "NaN")], None),
            (&[("retry-after", "inf")], None),
            (&[("retry-after", "")], None),
            (&[], None),
        ] {
            assert_eq!(wait(headers), millis.map(Duration::from_millis), "{headers:?}");
        }
    }
}
