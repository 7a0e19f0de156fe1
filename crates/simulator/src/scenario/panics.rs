//! A panic in a run is told with the run's seed, and does not end the other runs.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};

thread_local! {
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// From now on panics print nothing where they happen: making one small would print it a thousand times.
pub fn silence_panics() {
    set_hook(Box::new(|panic| LAST.set(Some(panic.to_string().replace('\n', " ")))));
}

/// The result, or what the panic said. Nothing that the work has touched is used after a panic.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        let text = payload.downcast_ref::<&str>().map(ToString::to_string);
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        LAST.take().or(text).unwrap_or_else(|| "without words".to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_panic_says_is_told() {
        assert_eq!(caught(|| 5), Ok(5));
        let panic = caught(|| -> u8 { panic!("number {}", 7) });
        assert!(panic.is_err_and(|text| text.contains("number 7")));
    }
}
