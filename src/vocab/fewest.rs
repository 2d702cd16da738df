//! With how few tokens can a text be spelled?

use super::Vocabulary;
use crate::TokenId;

impl Vocabulary {
    /// The fewest tokens that spell a text, control tokens left out; of several such spellings the one whose first tokens are
    /// longest. `None` where no tokens do. O(bytes of the text times those of the longest token).
    ///
    /// ```
    /// use constrained_gen::{TokenId, Vocabulary};
    ///
    /// let tokens = ["a", "ab", "bcd", "c", "d"].map(|t| t.as_bytes().to_vec()).to_vec();
    /// let vocabulary = Vocabulary::new(tokens, &[], &[])?;
    /// assert_eq!(vocabulary.fewest_tokens(b"abcd"), Some(vec![TokenId(0), TokenId(2)]));
    /// assert_eq!(vocabulary.fewest_tokens(b"x"), None);
    /// # Ok::<(), constrained_gen::vocab::VocabularyError>(())
    /// ```
    pub fn fewest_tokens(&self, text: &[u8]) -> Option<Vec<TokenId>> {
        let trie = self.trie();
        // From the end: tokens from each place on, and the first of them.
        let mut best: Vec<Option<(u32, TokenId, usize)>> = vec![None; text.len()];
        for at in (0..text.len()).rev() {
            let mut node = None;
            for (length, &byte) in (1..).zip(&text[at..]) {
                node = trie.child(node, byte);
                let Some(node) = node else { break };
                let Some(&token) = trie.tokens(node).first() else { continue };
                let rest = match best.get(at + length) {
                    Some(rest) => rest.map(|rest| rest.0),
                    None => Some(0),
                };
                let Some(rest) = rest else { continue };
                if best[at].is_none_or(|known| rest < known.0) {
                    best[at] = Some((rest + 1, TokenId(token), length));
                }
            }
        }
        let (mut tokens, mut at) = (Vec::new(), 0);
        while at < text.len() {
            let (_, token, length) = best[at]?;
            tokens.push(token);
            at += length;
        }
        Some(tokens)
    }
}
