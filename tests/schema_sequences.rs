//! Sequences under a schema: the order of members, and many rows at once.

use std::sync::Arc;

use constrained_gen::{
    Automaton, CompiledSchema, Constraint, Limits, SchemaCompiler, SchemaOptions, StepError,
    TokenId, Vocabulary,
    schema::{MemberOrder, Whitespace},
};

/// Every printable byte, some tokens of several, and an end.
fn vocabulary() -> Arc<Vocabulary> {
    let mut tokens: Vec<Vec<u8>> = (b' '..=b'~').map(|byte| vec![byte]).collect();
    let longer = ["{\"", "\":", "\",\"", ",\"", "1,\"", "a\":", "b\":1", "\"c\":1}", "1}", "}}"];
    tokens.extend(longer.iter().map(|text| text.as_bytes().to_vec()));
    tokens.push(b"</s>".to_vec());
    let end = TokenId(tokens.len() as u32 - 1);
    Arc::new(Vocabulary::new(tokens, &[], &[end]).expect("a vocabulary"))
}

fn options(order: MemberOrder) -> SchemaOptions {
    let mut options = SchemaOptions::default();
    options.order = order;
    options.whitespace = Whitespace::Compact;
    options
}

fn automaton(schema: &str, order: MemberOrder) -> Arc<Automaton> {
    let compiler = SchemaCompiler::new(vocabulary(), &Limits::default());
    compiler.compile(schema, &options(order)).expect("a schema")
}

/// All texts over members `a` to `d` with the value 1, each name at most once, and whether they are in this order.
fn objects() -> Vec<(String, bool, Vec<char>)> {
    let mut lists: Vec<Vec<char>> = vec![Vec::new()];
    for length in 0..4 {
        for list in lists.clone().into_iter().filter(|list| list.len() == length) {
            for name in ('a'..='d').filter(|name| !list.contains(name)) {
                lists.push([&list[..], &[name]].concat());
            }
        }
    }
    let text = |list: &[char]| {
        let members: Vec<String> = list.iter().map(|name| format!("\"{name}\":1")).collect();
        format!("{{{}}}", members.join(","))
    };
    lists.into_iter().map(|list| (text(&list), list.is_sorted(), list)).collect()
}

/// Schemas whose declared order is a, b, c, d, and which lists of names they take.
type Rule = (&'static str, fn(&[char]) -> bool);

const RULES: [Rule; 7] = [
    (r#"{"additionalProperties": false}"#, |_| true),
    (r#"{"additionalProperties": false, "required": ["c"]}"#, |names| names.contains(&'c')),
    (r#"{"additionalProperties": false, "required": ["d", "a"]}"#, |names| {
        names.contains(&'a') && names.contains(&'d')
    }),
    (r#"{"additionalProperties": false, "minProperties": 3}"#, |names| names.len() >= 3),
    (r#"{"additionalProperties": false, "maxProperties": 2, "required": ["b"]}"#, |names| {
        names.len() <= 2 && names.contains(&'b')
    }),
    (
        r#"{"additionalProperties": false, "minProperties": 2, "maxProperties": 2, "required": ["a"]}"#,
        |names| names.len() == 2 && names.contains(&'a'),
    ),
    (
        r#"{"additionalProperties": false, "anyOf": [{"required": ["b"]}, {"required": ["d"]}]}"#,
        |names| names.contains(&'b') || names.contains(&'d'),
    ),
];

/// The rule with four members that are 1.
fn declared(rule: &str) -> String {
    let members = r#""properties": {"a": {"const": 1}, "b": {"const": 1}, "c": {"const": 1}, "d": {"const": 1}}"#;
    format!("{{\"type\": \"object\", {members}, {}", &rule[1..])
}

#[test]
fn in_the_schemas_order_are_exactly_the_instances_in_that_order() {
    for (rule, holds) in RULES {
        let text = declared(rule);
        let compile = |order| {
            CompiledSchema::new(&text, &options(order), &Limits::default()).expect("a schema")
        };
        let (any, ordered) = (compile(MemberOrder::Any), compile(MemberOrder::Schema));
        let mut taken = 0;
        for (object, sorted, names) in objects() {
            let is =
                |schema: &Arc<CompiledSchema>| schema.recognizer().check(object.as_bytes()).is_ok();
            assert_eq!(is(&any), holds(&names), "{rule}: {object}");
            assert_eq!(is(&ordered), holds(&names) && sorted, "{rule}: {object}");
            taken += usize::from(is(&ordered));
        }
        assert!(taken > 0, "{rule}");
    }
}

#[test]
fn other_members_come_last() {
    let text = r#"{"type": "object", "properties": {"b": {"type": "integer"}, "a": {"type": "integer"}},
        "required": ["a", "z"], "additionalProperties": {"type": "null"}, "minProperties": 3}"#;
    let schema = CompiledSchema::new(text, &options(MemberOrder::Schema), &Limits::default())
        .expect("a schema");
    let is = |text: &str| schema.recognizer().check(text.as_bytes()).is_ok();
    // `z` is named by `required`, and comes after those that `properties` names.
    for text in [
        r#"{"b":1,"a":1,"z":null}"#,
        r#"{"a":1,"z":null,"x":null}"#,
        r#"{"b":1,"a":1,"z":null,"x":null,"y":null}"#,
    ] {
        assert!(is(text), "{text}");
    }
    for text in [
        r#"{"a":1,"b":1,"z":null}"#,
        r#"{"a":1,"z":null}"#,
        r#"{"x":null,"a":1,"z":null}"#,
        r#"{"a":1,"x":null,"z":null}"#,
        r#"{"a":1,"z":null,"x":null,"b":1}"#,
    ] {
        assert!(!is(text), "{text}");
    }
}

/// The allowed tokens, each also asked for itself.
fn allowed(sequence: &mut Constraint, text: &str) -> Vec<TokenId> {
    let vocabulary = Arc::clone(sequence.automaton().vocabulary());
    let mask: Vec<TokenId> = sequence.mask().expect("a mask").iter().collect();
    for token in (0..vocabulary.len() as u32).map(TokenId) {
        let taken = sequence.clone().accept(token).is_ok();
        assert_eq!(taken, mask.contains(&token), "token {} after {text}", token.0);
    }
    mask
}

#[test]
fn masks_and_accept_agree_and_nothing_is_a_dead_end() {
    let nested = r#"{"properties": {"b": {"properties": {"d": {}, "c": {"const": 1}},
        "required": ["c"], "additionalProperties": {"const": "x"}}, "a": {"const": 1}}}"#;
    let texts = RULES.iter().map(|(rule, _)| declared(rule)).chain([nested.to_owned()]);
    for schema in texts {
        for order in [MemberOrder::Any, MemberOrder::Schema] {
            let automaton = automaton(&schema, order);
            // Walks that take another of the allowed tokens at every turn.
            for turn in 0..40 {
                let mut sequence = automaton.constraint();
                let mut text = String::new();
                for step in 0..40 {
                    let mask = allowed(&mut sequence, &text);
                    assert!(!mask.is_empty(), "nothing is allowed after {text} of {schema}");
                    let token = mask[(turn * 7 + step * step + turn * step) % mask.len()];
                    sequence.accept(token).expect("an allowed token");
                    if sequence.has_ended() {
                        break;
                    }
                    text += &String::from_utf8_lossy(automaton.vocabulary().bytes(token));
                }
            }
        }
    }
}

#[test]
fn rows_of_equal_sequences_are_those_of_each() {
    let json = constrained_gen::library::grammar("json", &Limits::default()).expect("json");
    let automata = [
        automaton(&declared(RULES[1].0), MemberOrder::Any),
        Automaton::new(&json, vocabulary(), &Limits::default()).expect("an automaton"),
    ];
    for automaton in automata {
        let mut sequences = Vec::new();
        for text in ["", "{\"a\":1", "{", "{\"c\":1}", "", "{\"a\":1,\"b\":1", "{\"a\":1", "{"] {
            // Forks, and sequences that came to the same place by themselves.
            for copy in 0..20 {
                let mut sequence = match (copy, sequences.last()) {
                    (1.., Some(fork)) if copy % 2 == 1 => Constraint::clone(fork),
                    _ => {
                        let mut sequence = automaton.constraint();
                        sequence
                            .accept_bytes(text.as_bytes())
                            .expect("the beginning of an instance");
                        sequence
                    }
                };
                if copy == 7 && sequence.is_complete() {
                    let end = automaton.vocabulary().end_tokens()[0];
                    sequence.accept(end).expect("an end");
                }
                sequences.push(sequence);
            }
        }
        let words = automaton.vocabulary().words();
        let mut rows = vec![u32::MAX; words * sequences.len()];
        let results = automaton.fill_masks(&mut sequences, &mut rows);
        let mut ended = 0;
        for ((sequence, row), result) in sequences.iter_mut().zip(rows.chunks(words)).zip(results) {
            let mut own = vec![0; words];
            assert_eq!(result, sequence.fill(&mut own));
            match result {
                Ok(()) => assert_eq!(row, own),
                Err(error) => {
                    assert_eq!(error, StepError::Ended);
                    ended += 1;
                }
            }
        }
        assert!(ended > 0);
        assert!(automaton.fill_masks(&mut [], &mut []).is_empty());
    }
}
