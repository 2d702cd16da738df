//! Which texts? A grammar's, or a JSON Schema's instances.

#[cfg(feature = "candle")]
use std::collections::HashMap;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Result, anyhow};
use clap::{ArgGroup, Args, ValueEnum};
use constrained_gen::{
    Automaton, CompiledGrammar, CompiledSchema, Limits, Recognizer, Refusal, SchemaCompiler,
    SchemaError, SchemaOptions, Vocabulary,
    explain::{Explanation, explain},
    grammar::Grammar,
    schema::{Draft, Formats, MemberOrder, SchemaRecognizer, Whitespace},
};

use super::{
    complain,
    input::{GrammarOptions, Source, compile},
    place::line_and_column,
};

/// A grammar or a schema.
#[derive(Clone, Debug, Args)]
#[command(group = ArgGroup::new("language").required(true).args(["grammar", "json_schema"]))]
#[group(skip)]
pub(super) struct LanguageArgument {
    /// A built-in grammar (NAME, or NAME:START for one of its starts), or a .lark or .gbnf file
    #[arg(long, value_name = "NAME|FILE")]
    grammar: Option<String>,
    #[command(flatten)]
    options: GrammarOptions,
    #[command(flatten)]
    schema: SchemaArgument,
}

/// A schema, and how it is read.
#[derive(Clone, Debug, Args)]
#[group(skip)]
pub(super) struct SchemaArgument {
    /// The instances of a JSON Schema instead of a grammar; its file, or - for standard input
    #[arg(long, value_name = "FILE")]
    json_schema: Option<PathBuf>,
    /// A schema that is given as a text, and its name.
    #[arg(skip)]
    text: Option<(String, String)>,
    #[command(flatten)]
    reading: ReadingArguments,
}

/// How a schema is read.
#[derive(Clone, Debug, Args)]
#[group(skip)]
struct ReadingArguments {
    /// Warn of what cannot be followed exactly, and ignore it: then more than the schema's instances is let through
    #[arg(
        long,
        requires = "json_schema",
        conflicts_with = "grammar",
        help_heading = "JSON Schema"
    )]
    lenient: bool,
    /// White space in the instances: none, one blank after commas and colons or none, any in short runs
    #[arg(
        long,
        value_enum,
        value_name = "POLICY",
        default_value_t,
        requires = "json_schema",
        conflicts_with = "grammar",
        help_heading = "JSON Schema"
    )]
    whitespace: Blanks,
    /// The order of the instances' members: any, or that of the schema
    #[arg(
        long,
        value_enum,
        value_name = "ORDER",
        default_value_t,
        requires = "json_schema",
        conflicts_with = "grammar",
        help_heading = "JSON Schema"
    )]
    order: Order,
    /// Another document that references may lead to, and its URI; may be given more than once
    #[arg(
        long,
        value_name = "URI=FILE",
        requires = "json_schema",
        conflicts_with = "grammar",
        help_heading = "JSON Schema"
    )]
    schema_document: Vec<String>,
    /// Names that the schema does not declare come at most once in an object, too
    #[arg(
        long,
        requires = "json_schema",
        conflicts_with = "grammar",
        help_heading = "JSON Schema"
    )]
    unique_names: bool,
    /// What `format` does: only strings of the form; these, and a form of which only a part is known is refused; nothing
    #[arg(
        long,
        value_enum,
        value_name = "READING",
        default_value_t,
        requires = "json_schema",
        conflicts_with = "grammar",
        help_heading = "JSON Schema"
    )]
    formats: FormatReading,
    /// The draft of a schema without $schema
    #[arg(
        long,
        value_enum,
        value_name = "DRAFT",
        default_value_t,
        requires = "json_schema",
        conflicts_with = "grammar",
        help_heading = "JSON Schema"
    )]
    draft: Drafts,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Blanks {
    Compact,
    Spaced,
    #[default]
    Flexible,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Order {
    #[default]
    Any,
    Schema,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum FormatReading {
    #[default]
    Assert,
    Exact,
    Annotate,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Drafts {
    #[value(name = "4")]
    Draft4,
    #[value(name = "6")]
    Draft6,
    #[value(name = "7")]
    Draft7,
    #[value(name = "2019-09")]
    Draft201909,
    #[default]
    #[value(name = "2020-12")]
    Draft202012,
}

impl ReadingArguments {
    fn options(&self) -> Result<SchemaOptions> {
        let mut options = SchemaOptions::default();
        options.lenient = self.lenient;
        options.unique_names = self.unique_names;
        options.whitespace = match self.whitespace {
            Blanks::Compact => Whitespace::Compact,
            Blanks::Spaced => Whitespace::Spaced,
            // The library's default says how many.
            Blanks::Flexible => options.whitespace,
        };
        options.order = match self.order {
            Order::Any => MemberOrder::Any,
            Order::Schema => MemberOrder::Schema,
        };
        options.formats = match self.formats {
            FormatReading::Assert => Formats::Assert,
            FormatReading::Exact => Formats::Exact,
            FormatReading::Annotate => Formats::Annotate,
        };
        options.draft = match self.draft {
            Drafts::Draft4 => Draft::Draft4,
            Drafts::Draft6 => Draft::Draft6,
            Drafts::Draft7 => Draft::Draft7,
            Drafts::Draft201909 => Draft::Draft201909,
            Drafts::Draft202012 => Draft::Draft202012,
        };
        for document in &self.schema_document {
            let (uri, file) = document.split_once('=').filter(|(uri, _)| !uri.is_empty()).ok_or_else(
                || anyhow!("--schema-document {document}: expected URI=FILE, as in https://example.org/a.json=a.json"),
            )?;
            options.documents.push((uri.to_owned(), Source::of(Path::new(file)).text()?));
        }
        Ok(options)
    }
}

/// A grammar that was read, or a schema that was compiled.
#[derive(Clone, Debug)]
pub(super) enum Language {
    Grammar(Arc<Grammar>),
    Schema { name: String, schema: Arc<CompiledSchema> },
}

impl From<Grammar> for Language {
    fn from(grammar: Grammar) -> Self {
        Self::Grammar(Arc::new(grammar))
    }
}

/// Languages that were read before, by what they were asked for: many requests have the same one.
#[cfg(feature = "candle")]
#[derive(Debug, Default)]
pub(super) struct Languages(HashMap<String, Option<Language>>);

#[cfg(feature = "candle")]
impl Languages {
    /// The language of this name, read if that was not done before.
    pub(super) fn get(
        &mut self,
        name: String,
        read: impl FnOnce() -> Result<Option<Language>>,
    ) -> Result<Option<Language>> {
        if let Some(known) = self.0.get(&name) {
            return Ok(known.clone());
        }
        let language = read()?;
        self.0.insert(name, language.clone());
        Ok(language)
    }
}

impl LanguageArgument {
    /// Reads what the arguments name, and warns of what a lenient reading ignores.
    pub(super) fn load(&self) -> Result<Language> {
        self.reading(false)
    }

    /// As [`load`](Self::load), for texts that people wrote if `reading`.
    pub(super) fn reading(&self, reading: bool) -> Result<Language> {
        self.options.need_a_grammar(&self.schema)?;
        match (&self.grammar, self.schema.load()?) {
            (_, Some(schema)) => Ok(schema),
            (Some(grammar), None) => Ok(self.options.read(grammar, reading)?.into()),
            // The group of arguments rules this out.
            (None, None) => Err(anyhow!("expected --grammar or --json-schema")),
        }
    }

    /// Whether it is read from standard input, so that no text can be.
    pub(super) fn reads_stdin(&self) -> bool {
        self.schema.reads_stdin()
    }
}

impl SchemaArgument {
    /// The schema, if one is named.
    pub(super) fn load(&self) -> Result<Option<Language>> {
        if let Some((name, text)) = &self.text {
            return compile_schema(name, text, &self.reading.options()?).map(Some);
        }
        let Some(path) = &self.json_schema else { return Ok(None) };
        load_schema(&Source::of(path), &self.reading.options()?).map(Some)
    }

    /// Another schema instead: this text, under this name.
    #[cfg(feature = "candle")]
    pub(super) fn set_text(&mut self, name: &str, text: String) {
        self.text = Some((name.into(), text));
    }

    /// No schema.
    #[cfg(feature = "candle")]
    pub(super) fn clear(&mut self) {
        (self.json_schema, self.text) = (None, None);
    }

    /// What tells schemas of the same arguments apart.
    #[cfg(feature = "candle")]
    pub(super) fn name(&self) -> String {
        match (&self.text, &self.json_schema) {
            (Some((_, text)), _) => format!("schema {text}"),
            (None, path) => format!("schema in {path:?}"),
        }
    }

    /// Whether one is named.
    pub(super) fn is_some(&self) -> bool {
        self.json_schema.is_some() || self.text.is_some()
    }

    /// Whether it is read from standard input.
    pub(super) fn reads_stdin(&self) -> bool {
        self.json_schema.as_ref().is_some_and(|path| Source::of(path) == Source::Stdin)
    }
}

/// Compiles a schema, and warns of what of it is ignored.
pub(super) fn load_schema(source: &Source, options: &SchemaOptions) -> Result<Language> {
    compile_schema(&source.name(), &source.text()?, options)
}

fn compile_schema(name: &str, text: &str, options: &SchemaOptions) -> Result<Language> {
    let schema = CompiledSchema::new(text, options, &Limits::default())
        .map_err(|e| anyhow!("{}", placed(name, text, &e)))?;
    for warning in schema.warnings() {
        complain::warning(placed(name, text, warning));
    }
    Ok(Language::Schema { name: name.to_owned(), schema })
}

/// What is wrong with a schema, with the line and column of the value that is to blame, if it is found.
fn placed(name: &str, text: &str, error: &SchemaError) -> String {
    let keyword = error.keyword();
    let place = (!keyword.is_empty())
        .then(|| line_and_column(text, &format!("{}/{keyword}", error.pointer())))
        .flatten()
        .or_else(|| line_and_column(text, error.pointer()).filter(|_| !error.pointer().is_empty()));
    match place {
        Some((line, column)) => format!("{name}:{line}:{column}: {error}"),
        None => format!("{name}: {error}"),
    }
}

impl Language {
    /// The same for clones, and for nothing else while one of them lives.
    #[cfg(feature = "candle")]
    pub(super) fn identity(&self) -> usize {
        match self {
            Self::Grammar(grammar) => Arc::as_ptr(grammar).addr(),
            Self::Schema { schema, .. } => Arc::as_ptr(schema).addr(),
        }
    }

    /// The grammar's name.
    #[cfg(feature = "candle")]
    pub(super) fn grammar_name(&self) -> Option<&str> {
        match self {
            Self::Grammar(grammar) => Some(grammar.name()),
            Self::Schema { .. } => None,
        }
    }

    /// The schema's file.
    #[cfg(feature = "candle")]
    pub(super) fn schema_name(&self) -> Option<&str> {
        match self {
            Self::Grammar(_) => None,
            Self::Schema { name, .. } => Some(name),
        }
    }

    /// What messages call it.
    pub(super) fn title(&self) -> String {
        match self {
            Self::Grammar(grammar) => format!("grammar `{}`", grammar.name()),
            Self::Schema { name, .. } => format!("schema `{name}`"),
        }
    }

    /// Its automaton over a vocabulary.
    pub(super) fn automaton(&self, vocabulary: Arc<Vocabulary>) -> Result<Arc<Automaton>> {
        let limits = Limits::default();
        match self {
            Self::Grammar(grammar) => Automaton::new(grammar, vocabulary, &limits)
                .map_err(|e| anyhow!("{}: {e}", self.title())),
            Self::Schema { schema, .. } => {
                Ok(SchemaCompiler::new(vocabulary, &limits).automaton(Arc::clone(schema)))
            }
        }
    }

    /// What reads texts without a vocabulary.
    pub(super) fn compile(&self) -> Result<Compiled> {
        Ok(match self {
            Self::Grammar(grammar) => Compiled::Grammar(compile(grammar)?),
            Self::Schema { schema, .. } => Compiled::Schema(Arc::clone(schema)),
        })
    }

    /// What came up that reading the schema did not show; a refusal may then not be the text's fault.
    pub(super) fn failure(&self) -> Result<()> {
        match self {
            Self::Grammar(_) => Ok(()),
            Self::Schema { name, schema } => match schema.recognizer().failure() {
                Some(error) => Err(anyhow!("{name}: {error}")),
                None => Ok(()),
            },
        }
    }
}

/// What texts are held to.
#[derive(Clone, Debug)]
pub(super) enum Compiled {
    Grammar(Arc<CompiledGrammar>),
    Schema(Arc<CompiledSchema>),
}

impl Compiled {
    /// What the grammar says of a refusal; a schema has no words for it.
    pub(super) fn explain(&self, text: &[u8], refusal: &Refusal) -> Option<Explanation> {
        match self {
            Self::Grammar(grammar) => Some(explain(grammar, text, refusal)),
            Self::Schema(_) => None,
        }
    }

    /// A reader before any text. What its copies find out about a schema they share, and it stays until all are gone: one
    /// for some texts, not one for all.
    pub(super) fn reader(&self) -> Reader {
        match self {
            Self::Grammar(grammar) => Reader::Grammar(grammar.recognizer()),
            Self::Schema(schema) => Reader::Schema(schema.recognizer()),
        }
    }
}

/// Reads texts. Cloning is a cheap fork.
#[derive(Clone, Debug)]
pub(super) enum Reader {
    Grammar(Recognizer),
    Schema(SchemaRecognizer),
}

impl Reader {
    /// Whether a text belongs to the language, or, with `prefix`, whether some text of it begins so.
    pub(super) fn check(self, text: &[u8], prefix: bool) -> Verdict {
        match self {
            Self::Grammar(mut reader) if prefix => Verdict::Text(reader.push(text)),
            Self::Grammar(reader) => Verdict::Text(reader.check(text)),
            Self::Schema(mut reader) => {
                let watch = reader.clone();
                let result = if prefix { reader.push(text) } else { reader.check(text) };
                match watch.failure() {
                    Some(error) if result.is_err() => Verdict::Failed(error.clone()),
                    _ => Verdict::Text(result),
                }
            }
        }
    }
}

/// What came of a text.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It belongs to the language, or it is refused.
    Text(Result<(), Refusal>),
    /// Nobody knows: the schema cannot be followed where the text goes.
    Failed(SchemaError),
}
