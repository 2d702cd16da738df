//! Where weights come from: safetensors, GGUF, chance, a model that was loaded before.

use std::sync::Arc;

use super::{ModelError, kernel::Matrix};

/// Tensors by their name in transformers.
pub(super) trait Source {
    /// A matrix, which must have this shape, in the format that it is stored in.
    fn matrix(
        &mut self,
        name: &str,
        rows: usize,
        columns: usize,
    ) -> Result<Arc<Matrix>, ModelError>;

    /// A vector of this length.
    fn vector(&mut self, name: &str, length: usize) -> Result<Vec<f32>, ModelError>;
}
