//! Is a language a handful of words? Keywords, and lists of them, need no determinisation.

use regex_syntax::hir::{Class, Hir, HirKind};
use rustc_hash::FxHashMap;

/// Places of words taken apart at most, all words together; an expression with more goes the general way, whose size is
/// limited by the automaton's. A list of SQL's keywords has some thousands, one of a large database's names a hundred thousand.
const PLACES: usize = 1 << 18;

/// Expressions inside expressions that are looked into.
const DEPTH: usize = 8;

/// A word: at each place the bytes that may stand there.
pub(super) type Word = Vec<Vec<u8>>;

/// The words of an expression without repetition; `None` if it is something else. Recurses at most [`DEPTH`] deep.
pub(super) fn of(hir: &Hir) -> Option<Vec<Word>> {
    words(hir, DEPTH)
}

fn words(hir: &Hir, depth: usize) -> Option<Vec<Word>> {
    let set = |bytes: Vec<u8>| (!bytes.is_empty()).then(|| vec![vec![bytes]]);
    let found = match hir.kind() {
        HirKind::Empty => vec![Vec::new()],
        HirKind::Literal(literal) if literal.0.len() < PLACES => {
            vec![literal.0.iter().map(|byte| vec![*byte]).collect()]
        }
        HirKind::Class(Class::Bytes(class)) => {
            set(class.ranges().iter().flat_map(|r| r.start()..=r.end()).collect())?
        }
        HirKind::Class(Class::Unicode(class)) if class.is_ascii() => {
            set(class.ranges().iter().flat_map(|r| r.start() as u8..=r.end() as u8).collect())?
        }
        HirKind::Concat(parts) if depth > 0 => {
            let mut all = vec![Vec::new()];
            for part in parts {
                let more = words(part, depth - 1)?;
                if places(&all) * more.len() + places(&more) * all.len() > 2 * PLACES {
                    return None;
                }
                if let [one] = more.as_slice() {
                    all.iter_mut().for_each(|word| word.extend_from_slice(one));
                } else {
                    let longer = |word: &Word| {
                        more.iter().map(|more| [&word[..], more].concat()).collect::<Vec<_>>()
                    };
                    all = all.iter().flat_map(longer).collect();
                }
            }
            all
        }
        HirKind::Alternation(parts) if depth > 0 => {
            let (mut all, mut room) = (Vec::new(), PLACES);
            for part in parts {
                let more = words(part, depth - 1)?;
                room = room.checked_sub(places(&more))?;
                all.extend(more);
            }
            all
        }
        HirKind::Repetition(repetition)
            if depth > 0 && (repetition.min, repetition.max) == (0, Some(1)) =>
        {
            let mut all = words(&repetition.sub, depth - 1)?;
            all.push(Vec::new());
            all
        }
        HirKind::Capture(capture) if depth > 0 => words(&capture.sub, depth - 1)?,
        _ => return None,
    };
    (places(&found) <= PLACES).then_some(found)
}

/// Places of words, and one for the end of each.
fn places(words: &[Word]) -> usize {
    words.iter().map(|word| word.len() + 1).sum()
}

/// A node of a trie of words.
#[derive(Default)]
pub(super) struct Node {
    /// Number of a set of bytes, and the node behind it.
    pub(super) children: Vec<(usize, usize)>,
    /// Whether a word ends here.
    pub(super) ends: bool,
}

/// Words with a common beginning once.
pub(super) struct Trie {
    pub(super) nodes: Vec<Node>,
    sets: Vec<Vec<u8>>,
}

impl Trie {
    /// `None` if somewhere a byte could lead on in two ways.
    pub(super) fn new(words: &[Word]) -> Option<Self> {
        let mut numbers: FxHashMap<&[u8], usize> = FxHashMap::default();
        let mut sets: Vec<Vec<u8>> = Vec::new();
        let mut nodes = vec![Node::default()];
        for word in words {
            let mut at = 0;
            for set in word {
                let number = *numbers.entry(set).or_insert_with(|| {
                    sets.push(set.clone());
                    sets.len() - 1
                });
                let known = nodes[at].children.iter().find(|(other, _)| *other == number);
                at = match known {
                    Some((_, child)) => *child,
                    None => {
                        let shares = |other: &[u8]| set.iter().any(|byte| other.contains(byte));
                        if nodes[at].children.iter().any(|(other, _)| shares(&sets[*other])) {
                            return None;
                        }
                        nodes.push(Node::default());
                        let child = nodes.len() - 1;
                        nodes[at].children.push((number, child));
                        child
                    }
                };
            }
            nodes[at].ends = true;
        }
        Some(Self { nodes, sets })
    }

    /// Byte -> class, so that the bytes of a class are in the same sets; and the classes of each set.
    pub(super) fn classes(&self) -> ([u8; 256], Vec<Vec<u8>>) {
        let mut of_byte: Vec<Vec<usize>> = vec![Vec::new(); 256];
        for (number, set) in self.sets.iter().enumerate() {
            set.iter().for_each(|byte| of_byte[usize::from(*byte)].push(number));
        }
        let mut known: FxHashMap<&[usize], u8> = FxHashMap::default();
        let mut classes = [0; 256];
        let mut of_set = vec![Vec::new(); self.sets.len()];
        for (class, of) in classes.iter_mut().zip(&of_byte) {
            let next = known.len() as u8;
            *class = *known.entry(of).or_insert_with(|| {
                of.iter().for_each(|set| of_set[*set].push(next));
                next
            });
        }
        (classes, of_set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words_of(pattern: &str) -> Option<usize> {
        of(&regex_syntax::parse(pattern).unwrap()).map(|words| words.len())
    }

    #[test]
    fn what_has_too_many_places_is_not_taken_apart() {
        assert_eq!(words_of("(?:ab|cd)(?:ef|gh)?"), Some(6));
        assert_eq!(words_of(&"(?:ab|cd)".repeat(20)), None);
        let long = "x".repeat(PLACES - 2_000);
        assert_eq!(words_of(&long), Some(1));
        assert_eq!(words_of(&format!("(?:ab|cd){long}")), None);
        assert_eq!(words_of(&format!("a{long}|b{long}")), None);
        assert_eq!(words_of("(?:ab)*"), None);
    }
}
