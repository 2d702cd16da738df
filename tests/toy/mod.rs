//! A byte-level tokenizer for tests: token = byte, then words, then control tokens.

use serde_json::{Map, Value, json};

/// The control tokens of a chat in Qwen3's form.
pub(crate) const CONTROL: [&str; 5] =
    ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"];

/// GPT-2's printable stand-in for a byte.
fn stand_in(byte: u8) -> char {
    let printable = |b: u8| matches!(b, 0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF);
    if printable(byte) {
        char::from(byte)
    } else {
        let shifted = (0..byte).filter(|&b| !printable(b)).count() as u32;
        char::from_u32(256 + shifted).unwrap()
    }
}

/// A `tokenizer.json`: bytes are tokens 0 to 255, `words` follow (reached by no merge, so no prompt uses them), then
/// `control`.
pub(crate) fn tokenizer_json(words: &[&str], control: &[&str]) -> String {
    let spelled = |text: &[u8]| text.iter().map(|&b| stand_in(b)).collect::<String>();
    let mut vocabulary: Map<String, Value> =
        (0..=255u8).map(|byte| (spelled(&[byte]), byte.into())).collect();
    for (i, word) in words.iter().enumerate() {
        vocabulary.insert(spelled(word.as_bytes()), (256 + i).into());
    }
    let added: Vec<Value> = control
        .iter()
        .enumerate()
        .map(|(i, name)| {
            json!({
                "id": 256 + words.len() + i, "content": name, "single_word": false, "lstrip": false,
                "rstrip": false, "normalized": false, "special": !name.contains("think"),
            })
        })
        .collect();
    let byte_level = json!({
        "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false,
    });
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": added,
        "normalizer": {"type": "NFC"}, "pre_tokenizer": byte_level, "post_processor": byte_level,
        "decoder": byte_level,
        "model": {
            "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": "",
            "end_of_word_suffix": "", "fuse_unk": false, "byte_fallback": false,
            "vocab": vocabulary, "merges": [],
        },
    })
    .to_string()
}
