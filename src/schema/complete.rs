//! Can everything that an instance can reach be followed?

use rustc_hash::FxHashSet;

use super::{
    error::SchemaErrorKind,
    expr::ExprId,
    normal::{Canon, Result},
    number::NumberDfa,
    shape::ArrayShape,
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
            // A state is at most some digits of a bound, in a few kinds of places.
            let large = 8 * form.number.digits() > self.limits.dfa_states;
            if (form.number.has_divisors() || large) && !self.numbers.contains_key(&form.number) {
                let automaton = NumberDfa::new(&form.number, &self.limits);
                let automaton = automaton.map_err(|error| self.part_error(&error))?;
                self.numbers.insert(form.number.clone(), automaton);
            }
            for shape in &form.arrays {
                self.check_unique(shape)?;
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

    /// Items that must differ can be told apart only if they are scalars.
    fn check_unique(&mut self, shape: &ArrayShape) -> Result<()> {
        let most = match (shape.max, shape.rest) {
            (Some(max), _) => max,
            (None, Some(_)) => u64::MAX,
            (None, None) => shape.prefix.len() as u64,
        };
        if !shape.unique || most < 2 {
            return Ok(());
        }
        for item in shape.prefix.iter().copied().chain(shape.rest) {
            let form = self.clean(item)?;
            if !form.arrays.is_empty() || !form.objects.is_empty() {
                return Err(self.error(
                    SchemaErrorKind::Unsupported,
                    "`uniqueItems` of arrays or objects is not followed",
                ));
            }
        }
        self.check_different(shape)
    }

    /// Of the items that must come, none may run out of values because of what was chosen for those before it: that is not
    /// looked ahead.
    fn check_different(&mut self, shape: &ArrayShape) -> Result<()> {
        let required = usize::try_from(shape.min).unwrap_or(usize::MAX);
        let prefix = shape.prefix.len().min(required);
        // Items after the prefix are all alike: the last one decides.
        let rest = shape.rest.filter(|_| prefix > 0 && required > prefix);
        let mut items: Vec<ExprId> = shape.prefix[..prefix].to_vec();
        items.extend(rest);
        for (at, &item) in items.iter().enumerate() {
            let form = self.clean(item)?;
            let words = [form.null, form.truth[0], form.truth[1]];
            let words = words.iter().filter(|word| **word).count();
            let (Some(texts), Some(numbers)) = (form.text.finite(), form.number.count()) else {
                continue;
            };
            let numbers = usize::try_from(numbers).unwrap_or(usize::MAX);
            let values = (words + texts.len()).saturating_add(numbers);
            let mut rivals = if at == prefix { required - prefix - 1 } else { 0 };
            for &before in &items[..at.min(prefix)] {
                let both = self.arena.all(&[before, item]);
                rivals += usize::from(self.inhabited(both)?);
            }
            if values <= rivals {
                return Err(self.error(
                    SchemaErrorKind::Unsupported,
                    "`uniqueItems` of items with so few values is not followed",
                ));
            }
        }
        Ok(())
    }
}
