//! Ctrl-C: once, to stop with what there is; twice, to stop at once.

use std::{
    process,
    sync::{
        Once,
        atomic::{AtomicBool, Ordering},
    },
};

/// Whether the tool was asked to stop.
static STOP: AtomicBool = AtomicBool::new(false);

/// Exit code of a process that Ctrl-C ended, as shells have it.
pub(super) const CODE: u8 = 130;

/// True once the tool was asked to stop. Before the first call Ctrl-C ends the process at once.
pub(super) fn flag() -> &'static AtomicBool {
    static HANDLER: Once = Once::new();
    HANDLER.call_once(|| {
        // Without a handler Ctrl-C does what it always does.
        _ = ctrlc::set_handler(|| {
            if STOP.swap(true, Ordering::Relaxed) {
                #[allow(clippy::exit, reason = "asked for twice: nothing is worth waiting for")]
                process::exit(CODE.into());
            }
        });
    });
    &STOP
}
