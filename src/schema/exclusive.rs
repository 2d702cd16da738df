//! What is in exactly one of several forms?

use std::{collections::BTreeMap, sync::Arc};

use super::{
    normal::{Canon, Result},
    number::NumberSet,
    shape::{Alternatives, doubtful},
    text::TextSet,
};

impl Canon {
    /// What is in exactly one of several forms. Shapes that are plainly disjoint from all those of the other forms stay as
    /// they are; from the others, the others are subtracted.
    pub(super) fn exactly_one(&mut self, forms: &[Arc<Alternatives>]) -> Result<Alternatives> {
        let count =
            |has: &dyn Fn(&Alternatives) -> bool| forms.iter().filter(|f| has(f)).count() == 1;
        let (text, number) = self.exactly_one_scalar(forms)?;
        let mut one = Alternatives {
            null: count(&|f| f.null),
            truth: [count(&|f| f.truth[0]), count(&|f| f.truth[1])],
            number,
            text,
            doubtful: doubtful(self.exactly_one_doubtful(forms)?),
            arrays: Vec::new(),
            objects: Vec::new(),
        };
        for (n, form) in forms.iter().enumerate() {
            let others = || forms.iter().enumerate().filter(move |(m, _)| *m != n).map(|(_, f)| f);
            for shape in &form.arrays {
                let mut overlapping = Vec::new();
                for other in others().flat_map(|f| &f.arrays) {
                    if self.meet_arrays(shape, other)?.is_some() {
                        overlapping.push(other);
                    }
                }
                for rest in self.subtract_arrays(vec![shape.clone()], overlapping.into_iter())? {
                    self.join_array(&mut one.arrays, rest)?;
                }
            }
            for shape in &form.objects {
                let mut overlapping = Vec::new();
                for other in others().flat_map(|f| &f.objects) {
                    if self.meet_objects(shape, other)?.is_some() {
                        overlapping.push(other);
                    }
                }
                for rest in self.subtract_objects(vec![shape.clone()], overlapping.into_iter())? {
                    self.join_object(&mut one.objects, rest)?;
                }
            }
        }
        Ok(one)
    }

    /// What is in none of several forms, or in two or more.
    pub(super) fn not_exactly_one(
        &mut self,
        forms: &[Arc<Alternatives>],
    ) -> Result<Arc<Alternatives>> {
        let mut none = Alternatives::all();
        for form in forms {
            none = self.subtract_form(&none, form)?;
        }
        let mut parts = vec![Arc::new(none)];
        for (n, form) in forms.iter().enumerate() {
            for other in &forms[..n] {
                let both = self.meet_two(form, other)?;
                if !both.is_none() {
                    parts.push(Arc::new(both));
                }
            }
        }
        self.join_forms(&parts)
    }

    fn exactly_one_scalar(&mut self, forms: &[Arc<Alternatives>]) -> Result<(TextSet, NumberSet)> {
        let known = |form: &Arc<Alternatives>| !form.is_doubtful();
        let texts: Option<Vec<_>> = match forms.iter().all(known) {
            true => forms.iter().map(|form| form.text.finite()).collect(),
            false => None,
        };
        let text = match texts {
            Some(texts) => {
                // Lists of strings: each string is counted.
                let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
                for word in texts.into_iter().flatten() {
                    *counts.entry(word).or_default() += 1;
                }
                self.spend(counts.len())?;
                TextSet::from_strings(counts.into_iter().filter(|c| c.1 == 1).map(|c| c.0))
            }
            None => self.exactly_one_text(forms)?,
        };
        let (mut single, mut met) = (NumberSet::none(), NumberSet::none());
        for form in forms.iter().filter(|f| !f.number.is_empty()) {
            self.spend(1)?;
            let (old, new) = (
                self.subtract_numbers(&single, &form.number)?,
                self.subtract_numbers(&form.number, &met)?,
            );
            single = self.join_numbers(&old, &new)?;
            met = self.join_numbers(&met, &form.number)?;
        }
        Ok((text, single))
    }

    /// The strings that may be in exactly one of several forms; none if that is known of all.
    fn exactly_one_doubtful(&mut self, forms: &[Arc<Alternatives>]) -> Result<TextSet> {
        let mut all = TextSet::none();
        if !forms.iter().any(|form| form.is_doubtful()) {
            return Ok(all);
        }
        for (n, form) in forms.iter().enumerate() {
            let mut one = self.possible(form)?.into_owned();
            for (_, other) in forms.iter().enumerate().filter(|(m, _)| *m != n) {
                self.spend(1)?;
                one = self.subtract_texts(&one, &other.text)?;
            }
            all = self.join_texts(&all, &one)?;
        }
        Ok(all)
    }

    fn exactly_one_text(&mut self, forms: &[Arc<Alternatives>]) -> Result<TextSet> {
        if forms.iter().any(|form| form.is_doubtful()) {
            let mut sure = TextSet::none();
            for (n, form) in forms.iter().enumerate() {
                let mut one = form.text.clone();
                for (_, other) in forms.iter().enumerate().filter(|(m, _)| *m != n) {
                    self.spend(1)?;
                    one = self.subtract_texts(&one, &*self.possible(other)?)?;
                }
                sure = self.join_texts(&sure, &one)?;
            }
            return Ok(sure);
        }
        let (mut once, mut seen) = (TextSet::none(), TextSet::none());
        for form in forms.iter().filter(|f| !f.text.is_empty()) {
            self.spend(1)?;
            let old = self.subtract_texts(&once, &form.text)?;
            let new = self.subtract_texts(&form.text, &seen)?;
            once = self.join_texts(&old, &new)?;
            seen = self.join_texts(&seen, &form.text)?;
        }
        Ok(once)
    }
}
