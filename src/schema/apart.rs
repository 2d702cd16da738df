//! Is one expression plainly within another, or apart from it? Cheap, and no answer is a no.

use super::{
    expr::{Expr, ExprId},
    normal::Canon,
    shape::Alternatives,
    text::TextSet,
};

impl Canon {
    /// Whether every instance of `a` is plainly one of `b`: cheap, and no answer is a no.
    pub(crate) fn within(&self, a: ExprId, b: ExprId) -> bool {
        let (a, b) = (self.arena.resolve(a), self.arena.resolve(b));
        if a == b || a == ExprId::FALSE || b == ExprId::TRUE {
            return true;
        }
        match (self.arena.expr(a), self.arena.expr(b)) {
            (Expr::All(parts), Expr::All(wider)) => wider.iter().all(|w| parts.contains(w)),
            (Expr::All(parts), _) => parts.contains(&b),
            (Expr::Any(narrower), Expr::Any(parts)) => narrower.iter().all(|n| parts.contains(n)),
            (_, Expr::Any(parts)) => parts.contains(&a),
            _ => false,
        }
    }

    /// Whether no value is plainly an instance of both: syntactic, to a small depth; no answer is a no.
    pub(crate) fn apart(&self, a: ExprId, b: ExprId, depth: usize) -> bool {
        let (a, b) = (self.arena.resolve(a), self.arena.resolve(b));
        if a == ExprId::FALSE || b == ExprId::FALSE {
            return true;
        }
        if a == b || a == ExprId::TRUE || b == ExprId::TRUE || depth == 0 {
            return false;
        }
        match (self.arena.expr(a), self.arena.expr(b)) {
            (Expr::Not(x), _) if *x == b => true,
            (_, Expr::Not(y)) if *y == a => true,
            (Expr::Not(x), _) if self.within(b, *x) => true,
            (_, Expr::Not(y)) if self.within(a, *y) => true,
            (Expr::All(parts), _) => parts.iter().any(|&p| self.apart(p, b, depth - 1)),
            (_, Expr::All(parts)) => parts.iter().any(|&p| self.apart(a, p, depth - 1)),
            (Expr::Any(parts) | Expr::One(parts), _) => {
                parts.iter().all(|&p| self.apart(p, b, depth - 1))
            }
            (_, Expr::Any(parts) | Expr::One(parts)) => {
                parts.iter().all(|&p| self.apart(a, p, depth - 1))
            }
            (Expr::Leaf(_), Expr::Leaf(_)) => match (self.arena.form(a), self.arena.form(b)) {
                (Some(x), Some(y)) => self.forms_apart(x, y, depth - 1),
                _ => false,
            },
            _ => false,
        }
    }

    fn forms_apart(&self, a: &Alternatives, b: &Alternatives, depth: usize) -> bool {
        !(a.null && b.null || a.truth[0] && b.truth[0] || a.truth[1] && b.truth[1])
            && (a.number.is_empty()
                || b.number.is_empty()
                || a.number.is_disjoint(&b.number).unwrap_or(false))
            && self.texts_apart(&a.text, &b.text)
            && !(a.is_doubtful() || b.is_doubtful())
            && a.objects.iter().all(|x| b.objects.iter().all(|y| self.objects_apart(x, y, depth)))
            && a.arrays.iter().all(|x| b.arrays.iter().all(|y| self.arrays_apart(x, y, depth)))
    }

    /// Whether two sets of strings are disjoint, where that is cheap to see.
    pub(crate) fn texts_apart(&self, a: &TextSet, b: &TextSet) -> bool {
        if a.is_empty() || b.is_empty() {
            return true;
        }
        if a.is_all() || b.is_all() {
            return false;
        }
        match (a.finite(), b.finite()) {
            (Some(words), _) => !words.iter().any(|w| b.contains(w)),
            (_, Some(words)) => !words.iter().any(|w| a.contains(w)),
            _ => false,
        }
    }
}
