//! What do the keywords say that apply other schemas to the same value?

use std::sync::Arc;

use super::{
    Context, Keywords, Reader, Result, SchemaErrorKind, Target, Value, ValueId, quoted, standard,
};
use crate::schema::{
    expr::ExprId,
    shape::{Alternatives, Member, ObjectShape},
};

impl Reader {
    /// `$ref`.
    pub(super) fn reference(&mut self, value: ValueId, context: Context) -> Result<ExprId> {
        let (target, context) = self.reference_target(value, context)?;
        self.schema_at(target, context)
    }

    /// The schemas that the references of a schema name, each in its context.
    pub(super) fn targets(
        &mut self,
        keywords: &Keywords,
        context: Context,
    ) -> Result<Vec<(ValueId, Context)>> {
        let mut targets = Vec::new();
        if let Some(value) = keywords.reference {
            targets.push(self.reference_target(value, context)?);
        }
        if let Some(value) = keywords.dynamic {
            targets.push(self.dynamic_target(value, context)?);
        }
        if let Some(value) = keywords.recursive {
            targets.push(self.recursive_target(value, context)?);
        }
        Ok(targets)
    }

    fn reference_target(&mut self, value: ValueId, context: Context) -> Result<(ValueId, Context)> {
        self.at("$ref");
        let name = self.text(value, "a reference")?;
        let target = self.index.target(self.document(), context.resource, name);
        self.entered(target, value, context)
    }

    fn dynamic_target(&mut self, value: ValueId, context: Context) -> Result<(ValueId, Context)> {
        self.at("$dynamicRef");
        let name = self.text(value, "a reference")?;
        let scope = &self.scopes[context.scope as usize];
        let target = self.index.dynamic_target(self.document(), context.resource, name, scope);
        self.entered(target, value, context)
    }

    fn recursive_target(&mut self, value: ValueId, context: Context) -> Result<(ValueId, Context)> {
        self.at("$recursiveRef");
        if self.text(value, "`#`")? != "#" {
            return self.malformed("`#`");
        }
        let scope = &self.scopes[context.scope as usize];
        let target = self.index.recursive_target(context.resource, scope);
        self.entered(Some(target), value, context)
    }

    fn entered(
        &mut self,
        target: Option<Target>,
        value: ValueId,
        context: Context,
    ) -> Result<(ValueId, Context)> {
        match target {
            Some(target) => Ok((target.value, self.enter(context, target.resource))),
            None => {
                let name = self.document().as_str(value).unwrap_or_default().to_owned();
                self.standard |= standard::is_meant(&name);
                let message =
                    format!("{} is not in the document, and nothing is fetched", quoted(&name));
                let error = self.error(SchemaErrorKind::Unresolvable, message);
                // Where a schema inside has an identifier, references in it start there; many mean the whole document.
                let whole = (self.options.lenient && name.starts_with('#'))
                    .then(|| self.index.target(self.document(), 0, &name))
                    .flatten();
                let Some(whole) = whole else { return Err(error) };
                self.warnings.push(error);
                Ok((whole.value, self.enter(context, whole.resource)))
            }
        }
    }

    /// Everything that is said by other schemas, as parts of an intersection.
    pub(super) fn applied(
        &mut self,
        keywords: &Keywords,
        context: Context,
        parts: &mut Vec<ExprId>,
    ) -> Result<()> {
        for (target, context) in self.targets(keywords, context)? {
            parts.push(self.schema_at(target, context)?);
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
        self.unevaluated(keywords, context, parts)
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
    pub(super) fn having(&mut self, names: Vec<Arc<str>>) -> Result<ExprId> {
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
