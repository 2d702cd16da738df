//! `%list labels`, `types` and `keys` of `cypher`: with the names of a database no other can be written, and what people ask of it
//! goes through.

#![allow(clippy::print_stderr, reason = "says what was skipped and what was counted")]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use constrained_gen::{CompiledGrammar, Limits, Recognizer, frontend::Options, library};
use serde_json::Value;

/// A recognizer under which these are all the names of some lists.
fn only(lists: &[(&str, Vec<&str>)]) -> Recognizer {
    let mut options = Options::default();
    for (list, names) in lists {
        let texts = names.iter().map(|name| vec![spelled(name)]).collect();
        options = options.list(*list, texts);
    }
    let limits = Limits::default();
    let grammar = library::grammar_with("cypher", &options, &limits).expect("it ships");
    CompiledGrammar::new(&grammar, &limits).expect("it compiles").recognizer()
}

/// As a name is written: what is no word in backticks.
fn spelled(name: &str) -> String {
    let is_part = |c: char| c == '_' || c.is_ascii_alphanumeric();
    match name.chars().all(is_part) && !name.starts_with(|c: char| c.is_ascii_digit()) {
        true => name.to_owned(),
        false => format!("`{}`", name.replace('`', "``")),
    }
}

fn accepts(reader: &Recognizer, text: &str) -> bool {
    reader.clone().check(text.as_bytes()).is_ok()
}

#[test]
fn no_other_name_can_be_written() {
    let reader = only(&[
        ("labels", vec!["Person", "Movie", "Big City", "count"]),
        ("types", vec!["ACTED_IN", "KNOWS"]),
        ("keys", vec!["name", "born"]),
    ]);
    for text in [
        "MATCH (p:Person {name: 'x'})-[:ACTED_IN]->(m:Movie) WHERE m.born > 1 RETURN p.name AS actor",
        "MATCH (p:Person|Movie&!`Big City`), (q:count) RETURN p {.name, age: 1}, {age: 1}",
        "MATCH (p)-[r:KNOWS|ACTED_IN*1..3]->(q:$(p.name)) RETURN duration.between(p.born, date()).year",
        "MERGE (p:Person {name: 'a'})-[:KNOWS]->(q:Movie) ON CREATE SET p.born = 1, q:Movie:Person",
        "INSERT (p:Person {name: 'a'})-[:KNOWS]->(q:Movie)",
        "MATCH (p) WHERE p:Movie RETURN labels(p), apoc.text.join(['a'], ',')",
    ] {
        assert!(accepts(&reader, text), "{text}");
    }
    for text in [
        "MATCH (p:Actor) RETURN p",
        // The server tells them apart.
        "MATCH (p:person) RETURN p",
        "MATCH (p:Persons) RETURN p",
        "MATCH (p:`Person`) RETURN p",
        "MATCH (p:Person:Actor) RETURN p",
        "MATCH (p:Person|Actor) RETURN p",
        "MATCH (p:KNOWS) RETURN p",
        "MATCH (p)-[:Person]->(q) RETURN p",
        "MATCH (p)-[:DIRECTED]->(q) RETURN p",
        "MATCH (p)-[:KNOWS|:DIRECTED]->(q) RETURN p",
        "MATCH (p IS Actor) RETURN p",
        "MATCH (p) WHERE p:Actor RETURN p",
        "MATCH (p) RETURN p.age",
        "MATCH (p) RETURN p.age()",
        "MATCH (p {age: 1}) RETURN p",
        "MATCH (p {year: 1}) RETURN p",
        "MATCH (p) RETURN p {.age}",
        "MATCH (p) SET p.age = 1",
        "MATCH (p) SET p:Actor",
        "CREATE (p:Actor)",
        "CREATE (p:Person {age: 1})",
        "CREATE (p)-[:DIRECTED]->(q)",
        "INSERT (p)-[:DIRECTED]->(q)",
    ] {
        assert!(!accepts(&reader, text), "{text}");
    }
    // What is not listed is free.
    let reader = only(&[("types", vec!["KNOWS"])]);
    assert!(accepts(&reader, "MATCH (p:Actor)-[:KNOWS]->(q {age: 1}) RETURN p IS NULL, p.age"));
    assert!(!accepts(&reader, "MATCH (p:Actor)-[:LIKES]->(q) RETURN p"));
}

fn strings<'a>(values: impl IntoIterator<Item = &'a Value>) -> BTreeSet<&'a str> {
    values.into_iter().filter_map(Value::as_str).collect()
}

/// The properties of all kinds of nodes, or relationships.
fn keys(kinds: &Value) -> impl Iterator<Item = &str> {
    let kinds = kinds.as_object().into_iter().flat_map(|kinds| kinds.values());
    kinds.flat_map(|kind| {
        kind.as_object().into_iter().flat_map(|keys| keys.keys().map(String::as_str))
    })
}

/// Questions that people had models answer, over real databases, where they are there.
#[test]
fn what_is_asked_of_a_database_goes_through_and_inventions_do_not() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora/cypher");
    let (Ok(schemas), Ok(queries)) = (
        std::fs::read_to_string(root.join("schemas.json")),
        std::fs::read_to_string(root.join("schema-queries.jsonl")),
    ) else {
        eprintln!("skipped: no schemas at {}", root.display());
        return;
    };
    let schemas: Vec<Value> = serde_json::from_str(&schemas).expect("schemas");
    let plain = only(&[]);
    let readers: BTreeMap<&str, Recognizer> = schemas
        .iter()
        .map(|schema| {
            let nodes = schema["nodes"].as_object().expect("nodes");
            let ends = schema["relationships"].as_array().expect("relationships");
            let types = strings(ends.iter().map(|end| &end["type"]));
            let keys = keys(&schema["nodes"]).chain(keys(&schema["relationship_properties"]));
            let lists = [
                ("labels", nodes.keys().map(String::as_str).collect()),
                ("types", types.into_iter().collect()),
                ("keys", keys.collect()),
            ];
            (schema["database"].as_str().expect("a name"), only(&lists))
        })
        .collect();
    let (mut gold, mut accepted, mut invented, mut refused) = (0, 0, 0, 0);
    for line in queries.lines() {
        let query: Value = serde_json::from_str(line).expect("a line of the corpus");
        let text = query["text"].as_str().expect("a text");
        let Some(reader) = readers.get(query["database"].as_str().unwrap_or_default()) else {
            continue;
        };
        if !accepts(&plain, text) {
            continue;
        }
        match query["label"].as_str() {
            Some("gold") => {
                gold += 1;
                accepted += usize::from(accepts(reader, text));
            }
            Some("violates") => {
                invented += 1;
                refused += usize::from(!accepts(reader, text));
            }
            _ => {}
        }
    }
    eprintln!(
        "{accepted} of {gold} good queries accepted; {refused} of {invented} with an invented name cannot be written"
    );
    assert_eq!(accepted, gold);
    // The others use a name that something else has.
    assert!(10 * refused >= 9 * invented);
}
