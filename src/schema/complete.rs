//! Can everything that an instance can reach be followed?

use rustc_hash::FxHashSet;

use super::{
    expr::ExprId,
    normal::{Canon, Result},
};

impl Canon {
    /// Makes the canonical forms of all expressions that values of one can reach.
    pub(crate) fn complete(&mut self, root: ExprId) -> Result<()> {
        let mut seen = FxHashSet::default();
        let mut work = vec![root];
        while let Some(id) = work.pop() {
            let id = self.arena.resolve(id);
            if !seen.insert(id) {
                continue;
            }
            self.spend(1)?;
            let form = self.clean(id)?;
            for shape in &form.arrays {
                work.extend(&shape.prefix);
                work.extend(shape.rest);
                for count in &shape.contains {
                    work.push(count.schema);
                    if count.max.is_some() {
                        let other = self.arena.not(count.schema);
                        work.push(other);
                    }
                }
            }
            for shape in &form.objects {
                work.extend(shape.members.iter().filter_map(|m| m.value));
                work.extend(shape.classes.iter().map(|c| c.value));
                work.extend(shape.some.iter().map(|s| s.value));
            }
        }
        Ok(())
    }
}
