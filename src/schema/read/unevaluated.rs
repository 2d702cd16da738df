//! Which members and items has a schema looked at, in each of the ways in which it can hold?
//!
//! `unevaluatedProperties` and `unevaluatedItems` speak of what no other keyword has looked at, and that depends on which
//! branches hold. Every combination of branches that look at something becomes an alternative of its own, under the condition
//! that those branches hold. Looking at more only allows more: so the combinations need not exclude each other, and no
//! branch is negated.

use std::sync::Arc;

use super::{Context, Draft, Keywords, Reader, Result, SchemaErrorKind, Value, ValueId};
use crate::schema::{
    expr::ExprId,
    shape::{Alternatives, ArrayShape},
    text::TextSet,
};

/// Combinations of branches of one schema.
const OUTCOMES: usize = 256;

/// References and applicators that are followed into each other.
const DEPTH: usize = 100;

/// Whether members or items are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Members,
    Items,
}

/// What has been looked at if a condition holds.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Outcome {
    condition: ExprId,
    /// All members, or all items.
    all: bool,
    /// Members by name.
    names: Vec<Arc<str>>,
    /// Members by pattern.
    patterns: Vec<TextSet>,
    /// So many first items.
    prefix: usize,
    /// Items that fulfil one of these.
    items: Vec<ExprId>,
}

impl Outcome {
    /// Nothing, on no condition.
    fn nothing() -> Self {
        Self {
            condition: ExprId::TRUE,
            all: false,
            names: Vec::new(),
            patterns: Vec::new(),
            prefix: 0,
            items: Vec::new(),
        }
    }

    /// Whether nothing was looked at.
    fn is_nothing(&self) -> bool {
        *self == Self { condition: self.condition, ..Self::nothing() }
    }

    /// Whether all that this has looked at, the other has, too.
    fn within(&self, other: &Self) -> bool {
        other.all
            || !self.all
                && self.prefix <= other.prefix
                && self.names.iter().all(|n| other.names.contains(n))
                && self.patterns.iter().all(|p| other.patterns.contains(p))
                && self.items.iter().all(|i| other.items.contains(i))
    }

    /// Both together, but for the condition.
    fn join(&mut self, other: &Self) {
        self.all |= other.all;
        self.prefix = self.prefix.max(other.prefix);
        self.names.extend(other.names.iter().cloned());
        self.names.sort_unstable();
        self.names.dedup();
        for pattern in &other.patterns {
            if !self.patterns.contains(pattern) {
                self.patterns.push(pattern.clone());
            }
        }
        self.items.extend(&other.items);
        self.items.sort_unstable();
        self.items.dedup();
    }
}

impl Reader {
    /// `unevaluatedProperties` and `unevaluatedItems`.
    pub(super) fn unevaluated(
        &mut self,
        keywords: &Keywords,
        context: Context,
        parts: &mut Vec<ExprId>,
    ) -> Result<()> {
        if let Some(value) = keywords.unevaluated_properties {
            self.at("unevaluatedProperties");
            let others = self.schema(value, context)?;
            let mut ways = Vec::new();
            for outcome in
                self.outcomes_of(keywords, context, Kind::Members, false, &mut Vec::new())?
            {
                self.at("unevaluatedProperties");
                let mut way = vec![outcome.condition];
                if !outcome.all {
                    let mut form = Alternatives::all();
                    let named = super::objects::Named {
                        members: outcome.names.into_iter().map(|n| (n, ExprId::TRUE)).collect(),
                        patterns: outcome.patterns.into_iter().map(|p| (p, ExprId::TRUE)).collect(),
                    };
                    form.objects = vec![self.by_name(named, others)?];
                    way.push(self.canon.arena.leaf(form));
                }
                ways.push(self.canon.arena.all(&way));
            }
            parts.push(self.canon.arena.any(&ways));
        }
        if let Some(value) = keywords.unevaluated_items {
            self.at("unevaluatedItems");
            let others = self.schema(value, context)?;
            let mut ways = Vec::new();
            for outcome in
                self.outcomes_of(keywords, context, Kind::Items, false, &mut Vec::new())?
            {
                self.at("unevaluatedItems");
                let mut way = vec![outcome.condition];
                if !outcome.all {
                    let mut form = Alternatives::all();
                    let mut rest = outcome.items;
                    rest.push(others);
                    let shape = ArrayShape {
                        prefix: vec![ExprId::TRUE; outcome.prefix],
                        rest: Some(self.canon.arena.any(&rest)),
                        ..ArrayShape::all()
                    };
                    form.arrays = self.canon.settle_array(shape).into_iter().collect();
                    way.push(self.canon.arena.leaf(form));
                }
                ways.push(self.canon.arena.all(&way));
            }
            parts.push(self.canon.arena.any(&ways));
        }
        Ok(())
    }

    /// The ways of a schema. `open`: the schemas that are being looked at; recursion is bounded by their number.
    fn outcomes(
        &mut self,
        value: ValueId,
        context: Context,
        kind: Kind,
        open: &mut Vec<(ValueId, Context)>,
    ) -> Result<Vec<Outcome>> {
        let context = match self.index.starting_at(value) {
            Some(resource) => self.enter(context, resource),
            None => context,
        };
        let Some(members) = self.document().as_object(value) else {
            return Ok(vec![Outcome::nothing()]);
        };
        if open.contains(&(value, context)) {
            let message = "what is unevaluated depends on a schema that refers to itself";
            return Err(self.error(SchemaErrorKind::Unresolvable, message));
        }
        if open.len() >= DEPTH {
            let kind = SchemaErrorKind::Limit { name: "unevaluated", value: DEPTH as u64 };
            return Err(self.error(kind, "too many references into each other"));
        }
        let draft = self.draft(context);
        let (mut keywords, _) = Keywords::of(&members, draft);
        if draft < Draft::Draft201909 && keywords.reference.is_some() {
            keywords = Keywords { reference: keywords.reference, ..Keywords::default() };
        }
        open.push((value, context));
        let outcomes = self.outcomes_of(&keywords, context, kind, true, open);
        open.pop();
        outcomes
    }

    /// The ways of a schema by its keywords; `whole`: its own unevaluated keywords count.
    fn outcomes_of(
        &mut self,
        keywords: &Keywords,
        context: Context,
        kind: Kind,
        whole: bool,
        open: &mut Vec<(ValueId, Context)>,
    ) -> Result<Vec<Outcome>> {
        self.canon.spend(1)?;
        let mut ways = vec![self.own(keywords, context, kind, whole)?];
        for (target, context) in self.targets(keywords, context)? {
            let inner = self.outcomes(target, context, kind, open)?;
            ways = self.together(&ways, &inner)?;
        }
        for item in self.listed_schemas("allOf", keywords.all_of) {
            let inner = self.outcomes(item, context, kind, open)?;
            ways = self.together(&ways, &inner)?;
        }
        let mut chosen = vec![Outcome::nothing()];
        for item in self.listed_schemas("oneOf", keywords.one_of) {
            chosen.extend(self.branch(item, context, kind, open)?);
        }
        if chosen.len() > 1 {
            ways = self.together(&ways, &chosen)?;
        }
        for item in self.listed_schemas("anyOf", keywords.any_of) {
            let mut branch = self.branch(item, context, kind, open)?;
            if !branch.is_empty() {
                branch.push(Outcome::nothing());
                ways = self.together(&ways, &branch)?;
            }
        }
        if let Some(condition) = keywords.condition {
            ways = self.conditional(condition, keywords, context, kind, ways, open)?;
        }
        // These look at objects only, and so never at items.
        let dependent = [keywords.dependent_schemas, keywords.dependencies];
        for schemas in dependent.into_iter().flatten().filter(|_| kind == Kind::Members) {
            for (name, value) in self.named(schemas)? {
                if !matches!(self.document().get(value), Value::Object(_)) {
                    continue;
                }
                let mut inner = self.outcomes(value, context, kind, open)?;
                let having = self.having(vec![name])?;
                for way in &mut inner {
                    way.condition = self.canon.arena.all(&[way.condition, having]);
                }
                inner.push(Outcome::nothing());
                ways = self.together(&ways, &inner)?;
            }
        }
        Ok(ways)
    }

    fn listed_schemas(&mut self, keyword: &'static str, value: Option<ValueId>) -> Vec<ValueId> {
        self.at(keyword);
        let items = value.and_then(|v| self.document().as_array(v));
        items.map(<[ValueId]>::to_vec).unwrap_or_default()
    }

    /// What a schema looks at itself.
    fn own(
        &mut self,
        keywords: &Keywords,
        context: Context,
        kind: Kind,
        whole: bool,
    ) -> Result<Outcome> {
        let mut own = Outcome::nothing();
        if kind == Kind::Members {
            own.all = keywords.additional_properties.is_some()
                || whole && keywords.unevaluated_properties.is_some();
            if !own.all {
                let named = self.members(keywords, context)?;
                own.names = named.members.into_iter().map(|(name, _)| name).collect();
                own.names.sort_unstable();
                own.patterns = named.patterns.into_iter().map(|(keys, _)| keys).collect();
            }
            return Ok(own);
        }
        let items = self.items(keywords, context)?;
        own.all = items.rest.is_some() || whole && keywords.unevaluated_items.is_some();
        own.prefix = items.prefix.len();
        if let Some(counted) = keywords.contains
            && self.draft(context) >= Draft::Draft202012
        {
            own.items.push(self.schema(counted, context)?);
        }
        Ok(own)
    }

    /// The ways of a branch that look at something, under the condition that it holds.
    fn branch(
        &mut self,
        value: ValueId,
        context: Context,
        kind: Kind,
        open: &mut Vec<(ValueId, Context)>,
    ) -> Result<Vec<Outcome>> {
        let mut ways = self.outcomes(value, context, kind, open)?;
        ways.retain(|way| !way.is_nothing());
        let holds = self.schema(value, context)?;
        for way in &mut ways {
            way.condition = self.canon.arena.all(&[way.condition, holds]);
        }
        Ok(ways)
    }

    fn conditional(
        &mut self,
        condition: ValueId,
        keywords: &Keywords,
        context: Context,
        kind: Kind,
        ways: Vec<Outcome>,
        open: &mut Vec<(ValueId, Context)>,
    ) -> Result<Vec<Outcome>> {
        let holds = self.schema(condition, context)?;
        let mut yes = self.outcomes(condition, context, kind, open)?;
        if let Some(then) = keywords.consequence {
            let inner = self.outcomes(then, context, kind, open)?;
            yes = self.together(&yes, &inner)?;
        }
        for way in &mut yes {
            way.condition = self.canon.arena.all(&[way.condition, holds]);
        }
        let mut no = vec![Outcome::nothing()];
        if let Some(other) = keywords.alternative {
            no.extend(self.outcomes(other, context, kind, open)?);
        }
        let against = self.canon.arena.not(holds);
        for way in no.iter_mut().skip(1) {
            way.condition = self.canon.arena.all(&[way.condition, against]);
        }
        yes.extend(no);
        self.together(&ways, &yes)
    }

    /// All pairs of ways. What another way allows as well, on no condition, is dropped.
    fn together(&mut self, a: &[Outcome], b: &[Outcome]) -> Result<Vec<Outcome>> {
        let mut pairs: Vec<Outcome> = Vec::new();
        for x in a {
            for y in b {
                self.canon.spend(1)?;
                let mut pair = x.clone();
                pair.join(y);
                pair.condition = self.canon.arena.all(&[x.condition, y.condition]);
                if pair.condition == ExprId::FALSE {
                    continue;
                }
                let weaker =
                    |p: &Outcome| p.condition == ExprId::TRUE || p.condition == pair.condition;
                if pairs.iter().any(|p| weaker(p) && pair.within(p)) {
                    continue;
                }
                if pair.condition == ExprId::TRUE {
                    pairs.retain(|p| !p.within(&pair));
                }
                pairs.push(pair);
            }
        }
        if pairs.len() > OUTCOMES {
            let kind = SchemaErrorKind::Limit { name: "outcomes", value: OUTCOMES as u64 };
            return Err(self.error(kind, "the branches combine in too many ways"));
        }
        Ok(pairs)
    }
}
