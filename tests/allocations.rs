//! A warm step allocates nothing: whatever a sequence needs there was made before, for all sequences.
//!
//! A test binary of its own, because the counting allocator is the whole program's. It counts by thread.

#![allow(clippy::print_stdout, reason = "what was counted must be seen")]

use std::sync::Arc;

use allocation_counter::measure;
use constrained_gen::{
    Automaton, Constraint, Limits, SchemaCompiler, SchemaOptions, TokenId, Vocabulary, library,
};

/// Printable bytes and an end.
fn vocabulary() -> Arc<Vocabulary> {
    let mut tokens: Vec<Vec<u8>> = (b' '..=b'~').map(|byte| vec![byte]).collect();
    tokens.extend(["SELECT", " FROM ", "\": ", "{\"", "ame"].map(|t| t.as_bytes().to_vec()));
    tokens.push(b"</s>".to_vec());
    let end = [TokenId::new(tokens.len() - 1)];
    Arc::new(Vocabulary::new(tokens, &[], &end).expect("a vocabulary"))
}

/// The tokens of a text: bytes.
fn tokens(text: &str) -> Vec<TokenId> {
    text.bytes().map(|byte| TokenId(u32::from(byte - b' '))).collect()
}

fn automata() -> Vec<(Arc<Automaton>, &'static str)> {
    let limits = Limits::default();
    let grammar = |name| {
        let grammar = library::grammar(name, &limits).expect(name);
        Automaton::new(&grammar, vocabulary(), &limits).expect(name)
    };
    let compiler = SchemaCompiler::new(vocabulary(), &limits);
    let schema = |text| compiler.compile(text, &SchemaOptions::default()).expect(text);
    vec![
        (grammar("json"), r#"{"name": ["a", 1.5e3, {"b": null}], "c": {}}"#),
        (
            grammar("sql-postgres"),
            "SELECT name, count(*) FROM t AS u WHERE a = 'x' AND (b < 1 OR c)",
        ),
        (grammar("typescript"), "const a = (b: number): string => `x${b + 1}y`;"),
        (
            grammar("cypher"),
            "MATCH (n:A {b: 1})-[r]->(m) WHERE n.x > 3 RETURN n, collect(m.y) AS z",
        ),
        (
            schema(
                r#"{"type": "object", "properties": {"name": {"type": "string", "maxLength": 9},
                    "list": {"type": "array", "items": {"enum": ["a", "ab", 1]}, "uniqueItems": true}}}"#,
            ),
            r#"{"list": ["ab", 1], "other": {"x": [null]}, "name": "abc"}"#,
        ),
        (
            schema(r#"{"type": "array", "items": {"type": "string", "pattern": "^(ab|c)*$"}}"#),
            r#"["abc", "", "cab"]"#,
        ),
    ]
}

/// One pass over a text as a decoder does it.
fn pass(sequence: &mut Constraint, tokens: &[TokenId], row: &mut [u32], with_mask: bool) -> usize {
    let mut allowed = 0;
    for token in tokens {
        sequence.fill(row).expect("a mask");
        if with_mask {
            allowed += sequence.mask().expect("a mask").len();
        }
        allowed += usize::from(sequence.is_complete());
        sequence.accept(*token).expect("the text belongs to the grammar");
    }
    allowed
}

#[test]
fn a_warm_step_allocates_nothing() {
    for (automaton, text) in automata() {
        let tokens = tokens(text);
        let mut row = vec![0; automaton.vocabulary().words()];
        let mut first = automaton.constraint();
        let cold = measure(|| {
            pass(&mut first, &tokens, &mut row, true);
        });
        for with_mask in [false, true] {
            let mut sequence = automaton.constraint();
            // What a sequence keeps for its steps is made at the first of them.
            pass(&mut sequence, &tokens[..1], &mut row, with_mask);
            let warm = measure(|| {
                pass(&mut sequence, &tokens[1..], &mut row, with_mask);
            });
            println!(
                "{text:.30}: {} allocations cold, {} warm (masks {with_mask})",
                cold.count_total, warm.count_total
            );
            assert!(cold.count_total > 0, "allocations are counted");
            assert_eq!(warm.count_total, 0, "{text}, masks {with_mask}");
        }
        // A refusal that nobody asked the reason of costs what its words cost; a fork is a few words.
        let sequence = automaton.constraint();
        let fork = measure(|| drop(sequence.clone()));
        assert!(fork.count_total <= 6, "{fork:?}");
    }
}
