//! Token id -> bytes.

use std::sync::OnceLock;

use sha2::{Digest, Sha256};

use super::{VocabTrie, VocabularyError};
use crate::{Limits, TokenId};

/// Rows a model may have at most; far above any published one.
const MAX_ROWS: usize = 1 << 24;

/// What the engine knows of a model's vocabulary: the bytes of every token, which ones are control tokens, which ones
/// end a sequence, and how wide a row of logits is.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    /// All tokens' bytes one after another.
    bytes: Vec<u8>,
    /// Token t is `bytes[starts[t]..starts[t + 1]]`.
    starts: Vec<u32>,
    special: Vec<bool>,
    names: Vec<(String, TokenId)>,
    end: Vec<TokenId>,
    width: usize,
    trie: VocabTrie,
    /// See [`digest`](Self::digest), once it was asked for.
    digest: OnceLock<[u8; 32]>,
}

impl Vocabulary {
    /// A vocabulary from token texts: token `i` has the bytes `tokens[i]`. Tokens named in `special` are control tokens
    /// (their bytes are a name, not text) and are reached by no text; `end` are those that end a sequence (they become
    /// special too). A token with no bytes is a row without a token.
    ///
    /// ```
    /// use constrained_gen::{TokenId, Vocabulary};
    ///
    /// let vocabulary = Vocabulary::new(vec![b"a".to_vec(), b"</s>".to_vec()], &[], &[TokenId(1)])?;
    /// assert_eq!(vocabulary.bytes(TokenId(0)), b"a");
    /// assert!(vocabulary.is_special(TokenId(1)));
    /// # Ok::<(), constrained_gen::vocab::VocabularyError>(())
    /// ```
    pub fn new(
        tokens: Vec<Vec<u8>>,
        special: &[TokenId],
        end: &[TokenId],
    ) -> Result<Self, VocabularyError> {
        Self::with_names(tokens, special, end, Vec::new(), &Limits::default())
    }

    pub(crate) fn with_names(
        tokens: Vec<Vec<u8>>,
        special: &[TokenId],
        end: &[TokenId],
        mut names: Vec<(String, TokenId)>,
        limits: &Limits,
    ) -> Result<Self, VocabularyError> {
        let rows = tokens.len();
        if rows > MAX_ROWS {
            return Err(VocabularyError::Width {
                rows,
                problem: format!("at most {MAX_ROWS} are taken"),
            });
        }
        let mut is_special = vec![false; rows];
        for &t in special.iter().chain(end) {
            match is_special.get_mut(t.index()) {
                Some(flag) => *flag = true,
                None => {
                    let problem = format!("the special token {} is not among them", t.0);
                    return Err(VocabularyError::Width { rows, problem });
                }
            }
        }
        let mut bytes = Vec::new();
        let mut starts = Vec::with_capacity(rows + 1);
        for (id, token) in tokens.iter().enumerate() {
            if token.len() > limits.token_bytes.min(usize::from(u16::MAX)) {
                return Err(VocabularyError::TokenTooLong {
                    id: id as u32,
                    bytes: token.len(),
                    limit: limits.token_bytes,
                });
            }
            if bytes.len() + token.len() > u32::MAX as usize {
                return Err(VocabularyError::Width {
                    rows,
                    problem: "more than 4 GiB of text".into(),
                });
            }
            starts.push(bytes.len() as u32);
            bytes.extend_from_slice(token);
        }
        starts.push(bytes.len() as u32);
        let trie = VocabTrie::new(
            tokens
                .iter()
                .enumerate()
                .filter(|(id, _)| !is_special[*id])
                .map(|(id, token)| (id as u32, token.as_slice()))
                .collect(),
        );
        names.sort();
        let mut end = end.to_vec();
        end.sort();
        end.dedup();
        let special = is_special;
        Ok(Self { bytes, starts, special, names, end, width: rows, trie, digest: OnceLock::new() })
    }

    /// The same vocabulary under logits of `width` rows: rows beyond the tokenizer are padding and never allowed
    /// (Qwen3 has 151,936 rows for 151,669 tokens).
    pub fn with_width(mut self, width: usize) -> Result<Self, VocabularyError> {
        if width < self.len() || width > MAX_ROWS {
            let problem = format!("the tokenizer has {} tokens", self.len());
            return Err(VocabularyError::Width { rows: width, problem });
        }
        self.width = width;
        Ok(self)
    }

    /// The same vocabulary with other end tokens, which must be special or become so.
    pub fn with_end_tokens(self, end: &[TokenId]) -> Result<Self, VocabularyError> {
        let tokens = (0..self.len()).map(|t| self.bytes(TokenId::new(t)).to_vec()).collect();
        let special: Vec<TokenId> =
            (0..self.len()).filter(|&t| self.special[t]).map(TokenId::new).collect();
        let width = self.width;
        Self::with_names(tokens, &special, end, self.names, &Limits::default())?.with_width(width)
    }

    /// Number of tokens: the highest id plus one.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there is no token.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Rows of logits, padding included.
    pub fn width(&self) -> usize {
        self.width
    }

    /// `u32` words of a mask row.
    pub fn words(&self) -> usize {
        self.width.div_ceil(32)
    }

    /// A name of the tokens' bytes and of which are special. Computed once.
    pub(crate) fn digest(&self) -> &[u8; 32] {
        self.digest.get_or_init(|| {
            let starts: Vec<u8> = self.starts.iter().flat_map(|at| at.to_le_bytes()).collect();
            let special: Vec<u8> = self.special.iter().map(|special| u8::from(*special)).collect();
            // The count says where the other parts end.
            let count = (self.starts.len() as u64).to_le_bytes();
            let parts: [&[u8]; 4] = [&count, &starts, &special, &self.bytes];
            let all = parts.iter().fold(Sha256::new(), |all, part| all.chain_update(part));
            all.finalize().into()
        })
    }

    /// A token's bytes; for a special token those of its name; empty for a padding row.
    pub fn bytes(&self, token: TokenId) -> &[u8] {
        match self.starts.get(token.index() + 1) {
            Some(&end) => &self.bytes[self.starts[token.index()] as usize..end as usize],
            None => &[],
        }
    }

    /// Whether a token is a control token, reached by no text.
    pub fn is_special(&self, token: TokenId) -> bool {
        self.special.get(token.index()).copied().unwrap_or(false)
    }

    /// The tokens that end a sequence, ascending.
    pub fn end_tokens(&self) -> &[TokenId] {
        &self.end
    }

    /// An added token by its name, such as `<|im_end|>`.
    pub fn added_token(&self, name: &str) -> Option<TokenId> {
        let at = self.names.binary_search_by(|(n, _)| n.as_str().cmp(name)).ok()?;
        Some(self.names[at].1)
    }

    /// The byte trie of all tokens that are text.
    pub fn trie(&self) -> &VocabTrie {
        &self.trie
    }
}
