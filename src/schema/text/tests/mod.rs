//! Text sets against other judges.

mod corpus;
mod laws;
mod suite;

/// The time of a call in microseconds, and its result. A busy machine counts as little as the system tells: the processor
/// time of long calls is known, in steps of some milliseconds.
fn microseconds<T>(call: impl FnOnce() -> T) -> (f64, T) {
    let processor = || {
        let line = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        line.split(' ').next()?.parse::<f64>().ok()
    };
    let (before, clock) = (processor(), std::time::Instant::now());
    let result = call();
    let elapsed = clock.elapsed().as_nanos() as f64;
    let spent = before.zip(processor()).map_or(elapsed, |(before, after)| after - before + 4e6);
    (elapsed.min(spent) / 1000.0, result)
}
