//! How much work is left?

/// No work is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the work allowed for a schema is spent")]
pub(crate) struct Exhausted;

/// A count of elementary steps that only goes down. Every loop that a schema can lengthen spends from it, so that the cost
/// of a schema is bounded and the same on every machine.
#[derive(Clone, Debug)]
pub(crate) struct Fuel {
    left: u64,
}

impl Fuel {
    /// So many steps.
    pub(crate) fn new(steps: u64) -> Self {
        Self { left: steps }
    }

    /// Takes `steps` away. O(1).
    ///
    /// # Errors
    /// Fewer are left; then none is left afterwards.
    pub(crate) fn spend(&mut self, steps: u64) -> Result<(), Exhausted> {
        match self.left.checked_sub(steps) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                self.left = 0;
                Err(Exhausted)
            }
        }
    }

    /// Steps left.
    #[cfg(test)]
    pub(crate) fn left(&self) -> u64 {
        self.left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spent_fuel_stays_spent() {
        let mut fuel = Fuel::new(3);
        assert_eq!(fuel.spend(2), Ok(()));
        assert_eq!(fuel.spend(2), Err(Exhausted));
        assert_eq!(fuel.spend(1), Err(Exhausted));
        assert_eq!(fuel.left(), 0);
    }
}
