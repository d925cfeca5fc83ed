//! Observability: the metrics, the logs, and the admin listener's health answers.

pub mod admin;
pub mod health;
pub mod logging;
pub mod metrics;
pub mod names;
pub mod sampler;
pub mod zeros;
