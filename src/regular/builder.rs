//! The automata of one grammar's languages: many have parts in common, and all are made under one budget of work.

use std::hash::{Hash, Hasher};

use regex_syntax::hir::{Class, Hir, HirKind};
use rustc_hash::{FxHashMap, FxHasher};

use super::{Dfa, DfaError, Regular};
use crate::{
    Limits,
    fuel::{Exhausted, Fuel},
};

/// Expressions inside an expression that its hash looks at.
const HASHED: usize = 64;

/// See the module.
#[derive(Debug)]
pub(crate) struct Builder<'a> {
    /// The automata of expressions met before, by a hash of these.
    known: FxHashMap<u64, Vec<(&'a Hir, Dfa)>>,
    budget: Budget<'a>,
}

/// What may be spent.
#[derive(Debug)]
pub(super) struct Budget<'a> {
    pub(super) limits: &'a Limits,
    fuel: Fuel,
}

impl Budget<'_> {
    pub(super) fn spend(&mut self, steps: usize) -> Result<(), DfaError> {
        let spent = self.fuel.spend(steps.try_into().unwrap_or(u64::MAX));
        spent.map_err(|error| self.refusal(error))
    }

    fn refusal(&self, error: Exhausted) -> DfaError {
        match error {
            Exhausted::Work => DfaError::Limit("grammar_work", self.limits.grammar_work),
            Exhausted::Time => DfaError::Limit("compile_time", self.limits.compile_milliseconds()),
        }
    }

    /// The limit that is hit first by something of so many bytes, a cell being four of them: its name, its value, and bytes.
    pub(super) fn bytes(&self) -> (&'static str, u64, usize) {
        let left = usize::try_from(self.fuel.left().saturating_mul(4)).unwrap_or(usize::MAX);
        match left < self.limits.dfa_bytes {
            true => ("grammar_work", self.limits.grammar_work, left),
            false => ("dfa_bytes", self.limits.dfa_bytes as u64, self.limits.dfa_bytes),
        }
    }
}

impl<'a> Builder<'a> {
    /// With all the work of [`Limits::grammar_work`] before it.
    pub(crate) fn new(limits: &'a Limits) -> Self {
        let fuel = Fuel::new(limits.grammar_work, limits.compile_time);
        Self { known: FxHashMap::default(), budget: Budget { limits, fuel } }
    }

    #[cfg(test)]
    pub(super) fn budget(&mut self) -> &mut Budget<'a> {
        &mut self.budget
    }

    /// Takes steps away.
    ///
    /// # Errors
    /// The limit on work or time.
    pub(crate) fn spend(&mut self, steps: usize) -> Result<(), DfaError> {
        self.budget.spend(steps)
    }

    /// The automaton of a language.
    ///
    /// # Errors
    /// A limit; what regex-automata refuses.
    pub(crate) fn build(&mut self, language: &'a Regular) -> Result<Dfa, DfaError> {
        // Post-order by a work-list: the depth of Boolean operations is the user's.
        enum Step<'r> {
            Visit(&'r Regular),
            Combine(fn(bool, bool) -> bool),
        }
        let mut work = vec![Step::Visit(language)];
        let mut done: Vec<Dfa> = Vec::new();
        while let Some(step) = work.pop() {
            match step {
                Step::Visit(Regular::Hir(hir)) => done.push(self.expression(hir)?),
                Step::Visit(Regular::Difference(a, b)) => {
                    work.extend([Step::Combine(|a, b| a && !b), Step::Visit(b), Step::Visit(a)]);
                }
                Step::Visit(Regular::Intersection(a, b)) => {
                    work.extend([Step::Combine(|a, b| a && b), Step::Visit(b), Step::Visit(a)]);
                }
                Step::Combine(accept) => {
                    let b = done.pop().expect("invariant: two operands were pushed");
                    let a = done.pop().expect("invariant: two operands were pushed");
                    // The states of names that are no keywords differ wherever the keywords' own do: to make them fewer
                    // takes longer than it saves. What goes on into another operation is made small.
                    let table = a.combine(&b, accept, &mut self.budget)?;
                    done.push(if work.is_empty() { table.trimmed() } else { table.minimal() });
                }
            }
        }
        Ok(done.pop().expect("invariant: one language, one automaton"))
    }

    fn expression(&mut self, hir: &'a Hir) -> Result<Dfa, DfaError> {
        let hash = hash(hir);
        let same =
            self.known.get(&hash).and_then(|all| all.iter().find(|(other, _)| *other == hir));
        if let Some((_, dfa)) = same {
            return Ok(dfa.clone());
        }
        let dfa = match large_class(hir) {
            Some((class, rest)) => {
                // The letters of all scripts take longest, and go on with nothing: with the rest they are put together faster.
                let (class, rest) =
                    (self.expression(class)?, Dfa::from_hir(&rest, &mut self.budget)?);
                class.combine(&rest, |a, b| a || b, &mut self.budget)?.minimal()
            }
            None => Dfa::from_hir(hir, &mut self.budget)?,
        };
        self.known.entry(hash).or_default().push((hir, dfa.clone()));
        Ok(dfa)
    }

    /// The minimal automaton of the texts for which `accept` holds of the two languages' verdicts (false for two refusals).
    ///
    /// # Errors
    /// A limit.
    pub(crate) fn product(
        &mut self,
        a: &Dfa,
        b: &Dfa,
        accept: fn(bool, bool) -> bool,
    ) -> Result<Dfa, DfaError> {
        Ok(a.combine(b, accept, &mut self.budget)?.minimal())
    }

    /// Whether two languages share a text.
    ///
    /// # Errors
    /// The limit on work.
    pub(crate) fn overlap(&mut self, a: &Dfa, b: &Dfa) -> Result<bool, DfaError> {
        let overlaps = a.overlaps(b, &mut self.budget.fuel);
        overlaps.map_err(|error| self.budget.refusal(error))
    }
}

/// Ranges of a large class.
const LARGE: usize = 64;

/// The large class among the alternatives of an expression, and the others.
fn large_class(hir: &Hir) -> Option<(&Hir, Hir)> {
    let HirKind::Alternation(parts) = hir.kind() else { return None };
    let is_large = |part: &Hir| match part.kind() {
        HirKind::Class(Class::Unicode(class)) => class.ranges().len() > LARGE,
        _ => false,
    };
    let at = parts.iter().position(is_large)?;
    let rest = parts.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, part)| part.clone());
    Some((&parts[at], Hir::alternation(rest.collect())))
}

/// Of a language's first expression: equal ones have the same, and few others.
pub(crate) fn summary(mut language: &Regular) -> u64 {
    loop {
        match language {
            Regular::Hir(hir) => return hash(hir),
            Regular::Difference(first, _) | Regular::Intersection(first, _) => language = first,
        }
    }
}

/// Of the first expressions of an expression: equal ones have the same, and few others.
fn hash(hir: &Hir) -> u64 {
    let mut hasher = FxHasher::default();
    let mut work = vec![hir];
    for _ in 0..HASHED {
        let Some(hir) = work.pop() else { break };
        std::mem::discriminant(hir.kind()).hash(&mut hasher);
        match hir.kind() {
            HirKind::Literal(literal) => literal.0.hash(&mut hasher),
            HirKind::Class(Class::Bytes(class)) => {
                class.ranges().iter().for_each(|r| (r.start(), r.end()).hash(&mut hasher));
            }
            HirKind::Class(Class::Unicode(class)) => {
                class.ranges().iter().for_each(|r| (r.start(), r.end()).hash(&mut hasher));
            }
            HirKind::Repetition(repetition) => {
                (repetition.min, repetition.max).hash(&mut hasher);
                work.push(&repetition.sub);
            }
            HirKind::Capture(capture) => work.push(&capture.sub),
            HirKind::Concat(parts) | HirKind::Alternation(parts) => {
                parts.len().hash(&mut hasher);
                work.extend(parts.iter().take(HASHED));
            }
            HirKind::Empty | HirKind::Look(_) => {}
        }
    }
    hasher.finish()
}
