//! A question before something that cannot be undone.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use anyhow::ensure;

/// Asks for confirmation, which needs a terminal. `action` is what `--yes` does without asking, such as "erase".
#[expect(clippy::print_stderr, reason = "a question to the person who runs the command")]
pub(crate) fn confirm(consequence: &str, action: &str) -> anyhow::Result<bool> {
    ensure!(std::io::stdin().is_terminal(), "there is no terminal to ask on; pass --yes to {action} without asking");
    eprint!("{consequence} Type yes: ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}
