//! Which queries does Cypher's grammar accept that the server refuses for their meaning, and what does the server say of them?
//!
//! What is left needs names or types: who declared a variable, as what, and what may stand beside an aggregate. The list is
//! committed, by what the server's front end says; `figures.txt` holds their number.

use std::{collections::BTreeMap, fmt::Write as _};

use crate::{accepts, compiled, lines, root, shared};

/// What the server says, without what is of the one text: names in backquotes, and all after a colon or the first sentence.
fn reason(message: &str) -> String {
    let mut rest = message;
    let mut said = String::new();
    while let Some((before, after)) = rest.split_once('`') {
        let Some((_, after)) = after.split_once('`') else { break };
        said.push_str(before);
        said.push('…');
        rest = after;
    }
    said.push_str(rest);
    let end = [". ", ": "].iter().filter_map(|mark| said.find(mark)).min().unwrap_or(said.len());
    let short = said[..end].trim_end_matches('.').to_owned();
    // What was expected is the class; the types that would have done are a long list.
    match said.strip_prefix("Type mismatch: ") {
        Some(types) if types.contains("conflicting type") => {
            "Type mismatch: conflicting type".into()
        }
        Some(types) => {
            format!("Type mismatch: {}", types.split(" but was").next().unwrap_or(types))
        }
        None => short,
    }
}

/// The accepted ones by reason, as text: most frequent first.
fn listed() -> Option<String> {
    let path = shared("corpora/cypher/shape-rejects.jsonl")?;
    let grammar = compiled("cypher");
    let rows = lines(&path);
    let mut by_reason: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut refused: BTreeMap<String, usize> = BTreeMap::new();
    for row in &rows {
        let error = if row["error5"].is_object() { &row["error5"] } else { &row["error25"] };
        let reason = reason(error["msg"].as_str().unwrap_or("no message"));
        if accepts(&grammar, row, "text") {
            by_reason.entry(reason).or_default().push(row["id"].as_str().unwrap_or(""));
        } else {
            *refused.entry(reason).or_default() += 1;
        }
    }
    let accepted: usize = by_reason.values().map(Vec::len).sum();
    let mut text =
        format!("{accepted} of {} accepted, by what the server says of them\n", rows.len());
    let mut by_reason: Vec<_> = by_reason.into_iter().collect();
    by_reason.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(&b.0)));
    for (reason, mut ids) in by_reason {
        ids.sort_unstable();
        let others = refused.get(&reason).copied().unwrap_or(0);
        let _ = writeln!(text, "\n{} (and {others} refused): {reason}", ids.len());
        for id in ids {
            let _ = writeln!(text, "    {}", id.replace(['\n', '\r'], " "));
        }
    }
    Some(text)
}

#[test]
fn accepted_queries_that_the_server_refuses_are_those_written_down() {
    let Some(text) = listed() else { return };
    let path = root().join("tests/conformance/cypher_shape.txt");
    if std::env::var_os("UPDATE_FIGURES").is_some() {
        std::fs::write(&path, &text).expect("the list can be written");
        return;
    }
    let committed = std::fs::read_to_string(&path).expect("the committed list");
    // Another part of the corpus has other texts: nothing to compare.
    let of = |text: &str| text.split_whitespace().nth(2).map(str::to_owned);
    if of(&committed) != of(&text) {
        eprintln!("cypher_shape.txt: another corpus, not compared");
        return;
    }
    assert_eq!(text, committed, "write the list down with UPDATE_FIGURES=1");
}
