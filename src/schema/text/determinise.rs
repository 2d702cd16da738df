//! A program's deterministic automaton.
//!
//! Without look-ahead a state is a set of places (M. Rabin, D. Scott, "Finite automata and their decision problems", 1959).
//! With it a state is a Boolean formula over places: a disjunction of conjunctions of places that must (or must not) accept
//! what follows (A. Chandra, D. Kozen, L. Stockmeyer, "Alternation", 1981).

use rustc_hash::FxHashMap;

use super::{
    chars::{CharDfa, check_size},
    class::Partition,
    error::TextError,
    formula::{Formula, and, not, or},
    minimise::minimal,
    program::{Inst, MATCH, Place, Program},
};
use crate::{Limits, fuel::Fuel};

/// What is known of the text before a place.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Context {
    /// Nothing is before it.
    start: bool,
    /// A word character is.
    word: bool,
}

/// Stands in a state for: the text may end here.
const ENDING: Place = Place::MAX;
/// The state that accepts whatever follows.
const ANYTHING: u32 = 1;

/// The texts in which a program finds something.
pub(super) fn determinise(program: &Program, limits: &Limits) -> Result<CharDfa, TextError> {
    let mut fuel = Fuel::new((limits.dfa_states as u64).saturating_mul(20), limits.compile_time);
    let (partition, members) = Partition::of(&program.classes);
    // Set -> its classes.
    let sets: Vec<Vec<u16>> = (0..program.classes.len())
        .map(|set| {
            let holds = |class: &usize| members[*class][set / 64] >> (set % 64) & 1 == 1;
            (0..members.len()).filter(holds).map(|class| class as u16).collect()
        })
        .collect();
    let table = Table {
        table: vec![0; members.len() * 2],
        accept: vec![false, true],
        classes: members.len(),
        limits,
    };
    if program.looks {
        let word_set = match program.word.map(|place| &program.insts[place as usize]) {
            Some(Inst::Char { class, .. }) => Some(*class as usize),
            _ => None,
        };
        let is_word = |class: usize| {
            word_set.is_some_and(|set| members[class][set / 64] >> (set % 64) & 1 == 1)
        };
        let is_word: Vec<bool> = (0..members.len()).map(is_word).collect();
        Formulas { program, closures: FxHashMap::default(), depth: 0, fuel: &mut fuel }
            .explore(table, &sets, &is_word)
            .map(|(table, start)| minimal(&partition, &table.table, &table.accept, start))
    } else {
        let seen = vec![0; 2 * program.insts.len()];
        Sets { program, closures: FxHashMap::default(), seen, visit: 0, fuel: &mut fuel }
            .explore(table, &sets)
            .map(|(table, start)| minimal(&partition, &table.table, &table.accept, start))
    }
}

/// An automaton that grows. State 0 is dead, state 1 accepts whatever follows.
struct Table<'a> {
    table: Vec<u32>,
    accept: Vec<bool>,
    classes: usize,
    limits: &'a Limits,
}

impl Table<'_> {
    fn start(&mut self) {
        let anything = self.classes..2 * self.classes;
        self.table[anything].fill(ANYTHING);
    }

    fn push(&mut self, row: impl Iterator<Item = u32>, accept: bool) -> Result<(), TextError> {
        self.table.extend(row);
        self.accept.push(accept);
        check_size(self.accept.len(), self.classes, self.limits)
    }
}

/// Programs without look-ahead.
struct Sets<'a> {
    program: &'a Program,
    closures: FxHashMap<Place, Box<[Place]>>,
    /// The last visit to each place; to the same behind a `$`, where only the end of the text helps.
    seen: Vec<u32>,
    visit: u32,
    fuel: &'a mut Fuel,
}

/// What the state before leads to, by class.
struct Rows {
    places: Vec<Vec<Place>>,
    /// Classes with places.
    touched: Vec<u16>,
}

impl Sets<'_> {
    /// The places that read a character, and [`ENDING`] and [`MATCH`], which can be reached without reading. Sorted.
    fn closure(&mut self, from: Place, start: bool) -> Result<Box<[Place]>, TextError> {
        let mut found = Vec::new();
        self.visit += 1;
        let mut work = vec![(from, false)];
        while let Some((place, ended)) = work.pop() {
            self.fuel.spend(1)?;
            let seen = &mut self.seen[2 * place as usize + usize::from(ended)];
            if std::mem::replace(seen, self.visit) == self.visit {
                continue;
            }
            match &self.program.insts[place as usize] {
                Inst::Char { .. } if ended => {}
                Inst::Char { .. } => found.push(place),
                Inst::Split(places) => work.extend(places.iter().map(|p| (*p, ended))),
                Inst::Start { next } if start => work.push((*next, ended)),
                Inst::Start { .. } => {}
                Inst::End { next } => work.push((*next, true)),
                Inst::Match => found.push(if ended { ENDING } else { MATCH }),
                Inst::Boundary { .. } | Inst::Ahead { .. } => {
                    debug_assert!(false, "a program without look-ahead");
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        Ok(found.into())
    }

    /// The closure of a place inside the text, remembered.
    fn known(&mut self, place: Place) -> Result<&[Place], TextError> {
        if !self.closures.contains_key(&place) {
            let closure = self.closure(place, false)?;
            self.closures.insert(place, closure);
        }
        Ok(&self.closures[&place])
    }

    /// Adds to each class's row what places lead to by a character of the class.
    fn step(
        &mut self,
        places: &[Place],
        sets: &[Vec<u16>],
        rows: &mut Rows,
    ) -> Result<(), TextError> {
        for &place in places {
            let Some(Inst::Char { class, next }) = self.program.insts.get(place as usize) else {
                continue;
            };
            let classes = &sets[*class as usize];
            let closure = self.known(*next)?;
            let work = (closure.len() + 1) * classes.len() / 8 + 1;
            if !closure.is_empty() {
                for class in classes {
                    let row = &mut rows.places[usize::from(*class)];
                    if row.is_empty() {
                        rows.touched.push(*class);
                    }
                    row.extend_from_slice(closure);
                }
            }
            self.fuel.spend(work as u64)?;
        }
        Ok(())
    }

    fn explore<'t>(
        mut self,
        mut table: Table<'t>,
        sets: &[Vec<u16>],
    ) -> Result<(Table<'t>, u32), TextError> {
        table.start();
        // What is found may begin anywhere: the entry belongs to every state and is not written there; what it leads to is
        // in every row.
        let entry = self.closure(self.program.entry, false)?;
        let mut rows =
            Rows { places: vec![Vec::new(); table.classes], touched: Vec::with_capacity(8) };
        self.step(&entry, sets, &mut rows)?;
        let mut always = std::mem::take(&mut rows.places);
        for row in &mut always {
            row.sort_unstable();
            row.dedup();
        }
        rows.places.resize(table.classes, Vec::new());
        rows.touched.clear();
        let ending = entry.last() == Some(&ENDING);
        let mut ids: FxHashMap<Box<[Place]>, u32> = FxHashMap::default();
        let mut states: Vec<Box<[Place]>> = vec![Box::default(); 2];
        if entry.is_empty() {
            ids.insert(Box::default(), 0);
        }
        let mut id_of = |state: &[Place], states: &mut Vec<Box<[Place]>>| {
            if state.first() == Some(&MATCH) {
                return ANYTHING;
            }
            match ids.get(state) {
                Some(id) => *id,
                None => {
                    states.push(state.into());
                    let id = (states.len() - 1) as u32;
                    ids.insert(state.into(), id);
                    id
                }
            }
        };
        let first = self.closure(self.program.entry, true)?;
        if entry.first() == Some(&MATCH) {
            return Ok((table, ANYTHING));
        }
        let begin = id_of(&first, &mut states);
        let always_id: Vec<u32> = always.iter().map(|row| id_of(row, &mut states)).collect();
        let mut at = 2;
        let mut row = Vec::with_capacity(table.classes);
        while at < states.len() {
            let state = states[at].clone();
            at += 1;
            self.step(&state, sets, &mut rows)?;
            row.clear();
            row.extend_from_slice(&always_id);
            let mut work = 1 + table.classes as u64 / 16;
            for class in rows.touched.drain(..).map(usize::from) {
                let places = &mut rows.places[class];
                places.extend_from_slice(&always[class]);
                work += 1 + places.len() as u64 / 4;
                places.sort_unstable();
                places.dedup();
                row[class] = id_of(places, &mut states);
                places.clear();
            }
            self.fuel.spend(work)?;
            let accept = ending || state.last() == Some(&ENDING);
            table.push(row.iter().copied(), accept)?;
        }
        Ok((table, begin))
    }
}

/// Programs with look-ahead.
struct Formulas<'a> {
    program: &'a Program,
    closures: FxHashMap<(Place, Context), Formula>,
    depth: usize,
    fuel: &'a mut Fuel,
}

/// How deep instructions that read nothing may follow each other in a program with look-ahead.
const DEPTH: usize = 500;

impl Formulas<'_> {
    /// What must hold of the rest of the text for it to be accepted from here; and the lowest place in `above` that was met
    /// again: a loop that reads nothing adds nothing (the least solution of its equation).
    fn closure(
        &mut self,
        place: Place,
        context: Context,
        above: &mut Vec<Place>,
    ) -> Result<(Formula, usize), TextError> {
        self.fuel.spend(1)?;
        let program = self.program;
        match &program.insts[place as usize] {
            Inst::Match => return Ok((Formula::yes(), usize::MAX)),
            Inst::Char { .. } => return Ok((Formula::place(place), usize::MAX)),
            _ => {}
        }
        if let Some(known) = self.closures.get(&(place, context)) {
            return Ok((known.clone(), usize::MAX));
        }
        if let Some(at) = above.iter().position(|above| *above == place) {
            return Ok((Formula::no(), at));
        }
        if self.depth >= DEPTH {
            return Err(TextError::limit("nesting", DEPTH as u64, "a pattern with look-ahead"));
        }
        above.push(place);
        self.depth += 1;
        let (formula, low) = match &program.insts[place as usize] {
            Inst::Match | Inst::Char { .. } => (Formula::no(), usize::MAX),
            Inst::Split(places) => {
                let (mut all, mut low) = (Formula::no(), usize::MAX);
                for &place in places {
                    let (one, met) = self.closure(place, context, above)?;
                    all = or(&all, &one, self.fuel)?;
                    low = low.min(met);
                }
                (all, low)
            }
            Inst::Start { next } if context.start => self.closure(*next, context, above)?,
            Inst::Start { .. } => (Formula::no(), usize::MAX),
            Inst::End { next } => {
                let (rest, low) = self.closure(*next, context, above)?;
                (and(&Formula::place(place), &rest, self.fuel)?, low)
            }
            Inst::Boundary { negated, next } => {
                let (rest, low) = self.closure(*next, context, above)?;
                let word = Formula::place(program.word.unwrap_or(MATCH));
                let here = if context.word != *negated { not(&word, self.fuel)? } else { word };
                (and(&here, &rest, self.fuel)?, low)
            }
            Inst::Ahead { entry, negated, next } => {
                // The body ends in `Match`: it does not lead back to what is above.
                let (body, _) = self.closure(*entry, context, &mut Vec::new())?;
                let body = if *negated { not(&body, self.fuel)? } else { body };
                let (rest, low) = self.closure(*next, context, above)?;
                (and(&body, &rest, self.fuel)?, low)
            }
        };
        above.pop();
        self.depth -= 1;
        // Valid everywhere only if it does not hang on what is still being computed.
        let low = if low >= above.len() { usize::MAX } else { low };
        if low == usize::MAX {
            self.closures.insert((place, context), formula.clone());
        }
        Ok((formula, low))
    }

    /// What must hold after a character of the class.
    fn derive(
        &mut self,
        formula: &Formula,
        context: Context,
        reads: &dyn Fn(u32) -> bool,
    ) -> Result<Formula, TextError> {
        let mut all = Formula::no();
        for clause in formula.clauses() {
            let mut one = Formula::yes();
            for literal in clause.iter() {
                let after = match self.program.insts[literal.place() as usize] {
                    Inst::Char { class, next } if reads(class) => {
                        self.closure(next, context, &mut Vec::new())?.0
                    }
                    // The end of the text, too: there is one more character.
                    _ => Formula::no(),
                };
                let after = if literal.negated() { not(&after, self.fuel)? } else { after };
                one = and(&one, &after, self.fuel)?;
                if one.is_no() {
                    break;
                }
            }
            all = or(&all, &one, self.fuel)?;
        }
        Ok(all)
    }

    fn explore<'t>(
        mut self,
        mut table: Table<'t>,
        sets: &[Vec<u16>],
        is_word: &[bool],
    ) -> Result<(Table<'t>, u32), TextError> {
        table.start();
        let mut holds = vec![vec![false; table.classes]; sets.len()];
        for (set, classes) in sets.iter().enumerate() {
            classes.iter().for_each(|class| holds[set][usize::from(*class)] = true);
        }
        let mut ids: FxHashMap<Formula, u32> = FxHashMap::default();
        let mut states: Vec<Formula> = vec![Formula::no(), Formula::yes()];
        // The entry itself is looked for from every place on, and depends on what is before that place.
        let entry = self.program.entry;
        let start = Context { start: true, word: false };
        let first = self.closure(entry, start, &mut Vec::new())?.0;
        if first.is_yes() {
            return Ok((table, ANYTHING));
        }
        ids.insert(first.clone(), 2);
        states.push(first);
        let mut at = 2;
        while at < states.len() {
            let state = states[at].clone();
            at += 1;
            let mut row = Vec::with_capacity(table.classes);
            // Classes that the state's places do not tell apart lead to the same state.
            let mut read: Vec<u32> = Vec::new();
            for literal in state.clauses().iter().flat_map(|clause| clause.iter()) {
                if let Inst::Char { class, .. } = self.program.insts[literal.place() as usize] {
                    read.push(class);
                }
            }
            read.sort_unstable();
            read.dedup();
            let mut alike: FxHashMap<Vec<bool>, u32> = FxHashMap::default();
            for class in 0..table.classes {
                let told = read.iter().map(|set| holds[*set as usize][class]);
                let told: Vec<bool> = told.chain([is_word[class]]).collect();
                self.fuel.spend(1 + read.len() as u64 / 16)?;
                if let Some(next) = alike.get(&told) {
                    row.push(*next);
                    continue;
                }
                let context = Context { start: false, word: is_word[class] };
                let reads = |set: u32| holds[set as usize][class];
                let after = self.derive(&state, context, &reads)?;
                let again = self.closure(entry, context, &mut Vec::new())?.0;
                let next = or(&after, &again, self.fuel)?;
                let next = if next.is_yes() {
                    ANYTHING
                } else {
                    // Even with nothing left, what begins later may be found: only the closure knows, so that the state
                    // without clauses is a state like others (and dead if nothing comes of it).
                    *ids.entry(next.clone()).or_insert_with(|| {
                        states.push(next);
                        (states.len() - 1) as u32
                    })
                };
                alike.insert(told, next);
                row.push(next);
            }
            let insts = &self.program.insts;
            let accept = state.clauses().iter().any(|clause| {
                clause.iter().all(|literal| {
                    let ends = matches!(insts[literal.place() as usize], Inst::End { .. });
                    ends != literal.negated()
                })
            });
            table.push(row.into_iter(), accept)?;
        }
        Ok((table, 2))
    }
}
