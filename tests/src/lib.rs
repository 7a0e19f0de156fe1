//! The repository checks itself. Each rule is a small function over text, tried on a planted violation beside it;
//! the tests in `tests/` run the rules over the files and the dependency tree of the repository.
//!
//! Nothing of this crate reaches the product.

pub mod catalogue;
pub mod dependencies;
pub mod findings;
pub mod licences;
pub mod metadata;
pub mod repository;
pub mod source;
pub mod tidy;
