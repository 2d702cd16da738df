//! What is the canonical form of a schema?
//!
//! A union by type. Scalars are sets; arrays and objects are unions of conjunctive shapes, whose arguments stay expressions
//! and are brought to this form only when somebody looks into them.

use std::sync::Arc;

use super::{expr::ExprId, number::NumberSet, text::TextSet};

/// Everything that a value of an expression may be.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Alternatives {
    /// `null`.
    pub(crate) null: bool,
    /// `false` and `true`.
    pub(crate) truth: [bool; 2],
    /// Numbers.
    pub(crate) number: NumberSet,
    /// Decoded strings.
    pub(crate) text: TextSet,
    /// Decoded strings of which it is not known: they are not accepted, nor is what is not one of them. Strings of `text` may
    /// be among them. `None` for nearly all forms.
    pub(crate) doubtful: Option<Box<TextSet>>,
    /// Arrays of one of these shapes.
    pub(crate) arrays: Vec<ArrayShape>,
    /// Objects of one of these shapes.
    pub(crate) objects: Vec<ObjectShape>,
}

/// Arrays that fulfil all of these at once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ArrayShape {
    /// The first items.
    pub(crate) prefix: Vec<ExprId>,
    /// All further items; `None`: there are none, and `max` is at most the length of `prefix`.
    pub(crate) rest: Option<ExprId>,
    /// Fewest items.
    pub(crate) min: u64,
    /// Most items.
    pub(crate) max: Option<u64>,
    /// Items that are counted.
    pub(crate) contains: Vec<Contains>,
    /// No two items are equal.
    pub(crate) unique: bool,
}

/// A bound on the number of items that fulfil something.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Contains {
    /// What they fulfil.
    pub(crate) schema: ExprId,
    /// Items before this index are not counted.
    pub(crate) from: u64,
    /// Fewest.
    pub(crate) min: u64,
    /// Most.
    pub(crate) max: Option<u64>,
}

/// Objects that fulfil all of these at once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ObjectShape {
    /// Members by name, in the schema's order.
    pub(crate) members: Vec<Member>,
    /// Disjoint sets of keys, for the keys that are no member's name: a member's name goes before every class that holds it,
    /// so the sets may contain the names. A key that is no name and in no class is forbidden.
    pub(crate) classes: Vec<KeyClass>,
    /// Fewest members.
    pub(crate) min: u64,
    /// Most members.
    pub(crate) max: Option<u64>,
    /// For each of them, some member has such a key and such a value. Here names count like any other key.
    pub(crate) some: Vec<Obligation>,
}

/// A named member.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Member {
    /// Its name.
    pub(crate) name: Arc<str>,
    /// Its values; `None`: it is forbidden.
    pub(crate) value: Option<ExprId>,
    /// Whether it must be there.
    pub(crate) required: bool,
}

/// The values of a set of keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct KeyClass {
    /// The keys.
    pub(crate) keys: TextSet,
    /// Their values.
    pub(crate) value: ExprId,
}

/// An obligation: at least one member with such a key has such a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Obligation {
    /// The keys.
    pub(crate) keys: TextSet,
    /// The values.
    pub(crate) value: ExprId,
}

/// Texts of which it is not known, if there are any.
pub(crate) fn doubtful(texts: TextSet) -> Option<Box<TextSet>> {
    (!texts.is_empty()).then(|| Box::new(texts))
}

impl Alternatives {
    /// No value at all.
    pub(crate) fn none() -> Self {
        Self {
            null: false,
            truth: [false, false],
            number: NumberSet::none(),
            text: TextSet::none(),
            doubtful: None,
            arrays: Vec::new(),
            objects: Vec::new(),
        }
    }

    /// Every value.
    pub(crate) fn all() -> Self {
        Self {
            null: true,
            truth: [true, true],
            number: NumberSet::all(),
            text: TextSet::all(),
            doubtful: None,
            arrays: vec![ArrayShape::all()],
            objects: vec![ObjectShape::all()],
        }
    }

    /// Whether some value is neither an array nor an object.
    pub(crate) fn has_scalars(&self) -> bool {
        self.null
            || self.truth != [false, false]
            || !self.number.is_empty()
            || !self.text.is_empty()
    }

    /// Whether there are strings of which it is not known.
    pub(crate) fn is_doubtful(&self) -> bool {
        self.doubtful.is_some()
    }

    /// Whether nothing is left. Exact for the scalars; shapes count as something.
    pub(crate) fn is_none(&self) -> bool {
        self.arrays.is_empty()
            && self.objects.is_empty()
            && !self.has_scalars()
            && !self.is_doubtful()
    }

    /// Whether this is plainly every value.
    pub(crate) fn is_all(&self) -> bool {
        self.null
            && self.truth == [true, true]
            && self.number.is_all()
            && self.text.is_all()
            && self.arrays.iter().any(ArrayShape::is_all)
            && self.objects.iter().any(ObjectShape::is_all)
    }
}

impl ArrayShape {
    /// Every array.
    pub(crate) fn all() -> Self {
        Self {
            prefix: Vec::new(),
            rest: Some(ExprId::TRUE),
            min: 0,
            max: None,
            contains: Vec::new(),
            unique: false,
        }
    }

    /// Whether this is plainly every array.
    pub(crate) fn is_all(&self) -> bool {
        self.rest == Some(ExprId::TRUE)
            && self.min == 0
            && self.max.is_none()
            && !self.unique
            && self.prefix.iter().all(|&e| e == ExprId::TRUE)
            && self.contains.is_empty()
    }

    /// What the item at an index may be; `None`: there is no such item.
    pub(crate) fn item(&self, index: usize) -> Option<ExprId> {
        self.prefix.get(index).copied().or(self.rest)
    }
}

impl ObjectShape {
    /// Every object.
    pub(crate) fn all() -> Self {
        Self {
            members: Vec::new(),
            classes: vec![KeyClass { keys: TextSet::all(), value: ExprId::TRUE }],
            min: 0,
            max: None,
            some: Vec::new(),
        }
    }

    /// Whether this is plainly every object.
    pub(crate) fn is_all(&self) -> bool {
        self.min == 0
            && self.max.is_none()
            && self.some.is_empty()
            && self.members.iter().all(|m| !m.required && m.value == Some(ExprId::TRUE))
            && self.is_open()
    }

    /// Whether every key that is no member's name may have every value.
    pub(crate) fn is_open(&self) -> bool {
        matches!(&self.classes[..], [class] if class.value == ExprId::TRUE && class.keys.is_all())
    }

    /// The member of a name. O(members).
    pub(crate) fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|m| &*m.name == name)
    }

    /// What a key that is no member's name may have as value; `None`: it is forbidden. O(classes).
    pub(crate) fn class_value(&self, key: &str) -> Option<ExprId> {
        self.classes.iter().find(|c| c.keys.is_all() || c.keys.contains(key)).map(|c| c.value)
    }

    /// What a key may have as value; `None`: it is forbidden. O(members + classes).
    pub(crate) fn value(&self, key: &str) -> Option<ExprId> {
        match self.member(key) {
            Some(member) => member.value,
            None => self.class_value(key),
        }
    }
}
