//! How much work is left?

use std::time::{Duration, Instant};

/// No work is left, or no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Exhausted {
    /// All steps are spent.
    #[error("the work allowed is spent")]
    Work,
    /// The time is over.
    #[error("the time allowed is over")]
    Time,
}

/// Steps between two looks at the clock.
const LOOK: u64 = 1 << 16;

/// A count of elementary steps that only goes down. Every loop that an input can lengthen spends from it, so that the cost
/// of an input is bounded and the same on every machine; a deadline is the belt to these braces.
#[derive(Clone, Debug)]
pub(crate) struct Fuel {
    left: u64,
    /// Steps left when the clock is looked at next.
    look: u64,
    deadline: Option<Instant>,
}

impl Fuel {
    /// So many steps, within a time from now on if there is one.
    pub(crate) fn new(steps: u64, time: Option<Duration>) -> Self {
        let deadline = time.and_then(|time| Instant::now().checked_add(time));
        let look = if deadline.is_some() { steps.saturating_sub(LOOK) } else { 0 };
        Self { left: steps, look, deadline }
    }

    /// Takes `steps` away. O(1).
    ///
    /// # Errors
    /// Fewer are left, or the time is over; then none is left afterwards.
    pub(crate) fn spend(&mut self, steps: u64) -> Result<(), Exhausted> {
        let Some(left) = self.left.checked_sub(steps) else {
            self.left = 0;
            return Err(Exhausted::Work);
        };
        self.left = left;
        if left < self.look {
            self.look = left.saturating_sub(LOOK);
            if self.deadline.is_some_and(|deadline| Instant::now() > deadline) {
                self.left = 0;
                return Err(Exhausted::Time);
            }
        }
        Ok(())
    }

    /// Steps left.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spent_fuel_stays_spent() {
        let mut fuel = Fuel::new(3, None);
        assert_eq!(fuel.spend(2), Ok(()));
        assert_eq!(fuel.spend(2), Err(Exhausted::Work));
        assert_eq!(fuel.spend(1), Err(Exhausted::Work));
        assert_eq!(fuel.left(), 0);
    }

    #[test]
    fn time_is_looked_at_now_and_then() {
        let mut fuel = Fuel::new(u64::MAX, Some(Duration::ZERO));
        std::thread::sleep(Duration::from_millis(1));
        let spent = (0..2).try_for_each(|_| fuel.spend(LOOK));
        assert_eq!(spent, Err(Exhausted::Time));
        assert_eq!(fuel.spend(1), Err(Exhausted::Work));
        let mut fuel = Fuel::new(10 * LOOK, Some(Duration::from_secs(1000)));
        assert!((0..10 * LOOK).all(|_| fuel.spend(1).is_ok()));
    }
}
