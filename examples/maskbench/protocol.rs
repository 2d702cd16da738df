//! MaskBench's protocol for one schema and one engine: compile; then each instance token by token (mask, test, advance),
//! up to the first refusal.

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind},
};

use serde::Serialize;

use crate::{
    corpus::{Schema, Test},
    engines::{Compiled, Engine, Refusal, Sequence, allows, kind_of},
    measure::Mark,
};

/// A compilation or a mask that takes longer is a timeout.
const STEP_LIMIT: f32 = 2e6;
/// So is a schema whose instances take longer together.
const SCHEMA_LIMIT: f64 = 60e6;

/// What became of a schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// Every valid instance was accepted, every invalid one refused.
    #[default]
    Passing,
    /// The engine refused the schema.
    CompileError,
    /// A valid instance was refused, or the engine failed on an instance.
    ValidationError,
    /// An invalid instance was accepted.
    InvalidationError,
    /// The engine panicked.
    Crash,
    /// Something took too long.
    Timeout,
}

/// What became of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    /// Every token was allowed and the text may end.
    Accepted,
    /// Every token was allowed, but the text may not end.
    Unfinished,
    /// The token with this index was not allowed.
    Refused(usize),
    /// At this token the engine failed.
    Failed(usize, String),
    /// At this token too much time was used.
    TimedOut(usize),
}

/// An instance that was judged wrongly.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Failure {
    pub test: usize,
    pub valid: bool,
    /// Tokens that were allowed.
    pub tokens: usize,
    /// The end of the text that was allowed, and behind `⟂` the token that was not.
    pub near: String,
    /// A validator's message on an invalid instance; the engine's where it failed.
    pub why: String,
}

/// Everything one engine did with one schema.
#[derive(Clone, Debug, Default)]
pub(crate) struct Run {
    pub outcome: Outcome,
    /// The outcome as MaskBench counts it, where an instance is accepted although it may not end.
    pub loose: Outcome,
    /// Why it was refused, where it crashed.
    pub refusal: Option<Refusal>,
    /// What a lenient engine left out.
    pub warnings: Vec<Refusal>,
    /// The first few instances judged wrongly.
    pub failures: Vec<Failure>,
    /// Microseconds; compilation and first mask are there if the schema compiled.
    pub compile: f32,
    pub ttfm: Option<f32>,
    pub tbm: Vec<f32>,
    /// Masks before each instance.
    pub starts: Vec<usize>,
    /// Instances: valid, of those refused; invalid, of those accepted.
    pub valid: [usize; 2],
    pub invalid: [usize; 2],
}

thread_local! {
    static LAST_PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// From here on a panic is not printed but kept for the records.
pub(crate) fn keep_panics() {
    std::panic::set_hook(Box::new(|info| {
        LAST_PANIC.with(|last| *last.borrow_mut() = info.to_string());
    }));
}

/// Runs the protocol. `text` gives a token's bytes, for messages.
pub(crate) fn run(
    engine: &mut dyn Engine,
    schema: &Schema,
    row: &mut [u32],
    text: &dyn Fn(u32) -> Vec<u8>,
) -> Run {
    let mut run = Run::default();
    let caught = catch_unwind(AssertUnwindSafe(|| steps(engine, schema, row, text, &mut run)));
    if caught.is_err() {
        let message = LAST_PANIC.with(RefCell::take).replace('\n', " ");
        run.refusal = Some(Refusal { message, ..Refusal::default() });
        (run.outcome, run.loose) = (Outcome::Crash, Outcome::Crash);
    }
    run
}

fn steps(
    engine: &mut dyn Engine,
    schema: &Schema,
    row: &mut [u32],
    text: &dyn Fn(u32) -> Vec<u8>,
    run: &mut Run,
) {
    let began = Mark::now();
    let compiled = engine.compile(&schema.text);
    let started = compiled.as_ref().ok().map(|compiled| compiled.start());
    run.compile = began.microseconds();
    if run.compile > STEP_LIMIT {
        (run.outcome, run.loose) = (Outcome::Timeout, Outcome::Timeout);
        return;
    }
    let compiled: Box<dyn Compiled> = match compiled {
        Ok(compiled) => compiled,
        Err(refusal) => {
            run.refusal = Some(refusal);
            (run.outcome, run.loose) = (Outcome::CompileError, Outcome::CompileError);
            return;
        }
    };
    run.warnings = compiled.warnings();
    let mut first = started;
    if schema.tests.is_empty() {
        let mut sequence = first.take().unwrap_or_else(|| compiled.start());
        if let Err(message) = first_mask(&mut *sequence, row, run) {
            run.failures.push(Failure {
                test: 0,
                valid: true,
                tokens: 0,
                near: String::new(),
                why: message,
            });
            (run.outcome, run.loose) = (Outcome::ValidationError, Outcome::ValidationError);
        }
    }
    let mut worst = [Outcome::Passing; 2];
    for (i, test) in schema.tests.iter().enumerate() {
        let mut sequence = first.take().unwrap_or_else(|| compiled.start());
        run.starts.push(run.tbm.len());
        let verdict = walk(&mut *sequence, test, row, run);
        let timed_out = matches!(verdict, Verdict::TimedOut(_));
        let judged = judge(&verdict, test.valid);
        for (worst, now) in worst.iter_mut().zip(judged) {
            *worst = worse(*worst, now);
        }
        let counts = if test.valid { &mut run.valid } else { &mut run.invalid };
        counts[0] += 1;
        counts[1] += usize::from(test.valid != (verdict == Verdict::Accepted));
        if judged[0] != Outcome::Passing {
            record(run, i, test, &verdict, text);
        }
        if timed_out || run.tbm.iter().map(|&t| f64::from(t)).sum::<f64>() > SCHEMA_LIMIT {
            worst = [Outcome::Timeout; 2];
            break;
        }
    }
    if !schema.tests.is_empty() {
        [run.outcome, run.loose] = worst;
    }
}

/// The first mask of a schema, and what it took. It is the end of the time to the first mask.
fn first_mask(sequence: &mut dyn Sequence, row: &mut [u32], run: &mut Run) -> Result<f32, String> {
    let began = Mark::now();
    let filled = sequence.fill(row);
    let took = began.microseconds();
    run.ttfm = Some(run.compile + took);
    filled.map(|()| took)
}

fn walk(sequence: &mut dyn Sequence, test: &Test, row: &mut [u32], run: &mut Run) -> Verdict {
    for (i, &token) in test.tokens.iter().enumerate() {
        // The first mask of all ends the time to the first mask and is a mask like others, too.
        let (mut filled, mut earlier) = (None, 0.0);
        if run.ttfm.is_none() {
            match first_mask(sequence, row, run) {
                Ok(took) => earlier = took,
                Err(message) => return Verdict::Failed(i, message),
            }
            filled = Some(Ok(()));
        }
        let began = Mark::now();
        let filled = filled.unwrap_or_else(|| sequence.fill(row));
        let allowed = filled.is_ok() && allows(row, token);
        let accepted = if allowed { sequence.accept(token) } else { Ok(()) };
        let took = began.microseconds() + earlier;
        run.tbm.push(took);
        if let Err(message) = filled.and(accepted) {
            return Verdict::Failed(i, message);
        }
        if took > STEP_LIMIT {
            return Verdict::TimedOut(i);
        }
        if !allowed {
            return Verdict::Refused(i);
        }
    }
    if sequence.may_end() { Verdict::Accepted } else { Verdict::Unfinished }
}

/// What the instance makes of its schema: with "may end" counted, and as MaskBench counts.
fn judge(verdict: &Verdict, valid: bool) -> [Outcome; 2] {
    match (verdict, valid) {
        (Verdict::TimedOut(_), _) => [Outcome::Timeout; 2],
        (Verdict::Failed(..), _) | (Verdict::Refused(_), true) => [Outcome::ValidationError; 2],
        (Verdict::Accepted, false) => [Outcome::InvalidationError; 2],
        (Verdict::Unfinished, true) => [Outcome::ValidationError, Outcome::Passing],
        (Verdict::Unfinished, false) => [Outcome::Passing, Outcome::InvalidationError],
        (Verdict::Accepted, true) | (Verdict::Refused(_), false) => [Outcome::Passing; 2],
    }
}

/// The outcome that counts: a refusal of a valid instance before an acceptance of an invalid one.
fn worse(one: Outcome, other: Outcome) -> Outcome {
    let weight = |outcome| match outcome {
        Outcome::Passing => 0,
        Outcome::InvalidationError => 1,
        Outcome::ValidationError => 2,
        Outcome::CompileError => 3,
        Outcome::Timeout => 4,
        Outcome::Crash => 5,
    };
    if weight(other) > weight(one) { other } else { one }
}

/// The text of some tokens before one, and behind `⟂` that one.
pub(crate) fn near(test: &Test, at: usize, text: &dyn Fn(u32) -> Vec<u8>) -> String {
    const TOKENS_BEFORE: usize = 24;
    let bytes = |tokens: &[u32]| {
        let bytes: Vec<u8> = tokens.iter().flat_map(|&token| text(token)).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let before = bytes(&test.tokens[at.saturating_sub(TOKENS_BEFORE)..at]);
    let token = bytes(&test.tokens[at..test.tokens.len().min(at + 1)]);
    format!("{before}⟂{token}")
}

fn record(run: &mut Run, i: usize, test: &Test, verdict: &Verdict, text: &dyn Fn(u32) -> Vec<u8>) {
    const FIRST: usize = 3;
    if run.failures.len() >= FIRST {
        return;
    }
    let (at, why) = match verdict {
        Verdict::Accepted => (test.tokens.len(), test.why.clone()),
        Verdict::Unfinished => (test.tokens.len(), "may not end".to_owned()),
        Verdict::Refused(at) => (*at, String::new()),
        Verdict::Failed(at, message) => (*at, kind_of(message)),
        Verdict::TimedOut(at) => (*at, "too slow".to_owned()),
    };
    let near = near(test, at, text);
    run.failures.push(Failure { test: i, valid: test.valid, tokens: at, near, why });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Allows `a` (0) twice at most; may end after the first; fails on `b` (1) and panics on `c` (2) if these were allowed.
    struct Toy {
        mask: u32,
        at: usize,
    }

    impl Sequence for Toy {
        fn fill(&mut self, row: &mut [u32]) -> Result<(), String> {
            row[0] = if self.at < 2 { self.mask } else { 0 };
            Ok(())
        }

        fn accept(&mut self, token: u32) -> Result<(), String> {
            self.at += 1;
            match token {
                0 => Ok(()),
                1 => Err("no".to_owned()),
                _ => panic!("a crash"),
            }
        }

        fn may_end(&mut self) -> bool {
            self.at == 1
        }
    }

    /// The schema is the mask.
    struct ToyEngine;

    impl Engine for ToyEngine {
        fn name(&self) -> &'static str {
            "toy"
        }

        fn compile(&mut self, schema: &str) -> Result<Box<dyn Compiled>, Refusal> {
            let mask: Result<u32, _> = schema.parse();
            let mask = mask.map_err(|_| Refusal::default())?;
            Ok(Box::new(ToySchema(mask)))
        }
    }

    struct ToySchema(u32);

    impl Compiled for ToySchema {
        fn start(&self) -> Box<dyn Sequence> {
            Box::new(Toy { mask: self.0, at: 0 })
        }
    }

    fn outcome(schema: &str, tests: &[(bool, &[u32])]) -> (Outcome, Outcome, usize) {
        let tests = tests.iter().map(|(valid, tokens)| Test {
            valid: *valid,
            tokens: tokens.to_vec(),
            why: String::new(),
        });
        let schema =
            Schema { name: String::new(), text: schema.to_owned(), tests: tests.collect() };
        let run = run(&mut ToyEngine, &schema, &mut [0], &|_| b"x".to_vec());
        (run.outcome, run.loose, run.tbm.len())
    }

    #[test]
    fn outcomes() {
        use Outcome::{CompileError, Crash, InvalidationError, Passing, ValidationError};
        assert_eq!(outcome("?", &[]), (CompileError, CompileError, 0));
        assert_eq!(outcome("1", &[]), (Passing, Passing, 0));
        assert_eq!(outcome("1", &[(true, &[0]), (false, &[1, 0])]), (Passing, Passing, 2));
        assert_eq!(outcome("1", &[(true, &[1])]), (ValidationError, ValidationError, 1));
        assert_eq!(outcome("1", &[(false, &[0])]), (InvalidationError, InvalidationError, 1));
        assert_eq!(outcome("1", &[(true, &[0, 0])]), (ValidationError, Passing, 2));
        assert_eq!(outcome("1", &[(false, &[0, 0])]), (Passing, InvalidationError, 2));
        assert_eq!(outcome("1", &[(false, &[0, 0, 0])]), (Passing, Passing, 3));
        // A valid instance refused counts before an invalid one accepted, in either order.
        let refused: (bool, &[u32]) = (true, &[1]);
        let accepted: (bool, &[u32]) = (false, &[0]);
        assert_eq!(outcome("1", &[refused, accepted]).0, ValidationError);
        assert_eq!(outcome("1", &[accepted, refused]).0, ValidationError);
        // A failure of the engine is one, even on an invalid instance.
        assert_eq!(outcome("3", &[(false, &[1])]).0, ValidationError);
        std::panic::set_hook(Box::new(|_| ()));
        assert_eq!(outcome("7", &[(false, &[2])]).0, Crash);
    }
}
