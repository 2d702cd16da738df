//! Where mutation begins: files of this repository, and what was found before.

use std::{
    fs,
    path::{Path, PathBuf},
};

#[path = "../../tests/schema/constructs.rs"]
mod constructs;

/// Bytes of a seed; the rest of a longer file is left out.
const LONGEST: usize = 16 << 10;

/// This package's directory.
pub fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The inputs that once failed, with their names.
pub fn regressions(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let mut paths = files(&home().join("regressions").join(target));
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read(path).expect("a readable file"))).collect()
}

/// The seeds of a target, in a fixed order; none where any bytes do.
pub fn of(target: &str) -> Vec<Vec<u8>> {
    let root = home().join("..");
    let (folders, ending): (&[&str], &str) = match target {
        "lark" => (&["grammars/json", "tests/data/grammar"], "lark"),
        "gbnf" => (&["tests/data/grammar"], "gbnf"),
        "tokenizer" => (&["models/demo"], "tokenizer.json"),
        "manifest" => (&["experts"], "manifest.json"),
        _ => (&[], ""),
    };
    let mut paths: Vec<PathBuf> = folders.iter().flat_map(|f| files(&root.join(f))).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(ending));
    paths.sort();
    let mut seeds: Vec<Vec<u8>> = paths
        .iter()
        .map(|path| {
            let mut bytes = fs::read(path).expect("a readable file");
            bytes.truncate(LONGEST);
            bytes
        })
        .collect();
    match target {
        "lark" | "gbnf" => seeds.extend(blocks(&root.join("docs/grammar-language.md"), target)),
        "tokenizer" => seeds.push(SMALL_TOKENIZER.as_bytes().to_vec()),
        "schema" => {
            // Each with choices of a walk, and the beginning of a text.
            let tail = b"\0\x2a\x11\xd0\x07\xe1\x13\x99\x40\0{\"a\": [\"ab\", 12, {}]}";
            let texts = constructs::SCHEMAS.iter().map(|schema| schema.as_bytes());
            seeds.extend(texts.map(|schema| [schema, tail].concat()));
        }
        _ => {}
    }
    seeds
}

/// The grammars of a language in a document, each with its first example after a zero byte.
fn blocks(document: &Path, language: &str) -> Vec<Vec<u8>> {
    let text = fs::read_to_string(document).expect("a readable document");
    let opening = format!("```{language}\n");
    let blocks = text.split(&opening).skip(1);
    blocks
        .filter_map(|block| block.split("```").next())
        .flat_map(|block| {
            let examples = constrained_gen::library::examples(block).unwrap_or_default();
            let example = examples.first().map_or("", |example| &example.text);
            // With the words of the example as a list, too, where one is asked for.
            let asks = block.contains("%list ") || block.contains("%slot ");
            let readings: &[&[u8]] = if asks { &[b"\0", b"\0\x01"] } else { &[b"\0"] };
            readings
                .iter()
                .map(|mark| [block.as_bytes(), mark, example.as_bytes()].concat())
                .collect::<Vec<_>>()
        })
        .collect()
}

/// The words of a target's dictionary, which is in libFuzzer's form; none where there is no dictionary.
pub fn dictionary(target: &str) -> Vec<Vec<u8>> {
    let path = home().join("dictionaries").join(format!("{target}.dict"));
    let text = fs::read_to_string(path).unwrap_or_default();
    let words = text.lines().filter_map(|line| line.strip_prefix('"')?.strip_suffix('"'));
    words.map(unescaped).collect()
}

/// A word as bytes: `\\`, `\"` and `\xHH` are escapes.
fn unescaped(word: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = word.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            bytes.push(byte);
        } else if let Some(hex) = rest.strip_prefix(b"x").and_then(|hex| hex.get(..2)) {
            let hex = std::str::from_utf8(hex).expect("two digits");
            bytes.push(u8::from_str_radix(hex, 16).expect("two digits"));
            rest = &rest[3..];
        } else if let Some((&escaped, after)) = rest.split_first() {
            bytes.push(escaped);
            rest = after;
        }
    }
    bytes
}

/// A whole tokenizer, so that most mutations still are JSON.
const SMALL_TOKENIZER: &str = r#"{"added_tokens": [{"id": 5, "content": "<|im_end|>", "special": true}],
"pre_tokenizer": {"type": "ByteLevel"}, "decoder": {"type": "ByteLevel"},
"model": {"type": "BPE", "byte_fallback": false, "vocab": {"a": 0, "b": 1, "Ġa": 2, "ab": 3, "<0x0A>": 4}, "merges": ["a b"]}}"#;

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.expect("a readable folder").path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
