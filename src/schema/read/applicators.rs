//! What do the keywords say that apply other schemas to the same value?

use super::{Context, Keywords, Reader, Result, SchemaErrorKind, Value, ValueId, quoted};
use crate::schema::{
    expr::ExprId,
    shape::{Alternatives, Member, ObjectShape},
};

impl Reader {
    /// `$ref`.
    pub(super) fn reference(&mut self, value: ValueId, context: Context) -> Result<ExprId> {
        self.at("$ref");
        let name = self.text(value, "a reference")?;
        match self.index.target(self.document(), context.resource, name) {
            Some(target) => self.target(target, context),
            None => self.unresolvable(value),
        }
    }

    fn unresolvable(&self, value: ValueId) -> Result<ExprId> {
        let name = self.document().as_str(value).unwrap_or_default();
        Err(self.error(
            SchemaErrorKind::Unresolvable,
            format!("{} is not in the document, and nothing is fetched", quoted(name)),
        ))
    }

    /// `$dynamicRef`.
    fn dynamic(&mut self, value: ValueId, context: Context) -> Result<ExprId> {
        self.at("$dynamicRef");
        let name = self.text(value, "a reference")?;
        let scope = &self.scopes[context.scope as usize];
        match self.index.dynamic_target(self.document(), context.resource, name, scope) {
            Some(target) => self.target(target, context),
            None => self.unresolvable(value),
        }
    }

    /// `$recursiveRef`.
    fn recursive(&mut self, value: ValueId, context: Context) -> Result<ExprId> {
        self.at("$recursiveRef");
        if self.text(value, "`#`")? != "#" {
            return self.malformed("`#`");
        }
        let scope = &self.scopes[context.scope as usize];
        let target = self.index.recursive_target(context.resource, scope);
        self.target(target, context)
    }

    /// Everything that is said by other schemas, as parts of an intersection.
    pub(super) fn applied(
        &mut self,
        keywords: &Keywords,
        context: Context,
        parts: &mut Vec<ExprId>,
    ) -> Result<()> {
        if let Some(value) = keywords.reference {
            parts.push(self.reference(value, context)?);
        }
        if let Some(value) = keywords.dynamic {
            parts.push(self.dynamic(value, context)?);
        }
        if let Some(value) = keywords.recursive {
            parts.push(self.recursive(value, context)?);
        }
        if let Some(value) = keywords.all_of {
            self.at("allOf");
            parts.extend(self.schemas(value, context)?);
        }
        if let Some(value) = keywords.any_of {
            self.at("anyOf");
            let schemas = self.schemas(value, context)?;
            parts.push(self.canon.arena.any(&schemas));
        }
        if let Some(value) = keywords.one_of {
            self.at("oneOf");
            let schemas = self.schemas(value, context)?;
            parts.push(self.canon.arena.one(&schemas));
        }
        if let Some(value) = keywords.not {
            self.at("not");
            let schema = self.schema(value, context)?;
            parts.push(self.canon.arena.not(schema));
        }
        if let Some(value) = keywords.condition {
            self.at("if");
            let condition = self.schema(value, context)?;
            let branch = |reader: &mut Self, keyword, value: Option<ValueId>| {
                reader.at(keyword);
                value.map_or(Ok(ExprId::TRUE), |value| reader.schema(value, context))
            };
            let then = branch(self, "then", keywords.consequence)?;
            let other = branch(self, "else", keywords.alternative)?;
            self.at("if");
            if then != ExprId::TRUE || other != ExprId::TRUE {
                let arena = &mut self.canon.arena;
                let against = arena.not(condition);
                let yes = arena.all(&[condition, then]);
                let no = arena.all(&[against, other]);
                parts.push(arena.any(&[yes, no]));
            }
        }
        if let Some(value) = keywords.property_names {
            self.at("propertyNames");
            let names = self.schema(value, context)?;
            parts.push(self.canon.arena.names(names));
        }
        self.dependencies(keywords, context, parts)?;
        Ok(())
    }

    /// `dependencies`, `dependentRequired`, `dependentSchemas`.
    fn dependencies(
        &mut self,
        keywords: &Keywords,
        context: Context,
        parts: &mut Vec<ExprId>,
    ) -> Result<()> {
        for (keyword, value) in [
            ("dependencies", keywords.dependencies),
            ("dependentRequired", keywords.dependent_required),
            ("dependentSchemas", keywords.dependent_schemas),
        ] {
            let Some(value) = value else { continue };
            self.at(keyword);
            for (name, value) in self.named(value)? {
                let list = matches!(self.document().get(value), Value::Array(_));
                let name_only = matches!(self.document().get(value), Value::String(_));
                let met = match keyword {
                    "dependencies" | "dependentRequired" if list => {
                        let names = self.names(value)?;
                        self.having(names)?
                    }
                    "dependentRequired" => return self.malformed("arrays of strings"),
                    "dependencies" if name_only => {
                        return self.malformed("arrays of strings, or schemas");
                    }
                    _ => self.schema(value, context)?,
                };
                if met != ExprId::TRUE {
                    let without = self.without(&name);
                    let having = self.having(vec![name])?;
                    let arena = &mut self.canon.arena;
                    let yes = arena.all(&[having, met]);
                    parts.push(arena.any(&[without, yes]));
                }
            }
        }
        Ok(())
    }

    /// Objects with some members; whatever is no object.
    pub(super) fn having(&mut self, names: Vec<Box<str>>) -> Result<ExprId> {
        let mut form = Alternatives::all();
        self.require_names(&mut form.objects[0], names)?;
        Ok(self.canon.arena.leaf(form))
    }

    /// Objects without a member; whatever is no object.
    pub(super) fn without(&mut self, name: &str) -> ExprId {
        let mut form = Alternatives::all();
        form.objects = vec![ObjectShape {
            members: vec![Member { name: name.into(), value: None, required: false }],
            ..ObjectShape::all()
        }];
        self.canon.arena.leaf(form)
    }
}
