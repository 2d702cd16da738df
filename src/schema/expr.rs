//! Which expressions over schemas are there?
//!
//! A hash-consed arena: equal expressions have equal ids. Leaves are canonical already; a place is a schema of the document,
//! whose body may come later, so that schemas may be recursive.

use std::{collections::HashMap, sync::Arc};

use rustc_hash::FxHashMap;

use super::{read::document::ValueId, shape::Alternatives};

/// An expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ExprId(u32);

impl ExprId {
    /// Every value.
    pub(crate) const TRUE: Self = Self(0);
    /// No value.
    pub(crate) const FALSE: Self = Self(1);
}

/// A schema of the document, in its dynamic scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PlaceId(pub(crate) u32);

/// One expression.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Expr {
    /// All of them; without any, every value.
    All(Arc<[ExprId]>),
    /// At least one of them; without any, no value.
    Any(Arc<[ExprId]>),
    /// Exactly one of them. Here order and repetition count.
    One(Arc<[ExprId]>),
    /// Everything else.
    Not(ExprId),
    /// Objects whose names are strings of the expression, and whatever is no object.
    Names(ExprId),
    /// A schema of the document.
    Place(PlaceId),
    /// A canonical form.
    Leaf(u32),
}

/// Where an expression comes from: for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The schema.
    pub(crate) value: ValueId,
    /// The keyword; empty for the schema itself.
    pub(crate) keyword: &'static str,
}

/// Whether anything is an instance of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inhabited {
    /// Not asked yet.
    Unknown,
    /// Something is.
    Yes,
    /// Nothing is.
    No,
}

/// What is known of an expression.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The expression.
    pub(crate) expr: Expr,
    /// Where it was first made.
    pub(crate) origin: Origin,
    /// Its canonical form, whose shapes may be without instances.
    pub(crate) raw: Option<Arc<Alternatives>>,
    /// Its canonical form without anything uninhabited.
    pub(crate) clean: Option<Arc<Alternatives>>,
    /// Whether it has instances.
    pub(crate) inhabited: Inhabited,
}

/// All expressions of one schema.
#[derive(Debug)]
pub(crate) struct Arena {
    entries: Vec<Entry>,
    ids: FxHashMap<Expr, ExprId>,
    /// Leaves without arrays and objects, by content. Their keys come from users: the hasher is seeded.
    scalars: HashMap<Arc<Alternatives>, ExprId>,
    /// The bodies of places.
    bodies: Vec<Option<ExprId>>,
    /// Where new expressions come from.
    pub(crate) here: Origin,
}

impl Arena {
    /// The two constants.
    pub(crate) fn new(root: ValueId) -> Self {
        let mut arena = Self {
            entries: Vec::new(),
            ids: FxHashMap::default(),
            scalars: HashMap::new(),
            bodies: Vec::new(),
            here: Origin { value: root, keyword: "" },
        };
        let every = arena.intern(Expr::All(Arc::from([])));
        let none = arena.intern(Expr::Any(Arc::from([])));
        debug_assert_eq!((every, none), (ExprId::TRUE, ExprId::FALSE));
        arena.entry_mut(every).inhabited = Inhabited::Yes;
        arena.entry_mut(none).inhabited = Inhabited::No;
        arena
    }

    /// What is known of an expression.
    pub(crate) fn entry(&self, id: ExprId) -> &Entry {
        &self.entries[id.0 as usize]
    }

    /// The same, to add to it.
    pub(crate) fn entry_mut(&mut self, id: ExprId) -> &mut Entry {
        &mut self.entries[id.0 as usize]
    }

    /// The expression.
    pub(crate) fn expr(&self, id: ExprId) -> &Expr {
        &self.entry(id).expr
    }

    fn add(&mut self, expr: Expr) -> ExprId {
        let id = ExprId(
            u32::try_from(self.entries.len()).expect("invariant: each expression costs fuel"),
        );
        let origin = self.here;
        let inhabited = Inhabited::Unknown;
        self.entries.push(Entry { expr, origin, raw: None, clean: None, inhabited });
        id
    }

    fn intern(&mut self, expr: Expr) -> ExprId {
        if let Some(&id) = self.ids.get(&expr) {
            return id;
        }
        let id = self.add(expr.clone());
        self.ids.insert(expr, id);
        id
    }

    /// A new place without a body.
    pub(crate) fn place(&mut self) -> (PlaceId, ExprId) {
        let place =
            PlaceId(u32::try_from(self.bodies.len()).expect("invariant: each place costs fuel"));
        self.bodies.push(None);
        (place, self.add(Expr::Place(place)))
    }

    /// The body of a place, if it was read.
    pub(crate) fn body(&self, place: PlaceId) -> Option<ExprId> {
        self.bodies[place.0 as usize]
    }

    /// Gives a place its body.
    pub(crate) fn set_body(&mut self, place: PlaceId, body: ExprId) {
        self.bodies[place.0 as usize] = Some(body);
    }

    /// A canonical form as an expression.
    pub(crate) fn leaf(&mut self, form: Alternatives) -> ExprId {
        if !form.arrays.is_empty() || !form.objects.is_empty() {
            if form.is_all() {
                return ExprId::TRUE;
            }
            return self.new_leaf(Arc::new(form));
        }
        if form.is_none() {
            return ExprId::FALSE;
        }
        let form = Arc::new(form);
        if let Some(&id) = self.scalars.get(&form) {
            return id;
        }
        let id = self.new_leaf(form.clone());
        self.scalars.insert(form, id);
        id
    }

    fn new_leaf(&mut self, form: Arc<Alternatives>) -> ExprId {
        let n = u32::try_from(self.entries.len()).expect("invariant: each expression costs fuel");
        let id = self.add(Expr::Leaf(n));
        let plain = form.has_scalars()
            || form
                .objects
                .iter()
                .any(|o| o.min == 0 && o.some.is_empty() && !o.members.iter().any(|m| m.required))
            || form.arrays.iter().any(|a| a.min == 0 && a.contains.iter().all(|c| c.min == 0));
        let entry = self.entry_mut(id);
        entry.raw = Some(form);
        if plain {
            entry.inhabited = Inhabited::Yes;
        }
        id
    }

    /// The canonical form of a leaf.
    pub(crate) fn form(&self, id: ExprId) -> Option<&Arc<Alternatives>> {
        let entry = self.entry(id);
        matches!(entry.expr, Expr::Leaf(_)).then(|| entry.raw.as_ref()).flatten()
    }

    /// The same expression without the places before it, as far as they were read.
    pub(crate) fn resolve(&self, id: ExprId) -> ExprId {
        let mut at = id;
        // A chain of references longer than this stays unresolved, which costs precision in nothing but speed.
        for _ in 0..16 {
            match self.expr(at) {
                Expr::Place(place) => match self.body(*place) {
                    Some(body) => at = body,
                    None => return at,
                },
                _ => return at,
            }
        }
        id
    }

    /// The intersection. O(n log n), flattened one level per part.
    pub(crate) fn all(&mut self, parts: &[ExprId]) -> ExprId {
        match self.flat(parts, true) {
            Some(flat) => match flat[..] {
                [] => ExprId::TRUE,
                [one] => one,
                _ => self.intern(Expr::All(flat.into())),
            },
            None => ExprId::FALSE,
        }
    }

    /// The union. O(n log n), flattened one level per part.
    pub(crate) fn any(&mut self, parts: &[ExprId]) -> ExprId {
        match self.flat(parts, false) {
            Some(flat) => match flat[..] {
                [] => ExprId::FALSE,
                [one] => one,
                _ => self.intern(Expr::Any(flat.into())),
            },
            None => ExprId::TRUE,
        }
    }

    /// Exactly one of them.
    pub(crate) fn one(&mut self, parts: &[ExprId]) -> ExprId {
        let parts: Vec<_> = parts.iter().copied().filter(|&p| p != ExprId::FALSE).collect();
        match parts[..] {
            [] => ExprId::FALSE,
            [one] => one,
            _ => self.intern(Expr::One(parts.into())),
        }
    }

    /// Everything else.
    pub(crate) fn not(&mut self, id: ExprId) -> ExprId {
        let id = self.resolve(id);
        match *self.expr(id) {
            Expr::Not(inner) => inner,
            _ if id == ExprId::TRUE => ExprId::FALSE,
            _ if id == ExprId::FALSE => ExprId::TRUE,
            _ => self.intern(Expr::Not(id)),
        }
    }

    /// Objects with such names only.
    pub(crate) fn names(&mut self, id: ExprId) -> ExprId {
        if id == ExprId::TRUE { ExprId::TRUE } else { self.intern(Expr::Names(id)) }
    }

    /// Sorted parts of an intersection (`meet`) or union: flattened, without repetition and neutral parts. `None`: one part
    /// decides everything.
    fn flat(&self, parts: &[ExprId], meet: bool) -> Option<Vec<ExprId>> {
        let (neutral, decisive) =
            if meet { (ExprId::TRUE, ExprId::FALSE) } else { (ExprId::FALSE, ExprId::TRUE) };
        let mut flat = Vec::with_capacity(parts.len());
        for &part in parts {
            let part = self.resolve(part);
            if part == decisive {
                return None;
            }
            match self.expr(part) {
                _ if part == neutral => {}
                Expr::All(inner) if meet => flat.extend_from_slice(inner),
                Expr::Any(inner) if !meet => flat.extend_from_slice(inner),
                _ => flat.push(part),
            }
        }
        flat.sort_unstable();
        flat.dedup();
        for &part in &flat {
            if let Expr::Not(inner) = self.expr(part)
                && flat.binary_search(inner).is_ok()
            {
                return None;
            }
        }
        Some(flat)
    }
}
