//! Deltas on the wire (RFC 9842): the body that a client has, and how its browser is told to keep one.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri, header::CACHE_CONTROL};
use base64::{Engine as _, engine::general_purpose::STANDARD};

const AVAILABLE_DICTIONARY: HeaderName = HeaderName::from_static("available-dictionary");
const USE_AS_DICTIONARY: HeaderName = HeaderName::from_static("use-as-dictionary");
const PREWARM_DELTA: HeaderName = HeaderName::from_static("prewarm-delta");

/// A browser keeps a dictionary only as long as the answer is fresh. The client has promised to revalidate each time,
/// so this never hides a change.
const DICTIONARY_CACHE_CONTROL: HeaderValue = HeaderValue::from_static("private, max-age=3600");

/// The SHA-256 of a body that a client has: the name of a dictionary in RFC 9842.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DictionaryHash(pub [u8; 32]);

/// The hash of the body that a client has (`Available-Dictionary: :<base64>:`). A client whose browser could not decode
/// a delta sends `Prewarm-Delta: 0` and gets none, as its browser would offer the same dictionary for ever.
pub(crate) fn held(request: &HeaderMap) -> Option<DictionaryHash> {
    let named = request.get(AVAILABLE_DICTIONARY)?;
    if request.get(PREWARM_DELTA).is_some_and(|value| value == "0") {
        return None;
    }
    let base64 = named.as_bytes().trim_ascii().strip_prefix(b":")?.strip_suffix(b":")?;
    let mut hash = [0; 32];
    let length = STANDARD.decode_slice(base64, &mut hash).ok()?;
    (length == hash.len()).then_some(DictionaryHash(hash))
}

/// Tells the browser to keep the answer as a dictionary for the next one, if the client sent `Prewarm-Delta: 1`.
pub(crate) fn offer(request: &HeaderMap, uri: &Uri, answer: &mut HeaderMap) {
    if request.get(PREWARM_DELTA).is_none_or(|value| value != "1") {
        return;
    }
    let Some(dictionary) = dictionary_for(uri) else { return };
    answer.insert(CACHE_CONTROL, DICTIONARY_CACHE_CONTROL);
    answer.insert(USE_AS_DICTIONARY, dictionary);
}

/// The dictionary's `match` pattern, which covers this URL alone: two lists that shared one would evict each other. A
/// URL whose characters have a meaning in patterns gets no dictionary.
fn dictionary_for(uri: &Uri) -> Option<HeaderValue> {
    let url = uri.path_and_query()?.as_str();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.=&".contains(&byte);
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    if !path.bytes().chain(query.bytes()).all(plain) {
        return None;
    }
    HeaderValue::try_from(format!("match=\"{url}\", match-dest=(\"\")")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(of: &[(HeaderName, &str)]) -> HeaderMap {
        of.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn a_dictionary_is_named_by_its_hash() {
        let named = |value: &str| held(&headers(&[(AVAILABLE_DICTIONARY, value)]));
        let hash = STANDARD.encode([7; 32]);
        assert_eq!(named(&format!(":{hash}:")), Some(DictionaryHash([7; 32])));
        for bad in [&hash, ":", "::", ":AAAA:", &format!(":{hash}AAAA:"), ":not base64:"] {
            assert_eq!(named(bad), None, "{bad}");
        }
        let refused = headers(&[(AVAILABLE_DICTIONARY, &format!(":{hash}:")), (PREWARM_DELTA, "0")]);
        assert_eq!(held(&refused), None);
    }

    #[test]
    fn a_dictionary_is_scoped_to_its_own_url() {
        let pattern = |uri: &str| dictionary_for(&uri.parse().unwrap()).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(pattern("/api/analytics/leads").unwrap(), "match=\"/api/analytics/leads\", match-dest=(\"\")");
        let calls = pattern("/api/calls-dashboard?call_type=inbound").unwrap();
        assert_eq!(calls, "match=\"/api/calls-dashboard?call_type=inbound\", match-dest=(\"\")");
        for odd in ["/api/calls-dashboard?search=*", "/a?b=(c)", "/a?b=:c", "/a?b=%20", "/a?b?c"] {
            assert_eq!(pattern(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_dictionary_is_offered_only_to_clients_that_ask_for_deltas() {
        let offered = |request: &[(HeaderName, &str)]| {
            let mut answer = HeaderMap::new();
            offer(&headers(request), &Uri::from_static("/api/analytics/leads"), &mut answer);
            answer
        };
        assert!(offered(&[]).is_empty());
        assert!(offered(&[(PREWARM_DELTA, "0")]).is_empty());
        assert_eq!(offered(&[(PREWARM_DELTA, "1")])[CACHE_CONTROL], DICTIONARY_CACHE_CONTROL);
    }
}
