//! Wakes the worker at the next deadline. The claim decides which orgs are due, so that a wrong wake-up costs a second at
//! most, even if the clock has jumped.

use std::time::Duration;

use store::{Store, queue::deadlines::Ahead};

/// The longest sleep: deadlines move with every rebuild, and the clock may jump.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The pause after a deadline, since those of a whole fleet may follow each other closely.
const PAUSE: Duration = Duration::from_millis(100);

/// The time limit of a look.
const BUDGET: Duration = Duration::from_secs(2);

/// Calls `ring` at each deadline of any org. Never returns.
pub(crate) async fn follow(store: Store, ring: impl Fn()) {
    loop {
        let looked = tokio::time::timeout(BUDGET, store.look_ahead()).await;
        // A failed look does no harm: a database that does not answer it answers no claim either.
        let Ahead { passed, next } = looked.ok().and_then(Result::ok).unwrap_or(Ahead { passed: false, next: None });
        if passed {
            ring();
        }
        match next.filter(|next| *next < LOOK_EVERY) {
            Some(next) => {
                tokio::time::sleep(next).await;
                ring();
                tokio::time::sleep(PAUSE).await;
            }
            None => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
}
