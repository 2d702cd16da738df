//! What ties a grammar, a model and settings together: an expert is a package with a `manifest.json`, a system prompt in
//! `prompt.txt` and, where the manifest names them, a grammar file and an adapter.
//!
//! The experts that ship are embedded; others are read from a directory or from an archive, a `.expert` file. A package is
//! untrusted: its files are read only from inside it, and its commands are never run.

#[cfg(feature = "candle")]
mod apply;
mod archive;
mod check;
mod entry;
mod error;
mod fields;
mod integrity;
mod manifest;
mod pack;
mod package;
mod reader;
mod roster;
mod router;
mod training;

use std::{path::Path, sync::Arc};

#[cfg(feature = "candle")]
pub use apply::Lineup;
pub use error::{ExpertError, PackageError};
pub use integrity::{Integrity, Signed};
pub use manifest::{
    Adapter, AdapterKind, AdapterScaling, AttentionKernel, BaseModel, Constraints, Decoding,
    GrammarType, Manifest, ManifestError, Perf, PromptTemplate, Quantization, RopeKind,
    RopeScaling, Routing, Runtime, SoftPrompt, Unknown, Validation,
};
pub use pack::{Packed, pack};
pub use roster::Roster;
pub use router::{Route, Score};
pub use training::{
    Augmentation, CaseNormalization, Dataset, DatasetFormat, Method, Scheduler, Training,
    TrainingConfig,
};

pub use crate::projection::Projection;
use crate::{
    Limits,
    frontend::{Options, Sources},
    grammar::Grammar,
    library,
    validation::Validator,
};
use archive::{Archive, Origin};
use package::{MANIFEST, Package};

/// The file of the system prompt, and the bytes it may have.
const PROMPT: (&str, u64) = ("prompt.txt", 64 << 10);

/// Bytes a manifest is read up to; a longer one is refused by its reader.
const MAX_MANIFEST: u64 = 2 << 20;

/// The name that manifests have for the demonstration model ([`Model::embedded`](crate::model::Model::embedded)): adapters under
/// another name are for other models, and those under it for this one alone.
pub const DEMONSTRATION: &str = "constrained-gen/demo";

/// An expert that ships.
struct BuiltIn {
    name: &'static str,
    manifest: &'static str,
    prompt: &'static str,
    /// Its adapter on the demonstration model.
    files: &'static [(&'static str, &'static [u8])],
}

macro_rules! built_in {
    ($name:literal) => {
        BuiltIn {
            name: $name,
            manifest: include_str!(concat!("../../experts/", $name, "/manifest.json")),
            prompt: include_str!(concat!("../../experts/", $name, "/prompt.txt")),
            #[cfg(feature = "candle")]
            files: &[
                (
                    "demo/adapter_config.json",
                    include_bytes!(concat!("../../experts/", $name, "/demo/adapter_config.json")),
                ),
                (
                    "demo/adapter_model.safetensors",
                    include_bytes!(concat!(
                        "../../experts/",
                        $name,
                        "/demo/adapter_model.safetensors"
                    )),
                ),
            ],
            #[cfg(not(feature = "candle"))]
            files: &[],
        }
    };
}

/// The experts that ship, sorted by name.
const BUILT_IN: [BuiltIn; 4] =
    [built_in!("json"), built_in!("neo4j"), built_in!("sql"), built_in!("typescript")];

/// An expert.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Expert {
    /// The built-in name, or the path of the package as it was given.
    pub name: String,
    /// The manifest.
    pub manifest: Manifest,
    /// What the model is told before every question; empty if nothing.
    pub system_prompt: String,
    /// Its files.
    package: Package,
    /// Who signed it, if the signature holds; a wrong one is an error.
    signed: Option<Signed>,
}

/// Names of the experts that ship, sorted.
pub fn names() -> impl ExactSizeIterator<Item = &'static str> {
    BUILT_IN.iter().map(|expert| expert.name)
}

/// An expert that ships, by name, or one from a directory or a `.expert` file.
///
/// ```
/// let expert = constrained_gen::expert::find("sql")?;
/// assert_eq!(expert.manifest.decoding.temperature, 0.1);
/// # Ok::<(), constrained_gen::expert::ExpertError>(())
/// ```
///
/// # Errors
/// No such expert, or a package that is refused.
pub fn find(name_or_path: &str) -> Result<Expert, ExpertError> {
    match find_all(name_or_path, &Limits::default()) {
        Ok(expert) => Ok(expert),
        Err(mut problems) => Err(problems.swap_remove(0)),
    }
}

/// As [`find`], under these limits, and says all that is wrong, the grammar included.
///
/// # Errors
/// As there; at least one.
pub fn examine(name_or_path: &str, limits: &Limits) -> Result<Expert, Vec<ExpertError>> {
    let expert = find_all(name_or_path, limits)?;
    match expert.grammar(limits) {
        Ok(_) => Ok(expert),
        Err(error) => Err(vec![error]),
    }
}

fn find_all(name_or_path: &str, limits: &Limits) -> Result<Expert, Vec<ExpertError>> {
    if let Some(BuiltIn { name, manifest, prompt, files }) =
        BUILT_IN.iter().find(|expert| expert.name == name_or_path)
    {
        let path = format!("experts/{name}/{MANIFEST}");
        let manifest = Manifest::parse(manifest)
            .map_err(|source| vec![ExpertError::Manifest { path, source }])?;
        return Ok(Expert {
            name: (*name).to_owned(),
            manifest,
            system_prompt: prompt.trim_end().to_owned(),
            package: Package::Embedded(files),
            signed: None,
        });
    }
    let path = Path::new(name_or_path);
    let archive = path.extension().is_some_and(|ending| ending == "expert") || path.is_file();
    if !path.is_dir() && !archive {
        return Err(vec![ExpertError::Unknown {
            name: name_or_path.chars().take(80).flat_map(char::escape_debug).collect(),
            known: names().collect::<Vec<_>>().join(", "),
        }]);
    }
    Expert::open_all(path, limits)
}

impl Expert {
    /// The expert in a directory or an archive.
    ///
    /// # Errors
    /// A package that is refused; a file that cannot be read, is refused, or is not what the manifest says.
    pub fn open(path: &Path) -> Result<Self, ExpertError> {
        Self::open_with(path, &Limits::default())
    }

    /// As [`open`](Self::open), under these limits.
    ///
    /// # Errors
    /// As there.
    pub fn open_with(path: &Path, limits: &Limits) -> Result<Self, ExpertError> {
        Self::open_all(path, limits).map_err(|mut problems| problems.swap_remove(0))
    }

    /// The expert in an archive that is in memory; `name` stands for its path.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn from_bytes(
        name: &str,
        bytes: impl Into<Arc<[u8]>>,
        limits: &Limits,
    ) -> Result<Self, ExpertError> {
        let origin = Origin::Memory(name.to_owned(), bytes.into());
        let package = Package::Archive(Arc::new(Archive::open(origin, limits)?));
        Self::of(package).map_err(|mut problems| problems.swap_remove(0))
    }

    fn open_all(path: &Path, limits: &Limits) -> Result<Self, Vec<ExpertError>> {
        let package = Package::open(path, limits).map_err(|error| vec![error.into()])?;
        Self::of(package)
    }

    fn of(package: Package) -> Result<Self, Vec<ExpertError>> {
        let one = |error: PackageError| vec![ExpertError::from(error)];
        let text = package.text(MANIFEST, MAX_MANIFEST).map_err(one)?.ok_or_else(|| {
            let (path, entry) = (package.path(), MANIFEST.to_owned());
            one(PackageError::Missing { path, entry, wanted: "it makes an expert of the package" })
        })?;
        let path = || package.label(MANIFEST);
        let manifest = Manifest::parse_all(&text).map_err(|problems| {
            problems
                .into_iter()
                .map(|source| ExpertError::Manifest { path: path(), source })
                .collect::<Vec<_>>()
        })?;
        let (mut problems, signed) = check::problems(&package, &manifest, &text);
        let prompt = match package.text(PROMPT.0, PROMPT.1) {
            Ok(text) => text.unwrap_or_default(),
            Err(error) => {
                problems.push(error.into());
                String::new()
            }
        };
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Self {
            name: package.path(),
            manifest,
            system_prompt: prompt.trim_end().to_owned(),
            package,
            signed,
        })
    }

    /// The signature of the package, which holds; `None` where it has none.
    pub fn signed(&self) -> Option<&Signed> {
        self.signed.as_ref()
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
        if let Some(file) = self.grammar_file() {
            let most = limits.grammar_bytes as u64;
            let text = self.package.text(&file, most)?.ok_or_else(|| PackageError::Missing {
                path: self.package.path(),
                entry: file.clone(),
                wanted: "the manifest's grammar",
            })?;
            let path = self.package.label(&file);
            let inside = Inside { package: &self.package, file: &file, most };
            return Ok(Some(library::read_with(&path, &text, &inside, options, limits)?));
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
    fn grammar_file(&self) -> Option<String> {
        match &self.manifest.decoding.grammar_file {
            _ if matches!(self.package, Package::Embedded(_)) => None,
            Some(file) => Some(file.clone()),
            None => self.package.has("grammar.gbnf").then(|| "grammar.gbnf".to_owned()),
        }
    }

    fn no_grammar(&self, wanted: String, expected: &'static str) -> ExpertError {
        ExpertError::NoGrammar { expert: self.name.clone(), wanted, expected }
    }
}

/// The folder of a grammar file, inside its package.
struct Inside<'a> {
    package: &'a Package,
    file: &'a str,
    most: u64,
}

impl Sources for Inside<'_> {
    fn read(&self, module: &str) -> Option<String> {
        let name = match self.file.rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/{module}.lark"),
            None => format!("{module}.lark"),
        };
        self.package.text(&name, self.most).ok()?
    }
}
