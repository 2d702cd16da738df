//! What does the slow and obvious judge say of a value?
//!
//! It looks at whole values and knows nothing of bytes: what the automata answer is compared with it.

use super::{
    error::{SchemaErrorKind, quoted},
    expr::ExprId,
    normal::{Canon, Result},
    number::Decimal,
    read::document::{Document, Value, ValueId},
    shape::{ArrayShape, ObjectShape},
};

impl Canon {
    /// Whether a value fulfils an expression. Recursion is as deep as the value, which its reader bounds.
    pub(crate) fn accepts(
        &mut self,
        id: ExprId,
        document: &Document,
        value: ValueId,
    ) -> Result<bool> {
        let form = self.clean(id)?;
        Ok(match document.get(value) {
            Value::Null => form.null,
            Value::Bool(b) => form.truth[usize::from(b)],
            Value::Number(spelled) => match Decimal::parse(spelled) {
                Some(number) => form.number.contains(&number),
                None if form.number.is_all() || form.number.is_empty() => form.number.is_all(),
                None => {
                    let message = format!("the number {} is beyond all bounds", quoted(spelled));
                    return Err(self.error(SchemaErrorKind::Unsupported, message));
                }
            },
            Value::String(s) => form.text.contains(s),
            Value::Array(items) => {
                for shape in &form.arrays {
                    if self.accepts_array(shape, document, items)? {
                        return Ok(true);
                    }
                }
                false
            }
            Value::Object(_) => {
                for shape in &form.objects {
                    if self.accepts_object(shape, document, value)? {
                        return Ok(true);
                    }
                }
                false
            }
        })
    }

    fn accepts_array(
        &mut self,
        shape: &ArrayShape,
        document: &Document,
        items: &[ValueId],
    ) -> Result<bool> {
        let length = items.len() as u64;
        if length < shape.min || shape.max.is_some_and(|max| length > max) {
            return Ok(false);
        }
        for (index, &item) in items.iter().enumerate() {
            let Some(schema) = shape.item(index) else { return Ok(false) };
            if !self.accepts(schema, document, item)? {
                return Ok(false);
            }
            if shape.unique && items[..index].iter().any(|&other| equal(document, item, other)) {
                return Ok(false);
            }
        }
        for count in &shape.contains {
            let mut found = 0;
            for &item in items.iter().skip(usize::try_from(count.from).unwrap_or(usize::MAX)) {
                found += u64::from(self.accepts(count.schema, document, item)?);
            }
            if found < count.min || count.max.is_some_and(|max| found > max) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn accepts_object(
        &mut self,
        shape: &ObjectShape,
        document: &Document,
        object: ValueId,
    ) -> Result<bool> {
        let members: Vec<_> =
            document.as_object(object).into_iter().flat_map(|m| m.iter()).collect();
        let length = members.len() as u64;
        if length < shape.min || shape.max.is_some_and(|max| length > max) {
            return Ok(false);
        }
        if !shape.members.iter().all(|m| !m.required || members.iter().any(|&(n, _)| *n == *m.name))
        {
            return Ok(false);
        }
        for &(name, value) in &members {
            let Some(schema) = shape.value(name) else { return Ok(false) };
            if !self.accepts(schema, document, value)? {
                return Ok(false);
            }
        }
        for some in &shape.some {
            let mut found = false;
            for &(name, value) in &members {
                found = found
                    || some.keys.contains(name) && self.accepts(some.value, document, value)?;
            }
            if !found {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Whether two values are equal as JSON Schema means it: numbers by value, objects without order.
pub(crate) fn equal(document: &Document, a: ValueId, b: ValueId) -> bool {
    match (document.get(a), document.get(b)) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Number(a), Value::Number(b)) => {
            a == b || Decimal::parse(a).is_some_and(|a| Decimal::parse(b) == Some(a))
        }
        (Value::String(a), Value::String(b)) => a == b,
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(&a, &b)| equal(document, a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| equal(document, a, b)))
        }
        _ => false,
    }
}
