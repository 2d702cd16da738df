//! How text that must come is cut into tokens.
//!
//! A mask allows every way to spell a text that is forced: `name` is also `n`, `ame`. A model was trained on one of them,
//! the tokenizer's, and scoring tokens to choose a spelling is work for nothing. So what must come is given to the
//! tokenizer, and those tokens are taken of which it is sure, whatever follows.

use std::collections::HashMap;

use crate::{Constraint, TokenId, TokenMask, Vocabulary};

/// Bytes that are looked ahead.
const LOOK_AHEAD: usize = 96;

/// Bytes of the answer that the tokenizer is shown before what must come: more than a word.
pub(super) const LOOK_BACK: usize = 24;

/// What may follow, one of each kind that tokenizers tell apart: a token is sure if it comes before all of them.
const FOLLOWERS: [&str; 7] = ["", "a", "A", "1", " ", "\"", "\n"];

/// Texts whose tokens are remembered.
const REMEMBERED: usize = 4096;

/// A tokenizer, as far as decoding asks for one.
pub trait Speller: Sync {
    /// The tokens of a text; `None` where it has none.
    fn spell(&self, text: &str) -> Option<Vec<TokenId>>;
}

/// Spells what must come in one answer.
#[derive(Default)]
pub(super) struct Spelling {
    /// What was spelled before: the same keys come again and again.
    known: HashMap<(Vec<u8>, Vec<u8>), Vec<TokenId>>,
}

impl Spelling {
    /// The tokens that come next beyond doubt, if the text is to be spelled as the tokenizer would. `text` is the answer
    /// so far; empty where there is a choice. Worth asking only where all that is allowed has [`one_beginning`].
    pub(super) fn next(
        &mut self,
        speller: &dyn Speller,
        constraint: &Constraint,
        vocabulary: &Vocabulary,
        text: &[u8],
    ) -> &[TokenId] {
        let forced = constraint.forced(LOOK_AHEAD);
        if forced.is_empty() {
            return &[];
        }
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        let before = &text[text.len().saturating_sub(LOOK_BACK)..];
        self.known.entry((before.to_vec(), forced)).or_insert_with_key(|(before, forced)| {
            sure(speller, vocabulary, before, forced).unwrap_or_default()
        })
    }
}

/// The tokens that a text probably has behind `before`, if this follows it; none where it has many.
pub(super) fn probable(
    speller: &dyn Speller,
    vocabulary: &Vocabulary,
    before: &[u8],
    text: &[u8],
    follower: &str,
) -> Option<Vec<TokenId>> {
    let (before, text) = (begin(before)?, std::str::from_utf8(text).ok()?);
    if text.len() > LOOK_AHEAD {
        return None;
    }
    let all = speller.spell(&format!("{before}{text}{follower}"))?;
    let tokens = after(vocabulary, &all, before.len());
    let tokens = tokens.or_else(|| speller.spell(&format!("{text}{follower}")))?;
    Some(whole(vocabulary, tokens, text.len()))
}

/// The end of a text as far as the tokenizer is shown it.
fn begin(text: &[u8]) -> Option<&str> {
    let end = &text[text.len().saturating_sub(LOOK_BACK)..];
    // What was cut in a character is cut a little more.
    (0..4.min(end.len() + 1)).find_map(|i| std::str::from_utf8(&end[i..]).ok())
}

/// Whether there are several allowed tokens and all begin with the same byte; else there is nothing to spell.
pub(super) fn one_beginning(mask: &TokenMask, vocabulary: &Vocabulary) -> bool {
    let mut first = None;
    mask.len() > 1
        && mask.iter().all(|token| match (vocabulary.bytes(token).first(), first) {
            _ if vocabulary.is_special(token) => false,
            (None, _) => false,
            (Some(byte), None) => {
                first = Some(*byte);
                true
            }
            (Some(byte), Some(first)) => *byte == first,
        })
}

/// The tokens of `forced` after `before` that come whatever follows.
fn sure(
    speller: &dyn Speller,
    vocabulary: &Vocabulary,
    before: &[u8],
    forced: &[u8],
) -> Option<Vec<TokenId>> {
    let before = begin(before)?;
    let forced = match std::str::from_utf8(forced) {
        Ok(forced) => forced,
        Err(error) => std::str::from_utf8(&forced[..error.valid_up_to()]).ok()?,
    };
    let mut sure: Option<Vec<TokenId>> = None;
    for follower in FOLLOWERS {
        let tokens = after(
            vocabulary,
            &speller.spell(&format!("{before}{forced}{follower}"))?,
            before.len(),
        )
        .or_else(|| speller.spell(&format!("{forced}{follower}")))?;
        let mut own = whole(vocabulary, tokens, forced.len());
        if let Some(sure) = &sure {
            own.truncate(sure.iter().zip(&own).take_while(|(a, b)| a == b).count());
        }
        if own.is_empty() {
            return None;
        }
        sure = Some(own);
    }
    sure
}

/// The tokens after the first `length` bytes; `None` if one reaches across.
fn after(vocabulary: &Vocabulary, tokens: &[TokenId], length: usize) -> Option<Vec<TokenId>> {
    let mut read = 0;
    for (i, token) in tokens.iter().enumerate() {
        match read {
            _ if read == length => return Some(tokens[i..].to_vec()),
            _ if read > length => return None,
            _ => read += vocabulary.bytes(*token).len(),
        }
    }
    (read == length).then(Vec::new)
}

/// The tokens that lie in the first `length` bytes.
fn whole(vocabulary: &Vocabulary, mut tokens: Vec<TokenId>, length: usize) -> Vec<TokenId> {
    let mut read = 0;
    let count = tokens
        .iter()
        .take_while(|token| {
            read += vocabulary.bytes(**token).len();
            read <= length
        })
        .count();
    tokens.truncate(count);
    tokens
}
