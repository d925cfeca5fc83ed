//! Recognition of hosts that are this machine.

use std::net::IpAddr;

/// Whether the host of a URL is this machine: `localhost` or a loopback address, with or without brackets.
pub fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[test]
fn a_name_that_begins_like_the_loopback_is_another_host() {
    for here in ["localhost", "127.0.0.1", "127.8.9.10", "[::1]", "::1"] {
        assert!(is_loopback(here), "{here}");
    }
    for elsewhere in ["127.evil.example", "localhost.example", "10.0.0.1", "", "[::2]"] {
        assert!(!is_loopback(elsewhere), "{elsewhere}");
    }
}
