//! The headers with which a request sets conditions on its answer.

use axum::http::{HeaderMap, HeaderName};

use crate::{editions::Conditions, error::ApiError};

/// `Prewarm-Wait-For`
const WAIT_FOR: HeaderName = HeaderName::from_static("prewarm-wait-for");
/// `Prewarm-Min-Version`
const MIN_VERSION: HeaderName = HeaderName::from_static("prewarm-min-version");

/// The conditions of a request; `None` if it has none, like most.
///
/// # Errors
/// A header is not a receipt or not a version.
pub(crate) fn of(request: &HeaderMap) -> Result<Option<Conditions>, ApiError> {
    let receipt = parsed(request, WAIT_FOR)?;
    let at_least = parsed(request, MIN_VERSION)?;
    let conditions = Conditions { receipt, at_least };
    Ok((conditions != Conditions::default()).then_some(conditions))
}
fn parsed<T: std::str::FromStr>(request: &HeaderMap, name: HeaderName) -> Result<Option<T>, ApiError> {
    let Some(value) = request.get(&name) else { return Ok(None) };
    let text = value.to_str().map_err(|_| ApiError::Position)?;
    text.trim().parse().map(Some).map_err(|_| ApiError::Position)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use readmodel::version::{Receipt, Version};

    use super::*;

    #[test]
    fn positions_are_read_strictly() {
        let of = |name: HeaderName, value: &'static str| {
            super::of(&HeaderMap::from_iter([(name, HeaderValue::from_static(value))]))
        };
        assert_eq!(super::of(&HeaderMap::new()), Ok(None));
        let receipt = Some(Receipt { epoch: 1, xid: 7 });
        assert_eq!(of(WAIT_FOR, "r1-7"), Ok(Some(Conditions { receipt, at_least: None })));
        let at_least = Some(Version { epoch: 1, n: 7 });
        assert_eq!(of(MIN_VERSION, " 1-7"), Ok(Some(Conditions { receipt: None, at_least })));
        for (name, value) in [(WAIT_FOR, "1-7"), (WAIT_FOR, ""), (MIN_VERSION, "r1-7"), (MIN_VERSION, "1-7; x")] {
            assert_eq!(of(name, value), Err(ApiError::Position), "{value}");
        }
    }
}
