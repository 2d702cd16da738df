//! What do all runs of one engine come to?

use std::collections::BTreeMap;

use serde::Serialize;

use crate::protocol::{Outcome, Run};

/// Average, percentiles and maximum of a set of times in microseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Figures {
    pub avg: f64,
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub p999: f64,
    pub max: f64,
}

impl Figures {
    /// The figures; percentile `p` is the element `n * p / 100` of the sorted times, as in MaskBench.
    pub(crate) fn of(mut times: Vec<f32>) -> Self {
        if times.is_empty() {
            return Self::default();
        }
        times.sort_by(f32::total_cmp);
        let at = |part: usize, of: usize| {
            f64::from(times[(times.len() * part / of).min(times.len() - 1)])
        };
        let avg = times.iter().map(|&t| f64::from(t)).sum::<f64>() / times.len() as f64;
        Self {
            avg: rounded(avg),
            p50: rounded(at(50, 100)),
            p90: rounded(at(90, 100)),
            p99: rounded(at(99, 100)),
            p999: rounded(at(999, 1_000)),
            max: rounded(at(1, 1)),
        }
    }

    /// Column by column, this divided by the other.
    pub(crate) fn over(&self, other: &Self) -> Self {
        let ratio = |one: f64, other: f64| if other > 0.0 { rounded4(one / other) } else { 0.0 };
        Self {
            avg: ratio(self.avg, other.avg),
            p50: ratio(self.p50, other.p50),
            p90: ratio(self.p90, other.p90),
            p99: ratio(self.p99, other.p99),
            p999: ratio(self.p999, other.p999),
            max: ratio(self.max, other.max),
        }
    }
}

/// To a thousandth.
pub(crate) fn rounded(x: f64) -> f64 {
    (x * 1_000.0).round() / 1_000.0
}

fn rounded4(x: f64) -> f64 {
    (x * 10_000.0).round() / 10_000.0
}

/// How many schemas ended how.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Outcomes {
    pub passing: usize,
    pub compile_error: usize,
    pub validation_error: usize,
    pub invalidation_error: usize,
    pub crash: usize,
    pub timeout: usize,
}

impl Outcomes {
    fn add(&mut self, outcome: Outcome) {
        *match outcome {
            Outcome::Passing => &mut self.passing,
            Outcome::CompileError => &mut self.compile_error,
            Outcome::ValidationError => &mut self.validation_error,
            Outcome::InvalidationError => &mut self.invalidation_error,
            Outcome::Crash => &mut self.crash,
            Outcome::Timeout => &mut self.timeout,
        } += 1;
    }
}

/// Instances over all schemas that compiled.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Instances {
    pub valid: usize,
    pub valid_refused: usize,
    pub invalid: usize,
    pub invalid_accepted: usize,
}

/// The times of one schema, with the place of its masks among all.
#[derive(Clone, Copy, Debug)]
struct Times {
    compile: f32,
    ttfm: Option<f32>,
    from: usize,
    to: usize,
}

/// All runs of one engine in one pass.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    schemas: usize,
    outcomes: Outcomes,
    loose: Outcomes,
    warned: usize,
    instances: Instances,
    tbm: Vec<f32>,
    times: Vec<Times>,
    /// Why schemas were refused, and how often.
    pub refusals: BTreeMap<String, usize>,
    /// The schemas that the engine compiled and did wrong, or did not survive.
    pub wrong: Vec<(Outcome, String)>,
}

/// The figures of one engine, as they are printed.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Summary {
    pub engine: &'static str,
    pub schemas: usize,
    #[serde(flatten)]
    pub outcomes: Outcomes,
    /// Share of the schemas that pass.
    pub passing_percent: f64,
    /// As MaskBench counts: whether a text may end is not asked. Only where it makes a difference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub without_may_end: Option<Outcomes>,
    /// Schemas of which a lenient engine left something out.
    #[serde(skip_serializing_if = "is_zero")]
    pub with_warnings: usize,
    pub instances: Instances,
    pub masks: usize,
    pub tbm_us: Figures,
    pub ttfm_us: Figures,
    pub compile_us: Figures,
    /// The most memory the process had since the engine was made, where this engine was alone in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_rss_mib: Option<f64>,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// Times over some of the schemas.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Timing {
    pub tbm_us: Figures,
    pub ttfm_us: Figures,
    pub compile_us: Figures,
}

impl Timing {
    /// Column by column, this divided by the other.
    pub(crate) fn over(&self, other: &Self) -> Self {
        Self {
            tbm_us: self.tbm_us.over(&other.tbm_us),
            ttfm_us: self.ttfm_us.over(&other.ttfm_us),
            compile_us: self.compile_us.over(&other.compile_us),
        }
    }
}

impl Tally {
    /// Counts a run of the schema with this name.
    pub(crate) fn add(&mut self, name: &str, run: &Run) {
        self.schemas += 1;
        if !matches!(run.outcome, Outcome::Passing | Outcome::CompileError) {
            self.wrong.push((run.outcome, name.to_owned()));
        }
        self.outcomes.add(run.outcome);
        self.loose.add(run.loose);
        self.warned += usize::from(!run.warnings.is_empty());
        self.instances.valid += run.valid[0];
        self.instances.valid_refused += run.valid[1];
        self.instances.invalid += run.invalid[0];
        self.instances.invalid_accepted += run.invalid[1];
        let from = self.tbm.len();
        self.tbm.extend_from_slice(&run.tbm);
        let to = self.tbm.len();
        self.times.push(Times { compile: run.compile, ttfm: run.ttfm, from, to });
        if let Some(refusal) = &run.refusal {
            let kind = match run.outcome {
                Outcome::Crash => format!("crash: {}", refusal.kind()),
                _ => refusal.kind(),
            };
            *self.refusals.entry(kind).or_default() += 1;
        }
    }

    /// Schemas counted.
    pub(crate) fn schemas(&self) -> usize {
        self.schemas
    }

    /// Whether the engine compiled the schema counted as number `i`.
    fn compiled(&self, i: usize) -> bool {
        self.times.get(i).is_some_and(|times| times.ttfm.is_some())
    }

    /// Times over the schemas for which `chosen` is true; of compilations only those that succeeded.
    fn timing(&self, chosen: impl Fn(usize) -> bool) -> Timing {
        let (mut tbm, mut ttfm, mut compile) = (Vec::new(), Vec::new(), Vec::new());
        for (i, times) in self.times.iter().enumerate() {
            if let Some(first) = times.ttfm
                && chosen(i)
            {
                tbm.extend_from_slice(&self.tbm[times.from..times.to]);
                ttfm.push(first);
                compile.push(times.compile);
            }
        }
        Timing {
            tbm_us: Figures::of(tbm),
            ttfm_us: Figures::of(ttfm),
            compile_us: Figures::of(compile),
        }
    }

    /// Times over the schemas that both compile: ours, theirs.
    pub(crate) fn timing_of_both(&self, other: &Self) -> (usize, Timing, Timing) {
        let both = |i| self.compiled(i) && other.compiled(i);
        let count = (0..self.times.len()).filter(|&i| both(i)).count();
        (count, self.timing(both), other.timing(both))
    }

    /// Times over all schemas this engine compiles.
    pub(crate) fn timing_of_all(&self) -> Timing {
        self.timing(|_| true)
    }

    /// All figures.
    pub(crate) fn summary(&self, engine: &'static str) -> Summary {
        let timing = self.timing_of_all();
        let differs = self.loose.passing != self.outcomes.passing
            || self.loose.invalidation_error != self.outcomes.invalidation_error;
        Summary {
            engine,
            schemas: self.schemas,
            outcomes: self.outcomes.clone(),
            passing_percent: rounded(
                self.outcomes.passing as f64 * 100.0 / self.schemas.max(1) as f64,
            ),
            without_may_end: differs.then(|| self.loose.clone()),
            with_warnings: self.warned,
            instances: self.instances,
            masks: self.tbm.len(),
            tbm_us: timing.tbm_us,
            ttfm_us: timing.ttfm_us,
            compile_us: timing.compile_us,
            peak_rss_mib: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_as_in_maskbench() {
        let figures = Figures::of((0..1_000).rev().map(|i| i as f32).collect());
        assert_eq!((figures.p50, figures.p90, figures.p99), (500.0, 900.0, 990.0));
        assert_eq!((figures.p999, figures.max, figures.avg), (999.0, 999.0, 499.5));
        assert_eq!(Figures::of(vec![3.0]).p50, 3.0);
        assert_eq!(Figures::of(Vec::new()).max, 0.0);
    }

    #[test]
    fn ratios_are_over_what_both_compile() {
        let run =
            |ttfm: Option<f32>, tbm: &[f32]| Run { ttfm, tbm: tbm.to_vec(), ..Run::default() };
        let (mut ours, mut theirs) = (Tally::default(), Tally::default());
        ours.add("", &run(Some(1.0), &[1.0, 1.0]));
        theirs.add("", &run(Some(4.0), &[2.0, 2.0]));
        ours.add("", &run(Some(9.0), &[100.0]));
        theirs.add("", &run(None, &[]));
        let (count, one, other) = ours.timing_of_both(&theirs);
        assert_eq!(count, 1);
        let ratio = one.over(&other);
        assert_eq!((ratio.tbm_us.avg, ratio.ttfm_us.max), (0.5, 0.25));
        assert_eq!(ours.timing_of_all().tbm_us.max, 100.0);
    }
}
