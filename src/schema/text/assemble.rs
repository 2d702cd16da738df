//! From one language per interval of lengths to a set of texts in its usual form.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    TextDfa, TextSet,
    chars::{CharDfa, Op},
    error::TextError,
    piece::{Language, Piece},
};
use crate::Limits;

/// A language without exceptions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Plain {
    /// No text.
    None,
    /// Any text.
    All,
    /// An automaton's.
    Some(Arc<TextDfa>),
}

/// Lengths up to this many states of automaton and counter together are written into the automaton.
const FOLD: u64 = 64;
/// Languages of up to this many texts are listed.
const FEW: usize = 64;

impl Plain {
    /// Of an automaton.
    pub(super) fn new(chars: CharDfa, limits: &Limits) -> Result<Self, TextError> {
        Ok(match chars.start() {
            0 => Self::None,
            _ if chars.is_all() => Self::All,
            _ => Self::Some(TextDfa::new(chars, limits)?),
        })
    }

    /// The texts of which `op` holds.
    pub(super) fn combine(&self, other: &Self, op: Op, limits: &Limits) -> Result<Self, TextError> {
        Ok(match (self, other, op) {
            (Self::None, _, Op::Or) | (Self::All, _, Op::And) => other.clone(),
            (_, Self::None, Op::Or | Op::Without) | (_, Self::All, Op::And) => self.clone(),
            (Self::None, _, _) | (_, Self::None, Op::And) | (_, Self::All, Op::Without) => {
                Self::None
            }
            (Self::All, _, Op::Or) | (_, Self::All, Op::Or) => Self::All,
            (Self::All, Self::Some(b), Op::Without) => Self::new(b.chars().complement(), limits)?,
            (Self::Some(a), Self::Some(b), _) if a == b => match op {
                Op::Without => Self::None,
                Op::And | Op::Or => self.clone(),
            },
            (Self::Some(a), Self::Some(b), _) => {
                Self::new(a.chars().product(b.chars(), op, limits)?, limits)?
            }
        })
    }

    fn contains(&self, text: &str) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Some(dfa) => dfa.contains(text),
        }
    }
}

/// What the texts of some lengths are.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) min: u32,
    pub(super) max: Option<u32>,
    pub(super) plain: Plain,
}

impl Segment {
    fn has_length(&self, length: u64) -> bool {
        length >= u64::from(self.min) && self.max.is_none_or(|max| length <= u64::from(max))
    }
}

/// Disjoint segments in the order of lengths, and the texts for which they are wrong.
#[derive(Clone, Debug, Default)]
pub(super) struct Assembly {
    pub(super) segments: Vec<Segment>,
    /// Texts of the set that are in no segment. Sorted.
    pub(super) added: Vec<Box<str>>,
    /// Texts of segments that are not in the set. Sorted.
    pub(super) removed: Vec<Box<str>>,
}

fn length(text: &str) -> u64 {
    text.chars().count() as u64
}

impl Assembly {
    /// Whether a text is in a segment.
    pub(super) fn contains(&self, text: &str) -> bool {
        let length = length(text);
        let segment = self.segments.iter().find(|segment| segment.has_length(length));
        segment.is_some_and(|segment| segment.plain.contains(text))
    }

    /// The set.
    pub(super) fn set(mut self, limits: &Limits) -> Result<TextSet, TextError> {
        self.settle_empty();
        self.simplify(limits)?;
        self.settle_empty();
        self.merge();
        self.remove(limits)?;
        self.merge();
        let mut strings = self.added;
        let (mut free, mut counted) = (Vec::new(), Vec::new());
        let mut whole: Vec<Arc<TextDfa>> = Vec::new();
        for Segment { min, max, plain } in self.segments {
            match plain {
                Plain::None => {}
                // Listed, so that whoever counts the texts of a set sees that it is one.
                Plain::All if max == Some(0) => strings.push("".into()),
                Plain::All => {
                    let here = Segment { min, max, plain: Plain::All };
                    let removed = self.removed.iter();
                    let except =
                        removed.filter(|text| here.has_length(length(text))).cloned().collect();
                    free.push(Piece { language: Language::Free { except }, min, max });
                }
                Plain::Some(dfa) => match bounded(dfa, min, max, limits)? {
                    (dfa, 0, None) => whole.push(dfa),
                    (dfa, min, max) => {
                        counted.push(Piece { language: Language::Automaton(dfa), min, max });
                    }
                },
            }
        }
        // One automaton is cheaper to follow than several; but not at any price.
        let mut unions: Vec<Arc<TextDfa>> = Vec::new();
        for dfa in whole {
            let union = match unions.last() {
                Some(last) => match last.chars().product(dfa.chars(), Op::Or, limits) {
                    Ok(union) => TextDfa::new(union, limits).ok(),
                    Err(_) => None,
                },
                None => None,
            };
            match union {
                Some(union) => {
                    unions.pop();
                    unions.push(union);
                }
                None => unions.push(dfa),
            }
        }
        let mut pieces = free;
        for dfa in unions {
            let piece = Piece { language: Language::Automaton(dfa), min: 0, max: None };
            match piece.texts(FEW, FEW * 16) {
                Some(texts) => strings.extend(texts),
                None => pieces.push(piece),
            }
        }
        pieces.append(&mut counted);
        strings.sort_unstable();
        strings.dedup();
        Ok(TextSet { strings: strings.into(), pieces: pieces.into() })
    }

    /// There is only one text without characters: listed or excepted, it makes a segment of its own.
    fn settle_empty(&mut self) {
        let begins_empty = |texts: &[Box<str>]| texts.first().is_some_and(|text| text.is_empty());
        let added = begins_empty(&self.added);
        if !added && !begins_empty(&self.removed) {
            return;
        }
        let wrong = if added { Plain::None } else { Plain::All };
        let plain = if added { Plain::All } else { Plain::None };
        if let Some(first) = self.segments.first_mut().filter(|first| first.min == 0) {
            if first.plain != wrong {
                return;
            }
            match first.max {
                Some(0) => drop(self.segments.remove(0)),
                _ => first.min = 1,
            }
        }
        self.segments.insert(0, Segment { min: 0, max: Some(0), plain });
        let texts = if added { &mut self.added } else { &mut self.removed };
        texts.remove(0);
    }

    /// Automata that decide by length alone, or not at all within their bounds.
    fn simplify(&mut self, limits: &Limits) -> Result<(), TextError> {
        let mut simple = Vec::with_capacity(self.segments.len());
        for segment in std::mem::take(&mut self.segments) {
            let Segment { min, max, plain: Plain::Some(dfa) } = &segment else {
                simple.push(segment);
                continue;
            };
            let (min, max) = (*min, *max);
            if let Some(intervals) = dfa.chars().lengths_alone() {
                for (low, high) in intervals {
                    let low = low.max(min);
                    let high = match (high, max) {
                        (Some(a), Some(b)) => Some(a.min(b)),
                        (a, b) => a.or(b),
                    };
                    if high.is_none_or(|high| low <= high) {
                        simple.push(Segment { min: low, max: high, plain: Plain::All });
                    }
                }
                continue;
            }
            if self.completes(dfa, min, max, limits)? {
                self.added.retain(|text| !segment.has_length(length(text)));
                simple.push(Segment { min, max, plain: Plain::All });
                continue;
            }
            if min == 0 && max.is_none() {
                simple.push(segment);
                continue;
            }
            let within = |dfa: &TextDfa| {
                let first = dfa.lengths().at_least(dfa.start(), u64::from(min));
                first.is_some_and(|first| max.is_none_or(|max| first <= u64::from(max)))
            };
            known(dfa, max)?;
            if !within(dfa) {
                continue;
            }
            let others = TextDfa::new(dfa.chars().complement(), limits)?;
            let plain = match known(&others, max).is_ok() && !within(&others) {
                true => Plain::All,
                false => segment.plain,
            };
            simple.push(Segment { min, max, plain });
        }
        self.segments = simple;
        Ok(())
    }

    /// Whether the added texts are all that an automaton lacks within its bounds.
    fn completes(
        &self,
        dfa: &TextDfa,
        min: u32,
        max: Option<u32>,
        limits: &Limits,
    ) -> Result<bool, TextError> {
        if self.added.is_empty() || known(dfa, max).is_err() {
            return Ok(false);
        }
        let others = TextDfa::new(dfa.chars().complement(), limits)?;
        let others = Piece { language: Language::Automaton(others), min, max };
        let characters =
            self.added.iter().map(|text| (text.len() + 1) * (text.len() / 16 + 2)).sum();
        let lacking = others.texts(self.added.len(), characters);
        Ok(lacking
            .is_some_and(|texts| texts.iter().all(|text| self.added.binary_search(text).is_ok())))
    }

    /// Neighbours of one language become one segment.
    fn merge(&mut self) {
        let mut merged: Vec<Segment> = Vec::with_capacity(self.segments.len());
        for segment in self.segments.drain(..) {
            match merged.last_mut() {
                Some(last)
                    if last.max.and_then(|max| max.checked_add(1)) == Some(segment.min)
                        && last.plain == segment.plain =>
                {
                    last.max = segment.max;
                }
                _ => merged.push(segment),
            }
        }
        self.segments = merged;
    }

    /// Takes the removed texts out of the automata. Those of a free segment's greatest lengths become an automaton's: so that
    /// every beginning that is short enough can be completed, whatever the exceptions.
    fn remove(&mut self, limits: &Limits) -> Result<(), TextError> {
        if self.removed.is_empty() {
            return Ok(());
        }
        let lengths: BTreeSet<u64> = self.removed.iter().map(|text| length(text)).collect();
        let mut segments = Vec::with_capacity(self.segments.len());
        for mut segment in self.segments.drain(..) {
            if segment.plain == Plain::All
                && let Some(max) = segment.max
            {
                let mut low = u64::from(max) + 1;
                while low > u64::from(segment.min) && lengths.contains(&(low - 1)) {
                    low -= 1;
                }
                if low > u64::from(max) {
                    segments.push(segment);
                    continue;
                }
                let low = low as u32;
                if segment.min < low {
                    segments.push(Segment { max: Some(low - 1), ..segment.clone() });
                }
                segment.min = low;
            }
            let here = |text: &str| match &segment.plain {
                Plain::None => false,
                Plain::All => segment.max.is_some() && segment.has_length(length(text)),
                Plain::Some(dfa) => segment.has_length(length(text)) && dfa.contains(text),
            };
            let texts: Vec<&str> =
                self.removed.iter().map(|text| &**text).filter(|text| here(text)).collect();
            if !texts.is_empty() {
                let words = CharDfa::words(texts.into_iter(), limits)?;
                let rest = match &segment.plain {
                    Plain::None => CharDfa::empty(),
                    Plain::All => words.complement(),
                    Plain::Some(dfa) => dfa.chars().product(&words, Op::Without, limits)?,
                };
                segment.plain = Plain::new(rest, limits)?;
            }
            segments.push(segment);
        }
        self.segments = segments;
        // What was taken out of automata can leave less than an automaton's worth.
        self.simplify(limits)
    }
}

/// That all lengths up to a bound are known.
fn known(dfa: &TextDfa, max: Option<u32>) -> Result<(), TextError> {
    if dfa.lengths().reach(max) {
        return Ok(());
    }
    let limit = dfa.boundaries().into();
    Err(TextError::limit("dfa_states", limit, "a counted pattern whose lengths do not repeat"))
}

/// The automaton and its bounds: none, if it has no texts outside of them or if they can be written into it.
fn bounded(
    dfa: Arc<TextDfa>,
    min: u32,
    max: Option<u32>,
    limits: &Limits,
) -> Result<(Arc<TextDfa>, u32, Option<u32>), TextError> {
    if min == 0 && max.is_none() {
        return Ok((dfa, min, max));
    }
    let start = dfa.start();
    let shortest = dfa.lengths().at_least(start, 0);
    let longest = dfa.lengths().longest(start);
    let is_short = |max: u32| longest.is_some_and(|longest| longest <= u64::from(max));
    if shortest.is_none_or(|length| length >= u64::from(min)) && max.is_none_or(is_short) {
        return Ok((dfa, 0, None));
    }
    let counter = u64::from(max.unwrap_or(min)) + 1;
    if counter * u64::from(dfa.boundaries()) <= FOLD {
        let lengths = CharDfa::length(min, max, limits)?;
        let chars = dfa.chars().product(&lengths, Op::And, limits)?;
        return Ok((TextDfa::new(chars, limits)?, 0, None));
    }
    Ok((dfa, min, max))
}
