//! Where do random schemas and instances take their choices from?

/// A tape of choices: a random one makes something random, and a smaller tape makes something simpler, so that a test
/// runner that makes tapes smaller finds small examples. After its end every choice is the first, if it has an end.
#[derive(Clone, Debug)]
pub(crate) struct Choices {
    tape: Vec<u16>,
    at: usize,
    /// The state of random choices without an end.
    endless: Option<u64>,
}

impl Choices {
    /// The choices of a tape.
    pub(crate) fn new(tape: &[u16]) -> Self {
        Self { tape: tape.to_vec(), at: 0, endless: None }
    }

    /// Random choices without an end, from a seed.
    pub(crate) fn seeded(seed: u64) -> Self {
        let endless = Some(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Self { tape: Vec::new(), at: 0, endless }
    }

    /// The next choice. Random ones are SplitMix64's (Steele, Lea, Flood, 2014).
    fn next(&mut self) -> u16 {
        let Some(state) = &mut self.endless else {
            self.at += 1;
            return self.tape.get(self.at - 1).copied().unwrap_or(0);
        };
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) as u16
    }

    /// Whether the tape is read to its end.
    pub(crate) fn is_over(&self) -> bool {
        self.endless.is_none() && self.at >= self.tape.len()
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::from(self.next()) % bound
    }

    /// True with this chance; false at the end of the tape.
    pub(crate) fn percent(&mut self, chance: usize) -> bool {
        self.below(100) >= 100 - chance
    }

    /// One of several; the first is the simplest.
    pub(crate) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }
}
