//! Boolean formulas over places of a program, as disjunctions of conjunctions.

use super::program::Place;
use crate::fuel::{Exhausted, Fuel};

/// A place that accepts what follows, or (negated) does not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Literal(u32);

impl Literal {
    /// The place.
    pub(super) fn place(self) -> Place {
        self.0 >> 1
    }

    /// Whether it must not accept.
    pub(super) fn negated(self) -> bool {
        self.0 & 1 == 1
    }
}

/// Literals that hold together; sorted, each place once.
type Clause = Box<[Literal]>;

/// Some clause holds: sorted, and none contains another one.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Formula(Vec<Clause>);

impl Formula {
    /// Never true.
    pub(super) fn no() -> Self {
        Self(Vec::new())
    }

    /// Always true.
    pub(super) fn yes() -> Self {
        Self(vec![Box::default()])
    }

    /// The place accepts.
    pub(super) fn place(place: Place) -> Self {
        Self(vec![Box::new([Literal(place << 1)])])
    }

    /// Whether it has no clause.
    pub(super) fn is_no(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it has the empty clause.
    pub(super) fn is_yes(&self) -> bool {
        self.0.first().is_some_and(|clause| clause.is_empty())
    }

    /// Its clauses.
    pub(super) fn clauses(&self) -> &[Clause] {
        &self.0
    }

    /// Of clauses in any order: those that another one makes superfluous go.
    fn new(mut clauses: Vec<Clause>, fuel: &mut Fuel) -> Result<Self, Exhausted> {
        clauses.sort_unstable_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
        clauses.dedup();
        let mut kept: Vec<Clause> = Vec::with_capacity(clauses.len());
        for clause in clauses {
            fuel.spend(1 + kept.len() as u64 / 4)?;
            // Only shorter ones can be contained.
            let shorter = kept.iter().take_while(|other| other.len() < clause.len());
            if !shorter.into_iter().any(|other| contains(&clause, other)) {
                kept.push(clause);
            }
        }
        Ok(Self(kept))
    }
}

/// Whether all literals of `part` are in `whole`.
fn contains(whole: &[Literal], part: &[Literal]) -> bool {
    let mut rest = whole.iter();
    part.iter().all(|literal| rest.any(|other| other == literal))
}

/// Both literals' clauses together; nothing if they contradict each other.
fn merge(a: &[Literal], b: &[Literal]) -> Option<Clause> {
    let mut merged: Vec<Literal> = a.iter().chain(b).copied().collect();
    merged.sort_unstable();
    merged.dedup();
    merged.windows(2).all(|pair| pair[0].place() != pair[1].place()).then(|| merged.into())
}

/// One of them holds.
pub(super) fn or(a: &Formula, b: &Formula, fuel: &mut Fuel) -> Result<Formula, Exhausted> {
    if a.is_no() || b.is_yes() {
        return Ok(b.clone());
    }
    if b.is_no() || a.is_yes() {
        return Ok(a.clone());
    }
    Formula::new(a.0.iter().chain(&b.0).cloned().collect(), fuel)
}

/// Both hold.
pub(super) fn and(a: &Formula, b: &Formula, fuel: &mut Fuel) -> Result<Formula, Exhausted> {
    if a.is_no() || b.is_yes() {
        return Ok(a.clone());
    }
    if b.is_no() || a.is_yes() {
        return Ok(b.clone());
    }
    let mut clauses = Vec::new();
    for one in &a.0 {
        for other in &b.0 {
            fuel.spend(1 + (one.len() + other.len()) as u64 / 8)?;
            clauses.extend(merge(one, other));
        }
    }
    Formula::new(clauses, fuel)
}

/// It does not hold.
pub(super) fn not(a: &Formula, fuel: &mut Fuel) -> Result<Formula, Exhausted> {
    let mut all = Formula::yes();
    for clause in &a.0 {
        let opposite = clause.iter().map(|literal| Box::new([Literal(literal.0 ^ 1)]) as Clause);
        let some = Formula::new(opposite.collect(), fuel)?;
        all = and(&all, &some, fuel)?;
    }
    Ok(all)
}
