//! Authentication: the verification of Supabase access tokens.
//!
//! [`Authenticated`] is the only way in. It takes the token from the `Authorization` header alone and the organisation
//! from `app_metadata.org_id` alone, never from `user_metadata`, which users may edit, nor from bodies, queries or
//! other headers. The signature is checked by [`Verifier`], with a shared secret or the project's published keys, and
//! the claims by [`Claims`]. The result is cached, so that a token's signature is checked once.
//!
//! A token is trusted until it expires: a user who is deleted, or leaves an organisation, has access until then (by
//! default an hour). [`Claims::expires_at`] also limits how long a stream stays open.

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

pub use bearer::{Authenticated, Bearer, TokenRefused};
pub use claims::{Claims, Denied};
pub use clock::{UnixSeconds, wall_clock};
pub use config::{Config, ConfigError, Secret};
pub use jwks::Keys;
pub use mint::MintError;
pub use verifier::Verifier;
