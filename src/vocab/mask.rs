//! A set of tokens.

use crate::TokenId;

/// A set of tokens, as the bits of one row of logits: bit `t % 32` of word `t / 32` is token `t`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TokenMask {
    words: Box<[u32]>,
    count: usize,
}

impl TokenMask {
    /// The mask with these bits.
    pub fn from_words(words: Vec<u32>) -> Self {
        let count = words.iter().map(|w| w.count_ones() as usize).sum();
        Self { words: words.into_boxed_slice(), count }
    }

    /// The mask with these bits, so many.
    pub(crate) fn counted(words: Vec<u32>, count: usize) -> Self {
        debug_assert_eq!(count, words.iter().map(|word| word.count_ones() as usize).sum::<usize>());
        Self { words: words.into_boxed_slice(), count }
    }

    /// The bits, to be written anew.
    pub(crate) fn into_words(self) -> Vec<u32> {
        self.words.into_vec()
    }

    /// Whether a token is in the set.
    #[inline]
    pub fn contains(&self, token: TokenId) -> bool {
        self.words.get(token.index() / 32).is_some_and(|w| w >> (token.0 % 32) & 1 == 1)
    }

    /// How many tokens are in the set. O(1).
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether no token is in the set.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The bits.
    pub fn words(&self) -> &[u32] {
        &self.words
    }

    /// The tokens, ascending. O(words + tokens).
    pub fn iter(&self) -> impl Iterator<Item = TokenId> + Clone + '_ {
        self.words.iter().enumerate().flat_map(|(i, &word)| {
            std::iter::successors(Some(word), |w| Some(w & w.wrapping_sub(1)))
                .take_while(|w| *w != 0)
                .map(move |w| TokenId::new(i * 32 + w.trailing_zeros() as usize))
        })
    }

    /// Appends the tokens, ascending: as [`iter`](Self::iter), for lists of thousands. O(words + tokens).
    pub fn append_to(&self, tokens: &mut Vec<TokenId>) {
        tokens.reserve(self.count);
        for (word, first) in self.words.iter().zip((0..).step_by(32)) {
            let mut left = *word;
            if left == u32::MAX {
                tokens.extend((first..first + 32).map(TokenId));
            } else {
                // Their number is known before them, so that none is asked whether there is room for it.
                tokens.extend((0..left.count_ones()).map(|_| {
                    let token = TokenId(first + left.trailing_zeros());
                    left &= left.wrapping_sub(1);
                    token
                }));
            }
        }
    }
}

impl std::fmt::Debug for TokenMask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenMask({} of {} rows)", self.count, self.words.len() * 32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_what_is_iterated() {
        let words = vec![0, u32::MAX, 1, 1 << 31, u32::MAX - 1, 0x0F0F_1234, u32::MAX];
        let mask = TokenMask::from_words(words);
        let mut list = vec![TokenId(7)];
        mask.append_to(&mut list);
        assert_eq!(list[1..], mask.iter().collect::<Vec<_>>());
        assert_eq!((list[0], list.len()), (TokenId(7), mask.len() + 1));
    }
}
