//! The model's vocabulary: token bytes, byte trie, token masks. Knows nothing of grammars.

mod error;
mod fewest;
mod hf;
mod mask;
mod trie;
mod vocabulary;

pub use error::VocabularyError;
pub use mask::TokenMask;
pub use trie::VocabTrie;
pub use vocabulary::Vocabulary;
