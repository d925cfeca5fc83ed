//! Vapi's error messages, cleaned so that they can be stored and shown.

use serde_json::Value;

/// A request may have many faults; the first ones are enough.
const MAX_SENTENCES: usize = 20;
/// Some messages list every possible value.
const MAX_CHARS: usize = 300;
/// The part of a message that is searched for secrets, which limits the cost of many secrets in a long one.
const MAX_LOOKED_AT_CHARS: usize = 4_096;
/// Shorter texts are no secrets, and hiding them would hide half the message.
const MIN_SECRET_CHARS: usize = 4;
/// Digits in a run that may be a phone number.
const MIN_PHONE_DIGITS: usize = 7;

const HIDDEN: &str = "[hidden]";

/// The messages in an error's body: its `message`, one or several, or else the text itself.
pub(super) fn words(body: &[u8], secrets: &[&str]) -> Vec<String> {
    let sentences = match serde_json::from_slice(body) {
        Ok(Value::Object(mut fields)) => {
            let message = fields.remove("message").or_else(|| fields.remove("error"));
            message.map(texts).unwrap_or_default()
        }
        Ok(other) => texts(other),
        Err(_) => std::str::from_utf8(body).ok().filter(|text| !is_page(text)).map(str::to_owned).into_iter().collect(),
    };
    let clean = sentences.iter().map(|sentence| clean(sentence, secrets));
    clean.filter(|sentence| !sentence.is_empty()).take(MAX_SENTENCES).collect()
}

fn texts(message: Value) -> Vec<String> {
    match message {
        Value::String(text) => vec![text],
        Value::Array(items) => items.into_iter().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

fn is_page(text: &str) -> bool {
    text.trim_start().starts_with('<')
}

/// Hides secrets before cutting the text, since half a secret would not be recognised.
fn clean(sentence: &str, secrets: &[&str]) -> String {
    let sentence = sentence.trim();
    let mut text: String = sentence.chars().take(MAX_LOOKED_AT_CHARS).collect();
    let is_whole = text.len() == sentence.len();
    // A secret that is part of the placeholder would make the text grow.
    let is_secret = |secret: &&&str| secret.chars().count() >= MIN_SECRET_CHARS && !HIDDEN.contains(**secret);
    for secret in secrets.iter().filter(is_secret) {
        text = text.replace(secret, HIDDEN);
    }
    let text = hide_phone_numbers(&text);
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None if is_whole => text,
        // The rest was nearly all secrets, and may end with half of one.
        None => HIDDEN.to_owned(),
    }
}

/// Hides runs of digits, with the characters that people write between them, unless they are part of a word.
fn hide_phone_numbers(text: &str) -> String {
    let in_number = |char: char| char.is_ascii_digit() || matches!(char, '+' | ' ' | '-' | '.' | '(' | ')');
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = None;
    while let Some(first) = rest.chars().next() {
        let starts = (first == '+' || first == '(' || first.is_ascii_digit())
            && !before.is_some_and(|before: char| before.is_alphanumeric() || before == '-');
        let run = if starts { rest.find(|char| !in_number(char)).unwrap_or(rest.len()) } else { 0 };
        let number = rest[..run].trim_end_matches(|char: char| !char.is_ascii_digit());
        let goes_on = rest[number.len()..].chars().next().is_some_and(char::is_alphanumeric);
        let digits = number.chars().filter(char::is_ascii_digit).count();
        let taken = if digits >= MIN_PHONE_DIGITS && !goes_on {
            clean.push_str(HIDDEN);
            number.len()
        } else {
            clean.push(first);
            first.len_utf8()
        };
        before = rest[..taken].chars().next_back();
        rest = &rest[taken..];
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_wherever_vapi_puts_them() {
        for (body, expected) in [
            (r#"{"message":"Missing.","error":"Unauthorized","statusCode":401}"#, vec!["Missing."]),
            (r#"{"message":["a","b"],"statusCode":400}"#, vec!["a", "b"]),
            (r#"{"error":"assistant_pinned"}"#, vec!["assistant_pinned"]),
            (r#""plain""#, vec!["plain"]),
            ("error code: 1010", vec!["error code: 1010"]),
            ("<html>a page</html>", vec![]),
            ("\u{fffd}", vec!["\u{fffd}"]),
            (r#"{"message":{"a":1}}"#, vec![]),
            ("", vec![]),
        ] {
            assert_eq!(words(body.as_bytes(), &[]), expected, "{body}");
        }
        assert_eq!(words(b"\xff\xfe", &[]), [""; 0]);
    }

    #[test]
    fn sent_values_are_not_repeated() {
        let clean = |text: &str| clean(text, &["s3cret-key", "abc"]);
        for (text, expected) in [
            ("key s3cret-key is wrong", "key [hidden] is wrong"),
            // Too short to be redacted.
            ("abc", "abc"),
            ("customer.number +1 (555) 010-4477 must be E.164", "customer.number [hidden] must be E.164"),
            ("+15550104477", "[hidden]"),
            ("call 5550104, now", "call [hidden], now"),
            ("maxTokens must not be greater than 10000", "maxTokens must not be greater than 10000"),
            (
                "`assistantId` 1234567a-89ab-4cde-8f01-23456789abcd",
                "`assistantId` 1234567a-89ab-4cde-8f01-23456789abcd",
            ),
            ("one of 8000, 16000, 24000, 44100", "one of 8000, 16000, 24000, 44100"),
        ] {
            assert_eq!(clean(text), expected);
        }
    }

    #[test]
    fn redacting_many_secrets_in_a_long_text_is_cheap_and_does_not_grow_it() {
        let secrets: Vec<String> = (0..20_000).map(|n| format!("secret-{n}")).chain(["hidden".to_owned()]).collect();
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        let body = "secret-1 ".repeat(1 << 20);
        let words = words(body.as_bytes(), &secrets);
        assert_eq!(words.len(), 1);
        assert!(words[0].starts_with("[hidden] [hidden]") && words[0].chars().count() <= MAX_CHARS + 1, "{words:?}");
        let half = format!("{}{}", "k".repeat(4_000), "h".repeat(200));
        assert_eq!(super::words(half.as_bytes(), &[&"k".repeat(4_000), &"h".repeat(200)]), ["[hidden]"]);
    }

    #[test]
    fn length_and_count_are_bounded_and_no_secret_is_cut_in_half() {
        let secret = "k".repeat(50);
        let long = format!("{}{secret}", "é ".repeat(140));
        let body = serde_json::json!({"message": vec![long; 50]}).to_string();
        let words = words(body.as_bytes(), &[&secret]);
        assert_eq!(words.len(), MAX_SENTENCES);
        assert!(words.iter().all(|text| text.chars().count() <= MAX_CHARS + 1 && !text.contains('k')));
    }
}
