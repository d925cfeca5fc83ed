//! A privilege that a role lacks.

/// A privilege that a role lacks for its work, and the statement that gives it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("role {role} {lacks}: {remedy}{}", more(*others))]
pub struct Lack {
    pub(crate) role: String,
    pub(crate) lacks: String,
    pub(crate) remedy: String,
    /// The number of other objects for which it lacks one.
    pub(crate) others: usize,
}

impl Lack {
    /// Lacks nothing else.
    pub(crate) fn of_privilege(role: String, privilege: &str) -> Self {
        let remedy = format!("grant {privilege} to {role}");
        Self { role, lacks: format!("lacks {privilege}"), remedy, others: 0 }
    }
}

fn more(others: usize) -> String {
    let objects = if others == 1 { "object" } else { "objects" };
    match others {
        0 => String::new(),
        _ => format!(
            "; and for {others} other {objects}: `prewarm migrate` grants all to prewarm_api and prewarm_worker"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lack_is_one_sentence_with_its_remedy() {
        let lack = Lack::of_privilege("somebody".to_owned(), "insert on prewarm.events");
        let sentence = "role somebody lacks insert on prewarm.events: grant insert on prewarm.events to somebody";
        assert_eq!(lack.to_string(), sentence);
        let more = Lack { others: 2, ..lack };
        assert!(more.to_string().starts_with(&format!("{sentence}; and for 2 other objects: ")), "{more}");
    }
}
