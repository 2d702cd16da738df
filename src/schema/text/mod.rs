//! STUB, replaced on merge.
use crate::Limits;
use regex_automata::{
    Anchored, Input,
    dfa::{Automaton, dense},
};
use std::{collections::BTreeSet, sync::Arc};
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct TextError(String);
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum T {
    All,
    None,
    Fin(Vec<Box<str>>),
    Len(u32, Option<u32>),
    Pat(String),
    And(TextSet, TextSet),
    Or(TextSet, TextSet),
    Not(TextSet),
}
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TextSet(Arc<T>);
impl TextSet {
    fn w(n: T) -> Self {
        Self(Arc::new(n))
    }
    pub(crate) fn all() -> Self {
        Self::w(T::All)
    }
    pub(crate) fn none() -> Self {
        Self::w(T::None)
    }
    pub(crate) fn from_strings(i: impl IntoIterator<Item = String>) -> Self {
        let s: BTreeSet<Box<str>> = i.into_iter().map(Into::into).collect();
        if s.is_empty() { Self::none() } else { Self::w(T::Fin(s.into_iter().collect())) }
    }
    pub(crate) fn length(a: u32, b: Option<u32>) -> Self {
        if (a, b) == (0, None) { Self::all() } else { Self::w(T::Len(a, b)) }
    }
    pub(crate) fn pattern(p: &str, _: &Limits) -> Result<Self, TextError> {
        dense::DFA::new(p).map_err(|e| TextError(e.to_string()))?;
        Ok(Self::w(T::Pat(p.into())))
    }
    pub(crate) fn format(n: &str) -> Option<Self> {
        matches!(
            n,
            "date-time"
                | "uri"
                | "date"
                | "email"
                | "uuid"
                | "uri-reference"
                | "hostname"
                | "regex"
                | "ipv4"
                | "ipv6"
                | "time"
                | "duration"
                | "uri-template"
                | "json-pointer"
                | "relative-json-pointer"
                | "iri"
                | "iri-reference"
                | "idn-email"
                | "idn-hostname"
        )
        .then(Self::all)
    }
    pub(crate) fn contains(&self, s: &str) -> bool {
        match &*self.0 {
            T::All => true,
            T::None => false,
            T::Fin(v) => v.iter().any(|x| &**x == s),
            T::Len(a, b) => {
                let n = s.chars().count() as u32;
                n >= *a && b.is_none_or(|b| n <= b)
            }
            T::Pat(p) => dense::DFA::new(p).is_ok_and(|d| {
                d.try_search_fwd(&Input::new(s).anchored(Anchored::No)).is_ok_and(|m| m.is_some())
            }),
            T::And(a, b) => a.contains(s) && b.contains(s),
            T::Or(a, b) => a.contains(s) || b.contains(s),
            T::Not(a) => !a.contains(s),
        }
    }
    pub(crate) fn union(&self, o: &Self, _: &Limits) -> Result<Self, TextError> {
        if let (T::Fin(a), T::Fin(b)) = (&*self.0, &*o.0) {
            return Ok(Self::from_strings(a.iter().chain(b).map(|x| x.to_string())));
        }
        if let (T::Not(a), b) | (b, T::Not(a)) = (&*self.0, &*o.0)
            && *a.0 == *b
        {
            return Ok(Self::all());
        }
        Ok(Self::w(T::Or(self.clone(), o.clone())))
    }
    pub(crate) fn intersect(&self, o: &Self, _: &Limits) -> Result<Self, TextError> {
        if let T::Fin(a) = &*self.0 {
            return Ok(Self::from_strings(
                a.iter().filter(|d| o.contains(d)).map(|x| x.to_string()),
            ));
        }
        if let T::Fin(a) = &*o.0 {
            return Ok(Self::from_strings(
                a.iter().filter(|d| self.contains(d)).map(|x| x.to_string()),
            ));
        }
        if let (T::Not(a), b) | (b, T::Not(a)) = (&*self.0, &*o.0)
            && *a.0 == *b
        {
            return Ok(Self::none());
        }
        Ok(Self::w(T::And(self.clone(), o.clone())))
    }
    pub(crate) fn complement(&self, _: &Limits) -> Result<Self, TextError> {
        Ok(match &*self.0 {
            T::All => Self::none(),
            T::None => Self::all(),
            T::Not(a) => a.clone(),
            _ => Self::w(T::Not(self.clone())),
        })
    }
    pub(crate) fn is_empty(&self) -> bool {
        matches!(*self.0, T::None)
    }
    pub(crate) fn is_all(&self) -> bool {
        matches!(*self.0, T::All)
    }
    pub(crate) fn finite(&self) -> Option<&[Box<str>]> {
        match &*self.0 {
            T::Fin(v) => Some(v),
            T::None => Some(&[]),
            _ => None,
        }
    }
}
