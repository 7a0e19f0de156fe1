//! Steps of a chore: a heading before each, its time after it, and a table of all times at the end.

use std::time::{Duration, Instant};

use crate::outcome::Outcome;

/// The steps so far with their times. The table is printed when this is dropped, so a failed run shows it too.
pub(crate) struct Steps {
    began: Instant,
    done: Vec<(String, Duration, bool)>,
}

impl Steps {
    /// No steps yet; the total counts from here.
    pub(crate) fn new() -> Self {
        Steps { began: Instant::now(), done: Vec::new() }
    }

    /// Does one step under its heading.
    pub(crate) fn step<T>(&mut self, name: &str, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
        println!("\n── {name}");
        let began = Instant::now();
        let outcome = work();
        self.done.push((name.to_owned(), began.elapsed(), outcome.is_ok()));
        outcome
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        print!("\n{}", table(&self.done, self.began.elapsed()));
    }
}

fn table(done: &[(String, Duration, bool)], total: Duration) -> String {
    let mut text = String::new();
    for (name, time, passed) in done {
        let mark = if *passed { "" } else { "  FAILED" };
        text.push_str(&format!("{:>9}  {name}{mark}\n", seconds(*time)));
    }
    text.push_str(&format!("{:>9}  total\n", seconds(total)));
    text
}

/// A time as a person reads it: `0.42 s`, `3 min 05 s`.
pub(crate) fn seconds(time: Duration) -> String {
    if time.as_secs() < 60 {
        return format!("{:.2} s", time.as_secs_f64());
    }
    format!("{} min {:02} s", time.as_secs() / 60, time.as_secs() % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_the_failed_step() {
        let done = [
            ("format".into(), Duration::from_millis(420), true),
            ("lint".into(), Duration::from_secs(185), false),
        ];
        let text = table(&done, Duration::from_secs(186));
        assert_eq!(text, "   0.42 s  format\n3 min 05 s  lint  FAILED\n3 min 06 s  total\n");
    }
}
