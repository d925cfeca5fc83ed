//! Formats an error with its causes in one line.

use std::error::Error;

/// Joins an error and its causes, without causes that the error quotes already.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::{fmt, io};

    use super::*;

    #[derive(Debug)]
    struct Outer(&'static str, io::Error);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.1)
        }
    }

    #[test]
    fn every_cause_is_printed_once() {
        let cause = || io::Error::other("no room");
        assert_eq!(chain(&Outer("cannot write", cause())), "cannot write: no room");
        assert_eq!(chain(&Outer("cannot write: no room", cause())), "cannot write: no room");
    }
}
