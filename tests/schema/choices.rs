//! Where do random schemas and instances take their choices from?

/// A tape of choices: a random one makes something random, and a smaller tape makes something simpler, so that a test
/// runner that makes tapes smaller finds small examples. After its end every choice is the first.
#[derive(Clone, Debug)]
pub(crate) struct Choices {
    tape: Vec<u16>,
    at: usize,
}

impl Choices {
    /// The choices of a tape.
    pub(crate) fn new(tape: &[u16]) -> Self {
        Self { tape: tape.to_vec(), at: 0 }
    }

    /// Many random choices, from a seed: SplitMix64 (Steele, Lea, Flood, 2014).
    pub(crate) fn seeded(seed: u64) -> Self {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut next = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (z ^ (z >> 31)) as u16
        };
        Self { tape: (0..20_000).map(|_| next()).collect(), at: 0 }
    }

    /// Whether the tape is read to its end.
    pub(crate) fn is_over(&self) -> bool {
        self.at >= self.tape.len()
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let choice = self.tape.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        usize::from(choice) % bound
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
