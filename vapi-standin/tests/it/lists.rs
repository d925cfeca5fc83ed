use std::time::Duration;

use readmodel::time::Timestamp;
use reqwest::StatusCode;
use serde_json::{Value, json};
use vapi_standin::{Clock, Config};

use super::Desk;

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|assistant| assistant["name"].as_str().unwrap()).collect()
}

/// A stand-in with assistants 0 to 4, a second apart, and 5 at the instant of 4.
async fn desk() -> Desk {
    let clock = Clock::at(Timestamp::parse("2026-03-01T10:00:00Z").unwrap());
    let desk = Desk::with(Config { clock: clock.clone(), ..Config::default() }).await;
    for name in ["0", "1", "2", "3", "4"] {
        desk.named(name).await;
        clock.advance(Duration::from_secs(u64::from(name != "4")));
    }
    desk.named("5").await;
    desk
}

#[tokio::test]
async fn lists_are_newest_first_within_the_bounds() {
    let desk = desk().await;
    for (query, expected) in [
        ("", &["5", "4", "3", "2", "1", "0"][..]),
        ("?limit=2", &["5", "4"]),
        ("?limit=0", &[]),
        ("?createdAtGt=2026-03-01T10:00:03Z", &["5", "4"]),
        ("?createdAtGe=2026-03-01T10:00:03.000Z", &["5", "4", "3"]),
        ("?createdAtLt=2026-03-01T10%3A00%3A01Z", &["0"]),
        ("?createdAtLe=2026-03-01T10:00:01Z", &["1", "0"]),
        ("?createdAtGt=2026-03-01T10:00:00Z&createdAtLt=2026-03-01T10:00:03Z&limit=1", &["2"]),
    ] {
        let (status, list) = desk.get(&format!("/assistant{query}")).await;
        assert_eq!((status, names(&list)), (StatusCode::OK, expected.to_vec()), "{query}");
    }
}

#[tokio::test]
async fn a_hundred_are_listed_unless_more_are_asked_for() {
    let desk = Desk::new().await;
    for _ in 0..120 {
        desk.standin.add_phone_number("+1");
    }
    for (query, count) in [("", 100), ("?limit=1000", 120)] {
        let (_, list) = desk.get(&format!("/phone-number{query}")).await;
        assert_eq!(list.as_array().unwrap().len(), count, "{query}");
    }
}

#[tokio::test]
async fn there_is_no_filter_by_name_or_metadata() {
    let desk = desk().await;
    for (query, message) in [
        ("?name=1", "property name should not exist"),
        ("?metadata=1", "property metadata should not exist"),
        ("?limit=1001", "limit must not be greater than 1000"),
        ("?limit=-1", "limit must not be less than 0"),
        ("?limit=many", "limit must be a number conforming to the specified constraints"),
        ("?createdAtGt=yesterday", "createdAtGt must be a valid ISO 8601 date string"),
    ] {
        let (status, answer) = desk.get(&format!("/assistant{query}")).await;
        assert_eq!((status, &answer["message"]), (StatusCode::BAD_REQUEST, &json!([message])), "{query}");
    }
}
