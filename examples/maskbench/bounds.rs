//! What do large bounds, long enumerations, many members and deep nesting cost?

use std::fmt::Write as _;

use constrained_gen::{TokenId, Vocabulary};
use serde_json::{Map, Value, json};
use tokenizers::Tokenizer;

use crate::{
    corpus::{Schema, Test},
    engines::Engine,
    figures::Figures,
    protocol::{self, Outcome, Run},
};

/// Nothing may take longer, in microseconds.
const LIMIT: f64 = 100_000.0;
/// A median so many times one of a smaller bound has grown.
const GROWTH: f64 = 3.0;
/// Microseconds: a median below is not worth comparing.
const NOISE: f64 = 2.0;

/// A schema and a valid instance.
struct Case {
    /// Cases that differ in the bound only.
    family: &'static str,
    bound: usize,
    schema: String,
    instance: String,
}

/// Prints a table per engine, and whether anything is above the limit.
pub(crate) fn print(
    engines: &mut [Box<dyn Engine>],
    vocabulary: &Vocabulary,
    tokenizer: &Tokenizer,
) -> anyhow::Result<()> {
    let mut row = vec![0u32; vocabulary.words()];
    let text = |token: u32| vocabulary.bytes(TokenId(token)).to_vec();
    let cases = cases();
    for engine in engines {
        println!("{}, microseconds", engine.name());
        println!(
            "{:<42} {:>7} {:>9} {:>9} {:>7} {:>8} {:>8} {:>9}  outcome",
            "case", "bound", "compile", "to first", "masks", "median", "p99", "max"
        );
        let mut largest = (0.0, String::new());
        let mut medians: Vec<(&str, f64)> = Vec::new();
        for case in &cases {
            let tokens = tokenizer.encode(case.instance.as_str(), false);
            let tokens = tokens.map_err(anyhow::Error::msg)?.get_ids().to_vec();
            let schema = Schema {
                name: case.family.to_owned(),
                text: case.schema.clone(),
                tests: vec![Test { valid: true, tokens, why: String::new() }],
            };
            let run = protocol::run(&mut **engine, &schema, &mut row, &text);
            let masks = Figures::of(run.tbm.clone());
            let first = run.ttfm.map_or(0.0, f64::from);
            println!(
                "{:<42} {:>7} {:>9.0} {:>9.0} {:>7} {:>8.2} {:>8.1} {:>9.1}  {}",
                case.family,
                case.bound,
                run.compile,
                first,
                run.tbm.len(),
                masks.p50,
                masks.p99,
                masks.max,
                outcome(&run)
            );
            let most = first.max(masks.max).max(f64::from(run.compile));
            if most > largest.0 {
                largest = (most, format!("{} {}", case.family, case.bound));
            }
            if run.outcome == Outcome::Passing {
                medians.push((case.family, masks.p50));
            }
        }
        let verdict = if largest.0 <= LIMIT { "none above" } else { "ABOVE" };
        println!("{verdict} 100 ms: the largest is {:.1} ms ({})", largest.0 / 1e3, largest.1);
        let grown = grown(&medians);
        let verdict = if grown.is_empty() { "yes".to_owned() } else { format!("no: {grown}") };
        println!("medians flat in the bound: {verdict}\n");
    }
    Ok(())
}

/// The families whose medians grow with the bound. (That they fall is usual: a short instance meets nothing but first times.)
fn grown(medians: &[(&str, f64)]) -> String {
    let mut found = String::new();
    let mut rest = medians;
    while let Some(&(family, _)) = rest.first() {
        let count = rest.iter().take_while(|(name, _)| *name == family).count();
        let (these, others) = rest.split_at(count);
        let mut least = f64::MAX;
        for &(_, median) in these {
            if median > NOISE && median > GROWTH * least {
                let _ = write!(found, "{family} from {least} to {median}; ");
            }
            least = least.min(median);
        }
        rest = others;
    }
    found
}

fn outcome(run: &Run) -> String {
    match (&run.outcome, &run.refusal, run.failures.first()) {
        (Outcome::Passing, ..) => "passing".to_owned(),
        (outcome, Some(refusal), _) => format!("{outcome:?}: {}", refusal.kind()),
        (outcome, None, Some(failure)) => {
            let near: Vec<char> = failure.near.chars().collect();
            let near: String = near[near.len().saturating_sub(24)..].iter().collect();
            format!("{outcome:?} at token {}: {near} {}", failure.tokens, failure.why)
        }
        (outcome, None, None) => format!("{outcome:?}"),
    }
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |family, bound, schema: Value, instance: Value| {
        let (schema, instance) = (schema.to_string(), spaced(&instance));
        cases.push(Case { family, bound, schema, instance });
    };
    for bound in [10, 100, 1_000, 10_000, 100_000] {
        let schema = json!({ "type": "string", "maxLength": bound });
        add("string, maxLength", bound, schema, prose(bound).into());
    }
    for bound in [10, 100, 1_000, 10_000, 100_000] {
        let text = json!({ "type": "string", "minLength": bound, "maxLength": bound });
        let schema =
            json!({ "type": "object", "properties": { "text": text }, "required": ["text"] });
        add("member, minLength = maxLength", bound, schema, json!({ "text": prose(bound) }));
    }
    for bound in [10, 100, 1_000, 10_000, 100_000] {
        let schema = json!({ "type": "array", "items": { "type": "integer" }, "maxItems": bound });
        add("array of integers, maxItems", bound, schema, integers(bound));
    }
    for bound in [10, 100, 1_000, 10_000, 100_000] {
        let items = json!({ "type": "integer" });
        let schema =
            json!({ "type": "array", "items": items, "minItems": bound, "maxItems": bound });
        add("array of integers, minItems = maxItems", bound, schema, integers(bound));
    }
    for bound in [10, 100, 1_000] {
        let items = json!({ "type": "string", "maxLength": bound });
        let schema = json!({ "type": "array", "items": items, "maxItems": bound });
        let instance: Vec<Value> = (0..bound).map(|_| prose(bound.min(40)).into()).collect();
        add("array of strings, maxItems = maxLength", bound, schema, instance.into());
    }
    for bound in [100, 1_000, 10_000] {
        let (schema, instance) = enumeration(bound, true);
        add("enum used eight times, by $ref", bound, schema, instance);
    }
    for bound in [100, 1_000, 10_000] {
        let (schema, instance) = enumeration(bound, false);
        add("enum used eight times, written out", bound, schema, instance);
    }
    for bound in [10, 100, 1_000] {
        let (schema, instance) = members(bound, false);
        add("properties, half of them required", bound, schema, instance);
    }
    for bound in [10, 100, 1_000] {
        let (schema, instance) = members(bound, true);
        add("properties, in the opposite order", bound, schema, instance);
    }
    for bound in [8, 16, 32, 64] {
        let (mut schema, mut instance) = (json!({ "type": "integer" }), json!(1));
        for _ in 0..bound {
            schema = json!({
                "type": "object",
                "properties": { "name": { "type": "string" }, "next": schema },
                "required": ["next"],
                "additionalProperties": false
            });
            instance = json!({ "name": "level", "next": instance });
        }
        add("levels of objects", bound, schema, instance);
    }
    for bound in [8, 16, 32, 64] {
        let (mut schema, mut instance) = (json!({ "type": "integer" }), json!(1));
        for _ in 0..bound {
            schema = json!({ "type": "array", "items": schema, "maxItems": 3 });
            instance = json!([instance]);
        }
        add("levels of arrays", bound, schema, instance);
    }
    for bound in [8, 64, 512] {
        let schema = json!({
            "$defs": { "node": {
                "type": "object",
                "properties": {
                    "value": { "type": "integer" },
                    "children": { "type": "array", "items": { "$ref": "#/$defs/node" } }
                },
                "required": ["value"],
                "additionalProperties": false
            } },
            "$ref": "#/$defs/node"
        });
        let mut instance = json!({ "value": 0 });
        for value in 1..bound {
            instance = json!({ "value": value, "children": [instance, { "value": 7 }] });
        }
        add("recursive $ref, levels of the instance", bound, schema, instance);
    }
    cases
}

/// One line with `", "` and `": "`, as in MaskBench. A work-list: the instances are nested deeply.
fn spaced(value: &Value) -> String {
    enum Work<'a> {
        Value(&'a Value),
        Text(String),
    }
    let mut out = String::new();
    let mut work = vec![Work::Value(value)];
    while let Some(next) = work.pop() {
        let from = work.len();
        match next {
            Work::Text(text) => out.push_str(&text),
            Work::Value(Value::Array(items)) => {
                work.push(Work::Text("[".to_owned()));
                for (i, item) in items.iter().enumerate() {
                    work.push(Work::Text(if i > 0 { ", " } else { "" }.to_owned()));
                    work.push(Work::Value(item));
                }
                work.push(Work::Text("]".to_owned()));
            }
            Work::Value(Value::Object(members)) => {
                work.push(Work::Text("{".to_owned()));
                for (i, (key, member)) in members.iter().enumerate() {
                    let comma = if i > 0 { ", " } else { "" };
                    work.push(Work::Text(format!("{comma}{}: ", Value::from(key.as_str()))));
                    work.push(Work::Value(member));
                }
                work.push(Work::Text("}".to_owned()));
            }
            Work::Value(scalar) => out.push_str(&scalar.to_string()),
        }
        work[from..].reverse();
    }
    out
}

/// A text of so many characters.
fn prose(length: usize) -> String {
    const WORDS: &str =
        "The mask of a long text costs what that of a short one does; n\u{e4}mlich wenig. ";
    WORDS.chars().cycle().take(length).collect()
}

fn integers(count: usize) -> Value {
    (0..count).map(|i| Value::from(i % 17)).collect()
}

/// Eight members with the same long enumeration.
fn enumeration(count: usize, by_reference: bool) -> (Value, Value) {
    let values: Vec<String> =
        (0..count).map(|i| format!("{}-{i:05}", ["red", "blue", "green"][i % 3])).collect();
    let choice = json!({ "enum": values });
    let (mut properties, mut instance) = (Map::new(), Map::new());
    for (i, name) in ["a", "b", "c", "d", "e", "f", "g", "h"].into_iter().enumerate() {
        let reference = json!({ "$ref": "#/$defs/choice" });
        properties.insert(name.into(), if by_reference { reference } else { choice.clone() });
        instance.insert(name.into(), values[(i * 997) % count].clone().into());
    }
    let required: Vec<&String> = properties.keys().collect();
    let mut schema = json!({ "type": "object", "required": required, "properties": properties });
    if by_reference {
        schema["$defs"] = json!({ "choice": choice });
    }
    (schema, instance.into())
}

/// So many members, every second one required.
fn members(count: usize, opposite: bool) -> (Value, Value) {
    let (mut properties, mut instance) = (Map::new(), Vec::new());
    for i in 0..count {
        let (schema, value) = match i % 3 {
            0 => (json!({ "type": "integer" }), json!(i)),
            1 => (json!({ "type": "string" }), json!("text")),
            _ => (json!({ "type": "boolean" }), json!(true)),
        };
        properties.insert(format!("member_{i}"), schema);
        instance.push((format!("member_{i}"), value));
    }
    if opposite {
        instance.reverse();
    }
    let required: Vec<&String> = properties.keys().step_by(2).collect();
    let schema = json!({
        "type": "object",
        "required": required,
        "properties": properties,
        "additionalProperties": false
    });
    (schema, instance.into_iter().collect::<Map<_, _>>().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_are_one_line_of_json() {
        let value = json!({ "a": [1, "x\"y", { }], "b": [], "c": { "d": null } });
        assert_eq!(spaced(&value), r#"{"a": [1, "x\"y", {}], "b": [], "c": {"d": null}}"#);
        for case in cases() {
            assert!(!case.instance.contains('\n'), "{}", case.family);
        }
    }

    #[test]
    fn a_median_grows_with_the_bound() {
        assert_eq!(grown(&[("a", 5.0), ("a", 6.0), ("b", 50.0)]), "");
        assert_eq!(grown(&[("a", 5.0), ("a", 60.0), ("b", 1.0)]), "a from 5 to 60; ");
        assert_eq!(grown(&[("a", 60.0), ("a", 5.0)]), "");
        assert_eq!(grown(&[("a", 0.1), ("a", 1.0)]), "");
    }
}
