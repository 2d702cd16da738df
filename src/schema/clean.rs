//! What is the canonical form of an expression without anything that nothing fulfils?

use std::sync::Arc;

use super::{
    expr::ExprId,
    inhabited::Asked,
    normal::{Canon, Result},
    shape::{Alternatives, ArrayShape, ObjectShape},
};

impl Canon {
    /// The canonical form of an expression, everything in it inhabited: what a required part cannot be goes with its shape,
    /// what another part cannot be is forbidden.
    pub(crate) fn clean(&mut self, id: ExprId) -> Result<Arc<Alternatives>> {
        let id = self.arena.resolve(id);
        if let Some(form) = &self.arena.entry(id).clean {
            return Ok(form.clone());
        }
        let before = self.arena.here;
        self.arena.here = self.arena.entry(id).origin;
        let raw = self.raw(id)?;
        let form = if raw.arrays.is_empty() && raw.objects.is_empty() {
            raw
        } else {
            let mut form =
                Alternatives { arrays: Vec::new(), objects: Vec::new(), ..(*raw).clone() };
            for shape in &raw.objects {
                if let Some(shape) = self.clean_object(shape.clone())? {
                    self.join_object(&mut form.objects, shape)?;
                }
            }
            for shape in &raw.arrays {
                if let Some(shape) = self.clean_array(shape.clone())? {
                    self.join_array(&mut form.arrays, shape)?;
                }
            }
            if form == *raw { raw } else { Arc::new(form) }
        };
        self.arena.here = before;
        self.arena.entry_mut(id).clean = Some(form.clone());
        Ok(form)
    }

    fn clean_object(&mut self, mut shape: ObjectShape) -> Result<Option<ObjectShape>> {
        self.spend(1 + shape.members.len())?;
        for member in &mut shape.members {
            if let Some(value) = member.value
                && !self.inhabited(value)?
            {
                member.value = None;
            }
        }
        let mut classes = Vec::with_capacity(shape.classes.len());
        for class in std::mem::take(&mut shape.classes) {
            if self.inhabited(class.value)? {
                classes.push(class);
            }
        }
        shape.classes = classes;
        let Some(shape) = self.settle_object(shape)? else { return Ok(None) };
        let possible = self.settled(|canon, asked| canon.object_possible(&shape, asked))?;
        Ok(possible.then_some(shape))
    }

    fn clean_array(&mut self, mut shape: ArrayShape) -> Result<Option<ArrayShape>> {
        self.spend(1 + shape.prefix.len())?;
        for item in &mut shape.prefix {
            if !self.inhabited(*item)? {
                *item = ExprId::FALSE;
            }
        }
        if let Some(rest) = shape.rest
            && !self.inhabited(rest)?
        {
            shape.rest = None;
        }
        for count in &mut shape.contains {
            if !self.inhabited(count.schema)? {
                count.schema = ExprId::FALSE;
            }
        }
        let Some(shape) = self.settle_array(shape) else { return Ok(None) };
        let possible = self.settled(|canon, asked| canon.array_possible(&shape, asked))?;
        Ok(possible.then_some(shape))
    }

    /// The final answer of something that asks.
    fn settled(
        &mut self,
        mut answer: impl FnMut(&mut Self, &mut Asked) -> Result<bool>,
    ) -> Result<bool> {
        loop {
            let mut asked = Asked::new();
            if answer(self, &mut asked)? {
                return Ok(true);
            }
            if asked.is_empty() {
                return Ok(false);
            }
            for id in asked {
                self.inhabited(id)?;
            }
        }
    }
}
