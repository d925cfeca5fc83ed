//! The api against real servers and real keys.

mod auth;
