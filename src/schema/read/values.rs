//! Which values do `const` and `enum` list?

use std::sync::Arc;

use super::{Reader, Result, Value, ValueId};
use crate::schema::{
    expr::ExprId,
    number::NumberSet,
    shape::{Alternatives, ArrayShape, Member, ObjectShape},
    text::TextSet,
};

impl Reader {
    /// The form of a list of values, or of one value. O(size of the values).
    pub(super) fn listed(&mut self, value: ValueId, many: bool) -> Result<Alternatives> {
        if !many {
            return self.values(&[value]);
        }
        match self.document().as_array(value) {
            Some(items) => {
                let items = items.to_vec();
                self.values(&items)
            }
            None => self.malformed("an array"),
        }
    }

    /// The form of some values. Values in values become leaves first; the depth is the document's, which is bounded.
    fn values(&mut self, values: &[ValueId]) -> Result<Alternatives> {
        self.canon.spend(values.len())?;
        let mut form = Alternatives::none();
        let mut texts = Vec::new();
        let mut numbers = Vec::new();
        for &value in values {
            match self.document().get(value) {
                Value::Null => form.null = true,
                Value::Bool(b) => form.truth[usize::from(b)] = true,
                Value::String(s) => texts.push(s.to_owned()),
                Value::Number(_) => numbers.push(self.decimal(value)?),
                Value::Array(items) => {
                    let items = items.to_vec();
                    let prefix = items
                        .into_iter()
                        .map(|item| self.exactly(item))
                        .collect::<Result<Vec<_>>>()?;
                    let length = prefix.len() as u64;
                    let shape = ArrayShape {
                        prefix,
                        rest: None,
                        min: length,
                        max: Some(length),
                        contains: Vec::new(),
                        unique: false,
                    };
                    if !form.arrays.contains(&shape) {
                        form.arrays.push(shape);
                    }
                }
                Value::Object(members) => {
                    let members: Vec<(Arc<str>, ValueId)> =
                        members.iter().map(|(n, v)| (n.into(), v)).collect();
                    let members = members
                        .into_iter()
                        .map(|(name, value)| {
                            let value = Some(self.exactly(value)?);
                            Ok(Member { name, value, required: true })
                        })
                        .collect::<Result<Vec<_>>>()?;
                    form.objects.push(ObjectShape {
                        members,
                        classes: Vec::new(),
                        min: 0,
                        max: None,
                        some: Vec::new(),
                    });
                }
            }
        }
        if !texts.is_empty() {
            form.text = TextSet::from_strings(texts);
        }
        if !numbers.is_empty() {
            form.number = NumberSet::from_values(numbers);
        }
        Ok(form)
    }

    /// One value as an expression.
    fn exactly(&mut self, value: ValueId) -> Result<ExprId> {
        let form = self.values(&[value])?;
        Ok(self.canon.arena.leaf(form))
    }
}
