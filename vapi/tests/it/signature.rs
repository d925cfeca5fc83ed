//! Webhook signatures. Those in this file were made by another implementation of HMAC.

use readmodel::time::Timestamp;
use vapi::{AuthError, Authenticator, WebhookRefused};

const OLD: &str = "old-horse";
const NEW: &str = "new-battery-staple";
const BODY: &str = r#"{"message":{"type":"hang"}}"#;
/// 2026-03-02, in seconds since the epoch.
const SENT: &str = "1772441072";
const SENT_SECOND: i64 = 1_772_441_072;

/// Signatures over `{timestamp}.{body}`: the algorithm, then each secret's signature in hexadecimal and in base64.
const SIGNED: [(&str, [[&str; 2]; 2]); 3] = [
    (
        "sha256",
        [
            [
                "dc3f1536c211242e3ee1ae971b840fbfac2a58310dc84b059dc59bbf87aa612e",
                "3D8VNsIRJC4+4a6XG4QPv6wqWDENyEsFncWbv4eqYS4=",
            ],
            [
                "a82d4df3471506ad1bdb39ae5cd412cc0617fffb9388233c7fed21346276244f",
                "qC1N80cVBq0b2zmuXNQSzAYX//uTiCM8f+0hNGJ2JE8=",
            ],
        ],
    ),
    (
        "sha512",
        [
            [
                "ca45671329efa2a02568b027271f2f7120c8a5596be8d6288328e3532b28572e25270b6f0cf8560329b3f6de3560bf2c2acc084c9e52b41624a97fa9bbd35f6d",
                "ykVnEynvoqAlaLAnJx8vcSDIpVlr6NYogyjjUysoVy4lJwtvDPhWAymz9t41YL8sKswITJ5StBYkqX+pu9NfbQ==",
            ],
            [
                "b61d43d86bfa3bd4e82d15f93657dad20025e4d5918b94bd45d9d9ceaa1f5985e989d4d55837c27e19d8b3e7d2b233a7c03c70005101d5f104b309503f1f85dd",
                "th1D2Gv6O9ToLRX5Nlfa0gAl5NWRi5S9RdnZzqofWYXpidTVWDfCfhnYs+fSsjOnwDxwAFEB1fEEswlQPx+F3Q==",
            ],
        ],
    ),
    (
        "sha1",
        [
            ["9a3619ffc2158f6a51eac21cf3163944ab7d0293", "mjYZ/8IVj2pR6sIc8xY5RKt9ApM="],
            ["eef12e62f53b638bc35bc053cc8cbb9be41ee222", "7vEuYvU7Y4vDW8BTzIy7m+Qe4iI="],
        ],
    ),
];
/// The first signature.
const GOOD: &str = SIGNED[0].1[0][0];

type Settings<'a> = &'a [(&'a str, &'a str)];

fn authenticator(settings: Settings<'_>) -> Result<Authenticator, AuthError> {
    let secrets = format!("{OLD},{NEW}");
    Authenticator::from_env(|name| {
        let set = settings.iter().rfind(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        set.or((name == "VAPI_WEBHOOK_SECRET").then(|| secrets.clone()))
    })
}

/// The verdict on a webhook that arrives at an instant.
fn check_at(seconds: i64, settings: Settings<'_>, headers: &[(&str, &str)], body: &str) -> Result<(), WebhookRefused> {
    let authenticator = authenticator(settings).unwrap();
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    authenticator.admit(&headers, Timestamp::from_micros(seconds * 1_000_000))?.check(body.as_bytes())
}

fn check(settings: Settings<'_>, headers: &[(&str, &str)]) -> Result<(), WebhookRefused> {
    check_at(SENT_SECOND, settings, headers, BODY)
}

const HMAC: (&str, &str) = ("VAPI_WEBHOOK_HMAC", "sha256");

#[test]
fn every_algorithm_encoding_and_secret_is_accepted() {
    for (algorithm, signatures) in SIGNED {
        for [hex, base64] in signatures {
            let on = ("VAPI_WEBHOOK_HMAC", algorithm);
            let in_base64 = ("VAPI_WEBHOOK_HMAC_ENCODING", "base64");
            assert_eq!(check(&[on], &[("X-Signature", hex), ("X-Timestamp", SENT)]), Ok(()));
            assert_eq!(check(&[on], &[("x-signature", &hex.to_uppercase()), ("x-timestamp", SENT)]), Ok(()));
            assert_eq!(check(&[on, in_base64], &[("x-signature", base64), ("x-timestamp", SENT)]), Ok(()));
            let unpadded = base64.trim_end_matches('=');
            assert_eq!(check(&[on, in_base64], &[("x-signature", unpadded), ("x-timestamp", SENT)]), Ok(()));
        }
    }
}

#[test]
fn a_changed_byte_of_the_signed_content_is_refused() {
    let headers = [("x-signature", GOOD), ("x-timestamp", SENT)];
    assert_eq!(check_at(SENT_SECOND, &[HMAC], &headers, BODY), Ok(()));
    for body in ["", "{}", &BODY.replace("hang", "hank"), &format!("{BODY} "), &format!("{SENT}.{BODY}")] {
        assert_eq!(check_at(SENT_SECOND, &[HMAC], &headers, body), Err(WebhookRefused::Wrong), "{body}");
    }
    assert_eq!(check(&[HMAC], &[headers[0], ("x-timestamp", "1772441073")]), Err(WebhookRefused::Wrong));
    for digit in 0..GOOD.len() {
        let mut wrong = GOOD.to_owned();
        let other = if &GOOD[digit..=digit] == "0" { "1" } else { "0" };
        wrong.replace_range(digit..=digit, other);
        assert_eq!(check(&[HMAC], &[("x-signature", &wrong), headers[1]]), Err(WebhookRefused::Wrong));
    }
    // Another algorithm, another encoding, truncated, and too long.
    let [sha512, sha1] = [SIGNED[1].1[0][0], SIGNED[2].1[0][0]];
    for wrong in [sha512, sha1, SIGNED[0].1[0][1], &GOOD[1..], &GOOD[2..], &format!("{GOOD}00"), "", "x", "é"] {
        assert_eq!(check(&[HMAC], &[("x-signature", wrong), headers[1]]), Err(WebhookRefused::Wrong), "{wrong}");
    }
}

#[test]
fn a_signature_is_valid_for_five_minutes_in_either_unit() {
    let in_millis = "ff8e6427691bdb1f8019ae31d7ad6d3859532037dc2e35edf74671db56c57200";
    for (signature, time) in [(GOOD, SENT), (in_millis, "1772441072345")] {
        let headers = [("x-signature", signature), ("x-timestamp", time)];
        for (late, outcome) in [
            (0, Ok(())),
            (299, Ok(())),
            (-299, Ok(())),
            (302, Err(WebhookRefused::Stale)),
            (-302, Err(WebhookRefused::Stale)),
            (30 * 86_400, Err(WebhookRefused::Stale)),
        ] {
            assert_eq!(check_at(SENT_SECOND + late, &[HMAC], &headers, BODY), outcome, "{time} {late}");
        }
    }
    for time in ["", "now", "1772441072.5", "-1772441072", "99999999999999999999", "9223372036854775807"] {
        let outcome = check(&[HMAC], &[("x-signature", GOOD), ("x-timestamp", time)]);
        assert!(matches!(outcome, Err(WebhookRefused::Wrong | WebhookRefused::Stale)), "{time}: {outcome:?}");
    }
}

#[test]
fn a_request_is_refused_before_its_body_if_the_headers_suffice() {
    let authenticator = authenticator(&[HMAC]).unwrap();
    let admit = |seconds: i64, headers: &[(&str, &'static str)]| {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        authenticator.admit(&headers, Timestamp::from_micros(seconds * 1_000_000)).map(|_| ())
    };
    let (signature, time) = (("x-signature", GOOD), ("x-timestamp", SENT));
    assert_eq!(admit(SENT_SECOND, &[signature, time]), Ok(()));
    assert_eq!(admit(0, &[signature, time]), Err(WebhookRefused::Stale));
    assert_eq!(admit(SENT_SECOND, &[signature]), Err(WebhookRefused::Missing));
    assert_eq!(admit(SENT_SECOND, &[time]), Err(WebhookRefused::Missing));
    assert_eq!(admit(SENT_SECOND, &[("x-signature", "none"), time]), Err(WebhookRefused::Wrong));
    assert_eq!(admit(SENT_SECOND, &[signature, time, signature]), Err(WebhookRefused::Repeated));
    assert_eq!(admit(SENT_SECOND, &[signature, time, time]), Err(WebhookRefused::Repeated));
}

#[test]
fn a_plain_secret_is_accepted_only_if_both_modes_are_allowed() {
    let shown = [("x-vapi-secret", OLD)];
    let bearer = format!("Bearer {NEW}");
    let either = [HMAC, ("VAPI_WEBHOOK_HMAC_ONLY", "false")];
    for plain in [shown, [("authorization", bearer.as_str())]] {
        assert_eq!(check(&[HMAC], &plain), Err(WebhookRefused::Missing));
        assert_eq!(check(&[HMAC, ("VAPI_WEBHOOK_HMAC_ONLY", "true")], &plain), Err(WebhookRefused::Missing));
        assert_eq!(check(&[], &plain), Ok(()));
        assert_eq!(check(&either, &plain), Ok(()));
    }
    assert_eq!(check(&either, &[("x-signature", GOOD), ("x-timestamp", SENT)]), Ok(()));
    assert_eq!(check(&either, &[("x-vapi-secret", "wrong")]), Err(WebhookRefused::Wrong));
    assert_eq!(check(&either, &[]), Err(WebhookRefused::Missing));
    // A present signature is always checked.
    assert_eq!(check(&either, &[shown[0], ("x-signature", "00"), ("x-timestamp", SENT)]), Err(WebhookRefused::Wrong));
    // Without HMAC settings, a signature does not count.
    assert_eq!(check(&[], &[("x-signature", GOOD), ("x-timestamp", SENT)]), Err(WebhookRefused::Missing));
}

#[test]
fn header_names_prefix_payload_format_and_key_follow_the_settings() {
    let named = [
        HMAC,
        ("VAPI_WEBHOOK_HMAC_HEADER", "X-Hub-Signature-256"),
        ("VAPI_WEBHOOK_HMAC_TIMESTAMP_HEADER", "X-Sent"),
        ("VAPI_WEBHOOK_HMAC_PREFIX", "sha256="),
    ];
    let prefixed = format!("sha256={GOOD}");
    assert_eq!(check(&named, &[("x-hub-signature-256", &prefixed), ("x-sent", SENT)]), Ok(()));
    assert_eq!(check(&named, &[("x-hub-signature-256", GOOD), ("x-sent", SENT)]), Err(WebhookRefused::Wrong));
    assert_eq!(check(&named, &[("x-signature", &prefixed), ("x-timestamp", SENT)]), Err(WebhookRefused::Missing));

    let svix = [
        HMAC,
        ("VAPI_WEBHOOK_HMAC_FORMAT", "{svix-id}.{timestamp}.{body}"),
        ("VAPI_WEBHOOK_HMAC_ENCODING", "base64"),
        ("VAPI_WEBHOOK_HMAC_PREFIX", "v1,"),
    ];
    let signature = ("x-signature", "v1,rwHjmXPcB4eCs7u0zEtCWt4i+63xeJjox/sLhU/PoFg=");
    assert_eq!(check(&svix, &[signature, ("x-timestamp", SENT), ("svix-id", "msg_1")]), Ok(()));
    assert_eq!(check(&svix, &[signature, ("x-timestamp", SENT), ("svix-id", "msg_2")]), Err(WebhookRefused::Wrong));
    assert_eq!(check(&svix, &[signature, ("x-timestamp", SENT)]), Err(WebhookRefused::Missing));

    // A format without a timestamp never expires and needs no timestamp header.
    let body_only = [HMAC, ("VAPI_WEBHOOK_HMAC_FORMAT", "{body}")];
    let signature = ("x-signature", "07f02239e20e796e95d3524fa18449e1b249e3a994ce1ae18c8418600a7f7037");
    assert_eq!(check_at(0, &body_only, &[signature], BODY), Ok(()));
    let method = [HMAC, ("VAPI_WEBHOOK_HMAC_FORMAT", "{method} {body}|{body}")];
    let signature = ("x-signature", "4614318995544a75aa9ad9232b6978045ba5875e5a28a93c789cf90c62984f29");
    assert_eq!(check_at(0, &method, &[signature], BODY), Ok(()));

    let key = [HMAC, ("VAPI_WEBHOOK_SECRET", "AP+A"), ("VAPI_WEBHOOK_HMAC_SECRET_IS_BASE64", "true")];
    let signature = ("x-signature", "c67e8776be10a2652e83dba6dc130e95805e58724b9e3b8202bda2bd84615df3");
    assert_eq!(check(&key, &[signature, ("x-timestamp", SENT)]), Ok(()));
    assert_eq!(check(&key[..2], &[signature, ("x-timestamp", SENT)]), Err(WebhookRefused::Wrong));
}

#[test]
fn an_invalid_setting_is_named_and_not_quoted() {
    for (name, value) in [
        ("VAPI_WEBHOOK_HMAC", "md5"),
        ("VAPI_WEBHOOK_HMAC", "SHA256!"),
        ("VAPI_WEBHOOK_HMAC_ENCODING", "base32"),
        ("VAPI_WEBHOOK_HMAC_ONLY", "maybe"),
        ("VAPI_WEBHOOK_HMAC_SECRET_IS_BASE64", "1"),
        ("VAPI_WEBHOOK_HMAC_FORMAT", "at {timestamp}!"),
        ("VAPI_WEBHOOK_HMAC_FORMAT", "{url}{body}"),
        ("VAPI_WEBHOOK_HMAC_FORMAT", "x{body"),
    ] {
        let refused = authenticator(&[HMAC, (name, value)]).unwrap_err().to_string();
        assert!(refused.contains(name) && !refused.contains(value), "{refused}");
    }
    let not_base64 = [HMAC, ("VAPI_WEBHOOK_SECRET", "not base64!"), ("VAPI_WEBHOOK_HMAC_SECRET_IS_BASE64", "true")];
    let refused = authenticator(&not_base64).unwrap_err().to_string();
    assert!(refused.contains("VAPI_WEBHOOK_SECRET") && !refused.contains("not base64!"), "{refused}");
}

#[test]
fn debug_output_shows_no_secret() {
    for settings in [&[][..], &[HMAC], &[HMAC, ("VAPI_WEBHOOK_HMAC_ONLY", "false")]] {
        let printed = format!("{:?}", authenticator(settings).unwrap());
        assert!(printed.contains("2 ") && printed.contains("hidden"), "{printed}");
        assert!(!printed.contains(OLD) && !printed.contains(NEW), "{printed}");
    }
}
