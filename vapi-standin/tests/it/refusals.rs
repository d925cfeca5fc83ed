use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::Desk;

const NOBODY: &str = "00000000-0000-4000-8000-00000000dead";

#[tokio::test]
async fn an_assistant_is_refused_in_vapis_words() {
    let desk = Desk::new().await;
    let id = desk.named("There").await;
    let eleven = |more: Value| {
        let mut voice = json!({"provider": "11labs", "voiceId": "v"});
        voice.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"voice": voice})
    };
    let openai = |more: Value| {
        let mut model = json!({"provider": "openai", "model": "gpt-4o"});
        model.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"model": model})
    };
    let cases = [
        (json!({"customer": 1}), vec!["property customer should not exist"]),
        (json!({"name": "n".repeat(41)}), vec!["name must be shorter than or equal to 40 characters"]),
        (json!({"name": 7}), vec!["name must be a string"]),
        (
            json!({"firstMessageMode": "assistant-sings"}),
            vec![
                "firstMessageMode must be one of the following values: assistant-speaks-first, \
                 assistant-speaks-first-with-model-generated-message, assistant-waits-for-user",
            ],
        ),
        (json!({"maxDurationSeconds": 9}), vec!["maxDurationSeconds must not be less than 10"]),
        (json!({"maxDurationSeconds": 43_201}), vec!["maxDurationSeconds must not be greater than 43200"]),
        (
            json!({"maxDurationSeconds": "10"}),
            vec!["maxDurationSeconds must be a number conforming to the specified constraints"],
        ),
        (
            json!({"stopSpeakingPlan": {"voiceSeconds": 0.6}}),
            vec!["stopSpeakingPlan.voiceSeconds must not be greater than 0.5"],
        ),
        (
            json!({"endCallPhrases": ["bye", "x"]}),
            vec!["each value in endCallPhrases must be longer than or equal to 2 characters"],
        ),
        (json!({"metadata": []}), vec!["metadata must be an object"]),
        (json!({"serverMessages": "hang"}), vec!["serverMessages must be an array"]),
        (json!({"voice": "Neha"}), vec!["nested property voice must be either object or array"]),
        (eleven(json!({"ssml": true})), vec!["voice.property ssml should not exist"]),
        (eleven(json!({"stability": 1.1})), vec!["voice.stability must not be greater than 1"]),
        (eleven(json!({"useSpeakerBoost": "yes"})), vec!["voice.useSpeakerBoost must be a boolean value"]),
        (json!({"voice": {"provider": "11labs"}}), vec!["voice.voiceId must be a string"]),
        (
            json!({"voice": {"provider": "vapi", "voiceId": "Neha", "enableSsmlParsing": true}}),
            vec!["voice.property enableSsmlParsing should not exist"],
        ),
        (openai(json!({"temperature": 2.5})), vec!["model.temperature must not be greater than 2"]),
        (openai(json!({"maxTokens": 49})), vec!["model.maxTokens must not be less than 50"]),
        (openai(json!({"toolIds": [1, 2]})), vec!["model.each value in toolIds must be a string"]),
        (
            openai(json!({"messages": [{"role": "user"}, {"role": "bot", "contents": ""}]})),
            vec![
                "model.messages.1.property contents should not exist",
                "model.messages.1.role must be one of the following values: assistant, function, user, system, tool",
            ],
        ),
        (json!({"model": {"provider": "openai"}}), vec!["model.model must be a string"]),
        (json!({"server": {"timeoutSeconds": 301}}), vec!["server.timeoutSeconds must not be greater than 300"]),
        (
            json!({"server": {"backoffPlan": {"type": "linear", "maxRetries": 11}}}),
            vec![
                "server.backoffPlan.type must be one of the following values: fixed, exponential",
                "server.backoffPlan.maxRetries must not be greater than 10",
                "server.backoffPlan.baseDelaySeconds must be a number conforming to the specified constraints",
            ],
        ),
        // All faults are in one list.
        (
            json!({"id": "x", "orgId": "x", "createdAt": "x", "updatedAt": "x", "isServerUrlSecretSet": true, "name": 1}),
            vec![
                "property createdAt should not exist",
                "property id should not exist",
                "property isServerUrlSecretSet should not exist",
                "property orgId should not exist",
                "property updatedAt should not exist",
                "name must be a string",
            ],
        ),
    ];
    let before = desk.standin.assistants();
    for (body, messages) in cases {
        for (method, path) in [(Method::POST, "/assistant"), (Method::PATCH, &*format!("/assistant/{id}"))] {
            let (status, answer) = desk.send(method.clone(), path, body.clone()).await;
            let expected = json!({"message": messages, "error": "Bad Request", "statusCode": 400});
            assert_eq!((status, answer), (StatusCode::BAD_REQUEST, expected), "{method} {body}");
        }
    }
    assert_eq!(desk.standin.assistants(), before, "a refusal changes nothing");
}

#[tokio::test]
async fn a_wrong_provider_or_message_is_answered_with_the_list() {
    let desk = Desk::new().await;
    for (body, beginning, one_of_them) in [
        (
            json!({"voice": {"provider": "elevenlabs"}}),
            "voice.provider must be one of the following values: ",
            "11labs",
        ),
        (
            json!({"model": {"model": "gpt-4o"}}),
            "model.provider must be one of the following values: ",
            "anthropic-bedrock",
        ),
        (
            json!({"transcriber": {"provider": "x"}}),
            "transcriber.provider must be one of the following values: ",
            "deepgram",
        ),
        (
            json!({"serverMessages": ["hang", "hangup", "hangups"]}),
            "each value in serverMessages must be one of the following values: ",
            "end-of-call-report",
        ),
    ] {
        let (status, answer) = desk.send(Method::POST, "/assistant", body).await;
        assert_eq!((status, answer["message"].as_array().unwrap().len()), (StatusCode::BAD_REQUEST, 1), "{answer}");
        let message = answer["message"][0].as_str().unwrap();
        assert!(message.starts_with(beginning) && message.contains(one_of_them), "{message}");
    }
}

#[tokio::test]
async fn valid_assistants_are_accepted() {
    let desk = Desk::new().await;
    for body in [
        json!({}),
        json!({"name": "é".repeat(40), "voice": null, "silenceTimeoutSeconds": 30, "serverUrlSecret": "s"}),
        json!({"voice": {"provider": "11labs", "voiceId": "v", "stability": 1, "style": 0.0, "chunkPlan": {"x": 1}}}),
        json!({"model": {"provider": "vapi"}, "transcriber": {"provider": "deepgram", "language": "en"}}),
        json!({"serverMessages": ["transcript[transcriptType=\"final\"]"], "hooks": [], "metadata": {"any": {"thing": 1}}}),
    ] {
        desk.create(body).await;
    }
}

#[tokio::test]
async fn each_key_gives_access_to_its_own_routes() {
    let desk = Desk::new().await;
    let config = desk.standin.config();
    let hot_tip = "Invalid Key. Hot tip, you may be using the private key instead of the public key, or vice versa.";
    let url = |path: &str| format!("{}{path}", desk.standin.url());
    for (path, key) in
        [("/assistant", &config.public_key), ("/call/web", &config.private_key), ("/call", &"other".to_owned())]
    {
        let method = if path == "/call" { Method::GET } else { Method::POST };
        let response = desk.http.request(method, url(path)).bearer_auth(key).json(&json!({})).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{path}");
        let body: Value = response.json().await.unwrap();
        assert_eq!(body, json!({"message": hot_tip, "error": "Unauthorized", "statusCode": 401}));
    }
    let response = desk.http.get(url("/assistant")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(response.json::<Value>().await.unwrap()["message"], "Missing Authorization Header.");
    assert_eq!(desk.standin.assistants().len(), 0);
}

#[tokio::test]
async fn a_request_without_a_key_is_refused() {
    let desk = Desk::new().await;
    let silent = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    let url = format!("{}/assistant", desk.standin.url());
    let response = silent.get(url).bearer_auth(&desk.standin.config().private_key).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_eq!(response.text().await.unwrap(), "error code: 1010");
}

#[tokio::test]
async fn an_unknown_id_is_404_and_a_malformed_one_400() {
    let desk = Desk::new().await;
    let missing = format!("Couldn't Get Assistant. `assistantId` {NOBODY} Does Not Exist.");
    for method in [Method::GET, Method::PATCH, Method::DELETE] {
        let (status, answer) = desk.send(method.clone(), &format!("/assistant/{NOBODY}"), json!({})).await;
        assert_eq!((status, answer["message"].as_str().unwrap()), (StatusCode::NOT_FOUND, &*missing), "{method}");
        let (status, answer) = desk.send(method, "/assistant/seven", json!({})).await;
        assert_eq!((status, answer["message"].as_str().unwrap()), (StatusCode::BAD_REQUEST, "id must be a UUID"));
    }
    for path in [format!("/phone-number/{NOBODY}"), format!("/call/{NOBODY}")] {
        assert_eq!(desk.get(&path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    let (status, answer) = desk.get("/v1/assistant").await;
    assert_eq!((status, answer["message"].as_str().unwrap()), (StatusCode::NOT_FOUND, "Cannot GET /v1/assistant"));
}
