//! Who asks: the verification of Supabase access tokens.
//!
//! [`Authenticated`] is the one door. It reads the token from the `Authorization` header and nowhere else, and yields the
//! organisation out of `app_metadata.org_id` and nowhere else: `user_metadata`, which a user may edit, bodies, queries and
//! other headers are never asked. Between a token and its organisation stand the signature ([`Verifier`]: a shared secret,
//! or the project's published keys) and the claims ([`Claims`]). A verdict is remembered, so that a token costs its
//! signature check once.
//!
//! A token is trusted until it expires: a user who is deleted, or leaves an organisation, is let in until then (Supabase's
//! default is an hour). [`Claims::expires_at`] is how long a stream may stay open.

mod bearer;
mod claims;
mod clock;
mod config;
mod jwks;
mod key_set;
mod mint;
mod token;
mod verdicts;
mod verifier;

pub use bearer::{Authenticated, Bearer, Refused};
pub use claims::{Claims, Denied};
pub use clock::{UnixSeconds, wall_clock};
pub use config::{Config, ConfigError, Secret};
pub use jwks::Keys;
pub use mint::MintError;
pub use verifier::Verifier;
