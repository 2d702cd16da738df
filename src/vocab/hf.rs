//! Reads a Hugging Face `tokenizer.json`: byte-level BPE and byte-fallback forms. The only file that knows the format.

use serde_json::Value;

use super::{Vocabulary, VocabularyError};
use crate::{Limits, TokenId};

/// Added tokens that end a turn or a text in the models we know, most usual first.
const END_NAMES: [&str; 6] =
    ["<|im_end|>", "<|endoftext|>", "</s>", "<|eot_id|>", "<|end_of_text|>", "<eos>"];

fn form(place: impl Into<String>, problem: impl Into<String>) -> VocabularyError {
    VocabularyError::Form { place: place.into(), problem: problem.into() }
}

/// Whether `kind` occurs as the type of a (possibly nested) pre-tokenizer or decoder.
fn mentions(value: &Value, kind: &str) -> bool {
    let mut work = vec![value];
    while let Some(value) = work.pop() {
        match value {
            Value::Object(map) => {
                if map.get("type").and_then(Value::as_str) == Some(kind) {
                    return true;
                }
                work.extend(map.values());
            }
            Value::Array(items) => work.extend(items),
            _ => {}
        }
    }
    false
}

/// GPT-2's printable stand-ins: character -> byte.
fn byte_of_char() -> rustc_hash::FxHashMap<char, u8> {
    let printable = |b: u8| matches!(b, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let mut shifted = 256;
    (0..=255u8)
        .map(|b| {
            let c = if printable(b) {
                u32::from(b)
            } else {
                shifted += 1;
                shifted - 1
            };
            (char::from_u32(c).expect("invariant: below 512, no surrogates"), b)
        })
        .collect()
}

impl Vocabulary {
    /// Reads a `tokenizer.json`. All added tokens are control tokens: a model's text never spells them. The known end
    /// tokens (`<|im_end|>`, `<|endoftext|>`, `</s>`, ...) end a sequence.
    ///
    /// # Errors
    /// Not JSON, no vocabulary, an id twice or out of range, a form of tokenizer that gives tokens no bytes of their own.
    pub fn from_tokenizer_json(json: &[u8], limits: &Limits) -> Result<Self, VocabularyError> {
        let root: Value = serde_json::from_slice(json)?;
        let entries: Vec<(&str, u64)> = match root.pointer("/model/vocab") {
            Some(Value::Object(map)) => map
                .iter()
                .map(|(text, id)| {
                    let id = id.as_u64().ok_or_else(|| {
                        form("/model/vocab", format!("the id of {text:.40?} is no whole number"))
                    })?;
                    Ok((text.as_str(), id))
                })
                .collect::<Result<_, VocabularyError>>()?,
            // Unigram: a list of [text, score].
            Some(Value::Array(items)) => items
                .iter()
                .enumerate()
                .map(|(i, item)| {
                    let text = item.get(0).and_then(Value::as_str).ok_or_else(|| {
                        form(format!("/model/vocab/{i}"), "expected [text, score]")
                    })?;
                    Ok((text, i as u64))
                })
                .collect::<Result<_, VocabularyError>>()?,
            _ => return Err(form("/model/vocab", "expected an object of texts to ids")),
        };
        let nothing = Value::Null;
        let decoder = root.get("decoder").unwrap_or(&nothing);
        let byte_level = mentions(decoder, "ByteLevel")
            || mentions(root.get("pre_tokenizer").unwrap_or(&nothing), "ByteLevel");
        let byte_fallback = mentions(decoder, "ByteFallback")
            || root.pointer("/model/byte_fallback") == Some(&Value::Bool(true));
        if !byte_level && !byte_fallback {
            return Err(form(
                "/decoder",
                "expected a ByteLevel or ByteFallback decoder; other tokenizers give tokens no bytes of their own",
            ));
        }
        let chars = byte_of_char();
        let mut added: Vec<(u64, &str)> = Vec::new();
        if let Some(list) = root.get("added_tokens") {
            let list = list.as_array().ok_or_else(|| form("/added_tokens", "expected a list"))?;
            for (i, token) in list.iter().enumerate() {
                let place = || format!("/added_tokens/{i}");
                let id = token.get("id").and_then(Value::as_u64);
                let text = token.get("content").and_then(Value::as_str);
                match (id, text) {
                    (Some(id), Some(text)) => added.push((id, text)),
                    _ => return Err(form(place(), "expected id and content")),
                }
            }
        }
        let highest = entries.iter().map(|e| e.1).chain(added.iter().map(|a| a.0)).max();
        let rows = highest.map_or(0, |h| h as usize + 1);
        // Ids may have gaps (rows without a token), but a hostile id must not make us allocate its worth of rows.
        if rows > 2 * (entries.len() + added.len()) + 1024 {
            return Err(VocabularyError::Width {
                rows,
                problem: format!("only {} tokens are named", entries.len() + added.len()),
            });
        }
        let mut tokens: Vec<Vec<u8>> = vec![Vec::new(); rows];
        let mut taken = vec![false; rows];
        for (text, id) in entries {
            let slot = id as usize;
            if std::mem::replace(&mut taken[slot], true) {
                return Err(form("/model/vocab", format!("id {id} is given twice")));
            }
            tokens[slot] = if byte_level {
                text.chars()
                    .map(|c| chars.get(&c).copied())
                    .collect::<Option<_>>()
                    // Characters outside the stand-ins occur in added tokens that are listed here too.
                    .unwrap_or_else(|| text.as_bytes().to_vec())
            } else {
                fallback_bytes(text)
            };
        }
        let mut special = Vec::new();
        let mut names = Vec::new();
        for (id, text) in added {
            tokens[id as usize] = text.as_bytes().to_vec();
            special.push(TokenId(id as u32));
            names.push((text.to_owned(), TokenId(id as u32)));
        }
        let end: Vec<TokenId> = END_NAMES
            .iter()
            .filter_map(|name| names.iter().find(|(n, _)| n == name).map(|(_, id)| *id))
            .collect();
        Self::with_names(tokens, &special, &end, names, limits)
    }
}

/// SentencePiece's spelling: `<0xE2>` is a byte, the low line U+2581 a blank.
fn fallback_bytes(text: &str) -> Vec<u8> {
    if let Some(hex) = text.strip_prefix("<0x").and_then(|t| t.strip_suffix('>'))
        && hex.len() == 2
        && let Ok(byte) = u8::from_str_radix(hex, 16)
    {
        return vec![byte];
    }
    text.replace('\u{2581}', " ").into_bytes()
}
