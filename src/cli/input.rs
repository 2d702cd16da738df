//! What commands read: files, standard input, grammars, tokenizers.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Result, anyhow};
use clap::{Args, ValueEnum};
use constrained_gen::{
    Automaton, CompiledGrammar, Limits, Vocabulary,
    frontend::{Options, Style},
    grammar::Grammar,
    library,
};

use super::{
    language::{Language, SchemaArgument},
    lists::GivenList,
};

/// How messages and results name standard input.
pub(super) const STDIN: &str = "<stdin>";

/// A source of text: a file, or standard input for none or `-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Stdin,
    File(PathBuf),
}

impl Source {
    /// The sources named by arguments; standard input if there are none.
    pub(super) fn all(files: &[PathBuf]) -> Vec<Self> {
        if files.is_empty() {
            return vec![Self::Stdin];
        }
        files.iter().map(|file| Self::of(file)).collect()
    }

    /// The source that one argument names.
    pub(super) fn of(file: &Path) -> Self {
        match file.as_os_str() == "-" {
            true => Self::Stdin,
            false => Self::File(file.to_owned()),
        }
    }

    pub(super) fn name(&self) -> String {
        match self {
            Self::Stdin => STDIN.into(),
            Self::File(path) => path.display().to_string(),
        }
    }

    pub(super) fn open(&self) -> Result<Box<dyn BufRead>> {
        match self {
            Self::Stdin => Ok(Box::new(BufReader::with_capacity(1 << 20, io::stdin()))),
            Self::File(path) => {
                let file = File::open(path).map_err(|e| in_file(path, e))?;
                Ok(Box::new(BufReader::with_capacity(1 << 20, file)))
            }
        }
    }

    pub(super) fn read(&self) -> Result<Vec<u8>> {
        let mut text = Vec::new();
        self.open()?.read_to_end(&mut text).map_err(|e| anyhow!("{}: {e}", self.name()))?;
        Ok(text)
    }

    pub(super) fn text(&self) -> Result<String> {
        String::from_utf8(self.read()?).map_err(|e| anyhow!("{}: {e}", self.name()))
    }
}

/// A JSON line.
pub(super) fn row(line: &[u8]) -> Result<serde_json::Value> {
    serde_json::from_slice(line).map_err(|e| anyhow!("not JSON: {e}"))
}

/// The text in a field of it.
pub(super) fn text_of<'a>(row: &'a serde_json::Value, field: &str) -> Result<&'a str> {
    let text = row.get(field).and_then(serde_json::Value::as_str);
    text.ok_or_else(|| anyhow!("expected an object with a string in the field `{field}`"))
}

pub(super) fn in_file(path: &Path, error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("{}: {error}", path.display())
}

/// What of a grammar is used.
#[derive(Clone, Debug, Default, PartialEq, Args)]
#[group(skip)]
pub(super) struct GrammarOptions {
    /// The rule of the grammar's main file to begin with
    #[arg(long, value_name = "RULE")]
    pub(super) start: Option<String>,
    /// Texts that the grammar asks for (`grammar show` says which): names between commas, or a file of names, # for comments. A
    /// qualified name is another one than the plain one, and what needs quotes is given with them
    #[arg(long = "list", value_name = "LIST=NAMES|@FILE", value_parser = GivenList::parse)]
    pub(super) lists: Vec<GivenList>,
    /// Of the ways to write the same: any; or one, in which words whose case does not matter are in capitals, or in small
    /// letters, listed names as they are listed, and one blank at most separates what is written
    #[arg(long, value_enum, value_name = "STYLE", default_value_t)]
    pub(super) style: Spelled,
}

/// How texts are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, ValueEnum)]
pub(super) enum Spelled {
    #[default]
    Any,
    Upper,
    Lower,
}

impl GrammarOptions {
    /// For the library.
    pub(super) fn options(&self) -> Options {
        let style = match self.style {
            Spelled::Any => Style::Any,
            Spelled::Upper => Style::Upper,
            Spelled::Lower => Style::Lower,
        };
        let mut options = Options::default().style(style);
        options.start.clone_from(&self.start);
        for list in &self.lists {
            options = options.list(&list.name, list.texts.clone());
        }
        options
    }

    /// Refuses them beside a schema.
    pub(super) fn need_a_grammar(&self, schema: &SchemaArgument) -> Result<()> {
        match schema.is_some() && *self != Self::default() {
            true => Err(anyhow!(
                "--start, --list, --style: expected a grammar beside them, not a schema"
            )),
            false => Ok(()),
        }
    }

    /// The grammar of a name or path.
    pub(super) fn load(&self, name: &str) -> Result<Grammar> {
        self.read(name, false)
    }

    /// The grammar of a name or path, for texts that people wrote if `reading`.
    pub(super) fn read(&self, name: &str, reading: bool) -> Result<Grammar> {
        let mut options = self.options();
        options.reading = reading;
        Ok(library::load_with(name, &options, &Limits::default())?)
    }
}

pub(super) fn compile(grammar: &Grammar) -> Result<Arc<CompiledGrammar>> {
    CompiledGrammar::new(grammar, &Limits::default())
        .map_err(|e| anyhow!("grammar `{}`: {e}", grammar.name()))
}

/// Which vocabulary.
#[derive(Clone, Debug, Args)]
pub(super) struct TokenizerArgument {
    /// A tokenizer.json in Hugging Face form
    #[arg(long, value_name = "FILE")]
    pub(super) tokenizer: PathBuf,
}

impl TokenizerArgument {
    pub(super) fn load(&self) -> Result<Arc<Vocabulary>> {
        let path = &self.tokenizer;
        let json = std::fs::read(path).map_err(|e| in_file(path, e))?;
        let vocabulary = Vocabulary::from_tokenizer_json(&json, &Limits::default())
            .map_err(|e| in_file(path, e))?;
        Ok(Arc::new(vocabulary))
    }
}

/// What an automaton knows already.
#[derive(Debug, Args)]
pub(super) struct SavedArgument {
    /// An automaton saved by `grammar compile`, of the same grammar and tokenizer
    #[arg(long, value_name = "FILE")]
    automaton: Option<PathBuf>,
}

impl SavedArgument {
    /// The automaton of a language, warm if one was saved.
    pub(super) fn make(
        &self,
        language: &Language,
        vocabulary: Arc<Vocabulary>,
    ) -> Result<Arc<Automaton>> {
        let limits = Limits::default();
        let Some(path) = &self.automaton else { return language.automaton(vocabulary) };
        let Language::Grammar(grammar) = language else {
            return Err(anyhow!("--automaton: expected a grammar beside it, not a schema"));
        };
        // One byte more than is taken, so that a longer file is refused and not cut.
        let most = limits.automaton_bytes as u64 + 1;
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(|e| in_file(path, e))?;
        file.take(most).read_to_end(&mut bytes).map_err(|e| in_file(path, e))?;
        Automaton::load(grammar, vocabulary, &bytes, &limits).map_err(|e| in_file(path, e))
    }
}

/// All of standard input as text.
pub(super) fn stdin_text() -> Result<String> {
    Source::Stdin.text()
}
