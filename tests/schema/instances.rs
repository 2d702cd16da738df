//! Random instances, many of them valid: values that a schema's own words suggest, and then perhaps one change.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::{choices::Choices, generator::NAMES};

/// A value as a schema suggests it.
pub(crate) fn instance(choices: &mut Choices, root: &Value) -> Value {
    let mut value = suggested(choices, root, &[root], 5);
    if choices.percent(30) {
        change(choices, &mut value);
    }
    value
}

/// Everything that a schema says of the value in the same place, each alternative by chance.
fn hints<'a>(choices: &mut Choices, root: &'a Value, schemas: &[&'a Value]) -> Vec<&'a Value> {
    let mut found = Vec::new();
    let mut work = schemas.to_vec();
    while let Some(schema) = work.pop() {
        if found.len() > 12 {
            break;
        }
        found.push(schema);
        if let Some(target) =
            schema["$ref"].as_str().and_then(|at| root.pointer(at.strip_prefix('#')?))
        {
            work.push(target);
        }
        work.extend(schema["allOf"].as_array().into_iter().flatten());
        for keyword in ["anyOf", "oneOf"] {
            if let Some(parts) = schema[keyword].as_array().filter(|parts| !parts.is_empty()) {
                work.push(&parts[choices.below(parts.len())]);
            }
        }
        let branches: &[&str] = if choices.percent(50) { &["if", "then"] } else { &["else"] };
        work.extend(branches.iter().filter_map(|branch| schema.get(branch)));
        if choices.percent(50) {
            work.extend(schema["dependentSchemas"].as_object().into_iter().flat_map(Map::values));
        }
    }
    found
}

fn suggested(choices: &mut Choices, root: &Value, schemas: &[&Value], depth: usize) -> Value {
    let hints = hints(choices, root, schemas);
    let mut values: Vec<&Value> = Vec::new();
    for hint in &hints {
        values.extend(hint["enum"].as_array().into_iter().flatten());
        values.extend(hint.get("const"));
    }
    if !values.is_empty() && choices.percent(85) {
        return choices.pick(&values).clone();
    }
    let types: Vec<&str> = (hints.iter())
        .flat_map(|hint| match &hint["type"] {
            Value::String(name) => vec![name.as_str()],
            Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        })
        .collect();
    let implied = |keywords: &[&str]| {
        hints.iter().any(|hint| keywords.iter().any(|keyword| hint.get(keyword).is_some()))
    };
    let kind = if !types.is_empty() && choices.percent(90) {
        choices.pick(&types)
    } else if implied(&[
        "properties",
        "required",
        "patternProperties",
        "minProperties",
        "unevaluatedProperties",
    ]) && choices.percent(75)
    {
        "object"
    } else if implied(&[
        "items",
        "prefixItems",
        "contains",
        "minItems",
        "uniqueItems",
        "unevaluatedItems",
    ]) && choices.percent(75)
    {
        "array"
    } else {
        choices.pick(&["null", "boolean", "integer", "number", "string", "array", "object"])
    };
    match kind {
        "null" => Value::Null,
        "boolean" => choices.percent(50).into(),
        "integer" | "number" => number(choices, &hints, kind == "number"),
        "string" => text(choices, &hints).into(),
        _ if depth == 0 => {
            if kind == "array" {
                json!([])
            } else {
                json!({})
            }
        }
        "array" => array(choices, root, &hints, depth),
        _ => object(choices, root, &hints, depth),
    }
}

fn number(choices: &mut Choices, hints: &[&Value], fractions: bool) -> Value {
    let mut around: Vec<f64> = Vec::new();
    for hint in hints {
        let keywords = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
        around.extend(keywords.iter().filter_map(|keyword| hint[keyword].as_f64()));
    }
    let base = if around.is_empty() { 0.0 } else { choices.pick(&around) };
    let step = [0.0, 1.0, -1.0, 2.0, 3.0, 6.0, -4.0, 14.0][choices.below(8)];
    let half = if fractions && choices.percent(50) { 0.5 } else { 0.0 };
    let number = base + step + half;
    if number.fract() == 0.0 { json!(number as i64) } else { json!(number) }
}

fn text(choices: &mut Choices, hints: &[&Value]) -> String {
    if choices.percent(25) {
        return choices.pick(&NAMES).to_owned();
    }
    let least = hints.iter().filter_map(|hint| hint["minLength"].as_u64()).max().unwrap_or(0);
    let length = least as usize + choices.below(4);
    let chars = ['a', 'b', 'c', 'a', 'b', '1', 'é', ' ', '"', '\\', '/', '\n', '😀'];
    let kinds = if choices.percent(60) { 6 } else { chars.len() };
    (0..length).map(|_| chars[choices.below(kinds)]).collect()
}

fn array(choices: &mut Choices, root: &Value, hints: &[&Value], depth: usize) -> Value {
    let least =
        hints.iter().filter_map(|hint| hint["minItems"].as_u64()).max().unwrap_or(0) as usize;
    let prefix = |hint: &Value, keyword: &str| hint[keyword].as_array().map_or(0, Vec::len);
    let longest =
        hints.iter().map(|hint| prefix(hint, "prefixItems").max(prefix(hint, "items"))).max();
    let count = least + choices.below(longest.unwrap_or(0) + 3);
    let mut items = Vec::new();
    for at in 0..count.min(8) {
        let mut schemas: Vec<&Value> = Vec::new();
        for hint in hints {
            let tuple =
                hint.get("prefixItems").or_else(|| hint.get("items").filter(|i| i.is_array()));
            let rest = ["items", "additionalItems", "unevaluatedItems"];
            let item = tuple
                .and_then(|tuple| tuple.get(at))
                .or_else(|| rest.iter().find_map(|name| hint.get(name).filter(|i| i.is_object())));
            schemas.extend(item);
            if choices.percent(40) {
                schemas.extend(hint.get("contains"));
            }
        }
        items.push(suggested(choices, root, &schemas, depth - 1));
    }
    items.into()
}

fn object(choices: &mut Choices, root: &Value, hints: &[&Value], depth: usize) -> Value {
    let mut names: Vec<&str> = Vec::new();
    for hint in hints {
        names.extend(hint["required"].as_array().into_iter().flatten().filter_map(Value::as_str));
        for keyword in ["dependentRequired", "dependencies"] {
            for (name, more) in hint[keyword].as_object().into_iter().flatten() {
                if choices.percent(50) {
                    names.push(name);
                    names.extend(more.as_array().into_iter().flatten().filter_map(Value::as_str));
                }
            }
        }
        for name in hint["properties"].as_object().into_iter().flat_map(Map::keys) {
            if choices.percent(60) {
                names.push(name);
            }
        }
    }
    let more = [0, 0, 1, 1, 2, 3][choices.below(6)];
    names.extend(
        (0..more).map(|_| choices.pick(&["a", "b", "ab", "é", "q\"", "x y", "bb", "aa", ""])),
    );
    let mut members = Map::new();
    for name in names {
        let mut schemas: Vec<&Value> = Vec::new();
        for hint in hints {
            let own = hint["properties"].get(name);
            schemas.extend(own);
            if own.is_none() && choices.percent(70) {
                schemas.extend(
                    hint["patternProperties"].as_object().into_iter().flat_map(Map::values),
                );
                schemas.extend(hint.get("additionalProperties"));
                schemas.extend(hint.get("unevaluatedProperties"));
            }
        }
        if members.len() < 8 && !members.contains_key(name) {
            members.insert(name.to_owned(), suggested(choices, root, &schemas, depth - 1));
        }
    }
    members.into()
}

/// One change somewhere in a value.
fn change(choices: &mut Choices, value: &mut Value) {
    let replace = |choices: &mut Choices| suggested(choices, &Value::Null, &[], 1);
    match value {
        Value::Array(items) if !items.is_empty() => {
            let at = choices.below(items.len());
            match choices.below(5) {
                0 => drop(items.remove(at)),
                1 => items.push(items[at].clone()),
                2 => items.insert(at, replace(choices)),
                3 => items.reverse(),
                _ => change(choices, &mut items[at]),
            }
        }
        Value::Object(members) if !members.is_empty() => {
            let name = members.keys().nth(choices.below(members.len())).expect("a key").clone();
            match choices.below(4) {
                0 => drop(members.remove(&name)),
                1 => drop(members.insert(choices.pick(&NAMES).to_owned(), replace(choices))),
                _ => change(choices, &mut members[&name]),
            }
        }
        other => *other = replace(choices),
    }
}

/// Whether a text may have a number with an exponent; strings may look so, too.
pub(crate) fn may_have_exponents(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.windows(2).any(|two| two[0].is_ascii_digit() && matches!(two[1], b'e' | b'E'))
}

/// The value as a JSON text: members in any order, any white space, characters and numbers spelled in any way.
pub(crate) fn spelled(choices: &mut Choices, value: &Value, out: &mut String) {
    blank(choices, out);
    match value {
        Value::Number(number) => spell_number(choices, number, out),
        Value::String(text) => spell_text(choices, text, out),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                spelled(choices, item, out);
            }
            blank(choices, out);
            out.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            for at in (1..members.len()).rev() {
                members.swap(at, at - choices.below(at + 1));
            }
            out.push('{');
            for (at, (name, member)) in members.into_iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                blank(choices, out);
                spell_text(choices, name, out);
                blank(choices, out);
                out.push(':');
                spelled(choices, member, out);
            }
            blank(choices, out);
            out.push('}');
        }
        other => out.push_str(&other.to_string()),
    }
    blank(choices, out);
}

fn blank(choices: &mut Choices, out: &mut String) {
    if choices.percent(15) {
        out.push_str(choices.pick(&[" ", "\n", "\t", "\r\n", "   "]));
    }
}

fn spell_number(choices: &mut Choices, number: &serde_json::Number, out: &mut String) {
    let plain = number.to_string();
    let whole = !plain.contains(['.', 'e', 'E']);
    match choices.below(8) {
        1 if whole => out.extend([&*plain, ".0"]),
        2 if whole => out.extend([&*plain, "e0"]),
        3 if whole && plain != "0" => out.extend([&*plain, "0e-1"]),
        4 if whole => out.extend([&*plain, ".000E+00"]),
        5 if whole && plain.len() > 1 && plain.ends_with('0') => {
            out.extend([&plain[..plain.len() - 1], "E1"]);
        }
        6 if !whole => out.extend([&*plain, "0"]),
        7 if plain == "0" => out.push_str("-0"),
        _ => out.push_str(&plain),
    }
}

fn spell_text(choices: &mut Choices, text: &str, out: &mut String) {
    let escaping = choices.percent(30);
    out.push('"');
    for c in text.chars() {
        let must = matches!(c, '"' | '\\' | '\0'..='\x1f');
        if !(must || escaping && choices.percent(40)) {
            out.push(c);
            continue;
        }
        match (c, choices.percent(40)) {
            ('"', false) => out.push_str("\\\""),
            ('\\', false) => out.push_str("\\\\"),
            ('/', false) => out.push_str("\\/"),
            ('\n', false) => out.push_str("\\n"),
            (_, upper) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = if upper {
                        write!(out, "\\u{unit:04X}")
                    } else {
                        write!(out, "\\u{unit:04x}")
                    };
                }
            }
        }
    }
    out.push('"');
}
