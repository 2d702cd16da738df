//! Boolean laws, and patterns against another engine of ECMA-262, on random input.

use proptest::{collection::vec, prelude::*, sample::select};

use super::super::{Language, Piece, TextSet};
use crate::Limits;

/// Characters of one to four bytes, some of which share beginnings.
const LETTERS: [char; 9] = ['a', 'b', '1', '-', '\n', 'é', 'ê', '€', '😀'];

fn text() -> impl Strategy<Value = String> {
    vec(select(&LETTERS[..]), 0..7).prop_map(|letters| letters.into_iter().collect())
}

/// Pieces of patterns that this module and the other engine both read, put together at random.
fn pattern() -> impl Strategy<Value = String> {
    let atoms = select(vec![
        "a",
        "b",
        "1",
        "-",
        "é",
        "€",
        "😀",
        ".",
        "[ab]",
        "[^a]",
        "[^a-z]",
        "[é-€]",
        "\\d",
        "\\w",
        "\\W",
        "\\s",
        "\\S",
        "[^]",
        "[\\w-]",
        "\\u00e9",
        "\\u{1F600}",
        "\\uD83D\\uDE00",
        "\\n",
        "\\/",
        "\\p{L}",
        "\\P{L}",
    ]);
    let marks = select(vec!["^", "$", "\\b", "\\B", ""]);
    let leaf = prop_oneof![8 => atoms.prop_map(str::to_owned), 1 => marks.prop_map(str::to_owned)];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let quantifiers =
            select(vec!["*", "+", "?", "{2}", "{1,3}", "{0,2}?", "{2,}", "*?", "+?", "??"]);
        prop_oneof![
            3 => vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
            2 => vec(inner.clone(), 1..3).prop_map(|parts| format!("(?:{})", parts.join("|"))),
            1 => vec(inner.clone(), 1..3).prop_map(|parts| format!("({})", parts.join("|"))),
            3 => (inner.clone(), quantifiers).prop_map(|(part, mark)| format!("(?:{part}){mark}")),
            1 => inner.clone().prop_map(|part| format!("(?={part})")),
            1 => inner.prop_map(|part| format!("(?!{part})")),
        ]
    })
}

/// Sets of every kind.
fn set() -> impl Strategy<Value = TextSet> {
    let limits = Limits::default();
    let bounds = || (0..4u32, proptest::option::of(0..5u32));
    let patterns = select(vec![
        "^[ab]*$",
        "a",
        "^(?:ab|b)*$",
        "^\\w+$",
        "é",
        "^.$",
        "^(..)*$",
        "^(...)*$",
        "^[^a]*$",
        "^$",
        "^[ab]{2,40}$",
        "^[ab-]{0,34}$",
        "b$",
    ]);
    let leaf = prop_oneof![
        vec(text(), 0..4).prop_map(TextSet::from_strings),
        bounds().prop_map(|(min, max)| TextSet::length(min, max)),
        patterns.prop_map(|p| TextSet::pattern(p, &Limits::default()).unwrap()),
    ];
    leaf.prop_recursive(4, 16, 2, move |inner| {
        let limits = limits.clone();
        (inner.clone(), inner, 0..4).prop_map(move |(a, b, op)| {
            let made = match op {
                0 => a.union(&b, &limits),
                1 => a.intersect(&b, &limits),
                2 => a.without(&b, &limits),
                _ => a.complement(&limits),
            };
            made.unwrap()
        })
    })
}

/// Steps a text's bytes through a piece, asking at each byte whether it is viable; whether it is accepted in the end.
fn run(piece: &Piece, text: &str, viable: &mut Vec<bool>) -> bool {
    let (mut state, mut read) = match &piece.language {
        Language::Free { .. } => (0, 0),
        Language::Automaton(dfa) => (dfa.start(), 0),
    };
    viable.push(piece.viable(state, read));
    for c in text.chars() {
        let mut bytes = [0; 4];
        let bytes = c.encode_utf8(&mut bytes).as_bytes();
        for (i, byte) in bytes.iter().enumerate() {
            let last = i + 1 == bytes.len();
            state = match &piece.language {
                Language::Free { .. } => u32::from(!last),
                Language::Automaton(dfa) => dfa.next(state, *byte),
            };
            read += u32::from(last);
            viable.push(piece.viable(state, read));
        }
    }
    let accepts = piece.accepts(state, read);
    match &piece.language {
        Language::Free { except } => accepts && !except.iter().any(|other| **other == *text),
        Language::Automaton(_) => accepts,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(500), ..ProptestConfig::default() })]

    #[test]
    fn operations_agree_with_membership(a in set(), b in set(), texts in vec(text(), 1..12)) {
        let limits = Limits::default();
        let union = a.union(&b, &limits).unwrap();
        let both = a.intersect(&b, &limits).unwrap();
        let rest = a.without(&b, &limits).unwrap();
        let others = a.complement(&limits).unwrap();
        for text in &texts {
            let (in_a, in_b) = (a.contains(text), b.contains(text));
            prop_assert_eq!(union.contains(text), in_a || in_b);
            prop_assert_eq!(both.contains(text), in_a && in_b);
            prop_assert_eq!(rest.contains(text), in_a && !in_b);
            prop_assert_eq!(others.contains(text), !in_a);
        }
        for set in [&a, &b, &union, &both, &rest, &others] {
            match set.shortest() {
                Some(text) => prop_assert!(set.contains(&text), "{set:?}"),
                None => prop_assert!(set.is_empty()),
            }
        }
        prop_assert!(others.union(&a, &limits).unwrap().is_all());
        prop_assert!(others.intersect(&a, &limits).unwrap().is_empty());
        prop_assert!(rest.is_subset(&a, &limits).unwrap() && rest.is_disjoint(&b, &limits).unwrap());
        let again = others.complement(&limits).unwrap();
        prop_assert!(again.is_subset(&a, &limits).unwrap() && a.is_subset(&again, &limits).unwrap());
        prop_assert_eq!(both.is_empty(), a.is_disjoint(&b, &limits).unwrap());
    }

    #[test]
    fn bytes_agree_with_characters(set in set(), texts in vec(text(), 1..6)) {
        for text in &texts {
            let mut accepted = set.strings().iter().any(|other| **other == **text);
            for piece in set.pieces() {
                let mut viable = Vec::new();
                let accepts = run(piece, text, &mut viable);
                prop_assert!(!accepts || viable.iter().all(|viable| *viable));
                accepted |= accepts;
            }
            prop_assert_eq!(accepted, set.contains(text), "{:?} {:?}", text, set);
        }
    }

    /// What is viable has a completion, and what has one is viable: the texts with a beginning are an intersection away.
    #[test]
    fn viable_is_exact(set in set(), text in text()) {
        let limits = Limits::default();
        for piece in set.pieces() {
            if let Language::Free { except } = &piece.language {
                let longest = piece.max.map(|max| max as usize);
                prop_assert!(except.iter().all(|text| Some(text.chars().count()) != longest));
            }
            let mut viable = Vec::new();
            run(piece, &text, &mut viable);
            let mut at = 0;
            let one = TextSet { strings: [].into(), pieces: [piece.clone()].into() };
            for (offset, c) in text.char_indices() {
                for inside in 0..c.len_utf8() {
                    // All texts that begin with the complete characters and go on with one that has the bytes so far.
                    let begin: String = text[..offset].chars().map(|c| format!("\\u{{{:X}}}", u32::from(c))).collect();
                    let next: String = if inside == 0 { String::new() } else {
                        let mut low = c.to_string().into_bytes();
                        let mut high = low.clone();
                        low[inside..].fill(0x80);
                        high[inside..].fill(0xBF);
                        // The extremes of a beginning may be no characters: the ends of its block are then given.
                        let low = std::str::from_utf8(&low).ok().and_then(|s| s.chars().next());
                        let high = std::str::from_utf8(&high).ok().and_then(|s| s.chars().next());
                        let (floor, ceiling) = match c.len_utf8() { 2 => (0x80, 0x7FF), 3 => (0x800, 0xFFFF), _ => (0x10000, 0x10FFFF) };
                        let (low, high) = (low.map_or(floor, u32::from), high.map_or(ceiling, u32::from));
                        format!("[\\u{{{low:X}}}-\\u{{{high:X}}}]")
                    };
                    let prefix = TextSet::pattern(&format!("^{begin}{next}"), &limits).unwrap();
                    let can = !one.is_disjoint(&prefix, &limits).unwrap();
                    prop_assert_eq!(viable[at], can, "{} {} of {:?}: {:?}", offset, inside, text, piece);
                    at += 1;
                }
            }
        }
    }

    #[test]
    fn patterns_agree_with_another_engine(pattern in pattern(), texts in vec(text(), 1..12)) {
        let Ok(other) = regress::Regex::with_flags(&pattern, "u") else { return Ok(()) };
        let set = match TextSet::pattern(&pattern, &Limits::default()) {
            Ok(set) => set,
            Err(error) => return Err(TestCaseError::fail(format!("{pattern}: {error}"))),
        };
        for text in &texts {
            prop_assert_eq!(set.contains(text), other.find(text).is_some(), "{} in {:?}", pattern, text);
        }
    }
}
