//! Intersections, unions and differences of scalars, with errors at the place where work is going on.

use std::borrow::Cow;

use super::{
    normal::{Canon, Result},
    number::NumberSet,
    shape::Alternatives,
    text::TextSet,
};

impl Canon {
    /// Both sets of strings.
    pub(crate) fn meet_texts(&self, a: &TextSet, b: &TextSet) -> Result<TextSet> {
        if a.is_all() || b.is_empty() || a == b {
            return Ok(b.clone());
        }
        if b.is_all() || a.is_empty() {
            return Ok(a.clone());
        }
        a.intersect(b, &self.limits).map_err(|e| self.part_error(&e))
    }

    /// The strings in `a` and not in `b`.
    pub(crate) fn subtract_texts(&self, a: &TextSet, b: &TextSet) -> Result<TextSet> {
        if b.is_empty() || a.is_empty() {
            return Ok(a.clone());
        }
        if b.is_all() || a == b {
            return Ok(TextSet::none());
        }
        a.without(b, &self.limits).map_err(|e| self.part_error(&e))
    }

    /// The strings that may be in a form: those that are, and those of which it is not known.
    pub(crate) fn possible<'a>(&self, form: &'a Alternatives) -> Result<Cow<'a, TextSet>> {
        Ok(match &form.doubtful {
            Some(doubtful) => Cow::Owned(self.join_texts(&form.text, doubtful)?),
            None => Cow::Borrowed(&form.text),
        })
    }

    /// The strings of either.
    pub(crate) fn join_texts(&self, a: &TextSet, b: &TextSet) -> Result<TextSet> {
        if a.is_all() || b.is_empty() || a == b {
            return Ok(a.clone());
        }
        if b.is_all() || a.is_empty() {
            return Ok(b.clone());
        }
        a.union(b, &self.limits).map_err(|e| self.part_error(&e))
    }

    /// The numbers of both.
    pub(crate) fn meet_numbers(&self, a: &NumberSet, b: &NumberSet) -> Result<NumberSet> {
        if a.is_all() || b.is_empty() || a == b {
            return Ok(b.clone());
        }
        if b.is_all() || a.is_empty() {
            return Ok(a.clone());
        }
        a.intersect(b).map_err(|e| self.part_error(&e))
    }

    /// The numbers in `a` and not in `b`.
    pub(crate) fn subtract_numbers(&self, a: &NumberSet, b: &NumberSet) -> Result<NumberSet> {
        if b.is_empty() || a.is_empty() {
            return Ok(a.clone());
        }
        if b.is_all() || a == b {
            return Ok(NumberSet::none());
        }
        let rest = b.complement().map_err(|e| self.part_error(&e))?;
        self.meet_numbers(a, &rest)
    }

    /// The numbers of either.
    pub(crate) fn join_numbers(&self, a: &NumberSet, b: &NumberSet) -> Result<NumberSet> {
        if a.is_all() || b.is_empty() || a == b {
            return Ok(a.clone());
        }
        if b.is_all() || a.is_empty() {
            return Ok(b.clone());
        }
        a.union(b).map_err(|e| self.part_error(&e))
    }

    /// The union of many sets, in pairs of neighbours: each element moves a logarithmic number of times.
    pub(crate) fn join_many<T: Clone>(
        &mut self,
        sets: &[&T],
        none: T,
        join: impl Fn(&Self, &T, &T) -> Result<T>,
    ) -> Result<T> {
        let mut level: Vec<T> = match sets {
            [] => return Ok(none),
            _ => sets
                .chunks(2)
                .map(|pair| self.pair(pair[0], pair.get(1).copied(), &join))
                .collect::<Result<_>>()?,
        };
        while level.len() > 1 {
            self.spend(level.len())?;
            level = level
                .chunks(2)
                .map(|pair| self.pair(&pair[0], pair.get(1), &join))
                .collect::<Result<_>>()?;
        }
        Ok(level.pop().unwrap_or(none))
    }

    fn pair<T: Clone>(
        &self,
        a: &T,
        b: Option<&T>,
        join: &impl Fn(&Self, &T, &T) -> Result<T>,
    ) -> Result<T> {
        b.map_or_else(|| Ok(a.clone()), |b| join(self, a, b))
    }
}
