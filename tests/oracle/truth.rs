//! The twin against the definition: all short texts, on grammars made by hand and at random.

use constrained_gen::{
    grammar::{Grammar, Lexing},
    oracle::{Exhausted, Twin},
};

use super::{
    brute::{sentence, texts},
    generator::{self, Random},
    setting,
    small::small,
};

/// What the twin says of a text: `None` if it is no viable prefix, else whether it is a sentence.
fn verdict(twin: &mut Twin, text: &str) -> Option<bool> {
    let state = twin.read(text.as_bytes()).unwrap_or_else(|e| panic!("{text:?}: {e}"))?;
    Some(twin.is_complete(&state))
}

/// Compares sentences up to `length`, and viability up to `short`, where the longest text needed to tell is `length`.
fn compare(grammar: &Grammar, alphabet: &[&str], length: usize, short: usize) -> usize {
    let mut twin = Twin::new(grammar).expect("a grammar");
    let texts = texts(alphabet, length);
    let sentences: Vec<_> = texts.iter().filter(|t| sentence(grammar, t.as_bytes())).collect();
    assert!(!sentences.is_empty());
    for text in &texts {
        let expected = sentences.contains(&text);
        assert_eq!(verdict(&mut twin, text).unwrap_or(false), expected, "sentence {text:?}");
        if text.len() <= short {
            let viable = sentences.iter().any(|s| s.starts_with(text.as_str()));
            assert_eq!(verdict(&mut twin, text).is_some(), viable, "viable {text:?}");
        }
    }
    sentences.len()
}

#[test]
fn contextual_grammars_by_hand() {
    use Lexing::Contextual;
    let pairs = small(
        Contextual,
        &[("A", "a", 0, ""), ("B", "b", 0, ""), ("_W", "c", 0, "")],
        "s: A s B s | ",
    );
    compare(&pairs, &["a", "b", "c"], 8, 4);
    let overlapping = [("A", "a+", 0, ""), ("AB", "ab?", 0, ""), ("B", "b|bc", 0, "")];
    compare(&small(Contextual, &overlapping, "s: A AB | s B | AB s A"), &["a", "b", "c"], 7, 3);
    let guarded = [("A", "a+", 0, "b"), ("B", "b+", 0, "b|cc"), ("C", "c", 0, "")];
    compare(&small(Contextual, &guarded, "s: A s | B s | C s | C"), &["a", "b", "c"], 7, 6);
    let cyclic = [("A", "a", 0, ""), ("B", "b", 0, "c")];
    compare(
        &small(Contextual, &cyclic, "s: x y | s s; x: x | A x | ; y: x | y B | x y"),
        &["a", "b", "c"],
        6,
        5,
    );
}

#[test]
fn longest_match_grammars_by_hand() {
    use Lexing::Longest;
    // Fallback: aab is A A B unless a c comes.
    let fallback = [("A", "a", 0, ""), ("B", "b", 0, ""), ("ABC", "a+b+c", 0, "")];
    compare(&small(Longest, &fallback, "s: A s | B s | ABC s | B"), &["a", "b", "c"], 7, 5);
    // The longer one takes part even where the parser does not want it.
    let pruned = [("A", "a", 0, ""), ("AA", "aa", 0, ""), ("B", "b", 0, ""), ("_C", "c", 0, "")];
    compare(&small(Longest, &pruned, "s: A A s | B s | AA B | "), &["a", "b", "c"], 7, 4);
    // A keyword over an identifier, and a blank to keep them apart.
    let keyword = [("KEY", "ab", 1, ""), ("NAME", "[ab]+", 0, ""), ("_W", "c", 0, "")];
    compare(&small(Longest, &keyword, "s: KEY NAME | s KEY NAME"), &["a", "b", "c"], 8, 3);
    // An unreserved keyword: both readings.
    let tie = [("KEY", "ab", 0, ""), ("NAME", "[ab]+", 0, ""), ("_W", "c", 0, "")];
    compare(&small(Longest, &tie, "s: KEY NAME | NAME KEY KEY"), &["a", "b", "c"], 8, 2);
    // A number that no letter may follow, and a comment that swallows.
    let number =
        [("N", "a+", 0, "[b]"), ("B", "b", 0, ""), ("_K", "cb*c", 0, ""), ("C", "c", 0, "")];
    compare(&small(Longest, &number, "s: N | s C N | B s"), &["a", "b", "c"], 7, 3);
}

/// At the end of the text no shadow counts; before, the search finds out that one cannot be escaped.
#[test]
fn a_shadow_that_cannot_be_escaped_kills_at_once() {
    // After `a`, `b` is one lexeme only if no `c` follows, but `c` is all that may follow `B`.
    let terminals = [("A", "a", 0, ""), ("B", "b", 0, ""), ("C", "c", 0, ""), ("BC", "bc", 0, "")];
    let grammar = small(Lexing::Longest, &terminals, "s: A B C | A C");
    let mut twin = Twin::new(&grammar).expect("a grammar");
    assert_eq!(verdict(&mut twin, "a"), Some(false));
    assert_eq!(verdict(&mut twin, "ab"), None);
    assert_eq!(verdict(&mut twin, "ac"), Some(true));
    // The shadow of the open comment never dies; the text may end, but only after the matching number of a.
    let terminals =
        [("A", "a", 0, ""), ("S", "b", 0, ""), ("K", "bb[^c]*c", 0, ""), ("C", "c", 0, "")];
    let grammar = small(Lexing::Longest, &terminals, "s: A s A | S S | S s C");
    let mut twin = Twin::new(&grammar).expect("a grammar");
    for (text, expected) in
        [("abba", Some(true)), ("aabb", Some(false)), ("aabba", Some(false)), ("bb", Some(true))]
    {
        assert_eq!(verdict(&mut twin, text), expected, "{text}");
    }
    // Only a `c` could end this, which ends the comment first; the search goes on for ever and says so.
    assert_eq!(twin.read(b"bbb"), Err(Exhausted));
}

/// Random grammars: the sentences among all short texts, cut within characters too.
#[test]
fn random_grammars() {
    let seed = setting("ORACLE_SEED", 1);
    let texts = texts(&["a", "b", "c", " ", "0", "é"], 4);
    let (mut grammars, mut pairs, mut sentences, mut exhausted) = (0, 0, 0, 0);
    for case in 0..setting("ORACLE_TRUTH", 200) {
        let grammar = generator::grammar(&mut Random::new(seed << 32 | case));
        let Ok(mut twin) = Twin::new(&grammar) else { continue };
        grammars += 1;
        for text in &texts {
            let expected = sentence(&grammar, text.as_bytes());
            let found = match twin.read(text.as_bytes()) {
                Ok(state) => state.is_some_and(|state| twin.is_complete(&state)),
                Err(Exhausted) => {
                    exhausted += 1;
                    continue;
                }
            };
            assert_eq!(found, expected, "case {case}, text {text:?}, grammar {grammar:#?}");
            pairs += 1;
            sentences += usize::from(expected);
        }
    }
    println!(
        "twin against brute force: {grammars} grammars, {pairs} texts, {sentences} sentences, {exhausted} given up"
    );
    assert!(grammars > 100);
}
