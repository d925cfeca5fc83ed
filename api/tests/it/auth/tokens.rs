//! The rules for tokens, one table per rule.

use api::auth::Denied;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::Algorithm;
use p256::ecdsa::Signature;
use readmodel::ids::OrgId;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    issuer::{NOW, ORG, SECRET, Signer, after, claims, claims_with, secret_verifier, verifier},
    publisher::Publisher,
};

/// The verdict on a correctly signed payload.
async fn verdict(payload: &str) -> Result<OrgId, Denied> {
    let token = Signer::hs256(SECRET).raw(r#"{"alg":"HS256","typ":"JWT"}"#, payload);
    secret_verifier().verify(&token, NOW).await.map(|claims| claims.org)
}

async fn assert_all(cases: impl IntoIterator<Item = (Value, Result<OrgId, Denied>)>) {
    for (changes, expected) in cases {
        assert_eq!(verdict(&claims_with(changes.clone()).to_string()).await, expected, "{changes}");
    }
}

const GOOD: Result<OrgId, Denied> = Ok(ORG);
const WRONG: Result<OrgId, Denied> = Err(Denied::BadClaims);

#[tokio::test]
async fn a_token_of_each_algorithm_yields_its_org_and_expiry() {
    let (ec, rsa) = (Signer::es256("ec"), Signer::rs256("rsa"));
    let publisher = Publisher::start(&[&ec.jwk, &rsa.jwk]).await;
    let verifier = verifier(&[("SUPABASE_JWT_SECRET", SECRET), ("PREWARM_JWKS_URL", &publisher.url())]);
    for signer in [Signer::hs256(SECRET), ec, rsa] {
        let claims = verifier.verify(&signer.token(&claims()), NOW).await.expect("accepted");
        assert_eq!((claims.org, claims.expires_at), (ORG, after(3600)), "{:?}", signer.algorithm);
    }
}

#[tokio::test]
async fn an_unsigned_token_is_denied() {
    let signed = Signer::hs256(SECRET).token(&claims());
    let (message, signature) = signed.rsplit_once('.').expect("three parts");
    let (header, payload) = message.split_once('.').expect("three parts");
    for alg in ["none", "None", "nOnE", "NONE", "", "hs256", "HS384", "HS512", "ES384", "PS256", "EdDSA"] {
        let header = URL_SAFE_NO_PAD.encode(json!({ "alg": alg }).to_string());
        for signature in ["", signature] {
            let token = format!("{header}.{payload}.{signature}");
            assert_eq!(secret_verifier().verify(&token, NOW).await, Err(Denied::Malformed), "{alg}");
        }
    }
    for header in ["{}", r#"{"alg":null}"#, r#"{"alg":["HS256"]}"#, "[]", "HS256", ""] {
        let token = Signer::hs256(SECRET).raw(header, &claims().to_string());
        assert_eq!(secret_verifier().verify(&token, NOW).await, Err(Denied::Malformed), "{header}");
    }
    for token in
        [format!("{message}."), message.to_owned(), format!("{signed}."), format!(".{signed}"), header.to_owned()]
    {
        secret_verifier().verify(&token, NOW).await.expect_err(&token);
    }
}

#[tokio::test]
async fn no_character_of_a_token_can_be_changed() {
    let token = Signer::hs256(SECRET).token(&claims());
    let verifier = secret_verifier();
    verifier.verify(&token, NOW).await.expect("good");
    for at in 0..token.len() {
        for other in ["A", "B", "_", "=", ".", " ", "é", ""] {
            let changed = format!("{}{other}{}", &token[..at], &token[at + 1..]);
            if changed != token {
                verifier.verify(&changed, NOW).await.expect_err(&changed);
            }
        }
    }
}

#[tokio::test]
async fn a_public_key_is_never_a_secret() {
    let ec = Signer::es256("ec");
    let publisher = Publisher::start(&[&ec.jwk]).await;
    let mut forms = ec.public.clone();
    forms.extend(["x", "y", "kid"].map(|member| ec.jwk[member].as_str().expect("text").as_bytes().to_vec()));
    forms.push(ec.jwk.to_string().into_bytes());
    forms.push(Vec::new());
    for form in forms {
        let forged = Signer::hs256(form).raw(r#"{"alg":"HS256","kid":"ec"}"#, &claims().to_string());
        let both = verifier(&[("SUPABASE_JWT_SECRET", SECRET), ("PREWARM_JWKS_URL", &publisher.url())]);
        assert_eq!(both.verify(&forged, NOW).await, Err(Denied::BadSignature));
        assert_eq!(publisher.verifier().verify(&forged, NOW).await, Err(Denied::UnknownKey));
    }
}

#[tokio::test]
async fn tokens_signed_with_an_algorithm_that_is_not_configured_are_denied() {
    let ec = Signer::es256("ec");
    let publisher = Publisher::start(&[&ec.jwk]).await;
    let by_secret = Signer::hs256(SECRET).token(&claims());
    assert_eq!(publisher.verifier().verify(&by_secret, NOW).await, Err(Denied::UnknownKey));
    assert_eq!(secret_verifier().verify(&ec.token(&claims()), NOW).await, Err(Denied::UnknownKey));
}

#[tokio::test]
async fn the_anon_and_service_role_keys_of_the_project_are_denied() {
    for role in ["anon", "service_role"] {
        let key = json!({ "iss": "supabase", "ref": "project", "role": role, "iat": NOW.0, "exp": NOW.0 + 3600 });
        assert_eq!(verdict(&key.to_string()).await, WRONG);
        assert_all([(json!({ "role": role }), WRONG)]).await;
    }
}

#[tokio::test]
async fn every_required_claim_is_required() {
    for name in ["exp", "sub", "aud", "role", "app_metadata"] {
        assert_all([json!(null), json!(true), json!({}), json!([])].map(|value| (json!({ name: value }), WRONG))).await;
    }
    assert_all([(json!({ "sub": "" }), WRONG), (json!({ "role": "Authenticated" }), WRONG)]).await;
    assert_all([(json!({ "email": null, "iat": null, "iss": null, "user_metadata": null }), GOOD)]).await;
    for payload in ["", "null", "[]", "{}", "{", &format!("{} ", claims())[1..], &format!("{}{}", claims(), claims())] {
        assert_eq!(verdict(payload).await, WRONG, "{payload}");
    }
}

#[tokio::test]
async fn the_audience_has_to_name_signed_in_users() {
    assert_all([
        (json!({ "aud": "authenticated" }), GOOD),
        (json!({ "aud": ["authenticated"] }), GOOD),
        (json!({ "aud": ["other", "authenticated"] }), GOOD),
        (json!({ "aud": "anon" }), WRONG),
        (json!({ "aud": "authenticated " }), WRONG),
        (json!({ "aud": "" }), WRONG),
        (json!({ "aud": [] }), WRONG),
        (json!({ "aud": ["anon"] }), WRONG),
        (json!({ "aud": ["authenticated", 1] }), WRONG),
        (json!({ "aud": [["authenticated"]] }), WRONG),
        (json!({ "aud": 1 }), WRONG),
        (json!({ "aud": { "authenticated": true } }), WRONG),
    ])
    .await;
}

#[tokio::test]
async fn the_issuer_has_to_match_the_project_if_one_is_configured() {
    let project = verifier(&[("SUPABASE_JWT_SECRET", SECRET), ("SUPABASE_URL", "https://project.supabase.co/")]);
    let signer = Signer::hs256(SECRET);
    project.verify(&signer.token(&claims()), NOW).await.expect("its own issuer");
    for other in [
        json!(null),
        json!(""),
        json!(1),
        json!(["https://project.supabase.co/auth/v1"]),
        json!("https://other.supabase.co/auth/v1"),
        json!("https://project.supabase.co/auth/v1/"),
        json!("http://project.supabase.co/auth/v1"),
        json!("https://project.supabase.co"),
        json!("https://project.supabase.co//auth/v1"),
    ] {
        let token = signer.token(&claims_with(json!({ "iss": other })));
        let denied = if other.is_string() || other.is_null() { Denied::WrongIssuer } else { Denied::BadClaims };
        assert_eq!(project.verify(&token, NOW).await, Err(denied), "{other}");
    }
    assert_all([(json!({ "iss": "https://any.example.com" }), GOOD)]).await;
}

#[tokio::test]
async fn only_the_configured_issuers_are_accepted() {
    const CUSTOM: &str = "https://auth.clinic.example/auth/v1";
    const OF_PROJECT: &str = "https://project.supabase.co/auth/v1";
    let signer = Signer::hs256(SECRET);
    let project = [("SUPABASE_JWT_SECRET", SECRET), ("SUPABASE_URL", "https://project.supabase.co")];
    let both = format!(" {OF_PROJECT} , {CUSTOM},");
    for (issuers, custom, of_project) in [(None, false, true), (Some(CUSTOM), true, false), (Some(&*both), true, true)]
    {
        let set = issuers.map(|issuers| ("PREWARM_JWT_ISSUER", issuers));
        let verifier = verifier(&project.into_iter().chain(set).collect::<Vec<_>>());
        for (issuer, is_good) in [(CUSTOM, custom), (OF_PROJECT, of_project), ("https://other.example", false)] {
            let verdict = verifier.verify(&signer.token(&claims_with(json!({ "iss": issuer }))), NOW).await;
            let expected = if is_good { GOOD } else { Err(Denied::WrongIssuer) };
            assert_eq!(verdict.map(|claims| claims.org), expected, "{issuers:?} {issuer}");
        }
    }
}

#[tokio::test]
async fn anonymous_users_need_a_setting() {
    let token = |value: Value| Signer::hs256(SECRET).token(&claims_with(json!({ "is_anonymous": value })));
    let secret = ("SUPABASE_JWT_SECRET", SECRET);
    for (setting, expected) in
        [(None, Err(Denied::Anonymous)), (Some("false"), Err(Denied::Anonymous)), (Some("true"), GOOD)]
    {
        let set = setting.map(|setting| ("PREWARM_ALLOW_ANONYMOUS", setting));
        let verifier = verifier(&[secret].into_iter().chain(set).collect::<Vec<_>>());
        let verdict = async |value| verifier.verify(&token(value), NOW).await.map(|claims| claims.org);
        assert_eq!(verdict(json!(true)).await, expected, "{setting:?}");
        assert_eq!((verdict(json!(false)).await, verdict(json!(null)).await), (GOOD, GOOD));
        assert_eq!((verdict(json!("true")).await, verdict(json!(1)).await), (WRONG, WRONG));
    }
}

#[tokio::test]
async fn a_session_needs_the_configured_assurance_level() {
    let secret = ("SUPABASE_JWT_SECRET", SECRET);
    for (setting, good) in [
        (None, &[json!(null), json!("aal1"), json!("aal2"), json!("other")][..]),
        (Some("aal1"), &[json!("aal1"), json!("aal2"), json!("aal3")]),
        (Some("aal2"), &[json!("aal2"), json!("aal3")]),
    ] {
        let set = setting.map(|setting| ("PREWARM_REQUIRE_AAL", setting));
        let verifier = verifier(&[secret].into_iter().chain(set).collect::<Vec<_>>());
        for aal in [json!(null), json!("aal1"), json!("aal2"), json!("aal3"), json!("AAL2"), json!(""), json!("other")]
        {
            let token = Signer::hs256(SECRET).token(&claims_with(json!({ "aal": aal })));
            let expected = if setting.is_none() || good.contains(&aal) { GOOD } else { Err(Denied::WeakSession) };
            assert_eq!(verifier.verify(&token, NOW).await.map(|claims| claims.org), expected, "{setting:?} {aal}");
        }
    }
}

#[tokio::test]
async fn a_token_is_valid_until_its_expiry_plus_the_leeway() {
    let now = NOW.0;
    let expired = Err(Denied::Expired);
    assert_all([
        (json!({ "exp": now }), GOOD),
        (json!({ "exp": now - 29 }), GOOD),
        (json!({ "exp": now - 30 }), expired),
        (json!({ "exp": now - 31 }), expired),
        (json!({ "exp": now as f64 + 0.5 }), GOOD),
        (json!({ "exp": 0 }), expired),
        (json!({ "exp": -1 }), expired),
        (json!({ "exp": i64::MIN }), WRONG),
        (json!({ "exp": u64::MAX }), WRONG),
        (json!({ "exp": 1e30 }), WRONG),
        (json!({ "exp": now.to_string() }), WRONG),
    ])
    .await;
    for exp in ["1e400", "-1e400", "NaN", "Infinity", "1800003600x", "9".repeat(400).as_str()] {
        let payload = claims().to_string().replace(&(now + 3600).to_string(), exp);
        assert_eq!(verdict(&payload).await, WRONG, "{exp}");
    }
}

#[tokio::test]
async fn a_token_is_valid_from_its_dates_minus_the_leeway() {
    let now = NOW.0;
    let early = Err(Denied::NotYetValid);
    for date in ["nbf", "iat"] {
        assert_all([
            (json!({ date: now - 1 }), GOOD),
            (json!({ date: now + 29 }), GOOD),
            (json!({ date: now + 30 }), GOOD),
            (json!({ date: now + 31 }), early),
            (json!({ date: "soon" }), WRONG),
            (json!({ date: 1e30 }), WRONG),
        ])
        .await;
    }
}

#[tokio::test]
async fn keys_embedded_in_or_linked_from_a_token_are_not_used() {
    let trap = Publisher::start(&[]).await;
    let (published, attacker) = (Signer::es256("ec"), Signer::es256("ec"));
    let publisher = Publisher::start(&[&published.jwk]).await;
    trap.publish(&[&attacker.jwk]);
    for (name, value) in [
        ("jku", json!(trap.url())),
        ("x5u", json!(trap.url())),
        ("jwk", attacker.jwk.clone()),
        ("x5c", json!([URL_SAFE_NO_PAD.encode(&attacker.public[0])])),
    ] {
        let header = json!({ "alg": "ES256", "kid": "ec", name: value }).to_string();
        let forged = attacker.raw(&header, &claims().to_string());
        assert_eq!(publisher.verifier().verify(&forged, NOW).await, Err(Denied::BadSignature), "{name}");
        let honest = published.raw(&header, &claims().to_string());
        publisher.verifier().verify(&honest, NOW).await.expect("not read, so no matter");
    }
    assert_eq!(trap.fetches(), 0);
}

#[tokio::test]
async fn a_critical_header_is_denied() {
    for crit in [json!(["b64"]), json!([]), json!(null), json!("exp")] {
        let header = json!({ "alg": "HS256", "crit": crit, "b64": false }).to_string();
        let token = Signer::hs256(SECRET).raw(&header, &claims().to_string());
        assert_eq!(secret_verifier().verify(&token, NOW).await, Err(Denied::Malformed), "{crit}");
    }
}

#[tokio::test]
async fn a_token_with_a_duplicate_claim_is_denied() {
    let claims = claims().to_string();
    let other = OrgId(Uuid::from_u128(2));
    let (org, others) = (format!(r#""org_id":"{ORG}""#), format!(r#""org_id":"{other}""#));
    let escaped = others.replace("org_id", r"\u006frg_id");
    for twice in [
        claims.replace(&org, &format!("{org},{org}")),
        claims.replace(&org, &format!("{org},{others}")),
        claims.replace(&org, &format!("{others},{org}")),
        claims.replace(&org, &format!("{org},{escaped}")),
        claims.replacen('{', &format!(r#"{{"app_metadata":{{{others}}},"#), 1),
        claims.replacen('{', &format!(r#"{{"app\u005fmetadata":{{{others}}},"#), 1),
        claims.replacen('{', r#"{"exp":1900000000,"#, 1),
        claims.replacen('{', r#"{"aud":"anon","#, 1),
        claims.replacen('{', r#"{"role":"anon","#, 1),
        claims.replacen('{', r#"{"sub":"someone","#, 1),
        claims.replacen('{', r#"{"iss":"someone","#, 1),
        claims.replacen('{', r#"{"nbf":1,"nbf":2,"#, 1),
    ] {
        assert_ne!(twice, claims);
        assert_eq!(verdict(&twice).await, WRONG, "{twice}");
    }
    for header in [r#"{"alg":"HS256","alg":"none"}"#, r#"{"alg":"none","\u0061lg":"HS256"}"#] {
        let token = Signer::hs256(SECRET).raw(header, &claims);
        assert_eq!(secret_verifier().verify(&token, NOW).await, Err(Denied::Malformed), "{header}");
    }
}

#[tokio::test]
async fn the_org_is_a_hyphenated_uuid_in_app_metadata_and_nothing_else() {
    let hyphenated = ORG.to_string();
    assert_all([
        (json!({ "app_metadata": { "org_id": hyphenated } }), GOOD),
        (json!({ "app_metadata": { "org_id": hyphenated.to_uppercase() } }), GOOD),
    ])
    .await;
    for org in [
        json!(null),
        json!([hyphenated]),
        json!({ "org_id": hyphenated }),
        json!(1),
        json!(hyphenated.replace('-', "")),
        json!(format!("{{{hyphenated}}}")),
        json!(format!("urn:uuid:{hyphenated}")),
        json!(format!(" {hyphenated}")),
        json!(format!("{hyphenated}\n")),
        json!(format!("{hyphenated}\0")),
        json!(hyphenated.replace('0', "０")),
        json!("default"),
        json!(""),
        json!("*"),
        json!("../"),
        json!("0".repeat(4_000)),
    ] {
        assert_all([(json!({ "app_metadata": { "org_id": org } }), WRONG)]).await;
    }
    // Other places do not count: users may write their own user_metadata.
    let elsewhere = json!({ "app_metadata": {}, "org_id": ORG, "user_metadata": { "org_id": ORG } });
    assert_all([(elsewhere, WRONG)]).await;
    let other = json!({ "org_id": Uuid::nil(), "user_metadata": { "org_id": Uuid::nil() } });
    assert_all([(other, GOOD)]).await;
}

#[tokio::test]
async fn an_ecdsa_signature_needs_two_numbers_of_the_right_size() {
    let signer = Signer::es256("ec");
    assert_eq!(signer.algorithm, Algorithm::ES256);
    let publisher = Publisher::start(&[&signer.jwk]).await;
    let verifier = publisher.verifier();
    let token = signer.token(&claims());
    let (message, signature) = token.rsplit_once('.').expect("three parts");
    let bytes = URL_SAFE_NO_PAD.decode(signature).expect("base64");
    let signature = Signature::from_slice(&bytes).expect("a signature");
    let order = p256::NonZeroScalar::try_from(&[&[0; 31][..], &[1]].concat()[..]).expect("one");
    let mirrored = Signature::from_scalars(signature.r(), -signature.s()).expect("a signature");
    for (name, wrong) in [
        ("all zero", vec![0; 64]),
        ("r = 0", [&[0; 32], &bytes[32..]].concat()),
        ("s = 0", [&bytes[..32], &[0; 32]].concat()),
        ("r = s = 1", [order.to_bytes(), order.to_bytes()].concat()),
        ("beyond the order", vec![0xff; 64]),
        ("DER", signature.to_der().as_bytes().to_vec()),
        ("swapped", [&bytes[32..], &bytes[..32]].concat()),
        ("too short", bytes[..63].to_vec()),
        ("too long", [&bytes[..], &[0]].concat()),
        ("empty", Vec::new()),
    ] {
        let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(wrong));
        assert_eq!(verifier.verify(&token, NOW).await, Err(Denied::BadSignature), "{name}");
    }
    // Every ECDSA signature has two valid forms, and issuers use either. Both prove the same message.
    let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(mirrored.to_bytes()));
    assert_eq!(verifier.verify(&token, NOW).await.map(|claims| claims.org), GOOD);
}

#[tokio::test]
async fn a_token_of_16_kb_is_accepted_and_a_longer_one_is_refused_unread() {
    let signer = Signer::hs256(SECRET);
    let of_length = |length: usize| {
        let base = signer.token(&claims_with(json!({ "x": "" }))).len();
        // Three bytes of payload become four bytes of the token.
        signer.token(&claims_with(json!({ "x": "x".repeat((length - base) * 3 / 4) })))
    };
    let (fits, exceeds) = (of_length(16_382), of_length(16_392));
    assert!(fits.len() <= 16_384 && exceeds.len() > 16_384, "{} {}", fits.len(), exceeds.len());
    assert_eq!(secret_verifier().verify(&fits, NOW).await.map(|claims| claims.org), GOOD);
    assert_eq!(secret_verifier().verify(&exceeds, NOW).await, Err(Denied::TooLong));
}
