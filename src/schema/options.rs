//! How is a schema to be read?

/// The drafts of JSON Schema that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Draft {
    /// Draft 4.
    Draft4,
    /// Draft 6.
    Draft6,
    /// Draft 7.
    Draft7,
    /// 2019-09.
    Draft201909,
    /// 2020-12.
    Draft202012,
}

impl Draft {
    /// The draft that a `$schema` names, with or without an empty fragment; `None` for anything else.
    pub fn from_uri(uri: &str) -> Option<Self> {
        let uri = uri.strip_suffix('#').unwrap_or(uri);
        let rest = uri.strip_prefix("http://").or_else(|| uri.strip_prefix("https://"))?;
        Some(match rest.strip_prefix("json-schema.org/")? {
            "draft-04/schema" => Self::Draft4,
            "draft-06/schema" => Self::Draft6,
            "draft-07/schema" => Self::Draft7,
            "draft/2019-09/schema" => Self::Draft201909,
            "draft/2020-12/schema" | "schema" => Self::Draft202012,
            _ => return None,
        })
    }
}

/// What `format` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Formats {
    /// It is asserted: a string of another form is no instance. Users of structured output expect this.
    Assert,
    /// It is asserted, and a format of which only a part can be checked is refused, where [`Assert`](Self::Assert) lets
    /// through that part: then no string of the form is refused either.
    Exact,
    /// It is an annotation, the drafts' own default.
    Annotate,
}

/// White space in instances, between their parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Whitespace {
    /// None.
    Compact,
    /// At most one blank after a comma and after a colon, as most writers of one line do.
    Spaced,
    /// Any, wherever JSON allows it, but at most so many characters in a row: a model cannot spin on blanks.
    Flexible {
        /// Characters in a row at most.
        run: u32,
    },
}

/// The order of an object's members in instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MemberOrder {
    /// Any: the members of a JSON object have no order, and what others write comes in every order.
    Any,
    /// Members that the schema names come in the order in which it names them, all others after them. Fewer texts are then
    /// accepted than the schema has, but for every instance one of its orders; a model has fewer choices to make. Objects
    /// of which *some* member, whatever its name, must have a certain value (the negation of `additionalProperties`, of
    /// `patternProperties` or of `propertyNames`) come in any order all the same.
    Schema,
}

/// How a schema is read. The defaults are strict: nothing is ignored that means something.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SchemaOptions {
    /// The draft of a schema without `$schema`. Default 2020-12.
    pub draft: Draft,
    /// Unknown formats and whatever else cannot be followed exactly at one keyword become warnings, and are ignored. The
    /// language is then wider than the schema's. Default false.
    pub lenient: bool,
    /// What `format` does. Default [`Formats::Assert`].
    pub formats: Formats,
    /// White space in instances. Default: flexible, at most 128 in a row, which is more than any depth of indentation that
    /// people read, and the longest token of blanks of common vocabularies.
    pub whitespace: Whitespace,
    /// The order of members. Default [`MemberOrder::Any`].
    pub order: MemberOrder,
    /// Whether names that the schema does not declare may come once only, as the declared ones do. Without this, they may
    /// come again where nothing depends on it, and the state of an object does not grow with the text. Default false.
    pub unique_names: bool,
    /// Other documents that references may lead to, each with its URI. Nothing is ever fetched; the drafts' own schemas are
    /// known. Default none.
    pub documents: Vec<(String, String)>,
}

impl Default for SchemaOptions {
    fn default() -> Self {
        Self {
            draft: Draft::Draft202012,
            lenient: false,
            formats: Formats::Assert,
            whitespace: Whitespace::Flexible { run: 128 },
            order: MemberOrder::Any,
            unique_names: false,
            documents: Vec::new(),
        }
    }
}
