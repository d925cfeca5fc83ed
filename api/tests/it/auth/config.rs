//! The settings of token verification.

use std::time::Duration;

use api::auth::{Config, MintError, Verifier};

use super::issuer::{NOW, ORG, SECRET, config, verifier};

fn refused(env: &[(&str, &str)]) -> String {
    let lookup = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    Config::from_env(lookup).expect_err("refused").to_string()
}

#[test]
fn the_api_needs_a_source_of_keys() {
    for env in [&[][..], &[("SUPABASE_JWT_SECRET", ""), ("SUPABASE_URL", ""), ("PREWARM_JWKS_URL", "")]] {
        let error = refused(env);
        for variable in ["SUPABASE_JWT_SECRET", "SUPABASE_URL", "PREWARM_JWKS_URL"] {
            assert!(error.contains(variable), "{error}");
        }
    }
}

#[test]
fn a_short_secret_is_accepted() {
    assert!(Config::from_env(|name| (name == "SUPABASE_JWT_SECRET").then(|| "short".to_owned())).is_ok());
}

#[test]
fn keys_are_fetched_over_https_or_from_loopback_or_a_private_network() {
    for good in [
        "https://project.supabase.co",
        "https://project.supabase.co/",
        "https://supabase.example.com:8443/base/",
        "http://localhost:54321",
        "http://127.0.0.1:54321",
        "http://127.8.9.10",
        "http://[::1]:54321",
        // A private network.
        "http://kong:8000",
        "http://10.0.0.1",
        "http://192.168.7.9:8000",
        "http://[fd00::1]:8000",
        "http://kong.supabase.svc:8000",
        "http://kong.supabase.svc.cluster.local:8000",
        "http://host.docker.internal:54321",
    ] {
        for variable in ["SUPABASE_URL", "PREWARM_JWKS_URL"] {
            Verifier::new(&config(&[(variable, good)])).expect(good);
        }
    }
}

#[test]
fn the_error_for_any_other_address_names_the_variable() {
    for bad in [
        "project.supabase.co",
        "http://project.supabase.co",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://172.32.0.1",
        "http://11.0.0.1",
        "http://[::ffff:10.0.0.1]",
        "http://[fe80::1]",
        "http://supabase.svc.example.com",
        "http://169.254.169.254",
        "ftp://project.supabase.co",
        "file:///etc/passwd",
        "data:application/json,{}",
        "https://user@project.supabase.co",
        "https://user:pass@project.supabase.co",
        "https://project.supabase.co/?x=1",
        "https://project.supabase.co/#x",
        "https://",
        " ",
    ] {
        for variable in ["SUPABASE_URL", "PREWARM_JWKS_URL"] {
            let error = refused(&[(variable, bad)]);
            assert!(error.starts_with(variable), "{bad}: {error}");
            assert!(!error.contains("pass@"), "{error}");
        }
    }
}

#[test]
fn the_error_for_an_invalid_setting_names_the_variable() {
    for (variable, bad) in [
        ("PREWARM_JWT_ISSUER", " , "),
        ("PREWARM_ALLOW_ANONYMOUS", "yes"),
        ("PREWARM_ALLOW_ANONYMOUS", "1"),
        ("PREWARM_REQUIRE_AAL", "2"),
        ("PREWARM_REQUIRE_AAL", "AAL2"),
    ] {
        let error = refused(&[("SUPABASE_JWT_SECRET", SECRET), (variable, bad)]);
        assert!(error.starts_with(variable), "{bad}: {error}");
    }
}

#[test]
fn a_secret_is_never_printed() {
    let config = config(&[("SUPABASE_JWT_SECRET", SECRET)]);
    for printed in [format!("{config:?}"), format!("{config:#?}")] {
        assert!(printed.contains("redacted"), "{printed}");
        assert!(!printed.contains(SECRET) && !printed.contains(&SECRET[..8]), "{printed}");
    }
}

#[tokio::test]
async fn a_minted_token_passes_the_verifier_of_the_same_environment_and_no_other() {
    let secret = ("SUPABASE_JWT_SECRET", SECRET);
    for env in [
        &[secret][..],
        &[secret, ("SUPABASE_URL", "https://project.supabase.co/")],
        &[secret, ("PREWARM_JWT_ISSUER", "https://auth.example,https://old.example")],
        &[secret, ("PREWARM_REQUIRE_AAL", "aal2")],
    ] {
        let token = config(env).mint(ORG, Duration::from_secs(60), NOW).expect("a token");
        let claims = verifier(env).verify(&token, NOW).await.expect("accepted");
        assert_eq!((claims.org, claims.expires_at.0), (ORG, NOW.0 + 60));

        let other = verifier(&[("SUPABASE_JWT_SECRET", "another-secret-of-thirty-two-bytes-or-more")]);
        other.verify(&token, NOW).await.expect_err("signed with another secret");
    }
}

#[test]
fn minting_needs_a_secret() {
    let minted = config(&[("SUPABASE_URL", "https://project.supabase.co")]).mint(ORG, Duration::from_secs(60), NOW);
    assert!(matches!(minted, Err(MintError::NoSecret)));
}
