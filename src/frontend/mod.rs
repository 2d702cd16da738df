//! Texts that become grammars. Each front end builds the intermediate representation directly, under limits.

mod ebnf;
mod error;
mod escape;
pub mod gbnf;
pub mod lark;
mod measure;
mod nearest;
mod options;
mod prune;
mod source;
mod syntax;

pub use error::GrammarError;
pub use options::{List, Options, Start, Style};

/// Where a grammar's `%import` finds other files.
pub trait Sources {
    /// The text of a module named in an import, with slashes between its parts and without its ending
    /// (`common`, `lexical`); `None` if there is no such module.
    fn read(&self, module: &str) -> Option<String>;
}

/// No imports but the built-in `common` module.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSources;

impl Sources for NoSources {
    fn read(&self, _module: &str) -> Option<String> {
        None
    }
}
