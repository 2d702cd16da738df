//! The grammars that ship, by name, and grammar files by path.
//!
//! Built-in grammars are part of the binary: `grammars/NAME/main.lark` and its chapters, listed in `BUILT_IN`. A file
//! imports from its own folder and below, never from above it.

use std::path::{Path, PathBuf};

use crate::{
    Limits,
    frontend::{GrammarError, List, Options, Sources, Start, gbnf, lark},
    grammar::Grammar,
};

/// A file of a built-in grammar: its name without the ending, and its text.
type Chapter = (&'static str, &'static str);

/// `grammars/$grammar` with the files `$chapter.lark`.
macro_rules! grammar {
    ($grammar:literal: $($chapter:literal)+) => {
        (
            $grammar,
            &[$((
                $chapter,
                include_str!(concat!(
                    env!("CARGO_MANIFEST_DIR"),
                    "/grammars/",
                    $grammar,
                    "/",
                    $chapter,
                    ".lark"
                )),
            )),+],
        )
    };
}

/// All built-in grammars, sorted by name, each with its files, `main` first. A test compares the list with the folder.
const BUILT_IN: [(&str, &[Chapter]); 4] = [
    grammar!("cypher":
        "main" "administration" "cypher_25" "expressions" "lexical" "names" "patterns" "query" "reading" "schema"
        "subqueries" "types" "writing"),
    grammar!("json": "main"),
    grammar!("sql-postgres":
        "main" "lexical" "keywords" "expressions" "types" "functions" "select" "from" "dml"
        "ddl" "ddl_common" "ddl_table" "ddl_function" "ddl_other" "ddl_alter" "ddl_drop" "utility" "pure_functions"),
    grammar!("typescript":
        "main" "lexical" "expressions" "functions" "statements" "declarations" "classes" "types" "modules"),
];

/// The names in [`BUILT_IN`].
const NAMES: [&str; BUILT_IN.len()] = {
    let mut names = [""; BUILT_IN.len()];
    let mut i = 0;
    while i < names.len() {
        names[i] = BUILT_IN[i].0;
        i += 1;
    }
    names
};

/// A grammar that could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LibraryError {
    /// Neither a built-in name nor a file.
    #[error("no grammar `{name}`: expected one of {known}, or the path of a .lark or .gbnf file")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// Two rules to begin with.
    #[error("the grammar `{name}` begins with its start, it cannot begin with `{other}` too")]
    Starts {
        /// The grammar, with its start.
        name: String,
        /// The other start.
        other: String,
    },
    /// The file cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// The path.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The text is refused.
    #[error(transparent)]
    Grammar(#[from] GrammarError),
}

/// Names of the built-in grammars, sorted.
pub fn names() -> &'static [&'static str] {
    &NAMES
}

/// A built-in grammar: `NAME`, or `NAME:START` to begin with another rule of its main file than `start`; hyphens may stand
/// for the underscores of the rule's name.
///
/// # Errors
///
/// [`LibraryError::Unknown`] for another name; a start that is no rule; limits that are too narrow for the grammar.
///
/// ```
/// use constrained_gen::{Limits, library};
///
/// let json = library::grammar("json", &Limits::default())?;
/// assert_eq!(json.name(), "json");
/// # Ok::<(), library::LibraryError>(())
/// ```
pub fn grammar(name: &str, limits: &Limits) -> Result<Grammar, LibraryError> {
    grammar_with(name, &Options::default(), limits)
}

/// As [`grammar`], with everything that a caller may choose.
///
/// # Errors
///
/// As [`grammar`]; a start that is no rule, or two different ones.
pub fn grammar_with(
    name: &str,
    options: &Options,
    limits: &Limits,
) -> Result<Grammar, LibraryError> {
    let (plain, start) = split(name);
    let chapters = built_in(plain).ok_or_else(|| unknown(name))?;
    let main = chapters.read("main").ok_or_else(|| unknown(name))?;
    let mut options = options.clone();
    match (start, &options.start) {
        (Some(start), Some(other)) if start.replace('-', "_") != other.replace('-', "_") => {
            return Err(LibraryError::Starts { name: shortened(name), other: shortened(other) });
        }
        (Some(start), _) => options.start = Some(start.to_owned()),
        (None, _) => {}
    }
    let grammar = lark::parse_with(plain, &main, &options, &chapters, limits)?;
    Ok(named(grammar, &options, lark::START))
}

/// A built-in grammar by name, or a `.lark` or `.gbnf` file by path.
///
/// # Errors
///
/// No such name or file, a file that cannot be read or is no UTF-8, a text that is refused.
pub fn load(name_or_path: &str, limits: &Limits) -> Result<Grammar, LibraryError> {
    load_with(name_or_path, &Options::default(), limits)
}

/// As [`load`], with everything that a caller may choose.
///
/// # Errors
///
/// As [`load`]; a start that is no rule, or two different ones.
pub fn load_with(
    name_or_path: &str,
    options: &Options,
    limits: &Limits,
) -> Result<Grammar, LibraryError> {
    if built_in(split(name_or_path).0).is_some() {
        return grammar_with(name_or_path, options, limits);
    }
    let path = Path::new(name_or_path);
    is_gbnf(name_or_path)?;
    let text = read(path, limits)?;
    read_with(name_or_path, &text, &Folder::of(path, limits), options, limits)
}

/// The grammar of a text that is a file's of this path, with others from `sources`.
pub(crate) fn read_with(
    path: &str,
    text: &str,
    sources: &dyn Sources,
    options: &Options,
    limits: &Limits,
) -> Result<Grammar, LibraryError> {
    if is_gbnf(path)? {
        let grammar = gbnf::parse_with(path, text, options, limits)?;
        return Ok(named(grammar, options, gbnf::START));
    }
    let grammar = lark::parse_with(path, text, options, sources, limits)?;
    Ok(named(grammar, options, lark::START))
}

/// Which of the two languages a file is in.
fn is_gbnf(path: &str) -> Result<bool, LibraryError> {
    match Path::new(path).extension().and_then(|ending| ending.to_str()) {
        Some("lark") => Ok(false),
        Some("gbnf") => Ok(true),
        _ => Err(unknown(path)),
    }
}

/// The rules that a grammar offers to begin with; none for GBNF, which has no word for it.
///
/// # Errors
///
/// As [`load`].
///
/// ```
/// use constrained_gen::{Limits, library};
///
/// let starts = library::starts("sql-postgres", &Limits::default())?;
/// assert!(starts.iter().any(|start| start.name == "read_only"));
/// # Ok::<(), library::LibraryError>(())
/// ```
pub fn starts(name_or_path: &str, limits: &Limits) -> Result<Vec<Start>, LibraryError> {
    of_lark(name_or_path, limits, lark::starts)
}

/// The lists that a grammar asks its caller for ([`Options::lists`]); none for GBNF, which has no word for it.
///
/// # Errors
///
/// As [`load`].
///
/// ```
/// use constrained_gen::{Limits, library};
///
/// let lists = library::lists("sql-postgres", &Limits::default())?;
/// assert!(lists.iter().any(|list| list.name == "names"));
/// # Ok::<(), library::LibraryError>(())
/// ```
pub fn lists(name_or_path: &str, limits: &Limits) -> Result<Vec<List>, LibraryError> {
    of_lark(name_or_path, limits, lark::lists)
}

/// What is read off the text of a grammar in Lark's syntax; nothing off one in GBNF.
fn of_lark<T>(
    name_or_path: &str,
    limits: &Limits,
    read_off: impl Fn(&str, &str, &dyn Sources, &Limits) -> Result<Vec<T>, GrammarError>,
) -> Result<Vec<T>, LibraryError> {
    let name = split(name_or_path).0;
    if let Some(chapters) = built_in(name) {
        let main = chapters.read("main").ok_or_else(|| unknown(name))?;
        return Ok(read_off(name, &main, &chapters, limits)?);
    }
    let path = Path::new(name_or_path);
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("lark") => {
            let text = read(path, limits)?;
            Ok(read_off(name_or_path, &text, &Folder::of(path, limits), limits)?)
        }
        Some("gbnf") => Ok(Vec::new()),
        _ => Err(unknown(name_or_path)),
    }
}

/// The start that the name of a built-in grammar asks for: that of `NAME:START`.
pub fn start_of(name: &str) -> Option<&str> {
    split(name).1
}

/// `NAME:START` of a built-in grammar; anything else is a name as it is.
fn split(name: &str) -> (&str, Option<&str>) {
    match name.split_once(':') {
        Some((plain, start)) if built_in(plain).is_some() => (plain, Some(start)),
        _ => (name, None),
    }
}

/// The grammar, called by its start too where that is not the usual one.
fn named(mut grammar: Grammar, options: &Options, usual: &str) -> Grammar {
    if let Some(start) = options.start.as_deref().filter(|start| *start != usual) {
        grammar.name = format!("{}:{start}", grammar.name);
    }
    grammar
}

/// The texts of a built-in grammar (`NAME` or `NAME:START`): file name and content, the main file first.
pub fn texts(name: &str) -> Option<impl Iterator<Item = (String, &'static str)>> {
    let BuiltIn(chapters) = built_in(split(name).0)?;
    Some(chapters.iter().map(|(chapter, text)| (format!("{chapter}.lark"), *text)))
}

fn unknown(name: &str) -> LibraryError {
    LibraryError::Unknown { name: shortened(name), known: NAMES.join(", ") }
}

fn shortened(name: &str) -> String {
    name.chars().take(80).flat_map(char::escape_debug).collect()
}

/// The chapters of a built-in grammar, by name.
struct BuiltIn(&'static [Chapter]);

fn built_in(name: &str) -> Option<BuiltIn> {
    BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, chapters)| BuiltIn(chapters))
}

impl Sources for BuiltIn {
    fn read(&self, module: &str) -> Option<String> {
        self.0.iter().find(|(chapter, _)| *chapter == module).map(|(_, text)| (*text).to_string())
    }
}

/// The folder of a grammar file.
struct Folder<'a> {
    path: PathBuf,
    limits: &'a Limits,
}

impl<'a> Folder<'a> {
    /// The folder that a grammar file is in.
    fn of(file: &Path, limits: &'a Limits) -> Self {
        Self { path: file.parent().unwrap_or(Path::new("")).to_path_buf(), limits }
    }
}

impl Sources for Folder<'_> {
    fn read(&self, module: &str) -> Option<String> {
        // The language lets names through that are made of letters, digits, `_` and `/` only; this does not rely on it.
        let plain = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        };
        if !module.split('/').all(plain) {
            return None;
        }
        read(&self.path.join(format!("{module}.lark")), self.limits).ok()
    }
}

/// A file's text; of one that is longer than the limit only enough for the front end to refuse it.
fn read(path: &Path, limits: &Limits) -> Result<String, LibraryError> {
    use std::io::Read as _;
    let failed = |source| LibraryError::Read { path: path.display().to_string(), source };
    let mut bytes = Vec::new();
    let most = u64::try_from(limits.grammar_bytes).unwrap_or(u64::MAX).saturating_add(4);
    std::fs::File::open(path)
        .and_then(|file| file.take(most).read_to_end(&mut bytes))
        .map_err(failed)?;
    let truncated = bytes.len() > limits.grammar_bytes;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        // The cut may have gone through a character; the text is refused for its length, so its end does not matter.
        Err(error) if truncated => Ok(String::from_utf8_lossy(error.as_bytes()).into_owned()),
        Err(error) => {
            Err(failed(std::io::Error::new(std::io::ErrorKind::InvalidData, error.utf8_error())))
        }
    }
}

/// A text that a grammar file says it accepts or rejects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The line it stands in, from 1.
    pub line: usize,
    /// Whether the text belongs to the language.
    pub accept: bool,
    /// The rule that the text begins with, if it is not the usual one.
    pub start: Option<String>,
    /// The text.
    pub text: String,
}

/// The examples in the comments of a grammar text: `//> accept: TEXT`, `//> reject: TEXT`, and for texts with line breaks
/// or blanks at their ends `//> accept-json: "TEXT"` and `//> reject-json: "TEXT"`, where the text is a JSON string. `accept at
/// RULE` and its like are about texts that begin with another rule of the main file. In GBNF they begin with `#>`.
///
/// # Errors
///
/// The number of the first line that begins so and is none of these.
///
/// ```
/// use constrained_gen::library::examples;
///
/// let found = examples("//> accept: 1 + 2\n//> reject-json: \"1\\n\"\nstart: /[0-9+ ]+/\n").unwrap();
/// assert_eq!((found[0].line, found[0].accept, found[0].text.as_str()), (1, true, "1 + 2"));
/// assert_eq!((found[1].line, found[1].accept, found[1].text.as_str()), (2, false, "1\n"));
/// ```
pub fn examples(text: &str) -> Result<Vec<Example>, usize> {
    let mut found = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let line = line.trim_start();
        let Some(example) = line.strip_prefix("//>").or_else(|| line.strip_prefix("#>")) else {
            continue;
        };
        let line = n + 1;
        let (kind, text) = example.split_once(':').ok_or(line)?;
        let (kind, start) = match kind.split_once(" at ") {
            Some((kind, start)) => (kind.trim(), Some(start.trim().to_string())),
            None => (kind.trim(), None),
        };
        let text = match kind {
            "accept" | "reject" => text.trim().to_string(),
            "accept-json" | "reject-json" => serde_json::from_str(text).map_err(|_| line)?,
            _ => return Err(line),
        };
        found.push(Example { line, accept: kind.starts_with("accept"), start, text });
    }
    Ok(found)
}
