//! The push-down automaton of one schema: what is made ready for reading when an expression is first met.

use std::{
    hash::{Hash as _, Hasher as _},
    sync::{Arc, Mutex, OnceLock, PoisonError, RwLock},
};

use rustc_hash::{FxHashMap, FxHasher};

use super::{
    Frame, Hypothesis, Ready, Scan, StackId, Stacks, View,
    obligations::Source,
    shape::{Array, Contains, Keeps, LanguageId, Object, Obligation},
    text::Language,
    words::Words,
};
use crate::{
    Limits,
    bitset::BitSet,
    schema::{
        MemberOrder, Schema, SchemaError, SchemaOptions, Whitespace,
        error::Cause,
        expr::ExprId,
        number::NumberDfa,
        shape::{self, Alternatives, ArrayShape, ObjectShape},
        text::{Language as Texts, TextSet},
    },
};

/// What is known of a schema whatever has been read: bounded by the schema, shared by all threads and generations.
#[derive(Debug)]
pub(crate) struct Plan {
    schema: Schema,
    whitespace: Whitespace,
    order: MemberOrder,
    unique_names: bool,
    limits: Limits,
    known: RwLock<FxHashMap<ExprId, u32>>,
    ready: boxcar::Vec<Ready>,
    languages: boxcar::Vec<Language>,
    /// Tries of names, by a hash of the names.
    tries: Mutex<FxHashMap<u64, Arc<Words>>>,
    pub(crate) numbers: boxcar::Vec<NumberDfa>,
    pub(crate) objects: boxcar::Vec<Object>,
    pub(crate) arrays: boxcar::Vec<Array>,
    /// How many texts a language has, where that was asked.
    pub(super) sizes:
        OnceLock<papaya::HashMap<LanguageId, Option<usize>, rustc_hash::FxBuildHasher>>,
    /// What came up after compilation; texts that need it are refused with it.
    failure: OnceLock<SchemaError>,
}

/// A schema that can be read: its plan, and the stacks that texts have visited.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(super) plan: Arc<Plan>,
    pub(super) stacks: Stacks,
    /// Bytes that are read at once, at most: stacks that differ beyond their reach have equal views.
    reach: u32,
}

impl Machine {
    /// A machine that has read nothing.
    pub(crate) fn new(plan: Arc<Plan>, reach: u32) -> Self {
        Self { plan, stacks: Stacks::new(), reach }
    }

    /// The plan.
    pub(crate) fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// The stacks met so far.
    pub(crate) fn stacks(&self) -> &Stacks {
        &self.stacks
    }

    pub(super) fn push(&self, below: StackId, frame: &Frame) -> StackId {
        self.stacks.push(below, frame, || self.alike(frame))
    }

    /// The stack with another frame on top.
    pub(super) fn replace(&self, stack: StackId, frame: &Frame) -> StackId {
        self.push(self.stacks.get(stack).below, frame)
    }

    /// Another frame on which any one token reads the same.
    fn alike(&self, frame: &Frame) -> Option<Frame> {
        let Frame::Array { shape, index, counts, used } = frame else { return None };
        let alike = self.plan.arrays[*shape as usize].alike(*index, counts, self.reach);
        (alike != *index).then(|| Frame::Array {
            shape: *shape,
            index: alike,
            counts: counts.clone(),
            used: *used,
        })
    }

    /// Of an object on top: the names that may come next, and whether other names may.
    pub(crate) fn next(&self, stack: StackId) -> &(BitSet, bool) {
        self.stacks.next(stack, |frame| match frame {
            Frame::Object { shape, seen, others, .. } => {
                let object = &self.plan.objects[*shape as usize];
                let (names, classes) = object.next(seen, *others);
                if object.some.is_empty() && object.keeps == Keeps::Nothing {
                    return (names, classes);
                }
                let mut allowed = BitSet::new(object.values.len());
                for name in names.iter() {
                    if self.may_be(object, frame, Source::Name(name)) {
                        allowed.insert(name);
                    }
                }
                let any = |class| self.may_be(object, frame, Source::Class(class));
                (allowed, classes && (0..object.classes.len()).any(any))
            }
            _ => (BitSet::default(), false),
        })
    }

    /// The same hypothesis in another machine of the same plan.
    pub(crate) fn copy_to(&self, at: Hypothesis, other: &Self) -> Hypothesis {
        let (mut frames, mut stack) = (Vec::new(), at.stack);
        while stack != StackId::ROOT {
            let mut frame = self.stacks.top(stack).clone();
            if let Frame::Array { used, .. } | Frame::Object { used, .. } = &mut frame {
                *used = self.stacks.used.copy_to(*used, &other.stacks.used);
            }
            frames.push(frame);
            stack = self.stacks.get(stack).below;
        }
        let stack = frames.iter().rev().fold(StackId::ROOT, |at, frame| other.push(at, frame));
        let text = |text| self.stacks.used.copy_text(text, &other.stacks.used);
        let scan = match at.scan {
            Scan::Distinct(language, place, read) => Scan::Distinct(language, place, text(read)),
            Scan::Figure(number, state, read) => Scan::Figure(number, state, text(read)),
            Scan::Fresh(class, place, read) => Scan::Fresh(class, place, text(read)),
            scan => scan,
        };
        Hypothesis { scan, stack, ..at }
    }
}

impl Plan {
    /// The plan of a schema. O(1): everything is made when it is visited.
    pub(crate) fn new(schema: Schema, options: &SchemaOptions, limits: Limits) -> Self {
        Self {
            schema,
            whitespace: options.whitespace,
            order: options.order,
            unique_names: options.unique_names,
            limits,
            known: RwLock::new(FxHashMap::default()),
            ready: boxcar::Vec::new(),
            languages: boxcar::Vec::new(),
            tries: Mutex::default(),
            numbers: boxcar::Vec::new(),
            objects: boxcar::Vec::new(),
            arrays: boxcar::Vec::new(),
            sizes: OnceLock::new(),
            failure: OnceLock::new(),
        }
    }

    /// The schema.
    pub(crate) fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The schema's own expression.
    pub(crate) fn root(&self) -> ExprId {
        self.schema.root()
    }

    /// What could not be made ready.
    pub(crate) fn failure(&self) -> Option<&SchemaError> {
        self.failure.get()
    }

    /// Blanks that may stand in a row before what is scanned.
    pub(crate) fn blanks(&self, scan: Scan, stack: StackId) -> u32 {
        match (self.whitespace, scan) {
            (
                _,
                Scan::Word(..)
                | Scan::Number(..)
                | Scan::Text(..)
                | Scan::Distinct(..)
                | Scan::Figure(..)
                | Scan::Name(_)
                | Scan::Other(..)
                | Scan::Fresh(..),
            )
            | (Whitespace::Compact, _) => 0,
            (Whitespace::Spaced, Scan::Value(_)) => u32::from(stack != StackId::ROOT),
            (Whitespace::Spaced, Scan::Key | Scan::Item(_)) => 1,
            (Whitespace::Spaced, _) => 0,
            (Whitespace::Flexible { run }, _) => run,
        }
    }

    /// A language.
    pub(crate) fn texts_of(&self, language: LanguageId) -> &Language {
        &self.languages[language as usize]
    }

    /// A language, all of whose words are allowed.
    #[inline]
    pub(crate) fn language(&self, language: LanguageId) -> View<'_> {
        View::all(&self.languages[language as usize])
    }

    /// What a value of an expression may be. The first time: the canonical form, and tries of its names.
    pub(crate) fn ready(&self, value: ExprId) -> &Ready {
        if let Some(known) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&value) {
            return &self.ready[*known as usize];
        }
        let ready = match self.schema.alternatives(value) {
            Ok(alternatives) => self.prepare(&alternatives),
            Err(error) => {
                let _ = self.failure.set(error);
                Ready::default()
            }
        };
        let id = self.ready.push(ready) as u32;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        &self.ready[*known.entry(value).or_insert(id) as usize]
    }

    /// The values that both expressions have; `None` if there are none.
    pub(crate) fn both(&self, a: ExprId, b: ExprId) -> Option<ExprId> {
        self.record(self.schema.both(a, b))
    }

    /// The values of the first expression that are not the second's; `None` if there are none.
    pub(crate) fn but_not(&self, a: ExprId, b: ExprId) -> Option<ExprId> {
        self.record(self.schema.but_not(a, b))
    }

    fn record<T>(&self, result: Result<Option<T>, SchemaError>) -> Option<T> {
        result.unwrap_or_else(|error| {
            let _ = self.failure.set(error);
            None
        })
    }

    /// A result, or the record of what went wrong.
    fn keep<T, E: Cause>(&self, result: Result<T, E>) -> Option<T> {
        let failed = |error: E| {
            SchemaError::new(error.kind(&self.limits), String::new(), "", error.to_string())
        };
        self.record(result.map(Some).map_err(failed))
    }

    fn prepare(&self, alternatives: &Alternatives) -> Ready {
        let number = (!alternatives.number.is_empty())
            .then(|| self.schema.number(&alternatives.number, &self.limits))
            .and_then(|automaton| self.keep(automaton))
            .map(|automaton| self.numbers.push(automaton) as u32);
        Ready {
            null: alternatives.null,
            truth: alternatives.truth,
            number,
            texts: self.texts(&alternatives.text).into(),
            arrays: alternatives.arrays.iter().map(|array| self.array(array)).collect(),
            objects: alternatives.objects.iter().map(|object| self.object(object)).collect(),
        }
    }

    /// A set of texts as languages.
    fn texts(&self, texts: &TextSet) -> Vec<LanguageId> {
        let mut languages = Vec::new();
        if !texts.strings().is_empty() {
            languages.push(Language::Words(Words::new(texts.strings().iter().map(|text| &**text))));
        }
        languages.extend(texts.pieces().iter().map(|piece| match &piece.language {
            Texts::Free { except } => Language::Free {
                except: Words::new(except.iter().map(|text| &**text)),
                min: piece.min,
                max: piece.max,
            },
            Texts::Automaton(dfa) => Language::Automaton(piece.clone(), Arc::clone(dfa)),
        }));
        languages.into_iter().map(|language| self.languages.push(language) as u32).collect()
    }

    fn array(&self, array: &ArrayShape) -> u32 {
        let clamp = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        let contains = |contains: &shape::Contains| Contains {
            item: contains.schema,
            from: clamp(contains.from),
            min: clamp(contains.min),
            max: contains.max.map(clamp),
        };
        self.arrays.push(Array {
            prefix: array.prefix.clone().into(),
            rest: array.rest,
            min: clamp(array.min),
            max: match (array.max, array.rest) {
                (None, None) => Some(array.prefix.len() as u32),
                (max, _) => max.map(clamp),
            },
            contains: array.contains.iter().map(contains).collect(),
            unique: array.unique,
            countable: OnceLock::new(),
        }) as u32
    }

    /// The trie of an object's names, which are sorted. Alternatives of one union often have the same. Names whose hashes are
    /// equal by chance, or by somebody's will, have tries of their own.
    fn names_of<'n>(&self, names: impl Iterator<Item = &'n Arc<str>> + Clone) -> Arc<Words> {
        let mut hasher = FxHasher::default();
        names.clone().for_each(|name| name.hash(&mut hasher));
        let hash = hasher.finish();
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        match tries.get(&hash) {
            Some(known) if names.clone().eq(known.words()) => Arc::clone(known),
            _ => {
                let made = Arc::new(Words::new(names.cloned()));
                tries.insert(hash, Arc::clone(&made));
                made
            }
        }
    }

    fn object(&self, object: &ObjectShape) -> u32 {
        let clamp = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        let mut members: Vec<_> = object
            .members
            .iter()
            .filter_map(|member| Some((&member.name, member.value?, member.required)))
            .collect();
        // Whether an obligation can still be met is not looked ahead in an order.
        let is_ordered = self.order == MemberOrder::Schema && object.some.is_empty();
        let order: Vec<_> = members.iter().map(|member| member.0).collect();
        members.sort_unstable_by_key(|member| member.0);
        let place = |name: &Arc<str>| members.partition_point(|member| member.0 < name) as u32;
        let order = order.into_iter().map(place).collect();
        let bits = |holds: &dyn Fn(usize) -> bool| {
            let mut set = BitSet::new(members.len());
            (0..members.len()).filter(|at| holds(*at)).for_each(|at| set.insert(at));
            set
        };
        let required = bits(&|at| members[at].2);
        // Names go before classes; the parts of a class differ in the obligations that they can meet.
        let names = match object.classes.is_empty() {
            true => TextSet::none(),
            false => TextSet::from_strings(object.members.iter().map(|member| &*member.name)),
        };
        let mut parts: Vec<(TextSet, ExprId, u64)> = Vec::new();
        for class in &object.classes {
            let others = self.keep(class.keys.without(&names, &self.limits));
            let mut split = vec![(others.unwrap_or_else(TextSet::none), 0)];
            for (bit, some) in object.some.iter().enumerate() {
                for (keys, met) in std::mem::take(&mut split) {
                    let inside = self.keep(keys.intersect(&some.keys, &self.limits));
                    let outside = self.keep(keys.without(&some.keys, &self.limits));
                    split.extend(inside.map(|keys| (keys, met | 1 << bit)));
                    split.extend(outside.map(|keys| (keys, met)));
                }
            }
            parts.extend(split.into_iter().map(|(keys, met)| (keys, class.value, met)));
        }
        let (mut classes, mut meets) = (Vec::new(), Vec::new());
        for (keys, value, met) in parts {
            for language in self.texts(&keys) {
                classes.push((language, value));
                meets.push(met);
            }
        }
        let some = |(bit, some): (usize, &shape::Obligation)| {
            let mut classes = BitSet::new(meets.len());
            (0..meets.len())
                .filter(|class| meets[*class] >> bit & 1 == 1)
                .for_each(|class| classes.insert(class));
            let names = bits(&|at| some.keys.contains(members[at].0));
            Obligation { names, classes, value: some.value }
        };
        let some: Box<[Obligation]> = object.some.iter().enumerate().map(some).collect();
        // Whether the least number of members is reached, and what names a value has in the end, is not to be feigned by a
        // name that comes twice.
        let all = self.unique_names || !some.is_empty();
        let keeps = match (classes.is_empty(), !all) {
            (true, _) => Keeps::Nothing,
            (false, false) => Keeps::All,
            (false, true) if object.min > required.len() as u64 + 1 => Keeps::Few,
            (false, true) => Keeps::Nothing,
        };
        let most_others = match keeps {
            Keeps::Nothing => classes.is_empty().then_some(0),
            _ => classes.iter().map(|class| self.texts_in(class.0)).sum::<Option<usize>>(),
        };
        self.objects.push(Object {
            names: self.names_of(members.iter().map(|member| member.0)),
            values: members.iter().map(|member| member.1).collect(),
            required_count: required.len() as u32,
            required,
            classes: classes.into(),
            min: clamp(object.min),
            max: object.max.map(clamp),
            some,
            keeps,
            most_others: most_others.and_then(|most| u32::try_from(most).ok()),
            order,
            is_ordered,
        }) as u32
    }

    /// Estimated bytes.
    pub(crate) fn bytes(&self) -> usize {
        // A rough figure: shapes and languages are bounded by the schema and by `Limits`.
        self.ready.count() * 400
    }
}
