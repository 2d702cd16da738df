//! Random schemas with random instances, against another implementation. `PROPTEST_CASES` says how many.

use proptest::{prelude::*, sample::select, strategy::Union};
use serde_json::{Map, Value, json};

use super::compile;
use crate::schema::SchemaOptions;

fn names() -> impl Strategy<Value = String> {
    select(vec!["a", "b", "ab", "c"]).prop_map(String::from)
}

fn scalar() -> impl Strategy<Value = Value> {
    select(vec![
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(1),
        json!(1.0),
        json!(2),
        json!(-3),
        json!(0.5),
        json!(7.5),
        json!(10),
        json!(""),
        json!("a"),
        json!("b"),
        json!("ab"),
        json!("abc"),
        json!("é"),
    ])
}

fn instance() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            object(inner, 4),
        ]
    })
}

fn object(
    value: impl Strategy<Value = Value> + 'static,
    most: usize,
) -> impl Strategy<Value = Value> {
    prop::collection::vec((names(), value), 0..most)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

/// One keyword, or several that go together.
fn keywords(schema: BoxedStrategy<Value>) -> impl Strategy<Value = Vec<(String, Value)>> {
    let one = |name: &'static str, value: BoxedStrategy<Value>| {
        value.prop_map(move |value| vec![(name.to_owned(), value)]).boxed()
    };
    let count = || (0u64..4).prop_map(Value::from).boxed();
    let number = || select(vec![json!(0), json!(1), json!(1.5), json!(-3), json!(10)]).boxed();
    let schemas = || prop::collection::vec(schema.clone(), 1..4).prop_map(Value::Array).boxed();
    let listed = || {
        prop::collection::vec(names(), 0..3).prop_map(|mut names| {
            names.sort();
            names.dedup();
            json!(names)
        })
    };
    let types = || {
        select(vec!["null", "boolean", "integer", "number", "string", "array", "object"])
            .prop_map(|t| json!(t))
    };
    let regex = || select(vec!["^a", "b$", "^.{2}$", "[ac]", "^b*$"]);
    Union::new_weighted(vec![
        (4, one("type", types().boxed())),
        (
            1,
            one(
                "type",
                prop::collection::hash_set(
                    types().prop_map(|t| t.as_str().unwrap().to_owned()),
                    1..4,
                )
                .prop_map(|set| json!(set.into_iter().collect::<Vec<_>>()))
                .boxed(),
            ),
        ),
        (1, one("const", instance().boxed())),
        (1, one("enum", prop::collection::vec(instance(), 1..4).prop_map(Value::Array).boxed())),
        (1, one("minimum", number())),
        (1, one("maximum", number())),
        (1, one("exclusiveMinimum", number())),
        (1, one("exclusiveMaximum", number())),
        (1, one("multipleOf", select(vec![json!(1), json!(2), json!(0.5), json!(1.5)]).boxed())),
        (1, one("minLength", count())),
        (1, one("maxLength", count())),
        (1, one("pattern", regex().prop_map(|r| json!(r)).boxed())),
        (1, one("minItems", count())),
        (1, one("maxItems", count())),
        (1, one("uniqueItems", any::<bool>().prop_map(Value::from).boxed())),
        (2, one("items", schema.clone())),
        (2, one("prefixItems", schemas())),
        (1, one("contains", schema.clone())),
        (
            1,
            (schema.clone(), 0u64..3, 0u64..3)
                .prop_map(|(schema, min, max)| {
                    vec![
                        ("contains".to_owned(), schema),
                        ("minContains".to_owned(), json!(min)),
                        ("maxContains".to_owned(), json!(max)),
                    ]
                })
                .boxed(),
        ),
        (5, one("properties", object(schema.clone(), 4).boxed())),
        (3, one("required", listed().boxed())),
        (
            1,
            one(
                "patternProperties",
                prop::collection::vec((regex(), schema.clone()), 1..3)
                    .prop_map(|p| {
                        let members: Map<_, _> =
                            p.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
                        Value::Object(members)
                    })
                    .boxed(),
            ),
        ),
        (3, one("additionalProperties", schema.clone())),
        (1, one("propertyNames", schema.clone())),
        (1, one("minProperties", count())),
        (1, one("maxProperties", count())),
        (1, one("dependentSchemas", object(schema.clone(), 3).boxed())),
        (1, one("dependentRequired", object(listed(), 3).boxed())),
        (2, one("allOf", schemas())),
        (3, one("anyOf", schemas())),
        (3, one("oneOf", schemas())),
        (2, one("not", schema.clone())),
        (
            1,
            (schema.clone(), schema.clone(), schema.clone())
                .prop_map(|(a, b, c)| {
                    vec![("if".to_owned(), a), ("then".to_owned(), b), ("else".to_owned(), c)]
                })
                .boxed(),
        ),
        (1, one("unevaluatedProperties", schema.clone())),
        (1, one("unevaluatedItems", schema.clone())),
        (1, one("$ref", select(vec![json!("#/$defs/x"), json!("#/$defs/y")]).boxed())),
    ])
}

fn schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        3 => Just(json!({})),
        1 => any::<bool>().prop_map(Value::from),
        3 => select(vec!["null", "boolean", "integer", "number", "string", "array", "object"])
            .prop_map(|t| json!({"type": t})),
        2 => scalar().prop_map(|v| json!({"const": v})),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop::collection::vec(keywords(inner.boxed()), 1..4).prop_map(|groups| {
            let mut members = Map::new();
            for group in groups {
                if !members.contains_key(&group[0].0) {
                    members.extend(group);
                }
            }
            Value::Object(members)
        })
    })
}

/// A schema with two definitions that may be referred to.
fn document() -> impl Strategy<Value = Value> {
    (schema(), schema(), schema()).prop_map(|(mut root, x, y)| {
        if let Value::Object(members) = &mut root {
            members.insert("$defs".to_owned(), json!({"x": x, "y": y}));
        }
        root
    })
}

/// Whether references can lead from a schema to itself without a step into the value: the other side may not end then.
fn loops(schema: &Value) -> bool {
    let text = schema["$defs"].to_string();
    text.contains("$ref")
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn another_implementation_agrees(
        schema in document(),
        instances in prop::collection::vec(instance(), 8),
    ) {
        if loops(&schema) {
            return Ok(());
        }
        let Ok(other) = jsonschema::draft202012::new(&schema) else { return Ok(()) };
        let ours = match compile(&schema.to_string(), &SchemaOptions::default()) {
            Ok(schema) => Some(schema),
            Err(error) if error.is_unsatisfiable() => None,
            // Refused with a reason: nothing to compare.
            Err(error) => {
                prop_assert!(
                    error.is_unsupported() || error.is_limit(),
                    "{} {}", error, schema
                );
                return Ok(());
            }
        };
        for instance in instances {
            let judged = ours.as_ref().map_or(Ok(false), |s| s.judge(&instance.to_string()));
            prop_assert_eq!(judged, Ok(other.is_valid(&instance)), "{} {}", schema, instance);
        }
    }
}
