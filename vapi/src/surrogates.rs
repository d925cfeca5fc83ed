//! Lone surrogates. JavaScript may cut a text between the two halves of a character beyond the first 65,536, such as
//! most emoji, and writes the remaining half as an escape. It is no valid text, and no Rust parser accepts it.

/// The escape of U+FFFD, which is as long as the one it replaces.
const REPLACEMENT: &[u8] = b"\\ufffd";

/// The body with U+FFFD in place of every lone surrogate; `None` if there is none.
pub(crate) fn replace_lone(body: &[u8]) -> Option<Vec<u8>> {
    let mut mended: Option<Vec<u8>> = None;
    let mut at = 0;
    while let Some(next) = body.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'\\')) {
        at += next;
        let length = match unit(body, at) {
            None => 2,
            Some(0xD800..=0xDBFF) if matches!(unit(body, at + 6), Some(0xDC00..=0xDFFF)) => 12,
            Some(0xD800..=0xDFFF) => {
                mended.get_or_insert_with(|| body.to_vec())[at..at + 6].copy_from_slice(REPLACEMENT);
                6
            }
            Some(_) => 6,
        };
        at += length;
    }
    mended
}

/// The UTF-16 code unit of the escape at a position, if there is a `\uXXXX`.
fn unit(body: &[u8], at: usize) -> Option<u16> {
    let digits = body.get(at..at + 6)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |unit, digit| Some(unit * 16 + u16::try_from(char::from(*digit).to_digit(16)?).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(body: &str) -> Option<String> {
        replace_lone(body.as_bytes()).map(|body| String::from_utf8(body).unwrap())
    }

    #[test]
    fn lone_surrogates_are_replaced() {
        for (body, mended_to) in [
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""\uDE00 x""#, r#""\ufffd x""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\ud83d\n\ude00""#, r#""\ufffd\n\ufffd""#),
            (r#""\\\ud83d\\""#, r#""\\\ufffd\\""#),
            (r#""\ud83d\u0041""#, r#""\ufffd\u0041""#),
        ] {
            assert_eq!(mended(body).as_deref(), Some(mended_to));
        }
    }

    #[test]
    fn everything_else_is_unchanged() {
        for body in [r#""\ud83d\ude00""#, r#""\\ud83d""#, r#""\u00e9\"\\""#, r#""\ud8"#, r#""\"#, "\u{1F600}", ""] {
            assert_eq!(mended(body), None, "{body}");
        }
    }
}
