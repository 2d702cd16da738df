//! JSON Schemas, as any text and made of choices: masks against the byte-level reader, the reader against the slow judge of
//! whole values.

use std::sync::Arc;

use constrained_gen::{
    CompiledSchema, Limits, Schema, SchemaCompiler, TokenId, Vocabulary,
    schema::{Formats, MemberOrder, SchemaErrorKind, SchemaOptions, SchemaRecognizer, Whitespace},
};

#[path = "../../tests/schema/choices.rs"]
mod choices;
#[path = "../../tests/schema/generator.rs"]
mod generator;
#[path = "../../tests/schema/instances.rs"]
mod instances;

pub(crate) use choices::Choices;

use crate::tape;

/// Limits under which the dearest schema takes a moment.
fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.schema_bytes = 64 << 10;
    limits.schema_nesting = 60;
    limits.schema_work = 200_000;
    limits.dfa_states = 1_000;
    limits.dfa_bytes = 1 << 20;
    limits.repetition = 200;
    limits.automaton_bytes = 4 << 20;
    limits.cache_bytes = 0;
    limits.step_work = 500_000;
    limits
}

/// Bytes that JSON texts are made of, and tokens across its borders.
const TOKENS: [&str; 44] = [
    "\",\"",
    "\":\"",
    "\": ",
    "\"}",
    "\"]",
    "\"a\":",
    "{\"a\":",
    "{\"",
    "[\"",
    "{}",
    "[]",
    "[[",
    "]]",
    "}}",
    "},",
    "],",
    ", ",
    ": ",
    "\\u00",
    "\\u0061",
    "\\ud83d",
    "\\ude00",
    "\\\"",
    "\\\\",
    "\\n",
    "  ",
    "\n  ",
    " \"",
    " 1",
    "ab",
    "abc\"",
    "a\",\"b\":\"",
    "null",
    "true",
    "false",
    "ul",
    "12",
    "0.5",
    "1.0",
    "1e",
    "e5",
    "-1",
    "00",
    "1,2",
];

/// Every byte, the tokens above, cut characters, a control token, an end.
fn vocabulary() -> Arc<Vocabulary> {
    let mut tokens: Vec<Vec<u8>> = (0..=255).map(|byte| vec![byte]).collect();
    tokens.extend(TOKENS.iter().map(|token| token.as_bytes().to_vec()));
    tokens.extend(
        [&b"\xc3\xa9\""[..], b"\"\xc3", b"\xa9\",", b"\xf0\x9f", b"\x98\x80"].map(<[u8]>::to_vec),
    );
    tokens.extend([Vec::new(), b"<end>".to_vec(), b"<control>".to_vec()]);
    let last = tokens.len() - 1;
    let vocabulary = Vocabulary::new(tokens, &[TokenId::new(last)], &[TokenId::new(last - 1)]);
    Arc::new(vocabulary.expect("a vocabulary"))
}

/// Options that a byte chooses.
fn options(choice: u8) -> SchemaOptions {
    let mut options = SchemaOptions::default();
    options.lenient = choice & 1 != 0;
    options.formats = [Formats::Assert, Formats::Exact, Formats::Annotate, Formats::Annotate]
        [usize::from(choice >> 1 & 3)];
    options.whitespace = match choice >> 3 & 3 {
        0 => Whitespace::Compact,
        1 => Whitespace::Spaced,
        n => Whitespace::Flexible { run: 2 * u32::from(n) },
    };
    options.order = if choice & 32 != 0 { MemberOrder::Schema } else { MemberOrder::Any };
    options.unique_names = choice & 64 != 0;
    options
}

/// A schema that compiles, over the vocabulary: the masks along a walk, every bit against the byte-level reader.
fn walk(schema: &str, options: &SchemaOptions, along: &[u8], choices: &[u8]) {
    let vocabulary = vocabulary();
    let compiler = SchemaCompiler::new(Arc::clone(&vocabulary), &limits());
    let Ok(automaton) = compiler.compile(schema, options) else { return };
    let mut constraint = automaton.constraint();
    let mut reader = automaton.schema().expect("a schema").recognizer();
    let mut along = Some(along);
    for &choice in choices.iter().take(12) {
        let Ok(mask) = constraint.mask().cloned() else {
            // A limit, which must not have changed what is accepted.
            assert_eq!(constraint.is_complete(), reader.is_complete());
            return;
        };
        for token in (0..vocabulary.width()).map(TokenId::new) {
            let bytes = vocabulary.bytes(token);
            let expected = match (vocabulary.is_special(token), bytes.is_empty()) {
                (true, _) => vocabulary.end_tokens().contains(&token) && reader.is_complete(),
                (_, true) => false,
                _ => reader.clone().push(bytes).is_ok(),
            };
            let text = String::from_utf8_lossy(bytes);
            assert_eq!(mask.contains(token), expected, "{schema}: {token:?} {text:?}");
        }
        let other = TokenId(u32::from(choice) * 2);
        assert_eq!(constraint.clone().accept(other).is_ok(), mask.contains(other), "{schema}");
        let forced = constraint.forced(32);
        assert!(reader.clone().push(&forced).is_ok(), "{schema}: forced {forced:?}");
        assert!(!mask.is_empty(), "{schema}: a dead end");
        // Along the instance, as far as it goes, or anywhere.
        let texts: Vec<TokenId> =
            mask.iter().filter(|token| !vocabulary.is_special(*token)).collect();
        let fits = |token: &&TokenId| {
            along.is_some_and(|along| along.starts_with(vocabulary.bytes(**token)))
        };
        let fitting: Vec<&TokenId> = texts.iter().filter(fits).collect();
        let token = if choice < 0xc0 && !fitting.is_empty() {
            *fitting[usize::from(choice) % fitting.len()]
        } else if let Some(token) = texts.get(usize::from(choice) % texts.len().max(1)) {
            *token
        } else {
            return;
        };
        let bytes = vocabulary.bytes(token);
        along = along.and_then(|along| along.strip_prefix(bytes));
        reader.push(bytes).expect("the mask allows it");
        constraint.accept(token).expect("the mask allows it");
    }
    if let Some(ending) = constraint.ending() {
        for token in ending.tokens() {
            reader.push(vocabulary.bytes(*token)).expect("an ending was read before");
        }
        assert!(reader.is_complete(), "{schema}: {ending:?} does not end it");
    }
}

/// What the reader says of a text; `None` where it could not follow the schema.
fn verdict(reader: &SchemaRecognizer, text: &[u8]) -> Option<bool> {
    let accepted = reader.clone().check(text).is_ok();
    reader.failure().is_none().then_some(accepted)
}

/// Any bytes as a schema; after a zero byte, choices of a walk, and after another one a text.
pub fn schema(data: &[u8]) {
    let mut parts = data.splitn(3, |byte| *byte == 0);
    let schema = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let choices = parts.next().unwrap_or(b"\x2a\xd0\x07\xe1\x13\x99");
    let text = parts.next().unwrap_or(b"{\"a\": [1, \"b\"]}");
    let (limits, options) = (limits(), options(choices.first().copied().unwrap_or(0)));
    let compiled = match CompiledSchema::new(&schema, &options, &limits) {
        Ok(compiled) => compiled,
        Err(error) => {
            assert!(!error.to_string().is_empty() && error.to_string().len() < 4_000, "{error}");
            return;
        }
    };
    let text = &text[..text.len().min(400)];
    if verdict(&compiled.recognizer(), text) == Some(true) {
        // What is accepted is valid; the other way round, some spellings are not taken.
        let text = std::str::from_utf8(text).expect("accepted texts are UTF-8");
        let judge = Schema::parse(&schema, &options, &limits).expect("it was read before");
        assert_ne!(judge.judge(text).ok(), Some(false), "{schema} accepts {text}");
    }
    walk(&schema, &options, text, choices);
}

/// A schema and an instance, both made of choices.
pub fn schema_structured(data: &[u8]) {
    let Some((&first, rest)) = data.split_first() else { return };
    let (shape, rest) = rest.split_at(rest.len() * 2 / 3);
    let schema = generator::schema(&mut tape::choices(shape));
    let text = schema.to_string();
    let mut options = options(first);
    options.formats = Formats::Annotate;
    let mut chosen = tape::choices(rest);
    let value = instances::instance(&mut chosen, &schema);
    let mut spelled = String::new();
    instances::spelled(&mut chosen, &value, &mut spelled);
    let limits = limits();
    let mut free = options.clone();
    (free.whitespace, free.order) = (Whitespace::Flexible { run: 128 }, MemberOrder::Any);
    let compiled = match CompiledSchema::new(&text, &free, &limits) {
        Ok(compiled) => compiled,
        Err(error) => {
            assert_ne!(*error.kind(), SchemaErrorKind::NotASchema, "{text}: {error}");
            if *error.kind() == SchemaErrorKind::Unsatisfiable
                && let Ok(judge) = Schema::parse(&text, &free, &limits)
            {
                assert_ne!(
                    judge.judge(&spelled).ok(),
                    Some(true),
                    "{text} has an instance: {spelled}"
                );
            }
            return;
        }
    };
    let judge = Schema::parse(&text, &free, &limits).expect("it was read before");
    if let (Some(accepted), Ok(valid)) =
        (verdict(&compiled.recognizer(), spelled.as_bytes()), judge.judge(&spelled))
    {
        let spelling = valid && instances::may_have_exponents(&spelled);
        assert!(
            accepted == valid || spelling,
            "{text}: {spelled}: accepted {accepted}, valid {valid}"
        );
    }
    walk(&text, &options, spelled.as_bytes(), rest);
}
