//! Average, percentiles, maximum of many times.

use std::fmt;

/// Microseconds.
pub(crate) struct Figures {
    pub(crate) average: f64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    pub(crate) max: f64,
}

impl Figures {
    pub(crate) const HEAD: &str = "     avg      p50      p99    p99.9      max";

    /// The figures of these nanoseconds.
    pub(crate) fn of(mut times: Vec<u64>) -> Self {
        times.sort_unstable();
        let at = |share: f64| {
            let index = ((times.len() as f64 * share) as usize).min(times.len() - 1);
            times[index] as f64 / 1e3
        };
        let average = times.iter().sum::<u64>() as f64 / times.len() as f64 / 1e3;
        Self { average, p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1.0) }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { average, p50, p99, p999, max } = self;
        write!(f, "{average:8.2} {p50:8.2} {p99:8.2} {p999:8.2} {max:8.1}")
    }
}
