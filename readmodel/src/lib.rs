//! Pure: ids, the read models and their rules, canonical JSON, the blob codec, config hash, versions and time.

pub mod activity;
pub mod blob;
pub mod calls;
pub mod canonical;
pub mod config_hash;
pub mod edition;
pub mod ids;
pub mod leads;
pub mod model;
pub mod moment;
pub mod number;
pub mod phone;
pub mod pulse;
#[cfg(feature = "schema")]
mod schema;
pub mod time;
pub mod version;
pub mod zone;
