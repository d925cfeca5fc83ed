//! House rules that the compiler does not check.

mod circles;
mod dependencies;
mod openings;
mod source;
