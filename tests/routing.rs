//! Which expert a prompt is for, and which experts can be loaded together.

use constrained_gen::expert::{self, Expert, ExpertError, Roster};
use serde_json::{Value, json};

/// An expert with a manifest that differs from the SQL expert's.
fn changed(change: impl FnOnce(&mut Value)) -> Expert {
    let mut manifest: Value =
        serde_json::from_str(include_str!("../experts/sql/manifest.json")).unwrap();
    // The adapter of the second base model would have to lie beside it.
    manifest["base_models"].as_array_mut().unwrap().truncate(1);
    change(&mut manifest);
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("manifest.json"), manifest.to_string()).unwrap();
    Expert::open(directory.path()).unwrap()
}

/// One of this name, with these keywords, exclusions and priority.
fn named(name: &str, keywords: &[&str], excluded: &[&str], priority: f64) -> Expert {
    changed(|manifest| {
        manifest["name"] = format!("expert-{name}").into();
        manifest["capabilities"] = json!([format!("language:{name}")]);
        manifest["routing"] =
            json!({"keywords": keywords, "exclude_keywords": excluded, "priority": priority});
    })
}

fn chosen(roster: &Roster, prompt: &str) -> Option<String> {
    let route = roster.route(prompt);
    let score = route.chosen()?;
    Some(roster.get(&score.expert).unwrap().manifest.name.clone())
}

#[test]
fn prompts_go_to_the_experts_that_ship() {
    let roster = Roster::shipped().unwrap();
    let tables = "CREATE TABLE employees (id integer, name text, salary numeric);\n";
    let graph = "(:Person {name: STRING, born: INTEGER})\n(:Person)-[:ACTED_IN]->(:Movie)\n";
    for (prompt, expected) in [
        ("What is the average price per category?", Some("sql")),
        ("How many customers ordered nothing? One SQL query, please", Some("sql")),
        ("Delete all rows of the table visits", Some("sql")),
        (&*format!("{tables}Which employees earn more than 50000?"), Some("sql")),
        (&*format!("{graph}Who was born after 1970?"), Some("neo4j")),
        ("The shortest path between two nodes of the graph, in Cypher", Some("neo4j")),
        ("A JSON object for Ada Lovelace, aged 36", Some("json")),
        ("A record for Ada Lovelace, aged 36, from London", Some("json")),
        ("Extract name and age as JSON: Maria is 42", Some("json")),
        ("A TypeScript function that returns JSON", Some("typescript")),
        ("An interface for a user with name, age and email", Some("typescript")),
        ("Write an async function that fetches an object", Some("typescript")),
        ("Which employees earn more than 50000?", None),
        ("Tell me a story", None),
        ("", None),
    ] {
        let route = roster.route(prompt);
        let found = route.chosen().map(|score| score.expert.as_str());
        assert_eq!(found, expected, "{prompt}: {:#?}", route.scores);
        assert_eq!(route, roster.route(prompt), "the same prompt, the same choice");
        assert_eq!(route.scores.len(), 4);
    }
}

#[test]
fn a_choice_is_explained_by_the_words_that_were_found() {
    let sql = named("sql", &["table", "group by", "rows"], &["graph"], 0.5);
    let roster = Roster::new(vec![sql]).unwrap();
    let score = |prompt: &str| roster.route(prompt).scores.remove(0);
    let found = score("In SQL: GROUP BY over two tables, no graph");
    assert_eq!(found.keywords, ["table", "group by"]);
    assert_eq!(found.capabilities, ["language:sql"]);
    assert_eq!(found.excluded, ["graph"]);
    assert_eq!(found.points, (2.0 + 2.0 - 2.0) * 0.5);
    let line = found.to_string();
    assert!(
        line.contains("keywords: table, group by") && line.contains("against it: graph"),
        "{line}"
    );
    // Whole words, in any case, also in plural; several in a row.
    assert_eq!(score("Tables").keywords, ["table"]);
    for prompt in ["tablet", "stable", "group, then by", "by group", "sqlite", "NoSQL"] {
        assert_eq!(score(prompt).points, 0.0, "{prompt}");
    }
    assert!(roster.route("a graph").chosen().is_none(), "less than nothing is nothing");
}

#[test]
fn ties_go_to_priority_then_to_the_order_of_loading() {
    let low = |name: &str| named(name, &["word"], &[], 0.5);
    let order = |expert: Expert, at: u64| {
        let name = expert.manifest.name.clone();
        changed(|manifest| {
            manifest["name"] = name.into();
            manifest["capabilities"] = json!([]);
            manifest["routing"] = json!({"keywords": ["word"], "priority": 0.5});
            manifest["constraints"]["load_order"] = at.into();
        })
    };
    let one = Roster::new(vec![low("b-one"), low("a-two")]).unwrap();
    assert_eq!(chosen(&one, "a word").as_deref(), Some("expert-a-two"));
    let two = Roster::new(vec![order(low("a-two"), 9), order(low("b-one"), 1)]).unwrap();
    assert_eq!(chosen(&two, "a word").as_deref(), Some("expert-b-one"));
    assert_eq!(two.experts()[0].manifest.name, "expert-b-one");
    let double = named("c-three", &["word", "other"], &[], 0.25);
    let three = Roster::new(vec![double, low("z-one")]).unwrap();
    // 2 x 0.25 against 1 x 0.5.
    assert_eq!(chosen(&three, "another word, other").as_deref(), Some("expert-z-one"));
}

#[test]
fn constraints_hold_among_experts_that_are_loaded_together() {
    let with = |name: &str, key: &str, value: Value| {
        changed(|manifest| {
            manifest["name"] = format!("expert-{name}").into();
            manifest["constraints"][key] = value;
        })
    };
    let plain = |name: &str| with(name, "load_order", json!(3));
    let refused = |experts: Vec<Expert>, parts: &[&str]| {
        let error = Roster::new(experts).unwrap_err();
        assert!(matches!(error, ExpertError::Constraints { .. }), "{error}");
        for part in parts {
            assert!(error.to_string().contains(part), "no `{part}` in: {error}");
        }
    };
    let hostile = || with("a", "incompatible_with", json!(["expert-b"]));
    refused(vec![hostile(), plain("b")], &["`expert-a`", "beside `expert-b`"]);
    refused(vec![plain("b"), hostile()], &["`expert-a`", "beside `expert-b`"]);
    assert!(Roster::new(vec![hostile(), plain("c")]).is_ok());
    let needs =
        |name: &str, other: &str| with(name, "requires", json!([format!("expert-{other}")]));
    refused(vec![needs("a", "b")], &["`expert-a` needs `expert-b`", "not loaded"]);
    assert!(Roster::new(vec![needs("a", "b"), plain("b")]).is_ok());
    refused(vec![needs("a", "b"), needs("b", "a")], &["needs itself"]);
    refused(vec![needs("a", "a")], &["needs itself"]);
    let short = || {
        changed(|manifest| {
            manifest["name"] = "expert-a".into();
            manifest["constraints"]["requires"] = json!(["expert-b"]);
            manifest["constraints"]["max_chain"] = 2.into();
        })
    };
    assert!(Roster::new(vec![short(), plain("b")]).is_ok());
    refused(vec![short(), needs("b", "c"), plain("c")], &["chain of 3", "max_chain of 2"]);
    refused(vec![plain("a"), plain("a")], &["twice"]);
    assert_eq!(Roster::shipped().unwrap().experts().len(), expert::names().len());
}
