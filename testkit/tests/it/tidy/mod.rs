//! Rules of the house that a compiler does not know.

mod circles;
mod dependencies;
mod docs;
mod source;
