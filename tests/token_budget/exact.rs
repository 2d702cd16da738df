//! How near is the number that an ending has to the least one? Compared with a search through all tokens, breadth first.

use std::{collections::HashMap, sync::Arc};

use constrained_gen::{
    Automaton, Constraint, Limits, TokenId, Vocabulary,
    frontend::{NoSources, lark},
};

use crate::noise::Chance;

const GRAMMARS: [&str; 6] = [
    r#"start: "[" [start ("," start)*] "]" | "0""#,
    r#"start: "begin" stmt* "end"
       stmt: NAME "=" NAME ";" | "if" NAME "then" stmt "fi"
       NAME: /[a-c]+/
       %ignore " ""#,
    r#"start: a | b
       a: "x" a "yy" | "x"
       b: "x" b "z" | "w""#,
    r#"start: pair+
       pair: "(" KEY ":" VALUE ")"
       KEY: /[a-z]{2,3}/
       VALUE: /"[^"]*"/"#,
    r#"start: sum
       sum: sum "+" term | term
       term: term "*" atom | atom
       atom: /[0-9]+/ | "(" sum ")""#,
    r#"start: "a" "bb" "ccc" | "a" "b" tail
       tail: "c" tail "d" | "c" "d""#,
];

/// All bytes that the grammars have, and some tokens of several.
fn vocabulary() -> Arc<Vocabulary> {
    let mut tokens: Vec<Vec<u8>> = (b' '..=b'~').map(|byte| vec![byte]).collect();
    let longer = [
        "]]", "],[", "[[", "begin", "end", "=a;", " end", "bend", "if ", " then", "fi", "xx",
        "yyyy", "zz", "\")", "\":", "(ab:", "))", "+0", ")*", "bbccc", "dd", "cd", ":\"\")", "a=",
    ];
    tokens.extend(longer.iter().map(|text| text.as_bytes().to_vec()));
    tokens.push(b"</s>".to_vec());
    let end = TokenId(tokens.len() as u32 - 1);
    Arc::new(Vocabulary::new(tokens, &[], &[end]).expect("a vocabulary"))
}

/// The least number of tokens that end a text, if it is at most `most`.
fn least(start: &Constraint, vocabulary: &Vocabulary, most: usize) -> Option<usize> {
    let mut level = vec![start.clone()];
    for count in 0..=most {
        if level.iter().any(Constraint::is_complete) {
            return Some(count);
        }
        // Equal states, told apart by what they allow next, are looked at once.
        let mut next: Vec<Constraint> = Vec::new();
        for sequence in &mut level {
            let allowed: Vec<TokenId> = sequence.mask().expect("a mask").iter().collect();
            for token in allowed.into_iter().filter(|token| !vocabulary.is_special(*token)) {
                let mut after = sequence.clone();
                after.accept(token).expect("it is allowed");
                if !next.contains(&after) {
                    next.push(after);
                }
            }
        }
        level = next;
    }
    None
}

#[test]
fn endings_are_mostly_the_least_and_never_far_from_it() {
    let (limits, vocabulary) = (Limits::default(), vocabulary());
    let mut over: HashMap<usize, usize> = HashMap::new();
    for (at, text) in GRAMMARS.iter().enumerate() {
        let grammar = lark::parse("test", text, None, &NoSources, &limits).expect("a grammar");
        let automaton =
            Automaton::new(&grammar, Arc::clone(&vocabulary), &limits).expect("it compiles");
        let mut chance = Chance::new(at as u64);
        for _ in 0..12 {
            let mut sequence = automaton.constraint();
            for _ in 0..6 {
                let known = sequence.ending().expect("an ending").tokens().len();
                if known <= 4 {
                    let least = least(&sequence, &vocabulary, known).expect("the ending is one");
                    *over.entry(known - least).or_default() += 1;
                }
                let allowed: Vec<TokenId> = sequence.mask().expect("a mask").iter().collect();
                let token = allowed[chance.below(allowed.len() as u64) as usize];
                if vocabulary.is_special(token) {
                    break;
                }
                sequence.accept(token).expect("it is allowed");
            }
        }
    }
    let all: usize = over.values().sum();
    let exact = over.get(&0).copied().unwrap_or_default();
    eprintln!("{exact} of {all} endings are the least; over by {over:?}");
    assert!(exact * 100 >= all * 80, "{over:?}");
    assert!(over.keys().all(|over| *over <= 2), "{over:?}");
}
