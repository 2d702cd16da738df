//! Texts like the answers, from which it is guessed how these go on.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
};

use anyhow::{Result, anyhow, bail};
use constrained_gen::{
    TokenId,
    decoding::{Drafter, Speller},
};

use super::super::input;

/// Bytes of a line at most; behind as many no other line is read.
const BYTES: usize = 64 << 20;

/// Texts of a file.
#[derive(Debug, Default)]
pub(super) struct Examples(Vec<String>);

impl Examples {
    /// Those of JSON lines, in the field `field`.
    pub(super) fn read(file: &Path, field: &str) -> Result<Self> {
        let lines = File::open(file).map_err(|e| input::in_file(file, e))?;
        let texts = texts(BufReader::new(lines), field);
        texts.map(Self).map_err(|e| input::in_file(file, e))
    }

    /// What has read them all.
    pub(super) fn drafter(&self, speller: &dyn Speller) -> Drafter {
        let texts: Vec<Vec<TokenId>> =
            self.0.iter().filter_map(|text| speller.spell(text)).collect();
        let drafter = Drafter::default().with_room(texts.iter().map(Vec::len).sum());
        texts.iter().for_each(|text| drafter.learn(text));
        drafter
    }
}

fn texts(mut lines: impl BufRead, field: &str) -> Result<Vec<String>> {
    let mut texts = Vec::new();
    let (mut line, mut number, mut bytes) = (Vec::new(), 0, 0);
    while bytes < BYTES && lines.by_ref().take(BYTES as u64 + 1).read_until(b'\n', &mut line)? > 0 {
        number += 1;
        if line.len() > BYTES {
            bail!("line {number}: longer than the {BYTES} bytes that a line may have");
        }
        if !line.trim_ascii().is_empty() {
            texts.extend(text(&line, field).map_err(|e| anyhow!("line {number}: {e}"))?);
        }
        bytes += line.len();
        line.clear();
    }
    Ok(texts)
}

/// The text of a line; none of a row of `--batch` that could not be answered.
fn text(line: &[u8], field: &str) -> Result<Option<String>> {
    let row = input::row(line)?;
    if row.get(field).is_none() && row.get("error").is_some() {
        return Ok(None);
    }
    Ok(Some(input::text_of(&row, field)?.to_owned()))
}
