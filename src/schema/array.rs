//! How are shapes of arrays intersected, subtracted, compared?

use super::{
    error::SchemaErrorKind,
    expr::ExprId,
    normal::{Canon, Result},
    object::{SHAPES, fewer},
    shape::{ArrayShape, Contains},
};

/// How deep it is tried to see that two items are disjoint while shapes are intersected.
const DEPTH: usize = 6;

/// Longest prefix that a shape may get from what is subtracted.
const PREFIX: u64 = 1_000;

impl Canon {
    /// The arrays of both shapes; `None` if that is plainly none. Cost: O(prefixes).
    pub(crate) fn meet_arrays(
        &mut self,
        a: &ArrayShape,
        b: &ArrayShape,
    ) -> Result<Option<ArrayShape>> {
        if a.is_all() {
            return Ok(Some(b.clone()));
        }
        if b.is_all() || a == b {
            return Ok(Some(a.clone()));
        }
        let length = a.prefix.len().max(b.prefix.len());
        self.spend(1 + length)?;
        let mut met = ArrayShape {
            prefix: Vec::with_capacity(length),
            rest: None,
            min: a.min.max(b.min),
            max: fewer(a.max, b.max),
            contains: a.contains.clone(),
            unique: a.unique || b.unique,
        };
        met.contains.extend(b.contains.iter().filter(|c| !a.contains.contains(c)).cloned());
        for index in 0..length {
            match (a.item(index), b.item(index)) {
                (Some(x), Some(y)) if !self.apart(x, y, DEPTH) => {
                    met.prefix.push(self.arena.all(&[x, y]));
                }
                _ => {
                    met.prefix.push(ExprId::FALSE);
                    break;
                }
            }
        }
        if let (Some(x), Some(y)) = (a.rest, b.rest) {
            met.rest = Some(self.arena.all(&[x, y]));
        }
        Ok(self.settle_array(met))
    }

    /// Brings a shape in order: what it plainly cannot have goes away, and `None` if that is everything.
    pub(crate) fn settle_array(&mut self, mut shape: ArrayShape) -> Option<ArrayShape> {
        if shape.rest == Some(ExprId::FALSE) {
            shape.rest = None;
        }
        if let Some(end) = shape.prefix.iter().position(|&e| e == ExprId::FALSE) {
            shape.prefix.truncate(end);
            shape.rest = None;
        }
        let mut contains = std::mem::take(&mut shape.contains);
        contains.retain(|c| {
            if c.schema == ExprId::TRUE {
                if c.min > 0 {
                    shape.min = shape.min.max(c.from.saturating_add(c.min));
                }
                if let Some(max) = c.max {
                    shape.max = fewer(shape.max, Some(c.from.saturating_add(max)));
                }
            }
            c.schema != ExprId::TRUE && (c.min > 0 || c.max.is_some())
        });
        for c in &contains {
            if c.max.is_some_and(|max| max < c.min) || c.schema == ExprId::FALSE && c.min > 0 {
                return None;
            }
            if c.min > 0 {
                shape.min = shape.min.max(c.from.saturating_add(c.min));
            }
        }
        contains.retain(|c| c.schema != ExprId::FALSE);
        shape.contains = contains;
        if let Some(max) = shape.max
            && shape.prefix.len() as u64 >= max
        {
            shape.prefix.truncate(usize::try_from(max).unwrap_or(usize::MAX));
            shape.rest = None;
        }
        match shape.rest {
            Some(rest) => {
                while shape.prefix.last() == Some(&rest) {
                    shape.prefix.pop();
                }
            }
            None => shape.max = Some(shape.prefix.len() as u64),
        }
        if shape.max.is_some_and(|max| max <= 1) {
            shape.unique = false;
        }
        shape.max.is_none_or(|max| shape.min <= max).then_some(shape)
    }

    /// The arrays of some shapes that are in none of the others.
    pub(crate) fn subtract_arrays<'a>(
        &mut self,
        from: Vec<ArrayShape>,
        others: impl Iterator<Item = &'a ArrayShape>,
    ) -> Result<Vec<ArrayShape>> {
        let mut left = from;
        for other in others {
            if left.is_empty() {
                break;
            }
            let mut next = Vec::new();
            let breaches = self.breaches_of_array(other)?;
            for shape in &left {
                if self.array_within(shape, other) {
                    continue;
                }
                if self.meet_arrays(shape, other)?.is_none() {
                    self.join_array(&mut next, shape.clone())?;
                    continue;
                }
                if other.unique && !shape.unique && shape.max.is_none_or(|max| max > 1) {
                    return Err(self.error(
                        SchemaErrorKind::Unsupported,
                        "the negation of `uniqueItems` cannot be followed exactly",
                    ));
                }
                for breach in &breaches {
                    if let Some(met) = self.meet_arrays(shape, breach)? {
                        self.join_array(&mut next, met)?;
                    }
                }
                if next.len() > SHAPES {
                    return Err(self.many_shapes());
                }
            }
            left = next;
        }
        Ok(left)
    }

    /// All ways for an array not to be of a shape, but for repeating an item.
    fn breaches_of_array(&mut self, shape: &ArrayShape) -> Result<Vec<ArrayShape>> {
        let mut breaches = Vec::new();
        if shape.prefix.len() as u64 > PREFIX {
            let kind = SchemaErrorKind::Limit { name: "prefix", value: PREFIX };
            return Err(self.error(kind, "the negation of a long prefix"));
        }
        for (n, &item) in shape.prefix.iter().enumerate() {
            let other = self.arena.not(item);
            if other != ExprId::FALSE {
                let mut prefix = vec![ExprId::TRUE; n];
                prefix.push(other);
                breaches.push(ArrayShape { prefix, min: n as u64 + 1, ..ArrayShape::all() });
            }
            self.spend(n + 1)?;
        }
        if let Some(rest) = shape.rest
            && rest != ExprId::TRUE
        {
            let schema = self.arena.not(rest);
            let from = shape.prefix.len() as u64;
            let contains = vec![Contains { schema, from, min: 1, max: None }];
            breaches.push(ArrayShape { contains, min: from + 1, ..ArrayShape::all() });
        }
        if shape.min > 0 {
            let max = Some(shape.min - 1);
            let rest = (shape.min > 1).then_some(ExprId::TRUE);
            breaches.push(ArrayShape { max, rest, ..ArrayShape::all() });
        }
        if let Some(max) = shape.max {
            breaches.push(ArrayShape { min: max.saturating_add(1), ..ArrayShape::all() });
        }
        for c in &shape.contains {
            let part = |min, max| ArrayShape {
                contains: vec![Contains { min, max, ..c.clone() }],
                ..ArrayShape::all()
            };
            if c.min > 0 {
                breaches.push(part(0, Some(c.min - 1)));
            }
            if let Some(max) = c.max {
                breaches.push(part(max.saturating_add(1), None));
            }
        }
        Ok(breaches.into_iter().filter_map(|b| self.settle_array(b)).collect())
    }

    /// Whether every array of `a` is plainly one of `b`. No answer is a no.
    pub(crate) fn array_within(&self, a: &ArrayShape, b: &ArrayShape) -> bool {
        if b.is_all() || a == b {
            return true;
        }
        if a.min < b.min
            || b.max.is_some_and(|max| a.max.is_none_or(|m| m > max))
            || b.unique && !a.unique
            || !b.contains.iter().all(|c| a.contains.contains(c))
        {
            return false;
        }
        let length = a.prefix.len().max(b.prefix.len());
        (0..=length).all(|index| match (a.item(index), b.item(index)) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(x), Some(y)) => self.within(x, y),
        })
    }

    /// Whether two shapes are plainly disjoint. No answer is a no.
    pub(crate) fn arrays_apart(&self, a: &ArrayShape, b: &ArrayShape, depth: usize) -> bool {
        if b.max.is_some_and(|max| max < a.min) || a.max.is_some_and(|max| max < b.min) {
            return true;
        }
        let least = a.min.max(b.min).min(a.prefix.len().max(b.prefix.len()) as u64 + 1);
        depth > 0
            && (0..usize::try_from(least).unwrap_or(usize::MAX)).any(|index| {
                match (a.item(index), b.item(index)) {
                    (Some(x), Some(y)) => self.apart(x, y, depth),
                    _ => true,
                }
            })
    }
}
