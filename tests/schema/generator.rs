//! Random schemas: every assertion of the drafts, over few names, texts and numbers, so that they meet.

use serde_json::{Map, Value, json};

use super::choices::Choices;

/// Names of members.
pub(crate) const NAMES: [&str; 6] = ["a", "b", "ab", "é", "q\"", "x y"];

/// Regular expressions that both sides read alike.
const PATTERNS: [&str; 16] = [
    "a",
    "^a",
    "b$",
    "^(a|b)$",
    "",
    "[^a]",
    "^.{2}$",
    "é",
    "^[a-c]{1,3}$",
    "^(ab)*$",
    "^\\d+$",
    "a{2,3}",
    "\\s",
    "^$",
    "^(?:a|ab)(?:c|bcd)?$",
    "[\"\\\\]",
];

const TYPES: [&str; 7] = ["string", "integer", "object", "array", "number", "null", "boolean"];

/// Uris of the drafts.
const DRAFTS: [&str; 5] = [
    "https://json-schema.org/draft/2020-12/schema",
    "http://json-schema.org/draft-07/schema#",
    "https://json-schema.org/draft/2019-09/schema",
    "http://json-schema.org/draft-06/schema#",
    "http://json-schema.org/draft-04/schema#",
];

struct Generator<'a> {
    choices: &'a mut Choices,
    /// 4, 6, 7, 2019 or 2020.
    draft: u16,
    definitions: usize,
}

/// A random schema with its `$schema`.
pub(crate) fn schema(choices: &mut Choices) -> Value {
    let which = if choices.percent(50) { choices.below(5) } else { 0 };
    let definitions = if choices.percent(30) { 1 + choices.below(2) } else { 0 };
    let mut generator = Generator { choices, draft: [2020, 7, 2019, 6, 4][which], definitions };
    let mut root = generator.object_schema(3);
    for i in 0..definitions {
        let key = generator.definitions();
        let definition = generator.schema(2);
        root.entry(key).or_insert_with(|| json!({}))[format!("d{i}")] = definition;
    }
    root.insert("$schema".into(), DRAFTS[which].into());
    Value::Object(root)
}

impl Generator<'_> {
    fn definitions(&self) -> &'static str {
        if self.draft >= 2019 { "$defs" } else { "definitions" }
    }

    fn schema(&mut self, depth: usize) -> Value {
        if self.draft > 4 && self.choices.percent(8) {
            return self.choices.percent(50).into();
        }
        Value::Object(self.object_schema(depth))
    }

    fn object_schema(&mut self, depth: usize) -> Map<String, Value> {
        let mut map = Map::new();
        if self.choices.percent(60) {
            map.insert("type".into(), self.types());
        }
        let keywords = [0, 1, 1, 2, 2, 3, 4][self.choices.below(7)];
        for _ in 0..keywords {
            if !self.choices.is_over() {
                self.keyword(&mut map, depth);
            }
        }
        map
    }

    fn types(&mut self) -> Value {
        if self.choices.percent(80) {
            return self.choices.pick(&TYPES).into();
        }
        let (first, second) = (self.choices.pick(&TYPES), self.choices.pick(&TYPES));
        if first == second { json!([first]) } else { json!([first, second]) }
    }

    fn number(&mut self) -> Value {
        match self.choices.below(8) {
            0 => json!(self.choices.below(10) as f64 / 2.0 - 1.0),
            1 => json!(-(self.choices.below(4) as i64)),
            2 => json!([10, 100, 12, 99, 1000][self.choices.below(5)]),
            _ => json!(self.choices.below(6)),
        }
    }

    fn scalar(&mut self) -> Value {
        match self.choices.below(7) {
            0 => self.number(),
            1 => Value::Null,
            2 => self.choices.percent(50).into(),
            3 => json!(""),
            4 => self.choices.pick(&["abc", "aab", "é😀", "\\", "a\nb", "12"]).into(),
            _ => self.choices.pick(&NAMES).into(),
        }
    }

    fn value(&mut self) -> Value {
        match self.choices.below(8) {
            0 => (0..self.choices.below(3)).map(|_| self.scalar()).collect(),
            1 => {
                let count = self.choices.below(3);
                let members = (0..count).map(|_| (self.choices.pick(&NAMES).into(), self.scalar()));
                Value::Object(members.collect())
            }
            _ => self.scalar(),
        }
    }

    fn some(&mut self, depth: usize) -> Value {
        (0..=self.choices.below(3)).map(|_| self.schema(depth)).collect()
    }

    fn named(&mut self, depth: usize, names: &[&str]) -> Value {
        let count = 1 + self.choices.below(3);
        let members = (0..count).map(|_| (self.choices.pick(names).to_owned(), self.schema(depth)));
        Value::Object(members.collect())
    }

    fn names(&mut self) -> Value {
        let mut names: Vec<&str> =
            (0..=self.choices.below(2)).map(|_| self.choices.pick(&NAMES)).collect();
        names.sort_unstable();
        names.dedup();
        json!(names)
    }

    fn keyword(&mut self, map: &mut Map<String, Value>, depth: usize) {
        let mut add = |name: &str, value: Value| {
            map.insert(name.into(), value);
        };
        let small = |choices: &mut Choices| Value::from(choices.below(4));
        let below = depth.saturating_sub(1);
        // Without depth, only what has no schema inside.
        match self.choices.below(if depth == 0 { 10 } else { 32 }) {
            0 => {
                let mut values: Vec<Value> = Vec::new();
                for _ in 0..=self.choices.below(4) {
                    let value = self.value();
                    if !values.contains(&value) {
                        values.push(value);
                    }
                }
                add("enum", values.into());
            }
            1 if self.draft > 4 => add("const", self.value()),
            1 | 2 => {
                let (name, exclusive) = self
                    .choices
                    .pick(&[("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")]);
                let number = self.number();
                match (self.draft > 4, self.choices.percent(40)) {
                    (true, true) => add(exclusive, number),
                    (false, true) => {
                        add(name, number);
                        add(exclusive, true.into());
                    }
                    _ => add(name, number),
                }
            }
            3 => add(
                "multipleOf",
                self.choices.pick(&[json!(2), json!(3), json!(0.5), json!(1.5), json!(7)]),
            ),
            4 => add(self.choices.pick(&["minLength", "maxLength"]), small(self.choices)),
            5 => add("pattern", self.choices.pick(&PATTERNS).into()),
            6 => add(self.choices.pick(&["minItems", "maxItems"]), small(self.choices)),
            7 => add(self.choices.pick(&["minProperties", "maxProperties"]), small(self.choices)),
            8 => add("required", self.names()),
            9 => add("uniqueItems", self.choices.percent(80).into()),
            10..=12 => add("properties", self.named(below, &NAMES)),
            13 => add("additionalProperties", self.either(below)),
            14 => add("patternProperties", self.named(below, &PATTERNS[..10])),
            15 if self.draft > 4 => add("propertyNames", self.schema(0)),
            15 | 16 => add("items", self.schema(below)),
            17 if self.draft == 2020 => add("prefixItems", self.some(below)),
            17 => {
                add("items", self.some(below));
                if self.choices.percent(60) {
                    add("additionalItems", self.either(below));
                }
            }
            18 | 19 if self.draft > 4 => {
                add("contains", self.schema(below));
                if self.draft >= 2019 && self.choices.percent(40) {
                    add(self.choices.pick(&["minContains", "maxContains"]), small(self.choices));
                }
            }
            20 if self.draft >= 2019 => {
                let name = self.choices.pick(&NAMES);
                add("dependentRequired", json!({ name: self.names() }));
            }
            20 => {
                let name = self.choices.pick(&NAMES);
                let value =
                    if self.choices.percent(50) { self.schema(below) } else { self.names() };
                add("dependencies", json!({ name: value }));
            }
            21 if self.draft >= 2019 => add("dependentSchemas", self.named(below, &NAMES)),
            22 if self.draft >= 2019 => add("unevaluatedProperties", self.either(below)),
            // In 2019-09 the judge takes items as evaluated by `contains`, which that draft does not say (2020-12 does).
            23 if self.draft == 2020 => add("unevaluatedItems", self.either(below)),
            24 => add("not", self.schema(below)),
            25 | 26 => add("anyOf", self.some(below)),
            27 => add("oneOf", self.some(below)),
            28 => add("allOf", self.some(below)),
            29 if self.draft >= 7 => {
                add("if", self.schema(below));
                add("then", self.schema(below));
                if self.choices.percent(50) {
                    add("else", self.schema(below));
                }
            }
            30 | 31 if self.definitions > 0 => {
                let which = self.choices.below(self.definitions);
                let target = format!("#/{}/d{which}", self.definitions());
                let target = if self.choices.percent(15) { "#".into() } else { target };
                add("$ref", target.into());
            }
            _ => add("enum", (0..3).map(Value::from).collect()),
        }
    }

    /// False more often than not.
    fn either(&mut self, depth: usize) -> Value {
        if self.choices.percent(60) { false.into() } else { self.schema(depth) }
    }
}
