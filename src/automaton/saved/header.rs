//! The beginning of a saved automaton: what it is, of what, and whether it is whole.
//!
//! ```text
//! magic 8, format 4, identity 32, checksum 4 (of identity and body), body; numbers are little-endian
//! ```

use sha2::{Digest, Sha256};

use super::LoadError;
use crate::{CompiledGrammar, Vocabulary, codec::Writer};

/// With a line end and a byte that is no text, so that copying the file as text does not go unnoticed.
const MAGIC: [u8; 8] = *b"cgauto\r\xff";

/// To be raised when the body's layout changes, or what a tree or a result means.
const FORMAT: u32 = 7;

const DIGEST: usize = 32;

const SUM: usize = 4;

/// The whole file.
pub(super) fn wrap(grammar: &CompiledGrammar, vocabulary: &Vocabulary, body: &[u8]) -> Vec<u8> {
    let identity = identity(grammar, vocabulary);
    let mut bytes = Vec::with_capacity(MAGIC.len() + 4 + DIGEST + SUM + body.len());
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    bytes.extend_from_slice(&identity);
    bytes.extend_from_slice(&checksum(&identity, body));
    bytes.extend_from_slice(body);
    bytes
}

/// What a file says of itself, and its body.
pub(super) struct File<'a> {
    /// What it was made of.
    of: &'a [u8; DIGEST],
    sum: &'a [u8; SUM],
    pub(super) body: &'a [u8],
}

/// The parts of a file of this kind and format.
pub(super) fn split(bytes: &[u8]) -> Result<File<'_>, LoadError> {
    let rest = bytes.strip_prefix(&MAGIC).ok_or(LoadError::Kind)?;
    let (format, rest) = rest.split_first_chunk::<4>().ok_or(LoadError::Kind)?;
    let found = u32::from_le_bytes(*format);
    if found != FORMAT {
        return Err(LoadError::Format { found, expected: FORMAT });
    }
    let (of, rest) = rest.split_first_chunk().ok_or(LoadError::Damaged)?;
    let (sum, body) = rest.split_first_chunk().ok_or(LoadError::Damaged)?;
    Ok(File { of, sum, body })
}

impl File<'_> {
    /// Refuses bytes that are not the ones that were written.
    pub(super) fn is_whole(&self) -> Result<(), LoadError> {
        match *self.sum == checksum(self.of, self.body) {
            true => Ok(()),
            false => Err(LoadError::Damaged),
        }
    }

    /// Refuses what was made of something else than this grammar and this vocabulary.
    pub(super) fn is_of(
        &self,
        grammar: &CompiledGrammar,
        vocabulary: &Vocabulary,
    ) -> Result<(), LoadError> {
        match *self.of == identity(grammar, vocabulary) {
            true => Ok(()),
            false => Err(LoadError::Other),
        }
    }
}

/// CRC-32: no single run of up to 32 wrong bits goes unnoticed, and of other damage one in four billion.
fn checksum(identity: &[u8; DIGEST], body: &[u8]) -> [u8; SUM] {
    let mut sum = crc32fast::Hasher::new();
    sum.update(identity);
    sum.update(body);
    sum.finalize().to_le_bytes()
}

/// A name of everything that the body's numbers refer to: the automata of terminals, the normal form of the productions, the
/// tokens.
fn identity(grammar: &CompiledGrammar, vocabulary: &Vocabulary) -> [u8; DIGEST] {
    let mut content = Writer::default();
    grammar.lexer.describe(&mut content);
    grammar.normal.describe(&mut content);
    content.count(vocabulary.width());
    content.raw(vocabulary.digest());
    let version = concat!(env!("CARGO_PKG_VERSION"), "\n");
    Sha256::new().chain_update(version).chain_update(content.finish()).finalize().into()
}

/// A file with this body whose checksum holds, whatever it is: for tests of what comes after it.
#[cfg(test)]
pub(super) fn forge(of: &[u8], body: &[u8]) -> Vec<u8> {
    let head = MAGIC.len() + 4;
    let identity: [u8; DIGEST] = of[head..head + DIGEST].try_into().unwrap();
    [&of[..head + DIGEST], &checksum(&identity, body), body].concat()
}

/// Where the body begins.
#[cfg(test)]
pub(super) const HEAD: usize = MAGIC.len() + 4 + DIGEST + SUM;
