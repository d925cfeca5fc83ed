use std::time::Duration;

use readmodel::time::Timestamp;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use vapi_standin::{Clock, Config, Operation, RateLimit, Standin};

use super::Desk;

#[tokio::test]
async fn a_patch_replaces_whole_fields_and_leaves_the_others() {
    let clock = Clock::at(Timestamp::parse("2026-03-01T10:00:00.1234567Z").unwrap());
    let desk = Desk::with(Config { clock: clock.clone(), ..Config::default() }).await;
    let id = desk
        .create(json!({
            "name": "Desk",
            "firstMessage": "Hello",
            "model": {"provider": "openai", "model": "gpt-4o", "messages": [{"role": "system", "content": "Be kind."}]},
        }))
        .await;
    clock.advance(Duration::from_secs(60));
    let patch = json!({"model": {"provider": "openai", "model": "gpt-4o-mini"}, "firstMessage": null});
    let (status, answer) = desk.send(Method::PATCH, &format!("/assistant/{id}"), patch).await;
    assert_eq!(status, StatusCode::OK);
    let expected = json!({
        "id": id,
        "orgId": desk.standin.config().org_id,
        "createdAt": "2026-03-01T10:00:00.123Z",
        "updatedAt": "2026-03-01T10:01:00.123Z",
        "name": "Desk",
        "model": {"provider": "openai", "model": "gpt-4o-mini"},
        "isServerUrlSecretSet": false,
    });
    assert_eq!(answer, expected);
    assert_eq!(desk.get(&format!("/assistant/{id}")).await, (StatusCode::OK, expected));
}

#[tokio::test]
async fn secrets_are_accepted_and_not_returned() {
    let desk = Desk::new().await;
    let id = desk.create(json!({"server": {"url": "https://us.example/hook", "secret": "s3cret"}})).await;
    let path = format!("/assistant/{id}");
    let (_, shown) = desk.get(&path).await;
    assert_eq!(
        (&shown["server"], &shown["isServerUrlSecretSet"]),
        (&json!({"url": "https://us.example/hook"}), &json!(true))
    );
    assert_eq!(desk.standin.assistant(&id).unwrap()["server"]["secret"], "s3cret");
    assert!(!desk.get("/assistant").await.1.to_string().contains("s3cret"));
    desk.send(Method::PATCH, &path, json!({"server": {"url": "https://us.example/hook"}})).await;
    assert_eq!(desk.get(&path).await.1["isServerUrlSecretSet"], false, "the server is replaced whole");
}

#[tokio::test]
async fn a_deleted_assistant_is_gone() {
    let desk = Desk::new().await;
    let (first, second) = (desk.named("First").await, desk.named("Second").await);
    assert_eq!(desk.send(Method::DELETE, &format!("/assistant/{first}"), json!({})).await.0, StatusCode::OK);
    assert!(desk.standin.delete_assistant(&second));
    assert!(!desk.standin.delete_assistant(&second));
    for id in [first, second] {
        assert_eq!(desk.get(&format!("/assistant/{id}")).await.0, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn assistants_can_be_changed_behind_our_back() {
    let desk = Desk::new().await;
    let id = desk.named("Desk").await;
    assert!(desk.standin.drift(&id, json!({"name": "Renamed (Test)", "language": "en"})));
    assert_eq!(desk.get(&format!("/assistant/{id}")).await.1["name"], "Renamed (Test)");
    assert!(!desk.standin.drift("nobody", json!({})));
}

#[tokio::test]
async fn a_number_names_its_assistant() {
    let desk = Desk::new().await;
    let (assistant, number) = (desk.named("Desk").await, desk.standin.add_phone_number("+15550104477"));
    let path = format!("/phone-number/{number}");
    let (status, answer) = desk.send(Method::PATCH, &path, json!({"assistantId": assistant})).await;
    assert_eq!(
        (status, &answer["assistantId"], &answer["number"]),
        (StatusCode::OK, &json!(assistant), &json!("+15550104477"))
    );
    let (_, numbers) = desk.get("/phone-number").await;
    assert_eq!(numbers, json!([answer]));
    assert!(numbers[0]["twilioAuthToken"].is_string(), "as Vapi does");
    for (body, message) in [
        (json!({"assistantId": "desk"}), json!(["assistantId must be a UUID"])),
        (json!({"id": number}), json!(["property id should not exist"])),
        (json!({"name": "n".repeat(41)}), json!(["name must be shorter than or equal to 40 characters"])),
        (
            json!({"assistantId": number}),
            json!(format!("Couldn't Get Assistant. `assistantId` {number} Does Not Exist.")),
        ),
    ] {
        let (status, answer) = desk.send(Method::PATCH, &path, body).await;
        assert_eq!((status, &answer["message"]), (StatusCode::BAD_REQUEST, &message));
    }
    desk.send(Method::PATCH, &path, json!({"assistantId": null})).await;
    assert_eq!(desk.standin.phone_number(&number).unwrap().get("assistantId"), None);
}

#[tokio::test]
async fn too_many_requests_get_429_with_or_without_retry_after() {
    let limit = RateLimit { requests: 3, per: Duration::from_secs(3600), says_when: true };
    let desk = Desk::with(Config { rate_limit: Some(limit), ..Config::default() }).await;
    for _ in 0..3 {
        desk.named("Desk").await;
    }
    let response = desk.request(Method::GET, "/assistant").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((3000..=3600).contains(&wait), "{wait}");
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["statusCode"], 429);
    assert_eq!(desk.standin.assistants().len(), 3);
}

#[tokio::test]
async fn requests_are_remembered() {
    let desk = Desk::new().await;
    desk.named("Desk").await;
    desk.get("/assistant?limit=1").await;
    let requests = desk.standin.requests();
    let told: Vec<_> = requests.iter().map(|r| (r.operation, &*r.method, &*r.path, &r.body)).collect();
    let expected = [
        (Some(Operation::CreateAssistant), "POST", "/assistant", &json!({"name": "Desk"})),
        (Some(Operation::ListAssistants), "GET", "/assistant?limit=1", &Value::Null),
    ];
    assert_eq!(told, expected);
    assert_eq!(desk.standin.count(Operation::CreateAssistant), 1);
    desk.standin.forget_requests();
    assert_eq!((desk.standin.requests().len(), desk.standin.assistants().len()), (0, 1));
}

#[tokio::test]
async fn a_dropped_standin_stops_answering() {
    let desk = Desk::new().await;
    desk.named("Desk").await;
    let Desk { standin, http } = desk;
    let url = format!("{}/assistant", standin.url());
    drop(standin);
    for _ in 0..3 {
        http.get(&url).send().await.unwrap_err();
    }
}

#[tokio::test]
async fn ids_come_from_the_seed() {
    let ids = async |seed| {
        let standin = Standin::start(Config { seed, ..Config::default() }).await.unwrap();
        (standin.add_phone_number("+1"), standin.add_phone_number("+1"))
    };
    let (first, second) = ids(1).await;
    assert_ne!(first, second);
    assert_eq!(ids(1).await, (first.clone(), second));
    assert_ne!(ids(2).await.0, first);
}
