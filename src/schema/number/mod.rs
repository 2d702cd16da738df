//! STUB, replaced on merge.
use std::{cmp::Ordering, sync::Arc};
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Decimal {
    neg: bool,
    digits: Vec<u8>,
    exp: i64,
}
impl Decimal {
    pub(crate) fn zero() -> Self {
        Self { neg: false, digits: vec![], exp: 0 }
    }
    pub(crate) fn parse(s: &str) -> Option<Self> {
        let (neg, r) = match s.strip_prefix('-') {
            Some(r) => (true, r),
            None => (false, s),
        };
        let (m, e) = r.split_once(['e', 'E']).unwrap_or((r, "0"));
        let (w, f) = m.split_once('.').unwrap_or((m, ""));
        let e: i64 = e.strip_prefix('+').unwrap_or(e).parse().ok()?;
        if e.abs() > 400 {
            return None;
        }
        let mut d: Vec<u8> = w.bytes().chain(f.bytes()).map(|b| b - b'0').collect();
        let mut exp = e - f.len() as i64;
        while d.last() == Some(&0) {
            d.pop();
            exp += 1;
        }
        let lead = d.iter().take_while(|&&x| x == 0).count();
        d.drain(..lead);
        if d.len() > 400 {
            return None;
        }
        if d.is_empty() {
            return Some(Self::zero());
        }
        Some(Self { neg, digits: d, exp })
    }
    fn int(&self) -> bool {
        self.digits.is_empty() || self.exp >= 0
    }
    fn key(&self) -> i64 {
        self.exp + self.digits.len() as i64
    }
    fn cmpd(&self, o: &Self) -> Ordering {
        let sg = |d: &Self| {
            if d.digits.is_empty() {
                0
            } else if d.neg {
                -1
            } else {
                1
            }
        };
        sg(self).cmp(&sg(o)).then_with(|| {
            let c = self.key().cmp(&o.key()).then_with(|| self.digits.cmp(&o.digits));
            if self.neg { c.reverse() } else { c }
        })
    }
    fn rem_zero(&self, d: &Self) -> bool {
        // self / d integer
        let mut a = self.digits.clone();
        let m = self.exp.min(d.exp);
        a.extend(std::iter::repeat_n(0, (self.exp - m) as usize));
        let mut b = d.digits.clone();
        b.extend(std::iter::repeat_n(0, (d.exp - m) as usize));
        let mut bi: u128 = 0;
        for x in b {
            bi = bi.checked_mul(10).and_then(|v| v.checked_add(x.into())).unwrap_or(u128::MAX);
        }
        if bi == u128::MAX || bi > u128::MAX / 16 {
            return false;
        }
        let mut r: u128 = 0;
        for x in a {
            r = (r * 10 + x as u128) % bi;
        }
        r == 0
    }
}
#[derive(Debug, thiserror::Error)]
#[error("number")]
pub(crate) struct NumberError;
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum N {
    All,
    None,
    Int,
    Ge(Decimal, bool),
    Le(Decimal, bool),
    Mul(Decimal),
    Fin(Vec<Decimal>),
    And(NumberSet, NumberSet),
    Or(NumberSet, NumberSet),
    Not(NumberSet),
}
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct NumberSet(Arc<N>);
impl NumberSet {
    fn w(n: N) -> Self {
        Self(Arc::new(n))
    }
    pub(crate) fn all() -> Self {
        Self::w(N::All)
    }
    pub(crate) fn none() -> Self {
        Self::w(N::None)
    }
    pub(crate) fn integers() -> Self {
        Self::w(N::Int)
    }
    pub(crate) fn at_least(d: Decimal, i: bool) -> Self {
        Self::w(N::Ge(d, i))
    }
    pub(crate) fn at_most(d: Decimal, i: bool) -> Self {
        Self::w(N::Le(d, i))
    }
    pub(crate) fn multiple_of(d: Decimal) -> Result<Self, NumberError> {
        Ok(Self::w(N::Mul(d)))
    }
    pub(crate) fn exactly(d: Decimal) -> Self {
        Self::w(N::Fin(vec![d]))
    }
    pub(crate) fn contains(&self, d: &Decimal) -> bool {
        match &*self.0 {
            N::All => true,
            N::None => false,
            N::Int => d.int(),
            N::Ge(b, i) => {
                let c = d.cmpd(b);
                c.is_gt() || *i && c.is_eq()
            }
            N::Le(b, i) => {
                let c = d.cmpd(b);
                c.is_lt() || *i && c.is_eq()
            }
            N::Mul(m) => d.rem_zero(m),
            N::Fin(v) => v.contains(d),
            N::And(a, b) => a.contains(d) && b.contains(d),
            N::Or(a, b) => a.contains(d) || b.contains(d),
            N::Not(a) => !a.contains(d),
        }
    }
    fn fin(v: Vec<Decimal>) -> Self {
        if v.is_empty() { Self::none() } else { Self::w(N::Fin(v)) }
    }
    pub(crate) fn union(&self, o: &Self) -> Result<Self, NumberError> {
        if let (N::Fin(a), N::Fin(b)) = (&*self.0, &*o.0) {
            let mut v = a.clone();
            for x in b {
                if !v.contains(x) {
                    v.push(x.clone());
                }
            }
            return Ok(Self::fin(v));
        }
        Ok(Self::w(N::Or(self.clone(), o.clone())))
    }
    pub(crate) fn intersect(&self, o: &Self) -> Result<Self, NumberError> {
        if let N::Fin(a) = &*self.0 {
            return Ok(Self::fin(a.iter().filter(|d| o.contains(d)).cloned().collect()));
        }
        if let N::Fin(a) = &*o.0 {
            return Ok(Self::fin(a.iter().filter(|d| self.contains(d)).cloned().collect()));
        }
        if let (N::Not(a), b) | (b, N::Not(a)) = (&*self.0, &*o.0)
            && *a.0 == *b
        {
            return Ok(Self::none());
        }
        Ok(Self::w(N::And(self.clone(), o.clone())))
    }
    pub(crate) fn complement(&self) -> Result<Self, NumberError> {
        Ok(match &*self.0 {
            N::All => Self::none(),
            N::None => Self::all(),
            N::Not(a) => a.clone(),
            _ => Self::w(N::Not(self.clone())),
        })
    }
    pub(crate) fn is_empty(&self) -> bool {
        matches!(*self.0, N::None)
    }
    pub(crate) fn is_all(&self) -> bool {
        matches!(*self.0, N::All)
    }
    pub(crate) fn is_disjoint(&self, o: &Self) -> bool {
        self.intersect(o).is_ok_and(|s| s.is_empty())
    }
}
