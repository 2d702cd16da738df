//! What do the keywords for objects say?

use std::{collections::HashMap, sync::Arc};

use super::{Context, Keywords, Reader, Result, ValueId};
use crate::schema::{
    expr::ExprId,
    shape::{KeyClass, Member, ObjectShape},
    text::TextSet,
};

/// What a schema says of members by name.
#[derive(Debug)]
pub(super) struct Named {
    /// `properties`.
    pub(super) members: Vec<(Arc<str>, ExprId)>,
    /// `patternProperties`.
    pub(super) patterns: Vec<(TextSet, ExprId)>,
}

impl Reader {
    /// The names and values of an object of schemas.
    pub(super) fn named(&self, value: ValueId) -> Result<Vec<(Arc<str>, ValueId)>> {
        match self.document().as_object(value) {
            Some(members) => Ok(members.iter().map(|(n, v)| (n.into(), v)).collect()),
            None => self.malformed("an object whose values are schemas"),
        }
    }

    /// An array of strings.
    pub(super) fn names(&self, value: ValueId) -> Result<Vec<Arc<str>>> {
        let names = self.document().as_array(value).map(|items| {
            items.iter().map(|&i| self.document().as_str(i).map(Arc::from)).collect::<Option<_>>()
        });
        match names {
            Some(Some(names)) => Ok(names),
            _ => self.malformed("an array of strings"),
        }
    }

    /// `properties` and `patternProperties`.
    pub(super) fn members(&mut self, keywords: &Keywords, context: Context) -> Result<Named> {
        let mut named = Named { members: Vec::new(), patterns: Vec::new() };
        if let Some(value) = keywords.properties {
            self.at("properties");
            for (name, value) in self.named(value)? {
                let value = self.schema(value, context)?;
                named.members.push((name, value));
            }
        }
        if let Some(value) = keywords.pattern_properties {
            self.at("patternProperties");
            for (pattern, value) in self.named(value)? {
                let value = self.schema(value, context)?;
                if let Some(keys) = self.pattern(&pattern)? {
                    named.patterns.push((keys, value));
                }
            }
        }
        Ok(named)
    }

    /// The objects of a schema but for `propertyNames`; `None`: there are none.
    pub(super) fn object_shape(
        &mut self,
        keywords: &Keywords,
        context: Context,
    ) -> Result<Option<ObjectShape>> {
        let named = self.members(keywords, context)?;
        let mut additional = ExprId::TRUE;
        if let Some(value) = keywords.additional_properties {
            self.at("additionalProperties");
            additional = self.schema(value, context)?;
        }
        let mut shape = self.by_name(named, additional)?;
        if let Some(required) = keywords.required {
            self.at("required");
            self.require(&mut shape, required)?;
        }
        if let Some(min) = keywords.min_properties {
            self.at("minProperties");
            shape.min = self.count(min)?;
        }
        if let Some(max) = keywords.max_properties {
            self.at("maxProperties");
            shape.max = Some(self.count(max)?);
        }
        self.at("");
        self.canon.settle_object(shape)
    }

    /// A shape from members, patterns, and the value of all other keys.
    pub(super) fn by_name(&mut self, named: Named, additional: ExprId) -> Result<ObjectShape> {
        let mut shape = ObjectShape { classes: Vec::new(), ..ObjectShape::all() };
        for (name, value) in named.members {
            let value = match named.patterns.is_empty() {
                true => value,
                false => {
                    let mut values = vec![value];
                    let matching = named.patterns.iter().filter(|(keys, _)| keys.contains(&name));
                    values.extend(matching.map(|(_, value)| *value));
                    self.canon.arena.all(&values)
                }
            };
            shape.members.push(Member { name, value: Some(value), required: false });
        }
        shape.classes = self.classes(&named.patterns, additional)?;
        Ok(shape)
    }

    /// Disjoint classes of keys from sets that may overlap. Cost: the square of the number of patterns, more where they
    /// overlap.
    fn classes(
        &mut self,
        patterns: &[(TextSet, ExprId)],
        additional: ExprId,
    ) -> Result<Vec<KeyClass>> {
        let mut classes: Vec<KeyClass> = Vec::new();
        let mut others = TextSet::all();
        for (keys, value) in patterns {
            let mut fresh = keys.clone();
            let mut split = Vec::with_capacity(classes.len() + 1);
            for class in classes {
                self.canon.spend(1)?;
                let both = self.canon.meet_texts(&class.keys, &fresh)?;
                if both.is_empty() {
                    split.push(class);
                    continue;
                }
                let alone = self.canon.subtract_texts(&class.keys, &both)?;
                fresh = self.canon.subtract_texts(&fresh, &both)?;
                if !alone.is_empty() {
                    split.push(KeyClass { keys: alone, value: class.value });
                }
                let value = self.canon.arena.all(&[class.value, *value]);
                split.push(KeyClass { keys: both, value });
            }
            if !fresh.is_empty() {
                split.push(KeyClass { keys: fresh, value: *value });
            }
            classes = split;
            if additional != ExprId::FALSE {
                others = self.canon.subtract_texts(&others, keys)?;
            }
        }
        if additional != ExprId::FALSE && !others.is_empty() {
            classes.push(KeyClass { keys: others, value: additional });
        }
        Ok(classes)
    }

    /// Makes members required.
    pub(super) fn require(&mut self, shape: &mut ObjectShape, names: ValueId) -> Result<()> {
        let names = self.names(names)?;
        self.require_names(shape, names)
    }

    /// Makes members required.
    pub(super) fn require_names(
        &mut self,
        shape: &mut ObjectShape,
        names: Vec<Arc<str>>,
    ) -> Result<()> {
        if names.len() * shape.members.len() <= 64 {
            for name in names {
                match shape.members.iter_mut().find(|m| m.name == name) {
                    Some(member) => member.required = true,
                    None => {
                        let value = shape.class_value(&name);
                        shape.members.push(Member { name, value, required: true });
                    }
                }
            }
            return Ok(());
        }
        let mut table: HashMap<Arc<str>, usize> =
            shape.members.iter().enumerate().map(|(n, m)| (m.name.clone(), n)).collect();
        for name in names {
            self.canon.spend(1)?;
            match table.get(&name) {
                Some(&n) => shape.members[n].required = true,
                None => {
                    let value = shape.class_value(&name);
                    table.insert(Arc::clone(&name), shape.members.len());
                    shape.members.push(Member { name, value, required: true });
                }
            }
        }
        Ok(())
    }
}
