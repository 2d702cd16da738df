//! The longest match as the lexers of programming languages have it, case by case, in the twin and in the engine.
//!
//! Every prefix of every text is then a state whose mask, over a vocabulary of all pieces of all the texts, is compared with
//! the twin's: lexemes that begin in one token and are decided in a later one.

#[path = "oracle/compare.rs"]
mod compare;
#[path = "oracle/small.rs"]
mod small;

use std::{collections::BTreeSet, sync::Arc};

use compare::{Failure, Pair, sorted};
use constrained_gen::{
    Automaton, CompiledGrammar, Limits, TokenId, Vocabulary,
    grammar::{Grammar, Lexing::Longest},
    oracle::Twin,
};
use small::small;

/// What is to be said of a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    Sentence,
    /// A viable prefix, but no sentence.
    Prefix,
    /// No sentence begins with the text up to and with this byte.
    Refused(usize),
}
use Verdict::{Prefix, Refused, Sentence};

fn twin_verdict(twin: &mut Twin, text: &[u8]) -> Verdict {
    let mut state = twin.start();
    for (offset, &byte) in text.iter().enumerate() {
        match twin.step(&state, byte).expect("a small search") {
            Some(next) => state = next,
            None => return Refused(offset),
        }
    }
    if twin.is_complete(&state) { Sentence } else { Prefix }
}

fn engine_verdict(engine: &Arc<CompiledGrammar>, text: &[u8]) -> Verdict {
    let mut recognizer = engine.recognizer();
    match recognizer.push(text) {
        Err(refusal) => Refused(refusal.offset),
        Ok(()) if recognizer.is_complete() => Sentence,
        Ok(()) => Prefix,
    }
}

/// All pieces of up to five bytes of the texts, and an end.
fn vocabulary(cases: &[(&str, Verdict)]) -> Vocabulary {
    let mut pieces = BTreeSet::new();
    for (text, _) in cases {
        for from in 0..text.len() {
            for to in from + 1..=text.len().min(from + 5) {
                pieces.insert(text.as_bytes()[from..to].to_vec());
            }
        }
    }
    let mut tokens: Vec<_> = pieces.into_iter().collect();
    tokens.push(b"<end>".to_vec());
    let end = TokenId::new(tokens.len() - 1);
    Vocabulary::new(tokens, &[], &[end]).expect("a small vocabulary")
}

fn check(grammar: &Grammar, cases: &[(&str, Verdict)]) {
    let mut twin = Twin::new(grammar).expect("a grammar");
    for (text, expected) in cases {
        assert_eq!(twin_verdict(&mut twin, text.as_bytes()), *expected, "twin on {text:?}");
    }
    let limits = Limits::default();
    let engine = CompiledGrammar::new(grammar, &limits).expect("a grammar");
    for (text, expected) in cases {
        assert_eq!(engine_verdict(&engine, text.as_bytes()), *expected, "engine on {text:?}");
    }
    let vocabulary = Arc::new(vocabulary(cases));
    let sorted = sorted(&vocabulary);
    let automaton = Automaton::new(grammar, vocabulary.clone(), &limits).expect("a grammar");
    for (text, expected) in cases {
        let viable = match expected {
            Refused(offset) => *offset,
            Sentence | Prefix => text.len(),
        };
        let mut state = twin.start();
        let mut constraint = automaton.constraint();
        for (offset, &byte) in text.as_bytes()[..viable].iter().enumerate().chain([(viable, &0)]) {
            let mut pair = Pair { twin: &mut twin, vocabulary: &vocabulary, sorted: &sorted };
            let compared = pair
                .state(&state, &mut constraint)
                .and_then(|expected| pair.refusals(&state, &mut constraint, &expected));
            match compared {
                Ok(()) => {}
                Err(Failure::Differs(message)) => panic!("{text:?} at byte {offset}: {message}"),
                Err(Failure::Exhausted) => panic!("{text:?} at byte {offset}: the twin gave up"),
            }
            if offset < viable {
                constraint.accept_bytes(&[byte]).expect("a viable prefix");
                state = twin.step(&state, byte).expect("a small search").expect("viable");
            }
        }
    }
}

#[test]
fn a_range_of_numbers() {
    let terminals = [
        ("NUMBER", r"[0-9]+(\.[0-9]+)?", 0, ""),
        ("DOTS", r"\.\.", 0, ""),
        ("DOT", r"\.", 0, ""),
        ("NAME", "[a-z]+", 0, ""),
    ];
    let grammar = small(Longest, &terminals, "s: e | e DOTS e ; e: NUMBER | e DOT NAME");
    check(
        &grammar,
        &[
            ("1..2", Sentence),
            ("1.5..2.5", Sentence),
            ("1.", Prefix),
            ("1..", Prefix),
            ("1...2", Refused(3)),
            ("1.a", Sentence),
            ("1.a..2", Sentence),
            ("1.5.5", Refused(4)),
        ],
    );
    // PostgreSQL's numbers take the first dot: `1.` is a number, and `.2` too.
    let terminals = [("NUMBER", r"[0-9]+(\.[0-9]*)?|\.[0-9]+", 0, ""), ("DOTS", r"\.\.", 0, "")];
    check(
        &small(Longest, &terminals, "s: NUMBER | NUMBER DOTS NUMBER"),
        &[("1.", Sentence), ("1..2", Refused(3)), ("1...2", Sentence), ("1..", Prefix)],
    );
}

#[test]
fn names_with_dots() {
    let terminals = [
        ("NAME", "[a-z][a-z0-9]*", 0, ""),
        ("DOT", r"\.", 0, ""),
        ("NUMBER", r"[0-9]*\.?[0-9]+", 0, ""),
    ];
    check(
        &small(Longest, &terminals, "s: NAME | s DOT NAME"),
        &[
            ("a.b", Sentence),
            ("a.b.c", Sentence),
            ("a.", Prefix),
            ("a.1", Refused(2)),
            ("a..b", Refused(2)),
        ],
    );
}

#[test]
fn operators() {
    let terminals = [
        ("LT", "<", 0, ""),
        ("LE", "<=", 0, ""),
        ("EQ", "=", 0, ""),
        ("A", "a", 0, ""),
        ("_W", " +", 0, ""),
    ];
    check(
        &small(Longest, &terminals, "s: A LE A"),
        &[("a<=a", Sentence), ("a<", Prefix), ("a< =a", Refused(2))],
    );
    check(
        &small(Longest, &terminals, "s: A LT EQ A"),
        &[("a< =a", Sentence), ("a<", Prefix), ("a<=", Refused(2)), ("a<  = a ", Sentence)],
    );
    // As PostgreSQL has them: as many operator characters as there are.
    let terminals =
        [("OP", "[-+*<>=]+", 0, ""), ("MINUS", "-", 1, ""), ("A", "a", 0, ""), ("_W", " +", 0, "")];
    check(
        &small(Longest, &terminals, "s: e ; e: A | MINUS e | e OP e | e MINUS e"),
        &[
            ("a+-a", Sentence),
            ("a+ -a", Sentence),
            ("a- -a", Sentence),
            ("--a", Refused(1)),
            ("a--a", Sentence),
            ("a+ +a", Refused(3)),
            ("a-", Prefix),
        ],
    );
}

#[test]
fn fallback_to_a_shorter_lexeme() {
    let terminals =
        [("AAA", "aaa", 0, ""), ("LONG", "aaabbb", 0, ""), ("B", "b", 0, ""), ("X", "x", 0, "")];
    check(
        &small(Longest, &terminals, "s: AAA B B X | LONG X"),
        &[
            ("aaabbx", Sentence),
            ("aaabb", Prefix),
            ("aaabbbx", Sentence),
            ("aaabx", Refused(4)),
            ("aaabbbb", Refused(6)),
        ],
    );
    check(
        &small(Longest, &terminals, "s: AAA B B B | AAA B X"),
        &[("aaabbb", Refused(4)), ("aaabx", Sentence), ("aaabb", Refused(4))],
    );
}

/// How far back the decision lies is unbounded: whether `aaa…` was a lexeme is known at the `x` or the `z`.
#[test]
fn fallback_over_any_distance() {
    let terminals =
        [("A", "a+", 0, ""), ("ABZ", "a+b+z", 0, ""), ("BX", "b+x", 0, ""), ("B", "b", 0, "")];
    check(
        &small(Longest, &terminals, "s: A BX | ABZ"),
        &[
            ("aabbbx", Sentence),
            ("aabbbz", Sentence),
            ("aabbbbbbbbbb", Prefix),
            ("aabbbzx", Refused(6)),
        ],
    );
    check(
        &small(Longest, &terminals, "s: A BX | A B s"),
        &[
            ("aabbbz", Refused(5)),
            ("aabbbx", Sentence),
            ("aabaabx", Sentence),
            ("aabbaabx", Refused(4)),
        ],
    );
}

#[test]
fn keywords_and_identifiers() {
    let terminals =
        [("SELECT", "(?i)select", 1, ""), ("NAME", "[A-Za-z]+", 0, ""), ("_W", " +", 0, "")];
    let reserved = small(Longest, &terminals, "s: SELECT NAME");
    check(
        &reserved,
        &[
            ("SELECT a", Sentence),
            ("SELECTa", Refused(6)),
            ("SELECT", Prefix),
            ("select SELECT", Prefix),
            ("select SELECTs", Sentence),
            ("SELECT SELECT a", Refused(13)),
            ("SELEC ", Refused(5)),
        ],
    );
    // Not reserved: the parser decides.
    let terminals = [("DATE", "date", 0, ""), ("NAME", "[a-z]+", 0, ""), ("_W", " +", 0, "")];
    check(
        &small(Longest, &terminals, "s: DATE NAME | NAME"),
        &[
            ("date", Sentence),
            ("date date", Sentence),
            ("dates", Sentence),
            ("dates a", Refused(6)),
            ("date dates a", Refused(11)),
        ],
    );
    // A reserved word subtracted by hand is the same as one by priority.
    let subtracted = [
        ("KEY", "if", 0, ""),
        ("NAME", "i|f|[a-eg-hj-z][a-z]*|i[a-eg-z][a-z]*|f[a-z]+|if[a-z]+", 0, ""),
        ("_W", " +", 0, ""),
    ];
    check(
        &small(Longest, &subtracted, "s: KEY NAME"),
        &[("if a", Sentence), ("if if", Prefix), ("ifa", Refused(2))],
    );
}

#[test]
fn comments() {
    let terminals = [
        ("OP", "[-/*]", 0, ""),
        ("NAME", "[a-z]+", 0, ""),
        ("_W", "[ \n]+", 0, ""),
        ("_LINE", "--[^\n]*", 0, ""),
        ("_BLOCK", r"/\*[^*]*\*+([^/*][^*]*\*+)*/", 0, ""),
    ];
    check(
        &small(Longest, &terminals, "s: NAME | s OP NAME | s OP OP NAME"),
        &[
            ("a-b", Sentence),
            ("a--b", Sentence),
            ("a--b\n-c", Sentence),
            ("a- -b", Sentence),
            ("a--", Sentence),
            ("a/*b*/", Sentence),
            ("a/*b*/-c", Sentence),
            ("a/b*c", Sentence),
            // An operator and an operator, as long as the comment is not closed: the longest match is one of the whole text.
            ("a/*b", Sentence),
            ("a/*", Prefix),
            ("a/*/b", Prefix),
            ("a*/b", Sentence),
            ("a/*b-c**/", Sentence),
        ],
    );
}

#[test]
fn what_must_not_follow() {
    let terminals = [
        ("NUMBER", "[0-9]+", 0, "[a-z]"),
        ("NAME", "[a-z]+", 0, ""),
        ("COMMA", ",", 0, ""),
        ("_W", " +", 0, ""),
    ];
    check(
        &small(Longest, &terminals, "s: i | s i ; i: NUMBER | NAME | COMMA"),
        &[
            ("1", Sentence),
            ("1a", Refused(1)),
            ("12 a", Sentence),
            ("1,a", Sentence),
            ("a1,2", Sentence),
            ("a1b", Refused(2)),
        ],
    );
    // What must not follow may be long: it kills only when it is there as a whole, over lexemes and blanks.
    let terminals =
        [("A", "a", 0, " *bbb"), ("B", "b", 0, ""), ("C", "c", 0, ""), ("_W", " ", 0, "")];
    check(
        &small(Longest, &terminals, "s: A | s A | s B | s C"),
        &[
            ("abb", Sentence),
            ("a  bbcb", Sentence),
            ("abbb", Refused(3)),
            ("a  bbb", Refused(5)),
            ("ab bb", Sentence),
        ],
    );
}
