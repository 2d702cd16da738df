//! The files of a grammar: loading what is imported, and which definition a name means in which file.
//!
//! A file is loaded once, however often and from wherever it is imported; files may import each other in circles. An
//! expression's names mean what they mean in the file that the expression stands in, so an imported rule keeps its
//! meaning, and what it refers to comes along.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{
    super::{
        GrammarError, Options, Sources,
        error::quoted,
        nearest::nearest,
        options::{ONE_STYLE, READING},
        source::{At, SourceMap},
        syntax,
    },
    ast::{Definition, Expr, ExprKind, Import, Name, Statement, is_terminal},
    common, read,
};
use crate::{Limits, grammar::Lexing};

/// Index of a definition in [`Program::definitions`].
pub(super) type DefinitionId = usize;

/// What a name in a file stands for.
#[derive(Clone, Debug)]
enum Entry {
    Defined(DefinitionId),
    /// A name of another file.
    Imported {
        file: usize,
        name: String,
        at: At,
    },
}

/// One file. Its index is that of its text in the source map.
#[derive(Debug, Default)]
pub(super) struct Module {
    names: BTreeMap<String, Entry>,
    /// `%ignore_case`.
    pub(super) ignore_case: bool,
    /// `%ignore`, in order.
    pub(super) ignore: Vec<Expr>,
    lexing: Option<(Lexing, At)>,
    /// `%start`, in order.
    pub(super) starts: Vec<(Name, String)>,
    /// `%list` and `%slot`, in order.
    pub(super) lists: Vec<(Name, String)>,
    /// What `%if`s ask for.
    conditions: Vec<Name>,
    /// Directives about single terminals.
    pub(super) directives: Vec<Statement>,
}

/// All files of a grammar; the first is the one that was asked for.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) sources: SourceMap,
    pub(super) modules: Vec<Module>,
    pub(super) definitions: Vec<Definition>,
    /// `%without`: what uses one of these is dropped.
    pub(super) without: HashSet<DefinitionId>,
}

impl Program {
    /// Reads a grammar text and everything it imports.
    pub(super) fn load(
        name: &str,
        text: &str,
        options: &Options,
        finder: &dyn Sources,
        limits: &Limits,
    ) -> Result<Self, GrammarError> {
        let given = options.lists.values().flatten().flatten().map(String::len).sum();
        syntax::check_size(name, text, given, limits)?;
        let mut loader = Loader {
            program: Self {
                sources: SourceMap::default(),
                modules: Vec::new(),
                definitions: Vec::new(),
                without: HashSet::new(),
            },
            keys: HashMap::new(),
            waiting: Vec::new(),
            changes: Vec::new(),
            bytes: text.len() + given,
            options,
            finder,
            limits,
        };
        loader.program.sources.add(name, text.to_string());
        loader.waiting.push(String::new());
        // Files that a file imports are appended while it is read.
        let mut file = 0;
        while file < loader.waiting.len() {
            loader.read(file)?;
            file += 1;
        }
        let changes = std::mem::take(&mut loader.changes);
        let mut program = loader.program;
        program.check_imports()?;
        program.check_conditions(options)?;
        for change in changes {
            program.change(change)?;
        }
        Ok(program)
    }

    /// How the grammar's text becomes lexemes: what the first file says.
    pub(super) fn lexing(&self) -> Lexing {
        self.modules[0].lexing.map(|(lexing, _)| lexing).unwrap_or_default()
    }

    /// The definition that a name means in a file.
    pub(super) fn resolve(&self, file: usize, name: &str) -> Option<DefinitionId> {
        let (mut file, mut name) = (file, name);
        // A chain of imports visits no name twice unless it is a circle.
        for _ in 0..=self.modules.len() * 2 + 16 {
            match self.modules[file].names.get(name)? {
                Entry::Defined(id) => return Some(*id),
                Entry::Imported { file: next, name: there, .. } => (file, name) = (*next, there),
            }
        }
        None
    }

    /// The names of rules without parameters that the main file knows, imported ones included, sorted.
    pub(super) fn rules(&self) -> impl Iterator<Item = &str> {
        self.modules[0].names.keys().map(String::as_str).filter(|name| {
            !is_terminal(name)
                && self
                    .resolve(0, name)
                    .is_some_and(|id| self.definitions[id].parameters.is_empty())
        })
    }

    /// The error for a name that means nothing in its file.
    pub(super) fn undefined(&self, at: At, name: &str) -> GrammarError {
        let kind = if is_terminal(name) { "terminal" } else { "rule" };
        let mut message = format!("no {kind} {} is defined", quoted(name));
        let known = self.modules[at.file].names.keys().map(String::as_str);
        if let Some(near) = nearest(name, known) {
            message.push_str(&format!("; the nearest name is `{near}`"));
        } else if self.resolve_common(name) {
            message.push_str(&format!("; `%import common.{name}` brings it in"));
        }
        self.sources.error(at, message)
    }

    fn resolve_common(&self, name: &str) -> bool {
        common::NAMES.contains(&name)
    }

    /// The place of a definition's name.
    pub(super) fn name_of(&self, id: DefinitionId) -> &Name {
        &self.definitions[id].name
    }

    fn check_imports(&self) -> Result<(), GrammarError> {
        for module in &self.modules {
            for entry in module.names.values() {
                let Entry::Imported { file, name, at } = entry else { continue };
                if self.resolve(*file, name).is_none() {
                    let mut message =
                        format!("module `{}` has no {}", self.sources.name(*file), quoted(name));
                    let known = self.modules[*file].names.keys().map(String::as_str);
                    if let Some(near) = nearest(name, known) {
                        message.push_str(&format!("; the nearest name is `{near}`"));
                    }
                    return Err(self.sources.error(*at, message));
                }
            }
        }
        Ok(())
    }

    /// What `%if` asks for must be something that can be the case, and a list that the caller gives must be there.
    fn check_conditions(&self, options: &Options) -> Result<(), GrammarError> {
        let starts = self.modules[0].starts.iter().map(|(name, _)| name.text.as_str());
        let lists: Vec<&str> = self
            .modules
            .iter()
            .flat_map(|module| module.lists.iter().map(|(name, _)| name.text.as_str()))
            .collect();
        let mut known: Vec<&str> = vec![READING, ONE_STYLE];
        known.extend(starts);
        known.extend(&lists);
        let asked = self.modules.iter().flat_map(|module| &module.conditions);
        if let Some(name) = asked.into_iter().find(|name| !known.contains(&name.text.as_str())) {
            let message = format!(
                "%if {}: expected a start that the grammar offers, a list, `{READING}` or `{ONE_STYLE}`: one of {}",
                quoted(&name.text),
                known.join(", ")
            );
            return Err(self.sources.error(name.at, message));
        }
        match options.lists.keys().find(|name| !lists.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => {
                let message = format!("the grammar has no %list and no %slot {}", quoted(name));
                Err(self.sources.error(At { file: 0, offset: 0 }, message))
            }
        }
    }

    /// Carries out an `%override`, `%extend` or `%without`.
    fn change(&mut self, change: Statement) -> Result<(), GrammarError> {
        let (extend, new) = match change {
            Statement::Without(name) => {
                let id = self
                    .resolve(name.at.file, &name.text)
                    .ok_or_else(|| self.undefined(name.at, &name.text))?;
                self.without.insert(id);
                return Ok(());
            }
            Statement::Extend(definition) => (true, definition),
            Statement::Override(definition) => (false, definition),
            _ => return Ok(()),
        };
        let at = new.name.at;
        let Some(id) = self.resolve(at.file, &new.name.text) else {
            return Err(self.undefined(at, &new.name.text));
        };
        let old = &mut self.definitions[id];
        if extend {
            if !old.parameters.is_empty() || !new.parameters.is_empty() {
                return Err(self
                    .sources
                    .error(at, "%extend of a template is not supported; use %override"));
            }
            let nothing = Expr { kind: ExprKind::Alternatives(Vec::new()), at };
            let body = std::mem::replace(&mut old.body, nothing);
            let at = body.at;
            // One list of alternatives, however often it is extended: later passes recurse on the depth.
            let mut alternatives = match body.kind {
                ExprKind::Alternatives(alternatives) => alternatives,
                _ => vec![body],
            };
            alternatives.push(new.body);
            old.body = Expr { kind: ExprKind::Alternatives(alternatives), at };
        } else {
            old.parameters = new.parameters;
            old.priority = new.priority;
            old.body = new.body;
        }
        Ok(())
    }
}

/// The definition of a list: one alternative for all its texts that differ in their last word only, each word a text of the
/// terminal `of`, as far as it is one. A word without a letter or digit stands for itself.
fn listed(name: &Name, of: &Name, texts: &[Vec<String>]) -> Definition {
    let expr = |kind| Expr { kind, at: name.at };
    let word = |texts: Vec<String>| expr(ExprKind::Some { of: of.text.clone(), texts });
    let mut by_prefix: BTreeMap<&[String], Vec<String>> = BTreeMap::new();
    for text in texts {
        if let Some((last, prefix)) = text.split_last() {
            by_prefix.entry(prefix).or_default().push(last.clone());
        }
    }
    let alternatives = by_prefix.into_iter().map(|(prefix, last)| {
        let prefix = prefix.iter().map(|text| match text.contains(char::is_alphanumeric) {
            true => word(vec![text.clone()]),
            false => expr(ExprKind::Literal { text: text.clone(), ignore_case: false }),
        });
        let mut parts: Vec<Expr> = prefix.collect();
        parts.push(word(last));
        expr(ExprKind::Sequence(parts))
    });
    let body = expr(ExprKind::Alternatives(alternatives.collect()));
    Definition { name: name.clone(), parameters: Vec::new(), priority: 0, body }
}

struct Loader<'a> {
    program: Program,
    keys: HashMap<String, usize>,
    /// Module keys by file index; texts are in the source map already.
    waiting: Vec<String>,
    changes: Vec<Statement>,
    bytes: usize,
    options: &'a Options,
    finder: &'a dyn Sources,
    limits: &'a Limits,
}

impl Loader<'_> {
    fn read(&mut self, file: usize) -> Result<(), GrammarError> {
        let statements = read::read(&self.program.sources, file, self.limits)?;
        let mut module = Module::default();
        self.enter_all(file, &mut module, statements)?;
        self.program.modules.push(module);
        Ok(())
    }

    /// Recursion is one level deep: there is no condition in a condition.
    fn enter_all(
        &mut self,
        file: usize,
        module: &mut Module,
        statements: Vec<Statement>,
    ) -> Result<(), GrammarError> {
        for statement in statements {
            match statement {
                Statement::Definition(definition) => {
                    let id = self.program.definitions.len();
                    let name = definition.name.clone();
                    self.program.definitions.push(definition);
                    self.enter(module, name, Entry::Defined(id))?;
                }
                Statement::Import(import) => {
                    let from = self.module(file, &import)?;
                    let at = import.name.at;
                    let entry = Entry::Imported { file: from, name: import.name.text, at };
                    self.enter(module, Name { text: import.alias, at }, entry)?;
                }
                Statement::Lexing(lexing, at) => {
                    if module.lexing.is_some_and(|(other, _)| other != lexing) {
                        return Err(self
                            .program
                            .sources
                            .error(at, "%lexing is there twice, and differs"));
                    }
                    module.lexing = Some((lexing, at));
                }
                Statement::IgnoreCase => module.ignore_case = true,
                Statement::Ignore(expr) => module.ignore.push(expr),
                Statement::Start(name, about) => module.starts.push((name, about)),
                Statement::Override(_) | Statement::Extend(_) | Statement::Without(_) => {
                    self.changes.push(statement);
                }
                Statement::If(names, guarded) => {
                    if names.iter().any(|name| self.options.is_on(&name.text)) {
                        self.enter_all(file, module, guarded)?;
                    }
                    module.conditions.extend(names);
                }
                Statement::List(name, of, about) => {
                    if let Some(texts) = self.options.lists.get(&name.text) {
                        let id = self.program.definitions.len();
                        self.program.definitions.push(listed(&name, &of, texts));
                        self.enter(module, name.clone(), Entry::Defined(id))?;
                    }
                    module.lists.push((name, about));
                }
                Statement::Slot(name, of, about) => {
                    if let Some(texts) = self.options.lists.get(&name.text) {
                        let texts = texts.concat();
                        let only = |of: &Name| Statement::Only(of.clone(), texts.clone());
                        module.directives.extend(of.iter().map(only));
                    }
                    module.lists.push((name.clone(), about.clone()));
                    module.directives.push(Statement::Slot(name, of, about));
                }
                directive => module.directives.push(directive),
            }
        }
        Ok(())
    }

    fn enter(&self, module: &mut Module, name: Name, entry: Entry) -> Result<(), GrammarError> {
        let Some(old) = module.names.get(&name.text) else {
            module.names.insert(name.text, entry);
            return Ok(());
        };
        let first = match (old, &entry) {
            (
                Entry::Imported { file: a, name: b, .. },
                Entry::Imported { file: c, name: d, .. },
            ) if (a, b) == (c, d) => {
                return Ok(());
            }
            (Entry::Imported { at, .. }, _) => *at,
            (Entry::Defined(id), _) => self.program.definitions[*id].name.at,
        };
        let place = self.program.sources.error(first, "");
        let message = format!(
            "{} is defined already, in line {}; `%override` replaces a definition, `%extend` adds alternatives",
            quoted(&name.text),
            place.line
        );
        Err(self.program.sources.error(name.at, message))
    }

    /// The index of an imported module, which is loaded at its first import.
    fn module(&mut self, file: usize, import: &Import) -> Result<usize, GrammarError> {
        let written = &import.module.text;
        let at = import.module.at;
        let key = match written.strip_prefix('.') {
            Some(relative) if !relative.is_empty() && !relative.starts_with('.') => {
                let folder = self.waiting[file].rsplit_once('/').map(|(folder, _)| folder);
                let path = relative.replace('.', "/");
                folder.map_or_else(|| path.clone(), |folder| format!("{folder}/{path}"))
            }
            Some(_) => {
                let message =
                    "expected a file of the same folder after the dot: `%import .file (NAME)`";
                return Err(self.program.sources.error(at, message));
            }
            None if written == "common" => written.clone(),
            None => {
                let message = format!(
                    "unknown module {}, expected `common`, or a file of the same folder with a dot before it",
                    quoted(written)
                );
                return Err(self.program.sources.error(at, message));
            }
        };
        let built_in = !written.starts_with('.');
        let key = if built_in { format!("<{key}>") } else { key };
        if let Some(&index) = self.keys.get(&key) {
            return Ok(index);
        }
        let (name, text) = if built_in {
            (written.clone(), common::TEXT.to_string())
        } else {
            let Some(text) = self.finder.read(&key) else {
                let message = format!("no file {} beside this one", quoted(&format!("{key}.lark")));
                return Err(self.program.sources.error(at, message));
            };
            let name = format!("{key}.lark");
            syntax::check_size(&name, &text, self.bytes, self.limits)?;
            self.bytes += text.len();
            (name, text)
        };
        let index = self.program.sources.add(&name, text);
        self.waiting.push(key.clone());
        self.keys.insert(key, index);
        Ok(index)
    }
}
