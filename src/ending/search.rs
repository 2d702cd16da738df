//! Best-first search for a text that makes what was read a sentence (Hart, Nilsson and Raphael 1968).

use std::{cmp::Reverse, collections::BinaryHeap, hash::Hash};

use rustc_hash::FxHashSet;

use crate::{TokenId, Vocabulary};

/// What a text costs: the tokens that it takes by itself, and among equals its bytes. Sums are saturated; the greatest cost is
/// that of what cannot be.
pub(crate) type Cost = u64;

/// A text and what it costs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Text {
    pub(crate) cost: Cost,
    pub(crate) bytes: Box<[u8]>,
}

impl Text {
    /// A text; `None` if no tokens spell it.
    pub(crate) fn new(bytes: Vec<u8>, vocabulary: &Vocabulary) -> Option<Self> {
        let tokens = vocabulary.fewest_tokens(&bytes)?.len();
        Some(Self { cost: Self::cost(tokens, bytes.len()), bytes: bytes.into() })
    }

    /// The cost of so many tokens and bytes.
    pub(crate) fn cost(tokens: usize, bytes: usize) -> Cost {
        let clamp = |count: usize| u64::from(u32::try_from(count).unwrap_or(u32::MAX >> 8));
        clamp(tokens) << 32 | clamp(bytes)
    }
}

/// A text that may come next.
#[derive(Debug)]
pub(crate) struct Move {
    pub(crate) text: Box<[u8]>,
    pub(crate) cost: Cost,
    /// About what is needed after it.
    pub(crate) left: Cost,
}

/// Something that reads texts byte by byte, and knows what could come next.
pub(crate) trait Reading {
    /// One reading of a text.
    type At: Clone + Eq + Hash;

    /// All readings after a byte; `next` is empty before.
    fn step(&self, at: &[Self::At], byte: u8, next: &mut Vec<Self::At>);

    /// What it costs to stand here, beside what all readings cost, as so many bytes that are read.
    fn weight(&self, _at: &[Self::At]) -> usize {
        0
    }

    /// Whether so much work was done that what is said from now on cannot be relied on.
    fn is_spent(&self) -> bool {
        false
    }

    /// Whether the text is a sentence.
    fn is_complete(&self, at: &[Self::At]) -> bool;

    /// Texts that may come next and lead to an end: those that look best or, if `wide`, many. They need not be allowed.
    fn moves(&self, at: &[Self::At], wide: bool, moves: &mut Vec<Move>);
}

/// A text to be looked at. The order is that in which texts are: by the whole cost as it is estimated, then the nearer one to
/// the end. Equal costs are told apart by the text, so that the order depends on nothing else.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    total: Cost,
    left: Cost,
    text: Vec<u8>,
    /// The place that it was found from.
    from: usize,
}

/// A place that was reached.
struct Place<A> {
    at: Vec<A>,
    cost: Cost,
    length: usize,
}

/// How far a search goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Places that are reached.
    pub(super) places: usize,
    /// Moves that are looked at and bytes that are read. As all that a search does is one or the other, this bounds its time
    /// where few of the moves lead anywhere.
    pub(super) work: usize,
    /// Whether many moves are asked for.
    pub(super) wide: bool,
}

/// The tokens of a text after which what was read is a sentence; `None` if there is none within the bounds. The work that was
/// done is added to `work`.
pub(super) fn search<R: Reading>(
    reading: &R,
    start: &[R::At],
    vocabulary: &Vocabulary,
    bounds: Bounds,
    work: &mut usize,
) -> Option<Vec<TokenId>> {
    let most = work.saturating_add(bounds.work);
    let mut reached = vec![Place { at: start.to_vec(), cost: 0, length: 0 }];
    let mut seen: FxHashSet<Vec<R::At>> = FxHashSet::default();
    let mut heap: BinaryHeap<Reverse<Candidate>> = BinaryHeap::new();
    let (mut moves, mut next) = (Vec::new(), Vec::new());
    let (mut number, mut text) = (0, Vec::new());
    loop {
        let place = &reached[number];
        if reading.is_complete(&place.at)
            && let Some(tokens) = vocabulary.fewest_tokens(&text)
        {
            return Some(tokens);
        }
        reading.moves(&place.at, bounds.wide, &mut moves);
        *work = work.saturating_add(moves.len());
        for Move { text: more, cost, left } in moves.drain(..) {
            if left == Cost::MAX || more.is_empty() {
                continue;
            }
            let total = place.cost.saturating_add(cost).saturating_add(left);
            let text = [text.as_slice(), &more].concat();
            heap.push(Reverse(Candidate { total, left, text, from: number }));
        }
        loop {
            let Reverse(candidate) = heap.pop()?;
            let from = &reached[candidate.from];
            let mut at = from.at.clone();
            for &byte in &candidate.text[from.length..] {
                *work = work.saturating_add(1);
                next.clear();
                reading.step(&at, byte, &mut next);
                std::mem::swap(&mut at, &mut next);
                if at.is_empty() || *work > most {
                    break;
                }
            }
            if *work > most || reading.is_spent() {
                return None;
            }
            if at.is_empty() || !seen.insert(at.clone()) {
                continue;
            }
            if reached.len() >= bounds.places {
                return None;
            }
            *work = work.saturating_add(reading.weight(&at));
            number = reached.len();
            let cost = candidate.total - candidate.left;
            reached.push(Place { at, cost, length: candidate.text.len() });
            text = candidate.text;
            break;
        }
    }
}
