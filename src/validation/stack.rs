//! How does a parser that descends by recursion read a deep text? On a stack of its own, as large as the text can need.

use super::ValidationError;

/// Runs a parse on a stack of so many bytes. Cost: a thread; the memory of the stack is taken as the parse descends.
///
/// # Errors
/// What the parse says; [`ValidationError::Limit`] with this `limit` where no such stack is to be had.
pub(super) fn on_own_stack(
    bytes: usize,
    validator: &'static str,
    limit: usize,
    parse: impl FnOnce() -> Result<(), ValidationError> + Send,
) -> Result<(), ValidationError> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(bytes).spawn_scoped(scope, parse).ok();
        thread.and_then(|thread| thread.join().ok()).unwrap_or(Err(ValidationError::Limit {
            validator,
            what: "no memory for the stack that this text may need",
            limit,
        }))
    })
}

/// Refuses a text of more bytes than this.
pub(super) fn check_size(
    text: &str,
    validator: &'static str,
    limit: usize,
) -> Result<(), ValidationError> {
    if text.len() > limit {
        return Err(ValidationError::Limit { validator, what: "too many bytes of text", limit });
    }
    Ok(())
}
