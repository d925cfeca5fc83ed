//! Published keys: their acceptance, and the frequency of fetches.

use std::{sync::Arc, time::Duration};

use api::auth::{Denied, Keys, UnixSeconds, Verifier};
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::timeout};

use super::{
    issuer::{NOW, Signer, after, claims, claims_with, secret_verifier, verifier},
    publisher::{Answer, Publisher, key_set},
};

/// A well-formed token that names this key.
fn token_naming(kid: &Value) -> String {
    let header = json!({ "alg": "ES256", "kid": kid }).to_string();
    Signer::es256("somebody").raw(&header, &claims().to_string())
}

async fn flood(verifier: &Arc<Verifier>, now: UnixSeconds, tokens: &[String]) {
    let mut requests = JoinSet::new();
    for token in tokens {
        let (verifier, token) = (Arc::clone(verifier), token.clone());
        requests.spawn(async move { verifier.verify(&token, now).await });
    }
    while let Some(verdict) = requests.join_next().await {
        assert_eq!(verdict.expect("no panic"), Err(Denied::UnknownKey));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_unknown_key_ids_causes_one_fetch_in_thirty_seconds() {
    let signer = Signer::es256("known");
    let publisher = Publisher::start(&[&signer.jwk]).await;
    let verifier = Arc::new(publisher.verifier());
    let tokens: Vec<_> = (0..50).map(|n| token_naming(&json!(format!("kid {n}")))).collect();
    for window in 0..3 {
        for second in [0, 1, 15, 29] {
            flood(&verifier, after(window * 30 + second), &tokens).await;
            assert_eq!(publisher.fetches(), usize::try_from(window).expect("small") + 1, "{window} {second}");
        }
    }
    verifier.verify(&signer.token(&claims()), NOW).await.expect("the known key is not disturbed");
}

#[tokio::test]
async fn an_odd_key_id_counts_as_unknown() {
    let signer = Signer::es256("known");
    let publisher = Publisher::start(&[&signer.jwk]).await;
    let verifier = publisher.verifier();
    for kid in ["", "../../etc/passwd", "' OR 1=1 --", "known\0", "KNOWN", " known", &"k".repeat(5_000)] {
        assert_eq!(verifier.verify(&token_naming(&json!(kid)), NOW).await, Err(Denied::UnknownKey), "{kid}");
    }
    assert_eq!(verifier.verify(&token_naming(&Value::Null), NOW).await, Err(Denied::UnknownKey));
    for kid in [json!(["known"]), json!(1), json!({ "kid": "known" })] {
        assert_eq!(verifier.verify(&token_naming(&kid), NOW).await, Err(Denied::Malformed), "{kid}");
    }
    assert_eq!(publisher.fetches(), 1);
}

#[tokio::test]
async fn clients_do_not_notice_a_key_rotation() {
    let [previous, current, standby] = ["previous", "current", "standby"].map(Signer::es256);
    let publisher = Publisher::start(&[&previous.jwk, &current.jwk, &standby.jwk]).await;
    let verifier = publisher.verifier();
    for signer in [&previous, &current, &standby] {
        verifier.verify(&signer.token(&claims()), NOW).await.expect("published, so accepted");
    }
    assert_eq!(publisher.fetches(), 1);

    let sudden = Signer::rs256("sudden");
    publisher.publish(&[&current.jwk, &sudden.jwk]);
    let token = sudden.token(&claims());
    assert_eq!(verifier.verify(&token, after(29)).await, Err(Denied::UnknownKey));
    verifier.verify(&token, after(30)).await.expect("found by asking again");
}

#[tokio::test]
async fn a_key_verifies_with_its_own_algorithm_only() {
    let (ec, rsa) = (Signer::es256("one"), Signer::rs256("two"));
    let publisher = Publisher::start(&[&ec.jwk, &rsa.jwk]).await;
    let verifier = publisher.verifier();
    let payload = claims().to_string();
    let confused =
        [ec.raw(r#"{"alg":"RS256","kid":"one"}"#, &payload), rsa.raw(r#"{"alg":"ES256","kid":"two"}"#, &payload)];
    for token in confused {
        assert_eq!(verifier.verify(&token, NOW).await, Err(Denied::UnknownKey));
    }
    let swapped = ec.raw(r#"{"alg":"ES256","kid":"two"}"#, &payload);
    assert_eq!(verifier.verify(&swapped, NOW).await, Err(Denied::UnknownKey));
}

#[tokio::test]
async fn keys_not_meant_for_verification_are_skipped() {
    let good = Signer::es256("good");
    let altered = |changes: &Value| {
        let mut jwk = good.jwk.clone();
        for (name, value) in changes.as_object().expect("an object") {
            jwk[name] = value.clone();
        }
        jwk
    };
    let secret = "a-symmetric-key-that-anyone-can-read";
    let strange = [
        json!({ "kty": "oct", "kid": "oct", "alg": "HS256", "use": "sig", "k": secret }),
        json!({ "kty": "oct", "kid": "oct", "alg": "ES256", "k": secret }),
        json!({ "kty": "OKP", "crv": "Ed25519", "kid": "okp", "x": good.jwk["x"] }),
        json!({ "kty": "new", "kid": "new" }),
        json!({}),
        json!("key"),
        json!(null),
        altered(&json!({ "kid": "encrypts", "use": "enc" })),
        altered(&json!({ "kid": "signs", "key_ops": ["sign"] })),
        altered(&json!({ "kid": "claims to be RSA", "alg": "RS256" })),
        altered(&json!({ "kid": "other curve", "crv": "P-384", "alg": "ES384" })),
        altered(&json!({ "kid": "not base64", "x": "*" })),
        altered(&json!({ "kid": null })),
    ];
    let publisher = Publisher::start(&strange.iter().chain([&good.jwk]).collect::<Vec<_>>()).await;
    let verifier = publisher.verifier();
    verifier.verify(&good.token(&claims()), NOW).await.expect("the good one among them");
    for jwk in &strange {
        let kid = jwk["kid"].clone();
        let by_its_owner = good.raw(&json!({ "alg": "ES256", "kid": kid }).to_string(), &claims().to_string());
        assert_eq!(verifier.verify(&by_its_owner, NOW).await, Err(Denied::UnknownKey), "{jwk}");
    }
    let by_oct = Signer::hs256(secret).raw(r#"{"alg":"HS256","kid":"oct"}"#, &claims().to_string());
    assert_eq!(verifier.verify(&by_oct, NOW).await, Err(Denied::UnknownKey));
}

#[tokio::test]
async fn when_the_publisher_fails_the_last_good_keys_stay() {
    let (good, evil) = (Signer::es256("good"), Signer::es256("evil"));
    let publisher = Publisher::start(&[&good.jwk]).await;
    let elsewhere = Publisher::start(&[&evil.jwk]).await;
    let verifier = publisher.verifier();
    verifier.refresh_keys(NOW).await;
    let oct = json!({ "kty": "oct", "kid": "good", "k": "a-symmetric-key-that-anyone-can-read" });
    let mut huge = key_set(&[&evil.jwk]);
    huge.resize(2 * 1024 * 1024, b' ');
    let failures = [
        Answer::Body(500, key_set(&[&evil.jwk])),
        Answer::Body(404, Vec::new()),
        Answer::Body(204, Vec::new()),
        Answer::Body(200, b"<!doctype html><title>Sign in</title>".to_vec()),
        Answer::Body(200, Vec::new()),
        Answer::Body(200, b"{}".to_vec()),
        Answer::Body(200, b"[]".to_vec()),
        Answer::Body(200, key_set(&[])),
        Answer::Body(200, key_set(&[&oct])),
        Answer::Body(200, huge),
        Answer::Redirect(elsewhere.url()),
    ];
    for (attempt, failure) in (1..).zip(failures) {
        publisher.answer(failure);
        let now = after(attempt * 60);
        verifier.refresh_keys(now).await;
        assert_eq!(publisher.fetches(), usize::try_from(attempt).expect("small") + 1);
        // A different token each time, because a cached verdict would prove nothing.
        let token = good.token(&claims_with(json!({ "n": attempt })));
        verifier.verify(&token, now).await.expect("the last good key");
        assert_eq!(verifier.verify(&evil.token(&claims()), now).await, Err(Denied::UnknownKey), "{attempt}");
    }
    assert_eq!(elsewhere.fetches(), 0, "redirects are not followed");
}

#[tokio::test]
async fn a_fetch_from_a_publisher_that_never_answers_times_out() {
    let signer = Signer::es256("only");
    let publisher = Publisher::start(&[&signer.jwk]).await;
    let verifier = publisher.verifier();
    verifier.refresh_keys(NOW).await;
    publisher.gate.forget_permits(usize::MAX);
    timeout(Duration::from_secs(20), verifier.refresh_keys(after(600))).await.expect("given up");
    verifier.verify(&signer.token(&claims()), after(600)).await.expect("the last good key");
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_cancel_the_fetch_for_others() {
    let signer = Signer::es256("only");
    let publisher = Publisher::start(&[&signer.jwk]).await;
    let permits = publisher.gate.forget_permits(usize::MAX);
    let verifier = Arc::new(publisher.verifier());
    let token = signer.token(&claims());

    let first = tokio::spawn({
        let (verifier, token) = (Arc::clone(&verifier), token.clone());
        async move { verifier.verify(&token, NOW).await }
    });
    publisher.wait_for_fetches(1).await;
    first.abort();
    first.await.expect_err("it has hung up");

    publisher.gate.add_permits(permits);
    verifier.verify(&token, NOW).await.expect("by the fetch that the first one began");
    assert_eq!(publisher.fetches(), 1);
}

#[tokio::test]
async fn without_keys_no_token_is_called_invalid_and_keys_are_fetched_often() {
    let signer = Signer::es256("only");
    let publisher = Publisher::start(&[&signer.jwk]).await;
    let verifier = verifier(&[("PREWARM_JWKS_URL", &publisher.url())]);
    let token = signer.token(&claims());
    let failures = [Answer::Body(503, Vec::new()), Answer::Body(200, key_set(&[])), Answer::Body(200, b"{}".to_vec())];
    for (attempt, failure) in (1..).zip(failures) {
        publisher.answer(failure);
        for second in [0, 1] {
            assert_eq!(verifier.verify(&token, after(attempt * 2 + second)).await, Err(Denied::NoKeys));
        }
        assert_eq!(publisher.fetches(), usize::try_from(attempt).expect("small"));
        assert_eq!(verifier.keys(after(attempt * 2)), Some(Keys::None));
        assert!(verifier.key_failure().is_some());
    }
    publisher.publish(&[&signer.jwk]);
    assert_eq!(verifier.verify(&token, after(7)).await, Err(Denied::NoKeys));
    verifier.verify(&token, after(8)).await.expect("up again");
    assert_eq!((verifier.keys(after(8)), verifier.key_failure()), (Some(Keys::Fresh), None));

    publisher.answer(Answer::Body(503, Vec::new()));
    verifier.refresh_keys(after(608)).await;
    assert_eq!(verifier.keys(after(610)), Some(Keys::Kept(602)));
    assert!(verifier.key_failure().expect("a reason").contains("503"));
    assert_eq!(secret_verifier().keys(NOW), None);
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_stop_the_fetches() {
    let signer = Signer::es256("only");
    let publisher = Publisher::start(&[&signer.jwk]).await;
    let verifier = publisher.verifier();
    verifier.refresh_keys(NOW).await;
    verifier.refresh_keys(after(-3600)).await;
    assert_eq!(publisher.fetches(), 2);
}

#[tokio::test]
async fn keys_are_fetched_at_the_start_without_a_request() {
    let signer = Signer::es256("only");
    let publisher = Publisher::start(&[&signer.jwk]).await;
    let verifier = Arc::new(verifier(&[("PREWARM_JWKS_URL", &publisher.url())]));
    let keeper = tokio::spawn({
        let verifier = Arc::clone(&verifier);
        async move { verifier.keep_keys_fresh().await }
    });
    publisher.wait_for_fetches(1).await;
    keeper.abort();
}
