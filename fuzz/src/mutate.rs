//! Small changes of an input, by chance but always the same.

use crate::generator::Random;

/// Pieces that readers treat in a way of their own.
const PIECES: [&str; 32] = [
    "\0",
    "\"",
    "\\",
    "/",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "{0,200}",
    "{2,1}",
    "*",
    "+",
    "?",
    "|",
    ":",
    "::=",
    "\n",
    "//",
    "#",
    "%import",
    "%ignore",
    "%declare",
    "\\u{10ffff}",
    "\\x",
    "é",
    "null",
    "1e999",
    "-1",
    "18446744073709551616",
    "start",
];

/// One of the seeds with one to eight places changed, or without seeds any bytes; the number decides all.
pub fn mutate(number: u64, seeds: &[Vec<u8>]) -> Vec<u8> {
    let random = &mut Random::new(number);
    if seeds.is_empty() {
        return (0..random.range(8, 140)).map(|_| random.below(256) as u8).collect();
    }
    let mut bytes = random.pick(seeds);
    for _ in 0..random.range(1, 8) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.range(1, 24)).min(bytes.len());
        match random.below(7) {
            0 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
            }
            1 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = random.below(256) as u8;
                }
            }
            2 => drop(bytes.drain(at..end)),
            3 => drop(bytes.splice(at..at, random.pick(&PIECES).bytes())),
            4 => {
                let again = bytes[at..end].repeat(random.range(1, 3));
                bytes.splice(at..at, again);
            }
            5 => {
                let other = random.pick(seeds);
                let from = random.below(other.len() + 1);
                let to = (from + random.range(1, 200)).min(other.len());
                bytes.splice(at..end, other[from..to].iter().copied());
            }
            _ => bytes.truncate(at.max(4)),
        }
    }
    bytes
}
