//! The frame of this crate; its contents arrive in the next commits.
