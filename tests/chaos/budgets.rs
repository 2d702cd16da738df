//! Every limit reached at every place in turn: a clean refusal, and a sequence that goes on as if nothing had been.

use std::sync::Arc;

use constrained_gen::{
    Automaton, CompiledGrammar, CompiledSchema, Limits, SchemaCompiler, SchemaOptions, StepError,
    TokenMask,
    frontend::{NoSources, lark},
    library,
    schema::SchemaErrorKind,
};

use super::{GRAMMARS, SCHEMAS, automata, parse, vocabulary};

/// The masks along a text, between all bytes.
fn masks(automaton: &Arc<Automaton>, text: &str) -> Vec<TokenMask> {
    let mut sequence = automaton.constraint();
    let mut masks = vec![sequence.mask().expect(text).clone()];
    for byte in text.bytes() {
        sequence.accept_bytes(&[byte]).expect(text);
        masks.push(sequence.mask().expect(text).clone());
    }
    masks
}

/// Budgets from none on: all small ones, and then larger steps.
fn budgets() -> impl Iterator<Item = u64> {
    std::iter::successors(Some(0u64), |n| Some(n + 1 + n / 40))
}

#[test]
fn a_mask_that_runs_out_of_work_is_an_error_and_leaves_the_sequence_as_it_was() {
    let mut refused = 0;
    let references: Vec<Vec<Vec<TokenMask>>> = automata(&Limits::default())
        .iter()
        .map(|(_, automaton, texts)| texts.iter().map(|text| masks(automaton, text)).collect())
        .collect();
    for (at, expected) in references.iter().enumerate() {
        for limit in budgets() {
            assert!(limit < 10_000_000, "no budget suffices");
            let mut limits = Limits::default();
            limits.step_work = limit;
            // An automaton of its own, in which nothing is known.
            let (name, automaton, texts) = automata(&limits).swap_remove(at);
            let mut exhausted = 0;
            for (text, expected) in texts.iter().zip(expected) {
                let mut sequence = automaton.constraint();
                let mut stopped = false;
                for (byte, expected) in text.bytes().map(Some).chain([None]).zip(expected) {
                    let before = sequence.clone();
                    let mut row = vec![u32::MAX; automaton.vocabulary().words()];
                    match sequence.fill(&mut row) {
                        Ok(()) => assert_eq!(row, expected.words(), "{name}, {limit}"),
                        Err(error) => {
                            assert_eq!(error, StepError::Limit { limit }, "{name}");
                            exhausted += 1;
                            // Once more: refused again, or exactly right.
                            if let Ok(mask) = sequence.mask() {
                                assert_eq!(mask, expected, "{name}, {limit}, later");
                            }
                        }
                    }
                    assert!(sequence == before && sequence.offset() == before.offset());
                    let Some(byte) = byte else { continue };
                    if let Err(refusal) = sequence.accept_bytes(&[byte]) {
                        assert_eq!(refusal.expected.limit, Some(limit), "{name}: {refusal}");
                        assert!(sequence == before, "{name}");
                        stopped = true;
                        exhausted += 1;
                        break;
                    }
                }
                assert!(stopped || sequence.is_complete(), "{name}");
            }
            refused += exhausted;
            if exhausted == 0 {
                println!("{name:.40}: {limit} steps suffice");
                break;
            }
        }
    }
    println!("{refused} masks refused");
    assert!(refused > 100);
}

/// A limit by its name, and how it is set.
type Field = (&'static str, fn(&mut Limits, u64));

const OF_GRAMMARS: [Field; 8] = [
    ("grammar_bytes", |limits, value| limits.grammar_bytes = value as usize),
    ("nesting", |limits, value| limits.nesting = value as usize),
    ("productions", |limits, value| limits.productions = value as usize),
    ("symbols", |limits, value| limits.symbols = value as usize),
    ("repetition", |limits, value| limits.repetition = value as u32),
    ("regex_bytes", |limits, value| limits.regex_bytes = value as usize),
    ("dfa_states", |limits, value| limits.dfa_states = value as usize),
    ("dfa_bytes", |limits, value| limits.dfa_bytes = value as usize),
];

const OF_SCHEMAS: [Field; 5] = [
    ("schema_bytes", |limits, value| limits.schema_bytes = value as usize),
    ("schema_nesting", |limits, value| limits.schema_nesting = value as usize),
    ("schema_work", |limits, value| limits.schema_work = value),
    ("dfa_states", |limits, value| limits.dfa_states = value as usize),
    ("dfa_bytes", |limits, value| limits.dfa_bytes = value as usize),
];

#[test]
fn a_grammar_is_refused_by_the_limit_that_it_reaches_or_read_as_ever() {
    for (name, text, texts) in GRAMMARS {
        let whole = parse(name, text);
        for (limit, set) in OF_GRAMMARS {
            for value in budgets() {
                assert!(value < 200 << 20, "{name}: no {limit} suffices");
                let mut limits = Limits::default();
                set(&mut limits, value);
                let read = match lark::parse(name, text, None, &NoSources, &limits) {
                    Ok(read) => read,
                    Err(error) => {
                        assert!(error.limit && error.message.contains(limit), "{name}: {error}");
                        continue;
                    }
                };
                assert_eq!(read, whole, "{name}, {limit} {value}");
                match CompiledGrammar::new(&read, &limits) {
                    Ok(compiled) => {
                        for text in texts {
                            assert_eq!(compiled.recognizer().check(text.as_bytes()), Ok(()));
                        }
                        break;
                    }
                    Err(error) => {
                        assert!(
                            error.is_limit() && error.to_string().contains(limit),
                            "{name}: {error}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn a_schema_is_refused_by_the_limit_that_it_reaches_or_read_as_ever() {
    for (schema, text) in SCHEMAS {
        for (limit, set) in OF_SCHEMAS {
            for value in budgets() {
                assert!(value < 200 << 20, "{schema}: no {limit} suffices");
                let mut limits = Limits::default();
                set(&mut limits, value);
                match CompiledSchema::new(schema, &SchemaOptions::default(), &limits) {
                    Ok(compiled) => {
                        let reader = compiled.recognizer();
                        let verdict = reader.clone().check(text.as_bytes());
                        if let Some(error) = reader.failure() {
                            assert!(error.is_limit(), "{schema}, {limit} {value}: {error}");
                            continue;
                        }
                        assert_eq!(verdict, Ok(()), "{schema}, {limit} {value}");
                        break;
                    }
                    Err(error) => match error.kind() {
                        SchemaErrorKind::Limit { name, value: of } => {
                            assert_eq!((*name, *of), (limit, value), "{schema}: {error}");
                        }
                        _ => panic!("{schema}, {limit} {value}: {error}"),
                    },
                }
            }
        }
    }
}

#[test]
fn memory_that_is_always_used_up_changes_no_mask() {
    let mut limits = Limits::default();
    limits.automaton_bytes = 1;
    let usual = automata(&Limits::default());
    for ((name, automaton, texts), (_, small, _)) in usual.iter().zip(automata(&limits)) {
        for text in texts {
            assert_eq!(masks(automaton, text), masks(&small, text), "{name}");
        }
    }
}

/// A sequence moves on to new tables once in a while, where its situations have other numbers. This text goes through three
/// situations in turn, so that the number of the last one before such a move is, at one of the moves, that of the first one
/// after it.
#[test]
fn a_long_text_over_many_generations_has_the_masks_of_one() {
    let mut limits = Limits::default();
    limits.automaton_bytes = 1;
    let text = format!("[{}", "\"\",".repeat(700));
    for schema in ["{\"type\": \"array\"}", "{\"type\": \"array\", \"items\": {\"maxLength\": 3}}"]
    {
        let of = |limits: &Limits| {
            let compiler = SchemaCompiler::new(vocabulary(), limits);
            compiler.compile(schema, &SchemaOptions::default()).expect(schema)
        };
        assert!(masks(&of(&limits), &text) == masks(&of(&Limits::default()), &text), "{schema}");
    }
    let json = library::grammar("json", &limits).expect("json");
    let of = |limits: &Limits| Automaton::new(&json, vocabulary(), limits).expect("json");
    assert!(masks(&of(&limits), &text) == masks(&of(&Limits::default()), &text));
}
