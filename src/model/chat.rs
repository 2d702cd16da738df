//! Prompts in the form Qwen3 was trained on (ChatML), as tokens.
//!
//! Control tokens are put in by id. Texts of users go through a tokenizer that knows no added tokens, so that no text
//! can open a turn or close one: `<|im_end|>` typed by a user is eleven characters.

use std::sync::Arc;

use tokenizers::{AddedVocabulary, Tokenizer};

use super::ModelError;
use crate::{TokenId, Vocabulary, decoding::Speller};

/// One question, with what belongs to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChatPrompt<'a> {
    /// What the model is told to be.
    pub system: Option<&'a str>,
    /// What the question is about, such as a schema; stands before the question, a blank line between.
    pub context: Option<&'a str>,
    /// The question.
    pub question: &'a str,
    /// Whether the model thinks before it answers. If not, the prompt ends with an empty thought, so that the answer
    /// begins with the next token.
    pub thinking: bool,
}

/// Encodes prompts for one model.
#[derive(Clone, Debug)]
pub struct PromptEncoder {
    tokenizer: Tokenizer,
    vocabulary: Arc<Vocabulary>,
    file: String,
}

impl Speller for PromptEncoder {
    fn spell(&self, text: &str) -> Option<Vec<TokenId>> {
        self.text(text).ok()
    }
}

impl PromptEncoder {
    /// An encoder from a `tokenizer.json`; `file` is its name in messages.
    pub(super) fn new(
        file: &str,
        json: &[u8],
        vocabulary: Arc<Vocabulary>,
    ) -> Result<Self, ModelError> {
        let file = file.to_owned();
        let wrong = |error: tokenizers::Error| ModelError::Tokenizer {
            file: file.clone(),
            problem: error.to_string(),
        };
        let mut tokenizer = Tokenizer::from_bytes(json).map_err(wrong)?;
        tokenizer.with_added_vocabulary(AddedVocabulary::default());
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(wrong)?;
        Ok(Self { tokenizer, vocabulary, file })
    }

    /// A text as tokens of text, whatever it spells. O(length).
    ///
    /// # Errors
    /// The tokenizer fails on it.
    pub fn text(&self, text: &str) -> Result<Vec<TokenId>, ModelError> {
        let failed = |problem| ModelError::Tokenizer { file: self.file.clone(), problem };
        let encoding =
            self.tokenizer.encode_fast(text, false).map_err(|error| failed(error.to_string()))?;
        let tokens: Vec<TokenId> = encoding.get_ids().iter().map(|&id| TokenId(id)).collect();
        match tokens.iter().find(|&&t| self.vocabulary.is_special(t)) {
            // Some tokenizers list control tokens as words too; none we know reaches them so.
            Some(token) => {
                Err(failed(format!("token {} is a control token, but a text spells it", token.0)))
            }
            None => Ok(tokens),
        }
    }

    /// The prompt that asks a question:
    ///
    /// ```text
    /// <|im_start|>system
    /// {system}<|im_end|>
    /// <|im_start|>user
    /// {context}
    ///
    /// {question}<|im_end|>
    /// <|im_start|>assistant
    /// <think>
    ///
    /// </think>
    ///
    /// ```
    ///
    /// without the first turn where there is no system text, and without the empty thought where the model thinks.
    ///
    /// # Errors
    /// The question is blank, the tokenizer fails or lacks a control token.
    pub fn chat(&self, prompt: &ChatPrompt<'_>) -> Result<Vec<TokenId>, ModelError> {
        if prompt.question.trim().is_empty() {
            return Err(ModelError::Prompt { problem: "the question is empty".into() });
        }
        let start = self.control("<|im_start|>")?;
        let end = self.control("<|im_end|>")?;
        let mut tokens = Vec::new();
        let mut turn = |role: &str, text: &str| -> Result<(), ModelError> {
            tokens.push(start);
            tokens.extend(self.text(&format!("{role}\n{text}"))?);
            tokens.push(end);
            tokens.extend(self.text("\n")?);
            Ok(())
        };
        if let Some(system) = prompt.system {
            turn("system", system)?;
        }
        match prompt.context {
            Some(context) => turn("user", &format!("{context}\n\n{}", prompt.question))?,
            None => turn("user", prompt.question)?,
        }
        tokens.push(start);
        tokens.extend(self.text("assistant\n")?);
        if !prompt.thinking {
            tokens.push(self.control("<think>")?);
            tokens.extend(self.text("\n\n")?);
            tokens.push(self.control("</think>")?);
            tokens.extend(self.text("\n\n")?);
        }
        Ok(tokens)
    }

    fn control(&self, name: &str) -> Result<TokenId, ModelError> {
        self.vocabulary.added_token(name).ok_or_else(|| ModelError::Tokenizer {
            file: self.file.clone(),
            problem: format!("no added token {name}: a chat in Qwen3's form needs it"),
        })
    }
}
