//! From checked definitions to the intermediate representation: what the start rule reaches, and no more.

mod roles;
mod style;

use std::collections::{BTreeMap, HashMap, HashSet};

use regex_syntax::hir::Hir;

use super::{
    super::{
        GrammarError, Style,
        ebnf::{Ebnf, EbnfBuilder, LimitReached},
        error::quoted,
        measure::Extent,
        source::At,
    },
    ast::{Expr, ExprKind, is_terminal},
    directives::{Directives, TerminalDirectives},
    modules::{DefinitionId, Program},
    regex::Piece,
    slots,
    terminals::{LiteralKey, Terminals, literal_key},
};
use crate::{
    Limits, NonterminalId, TerminalId,
    grammar::{Grammar, Hint, Regular, Symbol, Terminal},
    regular::Dfa,
};

/// Rules, templates expanded, may have so many parts for each symbol that a grammar may have.
const PARTS: usize = 8;

/// What makes a terminal the same terminal wherever it is used.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum TerminalKey {
    Named(DefinitionId),
    Literal(LiteralKey),
    Regex(String, String),
    Range(char, char),
    Some(DefinitionId, Vec<String>),
    /// All that a terminal had before it was filled.
    Whole(DefinitionId),
}

/// What stands in a rule where a terminal is used.
#[derive(Clone, Copy, Debug)]
enum TerminalUse {
    /// It has no text, as the caller gave none.
    Never,
    /// It matches the empty text and nothing else.
    Empty,
    Required(TerminalId),
    /// The empty text was taken from its language, so its use is optional.
    Optional(TerminalId),
}

/// An argument of a template, or what stands for its parameter.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Argument {
    Empty,
    Symbol(Symbol),
    Optional(TerminalId),
}

/// A rule, or a template with its arguments.
type Instance = (DefinitionId, Vec<Argument>);

/// Lowers a program whose names are checked.
pub(super) fn lower(
    (name, start): (&str, DefinitionId),
    program: &Program,
    terminals: &Terminals<'_>,
    style: Style,
    limits: &Limits,
) -> Result<Grammar, GrammarError> {
    let directives = Directives::collect(program, terminals)?;
    let literals = literal_names(program, terminals);
    let mut lowering = Lowering {
        program,
        terminals,
        style,
        directives,
        literals,
        out: EbnfBuilder::new(name, program.lexing(), limits),
        uses: HashMap::new(),
        filled: BTreeMap::new(),
        automata: HashMap::new(),
        unstyled: Vec::new(),
        used_at: HashMap::new(),
        names: HashSet::new(),
        instances: HashMap::new(),
        parts: 0,
        waiting: Vec::new(),
    };
    let beginning = At { file: 0, offset: 0 };
    let start = lowering.instance((start, Vec::new()), beginning)?;
    let mut next = 0;
    while next < lowering.waiting.len() {
        let (nonterminal, name, (id, arguments)) = lowering.waiting[next].clone();
        next += 1;
        let definition = &program.definitions[id];
        let body = lowering.expr(&definition.body, id, &arguments, 1)?;
        let reached = lowering.out.rule(nonterminal, &name, &body);
        reached.map_err(|reached| lowering.limit(definition.name.at, reached))?;
    }
    lowering.ignored()?;
    let rejected = lowering.rejected()?;
    lowering.excluded()?;
    lowering.words()?;
    Ok(lowering.out.finish(start, &rejected))
}

/// The terminals that are one literal, so that the literal in a rule is that terminal: those of the same file first.
fn literal_names(
    program: &Program,
    terminals: &Terminals<'_>,
) -> HashMap<LiteralKey, Vec<DefinitionId>> {
    let mut literals: HashMap<LiteralKey, Vec<DefinitionId>> = HashMap::new();
    for (id, definition) in program.definitions.iter().enumerate() {
        if is_terminal(&definition.name.text)
            && let Some(key) = terminals.as_literal(id)
        {
            literals.entry(key).or_default().push(id);
        }
    }
    literals
}

struct Lowering<'a> {
    program: &'a Program,
    terminals: &'a Terminals<'a>,
    style: Style,
    directives: Directives,
    literals: HashMap<LiteralKey, Vec<DefinitionId>>,
    out: EbnfBuilder<'a>,
    uses: HashMap<TerminalKey, TerminalUse>,
    /// Terminals that are filled with texts of the caller's, with where the grammar says so.
    filled: BTreeMap<DefinitionId, At>,
    /// What the caller's texts are held to.
    automata: HashMap<DefinitionId, Dfa>,
    /// Where one style is written: what strings and ignored texts would be in any.
    unstyled: Vec<Piece>,
    /// Where a rule uses a named terminal first.
    used_at: HashMap<DefinitionId, At>,
    /// Names of terminals and nonterminals given so far.
    names: HashSet<String>,
    instances: HashMap<Instance, NonterminalId>,
    /// Parts of expressions lowered so far.
    parts: usize,
    /// Nonterminals in order; those whose bodies are not lowered yet come last.
    waiting: Vec<(NonterminalId, String, Instance)>,
}

impl Lowering<'_> {
    fn limit(&self, at: At, reached: LimitReached) -> GrammarError {
        self.program.sources.limit(at, reached.what, reached.name, reached.limit)
    }

    /// A name that nothing else has: the plain one, or with its file's before it.
    fn unique(&mut self, name: &str, file: usize) -> String {
        if self.names.insert(name.to_string()) {
            return name.to_string();
        }
        let module = self.program.sources.name(file).trim_end_matches(".lark");
        let mut longer = format!("{module}.{name}");
        while !self.names.insert(longer.clone()) {
            longer.push('\'');
        }
        longer
    }

    /// The nonterminal of a rule or template instance.
    fn instance(&mut self, instance: Instance, at: At) -> Result<NonterminalId, GrammarError> {
        if let Some(&id) = self.instances.get(&instance) {
            return Ok(id);
        }
        let definition = self.program.name_of(instance.0);
        let name = if instance.1.is_empty() {
            self.unique(&definition.text, definition.at.file)
        } else {
            // Spelling the arguments out would make names of templates in templates long.
            self.unique(
                &format!("{}${}", definition.text, self.out.symbol_count()),
                definition.at.file,
            )
        };
        let id = self.out.nonterminal(&name).map_err(|reached| self.limit(at, reached))?;
        self.instances.insert(instance.clone(), id);
        self.waiting.push((id, name, instance));
        Ok(id)
    }

    /// An expression of a rule. Recursion is on the depth of brackets; `factor` is the product of the bounds around it.
    fn expr(
        &mut self,
        expr: &Expr,
        owner: DefinitionId,
        arguments: &[Argument],
        factor: u64,
    ) -> Result<Ebnf, GrammarError> {
        self.parts += 1;
        let limit = self.terminals.limits().symbols.saturating_mul(PARTS);
        if self.parts > limit {
            // A large template in many instances, each of which costs but one production.
            let what = "parts of rules, templates expanded";
            return Err(self.program.sources.limit(expr.at, what, "symbols", limit));
        }
        Ok(match &expr.kind {
            ExprKind::Sequence(parts) => Ebnf::Sequence(
                parts
                    .iter()
                    .map(|p| self.expr(p, owner, arguments, factor))
                    .collect::<Result<_, _>>()?,
            ),
            ExprKind::Alternatives(parts) => Ebnf::Alternatives(
                parts
                    .iter()
                    .map(|p| self.expr(p, owner, arguments, factor))
                    .collect::<Result<_, _>>()?,
            ),
            ExprKind::Repeat { body, min, max } => {
                let factor = factor.saturating_mul(u64::from(max.unwrap_or(*min).max(1)));
                let limit = self.terminals.limits().repetition;
                if factor > u64::from(limit) {
                    return Err(self.program.sources.limit(
                        expr.at,
                        "nested repetitions, multiplied",
                        "repetition",
                        limit,
                    ));
                }
                let body = Box::new(self.expr(body, owner, arguments, factor)?);
                Ebnf::Repeat { body, min: *min, max: *max }
            }
            _ => match self.atom(expr, owner, arguments)? {
                Argument::Empty => Ebnf::empty(),
                Argument::Symbol(symbol) => Ebnf::Symbol(symbol),
                Argument::Optional(id) => Ebnf::Symbol(Symbol::Terminal(id)).optional(),
            },
        })
    }

    /// A name, literal, regular expression or range: what may be an argument of a template.
    fn atom(
        &mut self,
        expr: &Expr,
        owner: DefinitionId,
        arguments: &[Argument],
    ) -> Result<Argument, GrammarError> {
        let at = expr.at;
        let key = match &expr.kind {
            ExprKind::Reference { name, arguments: inner } => {
                let parameters = &self.program.definitions[owner].parameters;
                if let Some(index) = parameters.iter().position(|p| p.text == *name) {
                    return Ok(arguments[index]);
                }
                let id = self
                    .program
                    .resolve(at.file, name)
                    .ok_or_else(|| self.program.undefined(at, name))?;
                if self.program.without.contains(&id) {
                    return Ok(Argument::Symbol(Symbol::Nonterminal(self.never(at)?)));
                }
                if !is_terminal(name) {
                    let inner = inner
                        .iter()
                        .map(|a| self.atom(a, owner, arguments))
                        .collect::<Result<_, _>>()?;
                    return Ok(Argument::Symbol(Symbol::Nonterminal(
                        self.instance((id, inner), at)?,
                    )));
                }
                self.used_at.entry(id).or_insert(at);
                TerminalKey::Named(id)
            }
            ExprKind::Literal { text, ignore_case } => {
                let key = literal_key(text, self.terminals.ignores_case(at.file, *ignore_case));
                match self.named_literal(&key, at.file) {
                    Some(id) => {
                        self.used_at.entry(id).or_insert(at);
                        TerminalKey::Named(id)
                    }
                    None => TerminalKey::Literal(key),
                }
            }
            ExprKind::Regex { pattern, flags } => {
                TerminalKey::Regex(pattern.clone(), flags.clone())
            }
            ExprKind::Range(low, high) => TerminalKey::Range(*low, *high),
            ExprKind::Some { of, texts } => {
                let id = self.program.resolve(at.file, of);
                let id = id.ok_or_else(|| self.program.undefined(at, of))?;
                TerminalKey::Some(id, texts.clone())
            }
            _ => {
                return Err(self
                    .program
                    .sources
                    .error(at, "expected a name, a string or a regular expression"));
            }
        };
        Ok(match self.terminal(key, expr)? {
            TerminalUse::Never => Argument::Symbol(Symbol::Nonterminal(self.never(at)?)),
            TerminalUse::Empty => Argument::Empty,
            TerminalUse::Required(id) => Argument::Symbol(Symbol::Terminal(id)),
            TerminalUse::Optional(id) => Argument::Optional(id),
        })
    }

    /// What has no text.
    fn never(&mut self, at: At) -> Result<NonterminalId, GrammarError> {
        self.out.never().map_err(|reached| self.limit(at, reached))
    }

    fn named_literal(&self, key: &LiteralKey, file: usize) -> Option<DefinitionId> {
        let ids = self.literals.get(key)?;
        let of_file = |id: &&DefinitionId| self.program.name_of(**id).at.file == file;
        ids.iter().find(of_file).or_else(|| ids.first()).copied()
    }

    /// The terminal of a key, made at its first use; `expr` is where it is used.
    fn terminal(&mut self, key: TerminalKey, expr: &Expr) -> Result<TerminalUse, GrammarError> {
        if let Some(&known) = self.uses.get(&key) {
            return Ok(known);
        }
        let file = expr.at.file;
        let (name, display, piece, directives) = match &key {
            TerminalKey::Named(id) => {
                let name = self.program.name_of(*id).clone();
                let piece = self.terminals.get(*id).cloned();
                let mut piece = piece.ok_or_else(|| self.program.undefined(expr.at, &name.text))?;
                let mut display = name.text.clone();
                let mut directives = self.directives.of(*id);
                if let Some(key) = self.terminals.as_literal(*id) {
                    display = shown(&key);
                    directives = self.directives.of_literal(&key.0, directives);
                    piece = self.styled(&key);
                }
                (self.unique(&name.text, name.at.file), display, piece, directives)
            }
            TerminalKey::Whole(id) => {
                let name = self.program.name_of(*id).clone();
                let piece = self.terminals.get(*id).cloned();
                let piece = piece.ok_or_else(|| self.program.undefined(expr.at, &name.text))?;
                let unique = self.unique(&format!("{}$whole", name.text), name.at.file);
                (unique, name.text, piece, TerminalDirectives::default())
            }
            TerminalKey::Literal(key) => {
                let piece = self.styled(key);
                let quoted = format!("{:?}{}", key.0, if key.1 { "i" } else { "" });
                let directives = TerminalDirectives::default();
                let directives = self.directives.of_literal(&key.0, directives);
                (self.unique(&quoted, file), shown(key), piece, directives)
            }
            TerminalKey::Regex(pattern, flags) => {
                let text = format!("/{pattern}/{flags}");
                (
                    self.unique(&text, file),
                    text,
                    self.terminals.expr(expr)?,
                    TerminalDirectives::default(),
                )
            }
            TerminalKey::Some(id, _) => {
                let of = self.program.name_of(*id).text.clone();
                let directives = self.directives.of(*id);
                (
                    self.unique(&format!("{of}$list"), file),
                    of,
                    self.terminals.expr(expr)?,
                    directives,
                )
            }
            TerminalKey::Range(low, high) => {
                let text = format!("{:?}..{:?}", low.to_string(), high.to_string());
                (
                    self.unique(&text, file),
                    text,
                    self.terminals.expr(expr)?,
                    TerminalDirectives::default(),
                )
            }
        };
        let priority = match key {
            TerminalKey::Named(id) => self.program.definitions[id].priority,
            _ => 0,
        };
        // The caller's texts, as far as they are the terminal's.
        let given = match &key {
            TerminalKey::Some(id, texts) => Some((*id, (texts.clone(), expr.at))),
            TerminalKey::Named(id) => directives.only.clone().map(|only| (*id, only)),
            _ => None,
        };
        let (mut piece, mut of) = (piece, None);
        if let Some((id, (texts, at))) = given {
            if matches!(key, TerminalKey::Named(_)) {
                self.filled.insert(id, at);
            }
            let whole = self.terminals.get(id).cloned();
            let whole = whole.ok_or_else(|| self.program.undefined(at, &name))?;
            let ignore_case =
                self.style == Style::Any && self.terminals.ignores_case(at.file, false);
            if !self.automata.contains_key(&id) {
                let (place, limits) = ((self.program, at), self.terminals.limits());
                let automaton = slots::automaton((&whole, &directives), place, limits)?;
                self.automata.insert(id, automaton);
            }
            match slots::fill(&self.automata[&id], &texts, ignore_case) {
                Some(filled) => piece = filled,
                None => {
                    self.uses.insert(key, TerminalUse::Never);
                    return Ok(TerminalUse::Never);
                }
            }
            of = Some(whole.hir);
        }
        let made = self.make(
            Terminal { priority, ..Terminal::new(name, Regular::Hir(Hir::empty())) },
            display,
            (piece, of),
            directives,
            expr.at,
        )?;
        self.uses.insert(key, made);
        Ok(made)
    }

    /// Adds a terminal of this language. The empty text is taken from it, as no lexeme is empty.
    fn make(
        &mut self,
        mut terminal: Terminal,
        display: String,
        (piece, of): (Piece, Option<Hir>),
        directives: TerminalDirectives,
        at: At,
    ) -> Result<TerminalUse, GrammarError> {
        let extent = Extent::of(&piece.hir);
        if extent.is_void() {
            let message = format!("terminal {} matches no text at all", quoted(&terminal.name));
            return Err(self.program.sources.error(at, message));
        }
        if !extent.more {
            return Ok(TerminalUse::Empty);
        }
        let optional = extent.empty;
        self.terminals.charge(at, &piece)?;
        let mut removed = directives.reserved;
        if optional {
            removed.push(Hir::empty());
        }
        terminal.language = Regular::Hir(piece.hir);
        if let Some(of) = of {
            let of = Box::new(Regular::Hir(of));
            terminal.language = Regular::Intersection(Box::new(terminal.language), of);
        }
        if !removed.is_empty() {
            let removed = Regular::Hir(Hir::alternation(removed));
            terminal.language = Regular::Difference(Box::new(terminal.language), Box::new(removed));
        }
        if !directives.not_followed_by.is_empty() {
            terminal.not_followed_by =
                Some(Regular::Hir(Hir::alternation(directives.not_followed_by)));
        }
        terminal.display = directives.display.unwrap_or(display);
        let id = self.out.terminal(terminal).map_err(|reached| self.limit(at, reached))?;
        Ok(if optional { TerminalUse::Optional(id) } else { TerminalUse::Required(id) })
    }

    /// What is said to people: words for rules, hints.
    fn words(&mut self) -> Result<(), GrammarError> {
        let phrases = std::mem::take(&mut self.directives.phrases);
        for (id, words) in phrases {
            if let Some(&rule) = self.instances.get(&(id, Vec::new())) {
                self.out.phrase(rule, &words);
            }
        }
        for (id, expected, text) in std::mem::take(&mut self.directives.hints) {
            let piece = self.terminals.get(id).cloned();
            let name = self.program.name_of(id);
            let piece = piece.ok_or_else(|| self.program.undefined(name.at, &name.text))?;
            self.terminals.charge(name.at, &piece)?;
            let directives = self.directives.of(id);
            let mut language = Regular::Hir(piece.hir);
            if !directives.reserved.is_empty() {
                let removed = Regular::Hir(Hir::alternation(directives.reserved));
                language = Regular::Difference(Box::new(language), Box::new(removed));
            }
            let expected =
                expected.iter().map(|item| self.called(item)).collect::<Result<_, _>>()?;
            self.out.hint(Hint { language, class: directives.display, expected, text });
        }
        Ok(())
    }

    /// What a person is shown where a terminal or string is expected.
    fn called(&self, item: &Expr) -> Result<String, GrammarError> {
        Ok(match &item.kind {
            ExprKind::Reference { name, .. } => {
                let id = self.program.resolve(item.at.file, name);
                let id = id.ok_or_else(|| self.program.undefined(item.at, name))?;
                let literal = self.terminals.as_literal(id);
                let plain = || literal.map_or_else(|| name.clone(), |key| shown(&key));
                self.directives.of(id).display.unwrap_or_else(plain)
            }
            ExprKind::Literal { text, ignore_case } => {
                shown(&literal_key(text, self.terminals.ignores_case(item.at.file, *ignore_case)))
            }
            _ => String::new(),
        })
    }
}

/// A literal as a person reads it: a keyword in capitals where case does not matter, else in quotes.
fn shown((text, ignore_case): &LiteralKey) -> String {
    if *ignore_case && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        text.to_ascii_uppercase()
    } else {
        format!("{text:?}")
    }
}
