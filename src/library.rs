//! The grammars that ship, by name, and grammar files by path.
//!
//! Built-in grammars are part of the binary: `grammars/NAME/main.lark` and its chapters, listed in `BUILT_IN`. A file
//! imports from its own folder and below, never from above it.

use std::path::{Path, PathBuf};

use crate::{
    Limits,
    frontend::{GrammarError, Sources, gbnf, lark},
    grammar::Grammar,
};

/// A file of a built-in grammar: its name without the ending, and its text.
type Chapter = (&'static str, &'static str);

/// The text of `grammars/$grammar/$chapter.lark`.
macro_rules! chapter {
    ($grammar:literal, $chapter:literal) => {
        (
            $chapter,
            include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/grammars/",
                $grammar,
                "/",
                $chapter,
                ".lark"
            )),
        )
    };
}

/// All built-in grammars, sorted by name, each with its files, `main` first. A test compares the list with the folder.
const BUILT_IN: [(&str, &[Chapter]); 2] = [
    ("json", &[chapter!("json", "main")]),
    (
        "sql-postgres",
        &[
            chapter!("sql-postgres", "main"),
            chapter!("sql-postgres", "lexical"),
            chapter!("sql-postgres", "keywords"),
            chapter!("sql-postgres", "expressions"),
            chapter!("sql-postgres", "types"),
            chapter!("sql-postgres", "functions"),
            chapter!("sql-postgres", "select"),
            chapter!("sql-postgres", "from"),
            chapter!("sql-postgres", "dml"),
        ],
    ),
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

/// A built-in grammar.
///
/// # Errors
///
/// [`LibraryError::Unknown`] for another name; limits that are too narrow for the grammar.
///
/// ```
/// use constrained_gen::{Limits, library};
///
/// let json = library::grammar("json", &Limits::default())?;
/// assert_eq!(json.name(), "json");
/// # Ok::<(), library::LibraryError>(())
/// ```
pub fn grammar(name: &str, limits: &Limits) -> Result<Grammar, LibraryError> {
    grammar_from(name, None, limits)
}

/// A built-in grammar that begins with another of its main file's rules.
///
/// # Errors
///
/// As [`grammar`]; a start that is no rule.
pub fn grammar_from(
    name: &str,
    start: Option<&str>,
    limits: &Limits,
) -> Result<Grammar, LibraryError> {
    let chapters = built_in(name).ok_or_else(|| unknown(name))?;
    let main = chapters.read("main").ok_or_else(|| unknown(name))?;
    Ok(lark::parse(name, &main, start, &chapters, limits)?)
}

/// A built-in grammar by name, or a `.lark` or `.gbnf` file by path.
///
/// # Errors
///
/// No such name or file, a file that cannot be read or is no UTF-8, a text that is refused.
pub fn load(name_or_path: &str, limits: &Limits) -> Result<Grammar, LibraryError> {
    load_from(name_or_path, None, limits)
}

/// As [`load`], with the rule to begin with; a GBNF file always begins with `root`, and asking for another rule of it is an
/// error.
///
/// # Errors
///
/// As [`load`]; a start that is no rule.
pub fn load_from(
    name_or_path: &str,
    start: Option<&str>,
    limits: &Limits,
) -> Result<Grammar, LibraryError> {
    if built_in(name_or_path).is_some() {
        return grammar_from(name_or_path, start, limits);
    }
    let path = Path::new(name_or_path);
    let gbnf = match path.extension().and_then(|ending| ending.to_str()) {
        Some("lark") => false,
        Some("gbnf") => true,
        _ => return Err(unknown(name_or_path)),
    };
    let text = read(path, limits)?;
    if !gbnf {
        let folder = Folder { path: path.parent().unwrap_or(Path::new("")).to_path_buf(), limits };
        return Ok(lark::parse(name_or_path, &text, start, &folder, limits)?);
    }
    match start {
        Some(start) if start != gbnf::START => {
            let message = format!(
                "a GBNF grammar begins with `{}`, it cannot begin with `{start}`",
                gbnf::START
            );
            Err(GrammarError::at(name_or_path, &text, 0, message).into())
        }
        _ => Ok(gbnf::parse(name_or_path, &text, limits)?),
    }
}

/// The texts of a built-in grammar: file name and content, the main file first.
pub fn texts(name: &str) -> Option<impl Iterator<Item = (String, &'static str)>> {
    let BuiltIn(chapters) = built_in(name)?;
    Some(chapters.iter().map(|(chapter, text)| (format!("{chapter}.lark"), *text)))
}

fn unknown(name: &str) -> LibraryError {
    let name = name.chars().take(80).flat_map(char::escape_debug).collect();
    LibraryError::Unknown { name, known: NAMES.join(", ") }
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
    /// The text.
    pub text: String,
}

/// The examples in the comments of a grammar text: `//> accept: TEXT`, `//> reject: TEXT`, and for texts with line breaks
/// or blanks at their ends `//> accept-json: "TEXT"` and `//> reject-json: "TEXT"`, where the text is a JSON string. In GBNF
/// they begin with `#>`.
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
        let text = match kind.trim() {
            "accept" | "reject" => text.trim().to_string(),
            "accept-json" | "reject-json" => serde_json::from_str(text).map_err(|_| line)?,
            _ => return Err(line),
        };
        found.push(Example { line, accept: kind.trim().starts_with("accept"), text });
    }
    Ok(found)
}
