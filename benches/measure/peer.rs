//! llguidance over our vocabulary: default features, default slices, default limits.

use std::sync::Arc;

use constrained_gen::{TokenId, Vocabulary};
use llguidance::ParserFactory;
use toktrie::{ApproximateTokEnv, TokEnv, TokRxInfo, TokTrie};

/// Its factory of parsers.
pub(crate) fn factory(vocabulary: &Vocabulary) -> anyhow::Result<ParserFactory> {
    let end = vocabulary.end_tokens().first().map_or(toktrie::INVALID_TOKEN, |token| token.0);
    let words: Vec<Vec<u8>> = (0..vocabulary.width() as u32)
        .map(|token| {
            let mut bytes = vocabulary.bytes(TokenId(token)).to_vec();
            if vocabulary.is_special(TokenId(token)) {
                bytes.insert(0, TokTrie::SPECIAL_TOKEN_MARKER);
            }
            bytes
        })
        .collect();
    let trie = TokTrie::from(&TokRxInfo::new(vocabulary.width() as u32, end), &words);
    let environment: TokEnv = Arc::new(ApproximateTokEnv::new(trie));
    let mut factory = ParserFactory::new_simple(&environment)?;
    factory.quiet();
    // Else each error prints the whole grammar.
    factory.limits_mut().verbose_errors = false;
    Ok(factory)
}
