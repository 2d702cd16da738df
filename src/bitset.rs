//! Sets of small numbers: of the terminals of one grammar, of bytes.

/// Bits of a fixed number of words; all sets of one grammar have the same width.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub(crate) struct BitSet {
    words: Box<[u64]>,
}

/// The numbers of the bits that are set, ascending.
#[inline]
pub(crate) fn bits(word: u64) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(word), |w| Some(w & w.wrapping_sub(1)))
        .take_while(|w| *w != 0)
        .map(|w| w.trailing_zeros() as usize)
}

impl BitSet {
    /// The empty set over `0..universe`.
    pub(crate) fn new(universe: usize) -> Self {
        Self { words: vec![0; universe.div_ceil(64)].into_boxed_slice() }
    }

    /// Adds an index.
    pub(crate) fn insert(&mut self, index: usize) {
        self.words[index / 64] |= 1 << (index % 64);
    }

    /// Takes out an index.
    pub(crate) fn remove(&mut self, index: usize) {
        self.words[index / 64] &= !(1 << (index % 64));
    }

    /// Whether an index is in the set.
    #[inline]
    pub(crate) fn contains(&self, index: usize) -> bool {
        self.words.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    /// Adds all of another set; says whether that changed anything.
    pub(crate) fn union_with(&mut self, other: &Self) -> bool {
        let mut changed = false;
        for (a, b) in self.words.iter_mut().zip(&other.words) {
            changed |= *b & !*a != 0;
            *a |= b;
        }
        changed
    }

    /// Takes out what another set does not have.
    pub(crate) fn intersect_with(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(a, b)| *a &= b);
    }

    /// Whether the two sets share an index.
    #[inline]
    pub(crate) fn intersects(&self, other: &Self) -> bool {
        self.words.iter().zip(&other.words).any(|(a, b)| a & b != 0)
    }

    /// Whether the other set has all of this one's.
    pub(crate) fn is_subset(&self, other: &Self) -> bool {
        self.words.iter().zip(&other.words).all(|(a, b)| a & !b == 0)
    }

    /// Whether the set is empty.
    pub(crate) fn is_empty(&self) -> bool {
        self.words.iter().all(|w| *w == 0)
    }

    /// How many indices are in the set.
    pub(crate) fn len(&self) -> usize {
        self.words.iter().map(|w| w.count_ones() as usize).sum()
    }

    /// How many indices the two sets share.
    pub(crate) fn common(&self, other: &Self) -> usize {
        self.words.iter().zip(&other.words).map(|(a, b)| (a & b).count_ones() as usize).sum()
    }

    /// The indices that are not in the other set.
    pub(crate) fn minus(&self, other: &Self) -> Self {
        Self { words: self.words.iter().zip(&other.words).map(|(a, b)| a & !b).collect() }
    }

    /// The indices of `0..universe`, the set's own, that are not in the set.
    pub(crate) fn complement(&self, universe: usize) -> Self {
        let mut words: Box<[u64]> = self.words.iter().map(|w| !w).collect();
        if let Some(last) = words.last_mut()
            && !universe.is_multiple_of(64)
        {
            *last &= (1 << (universe % 64)) - 1;
        }
        Self { words }
    }

    /// Bytes that it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.words.len() * 8
    }

    /// The indices, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        let of_word = |(i, &word): (usize, &u64)| bits(word).map(move |bit| i * 64 + bit);
        self.words.iter().enumerate().flat_map(of_word)
    }
}

/// Bytes, or classes of them, of which there are no more.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Debug)]
pub(crate) struct ByteSet([u64; 4]);

impl ByteSet {
    /// Adds a byte.
    pub(crate) fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    /// Adds all of another set.
    pub(crate) fn add(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(word, more)| *word |= more);
    }

    /// Whether a byte is in the set.
    #[inline]
    pub(crate) fn contains(self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1
    }

    /// Those that another set has not.
    pub(crate) fn minus(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] & !other.0[i]))
    }

    /// Those that another set has, too.
    pub(crate) fn common(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] & other.0[i]))
    }

    /// Whether the two sets share a byte.
    pub(crate) fn intersects(self, other: Self) -> bool {
        !self.common(other).is_empty()
    }

    /// Whether the set is empty.
    pub(crate) fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// How many bytes are in the set.
    pub(crate) fn len(self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The bytes, ascending.
    pub(crate) fn iter(self) -> impl Iterator<Item = u8> {
        let word = |(i, word)| bits(word).map(move |bit| (i * 64 + bit) as u8);
        self.0.into_iter().enumerate().flat_map(word)
    }

    /// The set as numbers: equal sets have equal ones.
    pub(crate) fn words(self) -> [u64; 4] {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_sets_are_sets_of_bytes() {
        let (mut threes, mut fives) = (ByteSet::default(), ByteSet::default());
        (0..=255).filter(|byte| byte % 3 == 0).for_each(|byte| threes.insert(byte));
        (0..=255).filter(|byte| byte % 5 == 0).for_each(|byte| fives.insert(byte));
        let those = |keep: fn(u8) -> bool| (0..=255).filter(|byte| keep(*byte)).collect::<Vec<_>>();
        let all = |set: ByteSet| set.iter().collect::<Vec<_>>();
        assert_eq!(all(threes.common(fives)), those(|byte| byte % 15 == 0));
        assert_eq!(all(threes.minus(fives)), those(|byte| byte % 3 == 0 && byte % 5 != 0));
        assert!(threes.intersects(fives) && !threes.minus(fives).intersects(fives));
        assert!(ByteSet::default().is_empty() && !fives.is_empty());
        assert!(threes.contains(255) && !fives.contains(254) && fives.len() == 52);
        threes.add(fives);
        assert_eq!(all(threes), those(|byte| byte % 3 == 0 || byte % 5 == 0));
    }
}
