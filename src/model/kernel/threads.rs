//! How many processors a model uses.

use rayon::prelude::*;

/// Threads of one model. One of them is no pool at all: everything happens where it is called from.
#[derive(Debug)]
pub(in crate::model) struct Threads {
    pool: Option<rayon::ThreadPool>,
    count: usize,
}

impl Threads {
    /// `count` of them; as many as the process may use if it is 0, which a container's quota bounds.
    pub(in crate::model) fn new(count: usize) -> Result<Self, rayon::ThreadPoolBuildError> {
        let count = match count {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            count => count,
        };
        let build = |count| rayon::ThreadPoolBuilder::new().num_threads(count).build();
        let pool = (count > 1).then(|| build(count)).transpose()?;
        Ok(Self { pool, count })
    }

    pub(in crate::model) fn count(&self) -> usize {
        self.count
    }

    /// Runs something on these threads, so that regions in it need not begin by waking one.
    pub(in crate::model) fn run<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        match &self.pool {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }

    /// Does all jobs, in any order.
    pub(in crate::model) fn each<J: Send>(&self, jobs: Vec<J>, work: impl Fn(J) + Send + Sync) {
        match &self.pool {
            Some(pool) if jobs.len() > 1 => {
                pool.install(|| jobs.into_par_iter().with_max_len(1).for_each(work));
            }
            _ => jobs.into_iter().for_each(work),
        }
    }
}
