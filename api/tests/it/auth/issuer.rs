//! A project that signs tokens, with keys made for the test.

use api::auth::{Config, UnixSeconds, Verifier};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use p256::{
    elliptic_curve::{rand_core::OsRng, sec1::ToEncodedPoint as _},
    pkcs8::{EncodePrivateKey as _, EncodePublicKey as _, LineEnding},
};
use readmodel::ids::OrgId;
use rsa::{pkcs1::EncodeRsaPrivateKey as _, traits::PublicKeyParts as _};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) const NOW: UnixSeconds = UnixSeconds(1_800_000_000);
pub(crate) const SECRET: &str = "a-secret-of-more-than-thirty-two-bytes";
pub(crate) const ORG: OrgId = OrgId(Uuid::from_u128(0x0a0b_0c0d_0e0f_4a0b_8c0d_0000_0000_0001));

/// `NOW` plus some seconds.
pub(crate) fn after(seconds: i64) -> UnixSeconds {
    UnixSeconds(NOW.0 + seconds)
}

/// A verifier with these variables.
pub(crate) fn verifier(env: &[(&str, &str)]) -> Verifier {
    Verifier::new(&config(env)).expect("a verifier")
}

pub(crate) fn config(env: &[(&str, &str)]) -> Config {
    let lookup = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    Config::from_env(lookup).expect("a usable environment")
}

/// A verifier with the test secret as its only key.
pub(crate) fn secret_verifier() -> Verifier {
    verifier(&[("SUPABASE_JWT_SECRET", SECRET)])
}

/// The claims of a signed-in user of [`ORG`], valid for an hour.
pub(crate) fn claims() -> Value {
    json!({
        "iss": "https://project.supabase.co/auth/v1",
        "sub": "5e1f6a7c-2f4e-4d0a-9f3b-8f4a8f0d9a11",
        "aud": "authenticated",
        "role": "authenticated",
        "iat": NOW.0,
        "exp": NOW.0 + 3600,
        "email": "someone@example.com",
        "app_metadata": { "provider": "email", "org_id": ORG },
        "user_metadata": {},
    })
}

/// The usual claims with some replaced; null removes one.
pub(crate) fn claims_with(changes: Value) -> Value {
    let mut claims = claims();
    let members = claims.as_object_mut().expect("an object");
    for (name, value) in changes.as_object().expect("an object") {
        if value.is_null() {
            members.remove(name)
        } else {
            members.insert(name.clone(), value.clone())
        };
    }
    claims
}

/// A signing key.
pub(crate) struct Signer {
    pub(crate) algorithm: Algorithm,
    key: EncodingKey,
    kid: String,
    /// The published public half; null for a secret.
    pub(crate) jwk: Value,
    /// The public half as DER and PEM; empty for a secret and for RSA.
    pub(crate) public: Vec<Vec<u8>>,
}

impl Signer {
    pub(crate) fn hs256(secret: impl AsRef<[u8]>) -> Self {
        let key = EncodingKey::from_secret(secret.as_ref());
        Self { algorithm: Algorithm::HS256, key, kid: "legacy".into(), jwk: Value::Null, public: Vec::new() }
    }

    pub(crate) fn es256(kid: &str) -> Self {
        let private = p256::SecretKey::random(&mut OsRng);
        let public = private.public_key();
        let point = public.to_encoded_point(false);
        let [x, y] = [point.x(), point.y()].map(|coordinate| URL_SAFE_NO_PAD.encode(coordinate.expect("a coordinate")));
        let jwk = json!({ "kty": "EC", "crv": "P-256", "kid": kid, "alg": "ES256", "use": "sig", "x": x, "y": y });
        let der = public.to_public_key_der().expect("DER").into_vec();
        let pem = public.to_public_key_pem(LineEnding::LF).expect("PEM").into_bytes();
        let key = EncodingKey::from_ec_der(private.to_pkcs8_der().expect("PKCS 8").as_bytes());
        Self { algorithm: Algorithm::ES256, key, kid: kid.into(), jwk, public: vec![der, pem] }
    }

    pub(crate) fn rs256(kid: &str) -> Self {
        let private = rsa::RsaPrivateKey::new(&mut OsRng, 2048).expect("an RSA key");
        let encode = |number: &rsa::BigUint| URL_SAFE_NO_PAD.encode(number.to_bytes_be());
        let (n, e) = (encode(private.n()), encode(private.e()));
        let jwk =
            json!({ "kty": "RSA", "kid": kid, "alg": "RS256", "use": "sig", "key_ops": ["verify"], "n": n, "e": e });
        let key = EncodingKey::from_rsa_der(private.to_pkcs1_der().expect("PKCS 1").as_bytes());
        Self { algorithm: Algorithm::RS256, key, kid: kid.into(), jwk, public: Vec::new() }
    }

    /// A token with the usual header.
    pub(crate) fn token(&self, claims: &Value) -> String {
        let header = json!({ "alg": format!("{:?}", self.algorithm), "typ": "JWT", "kid": self.kid });
        self.raw(&header.to_string(), &claims.to_string())
    }

    /// A correctly signed token with these header and payload bytes.
    pub(crate) fn raw(&self, header: &str, payload: &str) -> String {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let signature = crypto::sign(signed.as_bytes(), &self.key, self.algorithm).expect("a signature");
        format!("{signed}.{signature}")
    }
}
