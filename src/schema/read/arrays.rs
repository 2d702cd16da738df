//! What do the keywords for arrays say?

use super::{Context, Draft, Keywords, Reader, Result, Value, ValueId};
use crate::schema::{
    expr::ExprId,
    shape::{ArrayShape, Contains},
};

/// What a schema says of items by index.
#[derive(Debug)]
pub(super) struct Items {
    /// The first items.
    pub(super) prefix: Vec<ExprId>,
    /// All others; `None`: the schema says nothing of them.
    pub(super) rest: Option<ExprId>,
}

impl Reader {
    /// `prefixItems`, `items`, `additionalItems`.
    pub(super) fn items(&mut self, keywords: &Keywords, context: Context) -> Result<Items> {
        let mut items = Items { prefix: Vec::new(), rest: None };
        let list = |reader: &Self, value: ValueId| {
            reader.document().as_array(value).map(<[ValueId]>::to_vec)
        };
        if self.draft(context) == Draft::Draft202012 {
            if let Some(prefix) = keywords.prefix_items {
                self.at("prefixItems");
                items.prefix = self.schemas(prefix, context)?;
            }
            if let Some(rest) = keywords.items {
                self.at("items");
                items.rest = Some(self.schema(rest, context)?);
            }
            return Ok(items);
        }
        let Some(value) = keywords.items else { return Ok(items) };
        self.at("items");
        match list(self, value) {
            None => items.rest = Some(self.schema(value, context)?),
            Some(values) => {
                items.prefix = values
                    .into_iter()
                    .map(|value| self.schema(value, context))
                    .collect::<Result<_>>()?;
                if let Some(rest) = keywords.additional_items {
                    self.at("additionalItems");
                    items.rest = Some(self.schema(rest, context)?);
                }
            }
        }
        Ok(items)
    }

    /// The arrays of a schema; `None`: there are none.
    pub(super) fn array_shape(
        &mut self,
        keywords: &Keywords,
        context: Context,
    ) -> Result<Option<ArrayShape>> {
        let items = self.items(keywords, context)?;
        let mut shape = ArrayShape {
            prefix: items.prefix,
            rest: Some(items.rest.unwrap_or(ExprId::TRUE)),
            ..ArrayShape::all()
        };
        if let Some(min) = keywords.min_items {
            self.at("minItems");
            shape.min = self.count(min)?;
        }
        if let Some(max) = keywords.max_items {
            self.at("maxItems");
            shape.max = Some(self.count(max)?);
        }
        if let Some(unique) = keywords.unique_items {
            self.at("uniqueItems");
            let Value::Bool(unique) = self.document().get(unique) else {
                return self.malformed("`true` or `false`");
            };
            shape.unique = unique;
        }
        if let Some(counted) = keywords.contains {
            let (mut min, mut max) = (1, None);
            if let Some(value) = keywords.min_contains {
                self.at("minContains");
                min = self.count(value)?;
            }
            if let Some(value) = keywords.max_contains {
                self.at("maxContains");
                max = Some(self.count(value)?);
            }
            self.at("contains");
            let schema = self.schema(counted, context)?;
            shape.contains.push(Contains { schema, from: 0, min, max });
        }
        self.at("");
        Ok(self.canon.settle_array(shape))
    }
}
