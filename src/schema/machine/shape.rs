//! What a value may be, in the form in which it is read: names as tries, languages by number, made once per expression.

use std::sync::{Arc, OnceLock};

use super::words::Words;
use crate::{bitset::BitSet, schema::expr::ExprId};

/// Number of a [`Language`](super::Language).
pub(crate) type LanguageId = u32;

/// Everything a value of one expression may be.
#[derive(Debug, Default)]
pub(crate) struct Ready {
    pub(crate) null: bool,
    /// `false`, `true`.
    pub(crate) truth: [bool; 2],
    /// Number of a number automaton.
    pub(crate) number: Option<u32>,
    pub(crate) texts: Box<[LanguageId]>,
    /// Numbers of array shapes.
    pub(crate) arrays: Box<[u32]>,
    /// Numbers of object shapes.
    pub(crate) objects: Box<[u32]>,
}

/// An object: members by name, classes of other names.
#[derive(Debug)]
pub(crate) struct Object {
    /// The names that may occur.
    pub(crate) names: Arc<Words>,
    /// The value of each name, in the order of the trie.
    pub(crate) values: Box<[ExprId]>,
    /// Names that must occur.
    pub(crate) required: BitSet,
    /// How many.
    pub(crate) required_count: u32,
    /// Other names: a language of names and their values'.
    pub(crate) classes: Box<[(LanguageId, ExprId)]>,
    pub(crate) min: u32,
    pub(crate) max: Option<u32>,
    /// What some member must be.
    pub(crate) some: Box<[Obligation]>,
    /// Which names that are not declared are remembered.
    pub(crate) keeps: Keeps,
    /// How many different other names there can be; `None`: many, or as many as one likes, as they may be repeated.
    pub(crate) most_others: Option<u32>,
    /// The names in the schema's order, by their places in the trie.
    pub(crate) order: Box<[u32]>,
    /// Whether members come in that order only.
    pub(crate) is_ordered: bool,
}

/// Which names of an object that are not declared are remembered, so that they do not come again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Keeps {
    /// None: a name that comes twice counts twice, and that makes no difference.
    Nothing,
    /// Those read before the least number of members is reached.
    Few,
    /// All.
    All,
}

/// At least one member with one of these names has a value of this expression.
#[derive(Debug)]
pub(crate) struct Obligation {
    pub(crate) names: BitSet,
    pub(crate) classes: BitSet,
    pub(crate) value: ExprId,
}

/// An array: a prefix, and what follows it.
#[derive(Debug)]
pub(crate) struct Array {
    pub(crate) prefix: Box<[ExprId]>,
    pub(crate) rest: Option<ExprId>,
    pub(crate) min: u32,
    pub(crate) max: Option<u32>,
    pub(crate) contains: Box<[Contains]>,
    /// Whether all items differ.
    pub(crate) unique: bool,
    /// Whether what must be contained can still come, by index and counts; made where that is asked, since an empty map costs
    /// memory and most arrays contain nothing that counts.
    pub(crate) countable: OnceLock<Countable>,
}

/// Indices and counts, and whether they can be completed.
pub(crate) type Countable = papaya::HashMap<(u32, Box<[u32]>), bool, rustc_hash::FxBuildHasher>;

/// So many items are values of this expression.
#[derive(Debug)]
pub(crate) struct Contains {
    pub(crate) item: ExprId,
    /// Items before this index are not counted.
    pub(crate) from: u32,
    pub(crate) min: u32,
    pub(crate) max: Option<u32>,
}

impl Array {
    /// The index from which on all items are of one expression, and counted alike.
    pub(crate) fn uniform(&self) -> u32 {
        let counted = self.contains.iter().map(|contains| contains.from);
        counted.fold(self.prefix.len() as u32, u32::max)
    }

    /// The expression of the item at an index.
    pub(crate) fn item(&self, index: u32) -> Option<ExprId> {
        if self.max.is_some_and(|max| index >= max) {
            return None;
        }
        self.prefix.get(index as usize).copied().or(self.rest)
    }
}
