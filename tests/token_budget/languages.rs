//! The grammars that ship and JSON Schemas, over the demonstration model's vocabulary and, where it is there, Qwen3's.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    sync::Arc,
};

use constrained_gen::{
    Automaton, CompiledGrammar, CompiledSchema, Limits, SchemaCompiler, SchemaOptions, Vocabulary,
    library,
};

/// The grammars with their other starts.
const GRAMMARS: [&str; 10] = [
    "sql-postgres",
    "json",
    "typescript",
    "cypher",
    "sql-postgres:dml",
    "sql-postgres:read-only",
    "sql-postgres:read-only-any-function",
    "json:object",
    "cypher:administration",
    "cypher:cypher-25",
];

/// Schemas of MaskBench.
const MASKBENCH: usize = 100;

/// Schemas with whatever makes an ending hard to find: bounds, patterns, what must be contained, what must differ, orders,
/// recursion.
const SCHEMAS: [&str; 24] = [
    r#"true"#,
    r#"{"type": "integer", "minimum": 1234567, "multipleOf": 7}"#,
    r#"{"type": "number", "exclusiveMinimum": 0.125, "maximum": 0.1251}"#,
    r#"{"type": "string", "minLength": 40, "maxLength": 60}"#,
    r#"{"type": "string", "pattern": "^[0-9]{3}-[A-Z]{2}(-[a-z]+)?$"}"#,
    r#"{"type": "string", "format": "date-time"}"#,
    r#"{"enum": ["antelope", "ant", 12345, null, {"deep": [1, 2, {"deeper": "x"}]}]}"#,
    r#"{"const": {"a": ["é", "\"", "\\", "\n"], "b": {}}}"#,
    r#"{"type": "array", "items": {"type": "integer"}, "minItems": 12}"#,
    r#"{"type": "array", "items": {"enum": ["red", "green", "blue"]}, "minItems": 3, "uniqueItems": true}"#,
    r#"{"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 9}, "minItems": 10, "uniqueItems": true}"#,
    r#"{"type": "array", "items": {"type": "integer"}, "contains": {"const": 42}, "minContains": 2, "minItems": 1}"#,
    r#"{"type": "array", "prefixItems": [{"type": "string"}, {"type": "boolean"}], "items": false, "minItems": 2}"#,
    r#"{"type": "object", "properties": {"id": {"type": "integer"}, "name": {"type": "string"}, "tags": {"type": "array", "items": {"type": "string"}}}, "required": ["id", "name"], "additionalProperties": false}"#,
    r#"{"type": "object", "minProperties": 4}"#,
    r#"{"type": "object", "minProperties": 3, "additionalProperties": false, "properties": {"a": {"type": "null"}, "b": {"type": "string", "minLength": 9}, "c": {"type": "boolean"}, "d": {"type": "integer"}}}"#,
    r#"{"type": "object", "patternProperties": {"^x-[a-z]{2,}$": {"type": "integer"}}, "additionalProperties": false, "minProperties": 2}"#,
    r#"{"type": "object", "properties": {"kind": {"const": "circle"}, "radius": {"type": "number"}}, "required": ["kind", "radius"], "additionalProperties": {"type": "array", "items": {"type": "array", "minItems": 2, "items": {"type": "string", "minLength": 3}}, "minItems": 1}}"#,
    r##"{"$ref": "#/$defs/tree", "$defs": {"tree": {"type": "object", "properties": {"value": {"type": "integer"}, "children": {"type": "array", "items": {"$ref": "#/$defs/tree"}}}, "required": ["value", "children"], "additionalProperties": false}}}"##,
    r##"{"$ref": "#/$defs/list", "$defs": {"list": {"anyOf": [{"type": "null"}, {"type": "object", "properties": {"head": {"type": "string"}, "tail": {"$ref": "#/$defs/list"}}, "required": ["head", "tail"], "additionalProperties": false}]}}}"##,
    r#"{"oneOf": [{"type": "object", "properties": {"type": {"const": "a"}, "x": {"type": "string", "minLength": 20}}, "required": ["type", "x"]}, {"type": "object", "properties": {"type": {"const": "b"}, "y": {"type": "integer"}}, "required": ["type", "y"]}]}"#,
    r#"{"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}], "additionalProperties": false}"#,
    r#"{"type": ["object", "array"], "items": {"type": "string", "pattern": "^a+b$"}, "minItems": 2, "required": ["key"], "propertyNames": {"maxLength": 5}}"#,
    r#"{"type": "object", "additionalProperties": {"type": "string", "enum": ["yes", "no"]}, "required": ["first", "second", "third"], "maxProperties": 5}"#,
];

/// What reads answers again.
enum Judge {
    Grammar(Arc<CompiledGrammar>),
    Schema(Arc<CompiledSchema>),
}

pub(crate) struct Language {
    pub(crate) name: String,
    pub(crate) automaton: Arc<Automaton>,
    judge: Judge,
}

impl Language {
    /// Whether a text is a sentence, read anew byte by byte.
    pub(crate) fn check(&self, text: &str) -> Result<(), String> {
        let checked = match &self.judge {
            Judge::Grammar(grammar) => grammar.recognizer().check(text.as_bytes()),
            Judge::Schema(schema) => schema.recognizer().check(text.as_bytes()),
        };
        checked.map_err(|refusal| format!("{refusal:?}"))
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn shared(path: &str) -> Option<PathBuf> {
    let path = root().join("../shared").join(path);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: {} is not there", path.display());
    None
}

fn vocabulary(path: &Path) -> Arc<Vocabulary> {
    let json = std::fs::read(path).expect("a tokenizer");
    Arc::new(Vocabulary::from_tokenizer_json(&json, &Limits::default()).expect("a vocabulary"))
}

/// Every byte and an end: the least that a vocabulary needs.
fn bytes() -> Arc<Vocabulary> {
    let mut tokens: Vec<Vec<u8>> = (0..=255).map(|byte| vec![byte]).collect();
    tokens.push(b"</s>".to_vec());
    Arc::new(Vocabulary::new(tokens, &[], &[constrained_gen::TokenId(256)]).expect("a vocabulary"))
}

/// All languages; Qwen3's large vocabulary and MaskBench only where there are cases enough for them.
pub(crate) fn all(cases: u64) -> Vec<Language> {
    let limits = Limits::default();
    let demo = vocabulary(&root().join("models/demo/tokenizer.json"));
    let mut vocabularies = vec![("bytes", bytes()), ("demo", demo)];
    let many = cases >= 1_000;
    if many && let Some(path) = shared("tokenizers/qwen3/tokenizer.json") {
        vocabularies.push(("qwen3", vocabulary(&path)));
    }
    let mut languages = Vec::new();
    for name in GRAMMARS {
        let grammar = library::grammar(name, &limits).expect("it ships");
        let grammar = CompiledGrammar::new(&grammar, &limits).expect("it compiles");
        for (words, vocabulary) in &vocabularies {
            languages.push(Language {
                name: format!("{name} over {words}"),
                automaton: Automaton::of(Arc::clone(&grammar), Arc::clone(vocabulary)),
                judge: Judge::Grammar(Arc::clone(&grammar)),
            });
        }
    }
    let mut schemas: Vec<(String, String)> =
        SCHEMAS.iter().map(|schema| (schema.to_string(), schema.to_string())).collect();
    schemas.extend(maskbench(if many { MASKBENCH } else { MASKBENCH / 5 }));
    let mut kept = 0;
    for (at, (name, schema)) in schemas.iter().enumerate() {
        let (words, vocabulary) = &vocabularies[at % vocabularies.len()];
        let compiler = SchemaCompiler::new(Arc::clone(vocabulary), &limits);
        match CompiledSchema::new(schema, &SchemaOptions::default(), &limits) {
            Ok(schema) => {
                kept += 1;
                languages.push(Language {
                    name: format!("{name} over {words}"),
                    automaton: compiler.automaton(Arc::clone(&schema)),
                    judge: Judge::Schema(schema),
                });
            }
            Err(error) if at >= SCHEMAS.len() => eprintln!("{name}: {error}"),
            Err(error) => panic!("{name}: {error}"),
        }
    }
    eprintln!("{} grammars, {kept} schemas", languages.len() - kept);
    languages
}

/// Schemas of MaskBench, by name and text, from all of its files.
fn maskbench(count: usize) -> Vec<(String, String)> {
    let Some(folder) = shared("maskbench") else { return Vec::new() };
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "zst"));
    paths.sort();
    let each = count.div_ceil(paths.len().max(1));
    let mut schemas = Vec::new();
    for path in paths {
        let file = BufReader::new(std::fs::File::open(&path).expect("a file"));
        let text = ruzstd::decoding::StreamingDecoder::new(file).expect("zstd");
        let lines = BufReader::new(text).lines().map(|line| line.expect("a line"));
        for line in lines.filter(|line| line.len() < 60_000).step_by(13).take(each) {
            let line: serde_json::Value = serde_json::from_str(&line).expect("JSON");
            let name = line["name"].as_str().expect("a name").to_owned();
            schemas.push((name, line["schema"].to_string()));
        }
    }
    schemas
}
