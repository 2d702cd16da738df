//! Small changes of an input, by chance but always the same.

use crate::generator::Random;

/// One of the seeds with one to eight places changed, with pieces that its readers treat in a way of their own; without seeds
/// any bytes. The number decides all.
pub fn mutate(number: u64, seeds: &[Vec<u8>], pieces: &[Vec<u8>]) -> Vec<u8> {
    let random = &mut Random::new(number);
    if seeds.is_empty() {
        let longest = random.pick(&[40, 140, 140, 300]);
        return (0..random.range(8, longest)).map(|_| random.below(256) as u8).collect();
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
            3 if !pieces.is_empty() => drop(bytes.splice(at..at, random.pick(pieces))),
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
