//! What is memoised of one schema over one vocabulary: replaced as a whole when it is over the byte budget.

use std::sync::{
    Arc, OnceLock, PoisonError, RwLock,
    atomic::{AtomicUsize, Ordering},
};

use rustc_hash::FxHashMap;

use super::{
    Exhausted,
    ending::Ends,
    recipe::{Mask, Recipe},
    tables::{Location, Tables},
    walk::Walk,
};
use crate::{
    Vocabulary,
    ending::{Endings, Found},
    recognizer::Expected,
    schema::machine::{Hypothesis, Look, Machine, Plan, Scan},
    situation::{SituationId, SituationTable},
};

/// What a mask depends on: what is scanned, blanks in the run, and the view of the stack.
type Key = (Scan, u32, u32);

/// What is known of a key.
#[derive(Clone, Copy, Debug)]
enum Entry {
    /// More levels of the stack count.
    Deeper(u32),
    /// The number of a recipe.
    Mask(u32),
}

/// The machine's stacks, the situations of sequences, and masks.
#[derive(Debug)]
pub(crate) struct Generation {
    machine: Machine,
    known: RwLock<FxHashMap<Key, Entry>>,
    recipes: boxcar::Vec<Recipe>,
    situations: SituationTable<Hypothesis, Mask>,
    /// What endings are made of, and those found. Most schemas are never asked for one, and maps cost memory when empty.
    endings: OnceLock<Box<(Ends, Endings)>>,
    bytes: AtomicUsize,
}

/// Slots for steps taken lately: 4 KiB at first, 256 KiB where a schema's texts are many.
const STEPS: (usize, usize) = (1 << 9, 1 << 15);

/// Room for the hypotheses of one step.
pub(crate) type Scratch = [Vec<Hypothesis>; 2];

impl Generation {
    /// Nothing known.
    pub(crate) fn new(plan: &Arc<Plan>, tables: &Tables) -> Self {
        Self {
            machine: Machine::new(Arc::clone(plan), tables.longest()),
            known: RwLock::new(FxHashMap::default()),
            recipes: boxcar::Vec::new(),
            situations: SituationTable::new(STEPS.0, STEPS.1),
            endings: OnceLock::new(),
            bytes: AtomicUsize::new(0),
        }
    }

    /// The machine.
    pub(crate) fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Estimated bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
            + self.read().len() * 64
            + self.machine.stacks().bytes()
            + self.machine.plan().bytes()
            + self.situations.bytes()
            + self.endings.get().map_or(0, |known| known.0.bytes() + known.1.bytes())
    }

    /// Situations met so far.
    pub(crate) fn situations(&self) -> &SituationTable<Hypothesis, Mask> {
        &self.situations
    }

    /// Number of stacks and masks.
    pub(crate) fn len(&self) -> (usize, usize) {
        (self.machine.stacks().len(), self.recipes.count())
    }

    /// The situation before any text.
    pub(crate) fn start(&self) -> SituationId {
        self.situations.of(&[self.machine.start()])
    }

    /// The same situation in another generation of the same plan.
    pub(crate) fn copy_to(&self, situation: SituationId, other: &Self) -> SituationId {
        let hypotheses = self.situations.hypotheses(situation).iter();
        let mut copies: Vec<_> =
            hypotheses.map(|at| self.machine.copy_to(*at, &other.machine)).collect();
        copies.sort_unstable();
        other.situations.of(&copies)
    }

    /// The situation after some bytes.
    ///
    /// # Errors
    /// The index of the first byte that does not fit, and what was expected there.
    pub(crate) fn advance(
        &self,
        from: SituationId,
        bytes: &[u8],
        scratch: &mut Scratch,
    ) -> Result<SituationId, (usize, Expected)> {
        let before = self.situations.hypotheses(from);
        let [at, next] = scratch;
        at.clear();
        at.extend_from_slice(before);
        for (i, &byte) in bytes.iter().enumerate() {
            next.clear();
            self.machine.step_all(at, byte, next);
            if next.is_empty() {
                return Err((i, self.machine.expected(at)));
            }
            std::mem::swap(at, next);
        }
        Ok(if at == before { from } else { self.situations.of(at) })
    }

    /// Whether some bytes can come next.
    pub(crate) fn can_take(&self, from: SituationId, bytes: &[u8]) -> bool {
        let mut next = Vec::new();
        let mut at = self.situations.hypotheses(from).to_vec();
        bytes.iter().all(|&byte| {
            next.clear();
            self.machine.step_all(&at, byte, &mut next);
            std::mem::swap(&mut at, &mut next);
            !at.is_empty()
        })
    }

    /// Tokens that make the text an instance.
    pub(crate) fn ending(&self, situation: SituationId, vocabulary: &Vocabulary) -> Found {
        let start = self.situations.hypotheses(situation);
        let (ends, endings) = &**self.endings.get_or_init(Box::default);
        endings.of(situation, start, vocabulary, || ends.reading(&self.machine, vocabulary))
    }

    /// Writes the tokens that may come next into a row of the vocabulary's width. A situation met before costs a look-up and
    /// a copy.
    ///
    /// # Errors
    /// The limit on the work of one step.
    pub(crate) fn fill(
        &self,
        tables: &Tables,
        vocabulary: &Vocabulary,
        situation: SituationId,
        limit: u64,
        row: &mut [u32],
    ) -> Result<(), Exhausted> {
        let mask = match self.situations.mask(situation) {
            Some(known) => known,
            None => self.compute(tables, vocabulary, situation, limit)?,
        };
        mask.write(row);
        Ok(())
    }

    #[cold]
    fn compute(
        &self,
        tables: &Tables,
        vocabulary: &Vocabulary,
        situation: SituationId,
        limit: u64,
    ) -> Result<&Mask, Exhausted> {
        let hypotheses = self.situations.hypotheses(situation);
        let mut numbers = Vec::with_capacity(hypotheses.len());
        for at in hypotheses {
            numbers.push(self.mask(tables, vocabulary, *at, limit)?);
        }
        numbers.sort_unstable();
        numbers.dedup();
        let recipes: Vec<&Recipe> =
            numbers.iter().map(|recipe| &self.recipes[*recipe as usize]).collect();
        let complete = self.machine.any_complete(hypotheses);
        let ends = if complete { vocabulary.end_tokens() } else { &[] };
        let mask = Mask::new(&recipes, ends, |rows| tables.union(rows));
        self.bytes.fetch_add(mask.bytes(), Ordering::Relaxed);
        Ok(self.situations.set_mask(situation, mask))
    }

    /// The recipe of a hypothesis.
    fn mask(
        &self,
        tables: &Tables,
        vocabulary: &Vocabulary,
        at: Hypothesis,
        limit: u64,
    ) -> Result<u32, Exhausted> {
        let at = self.alike(tables, at);
        let stacks = self.machine.stacks();
        let mut levels = 1;
        let key = |levels| (at.scan, at.blanks, stacks.view(at.stack, levels));
        loop {
            let key = key(levels);
            match self.read().get(&key) {
                Some(Entry::Mask(mask)) => return Ok(*mask),
                Some(Entry::Deeper(more)) => levels = *more,
                None => break,
            }
        }
        let walk = Walk::new(&self.machine, tables, vocabulary, limit);
        let (recipe, Look(lowest), _) = walk.recipe(Location::ALL, at)?;
        self.bytes.fetch_add(recipe.bytes(), Ordering::Relaxed);
        let mask = self.recipes.push(recipe) as u32;
        let depth = stacks.get(at.stack).depth;
        let looked = if lowest > depth { 1 } else { depth - lowest + 1 };
        let (shallow, deep) = (key(levels), key(looked.max(levels)));
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if shallow != deep {
            known.insert(shallow, Entry::Deeper(looked));
        }
        known.insert(deep, Entry::Mask(mask));
        Ok(mask)
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, FxHashMap<Key, Entry>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The hypothesis, or another one from which any one token reads the same: a bound that no token reaches does not count.
    fn alike(&self, tables: &Tables, at: Hypothesis) -> Hypothesis {
        let mut look = Look::nothing();
        let room = self.machine.plan().blanks(at.scan, at.stack).saturating_sub(at.blanks);
        let blanks = if room >= tables.longest_blanks() { 0 } else { at.blanks };
        let shorten = |language: u32, read: u32| {
            let view = self.machine.plan().language(language);
            let min = view.bounds().0;
            if read >= min && tables.is_far(view, read) { min } else { read }
        };
        let scan = match at.scan {
            Scan::Text(language, mut place) => {
                place.read = shorten(language, place.read);
                Scan::Text(language, place)
            }
            Scan::Other(class, mut place) => {
                if let Some(language) = self.machine.class(at.stack, class, &mut look) {
                    place.read = shorten(language, place.read);
                }
                Scan::Other(class, place)
            }
            scan => scan,
        };
        Hypothesis { scan, blanks, ..at }
    }
}
