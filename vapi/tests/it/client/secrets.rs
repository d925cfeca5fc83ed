use serde_json::json;
use vapi::client::{Client, Error};

use super::{Line, config_of};

const NUMBER: &str = "+15550104477";

/// Covers a client, its errors, and the values that it reads.
#[tokio::test]
async fn debug_output_has_no_secret() {
    let line = Line::new().await;
    let config = config_of(&line.standin);
    let mut printed = format!("{config:?} {:?} ", line.client);
    let assistant = line.client.create_assistant(&json!({"firstMessage": "canary-prompt"})).await.unwrap();
    line.standin.add_phone_number(NUMBER);
    let numbers = line.client.phone_numbers().await.unwrap();
    let call = line.client.web_call(&assistant.id, None).await.unwrap();
    let calls = line.client.calls_changed_since(readmodel::time::Timestamp::from_micros(0), None, 10).await.unwrap();
    printed += &format!("{assistant:?} {numbers:?} {call:?} {calls:?} ");
    let keys = line.standin.config();
    for secret in [&*keys.private_key, &keys.public_key, NUMBER, "canary", "twilio-token", "rooms.standin"] {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
    assert!(printed.contains(&assistant.id) && printed.contains(&call.id));
}

/// Vapi quotes the values that it refuses.
#[tokio::test]
async fn errors_do_not_repeat_what_was_sent() {
    let line = Line::new().await;
    let mut fields = json!({"server": {"url": "https://us.example", "secret": "canary-secret"}});
    let key = line.standin.config().private_key.clone();
    for name in ["canary-secret".to_owned(), key, NUMBER.to_owned()] {
        fields[format!("x {name} y")] = json!(1);
    }
    let Error::Rejected { status: 400, words } = line.client.create_assistant(&fields).await.unwrap_err() else {
        panic!("taken")
    };
    assert_eq!(words, ["property x [hidden] y should not exist"; 3]);
}

#[test]
fn a_configuration_error_does_not_show_the_keys() {
    let config = vapi::client::Config {
        base_url: "https://api.vapi.ai".to_owned(),
        private_key: "canary\u{7}".to_owned().into(),
        public_key: None,
        user_agent: "prewarm-test".to_owned(),
        observer: None,
        times: vapi::client::Times::default(),
    };
    let error = Client::new(config).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
}
