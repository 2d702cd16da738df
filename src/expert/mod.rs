//! What ties a grammar, a model and settings together: an expert is a directory with a `manifest.json`, a system prompt
//! in `prompt.txt` and, where the manifest names one, a grammar file.
//!
//! The experts that ship are embedded; others are read from a directory. A package is untrusted: its files are read only
//! from inside it, and its commands are never run.

mod fields;
mod manifest;
mod reader;

use std::path::{Component, Path, PathBuf};

use thiserror::Error;

pub use manifest::{
    Adapter, AdapterKind, AdapterScaling, AttentionKernel, BaseModel, Constraints, Decoding,
    GrammarType, Manifest, ManifestError, Perf, PromptTemplate, Quantization, RopeKind,
    RopeScaling, Routing, Runtime, SoftPrompt, Unknown, Validation,
};

pub use crate::projection::Projection;
use crate::{
    Limits,
    frontend::Options,
    grammar::Grammar,
    library::{self, LibraryError},
    validation::Validator,
};

/// Bytes a system prompt may have.
const MAX_PROMPT: usize = 64 << 10;

/// Name, manifest and system prompt of the experts that ship, sorted by name.
const BUILT_IN: [(&str, &str, &str); 4] = [
    (
        "json",
        include_str!("../../experts/json/manifest.json"),
        include_str!("../../experts/json/prompt.txt"),
    ),
    (
        "neo4j",
        include_str!("../../experts/neo4j/manifest.json"),
        include_str!("../../experts/neo4j/prompt.txt"),
    ),
    (
        "sql",
        include_str!("../../experts/sql/manifest.json"),
        include_str!("../../experts/sql/prompt.txt"),
    ),
    (
        "typescript",
        include_str!("../../experts/typescript/manifest.json"),
        include_str!("../../experts/typescript/prompt.txt"),
    ),
];

/// An expert that could not be loaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExpertError {
    /// Neither a name nor a directory with a manifest.
    #[error("no expert `{name}`: expected one of {known}, or a directory with a manifest.json")]
    Unknown {
        /// What was asked for, shortened.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A file cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The manifest is refused.
    #[error("{path}: {source}")]
    Manifest {
        /// The file.
        path: String,
        /// Why.
        source: ManifestError,
    },
    /// A text of the package is too long.
    #[error("{path}: {bytes} bytes, more than the limit of {limit}")]
    TooLong {
        /// The file.
        path: String,
        /// Its length.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The manifest names a grammar that there is not.
    #[error("expert `{expert}`: no grammar for `{wanted}`; {expected}")]
    NoGrammar {
        /// The expert.
        expert: String,
        /// What its manifest says.
        wanted: String,
        /// What would be right.
        expected: &'static str,
    },
    /// The grammar is refused.
    #[error(transparent)]
    Grammar(#[from] LibraryError),
}

/// An expert.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Expert {
    /// The built-in name, or the directory as it was given.
    pub name: String,
    /// The manifest.
    pub manifest: Manifest,
    /// What the model is told before every question; empty if nothing.
    pub system_prompt: String,
    /// Where the files of the package are; `None` for an embedded one.
    directory: Option<PathBuf>,
}

/// Names of the experts that ship, sorted.
pub fn names() -> impl ExactSizeIterator<Item = &'static str> {
    BUILT_IN.iter().map(|(name, ..)| *name)
}

/// An expert that ships, by name, or one from a directory.
///
/// ```
/// let expert = constrained_gen::expert::find("sql")?;
/// assert_eq!(expert.manifest.decoding.temperature, 0.1);
/// # Ok::<(), constrained_gen::expert::ExpertError>(())
/// ```
///
/// # Errors
/// No such expert, or a file of it that cannot be read or is refused.
pub fn find(name_or_directory: &str) -> Result<Expert, ExpertError> {
    if let Some((name, manifest, prompt)) =
        BUILT_IN.iter().find(|(name, ..)| *name == name_or_directory)
    {
        let manifest = Manifest::parse(manifest).map_err(|source| ExpertError::Manifest {
            path: format!("experts/{name}/manifest.json"),
            source,
        })?;
        return Ok(Expert {
            name: (*name).to_owned(),
            manifest,
            system_prompt: prompt.trim_end().to_owned(),
            directory: None,
        });
    }
    let directory = Path::new(name_or_directory);
    if !directory.is_dir() {
        return Err(ExpertError::Unknown {
            name: name_or_directory.chars().take(80).flat_map(char::escape_debug).collect(),
            known: names().collect::<Vec<_>>().join(", "),
        });
    }
    Expert::open(directory)
}

impl Expert {
    /// The expert in a directory.
    ///
    /// # Errors
    /// A file that cannot be read or is refused.
    pub fn open(directory: &Path) -> Result<Self, ExpertError> {
        let path = directory.join("manifest.json");
        let text = read(&path)?;
        let manifest = Manifest::parse(&text)
            .map_err(|source| ExpertError::Manifest { path: path.display().to_string(), source })?;
        let path = directory.join("prompt.txt");
        let system_prompt = if path.is_file() { read(&path)? } else { String::new() };
        if system_prompt.len() > MAX_PROMPT {
            return Err(ExpertError::TooLong {
                path: path.display().to_string(),
                bytes: system_prompt.len(),
                limit: MAX_PROMPT,
            });
        }
        Ok(Self {
            name: directory.display().to_string(),
            manifest,
            system_prompt: system_prompt.trim_end().to_owned(),
            directory: Some(directory.to_owned()),
        })
    }

    /// The grammar of the expert's answers; `None` where the manifest asks for none. A grammar file of the package goes
    /// before the grammar's type, and a `grammar.gbnf` beside the manifest is such a file even if it is not named.
    ///
    /// # Errors
    /// A type that no grammar ships for, a file outside of the package, a grammar that is refused.
    pub fn grammar(&self, limits: &Limits) -> Result<Option<Grammar>, ExpertError> {
        self.grammar_with(&Options::default(), limits)
    }

    /// As [`grammar`](Self::grammar), with everything that a caller may choose; a start goes before the manifest's.
    ///
    /// # Errors
    /// As [`grammar`](Self::grammar); a start that is no rule.
    pub fn grammar_with(
        &self,
        options: &Options,
        limits: &Limits,
    ) -> Result<Option<Grammar>, ExpertError> {
        let decoding = &self.manifest.decoding;
        if !decoding.use_grammar {
            return Ok(None);
        }
        if let Some(file) = self.grammar_file()? {
            let path = file.display().to_string();
            return Ok(Some(library::load_with(&path, options, limits)?));
        }
        match self.grammar_name() {
            Some(name) => {
                let mut options = options.clone();
                if options.start.is_none() {
                    options.start.clone_from(&decoding.grammar_start);
                }
                Ok(Some(library::grammar_with(name, &options, limits)?))
            }
            None => Err(self.no_grammar(
                decoding.grammar_type.map_or("null".into(), |t| t.to_string()),
                "expected grammar_type cypher, json, sql, sql-postgres or typescript, or a grammar_file",
            )),
        }
    }

    /// The built-in grammar that the manifest names.
    pub fn grammar_name(&self) -> Option<&'static str> {
        match self.manifest.decoding.grammar_type? {
            GrammarType::Cypher => Some("cypher"),
            GrammarType::Json => Some("json"),
            GrammarType::Sql | GrammarType::SqlPostgres => Some("sql-postgres"),
            GrammarType::TypeScript => Some("typescript"),
            _ => None,
        }
    }

    /// The parser that the manifest wants to be asked about an answer; `None` if it wants none or one that is not here.
    pub fn validator(&self) -> Option<Validator> {
        match (self.manifest.decoding.validation, self.grammar_name()) {
            (Validation::Parser | Validation::ParserStrict, Some("cypher")) => {
                Some(Validator::Cypher)
            }
            (Validation::Parser | Validation::ParserStrict, Some("json")) => Some(Validator::Json),
            (Validation::Parser, Some("sql-postgres")) => Some(Validator::PostgreSql),
            (Validation::ParserStrict, Some("sql-postgres")) => Some(Validator::PostgreSqlStrict),
            (Validation::Parser | Validation::ParserStrict, Some("typescript")) => {
                Some(Validator::TypeScript)
            }
            _ => None,
        }
    }

    /// The grammar file of the package. Built-in experts have none.
    fn grammar_file(&self) -> Result<Option<PathBuf>, ExpertError> {
        let Some(directory) = &self.directory else { return Ok(None) };
        match &self.manifest.decoding.grammar_file {
            Some(file) => {
                let inside =
                    Path::new(file).components().all(|part| matches!(part, Component::Normal(_)));
                if !inside {
                    let file = file.chars().take(80).flat_map(char::escape_debug).collect();
                    return Err(
                        self.no_grammar(file, "expected a grammar_file inside the directory")
                    );
                }
                Ok(Some(directory.join(file)))
            }
            None => {
                let file = directory.join("grammar.gbnf");
                Ok(file.is_file().then_some(file))
            }
        }
    }

    fn no_grammar(&self, wanted: String, expected: &'static str) -> ExpertError {
        ExpertError::NoGrammar { expert: self.name.clone(), wanted, expected }
    }
}

fn read(path: &Path) -> Result<String, ExpertError> {
    std::fs::read_to_string(path)
        .map_err(|source| ExpertError::Read { path: path.display().to_string(), source })
}
