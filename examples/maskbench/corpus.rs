//! Which schemas and instances are there? Files as in MaskBench: JSON lines under zstd, one schema a line.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokenizers::Tokenizer;

/// One line of a file, as it is written.
#[derive(Deserialize)]
struct Line {
    name: String,
    schema: Box<RawValue>,
    tests: Vec<LineTest>,
}

#[derive(Deserialize)]
struct LineTest {
    valid: bool,
    text: String,
    #[serde(default)]
    why: String,
}

/// A schema with its instances.
#[derive(Debug)]
pub(crate) struct Schema {
    pub name: String,
    /// As written, key order and numbers kept.
    pub text: String,
    pub tests: Vec<Test>,
}

/// An instance.
#[derive(Debug)]
pub(crate) struct Test {
    pub valid: bool,
    /// The canonical tokens of the text.
    pub tokens: Vec<u32>,
    /// What a validator said of an invalid one.
    pub why: String,
}

/// A fixed share of all schemas, chosen by name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub percent: f64,
    pub seed: u64,
}

impl Sample {
    /// Whether the schema is in it: FNV-1a of seed and name, mixed once more (the finaliser of SplitMix64).
    pub(crate) fn has(&self, name: &str) -> bool {
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        for byte in self.seed.to_le_bytes().iter().chain(name.as_bytes()) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        hash ^= hash >> 31;
        (hash % 1_000_000) as f64 <= self.percent * 10_000.0 - 1.0
    }
}

/// Hands every schema of the files (of the sample) to `each`, with the file's name. One line in memory at a time.
pub(crate) fn read(
    files: &[PathBuf],
    sample: Option<Sample>,
    tokenizer: &Tokenizer,
    mut each: impl FnMut(&str, Schema) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let total = files.iter().filter_map(|f| Some(f.metadata().ok()?.len())).sum();
    let style = "{elapsed_precise} {wide_bar} {bytes}/{total_bytes} {msg} (eta {eta})";
    let bar = ProgressBar::new(total).with_style(ProgressStyle::with_template(style)?);
    for path in files {
        let file = File::open(path).with_context(|| path.display().to_string())?;
        let file_name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        bar.set_message(file_name.clone());
        for line in lines(path, bar.wrap_read(file))? {
            let line = line.with_context(|| path.display().to_string())?;
            if line.trim().is_empty() {
                continue;
            }
            let line: Line =
                serde_json::from_str(&line).with_context(|| path.display().to_string())?;
            if sample.is_some_and(|sample| !sample.has(&line.name)) {
                continue;
            }
            each(&file_name, encoded(line, tokenizer)?)?;
        }
    }
    bar.finish_and_clear();
    Ok(())
}

type Lines = Box<dyn Iterator<Item = std::io::Result<String>>>;

fn lines(path: &Path, file: impl Read + 'static) -> anyhow::Result<Lines> {
    if path.extension().is_some_and(|extension| extension == "zst") {
        let decoder = ruzstd::decoding::StreamingDecoder::new(BufReader::new(file))
            .map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
        return Ok(Box::new(BufReader::new(decoder).lines()));
    }
    Ok(Box::new(BufReader::new(file).lines()))
}

fn encoded(line: Line, tokenizer: &Tokenizer) -> anyhow::Result<Schema> {
    let tests = line.tests.into_iter().map(|test| {
        let encoding = tokenizer.encode(test.text.as_str(), false).map_err(anyhow::Error::msg)?;
        Ok(Test { valid: test.valid, tokens: encoding.get_ids().to_vec(), why: test.why })
    });
    Ok(Schema {
        name: line.name,
        text: line.schema.get().to_owned(),
        tests: tests.collect::<anyhow::Result<_>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_a_fixed_share() {
        let names: Vec<String> = (0..10_000).map(|i| format!("Github_easy---o{i}.json")).collect();
        let count = |percent, seed| {
            let sample = Sample { percent, seed };
            names.iter().filter(|name| sample.has(name)).count()
        };
        assert!((900..1_100).contains(&count(10.0, 1)), "{}", count(10.0, 1));
        assert_eq!((count(0.0, 1), count(100.0, 1)), (0, 10_000));
        let one = Sample { percent: 10.0, seed: 1 };
        let two = Sample { percent: 10.0, seed: 2 };
        let both = names.iter().filter(|name| one.has(name) && two.has(name)).count();
        assert!(both < 200, "another seed is another sample");
    }
}
