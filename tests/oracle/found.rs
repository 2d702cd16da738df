//! What comparing random grammars has found: each a grammar and texts, with what is true of them.

use constrained_gen::{
    CompiledGrammar, Limits,
    grammar::{Grammar, Lexing},
};

use super::small::small;

/// Whether the engine takes a text as the beginning of a sentence.
fn viable(grammar: &Grammar, text: &str) -> bool {
    let compiled = CompiledGrammar::new(grammar, &Limits::default()).expect("a grammar");
    let mut recognizer = compiled.recognizer();
    recognizer.push(text.as_bytes()).is_ok()
}

/// Every lexeme leaves a shadow, so only the end of a sentence is safe, and it is too far for a search that counts its
/// steps.
#[test]
fn a_way_out_of_the_shadows_that_is_far() {
    let terminals = [("X", "01", -1, "[a-c]"), ("Y", "0", 0, "")];
    let rules = "s: X t t | Y X Y | X Y Y; t: Y | Y s s | s Y";
    let grammar = small(Lexing::Longest, &terminals, rules);
    for text in ["01010101001000010", "010101010010000100", "010101010010000101"] {
        assert!(viable(&grammar, text), "{text}");
    }
}

/// The shadow of the open comment never dies, and the stack that waits for `c`, which would end the comment, grows for ever.
#[test]
fn no_way_out_of_the_shadows_is_found_out() {
    let terminals =
        [("A", "a", 0, ""), ("S", "b", 0, ""), ("K", "bb[^c]*c", 0, ""), ("C", "c", 0, "")];
    let grammar = small(Lexing::Longest, &terminals, "s: A s A | S S | S s C");
    for (text, expected) in
        [("abb", true), ("abba", true), ("bb", true), ("bbb", false), ("abbb", false)]
    {
        assert_eq!(viable(&grammar, text), expected, "{text}");
    }
}

/// Where nothing can be read the start looks like the dead configuration; it is none.
#[test]
fn only_the_empty_text() {
    let grammar = small(Lexing::Contextual, &[], "s: ");
    let compiled = CompiledGrammar::new(&grammar, &Limits::default()).expect("a grammar");
    assert!(compiled.recognizer().check(b"").is_ok());
    assert_eq!(compiled.recognizer().check(b"a").expect_err("no text").offset, 0);
}

/// Two terminals match the same text, one of them guarded: readings part at every lexeme and meet again at the next.
#[test]
fn readings_that_part_meet_again() {
    let terminals = [("X", "0", 0, ""), ("Y", "[0a]|c", 0, "b")];
    let rules = "s: Y t v | s X s; t: Y | t x v; u: s | X | Y; v: X u | Y w; w: X | X Y s | x Y t s | s X; x: v | ";
    let grammar = small(Lexing::Contextual, &terminals, rules);
    let compiled = CompiledGrammar::new(&grammar, &Limits::default()).expect("a grammar");
    let mut recognizer = compiled.recognizer();
    // Without meeting, this would make some 3^25 stacks.
    recognizer.push(&[b'0'; 50]).expect("a beginning");
}
