//! What was found before, once more.

use std::time::{Duration, Instant};

use constrained_gen_fuzz::{TARGETS, seeds};

#[test]
fn inputs_that_once_failed() {
    for target in &TARGETS {
        for (path, bytes) in seeds::regressions(target.name) {
            let began = Instant::now();
            (target.run)(&bytes);
            assert!(began.elapsed() < Duration::from_secs(200), "{}", path.display());
        }
    }
}
