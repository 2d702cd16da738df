//! From rules to the intermediate representation.
//!
//! GBNF has no lexemes, so how text is cut into terminals is ours to choose; under contextual lexing every choice gives
//! the same language. Strings and classes that follow each other are one terminal, and so is a repeated class, which
//! keeps the parser's work low; everything else stays with the parser, which keeps the automata of terminals small.

use std::collections::{BTreeMap, HashMap, HashSet};

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, Repetition};

use super::{
    super::{
        GrammarError,
        ebnf::{Ebnf, EbnfBuilder, LimitReached},
        error::quoted,
        measure::Extent,
        nearest,
        source::limit_message,
    },
    ast::{Chars, CharsKind, Expr, ExprKind, Rule},
};
use crate::{
    Limits, NonterminalId, TerminalId,
    grammar::{Grammar, Lexing, Regular, Symbol, Terminal},
};

/// Characters of a terminal's name; longer ones are cut.
const NAME_SHOWN: usize = 80;

/// Lowers the rules of a text: those that its start reaches; the names in all of them are looked up.
pub(super) fn lower(
    name: &str,
    text: &str,
    start: &str,
    rules: &[Rule],
    limits: &Limits,
) -> Result<Grammar, GrammarError> {
    let reached = reached(name, text, start, rules)?;
    let mut lowering = Lowering {
        name,
        text,
        limits,
        out: EbnfBuilder::new(name, Lexing::Contextual, limits),
        rules: HashMap::new(),
        terminals: HashMap::new(),
    };
    let mut first = None;
    for rule in &reached {
        let id = lowering
            .out
            .nonterminal(&rule.name)
            .map_err(|reached| lowering.limit(rule.at, reached))?;
        first.get_or_insert(id);
        lowering.rules.insert(&rule.name, id);
    }
    for rule in &reached {
        let body = lowering.expr(&rule.body, 1)?;
        let id = lowering.rules[rule.name.as_str()];
        let reached = lowering.out.rule(id, &rule.name, &body);
        reached.map_err(|reached| lowering.limit(rule.at, reached))?;
    }
    // What is reached begins with the start.
    Ok(lowering.out.finish(first.unwrap_or(NonterminalId(0)), &HashSet::new()))
}

/// The rules that a text can use, its start first. The names in all rules are looked up.
fn reached<'a>(
    name: &str,
    text: &str,
    start: &str,
    rules: &'a [Rule],
) -> Result<Vec<&'a Rule>, GrammarError> {
    let refuse = |at, message| Err(GrammarError::at(name, text, at, message));
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, rule) in rules.iter().enumerate() {
        if known.insert(&rule.name, index).is_some() {
            return refuse(rule.at, format!("rule {} is defined already", quoted(&rule.name)));
        }
    }
    let Some(&first) = known.get(start) else {
        let message = format!("no rule {} is defined, with which a text starts", quoted(start));
        let names: Vec<&str> = known.keys().copied().collect();
        return refuse(0, message + &nearest::hint(start, &names));
    };
    let mut uses: Vec<Vec<usize>> = Vec::with_capacity(rules.len());
    for rule in rules {
        let mut names = Vec::new();
        references(&rule.body, &mut names);
        let mut used = Vec::with_capacity(names.len());
        for (name, at) in names {
            let Some(&index) = known.get(name) else {
                let message = format!("no rule {} is defined", quoted(name));
                let near = nearest::nearest(name, known.keys().copied());
                let hint = near.map(|near| format!("; the nearest name is `{near}`"));
                return refuse(at, message + &hint.unwrap_or_default());
            };
            used.push(index);
        }
        uses.push(used);
    }
    let (mut seen, mut order) = (vec![false; rules.len()], vec![first]);
    seen[first] = true;
    let mut next = 0;
    while next < order.len() {
        for &used in &uses[order[next]] {
            if !std::mem::replace(&mut seen[used], true) {
                order.push(used);
            }
        }
        next += 1;
    }
    Ok(order.into_iter().map(|index| &rules[index]).collect())
}

/// The names that an expression uses, with their places. Recursion is on the depth of parentheses.
fn references<'e>(expr: &'e Expr, out: &mut Vec<(&'e str, usize)>) {
    match &expr.kind {
        ExprKind::Alternatives(parts) | ExprKind::Sequence(parts) => {
            parts.iter().for_each(|part| references(part, out));
        }
        ExprKind::Repeat { body, .. } => references(body, out),
        ExprKind::Reference(name) => out.push((name, expr.at)),
        ExprKind::Chars(_) => {}
    }
}

struct Lowering<'a> {
    name: &'a str,
    text: &'a str,
    limits: &'a Limits,
    out: EbnfBuilder<'a>,
    rules: HashMap<&'a str, NonterminalId>,
    /// By the expression as written (white space made one blank).
    terminals: HashMap<String, TerminalId>,
}

impl<'a> Lowering<'a> {
    fn error<T>(&self, at: usize, message: impl Into<String>) -> Result<T, GrammarError> {
        Err(GrammarError::at(self.name, self.text, at, message.into()))
    }

    fn limit(&self, at: usize, reached: LimitReached) -> GrammarError {
        let message = limit_message(reached.what, reached.name, reached.limit);
        GrammarError::at(self.name, self.text, at, message).by_limit()
    }

    /// Recursion is on the depth of parentheses; `factor` is the product of the bounds around the expression.
    fn expr(&mut self, expr: &Expr, factor: u64) -> Result<Ebnf, GrammarError> {
        Ok(match &expr.kind {
            ExprKind::Alternatives(parts) => Ebnf::Alternatives(
                parts.iter().map(|part| self.expr(part, factor)).collect::<Result<_, _>>()?,
            ),
            ExprKind::Sequence(parts) => {
                let mut out = Vec::new();
                let mut rest = &parts[..];
                while let Some(first) = rest.first() {
                    let run: Vec<&Chars> = rest.iter().map_while(chars).collect();
                    if run.is_empty() {
                        out.push(self.expr(first, factor)?);
                        rest = &rest[1..];
                    } else {
                        out.push(self.run(&run, first.at)?);
                        rest = &rest[run.len()..];
                    }
                }
                Ebnf::Sequence(out)
            }
            ExprKind::Chars(one) => self.run(&[one], expr.at)?,
            ExprKind::Reference(name) => match self.rules.get(name.as_str()) {
                Some(&id) => Ebnf::Symbol(Symbol::Nonterminal(id)),
                // Looked up before, so this does not happen.
                None => return self.error(expr.at, format!("no rule {} is defined", quoted(name))),
            },
            ExprKind::Repeat { body, min, max } => {
                let factor = factor.saturating_mul(u64::from(max.unwrap_or(*min).max(1)));
                if factor > u64::from(self.limits.repetition) {
                    let what = "nested repetitions, multiplied";
                    let what = limit_message(what, "repetition", self.limits.repetition);
                    return self.error(expr.at, what).map_err(GrammarError::by_limit);
                }
                match chars(body) {
                    Some(one) if *max != Some(0) => self.repeated(one, *min, *max, expr.at)?,
                    _ => Ebnf::Repeat {
                        body: Box::new(self.expr(body, factor)?),
                        min: *min,
                        max: *max,
                    },
                }
            }
        })
    }

    /// The terminal of strings and classes in a row.
    fn run(&mut self, run: &[&Chars], at: usize) -> Result<Ebnf, GrammarError> {
        let hir = Hir::concat(run.iter().map(|chars| hir(chars)).collect());
        let source = run.iter().map(|chars| chars.source.as_str()).collect::<Vec<_>>().join(" ");
        self.terminal(source, hir, at)
    }

    /// The terminal of a repeated string or class; nothing at all is left to the parser, as no lexeme is empty.
    fn repeated(
        &mut self,
        chars: &Chars,
        min: u32,
        max: Option<u32>,
        at: usize,
    ) -> Result<Ebnf, GrammarError> {
        let sub = Box::new(hir(chars));
        let least = min.max(1);
        let source = match max {
            Some(1) => chars.source.clone(),
            None if least == 1 => format!("{}+", chars.source),
            None => format!("{}{{{least},}}", chars.source),
            Some(max) => format!("{}{{{least},{max}}}", chars.source),
        };
        let hir = Hir::repetition(Repetition { min: least, max, greedy: true, sub });
        let one = self.terminal(source, hir, at)?;
        Ok(if min == 0 { one.optional() } else { one })
    }

    fn terminal(&mut self, source: String, hir: Hir, at: usize) -> Result<Ebnf, GrammarError> {
        let extent = Extent::of(&hir);
        if extent.is_void() {
            return self.error(at, format!("{} matches no text at all", quoted(&source)));
        }
        if extent.empty {
            return Ok(Ebnf::empty()); // a string without characters; nothing else here matches the empty text
        }
        if let Some(&id) = self.terminals.get(&source) {
            return Ok(Ebnf::Symbol(Symbol::Terminal(id)));
        }
        let mut name = source.clone();
        if name.chars().count() > NAME_SHOWN {
            name = name.chars().take(NAME_SHOWN).collect();
            // Two long ones may begin alike.
            name.push_str(&format!("…{}", self.terminals.len()));
        }
        let id = self.out.terminal(Terminal::new(name, Regular::Hir(hir)));
        let id = id.map_err(|reached| self.limit(at, reached))?;
        self.terminals.insert(source, id);
        Ok(Ebnf::Symbol(Symbol::Terminal(id)))
    }
}

fn chars(expr: &Expr) -> Option<&Chars> {
    match &expr.kind {
        ExprKind::Chars(chars) => Some(chars),
        _ => None,
    }
}

fn hir(chars: &Chars) -> Hir {
    match &chars.kind {
        CharsKind::Literal(text) => Hir::literal(text.as_bytes()),
        CharsKind::Class { ranges, negated } => {
            let ranges = ranges.iter().map(|&(low, high)| ClassUnicodeRange::new(low, high));
            let mut class = ClassUnicode::new(ranges);
            if *negated {
                class.negate();
            }
            Hir::class(Class::Unicode(class))
        }
    }
}
