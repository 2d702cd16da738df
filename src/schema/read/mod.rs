//! What does a schema document say?
//!
//! Every schema that can be reached becomes a place with a body. Schemas are read from a work-list, so that references may
//! lead back and nesting costs no recursion.

mod applicators;
mod arrays;
pub(crate) mod document;
mod keywords;
mod objects;
mod scalars;
mod standard;
mod unevaluated;
mod values;

use std::collections::HashMap;

use rustc_hash::FxHashMap;

use self::{
    document::{Document, Malformed, Value, ValueId},
    keywords::Keywords,
};
use super::{
    error::{SchemaError, SchemaErrorKind, quoted},
    expr::{Arena, ExprId, PlaceId},
    normal::{Canon, Result},
    options::{Draft, Formats, SchemaOptions},
    resolve::{Index, ResourceId, Target},
    shape::Alternatives,
    text::TextSet,
};
use crate::{Limits, fuel::Fuel};

/// A dynamic scope, by number. Number 0 is the empty one.
type ScopeId = u32;

/// Where a schema stands: its resource, and the way that led there as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Context {
    resource: ResourceId,
    scope: ScopeId,
}

/// A schema whose body is still to be read.
#[derive(Clone, Copy, Debug)]
struct Pending {
    place: PlaceId,
    value: ValueId,
    context: Context,
}

/// What has been read so far.
#[derive(Debug)]
pub(crate) struct Reader {
    canon: Canon,
    index: Index,
    options: SchemaOptions,
    places: FxHashMap<(ValueId, ScopeId), ExprId>,
    scopes: Vec<Vec<ResourceId>>,
    scope_ids: HashMap<Vec<ResourceId>, ScopeId>,
    pending: Vec<Pending>,
    patterns: HashMap<String, TextSet>,
    warnings: Vec<SchemaError>,
    /// Whether a reference led to a schema of the drafts' own that was not read.
    standard: bool,
}

/// A document, read: its expressions, the root's, and what was ignored.
#[derive(Debug)]
pub(crate) struct ReadSchema {
    /// All expressions.
    pub(crate) canon: Canon,
    /// The root.
    pub(crate) root: ExprId,
    /// What was ignored.
    pub(crate) warnings: Vec<SchemaError>,
}

/// Reads a JSON text within the limits.
pub(crate) fn document(text: &str, limits: &Limits) -> Result<Document> {
    within(text.len(), limits)?;
    let read = Document::read(text, limits.schema_nesting);
    read.map_err(|error| malformed(text, "", &error, limits))
}

/// Refuses texts that are longer than the limits allow.
fn within(bytes: usize, limits: &Limits) -> Result<()> {
    if bytes <= limits.schema_bytes {
        return Ok(());
    }
    let kind = SchemaErrorKind::Limit { name: "schema_bytes", value: limits.schema_bytes as u64 };
    let message = format!("the text is {bytes} bytes long");
    Err(SchemaError::new(kind, String::new(), "", message))
}

/// What is wrong with a text that is no JSON, or nested too deep.
fn malformed(text: &str, name: &str, error: &Malformed, limits: &Limits) -> SchemaError {
    let &Malformed { at, what, deep } = error;
    let kind = if deep {
        SchemaErrorKind::Limit { name: "schema_nesting", value: limits.schema_nesting as u64 }
    } else {
        SchemaErrorKind::NotASchema
    };
    let before = &text.as_bytes()[..at.min(text.len())];
    let start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
    let column = 1 + String::from_utf8_lossy(&before[start..]).chars().count();
    let message = format!("no JSON text, in line {line}, column {column}: {what}");
    SchemaError::new(kind, name.to_owned(), "", message)
}

/// Reads a schema. The drafts' own schemas are read with it only if a reference leads to one.
pub(crate) fn read(text: &str, options: &SchemaOptions, limits: &Limits) -> Result<ReadSchema> {
    let mut standard = false;
    match read_once(text, options, limits, &mut standard) {
        Err(_) if standard => read_once(text, options, limits, &mut standard),
        result => result,
    }
}

/// Reads a schema; `standard`: together with the drafts' own schemas. Afterwards: whether one of those was missed.
fn read_once(
    text: &str,
    options: &SchemaOptions,
    limits: &Limits,
    standard: &mut bool,
) -> Result<ReadSchema> {
    let mut document = document(text, limits)?;
    for (name, text) in &options.documents {
        append(&mut document, name, text, limits)?;
    }
    for text in standard::texts().filter(|_| *standard) {
        append(&mut document, "", text, limits)?;
    }
    let root = document.root();
    let mut warnings = Vec::new();
    let draft = root_draft(&document, options, &mut warnings)?;
    let index = Index::build(&document, draft).map_err(|at| unknown_draft(&document, at))?;
    let mut reader = Reader {
        canon: Canon {
            arena: Arena::new(root),
            fuel: Fuel::new(limits.schema_work, limits.compile_time),
            limits: limits.clone(),
            numbers: HashMap::new(),
            document,
        },
        index,
        options: options.clone(),
        places: FxHashMap::default(),
        scopes: vec![Vec::new()],
        scope_ids: HashMap::new(),
        pending: Vec::new(),
        patterns: HashMap::new(),
        warnings,
        standard: false,
    };
    let root = reader.read_all(root);
    *standard = reader.standard;
    Ok(ReadSchema { root: root?, canon: reader.canon, warnings: reader.warnings })
}

/// Reads a further text into a document.
fn append(document: &mut Document, name: &str, text: &str, limits: &Limits) -> Result<()> {
    within(document.bytes() + text.len(), limits)?;
    let read = document.append(name, text, limits.schema_nesting);
    read.map(drop).map_err(|error| malformed(text, name, &error, limits))
}

/// The draft of the whole document.
fn root_draft(
    document: &Document,
    options: &SchemaOptions,
    warnings: &mut Vec<SchemaError>,
) -> Result<Draft> {
    let members = document.as_object(document.root());
    let Some(schema) = members.and_then(|m| m.get("$schema")) else { return Ok(options.draft) };
    match document.as_str(schema).map(Draft::from_uri) {
        Some(Some(draft)) => Ok(draft),
        _ if options.lenient => {
            warnings.push(unknown_draft(document, schema));
            Ok(options.draft)
        }
        _ => Err(unknown_draft(document, schema)),
    }
}

fn unknown_draft(document: &Document, at: ValueId) -> SchemaError {
    let name = document.as_str(at).map_or_else(|| "this".to_owned(), quoted);
    let message =
        format!("{name} names no draft that is known; known are 4, 6, 7, 2019-09, 2020-12");
    SchemaError::new(SchemaErrorKind::Unsupported, String::new(), "$schema", message)
}

impl Reader {
    /// Reads a schema and all that it refers to.
    fn read_all(&mut self, root: ValueId) -> Result<ExprId> {
        let context = self.enter(Context { resource: 0, scope: 0 }, 0);
        let root = self.schema_at(root, context)?;
        while let Some(pending) = self.pending.pop() {
            self.canon.arena.here.value = pending.value;
            self.canon.arena.here.keyword = "";
            let body = self.body(pending.value, pending.context)?;
            self.canon.arena.set_body(pending.place, body);
        }
        Ok(root)
    }

    fn document(&self) -> &Document {
        &self.canon.document
    }

    fn draft(&self, context: Context) -> Draft {
        self.index.resource(context.resource).draft
    }

    /// Says which keyword is being read.
    fn at(&mut self, keyword: &'static str) {
        self.canon.arena.here.keyword = keyword;
    }

    /// An error at the keyword that is being read.
    fn error(&self, kind: SchemaErrorKind, message: impl Into<String>) -> SchemaError {
        self.canon.error(kind, message)
    }

    /// The keyword that is being read has a value that no draft allows.
    fn malformed<T>(&self, expected: &str) -> Result<T> {
        Err(self.error(SchemaErrorKind::NotASchema, format!("expected {expected}")))
    }

    /// Something that cannot be followed exactly: an error, or a warning where the options are lenient.
    fn unsupported(&mut self, message: impl Into<String>) -> Result<()> {
        let error = self.error(SchemaErrorKind::Unsupported, message);
        if !self.options.lenient {
            return Err(error);
        }
        self.warnings.push(error);
        Ok(())
    }

    fn text<'a>(&'a self, value: ValueId, expected: &str) -> Result<&'a str> {
        match self.document().as_str(value) {
            Some(text) => Ok(text),
            None => self.malformed(expected),
        }
    }

    fn count(&self, value: ValueId) -> Result<u64> {
        match self.document().as_count(value) {
            Some(count) => Ok(count),
            None => self.malformed("a whole number that is not negative"),
        }
    }

    /// The context inside a resource, entered from another.
    fn enter(&mut self, from: Context, resource: ResourceId) -> Context {
        let mut scope = from.scope;
        if self.index.matters(resource) && !self.scopes[scope as usize].contains(&resource) {
            let mut longer = self.scopes[scope as usize].clone();
            longer.push(resource);
            scope = match self.scope_ids.get(&longer) {
                Some(&known) => known,
                None => {
                    let id = u32::try_from(self.scopes.len())
                        .expect("invariant: each scope belongs to a place, which costs fuel");
                    self.scopes.push(longer.clone());
                    self.scope_ids.insert(longer, id);
                    id
                }
            };
        }
        Context { resource, scope }
    }

    /// The expression of a schema inside another.
    fn schema(&mut self, value: ValueId, context: Context) -> Result<ExprId> {
        let context = match self.index.starting_at(value) {
            Some(resource) => self.enter(context, resource),
            None => context,
        };
        self.schema_at(value, context)
    }

    /// The expression of a schema in its own context.
    fn schema_at(&mut self, value: ValueId, context: Context) -> Result<ExprId> {
        match self.document().get(value) {
            Value::Bool(true) => return Ok(ExprId::TRUE),
            Value::Bool(false) => return Ok(ExprId::FALSE),
            Value::Object(members) if members.is_empty() => return Ok(ExprId::TRUE),
            Value::Object(_) => {}
            _ => {
                self.canon.arena.here.value = value;
                return self.malformed("a schema: an object, `true` or `false`");
            }
        }
        if let Some(&known) = self.places.get(&(value, context.scope)) {
            return Ok(known);
        }
        self.canon.spend(1)?;
        let (place, id) = self.canon.arena.place();
        self.places.insert((value, context.scope), id);
        self.pending.push(Pending { place, value, context });
        Ok(id)
    }

    /// The schemas of a non-empty array.
    fn schemas(&mut self, value: ValueId, context: Context) -> Result<Vec<ExprId>> {
        let items = match self.document().as_array(value) {
            Some(items) if !items.is_empty() => items.to_vec(),
            _ => return self.malformed("a non-empty array of schemas"),
        };
        items.into_iter().map(|item| self.schema(item, context)).collect()
    }

    /// The expression of a schema: the intersection of what its keywords say.
    fn body(&mut self, value: ValueId, context: Context) -> Result<ExprId> {
        let draft = self.draft(context);
        let Some(members) = self.document().as_object(value) else {
            return self.malformed("a schema: an object, `true` or `false`");
        };
        let (keywords, foreign) = Keywords::of(&members, draft);
        // Annotations in all drafts but this one.
        let content = ["contentEncoding", "contentMediaType"]
            .into_iter()
            .find(|name| draft == Draft::Draft7 && members.get(name).is_some());
        self.canon.spend(1)?;
        let before = draft < Draft::Draft201909;
        if let Some(reference) = keywords.reference
            && before
        {
            // Before 2019-09, a reference stands for itself: what is beside it means nothing.
            return self.reference(reference, context);
        }
        if let Some(foreign) = foreign {
            self.at(foreign);
            let message = "this draft does not know the keyword: it is an annotation";
            self.warnings.push(self.error(SchemaErrorKind::Unsupported, message));
        }
        if let Some(content) = content {
            self.at(content);
            self.unsupported("draft 7 has it assert what a string contains")?;
        }
        let mut parts = Vec::new();
        let leaf = self.leaf(&keywords, context)?;
        if leaf != ExprId::TRUE {
            parts.push(leaf);
        }
        self.applied(&keywords, context, &mut parts)?;
        self.at("");
        Ok(match parts[..] {
            [one] => one,
            _ => self.canon.arena.all(&parts),
        })
    }

    /// What the keywords say that look at values of one type.
    fn leaf(&mut self, keywords: &Keywords, context: Context) -> Result<ExprId> {
        let types = self.types(keywords)?;
        let mut form = Alternatives::none();
        form.null = types.null;
        form.truth = [types.truth; 2];
        if types.number || types.integer {
            form.number = self.numbers(keywords, context, types.integer && !types.number)?;
        } else {
            self.numbers(keywords, context, false)?;
        }
        let (text, doubtful) = self.texts(keywords, context, types.text)?;
        if types.text {
            (form.text, form.doubtful) = (text, doubtful);
        }
        let array = self.array_shape(keywords, context)?;
        if types.array {
            form.arrays.extend(array);
        }
        let object = self.object_shape(keywords, context)?;
        if types.object {
            form.objects.extend(object);
        }
        if keywords.values.is_none() && keywords.constant.is_none() {
            self.at("");
            return Ok(self.canon.arena.leaf(form));
        }
        for (value, many) in [(keywords.values, true), (keywords.constant, false)] {
            let Some(value) = value else { continue };
            self.at(if many { "enum" } else { "const" });
            let listed = self.listed(value, many)?;
            form = if form.is_all() { listed } else { self.canon.meet_two(&form, &listed)? };
        }
        Ok(self.canon.arena.leaf(form))
    }
}
