//! One walk of the vocabulary's trie: the tree of what a configuration reads below a place.

use smallvec::SmallVec;

use super::{
    Becoming, Group, Link, Place, TreeNode, TreeTable,
    positions::{Position, Positions},
    scratch::Scratch,
};
use crate::{
    TerminalId, Vocabulary,
    automaton::StepError,
    bitset::ByteSet,
    lexer::{ConfigId, Live},
    recognizer::Reader,
};

/// One walk of the trie.
pub(super) struct Walk<'a> {
    reader: Reader<'a>,
    vocabulary: &'a Vocabulary,
    scratch: Scratch,
    /// Elementary steps left.
    left: u64,
}

/// Steps that a node of a tree counts for, a path, and a position in a set: they cost memory.
const NODE: u64 = 50;
const PATH: u64 = 30;
const POSITION: u64 = 4;

/// Nodes of the trie that are enough for a tree of their own: fewer are faster read again than looked up.
const SHARED: usize = 512;

impl<'a> Walk<'a> {
    /// A walk that fills what was left of another.
    pub(super) fn new(
        reader: Reader<'a>,
        vocabulary: &'a Vocabulary,
        mut scratch: Scratch,
    ) -> Self {
        scratch.begin();
        let left = reader.grammar.limits().step_work;
        Self { reader, vocabulary, scratch, left }
    }

    /// Reads the tokens that go through a place.
    ///
    /// # Errors
    /// The limit on the work of one step: where lexemes can end in many ways, a long token has more readings than bytes.
    pub(super) fn read(&mut self, place: Place) -> Result<(), StepError> {
        let (trie, at) = (self.vocabulary.trie(), place.trie as usize);
        let start = self.scratch.positions.find(&[(0, place.config)]);
        self.group(trie.tokens(at), start)?;
        let (first, end) = (at + 1, trie.skip(at));
        // What an ignored lexeme leads to when it ends here, however long it was, is a tree that others have too.
        let mut ended = false;
        if end - first >= SHARED {
            let ignored = self.reader.grammar.lexer.ignored();
            let ends = self.reader.ends(place.config);
            if ends.iter().all(|(terminal, _)| ignored.contains(terminal.index())) {
                let after = ends.iter().map(|(_, after)| Place { config: *after, ..place });
                self.scratch.drafts[0].links.extend(after.map(Place::link));
                ended = true;
            }
        }
        // Where the readings stand after the node last read, and after those above it.
        let mut levels = vec![start];
        let mut node = first;
        while node < end {
            let depth = trie.depth(node) - trie.depth(first);
            levels.truncate(depth + 1);
            let below = self.next(levels[depth], trie.byte(node), ended && depth == 0)?;
            levels.push(below);
            let after = trie.skip(node);
            if below == Positions::NONE {
                node = after;
                continue;
            }
            if after - node >= SHARED {
                for at in 0..self.scratch.positions.get(below).len() {
                    let (path, config) = self.scratch.positions.get(below)[at];
                    let draft = self.draft(path)? as usize;
                    let place = Place { trie: node as u32, config };
                    self.scratch.drafts[draft].links.push(place.link());
                }
                node = after;
                continue;
            }
            // The inside of a name, of a string, of a comment.
            if let Some(bytes) = trie.bytes_below(node)
                && self.stays(below, bytes)?
            {
                self.group(trie.below(node), below)?;
                node = after;
                continue;
            }
            self.group(trie.tokens(node), below)?;
            node += 1;
        }
        Ok(())
    }

    /// Where a byte leads from some positions; `ended`: where only their lexemes go on, and none begins.
    #[inline]
    fn next(&mut self, above: u32, byte: u8, ended: bool) -> Result<u32, StepError> {
        let class = self.reader.grammar.lexer.class(byte);
        match self.scratch.positions.next(above, class).filter(|_| !ended) {
            Some(known) => {
                self.spend(1)?;
                Ok(known)
            }
            None => self.find_next(above, byte, ended),
        }
    }

    fn find_next(&mut self, above: u32, byte: u8, ended: bool) -> Result<u32, StepError> {
        let before = (self.scratch.paths.len(), self.scratch.positions.len());
        self.step(above, byte, ended);
        let Scratch { paths, positions, below, .. } = &mut self.scratch;
        let steps = (positions.get(above).len() + below.len()) as u64;
        let found = positions.find(below);
        let made = (paths.len() - before.0, positions.len() - before.1);
        if !ended {
            positions.lead(above, self.reader.grammar.lexer.class(byte), found);
        }
        self.spend(steps + PATH * made.0 as u64 + POSITION * made.1 as u64)?;
        Ok(found)
    }

    #[inline]
    fn spend(&mut self, steps: u64) -> Result<(), StepError> {
        let left = self.left.checked_sub(steps);
        self.left = left.ok_or_else(|| self.limit())?;
        Ok(())
    }

    #[cold]
    fn limit(&self) -> StepError {
        StepError::Limit { limit: self.reader.grammar.limits().step_work }
    }

    /// Whether some bytes, in whatever order, lead from some positions to the same.
    fn stays(&mut self, at: u32, bytes: ByteSet) -> Result<bool, StepError> {
        let (staying, leaving) = *self.scratch.loops.entry(at).or_default();
        if bytes.intersects(leaving) {
            return Ok(false);
        }
        for byte in bytes.minus(staying).iter() {
            if self.next(at, byte, false)? != at {
                self.scratch.loops.entry(at).or_default().1.insert(byte);
                return Ok(false);
            }
        }
        self.scratch.loops.entry(at).or_default().0.add(bytes);
        Ok(true)
    }

    /// Where a byte leads, into [`Scratch::below`].
    fn step(&mut self, above: u32, byte: u8, ended: bool) {
        self.scratch.below.clear();
        for at in 0..self.scratch.positions.get(above).len() {
            let (path, config) = self.scratch.positions.get(above)[at];
            let lex = &self.reader.tables.lex;
            let entry = lex.get(config);
            let longer = lex.next_byte_of(&self.reader.grammar.lexer, config, entry, byte);
            if longer != ConfigId::DEAD {
                self.scratch.below.push((path, longer));
            }
            if !entry.ending || ended {
                continue;
            }
            // Most terminals leave the same behind.
            let mut last = (ConfigId::DEAD, ConfigId::DEAD);
            for &(terminal, after) in self.reader.ends_before(config, byte) {
                if after != last.0 {
                    last = (after, self.reader.next(after, byte));
                }
                let begun = last.1;
                if begun != ConfigId::DEAD && self.are_neighbours(path, terminal, begun) {
                    let path = self.longer(path, terminal);
                    self.scratch.below.push((path, begun));
                }
            }
        }
        self.scratch.below.sort_unstable();
        self.scratch.below.dedup();
    }

    /// Whether a sentence can have this terminal after the path's last one, and after it what the lexeme begun can become.
    #[inline]
    fn are_neighbours(&self, path: u32, terminal: TerminalId, begun: ConfigId) -> bool {
        let grammar = self.reader.grammar;
        let (ignored, follow) = (grammar.lexer.ignored(), grammar.normal.follow());
        let mut last = self.scratch.paths.last(path).map(|last| last.1);
        if !ignored.contains(terminal.index()) {
            if last.is_some_and(|last| !follow.after(last).contains(terminal.index())) {
                return false;
            }
            last = Some(terminal);
        }
        let becoming = self.reader.tables.lex.becoming(begun);
        last.is_none_or(|last| {
            becoming.intersects(follow.after(last)) || becoming.intersects(ignored)
        })
    }

    fn longer(&mut self, path: u32, terminal: TerminalId) -> u32 {
        // Nothing of the parser's changes at an ignored terminal.
        match self.reader.grammar.lexer.ignored().contains(terminal.index()) {
            true => path,
            false => self.scratch.paths.longer(path, terminal),
        }
    }

    /// The draft of a path.
    fn draft(&mut self, path: u32) -> Result<u32, StepError> {
        let before = self.scratch.drafts.len();
        let draft = self.scratch.draft(path);
        self.spend(NODE * (self.scratch.drafts.len() - before) as u64)?;
        Ok(draft)
    }

    /// Adds tokens that end at some positions.
    #[inline]
    fn group(&mut self, tokens: &[u32], at: u32) -> Result<(), StepError> {
        if tokens.is_empty() {
            return Ok(());
        }
        if !self.scratch.grouped.contains_key(&at) {
            let mut groups = SmallVec::new();
            for i in 0..self.scratch.positions.get(at).len() {
                groups.push(self.find_group(self.scratch.positions.get(at)[i])?);
            }
            self.scratch.grouped.insert(at, groups);
        }
        let Scratch { groups, grouped, .. } = &mut self.scratch;
        for group in &grouped[&at] {
            groups[*group as usize].1.extend_from_slice(tokens);
        }
        Ok(())
    }

    fn find_group(&mut self, (path, config): Position) -> Result<u32, StepError> {
        let (draft, live) = (self.draft(path)?, self.reader.live_id(config));
        let Scratch { groups, becoming, drafts, .. } = &mut self.scratch;
        Ok(*becoming.entry((draft, live)).or_insert_with(|| {
            let group = groups.len() as u32;
            groups.push((config, Vec::new()));
            drafts[draft as usize].groups.push(group);
            group
        }))
    }

    /// Stores the drafts, children first. Where a lexeme was begun that no token goes on with, there is nothing to store. Gives
    /// back what the next walk can fill, too.
    pub(super) fn finish(mut self, table: &TreeTable) -> (u32, Option<Scratch>) {
        let drafts = std::mem::take(&mut self.scratch.drafts);
        let mut ids = vec![None; drafts.len()];
        let mut root = 0;
        // A child is always made after its parent.
        for (i, draft) in drafts.into_iter().enumerate().rev() {
            let (becoming, groups) = self.sort(table, &draft.groups);
            let edges: Box<[_]> = (draft.edges.into_iter())
                .filter_map(|(terminal, child)| Some((terminal, ids[child as usize]?)))
                .collect();
            let links: Box<[Link]> = draft.links.into();
            let is_empty =
                becoming.is_empty() && groups.is_empty() && edges.is_empty() && links.is_empty();
            if i == 0 || !is_empty {
                let node = TreeNode { becoming, groups, edges, links, ..TreeNode::default() };
                root = table.push(node);
                ids[i] = Some(root);
            }
        }
        let is_small = self.scratch.len() <= Scratch::MOST;
        (root, is_small.then_some(self.scratch))
    }

    /// Groups of a draft by what they can become, and those that only a stack can judge.
    fn sort(&mut self, table: &TreeTable, groups: &[u32]) -> (Box<[Becoming]>, Box<[Group]>) {
        if groups.is_empty() {
            return Default::default();
        }
        let take = |group: &u32| {
            let (config, tokens) = &mut self.scratch.groups[*group as usize];
            (*config, std::mem::take(tokens))
        };
        let groups: Vec<(ConfigId, Vec<u32>)> = groups.iter().map(take).collect();
        let words = self.vocabulary.words();
        let lives: Vec<&Live> = groups.iter().map(|group| self.reader.live(group.0)).collect();
        let undecided = groups.iter().zip(&lives).filter(|(_, live)| live.is_open());
        let undecided = undecided.map(|((config, tokens), _)| Group {
            config: *config,
            tokens: table.push_tokens(tokens.clone(), words),
        });
        let undecided = undecided.collect();
        // Many terminals, the kinds of names, have the same tokens.
        self.scratch.terminals.begin();
        for (i, live) in lives.iter().enumerate() {
            self.scratch.terminals.split(i as u32, live.sure.iter());
        }
        let classes = self.scratch.terminals.classes();
        let size = |of: &[u32]| of.iter().map(|i| groups[*i as usize].1.len()).sum();
        let sizes: Vec<usize> = classes.iter().map(|class| size(&class.sets)).collect();
        let mut becoming = Vec::new();
        for (class, own) in classes.iter().zip(&sizes) {
            let [first, others @ ..] = class.sets.as_slice() else { continue };
            let mut common = lives[*first as usize].sure.clone();
            others.iter().for_each(|i| common.intersect_with(&lives[*i as usize].sure));
            let size = |terminal: &usize| sizes[self.scratch.terminals.class(*terminal)];
            let largest = common.iter().max_by_key(size);
            let within = largest.filter(|other| size(other) > *own).map(TerminalId::new);
            let all = class.sets.iter().flat_map(|i| &groups[*i as usize].1).copied().collect();
            let tokens = table.push_tokens(all, words);
            let terminals = class.members.iter().copied().map(TerminalId::new);
            becoming.extend(terminals.map(|terminal| Becoming { terminal, within, tokens }));
        }
        becoming.sort_unstable_by_key(|b| b.terminal);
        (becoming.into(), undecided)
    }
}
