//! Random schemas and random instances: accepted exactly where the `jsonschema` crate finds them valid.

use std::sync::atomic::{AtomicUsize, Ordering};

use constrained_gen::{
    CompiledSchema, Limits,
    schema::{Formats, SchemaErrorKind, SchemaOptions},
};
use proptest::{
    collection::vec,
    prelude::any,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};
use rayon::prelude::*;

use super::{choices::Choices, generator, instances, read, setting, validator};

/// Instances of one schema.
const INSTANCES: usize = 12;

/// Cases of one test runner.
const CHUNK: u64 = 250;

/// What was compared.
#[derive(Default, Debug)]
struct Figures {
    schemas: AtomicUsize,
    /// Refused: no instance at all, which is compared, too.
    unsatisfiable: AtomicUsize,
    /// Refused for other reasons.
    refused: AtomicUsize,
    /// Not read by the judge.
    unread: AtomicUsize,
    instances: AtomicUsize,
    valid: AtomicUsize,
    /// Valid ones that are refused because they spell a number with an exponent: not all of those are taken.
    exponents: AtomicUsize,
}

fn count(counter: &AtomicUsize) {
    counter.fetch_add(1, Ordering::Relaxed);
}

fn case(figures: &Figures, schema: &[u16], tapes: &[Vec<u16>]) -> Result<(), String> {
    let schema = generator::schema(&mut Choices::new(schema));
    let Some(judge) = validator(&schema) else {
        count(&figures.unread);
        return Ok(());
    };
    count(&figures.schemas);
    let mut options = SchemaOptions::default();
    options.formats = Formats::Annotate;
    let text = schema.to_string();
    let compiled = match CompiledSchema::new(&text, &options, &Limits::default()) {
        Ok(compiled) => Some(compiled),
        Err(error) if *error.kind() == SchemaErrorKind::Unsatisfiable => {
            count(&figures.unsatisfiable);
            None
        }
        Err(error) if *error.kind() == SchemaErrorKind::NotASchema => {
            return Err(format!("{text}\n  is no schema? {error}"));
        }
        Err(error) => {
            count(&figures.refused);
            if std::env::var_os("SCHEMA_SHOW").is_some() {
                println!("refused: {error}: {text}");
            }
            return Ok(());
        }
    };
    for tape in tapes {
        let mut choices = Choices::new(tape);
        let value = instances::instance(&mut choices, &schema);
        let mut spelled = String::new();
        instances::spelled(&mut choices, &value, &mut spelled);
        let read = read(&spelled).expect("JSON was written");
        let valid = judge.is_valid(&read);
        count(&figures.instances);
        if valid {
            count(&figures.valid);
        }
        let Some(compiled) = &compiled else {
            if valid {
                return Err(format!("{text}\n  has an instance: {spelled}"));
            }
            continue;
        };
        let reader = compiled.recognizer();
        let verdict = reader.clone().check(spelled.as_bytes());
        if let Some(error) = reader.failure() {
            return Err(format!("{text}\n  fails late, at {spelled}: {error}"));
        }
        match verdict {
            Ok(()) if !valid => return Err(format!("{text}\n  accepts {spelled}")),
            Err(_) if valid && instances::may_have_exponents(&spelled) => {
                count(&figures.exponents);
            }
            Err(refusal) if valid => {
                return Err(format!("{text}\n  refuses {spelled}: {refusal}"));
            }
            _ => {}
        }
    }
    Ok(())
}

#[test]
fn random_schemas_accept_what_a_validator_finds_valid() {
    let cases = setting("SCHEMA_CASES", 2_000);
    let seed = setting("SCHEMA_SEED", 1);
    let tape = setting("SCHEMA_TAPE", 150) as usize;
    let figures = Figures::default();
    let run = |chunk: u64| {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes[8..16].copy_from_slice(&chunk.to_le_bytes());
        let config = Config {
            cases: CHUNK.min(cases - chunk * CHUNK) as u32,
            failure_persistence: None,
            max_shrink_iters: 4_000,
            ..Config::default()
        };
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let strategy =
            (vec(any::<u16>(), 0..tape), vec(vec(any::<u16>(), 0..100), 1..=2 * INSTANCES));
        TestRunner::new_with_rng(config, rng)
            .run(&strategy, |(schema, tapes)| {
                case(&figures, &schema, &tapes).map_err(TestCaseError::fail)
            })
            .err()
            .map(|error| match error {
                proptest::test_runner::TestError::Fail(reason, _) => reason.to_string(),
                other => other.to_string(),
            })
    };
    let failures: Vec<String> =
        (0..cases.div_ceil(CHUNK)).into_par_iter().filter_map(run).collect();
    println!("{figures:?}");
    assert!(failures.is_empty(), "{} disagreements:\n{}", failures.len(), failures.join("\n"));
}
