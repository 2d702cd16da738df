//! The vocabularies whose masks are compared.

use std::{path::PathBuf, sync::Arc};

use constrained_gen::{Limits, TokenId, Vocabulary};

/// Rows of logits of Qwen3.
const WIDTH: usize = 151_936;

/// Tokens that end strings, begin and end levels, cut characters and escapes.
#[rustfmt::skip]
const NASTY: &[&[u8]] = &[
    b"\",\"", b"\":\"", b"\": \"", b"\"},{\"", b"\"}", b"\"]", b"\"}]", b"\"],[\"", b"\"a\":", b"\"a\": ", b"{\"a\":", b"{\"a\": 1",
    b"{\"", b"[\"", b"[{\"", b"{}", b"[]", b"[[", b"]]", b"}}", b"},", b"],", b"}, ", b", ", b": ", b",\"", b", \"",
    b"\xc3", b"\xa9", b"\xc3\xa9", b"\xc3\xa9\"", b"\"\xc3", b"\xa9\",", b"\xf0\x9f", b"\x98\x80", b"\xf0\x9f\x98\x80", b"\x80\"",
    b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90",
    b"\\u", b"\\u00", b"\\u0061", b"u00", b"0061", b"\\ud83d", b"\\ude00", b"\\ud83d\\ude00", b"\\ud8", b"3d\\u", b"\\\"", b"\\\\", b"\\\\\"",
    b"\\\",", b"\\n", b"\\\\n", b"\\/", b"a\\", b"n\"", b"u0061\"", b"\\u0022", b"\\u0022\"",
    b"  ", b"    ", b"\n", b"\n  ", b"\n    \"", b" \"", b" {", b" [", b" }", b" ]", b"\n}", b"\n]", b"\t\t", b"\r\n", b" \n \n", b" ,", b" :", b" 1", b" true",
    b"ab", b"abc", b"abc\"", b"aab", b"a\"", b"ab\"", b"ab\",", b"a\",\"b\":\"", b"b\":", b"\"b\":\"x\"", b"x\"}", b"y\",\"b\":1}",
    b"null", b"true", b"false", b"ul", b"l,", b"e]", b"nul", b"true}",
    b"12", b"123", b"0.5", b"1.0", b"1e", b"e5", b"E+", b".0", b"-1", b"00", b"1,", b"1,2", b"12]", b"3}", b"1.5,\"", b"0e-1",
];

/// A small vocabulary: every byte, nasty tokens, blanks, an end and a control token, a token without text; and longer tokens
/// than any tokenizer has.
pub(crate) fn toy(long: bool) -> Arc<Vocabulary> {
    let mut tokens: Vec<Vec<u8>> = (0..=255).map(|byte| vec![byte]).collect();
    tokens.extend(NASTY.iter().map(|token| token.to_vec()));
    for run in [16, 127, 128, 129, 140] {
        tokens.push(vec![b' '; run]);
        tokens.push([vec![b' '; run], b"\"".to_vec()].concat());
    }
    let runs: &[usize] = if long { &[40, 310, 350] } else { &[40] };
    for &run in runs {
        tokens.push(vec![b'a'; run]);
        tokens.push([vec![b'a'; run], b"\"".to_vec()].concat());
        tokens.push([b"1", b",1".repeat(run).as_slice()].concat());
        tokens.push([b"true", b",true".repeat(run).as_slice()].concat());
    }
    tokens.push(Vec::new());
    tokens.push(b"<end>".to_vec());
    tokens.push(b"<control>".to_vec());
    let last = tokens.len() - 1;
    let special = [TokenId::new(last)];
    let end = [TokenId::new(last - 1)];
    Arc::new(Vocabulary::new(tokens, &special, &end).expect("a vocabulary"))
}

/// The tokenizer of the demo model.
pub(crate) fn demo() -> Arc<Vocabulary> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("models/demo/tokenizer.json");
    let json = std::fs::read(path).expect("the demo tokenizer");
    let limits = Limits::default();
    Arc::new(Vocabulary::from_tokenizer_json(&json, &limits).expect("the demo tokenizer"))
}

/// The tokenizer of Qwen3, where it is there.
pub(crate) fn qwen3() -> Option<Arc<Vocabulary>> {
    let path = super::real::shared("tokenizers/qwen3/tokenizer.json")?;
    let json = std::fs::read(path).expect("a tokenizer");
    let vocabulary =
        Vocabulary::from_tokenizer_json(&json, &Limits::default()).expect("a tokenizer");
    Some(Arc::new(vocabulary.with_width(WIDTH).expect("padding rows")))
}
