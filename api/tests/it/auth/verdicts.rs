//! The cache of verdicts about tokens.

use api::auth::Denied;
use readmodel::ids::OrgId;
use serde_json::json;
use uuid::Uuid;

use super::{
    issuer::{NOW, ORG, SECRET, Signer, after, claims, claims_with, secret_verifier},
    publisher::{Answer, Publisher},
};

#[tokio::test]
async fn a_cached_verdict_equals_a_new_one_at_every_second() {
    let token = Signer::hs256(SECRET).token(&claims_with(json!({ "nbf": NOW.0, "exp": NOW.0 + 60 })));
    let remembering = secret_verifier();
    remembering.verify(&token, NOW).await.expect("good now");
    for second in 0..120 {
        let now = after(second);
        let cached = remembering.verify_cached(&token, now);
        assert_eq!(cached.is_some(), second < 60, "never remembered past its expiry: {second}");
        assert_eq!(remembering.verify(&token, now).await, secret_verifier().verify(&token, now).await, "{second}");
    }
    assert_eq!(remembering.verify(&token, after(120)).await, Err(Denied::Expired));
}

#[tokio::test]
async fn only_the_exact_token_is_cached() {
    let verifier = secret_verifier();
    let token = Signer::hs256(SECRET).token(&claims());
    assert_eq!(verifier.verify_cached(&token, NOW), None);
    verifier.verify(&token, NOW).await.expect("good");
    assert_eq!(verifier.verify_cached(&token, NOW).map(|claims| claims.org), Some(ORG));
    for end in 0..token.len() {
        assert_eq!(verifier.verify_cached(&token[..end], NOW), None);
    }
    assert_eq!(verifier.verify_cached(&format!("{token}A"), NOW), None);
}

#[tokio::test]
async fn each_of_many_tokens_keeps_its_own_org() {
    let signer = Signer::hs256(SECRET);
    let verifier = secret_verifier();
    let of_org = |n: u128| {
        let org = OrgId(Uuid::from_u128(n));
        (org, signer.token(&claims_with(json!({ "app_metadata": { "org_id": org } }))))
    };
    let tokens: Vec<_> = (0..2_000).map(of_org).collect();
    for _ in 0..2 {
        for (org, token) in &tokens {
            assert_eq!(verifier.verify(token, NOW).await.expect("good").org, *org);
        }
    }
}

#[tokio::test]
async fn a_flood_of_invalid_tokens_evicts_no_valid_one() {
    let verifier = secret_verifier();
    let good = Signer::hs256(SECRET).token(&claims());
    verifier.verify(&good, NOW).await.expect("good");
    // More tokens than the whole cache holds.
    let bad =
        Signer::hs256("not-the-secret-but-as-long-as-it-is").token(&claims_with(json!({ "x": "x".repeat(5_500) })));
    for n in 0..6_000 {
        assert_eq!(verifier.verify(&format!("{bad}{n:06}"), NOW).await, Err(Denied::BadSignature));
    }
    assert!(verifier.verify_cached(&good, NOW).is_some());
}

#[tokio::test]
async fn revoking_a_key_drops_the_verdicts_of_its_tokens_only() {
    let [leaving, staying, coming] = ["leaving", "staying", "coming"].map(Signer::es256);
    let publisher = Publisher::start(&[&leaving.jwk, &staying.jwk]).await;
    let verifier = publisher.verifier();
    let (revoked, kept) = (leaving.token(&claims()), staying.token(&claims()));
    for token in [&revoked, &kept] {
        verifier.verify(token, NOW).await.expect("good");
    }

    publisher.publish(&[&coming.jwk, &staying.jwk, &leaving.jwk]);
    verifier.refresh_keys(after(600)).await;
    assert!(verifier.verify_cached(&revoked, after(600)).is_some(), "a key that joins changes nothing");

    publisher.publish(&[&coming.jwk, &staying.jwk]);
    verifier.refresh_keys(after(1200)).await;
    assert_eq!(verifier.verify_cached(&revoked, after(1200)), None);
    assert_eq!(verifier.verify(&revoked, after(1200)).await, Err(Denied::UnknownKey));
    verifier.verify(&kept, after(1200)).await.expect("its key is still published");
    assert!(verifier.verify_cached(&kept, after(1200)).is_some());
}

#[tokio::test]
async fn replacing_a_key_under_its_old_id_revokes_the_old_key() {
    let (old, new) = (Signer::es256("same"), Signer::es256("same"));
    let publisher = Publisher::start(&[&old.jwk]).await;
    let verifier = publisher.verifier();
    let token = old.token(&claims());
    verifier.verify(&token, NOW).await.expect("good");
    publisher.publish(&[&new.jwk]);
    verifier.refresh_keys(after(600)).await;
    assert_eq!(verifier.verify(&token, after(600)).await, Err(Denied::BadSignature));
}

#[tokio::test]
async fn keys_that_could_not_be_refreshed_for_a_day_are_not_trusted() {
    const DAY: i64 = 24 * 3600;
    let signer = Signer::es256("only");
    let publisher = Publisher::start(&[&signer.jwk]).await;
    let verifier = publisher.verifier();
    let token = signer.token(&claims_with(json!({ "exp": NOW.0 + 3 * DAY })));
    verifier.verify(&token, NOW).await.expect("good");

    publisher.answer(Answer::Body(503, Vec::new()));
    verifier.refresh_keys(after(DAY - 1)).await;
    assert!(verifier.verify_cached(&token, after(DAY - 1)).is_some());
    assert_eq!(verifier.verify_cached(&token, after(DAY)), None);
    assert_eq!(verifier.verify(&token, after(DAY)).await, Err(Denied::NoKeys));

    publisher.publish(&[&signer.jwk]);
    verifier.verify(&token, after(DAY + 2)).await.expect("the keys are back");
}
