//! Who may use whom: the direction between our crates, and what each may take from outside.

pub mod documented;
pub mod rules;
pub mod table;
