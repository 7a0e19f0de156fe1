//! A queue between threads whose sender decides whether it waits for room: whoever must never stand still puts, whoever makes more than is
//! taken waits.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The queue. Clones are the same one.
pub(crate) struct Inbox<T>(Arc<Shared<T>>);

struct Shared<T> {
    state: Mutex<State<T>>,
    filled: Condvar,
    emptied: Condvar,
}

struct State<T> {
    waiting: VecDeque<T>,
    is_closed: bool,
}

/// What is next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next<T> {
    /// This.
    Item(T),
    /// Nothing until now.
    Late,
    /// Nothing ever again.
    Closed,
}

impl<T> Clone for Inbox<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Default for Inbox<T> {
    fn default() -> Self {
        let state = Mutex::new(State { waiting: VecDeque::new(), is_closed: false });
        Self(Arc::new(Shared { state, filled: Condvar::new(), emptied: Condvar::new() }))
    }
}

impl<T> Inbox<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds something, without waiting. After the end it is dropped.
    pub(crate) fn put(&self, item: T) {
        let mut state = self.state();
        if !state.is_closed {
            state.waiting.push_back(item);
            self.0.filled.notify_one();
        }
    }

    /// Adds something as soon as fewer than that many things wait. Answers whether anybody will take it.
    pub(crate) fn put_when_room(&self, item: T, most: usize) -> bool {
        let mut state = self.state();
        while state.waiting.len() >= most && !state.is_closed {
            state = self.0.emptied.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.is_closed {
            return false;
        }
        state.waiting.push_back(item);
        self.0.filled.notify_one();
        true
    }

    /// What is next, waited for until a moment, or for ever.
    pub(crate) fn take(&self, until: Option<Instant>) -> Next<T> {
        let mut state = self.state();
        loop {
            if let Some(item) = state.waiting.pop_front() {
                self.0.emptied.notify_all();
                return Next::Item(item);
            }
            if state.is_closed {
                return Next::Closed;
            }
            let Some(until) = until else {
                state = self.0.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
            else {
                return Next::Late;
            };
            state = self.0.filled.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Something waits.
    pub(crate) fn is_filled(&self) -> bool {
        !self.state().waiting.is_empty()
    }

    /// Nobody takes anything any more. What waits is dropped.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        drop(waiting);
        self.0.filled.notify_all();
        self.0.emptied.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;
    use std::time::Duration;

    #[test]
    fn things_come_out_in_their_order_and_a_full_queue_makes_wait() {
        let inbox = Inbox::default();
        let sender = inbox.clone();
        let sending = thread::spawn(move || (0..100).all(|number| sender.put_when_room(number, 3)));
        for number in 0..100 {
            assert_eq!(inbox.take(None), Next::Item(number));
            assert!(inbox.state().waiting.len() <= 3);
        }
        assert!(sending.join().unwrap());
        assert_eq!(inbox.take(Some(Instant::now())), Next::Late);
    }

    #[test]
    fn the_end_wakes_everybody() {
        let inbox = Inbox::<u8>::default();
        let (taker, sender) = (inbox.clone(), inbox.clone());
        let far = Instant::now() + Duration::from_secs(600);
        let taking = thread::spawn(move || taker.take(Some(far)));
        inbox.put(1);
        assert_eq!(taking.join().unwrap(), Next::Item(1));
        inbox.put(2);
        let sending = thread::spawn(move || sender.put_when_room(3, 1));
        inbox.close();
        assert!(!sending.join().unwrap());
        assert_eq!(inbox.take(None), Next::Closed);
    }
}
