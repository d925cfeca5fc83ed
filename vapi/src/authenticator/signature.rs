//! Signed webhooks: an HMAC over the body and the time of sending.

use std::{fmt, str};

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use hmac::{Hmac, KeyInit, Mac};
use readmodel::time::Timestamp;
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use subtle::{Choice, ConstantTimeEq};

use super::{
    headers::{Headers, WebhookRefused},
    setting::{SettingError, flag},
};

/// The largest distance of the signed time from now, in both directions.
const WINDOW_MICROS: i64 = 5 * 60 * 1_000_000;
/// A greater number is milliseconds: as seconds it would be in the year 5138.
const LAST_SECOND: i64 = 99_999_999_999;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The settings of Vapi's HMAC credential, and its keys; several while one is being rotated out.
#[derive(Clone)]
pub(super) struct Signatures {
    keys: Vec<Vec<u8>>,
    algorithm: Algorithm,
    encoding: Encoding,
    /// A text before the signature.
    prefix: String,
    header: String,
    timestamp_header: String,
    id_header: String,
    format: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Sha256,
    Sha512,
    Sha1,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Hex,
    Base64,
}

/// A part of the signed text.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Timestamp,
    Id,
    Body,
}

/// A signature from the headers, still to be checked against the body.
#[must_use]
pub(super) struct Signed<'a> {
    signatures: &'a Signatures,
    tag: Vec<u8>,
    timestamp: &'a [u8],
    id: &'a [u8],
}

impl Signatures {
    /// Reads `VAPI_WEBHOOK_HMAC` and its options; `None` if it is not set.
    pub(super) fn from_env<'a>(
        secrets: impl Iterator<Item = &'a str>,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, SettingError> {
        let Some(algorithm) = lookup("VAPI_WEBHOOK_HMAC") else { return Ok(None) };
        let algorithm = match algorithm.trim() {
            "sha256" => Algorithm::Sha256,
            "sha512" => Algorithm::Sha512,
            "sha1" => Algorithm::Sha1,
            _ => return Err(SettingError::new("VAPI_WEBHOOK_HMAC", "sha256, sha512 or sha1")),
        };
        let encoding = match lookup("VAPI_WEBHOOK_HMAC_ENCODING").as_deref().map(str::trim) {
            None | Some("hex") => Encoding::Hex,
            Some("base64") => Encoding::Base64,
            Some(_) => return Err(SettingError::new("VAPI_WEBHOOK_HMAC_ENCODING", "hex or base64")),
        };
        let text = |name: &str, default: &str| lookup(name).map_or(default.to_owned(), |text| text.trim().to_owned());
        Ok(Some(Self {
            keys: keys(secrets, flag(&lookup, "VAPI_WEBHOOK_HMAC_SECRET_IS_BASE64", false)?)?,
            algorithm,
            encoding,
            prefix: text("VAPI_WEBHOOK_HMAC_PREFIX", ""),
            header: text("VAPI_WEBHOOK_HMAC_HEADER", "x-signature"),
            timestamp_header: text("VAPI_WEBHOOK_HMAC_TIMESTAMP_HEADER", "x-timestamp"),
            id_header: text("VAPI_WEBHOOK_HMAC_ID_HEADER", "svix-id"),
            format: format(&text("VAPI_WEBHOOK_HMAC_FORMAT", "{timestamp}.{body}"))?,
        }))
    }

    /// Whether a webhook has a signature, right or wrong.
    pub(super) fn is_presented(&self, headers: Headers<'_, '_>) -> Result<bool, WebhookRefused> {
        Ok(headers.only(&self.header)?.is_some())
    }

    /// Checks everything that does not need the body.
    pub(super) fn claim<'a>(&'a self, headers: Headers<'_, 'a>, now: Timestamp) -> Result<Signed<'a>, WebhookRefused> {
        let signature = headers.only(&self.header)?.ok_or(WebhookRefused::Missing)?.trim_ascii();
        let tag = signature.strip_prefix(self.prefix.as_bytes()).and_then(|encoded| self.encoding.decode(encoded));
        let tag = tag.filter(|tag| tag.len() == self.algorithm.tag_bytes()).ok_or(WebhookRefused::Wrong)?;
        let timestamp = self.covered(headers, &Part::Timestamp, &self.timestamp_header)?;
        let id = self.covered(headers, &Part::Id, &self.id_header)?;
        if self.format.contains(&Part::Timestamp) {
            let sent = instant(timestamp).ok_or(WebhookRefused::Wrong)?;
            if sent.abs_diff(now.as_micros()) > WINDOW_MICROS.unsigned_abs() {
                return Err(WebhookRefused::Stale);
            }
        }
        Ok(Signed { signatures: self, tag, timestamp, id })
    }

    /// The value of the header that a part of the format stands for; empty if the format has no such part.
    fn covered<'a>(&self, headers: Headers<'_, 'a>, part: &Part, name: &str) -> Result<&'a [u8], WebhookRefused> {
        if !self.format.contains(part) {
            return Ok(b"");
        }
        headers.only(name)?.map(<[u8]>::trim_ascii).ok_or(WebhookRefused::Missing)
    }

    fn tag_with(&self, key: &[u8], parts: &[&[u8]]) -> Option<Vec<u8>> {
        match self.algorithm {
            Algorithm::Sha256 => tag::<Hmac<Sha256>>(key, parts),
            Algorithm::Sha512 => tag::<Hmac<Sha512>>(key, parts),
            Algorithm::Sha1 => tag::<Hmac<Sha1>>(key, parts),
        }
    }
}

impl fmt::Debug for Signatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signatures({:?}, {} keys hidden)", self.algorithm, self.keys.len())
    }
}

impl Signed<'_> {
    /// Checks that one of our keys made the signature over this body. Tries every key and compares whole tags, so that
    /// the time reveals nothing.
    pub(super) fn check(&self, body: &[u8]) -> Result<(), WebhookRefused> {
        let parts = self.signatures.format.iter().map(|part| match part {
            Part::Text(text) => text.as_bytes(),
            Part::Timestamp => self.timestamp,
            Part::Id => self.id,
            Part::Body => body,
        });
        let parts: Vec<_> = parts.collect();
        let ours = self.signatures.keys.iter().fold(Choice::from(0), |ours, key| {
            let tag = self.signatures.tag_with(key, &parts);
            ours | tag.map_or(Choice::from(0), |tag| tag.ct_eq(&self.tag))
        });
        if bool::from(ours) { Ok(()) } else { Err(WebhookRefused::Wrong) }
    }
}

impl Algorithm {
    const fn tag_bytes(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha512 => 64,
            Self::Sha1 => 20,
        }
    }
}

impl Encoding {
    fn decode(self, encoded: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Hex => unhex(encoded),
            Self::Base64 => BASE64.decode(encoded).ok(),
        }
    }
}

fn tag<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Option<Vec<u8>> {
    let mut mac = <M as KeyInit>::new_from_slice(key).ok()?;
    parts.iter().for_each(|part| mac.update(part));
    Some(mac.finalize().into_bytes().to_vec())
}

fn keys<'a>(secrets: impl Iterator<Item = &'a str>, are_base64: bool) -> Result<Vec<Vec<u8>>, SettingError> {
    let key = |secret: &str| {
        let decoded = if are_base64 { BASE64.decode(secret).ok() } else { Some(secret.as_bytes().to_vec()) };
        decoded.filter(|key| !key.is_empty()).ok_or(SettingError::new(
            "VAPI_WEBHOOK_SECRET",
            "base64, although VAPI_WEBHOOK_HMAC_SECRET_IS_BASE64 says so",
        ))
    };
    secrets.map(key).collect()
}

/// Splits a format at the names that Vapi fills in. Names such as `{url}`, whose value only Vapi knows, are errors.
fn format(text: &str) -> Result<Vec<Part>, SettingError> {
    const EXPECTED: &str = "made of {body}, {timestamp}, {svix-id}, {method} and other text, with {body}";
    let wrong = || SettingError::new("VAPI_WEBHOOK_HMAC_FORMAT", EXPECTED);
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or_else(wrong)?;
        parts.push(Part::Text(before.to_owned()));
        parts.push(match name {
            "body" => Part::Body,
            "timestamp" => Part::Timestamp,
            "svix-id" => Part::Id,
            // The route has no other method.
            "method" => Part::Text("POST".to_owned()),
            _ => return Err(wrong()),
        });
        rest = after;
    }
    parts.push(Part::Text(rest.to_owned()));
    if parts.contains(&Part::Body) { Ok(parts) } else { Err(wrong()) }
}

/// Converts seconds or milliseconds since 1970 to microseconds.
fn instant(digits: &[u8]) -> Option<i64> {
    let number: i64 = str::from_utf8(digits).ok()?.parse().ok()?;
    let scale = if (0..=LAST_SECOND).contains(&number) { 1_000_000 } else { 1000 };
    number.checked_mul(scale)
}

fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    let nibble = |digit: u8| char::from(digit).to_digit(16);
    let byte = |pair: &[u8]| u8::try_from(nibble(pair[0])? * 16 + nibble(pair[1])?).ok();
    if digits.len().is_multiple_of(2) { digits.chunks_exact(2).map(byte).collect() } else { None }
}
