//! Wakes the worker at the instant of the next deadline. What is due is decided by the claim: waking in vain, or too late
//! because the clock has jumped, costs a second at most.

use std::time::Duration;

use store::{Store, queue::deadlines::Ahead};

/// Deadlines move with every rebuild, and the clock may jump: nobody sleeps for longer.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Between looks when deadlines follow each other closely, as those of a whole fleet may.
const PAUSE: Duration = Duration::from_millis(100);

/// After this long a look is given up.
const BUDGET: Duration = Duration::from_secs(2);

/// Calls `ring` at each deadline of any org, for ever.
pub(crate) async fn follow(store: Store, ring: impl Fn()) {
    loop {
        let looked = tokio::time::timeout(BUDGET, store.look_ahead()).await;
        // Without a look nothing is known, and the database answers no claim either.
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
