//! A bounded run of all targets, always the same: what was found before, then mutated seeds.
//!
//! ```text
//! smoke [TIMES [SEED [TARGET]]]     TIMES as many inputs as usual (default 1); another SEED (default 1); one target
//! ```
//!
//! An input that fails is written to `fuzz/artifacts`; once it is understood, it belongs into `fuzz/regressions`.

#![allow(clippy::print_stdout, reason = "a program that prints what it did")]

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
    time::{Duration, Instant},
};

use constrained_gen_fuzz::{TARGETS, Target, mutate, seeds};

/// Longer than this, an input has found a way around the limits.
const LONGEST: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default| arguments.next().map_or(default, |a| a.parse().expect("a number"));
    let (times, seed) = (number(1), number(1));
    let only = arguments.next();
    let mut failed = 0u32;
    for target in TARGETS.iter().filter(|t| only.as_ref().is_none_or(|name| name == t.name)) {
        failed += run(target, target.inputs * times, seed);
    }
    println!("{failed} inputs failed");
    ExitCode::from(u8::from(failed > 0))
}

/// How many inputs failed; after three of them a target is left.
fn run(target: &Target, inputs: u64, seed: u64) -> u32 {
    let clock = Instant::now();
    let mut failed = 0;
    let regressions = seeds::regressions(target.name);
    for (path, bytes) in &regressions {
        if !holds(target, bytes) {
            println!("{}: {} fails", target.name, path.display());
            failed += 1;
        }
    }
    let seeds = seeds::of(target.name);
    let mut slowest = Duration::ZERO;
    let mut tried = 0;
    while tried < inputs && failed < 3 {
        let bytes = mutate::mutate(seed << 32 | tried, &seeds);
        tried += 1;
        let began = Instant::now();
        let held = holds(target, &bytes);
        slowest = slowest.max(began.elapsed());
        if !held || began.elapsed() > LONGEST {
            failed += 1;
            let folder = seeds::home().join("artifacts");
            let path = folder.join(format!("{}-{seed}-{tried}", target.name));
            let written = fs::create_dir_all(&folder).and_then(|()| fs::write(&path, &bytes));
            println!(
                "{}: fails after {:.1?}, {}: {written:?}",
                target.name,
                began.elapsed(),
                path.display()
            );
        }
    }
    println!(
        "{}: {} regressions, {} seeds, {tried} inputs, slowest {slowest:.1?}, {:.1?} in all",
        target.name,
        regressions.len(),
        seeds.len(),
        clock.elapsed()
    );
    failed
}

fn holds(target: &Target, bytes: &[u8]) -> bool {
    catch_unwind(AssertUnwindSafe(|| (target.run)(bytes))).is_ok()
}
