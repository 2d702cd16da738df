//! Where mutation begins: files of this repository, and what was found before.

use std::{
    fs,
    path::{Path, PathBuf},
};

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
        "lark" => (&["grammars", "tests/data/grammar"], "lark"),
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
    if target == "tokenizer" {
        seeds.push(SMALL_TOKENIZER.as_bytes().to_vec());
    }
    seeds
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
