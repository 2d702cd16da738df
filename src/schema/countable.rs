//! Is there an array of a shape: long enough, with what it must contain, its items different?

use super::{
    error::SchemaErrorKind,
    expr::ExprId,
    inhabited::{Asked, OBLIGATIONS},
    normal::{Canon, Result},
    shape::ArrayShape,
};

/// Steps of the search for an array that fulfils several counts.
const COUNTED: usize = 100_000;

impl Canon {
    /// Whether there is an array of a shape, as far as the questions asked are answered.
    pub(super) fn array_possible(&mut self, shape: &ArrayShape, asked: &mut Asked) -> Result<bool> {
        if shape.contains.is_empty() {
            return self.items_possible(shape, asked);
        }
        if let ([count], Some(rest), true) =
            (&shape.contains[..], shape.rest, shape.prefix.is_empty())
            && count.from == 0
        {
            let length = shape.min.max(count.min);
            if shape.max.is_some_and(|max| length > max) {
                return Ok(false);
            }
            if length == 0 {
                return Ok(true);
            }
            let inside = self.arena.all(&[rest, count.schema]);
            if count.min > 0
                && (!self.ask(inside, asked)
                    || shape.unique && !self.has_values(inside, count.min)?)
            {
                return Ok(false);
            }
            if length == count.min || count.max.is_none() && count.min > 0 {
                return Ok(!shape.unique || self.has_values(rest, length)?);
            }
            let Some(max) = count.max else { return Ok(self.ask(rest, asked)) };
            let other = self.arena.not(count.schema);
            let outside = self.arena.all(&[rest, other]);
            return Ok(length <= max && self.ask(inside, asked) || self.ask(outside, asked));
        }
        self.counts_possible(shape, asked)
    }

    /// Whether the items that must be there can be there, without counts.
    fn items_possible(&mut self, shape: &ArrayShape, asked: &mut Asked) -> Result<bool> {
        self.spend(1 + shape.prefix.len())?;
        let least = usize::try_from(shape.min).unwrap_or(usize::MAX);
        let mut possible = true;
        for &item in shape.prefix.iter().take(least) {
            possible &= self.ask(item, asked);
        }
        if least > shape.prefix.len() {
            possible &= shape.rest.is_some_and(|rest| self.ask(rest, asked));
        }
        if possible && shape.unique && least > 1 && shape.prefix.is_empty() {
            return match shape.rest {
                Some(rest) => self.has_values(rest, shape.min),
                None => Ok(false),
            };
        }
        Ok(possible)
    }

    /// Whether an expression has at least so many values, if it has scalars only; arrays and objects count as infinitely many.
    fn has_values(&mut self, id: ExprId, least: u64) -> Result<bool> {
        let form = self.raw(id)?;
        if !form.arrays.is_empty() || !form.objects.is_empty() {
            return Ok(true);
        }
        let truth = u64::from(form.truth[0]) + u64::from(form.truth[1]);
        let mut values = u64::from(form.null) + truth;
        match form.text.finite() {
            Some(words) => values += words.len() as u64,
            None => return Ok(true),
        }
        // Too many to count is more than any array holds.
        let Some(numbers) = form.number.count() else { return Ok(true) };
        values = values.saturating_add(u64::try_from(numbers).unwrap_or(u64::MAX));
        Ok(values >= least)
    }

    /// Searches for an array by its length and by how often each count was reached.
    fn counts_possible(&mut self, shape: &ArrayShape, asked: &mut Asked) -> Result<bool> {
        let contains = &shape.contains;
        let kinds = contains.len();
        if kinds > OBLIGATIONS {
            let kind = SchemaErrorKind::Limit { name: "contains", value: OBLIGATIONS as u64 };
            return Err(self.error(kind, "too many `contains` at once"));
        }
        let start = vec![0u64; kinds];
        let mut states: std::collections::BTreeSet<Vec<u64>> = [start].into();
        // Lengths beyond these change nothing but what `min` asks for.
        let steady =
            contains.iter().map(|c| c.from).max().unwrap_or(0).max(shape.prefix.len() as u64);
        let mut index = 0u64;
        let mut work = 0usize;
        loop {
            let done = |counts: &Vec<u64>| contains.iter().zip(counts).all(|(c, &n)| n >= c.min);
            if index >= shape.min && states.iter().any(done) {
                return Ok(true);
            }
            if states.is_empty() || shape.max == Some(index) {
                return Ok(false);
            }
            let Some(item) = shape.item(usize::try_from(index).unwrap_or(usize::MAX)) else {
                return Ok(false);
            };
            let mut next = std::collections::BTreeSet::new();
            for chosen in 0..1u32 << kinds {
                let mut parts = vec![item];
                for (k, c) in contains.iter().enumerate() {
                    if chosen >> k & 1 == 1 {
                        parts.push(c.schema);
                    } else if c.max.is_some() {
                        parts.push(self.arena.not(c.schema));
                    }
                }
                self.spend(1 + states.len())?;
                let value = self.arena.all(&parts);
                if !self.ask(value, asked) {
                    continue;
                }
                for counts in &states {
                    let mut counts = counts.clone();
                    let mut fits = true;
                    for (k, c) in contains.iter().enumerate() {
                        if chosen >> k & 1 == 1 && index >= c.from {
                            let n = counts[k] + 1;
                            fits &= c.max.is_none_or(|max| n <= max);
                            counts[k] = if c.max.is_none() { n.min(c.min) } else { n };
                        }
                    }
                    if fits {
                        next.insert(counts);
                    }
                }
            }
            work += next.len();
            if work > COUNTED {
                let kind = SchemaErrorKind::Limit { name: "counted", value: COUNTED as u64 };
                return Err(self.error(kind, "the counts of `contains` are too large together"));
            }
            if index > steady && index >= shape.min && next.is_subset(&states) {
                return Ok(false);
            }
            if index > steady && index >= shape.min {
                next.extend(states);
            }
            states = next;
            index += 1;
        }
    }
}
