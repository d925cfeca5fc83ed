//! A small reader of Rust source that finds the paths in a file, without a full parser.

/// A path in a file, such as `crate::auth::Claims`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) path: Vec<String>,
    /// The name of its re-export, if there is one: `pub use a::B as C`.
    pub(super) exported_as: Option<String>,
}

/// The paths in a file outside its unit tests, with `use` trees flattened.
pub(super) fn paths(source: &str) -> Vec<Named> {
    let code = source.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default();
    let tokens = tokens(code);
    let mut named = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at] == "use" {
            let is_public = at > 0 && matches!(tokens[at - 1], "pub" | ")");
            at = use_tree(&tokens, at + 1, &[], is_public, &mut named);
        } else if is_word(tokens[at]) && !(at > 0 && matches!(tokens[at - 1], "." | "::")) {
            let (path, after) = path(&tokens, at);
            if path.len() > 1 {
                named.push(Named { path, exported_as: None });
            }
            at = after;
        } else {
            at += 1;
        }
    }
    named
}

/// Reads a `use` tree from a token on, and returns the token after it.
fn use_tree(tokens: &[&str], at: usize, prefix: &[String], is_public: bool, named: &mut Vec<Named>) -> usize {
    let (more, mut at) = path(tokens, at);
    let path: Vec<_> = prefix.iter().cloned().chain(more).collect();
    if tokens.get(at) == Some(&"{") {
        at += 1;
        while tokens.get(at).is_some_and(|token| *token != "}") {
            at = use_tree(tokens, at, &path, is_public, named);
            at += usize::from(tokens.get(at) == Some(&","));
        }
        return at + 1;
    }
    let mut alias = path.last().cloned();
    if tokens.get(at) == Some(&"as") {
        alias = tokens.get(at + 1).map(|&alias| alias.to_owned());
        at += 2;
    }
    at += usize::from(tokens.get(at) == Some(&"*"));
    let path = if path.last().is_some_and(|last| last == "self") { path[..path.len() - 1].to_vec() } else { path };
    // The `use<'a>` of a type has no path.
    if !path.is_empty() {
        named.push(Named { path, exported_as: alias.filter(|_| is_public) });
    }
    at
}

/// The words joined by `::` from a token on, and the token after them.
fn path(tokens: &[&str], mut at: usize) -> (Vec<String>, usize) {
    let mut path = Vec::new();
    at += usize::from(tokens.get(at) == Some(&"::"));
    while let Some(word) = tokens.get(at).filter(|token| is_word(token)) {
        path.push((*word).to_owned());
        at += 1;
        if tokens.get(at) != Some(&"::") {
            break;
        }
        at += 1;
    }
    (path, at)
}

fn is_word(token: &str) -> bool {
    token.starts_with(|char: char| char.is_alphabetic() || char == '_')
}

/// Splits code into words, `::` and single characters, without comments, string literals and lifetimes.
fn tokens(code: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            _ if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            _ if rest.starts_with("r#\"") => rest.find("\"#").map_or(rest.len(), |end| end + 2),
            '"' => text(rest),
            '\'' => character(rest),
            _ if is_word(rest) => rest.find(|char: char| !char.is_alphanumeric() && char != '_').unwrap_or(rest.len()),
            _ if rest.starts_with("::") => 2,
            _ => first.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        if is_word(token) && !token.starts_with("r#")
            || token == "::"
            || token.chars().count() == 1 && !first.is_whitespace()
        {
            tokens.push(token);
        }
        rest = after;
    }
    tokens
}

/// The length of the string literal that starts here.
fn text(code: &str) -> usize {
    let mut is_escaped = false;
    let end = code.char_indices().skip(1).find(|(_, char)| {
        let ends = *char == '"' && !is_escaped;
        is_escaped = *char == '\\' && !is_escaped;
        ends
    });
    end.map_or(code.len(), |(end, _)| end + 1)
}

/// The length of the character literal or lifetime that starts here.
fn character(code: &str) -> usize {
    let inner = code[1..].chars().next().map_or(0, char::len_utf8);
    if code[1..].starts_with('\\') {
        return code[2..].char_indices().skip(1).find(|(_, char)| *char == '\'').map_or(1, |(end, _)| end + 3);
    }
    if code[1 + inner..].starts_with('\'') { inner + 2 } else { 1 }
}

#[test]
fn paths_are_found_only_in_code() {
    let source = r#"
        // crate::comment
        pub(crate) use crate::a::{self, b::C as D};
        use super::e::*;
        const TEXT: &str = "crate::text \" crate::text";
        fn f<'a>(x: &'a crate::g::H) { ('"', '\'', x.crate_like()); i::j() }
    "#;
    let found: Vec<_> =
        paths(source).into_iter().map(|named| (named.path.join("::"), named.exported_as.unwrap_or_default())).collect();
    let found: Vec<_> = found.iter().map(|(path, alias)| (path.as_str(), alias.as_str())).collect();
    assert_eq!(
        found,
        [("crate::a", "self"), ("crate::a::b::C", "D"), ("super::e", ""), ("crate::g::H", ""), ("i::j", "")]
    );
}
