//! Runs the targets: what was found before, then mutated seeds. Needs nothing but stable Rust.
//!
//! ```text
//! smoke [--times N] [--seed S] [--target T]      N times the usual inputs (default 1), always the same: some minutes
//! smoke --minutes N [--seed S] [--target T]      others, for so many minutes of processor time
//! smoke --corpus                                 writes the seeds to fuzz/corpus, for cargo fuzz
//! ```
//!
//! The second form works in a process of its own, so that it survives what no program can catch: a stack that overflows, memory
//! that runs out, an input without an end. An input that fails is written to `fuzz/regressions/TARGET` under its hash; once it
//! is understood, it gets a name that says what it shows.

#![allow(clippy::print_stdout, reason = "a program that prints what it did")]

use std::{
    collections::BTreeMap,
    fs::{self, File},
    os::unix::fs::FileExt,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use constrained_gen_fuzz::{TARGETS, Target, mutate, seeds, target};
use sha2::{Digest, Sha256};

/// Longer than this, an input has found a way around the limits.
const LONGEST: Duration = Duration::from_secs(20);

/// Resident bytes of a process above which an input has found one.
const MEMORY: u64 = 1 << 30;

/// Bytes of the stack that an input is run on: no recursion is as deep as an input is long.
const STACK: usize = 2 << 20;

/// Processor time of one turn of a target.
const TURN: Duration = Duration::from_secs(15);

/// The exit code of a worker that stopped at an input without an end, or at one that takes too much memory.
const STOPPED: u8 = 3;

/// What the command line says.
#[derive(Default)]
struct Arguments(BTreeMap<String, String>);

impl Arguments {
    fn read() -> Self {
        let mut found = BTreeMap::new();
        let mut arguments = std::env::args().skip(1).peekable();
        while let Some(name) = arguments.next() {
            let value = arguments.next_if(|next| !next.starts_with("--")).unwrap_or_default();
            found.insert(name, value);
        }
        Self(found)
    }

    fn number(&self, name: &str, default: u64) -> u64 {
        self.0.get(name).map_or(default, |value| value.parse().expect("a number"))
    }

    fn targets(&self) -> Vec<&'static Target> {
        match self.0.get("--target") {
            Some(name) => vec![target(name).expect("a target's name")],
            None => TARGETS.iter().collect(),
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::read();
    let has = |name: &str| arguments.0.contains_key(name);
    if has("--corpus") {
        write_corpus();
        return ExitCode::SUCCESS;
    }
    if has("--worker") {
        return worker(&arguments);
    }
    let failed = if has("--minutes") { long(&arguments) } else { short(&arguments) };
    println!("{failed} inputs failed");
    ExitCode::from(u8::from(failed > 0))
}

/// The inputs of a target, by number.
struct Inputs {
    seeds: Vec<Vec<u8>>,
    words: Vec<Vec<u8>>,
    seed: u64,
}

impl Inputs {
    fn new(target: &Target, seed: u64) -> Self {
        Self { seeds: seeds::of(target.name), words: seeds::dictionary(target.name), seed }
    }

    fn get(&self, number: u64) -> Vec<u8> {
        mutate::mutate(self.seed << 40 ^ number, &self.seeds, &self.words)
    }
}

fn holds(target: &Target, bytes: &[u8]) -> bool {
    catch_unwind(AssertUnwindSafe(|| (target.run)(bytes))).is_ok()
}

/// Writes an input that failed.
fn keep(target: &Target, bytes: &[u8], what: &str) {
    let folder = seeds::home().join("regressions").join(target.name);
    let hash = Sha256::digest(bytes);
    let name: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let path = folder.join(name);
    let written = fs::create_dir_all(&folder).and_then(|()| fs::write(&path, bytes));
    println!("{}: {what}: {} ({written:?})", target.name, path.display());
}

/// A bounded run, always the same; the number of inputs that failed.
fn short(arguments: &Arguments) -> u64 {
    let (times, seed) = (arguments.number("--times", 1), arguments.number("--seed", 1));
    let targets = arguments.targets();
    let now = AtomicU64::new(0);
    let began = Instant::now();
    std::thread::scope(|scope| {
        let run =
            || targets.iter().map(|t| bounded(t, t.inputs * times, seed, (&now, began))).sum();
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run);
        let thread = thread.expect("a thread");
        // An input without an end: who is stuck in it can only be left behind.
        while !thread.is_finished() {
            std::thread::sleep(Duration::from_millis(20));
            let at = now.load(Ordering::Relaxed);
            if at > 0 && began.elapsed().as_millis() as u64 > at + 10 * LONGEST.as_millis() as u64 {
                println!("an input takes more than {:?}", 10 * LONGEST);
                std::process::exit(1);
            }
        }
        thread.join().expect("failures were caught")
    })
}

/// How many inputs of a target failed; after three of them it is left. `clock` says when the present one began.
fn bounded(target: &Target, inputs: u64, seed: u64, clock: (&AtomicU64, Instant)) -> u64 {
    let began = Instant::now();
    let (mut failed, mut slowest) = (0, Duration::ZERO);
    let mut timed = |bytes: &[u8]| {
        clock.0.store(clock.1.elapsed().as_millis() as u64, Ordering::Relaxed);
        let began = thread_time();
        let held = holds(target, bytes);
        let took = thread_time().saturating_sub(began);
        slowest = slowest.max(took);
        held && took <= LONGEST
    };
    let regressions = seeds::regressions(target.name);
    for (path, bytes) in &regressions {
        if !timed(bytes) {
            println!("{}: {} fails", target.name, path.display());
            failed += 1;
        }
    }
    let all = Inputs::new(target, seed);
    let mut tried = 0;
    while tried < inputs && failed < 3 {
        let bytes = all.get(tried);
        tried += 1;
        if !timed(&bytes) {
            failed += 1;
            keep(target, &bytes, "fails");
        }
    }
    println!(
        "{}: {} regressions, {} seeds, {tried} inputs, slowest {slowest:.1?}, {:.1?} in all",
        target.name,
        regressions.len(),
        all.seeds.len(),
        began.elapsed()
    );
    failed
}

/// What is known of a target in a long run.
#[derive(Default)]
struct Tally {
    next: u64,
    executions: u64,
    cpu: Duration,
    failed: u64,
}

/// Takes turns of the targets, each in a process of its own, until the processor time is used up.
fn long(arguments: &Arguments) -> u64 {
    let budget = Duration::from_secs(60 * arguments.number("--minutes", 1));
    let seed = arguments.number("--seed", u64::from(std::process::id()));
    let targets = arguments.targets();
    let mut tallies: Vec<Tally> = targets.iter().map(|_| Tally::default()).collect();
    let file = std::env::temp_dir().join(format!("smoke-{}", std::process::id()));
    println!("seed {seed}");
    loop {
        for (target, tally) in targets.iter().zip(&mut tallies) {
            turn(target, tally, seed, &file);
        }
        print(&targets, &tallies);
        if tallies.iter().map(|tally| tally.cpu).sum::<Duration>() >= budget {
            break;
        }
    }
    let _ = fs::remove_file(&file);
    tallies.iter().map(|tally| tally.failed).sum()
}

/// What was done by now.
fn print(targets: &[&Target], tallies: &[Tally]) {
    let minutes = |time: Duration| time.as_secs_f64() / 60.0;
    for (target, Tally { executions, cpu, failed, .. }) in targets.iter().zip(tallies) {
        let (name, cpu) = (target.name, minutes(*cpu));
        println!("{name}: {executions} executions, {failed} failed, {cpu:.1} min");
    }
    let all = tallies.iter().map(|tally| tally.cpu).sum();
    println!("{:.1} min of processor time in all", minutes(all));
}

/// One turn of a target.
fn turn(target: &Target, tally: &mut Tally, seed: u64, file: &Path) {
    let program = std::env::current_exe().expect("this program");
    let _ = fs::write(file, [0; 24]);
    let status = Command::new(program)
        .args(["--worker", "--target", target.name, "--file"])
        .arg(file)
        .args(["--seed", &seed.to_string(), "--from", &tally.next.to_string()])
        .status()
        .expect("a process");
    let mut numbers = [0u64; 3];
    let bytes = fs::read(file).unwrap_or_default();
    for (number, bytes) in numbers.iter_mut().zip(bytes.chunks_exact(8)) {
        *number = u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
    }
    let [at, milliseconds, failed] = numbers;
    tally.executions += at.saturating_sub(tally.next);
    tally.failed += failed;
    tally.cpu += Duration::from_millis(milliseconds);
    tally.next = at.max(tally.next);
    if !status.success() {
        tally.failed += 1;
        if status.code() != Some(i32::from(STOPPED)) {
            let bytes = Inputs::new(target, seed).get(tally.next);
            keep(target, &bytes, &format!("ends the process: {status}"));
        }
        tally.next += 1;
    }
}

/// Processor time of this process.
fn cpu() -> Duration {
    // User and system time, in hundredths of a second, after the name in brackets.
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split(' ').collect();
    let field = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    Duration::from_millis(10 * (field(12) + field(13)))
}

/// Processor time of this thread: other programs on the machine make no input slow.
fn thread_time() -> Duration {
    let times = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let first = times.split(' ').next().and_then(|time| time.parse().ok());
    Duration::from_nanos(first.unwrap_or(0))
}

/// Resident bytes of this process.
fn memory() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}

/// Runs inputs for one turn, and writes where it is before each.
fn worker(arguments: &Arguments) -> ExitCode {
    let target = arguments.targets()[0];
    let all = Inputs::new(target, arguments.number("--seed", 1));
    let first = arguments.number("--from", 0);
    let path: PathBuf = arguments.0["--file"].clone().into();
    let file = File::options().write(true).open(path).expect("the file of numbers");
    let write = |at: u64, number: u64| {
        file.write_all_at(&number.to_le_bytes(), 8 * at).expect("the file of numbers");
    };
    let at = AtomicU64::new(first);
    std::thread::scope(|scope| {
        let run = || {
            let mut failed = 0;
            while cpu() < TURN && failed < 3 {
                // Looking at the clock costs more than many an input.
                for _ in 0..50 {
                    let number = at.load(Ordering::Relaxed);
                    write(0, number);
                    let bytes = all.get(number);
                    if !holds(target, &bytes) {
                        failed += 1;
                        keep(target, &bytes, "fails");
                    }
                    at.store(number + 1, Ordering::Relaxed);
                    if cpu_is_up(number) {
                        break;
                    }
                }
                write(1, cpu().as_millis() as u64);
            }
            write(0, at.load(Ordering::Relaxed));
            write(2, failed);
        };
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run);
        let thread = thread.expect("a thread");
        let (mut seen, mut since) = (first, cpu());
        while !thread.is_finished() {
            std::thread::sleep(Duration::from_millis(50));
            let number = at.load(Ordering::Relaxed);
            if number != seen {
                (seen, since) = (number, cpu());
            }
            let what = match () {
                () if cpu().saturating_sub(since) > LONGEST => "takes too long",
                () if memory() > MEMORY => "takes too much memory",
                () => continue,
            };
            write(1, cpu().as_millis() as u64);
            keep(target, &all.get(number), what);
            std::process::exit(i32::from(STOPPED));
        }
    });
    ExitCode::SUCCESS
}

/// Whether it is worth looking at the clock: dear inputs are few to a turn.
fn cpu_is_up(number: u64) -> bool {
    number.is_multiple_of(8) && cpu() >= TURN
}

/// Seeds as files, where `cargo fuzz` looks for them.
fn write_corpus() {
    for target in &TARGETS {
        let folder = seeds::home().join("corpus").join(target.name);
        fs::create_dir_all(&folder).expect("a folder");
        let found = seeds::regressions(target.name).into_iter().map(|(_, bytes)| bytes);
        let mut all: Vec<Vec<u8>> = seeds::of(target.name).into_iter().chain(found).collect();
        if all.is_empty() {
            all = (0..64).map(|number| mutate::mutate(number, &[], &[])).collect();
        }
        for (number, bytes) in all.iter().enumerate() {
            fs::write(folder.join(format!("seed-{number}")), bytes).expect("a file");
        }
        println!("{}: {} seeds", target.name, all.len());
    }
}
