//! House rules that the compiler does not check.

mod circles;
mod dependencies;
mod lengths;
mod openings;
mod paths;
mod source;
