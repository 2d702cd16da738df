//! Small grammars whose verdicts are known by hand.

use std::sync::Arc;

use super::CompiledGrammar;
use crate::{
    Limits, TerminalId,
    grammar::{GrammarBuilder, Lexing, Regular, Symbol, Terminal},
};

fn regex(pattern: &str) -> Regular {
    Regular::Hir(regex_syntax::ParserBuilder::new().utf8(false).build().parse(pattern).unwrap())
}

/// Rules as text: upper-case words are terminals given by regular expressions, the first rule is the start.
fn compile(
    lexing: Lexing,
    terminals: &[(&str, &str)],
    rules: &[(&str, &[&str])],
) -> Arc<CompiledGrammar> {
    let mut builder = GrammarBuilder::new("test", lexing);
    for (name, pattern) in terminals {
        let mut terminal = Terminal::new(*name, regex(pattern));
        terminal.ignore = *name == "WS";
        builder.terminal(terminal);
    }
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in rules {
        if !names.contains(name) {
            names.push(name);
        }
    }
    let ids: Vec<_> = names.iter().map(|name| builder.nonterminal(*name)).collect();
    for (name, alternatives) in rules {
        let lhs = ids[names.iter().position(|n| n == name).unwrap()];
        for alternative in *alternatives {
            let rhs = alternative
                .split_whitespace()
                .map(|word| match names.iter().position(|n| *n == word) {
                    Some(at) => Symbol::Nonterminal(ids[at]),
                    None => Symbol::Terminal(TerminalId::new(
                        terminals.iter().position(|(n, _)| *n == word).expect(word),
                    )),
                })
                .collect();
            builder.production(lhs, rhs);
        }
    }
    CompiledGrammar::new(&builder.finish(ids[0]), &Limits::default()).unwrap()
}

/// The offset of refusal, or `None` for a sentence.
fn fails(grammar: &Arc<CompiledGrammar>, text: &str) -> Option<usize> {
    grammar.recognizer().check(text.as_bytes()).err().map(|r| r.offset)
}

#[test]
fn json_like_nesting() {
    let json = compile(
        Lexing::Contextual,
        &[
            ("OPEN", "\\["),
            ("CLOSE", "\\]"),
            ("COMMA", ","),
            ("N", "-?(0|[1-9][0-9]*)"),
            ("WS", "[ \n]+"),
        ],
        &[
            ("value", &["N", "OPEN CLOSE", "OPEN items CLOSE"]),
            ("items", &["value", "value COMMA items"]),
        ],
    );
    for text in ["1", " [ ] ", "[1,[2,[-3]],0]", "[[[[[[[[[[1]]]]]]]]]]"] {
        assert_eq!(fails(&json, text), None, "{text}");
    }
    assert_eq!(fails(&json, "01"), Some(1));
    assert_eq!(fails(&json, "[1,]"), Some(3));
    assert_eq!(fails(&json, "[1"), Some(2));
    assert_eq!(fails(&json, "[1]]"), Some(3));
    assert_eq!(fails(&json, ""), Some(0));
}

#[test]
fn longest_match_is_exact() {
    let sql = compile(
        Lexing::Longest,
        &[
            ("SELECT", "select"),
            ("ID", "[a-z]+"),
            ("NUM", "[0-9]+(\\.[0-9]+)?"),
            ("DOTS", "\\.\\."),
            ("DOT", "\\."),
            ("WS", " +"),
        ],
        &[("s", &["SELECT ID", "NUM DOTS NUM", "ID DOT ID", "SELECT ID DOT NUM"])],
    );
    assert_eq!(fails(&sql, "select a"), None);
    assert_eq!(fails(&sql, "selecta"), Some(7), "one lexeme, and no name may stand alone");
    assert_eq!(fails(&sql, "1..2"), None, "falls back from `1.` to `1`");
    assert_eq!(fails(&sql, "1. .2"), Some(2));
    assert_eq!(fails(&sql, "a.b"), None);
    assert_eq!(fails(&sql, "1...2"), Some(3));
    let fallback = compile(
        Lexing::Longest,
        &[("A", "a"), ("B", "b"), ("LONG", "aaabbx")],
        &[("s", &["A A A B B", "A A A B B B", "LONG A"])],
    );
    assert_eq!(fails(&fallback, "aaabb"), None);
    assert_eq!(fails(&fallback, "aaabbb"), None);
    assert_eq!(fails(&fallback, "aaabbxa"), None);
    assert_eq!(fails(&fallback, "aaabbxb"), Some(6));
}

#[test]
fn recursion_of_every_kind() {
    let grammar = compile(
        Lexing::Contextual,
        &[("A", "a"), ("B", "b"), ("X", "x")],
        &[
            ("s", &["l r m", "s2"]),
            ("l", &["", "l A"]),
            ("r", &["", "B r"]),
            ("m", &["X m X", "u"]),
            ("u", &["v", ""]),
            ("v", &["u", "A A"]),
            ("s2", &["s"]),
        ],
    );
    for text in ["", "a", "aaab", "bbb", "aabbxxaaxx", "xx", "aaaa"] {
        assert_eq!(fails(&grammar, text), None, "{text}");
    }
    assert_eq!(fails(&grammar, "ba"), Some(2), "`a` may come, but only twice");
    assert_eq!(fails(&grammar, "x"), Some(1));
    assert_eq!(fails(&grammar, "xxx"), Some(3));
    let deep = format!("{}{}", "x".repeat(100), "x".repeat(100));
    assert_eq!(fails(&grammar, &deep), None);
}

#[test]
fn expectations_and_forced_bytes() {
    let grammar = compile(
        Lexing::Longest,
        &[("NULL", "null"), ("NOT", "not"), ("ID", "x[a-z]*"), ("WS", " +")],
        &[("s", &["NOT NULL ID"])],
    );
    let mut reader = grammar.recognizer();
    assert_eq!(reader.forced(10), b"", "blank space may come first");
    assert_eq!(reader.expected().terminals, ["NOT"]);
    reader.push(b"n").unwrap();
    assert_eq!(reader.forced(10), b"ot");
    let refusal = reader.push(b"ul").unwrap_err();
    assert_eq!((refusal.offset, refusal.found), (1, Some(b'u')));
    assert_eq!(refusal.expected.terminals, ["NOT"]);
    reader.push(b"ot null x").unwrap();
    assert!(reader.is_complete() && reader.expected().end);
}

#[test]
fn a_full_table_is_replaced_without_a_trace() {
    let small = Limits { automaton_bytes: 60_000, ..Limits::default() };
    let roomy = compile(
        Lexing::Contextual,
        &[("OPEN", "\\("), ("CLOSE", "\\)")],
        &[("s", &["", "OPEN s CLOSE s"])],
    );
    let tight = CompiledGrammar::new(roomy.grammar(), &small).unwrap();
    let text = format!("{}{}", "(".repeat(9_000), ")".repeat(9_000));
    assert!(tight.recognizer().check(text.as_bytes()).is_ok());
    assert_eq!(fails(&tight, &text[..text.len() - 1]), Some(text.len() - 1));
    assert_eq!(fails(&tight, &format!("{text})")), Some(text.len()));
}
