//! Which tokens may come next on one hypothesis: a walk of machine and trie together, along what the machine allows.
//!
//! Inside strings and runs of blanks, where a vocabulary is at its widest, the walk uses the tables; elsewhere a schema
//! allows few bytes, and each is looked up in the trie.

use super::{
    Exhausted,
    recipe::{Parts, Recipe},
    tables::{Location, Tables},
};
use crate::schema::machine::{Hypothesis, Look, Machine, Place, Scan, Step, View};

/// Subtrees with fewer nodes are read byte by byte.
const SMALL: u32 = 24;

/// Excepted words are looked for byte by byte if a bound on the length is as near as this.
const NEAR: u32 = 300;

/// A walk.
pub(super) struct Walk<'a> {
    machine: &'a Machine,
    tables: &'a Tables,
    work: Vec<(Location, Hypothesis)>,
    next: Vec<Hypothesis>,
    parts: Parts,
    /// Tokens to leave out of the parts.
    minus: Vec<u32>,
    pub(super) look: Look,
    /// Steps left.
    pub(super) left: u64,
}

impl<'a> Walk<'a> {
    pub(super) fn new(machine: &'a Machine, tables: &'a Tables, left: u64) -> Self {
        Self {
            machine,
            tables,
            work: Vec::new(),
            next: Vec::new(),
            parts: Parts::default(),
            minus: Vec::new(),
            look: Look::nothing(),
            left,
        }
    }

    /// A walk that shares what is left of the steps.
    fn inner(&self) -> Self {
        Self::new(self.machine, self.tables, self.left)
    }

    /// The tokens that may be read from a hypothesis, below a location.
    ///
    /// # Errors
    /// The limit on the work of one step.
    pub(super) fn recipe(
        mut self,
        location: Location,
        at: Hypothesis,
    ) -> Result<(Recipe, Look, u64), Exhausted> {
        self.work.push((location, at));
        while let Some((location, at)) = self.work.pop() {
            self.visit(location, at)?;
        }
        let recipe = self.parts.recipe(self.minus, self.tables.words());
        Ok((recipe, self.look, self.left))
    }

    fn spend(&mut self, steps: u64) -> Result<(), Exhausted> {
        match self.left.checked_sub(steps) {
            Some(left) => self.left = left,
            None => return Err(Exhausted),
        }
        Ok(())
    }

    fn visit(&mut self, location: Location, mut at: Hypothesis) -> Result<(), Exhausted> {
        let trie = self.tables.trie(location);
        if trie.size(location.node) == 1 {
            return Ok(());
        }
        let room = self.machine.plan().blanks(at.scan, at.stack).saturating_sub(at.blanks);
        if room > 0 {
            let table = self.tables.blanks(location);
            if table.longest <= room {
                if !table.tokens.is_empty() {
                    self.parts.lists.push(table.tokens.clone());
                }
                if let Some(rest) = table.rest {
                    self.work.push((rest, at.sealed()));
                }
                at = at.sealed();
            }
        }
        let language = match at.scan {
            Scan::Text(language, place) => Some((language, place)),
            Scan::Other(class, place) => self
                .machine
                .class(at.stack, class, &mut self.look)
                .map(|language| (language, place)),
            _ => None,
        };
        if let Some((language, place)) = language
            && place.spelling.is_between()
            && trie.size(location.node) >= SMALL
        {
            let view = self.machine.plan().language(language);
            if let Some(number) = self.tables.language(view.language()) {
                let (_, max) = view.language().bounds();
                let excepting = number == 0 && !place.is_free();
                let near = max.is_some_and(|max| max.saturating_sub(place.read) <= NEAR);
                if !(excepting && near) {
                    return self.text(location, at, view, number, place);
                }
            }
        }
        self.bytes(location, at)
    }

    /// The children of a location, one by one.
    fn bytes(&mut self, location: Location, at: Hypothesis) -> Result<(), Exhausted> {
        let trie = self.tables.trie(location);
        let blanks = self.machine.plan().blanks(at.scan, at.stack) > at.blanks;
        let mut bytes = [0u8; 256];
        let mut count = 0;
        let mut each = |byte: u8| {
            if count < bytes.len() {
                bytes[count] = byte;
                count += 1;
            }
        };
        if blanks {
            b" \n\t\r".iter().for_each(|byte| each(*byte));
        }
        let few = self.machine.few(at, &mut self.look, each);
        if few && count < bytes.len() {
            self.spend(count as u64)?;
            for byte in &bytes[..count] {
                if let Some(child) = trie.child(location.node, *byte) {
                    self.child(location.trie, child, at, *byte);
                }
            }
        } else {
            let children = trie.children(location.node);
            self.spend(children.len() as u64)?;
            for child in children {
                self.child(location.trie, child, at, trie.byte(child));
            }
        }
        Ok(())
    }

    fn child(&mut self, trie: u32, child: u32, at: Hypothesis, byte: u8) {
        self.next.clear();
        self.machine.step(at, byte, &mut self.look, &mut self.next);
        if !self.next.is_empty() {
            let location = Location { trie, node: child };
            self.parts.own.extend_from_slice(self.tables.trie(location).tokens(child));
            self.work.extend(self.next.drain(..).map(|next| (location, next)));
        }
    }

    /// Tokens that begin inside a string, by its table.
    fn text(
        &mut self,
        location: Location,
        at: Hypothesis,
        view: View<'_>,
        number: u32,
        place: Place,
    ) -> Result<(), Exhausted> {
        self.spend(1)?;
        let state = if number == 0 { Place::free(0).at } else { place.at };
        let table = self.tables.text(location, view, number, state);
        let selection = table.select(self.tables, view, place.read);
        let excepting = number == 0 && !place.is_free();
        if excepting {
            let mut minus = Vec::new();
            self.excepted(location, at, view, place, &mut minus)?;
            if location != Location::ALL && !minus.is_empty() {
                // Only at the root is there nothing else that what is left out could be a part of.
                return self.excepting(location, at, &minus);
            }
            self.minus = minus;
        }
        self.parts.bases.extend(selection.base.clone());
        self.parts.lists.extend(selection.lists.iter().cloned());
        if let Some(rest) = selection.rest {
            self.after(rest, at);
        }
        Ok(())
    }

    /// What follows the closing quote of a string, for the tokens that are left there.
    fn after(&mut self, rest: Location, at: Hypothesis) {
        self.next.clear();
        self.machine.closed(at, &mut self.look, &mut self.next);
        if !self.next.is_empty() {
            self.parts.own.extend_from_slice(self.tables.trie(rest).tokens(rest.node));
            self.work.extend(self.next.drain(..).map(|next| (rest, next)));
        }
    }

    /// The tokens that a table allows although they close a string that is an excepted word.
    fn excepted(
        &mut self,
        location: Location,
        at: Hypothesis,
        view: View<'_>,
        place: Place,
        minus: &mut Vec<u32>,
    ) -> Result<(), Exhausted> {
        let trie = self.tables.trie(location);
        let mut work = vec![(location.node, place)];
        let mut bytes = Vec::new();
        while let Some((node, place)) = work.pop() {
            bytes.clear();
            if place.spelling.is_between() || place.spelling.is_raw() {
                view.excepted(place, |byte| bytes.push(byte));
            } else {
                bytes.extend(trie.children(node).map(|child| trie.byte(child)));
            }
            self.spend(bytes.len() as u64)?;
            for byte in &bytes {
                let Some(child) = trie.child(node, *byte) else { continue };
                match view.read(place, *byte) {
                    Step::Inside(next) if !next.is_free() => work.push((child, next)),
                    // The quote after an excepted word.
                    Step::Dead if *byte == b'"' && place.spelling.is_between() => {
                        let rest = Location { node: child, ..location };
                        let mut walk = self.inner();
                        walk.after(rest, at);
                        while let Some((location, at)) = walk.work.pop() {
                            walk.visit(location, at)?;
                        }
                        (self.left, self.look) = (walk.left, Look(self.look.0.min(walk.look.0)));
                        let recipe = walk.parts.recipe(walk.minus, self.tables.words());
                        minus.extend(recipe.tokens(self.tables.words()));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// The tokens of a free text that no excepted word begins, less some.
    fn excepting(
        &mut self,
        location: Location,
        at: Hypothesis,
        minus: &[u32],
    ) -> Result<(), Exhausted> {
        let free = |place: Place| Place::free(place.read);
        let scan = match at.scan {
            Scan::Text(language, place) => Scan::Text(language, free(place)),
            Scan::Other(class, place) => Scan::Other(class, free(place)),
            other => other,
        };
        let (recipe, look, left) = self.inner().recipe(location, Hypothesis { scan, ..at })?;
        (self.left, self.look) = (left, Look(self.look.0.min(look.0)));
        let mut left_out = minus.to_vec();
        left_out.sort_unstable();
        let tokens = recipe.tokens(self.tables.words());
        self.parts.own.extend(tokens.iter().filter(|t| left_out.binary_search(t).is_err()));
        Ok(())
    }
}
