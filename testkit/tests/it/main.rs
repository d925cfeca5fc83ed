//! Tests of the harness against real servers.

mod history;
