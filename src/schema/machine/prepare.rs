//! The push-down automaton of one schema: what is made ready for reading when an expression is first met.

use std::sync::{Arc, OnceLock};

use super::{
    Frame, Hypothesis, Ready, Scan, StackId, Stacks, View,
    shape::{Array, Contains, LanguageId, Object, Obligation},
    text::Language,
    words::Words,
};
use crate::{
    bitset::BitSet,
    schema::{
        Alternatives, ArrayShape, ExprId, ObjectShape, Schema, SchemaError, Whitespace,
        number::NumberDfa,
        text::TextSet,
    },
};

/// What is known of a schema whatever has been read: bounded by the schema, shared by all threads and generations.
#[derive(Debug)]
pub(crate) struct Plan {
    schema: Schema,
    whitespace: Whitespace,
    known: papaya::HashMap<ExprId, u32, rustc_hash::FxBuildHasher>,
    ready: boxcar::Vec<Ready>,
    languages: boxcar::Vec<Language>,
    pub(super) numbers: boxcar::Vec<Arc<NumberDfa>>,
    pub(super) objects: boxcar::Vec<Object>,
    pub(super) arrays: boxcar::Vec<Array>,
    /// What came up after compilation; texts that need it are refused with it.
    failure: OnceLock<SchemaError>,
}

/// A schema that can be read: its plan, and the stacks that texts have visited.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(super) plan: Arc<Plan>,
    pub(super) stacks: Stacks,
}

impl Machine {
    /// A machine that has read nothing.
    pub(crate) fn new(plan: Arc<Plan>) -> Self {
        Self { plan, stacks: Stacks::new() }
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
        self.stacks.push(below, frame, &self.alike(frame))
    }

    /// The stack with another frame on top.
    pub(super) fn replace(&self, stack: StackId, frame: &Frame) -> StackId {
        self.push(self.stacks.get(stack).below, frame)
    }

    /// A frame on which any one token reads the same.
    fn alike(&self, frame: &Frame) -> Frame {
        match frame {
            Frame::Array { shape, index, counts } => {
                let index = self.plan.arrays[*shape as usize].alike(*index);
                Frame::Array { shape: *shape, index, counts: counts.clone() }
            }
            other => other.clone(),
        }
    }

    /// The same hypothesis in another machine of the same plan.
    pub(crate) fn copy_to(&self, at: Hypothesis, other: &Self) -> Hypothesis {
        let (mut frames, mut stack) = (Vec::new(), at.stack);
        while stack != StackId::ROOT {
            frames.push(self.stacks.top(stack));
            stack = self.stacks.get(stack).below;
        }
        let stack = frames.into_iter().rev().fold(StackId::ROOT, |at, frame| other.push(at, frame));
        Hypothesis { stack, ..at }
    }
}

impl Plan {
    /// The plan of a schema. O(1): everything is made when it is visited.
    pub(crate) fn new(schema: Schema, whitespace: Whitespace) -> Self {
        Self {
            schema,
            whitespace,
            known: papaya::HashMap::with_hasher(rustc_hash::FxBuildHasher),
            ready: boxcar::Vec::new(),
            languages: boxcar::Vec::new(),
            numbers: boxcar::Vec::new(),
            objects: boxcar::Vec::new(),
            arrays: boxcar::Vec::new(),
            failure: OnceLock::new(),
        }
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
                Scan::Word(..) | Scan::Number(..) | Scan::Text(..) | Scan::Name(_) | Scan::Other(..),
            )
            | (Whitespace::Compact, _) => 0,
            (Whitespace::Spaced, Scan::Value(_)) => u32::from(stack != StackId::ROOT),
            (Whitespace::Spaced, Scan::Key) => 1,
            (Whitespace::Spaced, _) => 0,
            (Whitespace::Flexible { run }, _) => run,
        }
    }

    /// A language, all of whose words are allowed.
    #[inline]
    pub(crate) fn language(&self, language: LanguageId) -> View<'_> {
        View::all(&self.languages[language as usize])
    }

    /// What a value of an expression may be. The first time: the canonical form, and tries of its names.
    pub(crate) fn ready(&self, value: ExprId) -> &Ready {
        if let Some(known) = self.known.pin().get(&value) {
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
        &self.ready[*self.known.pin().get_or_insert(value, id) as usize]
    }

    /// The values that both expressions have; `None` if there are none.
    pub(crate) fn both(&self, a: ExprId, b: ExprId) -> Option<ExprId> {
        self.record(self.schema.both(a, b))
    }

    /// The values of the first expression that are not the second's; `None` if there are none.
    pub(crate) fn but_not(&self, a: ExprId, b: ExprId) -> Option<ExprId> {
        self.record(self.schema.but_not(a, b))
    }

    fn record(&self, result: Result<Option<ExprId>, SchemaError>) -> Option<ExprId> {
        result.unwrap_or_else(|error| {
            let _ = self.failure.set(error);
            None
        })
    }

    fn prepare(&self, alternatives: &Alternatives) -> Ready {
        let number = (!alternatives.number.is_empty())
            .then(|| self.schema.number_automaton(&alternatives.number))
            .and_then(|automaton| match automaton {
                Ok(automaton) => Some(self.numbers.push(automaton) as u32),
                Err(error) => {
                    let _ = self.failure.set(error);
                    None
                }
            });
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
            languages.push(Language::Words(Words::new(texts.strings().to_vec())));
        }
        languages.extend(texts.pieces().iter().map(|piece| match piece.except() {
            Some(except) => Language::Free {
                except: Words::new(except.to_vec()),
                min: piece.min(),
                max: piece.max(),
            },
            None => Language::Automaton(piece.clone()),
        }));
        languages.into_iter().map(|language| self.languages.push(language) as u32).collect()
    }

    fn array(&self, array: &ArrayShape) -> u32 {
        let clamp = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        let contains = |contains: &crate::schema::Contains| Contains {
            item: contains.schema,
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
        }) as u32
    }

    fn object(&self, object: &ObjectShape) -> u32 {
        let clamp = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        let mut members: Vec<_> = object
            .members
            .iter()
            .filter_map(|member| Some((member.name.as_str(), member.value?, member.required)))
            .collect();
        members.sort_unstable_by_key(|member| member.0);
        let mut required = BitSet::new(members.len());
        for (at, member) in members.iter().enumerate().filter(|(_, member)| member.2) {
            debug_assert!(member.2);
            required.insert(at);
        }
        let words = Words::new(members.iter().map(|member| member.0.into()).collect());
        let mut classes = Vec::new();
        // For each language of a class, the class it is of.
        let mut origin = Vec::new();
        for (at, class) in object.classes.iter().enumerate() {
            for language in self.texts(&class.keys) {
                classes.push((language, class.value));
                origin.push(at);
            }
        }
        let some = object
            .some
            .iter()
            .map(|some| {
                let mut names = BitSet::new(members.len());
                for (at, member) in members.iter().enumerate() {
                    if some.keys.contains(member.0) {
                        names.insert(at);
                    }
                }
                let mut bits = BitSet::new(classes.len());
                for (bit, class) in origin.iter().enumerate() {
                    // A class lies inside of an obligation's names or outside.
                    let inside = object.classes[*class].keys.shortest();
                    if inside.is_some_and(|name| some.keys.contains(&name)) {
                        bits.insert(bit);
                    }
                }
                Obligation { names, classes: bits, value: some.value }
            })
            .collect();
        let required_count = required.len() as u32;
        self.objects.push(Object {
            names: Language::Words(words),
            values: members.iter().map(|member| member.1).collect(),
            required,
            required_count,
            classes: classes.into(),
            min: clamp(object.min),
            max: object.max.map(clamp),
            some,
        }) as u32
    }

    /// Estimated bytes.
    pub(crate) fn bytes(&self) -> usize {
        // A rough figure: shapes and languages are bounded by the schema and by `Limits`.
        self.ready.count() * 400
    }
}
