//! How long did that take, and how much memory?

use std::{hint::black_box, time::Instant};

use rustix::time::{ClockId, clock_gettime};

/// A moment. The time since then is the lesser of two readings, both of which contain all of the thread's work since:
///
/// - the thread's CPU clock, which stands still while another thread has the processor, but costs a system call;
/// - the wall clock, read inside of it: cheap and fine, but running on while the thread waits.
///
/// So nothing has to be subtracted for the clocks themselves: an undisturbed step shows the fine clock, a disturbed one the
/// thread's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    cpu: i64,
    wall: Instant,
}

/// Nanoseconds of CPU this thread has used.
fn cpu() -> i64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

impl Mark {
    /// Now.
    #[inline]
    pub(crate) fn now() -> Self {
        let cpu = cpu();
        Self { cpu, wall: Instant::now() }
    }

    /// Microseconds of this thread since then.
    #[inline]
    pub(crate) fn microseconds(self) -> f32 {
        let wall = self.wall.elapsed().as_nanos() as i64;
        let cpu = cpu() - self.cpu;
        wall.min(cpu) as f32 / 1_000.0
    }
}

/// Microseconds that [`Mark`] reports for nothing, and those that one reading of the thread's clock costs; medians.
pub(crate) fn clock_costs() -> (f32, f32) {
    let mut nothing: Vec<f32> = (0..2_001).map(|_| Mark::now().microseconds()).collect();
    let mut reading: Vec<f32> = (0..2_001)
        .map(|_| {
            let began = Instant::now();
            black_box(cpu());
            began.elapsed().as_nanos() as f32 / 1_000.0
        })
        .collect();
    nothing.sort_by(f32::total_cmp);
    reading.sort_by(f32::total_cmp);
    (nothing[1_000], reading[1_000])
}

/// Microseconds of bare copies of a row of `words`, hot ones. How long a copy takes depends on where in a cache line each side
/// begins, so all ways are measured that an allocator's 16 bytes leave; `count` copies in all.
pub(crate) fn bare_copies(words: usize, count: usize) -> Vec<f32> {
    const WAYS: [usize; 4] = [0, 4, 8, 12];
    let source = vec![0x5555_5555u32; words + 16];
    let mut row = vec![0u32; words + 16];
    let ways = WAYS.into_iter().flat_map(|from| WAYS.map(|to| (from, to)));
    let each = count / (WAYS.len() * WAYS.len());
    ways.flat_map(|way| std::iter::repeat_n(way, each))
        .map(|(from, to)| {
            let began = Mark::now();
            row[to..to + words].copy_from_slice(black_box(&source[from..from + words]));
            black_box(&mut row);
            began.microseconds()
        })
        .collect()
}

/// Forgets the peak of the process's memory so far, so that `VmHWM` is the peak from here on. Quietly does nothing where the
/// system has no such thing.
pub(crate) fn forget_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// A line of `/proc/self/status` in MiB: `VmRSS` (now) or `VmHWM` (the most it ever was). `None` where there is no such file.
pub(crate) fn memory(line: &str) -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let rest = status.lines().find_map(|l| l.strip_prefix(line)?.strip_prefix(':'))?;
    let kilobytes: f64 = rest.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some((kilobytes / 1_024.0 * 10.0).round() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_is_not_counted() {
        let began = Mark::now();
        std::thread::sleep(std::time::Duration::from_millis(50));
        assert!(began.microseconds() < 25_000.0);
    }
}
