//! How are unions of shapes kept small?

use super::{
    normal::{Canon, Result},
    shape::{ArrayShape, ObjectShape},
};

/// Shapes in one union up to which unions are simplified: simplifying is quadratic.
const SIMPLIFIED: usize = 64;

impl Canon {
    /// Adds a shape to a union, unless it is in there already.
    pub(crate) fn join_array(
        &mut self,
        shapes: &mut Vec<ArrayShape>,
        shape: ArrayShape,
    ) -> Result<()> {
        self.spend(1 + shapes.len().min(SIMPLIFIED))?;
        if shapes.len() > SIMPLIFIED {
            shapes.push(shape);
            return Ok(());
        }
        if shapes.iter().any(|s| self.array_within(&shape, s)) {
            return Ok(());
        }
        shapes.retain(|s| !self.array_within(s, &shape));
        shapes.push(shape);
        Ok(())
    }

    /// Adds a shape to a union, unless it is in there already; two that differ in one member become one.
    pub(crate) fn join_object(
        &mut self,
        shapes: &mut Vec<ObjectShape>,
        shape: ObjectShape,
    ) -> Result<()> {
        self.spend(1 + shapes.len().min(SIMPLIFIED))?;
        if shapes.len() > SIMPLIFIED {
            shapes.push(shape);
            return Ok(());
        }
        let mut shape = shape;
        loop {
            if shapes.iter().any(|s| self.object_within(&shape, s)) {
                return Ok(());
            }
            shapes.retain(|s| !self.object_within(s, &shape));
            let merged =
                (0..shapes.len()).find_map(|n| Some((n, self.merge_objects(&shapes[n], &shape)?)));
            match merged {
                Some((n, merged)) => {
                    shapes.remove(n);
                    shape = merged;
                }
                None => break,
            }
        }
        shapes.push(shape);
        Ok(())
    }
}
