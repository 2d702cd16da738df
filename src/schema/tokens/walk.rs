//! Which tokens may come next on one hypothesis: a walk of machine and trie together, along what the machine allows.
//!
//! Inside strings and runs of blanks, where a vocabulary is at its widest, the walk uses the tables; elsewhere a schema
//! allows few bytes, and each is looked up in the trie.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::{
    Exhausted,
    recipe::{Parts, Recipe},
    tables::{Location, Tables},
    text::Selection,
};
use crate::{
    TokenId, Vocabulary,
    schema::machine::{
        Hypothesis, Look, Machine, Place, SEALED, Scan, Step, View, Words, is_blank,
    },
};

/// Subtrees with fewer nodes are read byte by byte.
const SMALL: u32 = 24;

/// Words, and how far a text has come with them.
type Except<'a> = Option<(&'a Words, u32)>;

/// A walk.
pub(super) struct Walk<'a> {
    machine: &'a Machine,
    tables: &'a Tables,
    vocabulary: &'a Vocabulary,
    work: Vec<(Location, Hypothesis)>,
    next: Vec<Hypothesis>,
    /// What was followed where readings part.
    parted: FxHashSet<(Location, Hypothesis)>,
    parts: Parts,
    /// Tokens to leave out of the parts.
    minus: Vec<u32>,
    /// Tokens that have to be read byte by byte from the beginning.
    doubtful: Vec<u32>,
    pub(super) look: Look,
    /// Steps left.
    pub(super) left: u64,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        machine: &'a Machine,
        tables: &'a Tables,
        vocabulary: &'a Vocabulary,
        left: u64,
    ) -> Self {
        Self {
            machine,
            tables,
            vocabulary,
            work: Vec::new(),
            next: Vec::new(),
            parted: FxHashSet::default(),
            parts: Parts::default(),
            minus: Vec::new(),
            doubtful: Vec::new(),
            look: Look::nothing(),
            left,
        }
    }

    /// A walk that shares what is left of the steps.
    fn inner(&self) -> Self {
        Self::new(self.machine, self.tables, self.vocabulary, self.left)
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
        self.run()?;
        for token in std::mem::take(&mut self.doubtful) {
            if self.reads(at, token)? {
                self.parts.own.push(token);
            }
        }
        let tables = self.tables;
        let union = |rows| tables.union(rows);
        let recipe = self.parts.recipe(self.minus, union, |list| tables.list(list));
        Ok((recipe, self.look, self.left))
    }

    fn run(&mut self) -> Result<(), Exhausted> {
        while let Some((location, at)) = self.work.pop() {
            self.visit(location, at)?;
        }
        Ok(())
    }

    /// Takes over what an inner walk found out besides its tokens; returns these.
    fn close(&mut self, inner: Self) -> Vec<u32> {
        (self.left, self.look) = (inner.left, Look(self.look.0.min(inner.look.0)));
        self.doubtful.extend(inner.doubtful);
        let recipe = inner.parts.recipe(inner.minus, |rows| self.tables.union(rows), Arc::from);
        recipe.tokens(self.tables.words())
    }

    /// Whether all bytes of a token can be read.
    fn reads(&mut self, at: Hypothesis, token: u32) -> Result<bool, Exhausted> {
        let (mut here, mut next) = (vec![at], Vec::new());
        for &byte in self.vocabulary.bytes(TokenId(token)) {
            self.spend(here.len() as u64)?;
            next.clear();
            for at in here.drain(..) {
                self.machine.step(at, byte, &mut self.look, &mut next);
            }
            std::mem::swap(&mut here, &mut next);
        }
        Ok(!here.is_empty())
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
        if at.blanks != SEALED && trie.size(location.node) >= SMALL && self.has_blank(location) {
            let room = self.machine.plan().blanks(at.scan, at.stack).saturating_sub(at.blanks);
            if room > 0 {
                let table = self.tables.blanks(location, room);
                match &table.row {
                    Some(row) => self.parts.bases.push(Arc::clone(row)),
                    None => self.parts.lists.push(Arc::clone(&table.tokens)),
                }
                if let Some(rest) = table.rest {
                    self.work.push((rest, at.sealed()));
                }
                at = at.sealed();
            }
        }
        let (language, place) = match at.scan {
            Scan::Name(place) => {
                let Some(view) = self.machine.names(at.stack, &mut self.look) else {
                    return Ok(());
                };
                return self.words(location, view, place, |machine, word, next| {
                    machine.named(at.stack, word as usize, next);
                });
            }
            Scan::Text(language, place) => (language, place),
            Scan::Distinct(..) | Scan::Fresh(..) => {
                let (language, place) = match at.scan {
                    Scan::Distinct(language, place, _) => (language, place),
                    Scan::Fresh(class, place, _) => {
                        match self.machine.class(at.stack, class, &mut self.look) {
                            Some(language) => (language, place),
                            None => return Ok(()),
                        }
                    }
                    _ => return Ok(()),
                };
                let used = self.machine.used(at.stack, &mut self.look);
                if self.machine.stacks().used.get(used).is_open() {
                    // The second string in one token: it may be equal to the first, which is not known here.
                    return self.doubt(location);
                }
                let view = self.machine.plan().language(language);
                if let Some(words) = view.as_words() {
                    let unused = self.machine.unused(at.stack, words, &mut self.look);
                    return self.words(
                        location,
                        view.only(&unused),
                        place,
                        |machine, word, next| {
                            machine.used_word(at, &words.words()[word as usize], next);
                        },
                    );
                }
                if self.machine.room(language, used) < 2 {
                    // What comes next depends on which text is the last.
                    return self.bytes(location, at);
                }
                (language, place)
            }
            Scan::Other(class, place) => {
                match self.machine.class(at.stack, class, &mut self.look) {
                    Some(language) => (language, place),
                    None => return Ok(()),
                }
            }
            _ => return self.bytes(location, at),
        };
        let view = self.machine.plan().language(language);
        if place.spelling.is_between()
            && trie.size(location.node) >= SMALL
            && let Some(number) = self.tables.language(view)
        {
            let except = self.except(at, view, place);
            return self.text(location, at, view, (number, place), except);
        }
        self.bytes(location, at)
    }

    /// Whether a blank can come next.
    fn has_blank(&self, location: Location) -> bool {
        // Children ascend by their bytes, and all blanks come before what is no control character.
        let trie = self.tables.trie(location);
        let mut children = trie.children(location.node);
        children
            .by_ref()
            .take_while(|child| trie.byte(*child) <= b' ')
            .any(|child| is_blank(trie.byte(child)))
    }

    /// The words that a string must not be although its table has them, and how far it has come with them: those that its
    /// language leaves out, and those used before.
    fn except(&mut self, at: Hypothesis, view: View<'a>, place: Place) -> [Except<'a>; 2] {
        let used = match at.scan {
            Scan::Distinct(_, _, text) | Scan::Fresh(_, _, text) => {
                let used = self.machine.used(at.stack, &mut self.look);
                self.machine.stacks().used.place(used, text)
            }
            _ => None,
        };
        [view.except().filter(|_| !place.is_free()).map(|words| (words, place.at)), used]
    }

    /// Tokens that begin inside one of some words; `end` says what comes after a word.
    fn words(
        &mut self,
        location: Location,
        view: View<'_>,
        place: Place,
        end: impl Fn(&Machine, u32, &mut Vec<Hypothesis>),
    ) -> Result<(), Exhausted> {
        for (node, place) in self.spell(location, view, place)? {
            let Some(word) = view.word(place) else { continue };
            self.next.clear();
            end(self.machine, word, &mut self.next);
            self.go_on(Location { node, ..location })?;
        }
        Ok(())
    }

    /// Takes the tokens below a location that are beginnings of a word's spelling; returns where words end.
    fn spell(
        &mut self,
        location: Location,
        view: View<'_>,
        place: Place,
    ) -> Result<Vec<(u32, Place)>, Exhausted> {
        let mut ends = Vec::new();
        let trie = self.tables.trie(location);
        let mut work = vec![(location.node, place)];
        let mut bytes = Vec::new();
        while let Some((node, place)) = work.pop() {
            bytes.clear();
            if !view.few(place, |byte| bytes.push(byte)) {
                bytes.extend(trie.children(node).map(|child| trie.byte(child)));
            }
            self.spend(bytes.len() as u64)?;
            for byte in &bytes {
                let Some(child) = trie.child(node, *byte) else { continue };
                match view.read(place, *byte) {
                    Step::Dead => {}
                    Step::Inside(next) => {
                        self.parts.own.extend_from_slice(trie.tokens(child));
                        if trie.size(child) > 1 {
                            work.push((child, next));
                        }
                    }
                    Step::End => ends.push((child, place)),
                }
            }
        }
        Ok(ends)
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
                    self.child(location.trie, child, at, *byte)?;
                }
            }
        } else {
            let children = trie.children(location.node);
            self.spend(children.len() as u64)?;
            for child in children {
                self.child(location.trie, child, at, trie.byte(child))?;
            }
        }
        Ok(())
    }

    fn child(&mut self, trie: u32, child: u32, at: Hypothesis, byte: u8) -> Result<(), Exhausted> {
        self.next.clear();
        self.machine.step(at, byte, &mut self.look, &mut self.next);
        if !self.next.is_empty() {
            let location = Location { trie, node: child };
            self.go_on(location)?;
        }
        Ok(())
    }

    /// Takes the tokens that end at a location, and goes on from there on what was found to come next.
    fn go_on(&mut self, location: Location) -> Result<(), Exhausted> {
        if !self.next.is_empty() {
            let mut next = std::mem::take(&mut self.next);
            let found = next.len();
            next.retain(|next| self.machine.surely_comes(*next, &mut self.look));
            let all = next.len() == found;
            self.next = next;
            if !all {
                self.doubt(location)?;
            }
            let trie = self.tables.trie(location);
            match self.tables.closing(location) {
                _ if self.next.is_empty() => {}
                Some(row) => self.parts.bases.push(Arc::clone(row)),
                None => self.parts.own.extend_from_slice(trie.tokens(location.node)),
            }
            // Where readings part they meet again, and would be followed again and again.
            let parts = self.next.len() > 1;
            for next in self.next.drain(..) {
                if !parts || self.parted.insert((location, next)) {
                    self.work.push((location, next));
                }
            }
        }
        Ok(())
    }

    /// Tokens that begin inside a string, by its table.
    fn text(
        &mut self,
        location: Location,
        at: Hypothesis,
        view: View<'a>,
        (number, place): (u32, Place),
        except: [Except<'a>; 2],
    ) -> Result<(), Exhausted> {
        self.spend(1)?;
        let state = if number == 0 { Place::free(0).at } else { place.at };
        let selection = self.tables.select(location, view, number, Place { at: state, ..place });
        let mut minus = Vec::new();
        for (words, node) in except.into_iter().flatten() {
            self.excepted(location, at, view, place, (words, node), &mut minus)?;
        }
        if location == Location::ALL {
            // At the root there is nothing else that what is left out could be a part of.
            self.minus = minus;
            self.select(&selection, at)?;
        } else if minus.is_empty() {
            self.select(&selection, at)?;
        } else {
            let mut walk = self.inner();
            walk.select(&selection, at)?;
            walk.run()?;
            minus.sort_unstable();
            let tokens = self.close(walk);
            self.parts.own.extend(tokens.iter().filter(|t| minus.binary_search(t).is_err()));
        }
        Ok(())
    }

    /// The tokens that a table allows although they lead to a string that is an excepted word: those that close it, and
    /// those after which it can become nothing else.
    fn excepted(
        &mut self,
        location: Location,
        at: Hypothesis,
        view: View<'a>,
        place: Place,
        (words, node): (&'a Words, u32),
        minus: &mut Vec<u32>,
    ) -> Result<(), Exhausted> {
        let trie = self.tables.trie(location);
        let excepted = View::words(words);
        let mut work = vec![(location.node, Place { at: node, ..place }, place)];
        let mut bytes = Vec::new();
        while let Some((node, word, place)) = work.pop() {
            bytes.clear();
            if !excepted.few(word, |byte| bytes.push(byte)) {
                bytes.extend(trie.children(node).map(|child| trie.byte(child)));
            }
            self.spend(bytes.len() as u64)?;
            for byte in &bytes {
                let Some(child) = trie.child(node, *byte) else { continue };
                match (excepted.read(word, *byte), view.read_all(place, *byte)) {
                    (Step::Inside(word), Step::Inside(place)) => {
                        if !excepted.leaves(word, view, place) {
                            self.all_below(Location { node: child, ..location }, minus)?;
                        } else if trie.size(child) > 1 {
                            work.push((child, word, place));
                        }
                    }
                    // The quote after an excepted word.
                    (Step::End, _) => {
                        let mut walk = self.inner();
                        walk.after(Location { node: child, ..location }, at)?;
                        walk.run()?;
                        minus.extend(self.close(walk));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// All tokens that are left at a location.
    fn all_below(&mut self, location: Location, tokens: &mut Vec<u32>) -> Result<(), Exhausted> {
        let trie = self.tables.trie(location);
        let mut work = vec![location.node];
        while let Some(node) = work.pop() {
            self.spend(1)?;
            tokens.extend_from_slice(trie.tokens(node));
            work.extend(trie.children(node));
        }
        Ok(())
    }

    /// The tokens of a selection, and what follows its closing quotes.
    fn select(&mut self, selection: &Selection, at: Hypothesis) -> Result<(), Exhausted> {
        self.parts.bases.extend(selection.base.clone());
        self.parts.lists.extend(selection.lists.iter().cloned());
        match selection.rest {
            Some(rest) => self.after(rest, at),
            None => Ok(()),
        }
    }

    /// What follows the closing quote of a string, for the tokens that are left there.
    fn after(&mut self, rest: Location, at: Hypothesis) -> Result<(), Exhausted> {
        self.next.clear();
        self.machine.closed(at, &mut self.look, &mut self.next);
        self.go_on(rest)
    }

    /// All tokens that are left at a location have to be read one by one.
    fn doubt(&mut self, location: Location) -> Result<(), Exhausted> {
        let mut doubtful = std::mem::take(&mut self.doubtful);
        let result = self.all_below(location, &mut doubtful);
        self.doubtful = doubtful;
        result
    }
}
