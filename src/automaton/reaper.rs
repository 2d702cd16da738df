//! Who takes apart what a cache gave up?
//!
//! What has grown to many MiB is a million allocations, and takes as long to drop as many a compilation: whoever asked for
//! another schema need not wait for that. So a thread does it, one at a time, and ends when nothing is left.

use std::{
    mem::take,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

/// Bytes that are dropped at once by whoever gives them up.
const AT_ONCE: usize = 4 << 20;

/// Drops things of some size elsewhere.
#[derive(Debug)]
pub(super) struct Reaper<T> {
    waiting: Arc<Mutex<Waiting<T>>>,
    most: usize,
}

#[derive(Debug)]
struct Waiting<T> {
    things: Vec<T>,
    /// Bytes of what waits, and of what is being dropped.
    bytes: usize,
    at_work: bool,
}

fn lock<T>(waiting: &Mutex<Waiting<T>>) -> MutexGuard<'_, Waiting<T>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T: Send + 'static> Reaper<T> {
    /// Nothing waits yet; later at most so many bytes, or one thing.
    pub(super) fn new(most: usize) -> Self {
        let waiting = Waiting { things: Vec::new(), bytes: 0, at_work: false };
        Self { waiting: Arc::new(Mutex::new(waiting)), most }
    }

    /// Drops things of so many bytes: here if that is little, if too much waits already, or where no thread is to be had.
    pub(super) fn drop(&self, things: Vec<T>, bytes: usize) {
        if bytes <= AT_ONCE {
            return;
        }
        let mut waiting = lock(&self.waiting);
        if waiting.bytes > 0 && waiting.bytes.saturating_add(bytes) > self.most {
            drop(waiting);
            return;
        }
        waiting.things.extend(things);
        waiting.bytes = waiting.bytes.saturating_add(bytes);
        if std::mem::replace(&mut waiting.at_work, true) {
            return;
        }
        drop(waiting);
        let shared = Arc::clone(&self.waiting);
        if thread::Builder::new().spawn(move || work(&shared)).is_err() {
            work(&self.waiting);
        }
    }
}

fn work<T>(waiting: &Mutex<Waiting<T>>) {
    loop {
        let mut now = lock(waiting);
        if now.things.is_empty() {
            now.at_work = false;
            return;
        }
        let (things, bytes) = (take(&mut now.things), now.bytes);
        drop(now);
        drop(things);
        lock(waiting).bytes -= bytes;
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::mpsc::{Receiver, Sender, channel},
        time::Duration,
    };

    use super::*;

    /// Waits before it is dropped, and says who dropped it.
    struct Thing(Receiver<()>, Sender<thread::ThreadId>);

    impl Drop for Thing {
        fn drop(&mut self) {
            _ = self.0.recv_timeout(Duration::from_secs(60));
            _ = self.1.send(thread::current().id());
        }
    }

    #[test]
    fn what_is_large_is_dropped_elsewhere_unless_too_much_waits() {
        let reaper = Reaper::new(100 << 20);
        let (say, said) = channel();
        let here = thread::current().id();
        let thing = || {
            let (go, wait) = channel();
            (go, Thing(wait, say.clone()))
        };
        let (go, little) = thing();
        go.send(()).unwrap();
        reaper.drop(vec![little], AT_ONCE);
        assert_eq!(said.recv(), Ok(here));

        let ((first_go, first), (second_go, second)) = (thing(), thing());
        reaper.drop(vec![first], 80 << 20);
        reaper.drop(vec![second], 20 << 20);
        let (go, third) = thing();
        go.send(()).unwrap();
        reaper.drop(vec![third], 20 << 20);
        assert_eq!(said.recv(), Ok(here), "more than may wait");
        first_go.send(()).unwrap();
        second_go.send(()).unwrap();
        assert_ne!(said.recv(), Ok(here));
        assert_ne!(said.recv(), Ok(here));

        // Whoever works may just be about to end; nothing is forgotten all the same.
        for _ in 0..100 {
            let (go, large) = thing();
            go.send(()).unwrap();
            reaper.drop(vec![large], 200 << 20);
            said.recv_timeout(Duration::from_secs(60)).unwrap();
        }
    }
}
