//! Cypher read by an ordered grammar (`grammar.pest`) and judged by rules over its tree (`rules.rs`): another formalism
//! than the automaton's grammar, so that a mistake has to be made twice.
//!
//! pest recurses with the nesting of the text, so that is bounded before the parse, and the parse has a stack of its own.
//! What is judged is shape: no variable is looked up, and no type but that of a plain literal is known.

mod rules;

use std::num::NonZeroUsize;

use pest::{
    Parser as _,
    error::{Error, ErrorVariant, LineColLocation},
};

use super::{
    ValidationError,
    stack::{check_size, on_own_stack},
};

pub(super) const NAME: &str = "the Cypher validator";

/// Texts above this are not judged: no answer is that long.
const MAX_BYTES: usize = 64 << 10;

/// Brackets and CASE expressions that may be open at a place.
const MAX_DEPTH: usize = 64;

/// The stack of a parse: a level of brackets takes some twenty calls.
const STACK: usize = 64 << 20;

/// Steps that pest may take: an ordered grammar reads a text again where an alternative fails late. The setting is
/// process-wide; every user of pest here sets the same.
const PEST_CALLS: NonZeroUsize = NonZeroUsize::new(64 << 20).expect("not zero");

mod grammar {
    #![allow(missing_docs, reason = "generated")]

    #[derive(pest_derive::Parser)]
    #[grammar = "validation/cypher/grammar.pest"]
    pub(super) struct Reader;
}

use grammar::{Reader, Rule};

/// Whether the text is one query with an optional final semicolon.
pub(super) fn check(text: &str) -> Result<(), ValidationError> {
    check_size(text, NAME, MAX_BYTES)?;
    if depth(text) > MAX_DEPTH {
        return Err(limit("too many brackets and CASE expressions inside each other", MAX_DEPTH));
    }
    on_own_stack(STACK, NAME, STACK, || parse(text))
}

fn parse(text: &str) -> Result<(), ValidationError> {
    pest::set_call_limit(Some(PEST_CALLS));
    let pairs = Reader::parse(Rule::query, text).map_err(|error| refused(text, &error))?;
    pairs.into_iter().try_for_each(|query| rules::judge(&query)).map_err(|fault| {
        let (line, column) = fault.at;
        let place = format!("line {line}, column {column}");
        ValidationError::Refused { validator: NAME, reason: format!("{} at {place}", fault.what) }
    })
}

fn limit(what: &'static str, limit: usize) -> ValidationError {
    ValidationError::Limit { validator: NAME, what, limit }
}

/// How deep brackets nest, outside of strings, names and comments; the word CASE counts as one, and is closed by nothing.
fn depth(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut open, mut cases, mut deepest, mut i) = (0_usize, 0, 0, 0);
    while i < bytes.len() {
        match bytes[i] {
            quote @ (b'\'' | b'"' | b'`') => {
                i += 1;
                while i < bytes.len() && bytes[i] != quote {
                    i += if bytes[i] == b'\\' && quote != b'`' { 2 } else { 1 };
                }
            }
            b'/' if bytes[i..].starts_with(b"//") => {
                while i < bytes.len() && !matches!(bytes[i], b'\n' | b'\r') {
                    i += 1;
                }
            }
            b'/' if bytes[i..].starts_with(b"/*") => {
                i = text[i..].find("*/").map_or(bytes.len(), |n| i + n + 1);
            }
            b'(' | b'[' | b'{' => open += 1,
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            b'c' | b'C'
                if bytes[i..].len() >= 4 && bytes[i..i + 4].eq_ignore_ascii_case(b"case") =>
            {
                cases += 1;
            }
            _ => {}
        }
        deepest = deepest.max(open + cases);
        i += 1;
    }
    deepest
}

fn refused(text: &str, error: &Error<Rule>) -> ValidationError {
    let (line, column) = match error.line_col {
        LineColLocation::Pos(at) | LineColLocation::Span(at, _) => at,
    };
    let expected = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => {
            let mut names: Vec<String> = positives.iter().map(|rule| name(*rule)).collect();
            names.sort();
            names.dedup();
            let more = names.len().saturating_sub(8);
            names.truncate(8);
            let list = names.join(", ");
            if more > 0 { format!("{list} or {more} others") } else { list }
        }
        ErrorVariant::CustomError { .. } => {
            return limit("too many steps of the parser", PEST_CALLS.get());
        }
    };
    let found: String = (text.lines().nth(line - 1).unwrap_or_default().chars())
        .skip(column - 1)
        .take(20)
        .flat_map(char::escape_debug)
        .collect();
    let found = if found.is_empty() { "the end".to_owned() } else { format!("`{found}`") };
    let expected = if expected.is_empty() { "something else".to_owned() } else { expected };
    let reason = format!("expected {expected}, found {found} at line {line}, column {column}");
    ValidationError::Refused { validator: NAME, reason }
}

/// What a person calls a rule.
fn name(rule: Rule) -> String {
    match rule {
        Rule::EOI => "the end".into(),
        Rule::operator => "an operator".into(),
        Rule::star => "`*`".into(),
        Rule::chain | Rule::node | Rule::path | Rule::patterns => "a pattern".into(),
        Rule::value | Rule::sum | Rule::term | Rule::atom | Rule::negation => {
            "an expression".into()
        }
        rule => format!("{rule:?}").trim_end_matches('_').replace('_', " "),
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_BYTES, MAX_DEPTH, check};

    #[test]
    fn queries() {
        for text in [
            "MATCH (n:Person)-[:KNOWS*1..3]->(m) WHERE n.name = 'Ann' RETURN m.name AS name;",
            "match(match)return match",
            "CREATE (a:A {x: $x})-[:R]->(b) WITH a MATCH (a)-->+(c) RETURN count(*), collect(c.x)[..3]",
            "MATCH (n) CALL (n) { WITH n AS m RETURN m } IN TRANSACTIONS RETURN m",
            "RETURN [x IN [1] WHERE x > 0 | x], CASE WHEN true THEN 1 END, EXISTS { (n)-->() }",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn no_queries() {
        for (text, why) in [
            ("", "expected"),
            ("MATCH (n)", "cannot end"),
            ("MATCH (n) RETURN", "expected"),
            ("RETURN 1 RETURN 2", "RETURN"),
            ("MATCH (n) WITH n.x RETURN 1", "AS"),
            ("MATCH (n) RETURN (n)-->()", "pattern"),
            ("CREATE (a)-->(b)", "type"),
            ("RETURN 1 IN [1] IN [true]", "expected"),
            ("RETURN 'open", "expected"),
            ("RETURN 1; RETURN 2", "expected"),
        ] {
            let error = check(text).expect_err(text).to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn hostile_texts_are_judged_or_refused_but_never_overflow() {
        let deep = |n: usize| format!("RETURN {}1{}", "(".repeat(n), ")".repeat(n));
        assert_eq!(check(&deep(MAX_DEPTH)), Ok(()));
        assert!(check(&deep(MAX_DEPTH + 1)).is_err_and(|e| e.is_limit()));
        let cases = "CASE WHEN ".repeat(MAX_DEPTH + 1);
        assert!(check(&format!("RETURN {cases}")).is_err_and(|e| e.is_limit()));
        assert_eq!(check(&format!("RETURN 1{}", "+1".repeat(10_000))), Ok(()));
        assert!(check(&format!("RETURN {}true", "NOT ".repeat(10_000))).is_ok());
        assert!(check(&" ".repeat(MAX_BYTES + 1)).is_err_and(|e| e.is_limit()));
    }
}
