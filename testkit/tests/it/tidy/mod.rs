//! Rules of the house that a compiler does not know.

mod circles;
mod dependencies;
mod openings;
mod source;
