//! A caller's number, as carriers write it: whether it names anybody, and its one spelling where that is certain.

use std::fmt;

use percent_encoding::percent_decode_str;
use phonenumber::metadata::DATABASE;

/// Fewer digits are an extension or a service, and name nobody.
const MIN_DIGITS: usize = 7;
/// E.164 has no longer number.
const MAX_DIGITS: usize = 15;
/// A carrier's mark in front of a number has no more characters than this.
const MAX_CARRIER_PREFIX: usize = 16;

/// Words that carriers send instead of a number.
const WITHHELD: [&str; 26] = [
    "anonymous",
    "anonym",
    "anonymouscaller",
    "restricted",
    "restrictednumber",
    "unavailable",
    "unknown",
    "unknowncaller",
    "unknownnumber",
    "private",
    "privatecaller",
    "privatenumber",
    "withheld",
    "withheldnumber",
    "numberwithheld",
    "blocked",
    "blockedcaller",
    "blockednumber",
    "hidden",
    "hiddennumber",
    "nocallerid",
    "callerid",
    "nonumber",
    "invalid",
    "undefined",
    "unidentified",
];

/// Those of the words that carriers also send in the digits of a keypad.
const SPELLED: [&str; 7] = ["anonymous", "restricted", "unavailable", "unknown", "private", "withheld", "blocked"];

/// A caller, as far as the number identifies one.
#[derive(Clone, PartialEq, Eq)]
pub enum PhoneNumber {
    /// It names nobody.
    Withheld,
    /// It is this one, in E.164: `+` and digits.
    Certain(String),
    /// It may be this one, as it came.
    Other(String),
}

impl PhoneNumber {
    /// Reads a number in any spelling: with `+` or `00`, spaces and punctuation; a `sip:` or `tel:` address.
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        let Some(subscriber) = Subscriber::of(text) else { return Self::Withheld };
        let user = subscriber.user.as_str();
        let digits: String = user.chars().filter_map(digit).collect();
        if is_withheld(user, &digits) {
            return Self::Withheld;
        }
        if digits.len() < MIN_DIGITS {
            return if subscriber.is_named { Self::Other(text.to_owned()) } else { Self::Withheld };
        }
        match compact(subscriber.number()) {
            Some(number) => Self::of_digits(&number, if subscriber.is_address { user } else { text }),
            None => Self::Other(text.to_owned()),
        }
    }

    /// Of a number without punctuation.
    fn of_digits(number: &str, text: &str) -> Self {
        let international = match number.strip_prefix('+') {
            Some(digits) => Some(digits.strip_prefix("00").unwrap_or(digits)),
            None => number.strip_prefix("00").filter(|digits| is_possible(digits)),
        };
        match international.filter(|digits| is_e164(digits)) {
            Some(digits) => Self::Certain(format!("+{}", without_trunk_zero(digits))),
            None => Self::Other(text.to_owned()),
        }
    }

    /// The number as rows have it; none of a caller who withholds it.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Withheld => None,
            Self::Certain(text) | Self::Other(text) => Some(text),
        }
    }

    /// The digits that all spellings of the number share, its country's code in front: of a number that is certain, and of
    /// bare digits that can be one.
    pub fn digits(&self) -> Option<String> {
        match self {
            Self::Withheld => None,
            Self::Certain(text) => Some(text.trim_start_matches('+').to_owned()),
            Self::Other(text) => compact(text).filter(|digits| is_e164(digits) && is_possible(digits)),
        }
    }

    /// One text for all spellings of the number.
    pub fn key(&self) -> Option<String> {
        self.digits().or_else(|| self.text().map(str::to_owned))
    }

    /// The spellings under which rows may have the number, the likeliest first.
    pub fn spellings(&self) -> Vec<String> {
        let own = self.text().map(str::to_owned);
        let digits = self.digits();
        let others = digits.iter().flat_map(|digits| [format!("+{digits}"), digits.clone(), format!("00{digits}")]);
        let mut spellings: Vec<String> = own.into_iter().collect();
        for other in others {
            if !spellings.contains(&other) {
                spellings.push(other);
            }
        }
        spellings
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Withheld => "Withheld",
            Self::Certain(_) => "Certain([private])",
            Self::Other(_) => "Other([private])",
        })
    }
}

/// The part of a text that names the caller.
struct Subscriber {
    user: String,
    /// It stood in a `sip:` or `tel:` address.
    is_address: bool,
    /// A name at a host, which need not be a number.
    is_named: bool,
}

impl Subscriber {
    /// None: the text names nobody at all.
    fn of(text: &str) -> Option<Self> {
        let address =
            text.rsplit_once('<').map_or(text, |(_, inner)| inner.split('>').next().unwrap_or_default()).trim();
        let scheme = |scheme: &str| {
            let rest = address.get(scheme.len()..)?;
            address.get(..scheme.len())?.eq_ignore_ascii_case(scheme).then_some(rest)
        };
        if let Some(number) = scheme("tel:") {
            return Some(Self { user: decoded(before(number, &[';'])), is_address: true, is_named: false });
        }
        let sip = scheme("sip:").or_else(|| scheme("sips:"));
        match (sip.unwrap_or(address).split_once('@'), sip) {
            (Some((_, host)), _) if is_word(before(host, &['.', ':', ';'])) => None,
            (Some((user, _)), _) => {
                let user = decoded(before(user, &[';', ':']));
                let is_named = user.chars().any(char::is_alphabetic);
                Some(Self { user, is_address: true, is_named })
            }
            // A host without a user.
            (None, Some(_)) => None,
            (None, None) => Some(Self { user: decoded(address), is_address: address != text, is_named: false }),
        }
    }

    /// Without what a carrier puts before the `+` in an address.
    fn number(&self) -> &str {
        let user = self.user.as_str();
        match user.rfind(['+', '＋']) {
            Some(at) if self.is_address && at <= MAX_CARRIER_PREFIX => user.get(at..).unwrap_or(user),
            _ => user,
        }
    }
}

fn before<'a>(text: &'a str, marks: &[char]) -> &'a str {
    text.split(marks).next().unwrap_or_default()
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().trim().to_owned()
}

fn is_withheld(user: &str, digits: &str) -> bool {
    is_word(user) || digits.chars().all(|digit| digit == '0') && !digits.is_empty() || is_spelled(digits)
}

fn is_word(text: &str) -> bool {
    let letters: String = text.chars().filter(|char| char.is_alphabetic()).flat_map(char::to_lowercase).collect();
    !text.chars().any(|char| digit(char).is_some()) && WITHHELD.contains(&letters.as_str())
}

/// On a keypad, with or without the code of North America, whose carriers do so.
fn is_spelled(digits: &str) -> bool {
    let spells = |digits: &str| SPELLED.iter().any(|word| word.chars().map(key_of).eq(digits.chars()));
    spells(digits) || digits.strip_prefix('1').is_some_and(spells)
}

/// The key that bears a letter.
const fn key_of(letter: char) -> char {
    match letter {
        'a'..='c' => '2',
        'd'..='f' => '3',
        'g'..='i' => '4',
        'j'..='l' => '5',
        'm'..='o' => '6',
        'p'..='s' => '7',
        't'..='v' => '8',
        _ => '9',
    }
}

/// An ASCII digit for the digits that keyboards and carriers have.
fn digit(char: char) -> Option<char> {
    let first = match char {
        '0'..='9' => return Some(char),
        '\u{0660}'..='\u{0669}' => 0x0660,
        '\u{06F0}'..='\u{06F9}' => 0x06F0,
        '\u{FF10}'..='\u{FF19}' => 0xFF10,
        _ => return None,
    };
    char::from_digit(u32::from(char) - first, 10)
}

/// Digits, and `+` where it stands first, without spaces and punctuation; none where there is anything else.
fn compact(text: &str) -> Option<String> {
    let mut number = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '+' | '＋' if number.is_empty() => number.push('+'),
            ' ' | '(' | ')' | '[' | ']' | '.' | '/' | '-' | '~' | '\t' => {}
            '\u{00A0}' | '\u{00AD}' | '\u{2000}'..='\u{200F}' | '\u{2010}'..='\u{2015}' | '\u{202A}'..='\u{202F}' => {}
            '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{2212}' | '\u{3000}' | '\u{FEFF}' | '\u{FF0D}' => {}
            char => number.push(digit(char)?),
        }
    }
    Some(number)
}

fn is_e164(digits: &str) -> bool {
    (MIN_DIGITS..=MAX_DIGITS).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether some country has numbers of this length.
fn is_possible(digits: &str) -> bool {
    national(digits).is_some_and(|(regions, national)| regions.iter().any(|region| has_length(region, national.len())))
}

/// The lengths stand with the kinds of numbers.
fn has_length(region: &phonenumber::Metadata, length: usize) -> bool {
    let kinds = region.descriptors();
    let kinds = [
        kinds.fixed_line(),
        kinds.mobile(),
        kinds.toll_free(),
        kinds.premium_rate(),
        kinds.shared_cost(),
        kinds.personal_number(),
        kinds.voip(),
        kinds.uan(),
    ];
    let length = u16::try_from(length).unwrap_or(u16::MAX);
    kinds.into_iter().flatten().any(|kind| kind.possible_length().contains(&length))
}

/// The regions of a country's code, which is in front, and the digits after it.
fn national(digits: &str) -> Option<(Vec<&'static phonenumber::Metadata>, &str)> {
    (1..=3).find_map(|length| {
        let (code, national) = digits.split_at_checked(length)?;
        let regions = DATABASE.by_code(&code.parse::<u16>().ok()?)?;
        Some((regions, national))
    })
}

/// People write the zero of calls within a country behind its code, as in `+44 (0)20 …`. Where it is no part of the number,
/// it goes.
fn without_trunk_zero(digits: &str) -> String {
    let shorter = national(digits).and_then(|(regions, national)| {
        let rest = national.strip_prefix('0')?;
        let is_of = |number: &str| regions.iter().any(|region| region.descriptors().general().is_match(number));
        let code = digits.strip_suffix(national)?;
        (!is_of(national) && is_of(rest)).then(|| format!("{code}{rest}"))
    });
    shorter.unwrap_or_else(|| digits.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn certain(text: &str) -> PhoneNumber {
        PhoneNumber::Certain(text.to_owned())
    }

    fn other(text: &str) -> PhoneNumber {
        PhoneNumber::Other(text.to_owned())
    }

    #[track_caller]
    fn check(text: &str, expected: &PhoneNumber) {
        let parsed = PhoneNumber::parse(text);
        assert!(parsed == *expected, "{text}: {:?} {:?}", parsed, parsed.text());
    }

    #[test]
    fn placeholders_for_withheld_numbers_are_recognised() {
        let words = ["", "  ", "anonymous", "Anonymous", "RESTRICTED", "unknown", "Private", "unavailable", "withheld"];
        let odd = ["No Caller ID", "private number", "+", "00", "0000000000", "+10", "110", "123456", "+123456", "*67"];
        let spelled =
            ["+266696687", "266696687", "+7378742833", "+86282452253", "8656696", "+17378742833", "1266696687"];
        let addresses = [
            "sip:anonymous@anonymous.invalid",
            "\"Anonymous\" <sip:anonymous@anonymous.invalid>",
            "<sip:restricted@carrier.example;user=phone>",
            "sip:+4930123456@anonymous.invalid",
            "sip:110@carrier.example",
            "sip:carrier.example",
            "sip:266696687@10.0.0.1",
            "tel:anonymous",
            "SIPS:Unavailable@unknown.invalid",
        ];
        for text in words.iter().chain(&odd).chain(&spelled).chain(&addresses) {
            check(text, &PhoneNumber::Withheld);
        }
    }

    #[test]
    fn spellings_of_one_number_are_equal() {
        for text in [
            "+4930123456",
            "+49 30 123456",
            "+49 (30) 123-456",
            "+49-30-12 34 56",
            "(+49) 30/123456",
            "+49\u{a0}30\u{2011}123456",
            "＋４９ ３０ １２３４５６",
            "004930123456",
            "00 49 30 123456",
            "+004930123456",
            "+49 (0)30 123456",
            "sip:+4930123456@carrier.example",
            "sip:+4930123456@carrier.example;user=phone",
            "sip:+4930123456;npdi=yes@10.0.0.1:5060;transport=udp",
            "SIP:%2B4930123456@carrier.example",
            "sips:004930123456@carrier.example",
            "\"Ada\" <sip:+4930123456@carrier.example>;tag=1",
            "<tel:+49-30-123456>",
            "tel:+4930123456;phone-context=example.com",
            "+4930123456@carrier.example",
            "sip:9876#+4930123456@carrier.example",
        ] {
            check(text, &certain("+4930123456"));
        }
        check("+1 (555) 010-0001", &certain("+15550100001"));
        check("+390612345678", &certain("+390612345678"));
        check("+44 (0)20 7946 0958", &certain("+442079460958"));
    }

    #[test]
    fn an_ambiguous_number_is_kept_as_it_came_and_found_by_its_digits() {
        for (text, kept, digits) in [
            ("4930123456", "4930123456", Some("4930123456")),
            ("1 555 010 0001", "1 555 010 0001", Some("15550100001")),
            ("sip:4930123456@carrier.example", "4930123456", Some("4930123456")),
            ("030 123456", "030 123456", None),
            ("4155550100", "4155550100", None),
            ("+4930123456 ext. 12", "+4930123456 ext. 12", None),
            ("sip:ada@example.com", "sip:ada@example.com", None),
            ("+1234567890123456", "+1234567890123456", None),
            ("000000012345678", "000000012345678", None),
        ] {
            check(text, &other(kept));
            assert_eq!(PhoneNumber::parse(text).digits().as_deref(), digits, "{text}");
        }
        let spelled = ["+4930123456", "4930123456", "004930123456"];
        assert_eq!(certain("+4930123456").spellings(), spelled);
        assert_eq!(other("4930123456").spellings(), ["4930123456", "+4930123456", "004930123456"]);
        assert_eq!(certain("+4930123456").key(), other("4930123456").key());
    }

    proptest! {
        #[test]
        fn parsing_is_idempotent(text in "\\PC{0,40}", number in "(sip:|tel:|)[+0]{0,3}[0-9 ()/-]{0,20}(@[a-z.]{1,9}|)") {
            for text in [text, number] {
                let once = PhoneNumber::parse(&text);
                if let Some(kept) = once.text() {
                    prop_assert!(PhoneNumber::parse(kept) == once, "{text}: {kept}");
                }
                prop_assert_eq!(once.text().is_none(), once == PhoneNumber::Withheld);
            }
        }

        #[test]
        fn punctuation_makes_no_difference(digits in "[1-9][0-9]{6,14}", every in 1..5_usize, mark in prop::sample::select(vec![" ", "-", ".", "/", "\u{a0}"])) {
            let spaced: Vec<String> = digits.as_bytes().chunks(every).map(|chunk| String::from_utf8_lossy(chunk).into_owned()).collect();
            let plain = PhoneNumber::parse(&format!("+{digits}"));
            let spaced = format!("+{}", spaced.join(mark));
            prop_assert!(PhoneNumber::parse(&spaced) == plain);
            let sip = format!("sip:+{digits}@carrier.example;user=phone");
            prop_assert!(PhoneNumber::parse(&sip) == plain);
        }
    }
}
