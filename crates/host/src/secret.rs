//! A value that must not be seen: it cannot be printed, compared by accident, copied or written out, and is wiped when dropped.
//!
//! The type has no `Debug`, `Display`, `Clone` or `Serialize`, so putting one into a log line, an error or a derived `Debug` does not
//! compile. The only way to the value is [`Secret::expose`], a word that is easy to search for in review.
//!
//! ```compile_fail,E0277
//! let password = homesync_host::secret::Secret::new(String::from("hunter2"));
//! let text = format!("{password:?}");
//! ```
//!
//! ```compile_fail,E0277
//! let password = homesync_host::secret::Secret::new(String::from("hunter2"));
//! let text = format!("{password}");
//! ```
//!
//! ```compile_fail,E0599
//! let password = homesync_host::secret::Secret::new(String::from("hunter2"));
//! let copy = password.clone();
//! ```
//!
//! ```compile_fail,E0277
//! #[derive(Debug)]
//! struct Login {
//!     password: homesync_host::secret::Secret<String>,
//! }
//! ```
//!
//! ```compile_fail,E0277
//! #[derive(serde::Serialize)]
//! struct Login {
//!     password: homesync_host::secret::Secret<String>,
//! }
//! ```

use zeroize::Zeroize;

/// A secret value. See the module's text for what it deliberately lacks.
///
/// Wiping covers the memory that the value owns when it is dropped. Copies made before it was wrapped, and pieces left behind by a buffer that
/// grew, are out of reach: wrap early.
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes the value into custody.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// Looks at the value. Whatever is copied from here is no longer protected.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    struct Counted(Arc<AtomicU32>);

    impl Zeroize for Counted {
        fn zeroize(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn g7_a_secret_is_wiped_when_dropped_and_not_before() {
        let wiped = Arc::new(AtomicU32::new(0));
        let secret = Secret::new(Counted(Arc::clone(&wiped)));
        assert_eq!(secret.expose().0.load(Ordering::SeqCst), 0);
        drop(secret);
        assert_eq!(wiped.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn the_value_is_seen_only_by_asking() {
        assert_eq!(Secret::new(vec![1_u8, 2]).expose(), &[1, 2]);
    }
}
