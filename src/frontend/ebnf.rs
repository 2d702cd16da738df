//! From expressions with groups and repetitions to plain productions.
//!
//! Helpers are shared: equal groups and equal repetitions are one nonterminal wherever they stand. `x*` is left-recursive
//! (`r: ε | r x`), so a list of any length keeps a parser's stack flat. A bounded repetition costs a number of
//! productions that is logarithmic in its lower bound and linear in the width of its range.

use std::collections::{HashMap, HashSet};

use super::prune::prune;
use crate::{
    Limits, NonterminalId, TerminalId,
    grammar::{Grammar, GrammarBuilder, Hint, Lexing, Symbol, Terminal},
};

/// An expression over symbols.
#[derive(Clone, Debug)]
pub(super) enum Ebnf {
    Symbol(Symbol),
    Sequence(Vec<Ebnf>),
    Alternatives(Vec<Ebnf>),
    Repeat { body: Box<Ebnf>, min: u32, max: Option<u32> },
}

impl Ebnf {
    /// The empty text.
    pub(super) fn empty() -> Self {
        Self::Sequence(Vec::new())
    }

    /// This or nothing.
    pub(super) fn optional(self) -> Self {
        Self::Repeat { body: Box::new(self), min: 0, max: Some(1) }
    }
}

/// A limit that lowering reached.
#[derive(Debug)]
pub(super) struct LimitReached {
    pub(super) what: &'static str,
    pub(super) name: &'static str,
    pub(super) limit: usize,
}

/// Right-hand sides of one nonterminal.
type Alternatives = Vec<Vec<Symbol>>;

/// What a helper nonterminal derives.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Helper {
    Group(Alternatives),
    Star(Vec<Symbol>),
    Plus(Vec<Symbol>),
    /// At most this many of the symbol.
    UpTo(Symbol, u32),
    /// Exactly this many of the symbol; a power of two.
    Power(Symbol, u32),
}

/// Builds a grammar from rules in [`Ebnf`], under limits.
#[derive(Debug)]
pub(super) struct EbnfBuilder<'a> {
    builder: GrammarBuilder,
    helpers: HashMap<Helper, NonterminalId>,
    limits: &'a Limits,
    /// The rule being lowered, for the names of helpers.
    rule: String,
    never: Option<NonterminalId>,
}

impl<'a> EbnfBuilder<'a> {
    pub(super) fn new(name: &str, lexing: Lexing, limits: &'a Limits) -> Self {
        Self {
            builder: GrammarBuilder::new(name, lexing),
            helpers: HashMap::new(),
            limits,
            rule: String::new(),
            never: None,
        }
    }

    /// Adds a terminal.
    pub(super) fn terminal(&mut self, terminal: Terminal) -> Result<TerminalId, LimitReached> {
        self.check_symbols()?;
        Ok(self.builder.terminal(terminal))
    }

    /// A terminal added before.
    pub(super) fn terminal_mut(&mut self, id: TerminalId) -> &mut Terminal {
        self.builder.terminal_mut(id)
    }

    /// Adds a nonterminal; its productions follow with [`Self::rule`].
    pub(super) fn nonterminal(&mut self, name: &str) -> Result<NonterminalId, LimitReached> {
        self.check_symbols()?;
        Ok(self.builder.nonterminal(name))
    }

    /// The number of nonterminals and terminals so far: different at each call that added one.
    pub(super) fn symbol_count(&self) -> usize {
        self.builder.symbol_count()
    }

    /// Lowers a rule's body. Recursion is on the depth of the expression, which the front ends bound.
    pub(super) fn rule(
        &mut self,
        id: NonterminalId,
        name: &str,
        body: &Ebnf,
    ) -> Result<(), LimitReached> {
        name.clone_into(&mut self.rule);
        for rhs in self.alternatives(body)? {
            self.production(id, rhs)?;
        }
        Ok(())
    }

    /// Gives a rule words for a person.
    pub(super) fn phrase(&mut self, rule: NonterminalId, words: &str) {
        self.builder.phrase(rule, words);
    }

    /// Adds a hint.
    pub(super) fn hint(&mut self, hint: Hint) {
        self.builder.hint(hint);
    }

    /// The nonterminal that derives nothing; what uses it is [pruned](prune).
    pub(super) fn never(&mut self) -> Result<NonterminalId, LimitReached> {
        if let Some(id) = self.never {
            return Ok(id);
        }
        let id = self.nonterminal("$never")?;
        self.never = Some(id);
        Ok(id)
    }

    /// The finished grammar: what of it derives a text. Terminals of `keep` stay even if no production uses them.
    pub(super) fn finish(self, start: NonterminalId, keep: &HashSet<TerminalId>) -> Grammar {
        prune(self.builder.finish(start), keep)
    }

    fn check_symbols(&self) -> Result<(), LimitReached> {
        if self.builder.symbol_count() < self.limits.symbols {
            return Ok(());
        }
        Err(LimitReached {
            what: "symbols of the grammar",
            name: "symbols",
            limit: self.limits.symbols,
        })
    }

    fn production(&mut self, lhs: NonterminalId, rhs: Vec<Symbol>) -> Result<(), LimitReached> {
        if self.builder.production_count() >= self.limits.productions {
            return Err(LimitReached {
                what: "productions of the grammar",
                name: "productions",
                limit: self.limits.productions,
            });
        }
        self.builder.production(lhs, rhs);
        Ok(())
    }

    fn alternatives(&mut self, body: &Ebnf) -> Result<Alternatives, LimitReached> {
        let mut out = Vec::new();
        match body {
            Ebnf::Alternatives(parts) => {
                for part in parts {
                    out.extend(self.alternatives(part)?);
                }
                let mut seen = std::collections::HashSet::new();
                out.retain(|rhs| seen.insert(rhs.clone()));
            }
            _ => {
                let mut rhs = Vec::new();
                self.append(body, &mut rhs)?;
                out.push(rhs);
            }
        }
        Ok(out)
    }

    /// Appends an expression to a right-hand side, through a helper where it is a choice.
    fn append(&mut self, body: &Ebnf, rhs: &mut Vec<Symbol>) -> Result<(), LimitReached> {
        match body {
            Ebnf::Symbol(symbol) => rhs.push(*symbol),
            Ebnf::Sequence(parts) => {
                for part in parts {
                    self.append(part, rhs)?;
                }
            }
            Ebnf::Alternatives(_) => {
                let alternatives = self.alternatives(body)?;
                self.append_choice(alternatives, rhs)?;
            }
            Ebnf::Repeat { body, min, max } => self.append_repeat(body, *min, *max, rhs)?,
        }
        Ok(())
    }

    fn append_choice(
        &mut self,
        mut alternatives: Alternatives,
        rhs: &mut Vec<Symbol>,
    ) -> Result<(), LimitReached> {
        if alternatives.len() == 1 {
            rhs.append(&mut alternatives[0]);
        } else {
            rhs.push(self.helper(Helper::Group(alternatives))?);
        }
        Ok(())
    }

    fn append_repeat(
        &mut self,
        body: &Ebnf,
        min: u32,
        max: Option<u32>,
        rhs: &mut Vec<Symbol>,
    ) -> Result<(), LimitReached> {
        if max == Some(0) {
            return Ok(());
        }
        let mut alternatives = self.alternatives(body)?;
        // An empty alternative of what is repeated only says that fewer will do.
        let optional = alternatives.iter().any(Vec::is_empty);
        alternatives.retain(|alternative| !alternative.is_empty());
        if alternatives.is_empty() {
            return Ok(());
        }
        let min = if optional { 0 } else { min };
        match (min, max) {
            (1, Some(1)) => return self.append_choice(alternatives, rhs),
            (0, Some(1)) => {
                alternatives.insert(0, Vec::new());
                return self.append_choice(alternatives, rhs);
            }
            (0 | 1, None) => {
                let mut body = Vec::new();
                self.append_choice(alternatives, &mut body)?;
                let helper = if min == 0 { Helper::Star(body) } else { Helper::Plus(body) };
                rhs.push(self.helper(helper)?);
                return Ok(());
            }
            _ => {}
        }
        let symbol = match &alternatives[..] {
            [one] if one.len() == 1 => one[0],
            _ => self.helper(Helper::Group(alternatives))?,
        };
        for bit in (0..u32::BITS).rev().filter(|bit| min >> bit & 1 == 1) {
            rhs.push(self.power(symbol, 1 << bit)?);
        }
        match max {
            None => rhs.push(self.helper(Helper::Star(vec![symbol]))?),
            Some(max) if max > min => rhs.push(self.up_to(symbol, max - min)?),
            Some(_) => {}
        }
        Ok(())
    }

    /// `count` times the symbol, where `count` is a power of two, by doubling.
    fn power(&mut self, symbol: Symbol, count: u32) -> Result<Symbol, LimitReached> {
        let mut half = symbol;
        let mut n = 1;
        while n < count {
            n *= 2;
            half = match self.helpers.get(&Helper::Power(symbol, n)) {
                Some(&id) => Symbol::Nonterminal(id),
                None => {
                    let id = self.new_helper(Helper::Power(symbol, n))?;
                    self.production(id, vec![half, half])?;
                    Symbol::Nonterminal(id)
                }
            };
        }
        Ok(half)
    }

    /// At most `count` times the symbol: `u_n: ε | x u_(n-1)`, which has one derivation for each length.
    fn up_to(&mut self, symbol: Symbol, count: u32) -> Result<Symbol, LimitReached> {
        let mut rest: Option<Symbol> = None;
        for n in 1..=count {
            rest = Some(match self.helpers.get(&Helper::UpTo(symbol, n)) {
                Some(&id) => Symbol::Nonterminal(id),
                None => {
                    let id = self.new_helper(Helper::UpTo(symbol, n))?;
                    self.production(id, Vec::new())?;
                    self.production(id, std::iter::once(symbol).chain(rest).collect())?;
                    Symbol::Nonterminal(id)
                }
            });
        }
        Ok(rest.unwrap_or(symbol))
    }

    fn new_helper(&mut self, key: Helper) -> Result<NonterminalId, LimitReached> {
        let name = format!("{}${}", self.rule, self.builder.symbol_count());
        let id = self.nonterminal(&name)?;
        self.helpers.insert(key, id);
        Ok(id)
    }

    /// The nonterminal of a group, `*` or `+`.
    fn helper(&mut self, key: Helper) -> Result<Symbol, LimitReached> {
        if let Some(&id) = self.helpers.get(&key) {
            return Ok(Symbol::Nonterminal(id));
        }
        let id = self.new_helper(key.clone())?;
        match key {
            Helper::Group(alternatives) => {
                for rhs in alternatives {
                    self.production(id, rhs)?;
                }
            }
            Helper::Star(body) => {
                self.production(id, Vec::new())?;
                self.production(
                    id,
                    std::iter::once(Symbol::Nonterminal(id)).chain(body).collect(),
                )?;
            }
            Helper::Plus(body) => {
                self.production(id, body.clone())?;
                self.production(
                    id,
                    std::iter::once(Symbol::Nonterminal(id)).chain(body).collect(),
                )?;
            }
            // Built by `power` and `up_to`.
            Helper::UpTo(..) | Helper::Power(..) => {}
        }
        Ok(Symbol::Nonterminal(id))
    }
}
