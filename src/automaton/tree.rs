//! Terminal-sequence trees: what the tokens of a vocabulary do to a lexer configuration, whatever the parser says.
//!
//! An edge is a terminal completed inside a token; a node holds the tokens that end there, grouped by what their last,
//! partial lexeme can still become. A tree depends on the lexer and the vocabulary alone.
//!
//! Trees share what they have in common: wherever a lexeme ends *before* a token's first byte, the token is read from the
//! beginning of a lexeme, and all configurations that can end there link to the same trees, one per first byte.

use std::sync::{
    OnceLock,
    atomic::{AtomicUsize, Ordering},
};

use rustc_hash::FxHashMap;

use super::StepError;
use crate::{
    TerminalId, Vocabulary,
    intern::Interner,
    lexer::{ConfigId, Live},
    recognizer::Reader,
};

/// A set of tokens that share their fate.
#[derive(Debug)]
pub(super) enum Tokens {
    /// Ascending ids.
    List(Box<[u32]>),
    /// Bits, in a mask's layout: smaller than the list.
    Bits(Box<[u32]>),
}

/// Tokens that end at a tree node with the same partial lexeme.
#[derive(Debug)]
pub(super) struct Group {
    /// One of the configurations they end in; the others can become the same.
    pub(super) config: ConfigId,
    /// Index into [`TreeTable::tokens`].
    pub(super) tokens: u32,
}

/// What is left of tokens that begin with one byte, read from a configuration after that byte.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) byte: u8,
    pub(super) config: ConfigId,
    pub(super) node: OnceLock<u32>,
}

/// A node of a tree.
#[derive(Debug, Default)]
pub(super) struct TreeNode {
    pub(super) groups: Box<[Group]>,
    /// Completed terminals and the nodes after them.
    pub(super) edges: Box<[(TerminalId, u32)]>,
    /// Further trees at the same place of the parser.
    pub(super) links: Box<[Link]>,
}

/// All trees of one automaton.
#[derive(Debug)]
pub(super) struct TreeTable {
    pub(super) nodes: boxcar::Vec<TreeNode>,
    pub(super) tokens: Interner<Box<[u32]>, Tokens>,
    /// Configuration -> tree of all tokens.
    pub(super) roots: papaya::HashMap<ConfigId, u32, rustc_hash::FxBuildHasher>,
    /// (first byte, configuration after it) -> tree of the tokens that begin so.
    pub(super) branches: papaya::HashMap<(u8, ConfigId), u32, rustc_hash::FxBuildHasher>,
    bytes: AtomicUsize,
}

impl TreeTable {
    pub(super) fn new() -> Self {
        Self {
            nodes: boxcar::Vec::new(),
            tokens: Interner::new(),
            roots: papaya::HashMap::with_hasher(rustc_hash::FxBuildHasher),
            branches: papaya::HashMap::with_hasher(rustc_hash::FxBuildHasher),
            bytes: AtomicUsize::new(0),
        }
    }

    #[inline]
    pub(super) fn node(&self, node: u32) -> &TreeNode {
        &self.nodes[node as usize]
    }

    pub(super) fn tokens(&self, tokens: u32) -> &Tokens {
        self.tokens.get(tokens)
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.count()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed) + self.tokens.bytes()
    }

    /// The tree of all tokens read from a configuration. Cost when new: one walk of the part of the trie that the
    /// configuration can read.
    ///
    /// # Errors
    /// The limit on the work of one step.
    pub(super) fn root(
        &self,
        reader: Reader<'_>,
        vocabulary: &Vocabulary,
        config: ConfigId,
    ) -> Result<u32, StepError> {
        if let Some(known) = self.roots.pin().get(&config) {
            return Ok(*known);
        }
        let node = if reader.tables.lex.is_fresh(config) {
            self.bundle(reader, vocabulary, config)
        } else {
            let edges = reader
                .ends(config)
                .iter()
                .map(|&(terminal, after)| Ok((terminal, self.root(reader, vocabulary, after)?)))
                .collect::<Result<_, StepError>>()?;
            let trie = vocabulary.trie();
            let mut walk = Walk::new(reader, vocabulary);
            walk.read(0..trie.len(), vec![(0, config)], true)?;
            walk.finish(self, edges)
        };
        Ok(*self.roots.pin().get_or_insert(config, node))
    }

    /// All tokens, by first byte, from the beginning of a lexeme.
    fn bundle(&self, reader: Reader<'_>, vocabulary: &Vocabulary, config: ConfigId) -> u32 {
        let trie = vocabulary.trie();
        let mut links = Vec::new();
        let mut at = 0;
        while at < trie.len() {
            let byte = trie.byte(at);
            let after = reader.next(config, byte);
            if after != ConfigId::DEAD {
                links.push(Link { byte, config: after, node: OnceLock::new() });
            }
            at = trie.skip(at);
        }
        self.push(TreeNode { links: links.into(), ..TreeNode::default() })
    }

    /// The tree behind a link.
    ///
    /// # Errors
    /// As [`root`](Self::root).
    pub(super) fn follow(
        &self,
        reader: Reader<'_>,
        vocabulary: &Vocabulary,
        link: &Link,
    ) -> Result<u32, StepError> {
        if let Some(known) = link.node.get() {
            return Ok(*known);
        }
        let key = (link.byte, link.config);
        let known = self.branches.pin().get(&key).copied();
        let node = match known {
            Some(known) => known,
            None => {
                let trie = vocabulary.trie();
                let mut at = 0;
                while trie.byte(at) != link.byte {
                    at = trie.skip(at);
                }
                let mut walk = Walk::new(reader, vocabulary);
                walk.group(trie.tokens(at), &[(0, link.config)]);
                walk.read(at + 1..trie.skip(at), vec![(0, link.config)], false)?;
                let node = walk.finish(self, Vec::new());
                *self.branches.pin().get_or_insert(key, node)
            }
        };
        Ok(*link.node.get_or_init(|| node))
    }

    pub(super) fn push(&self, node: TreeNode) -> u32 {
        let bytes = 80 + node.groups.len() * 8 + node.edges.len() * 8 + node.links.len() * 24;
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        u32::try_from(self.nodes.push(node)).expect("invariant: bounded by Limits::automaton_bytes")
    }

    fn push_tokens(&self, mut list: Vec<u32>, words: usize) -> u32 {
        list.sort_unstable();
        list.dedup();
        let tokens = if list.len() <= words {
            Tokens::List(list.into())
        } else {
            let mut bits = vec![0; words];
            for token in list {
                bits[token as usize / 32] |= 1 << (token % 32);
            }
            Tokens::Bits(bits.into())
        };
        self.add_tokens(tokens)
    }

    /// The number of a set of tokens. Trees of configurations that differ in little have most of their sets in common.
    pub(super) fn add_tokens(&self, tokens: Tokens) -> u32 {
        let (kind, content) = match &tokens {
            Tokens::List(content) => (0, content),
            Tokens::Bits(content) => (1, content),
        };
        let mut key = Vec::with_capacity(content.len() + 1);
        key.push(kind);
        key.extend_from_slice(content);
        self.tokens.intern(key.as_slice(), || (tokens, key.len() * 8))
    }
}

/// A tree node being built.
#[derive(Default)]
struct Draft {
    /// The terminal completed last, the ignored ones not counted; none at the root.
    last: Option<TerminalId>,
    groups: Vec<(ConfigId, Vec<u32>)>,
    edges: Vec<(TerminalId, u32)>,
}

/// One walk of the trie.
struct Walk<'a> {
    reader: Reader<'a>,
    vocabulary: &'a Vocabulary,
    drafts: Vec<Draft>,
    /// What a configuration can become, numbered.
    lives: FxHashMap<&'a Live, u32>,
    /// (draft, what it can become) -> group of the draft.
    groups: FxHashMap<(u32, u32), u32>,
    /// (draft, configuration) -> group of the draft: saves hashing what it can become.
    known: FxHashMap<(u32, ConfigId), u32>,
    /// The group used last: tokens of one kind come in runs.
    last: ((u32, ConfigId), u32),
    /// Elementary steps left.
    left: u64,
}

/// Steps that a node of a tree counts for: it costs memory.
const NODE: u64 = 50;

impl<'a> Walk<'a> {
    fn new(reader: Reader<'a>, vocabulary: &'a Vocabulary) -> Self {
        Self {
            reader,
            vocabulary,
            drafts: vec![Draft::default()],
            lives: FxHashMap::default(),
            groups: FxHashMap::default(),
            known: FxHashMap::default(),
            last: ((u32::MAX, ConfigId::DEAD), 0),
            left: reader.grammar.limits().step_work,
        }
    }

    /// Reads the trie nodes of a range from these (draft, configuration) pairs. With `begun`, lexemes that end before the
    /// first byte are left out.
    ///
    /// # Errors
    /// The limit on the work of one step: where lexemes can end in many ways, a long token has more readings than bytes.
    fn read(
        &mut self,
        range: std::ops::Range<usize>,
        at: Vec<(u32, ConfigId)>,
        begun: bool,
    ) -> Result<(), StepError> {
        let trie = self.vocabulary.trie();
        let Some(base) = (!range.is_empty()).then(|| trie.depth(range.start)) else {
            return Ok(());
        };
        let mut levels = vec![at];
        let mut node = range.start;
        while node < range.end {
            let depth = trie.depth(node) - base;
            if levels.len() < depth + 2 {
                levels.resize_with(depth + 2, Vec::new);
            }
            let (above, below) = levels.split_at_mut(depth + 1);
            let (above, below) = (&above[depth], &mut below[0]);
            below.clear();
            let (steps, drafts) = (above.len() as u64, self.drafts.len());
            self.step(above, trie.byte(node), !(begun && depth == 0), below);
            let made = (self.drafts.len() - drafts) as u64;
            self.left = self.left.checked_sub(steps + NODE * made).ok_or_else(|| {
                StepError::Limit { limit: self.reader.grammar.limits().step_work }
            })?;
            if below.is_empty() {
                node = trie.skip(node);
                continue;
            }
            let tokens = trie.tokens(node);
            if !tokens.is_empty() {
                let below = std::mem::take(&mut levels[depth + 1]);
                self.group(tokens, &below);
                levels[depth + 1] = below;
            }
            node += 1;
        }
        Ok(())
    }

    #[inline]
    fn step(
        &mut self,
        above: &[(u32, ConfigId)],
        byte: u8,
        ending: bool,
        below: &mut Vec<(u32, ConfigId)>,
    ) {
        for &(draft, config) in above {
            let lex = &self.reader.tables.lex;
            let entry = lex.get(config);
            let longer = lex.next_byte_of(&self.reader.grammar.lexer, config, entry, byte);
            if longer != ConfigId::DEAD {
                below.push((draft, longer));
            }
            if !ending || !entry.ending {
                continue;
            }
            for &(terminal, after) in self.reader.ends(config) {
                let begun = self.reader.next(after, byte);
                if begun != ConfigId::DEAD && self.are_neighbours(draft, terminal, begun) {
                    below.push((self.child(draft, terminal), begun));
                }
            }
        }
        if below.len() > 1 {
            below.sort_unstable();
            below.dedup();
        }
    }

    /// Whether a sentence can have this terminal after the draft's last one, and after it what the lexeme begun can become.
    #[inline]
    fn are_neighbours(&self, draft: u32, terminal: TerminalId, begun: ConfigId) -> bool {
        let grammar = self.reader.grammar;
        let (ignored, follow) = (grammar.lexer.ignored(), grammar.normal.follow());
        let mut last = self.drafts[draft as usize].last;
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

    fn child(&mut self, draft: u32, terminal: TerminalId) -> u32 {
        // Nothing of the parser's changes at an ignored terminal.
        if self.reader.grammar.lexer.ignored().contains(terminal.index()) {
            return draft;
        }
        let edges = &self.drafts[draft as usize].edges;
        if let Some((_, child)) = edges.iter().rev().find(|(t, _)| *t == terminal) {
            return *child;
        }
        let child = self.drafts.len() as u32;
        self.drafts.push(Draft { last: Some(terminal), ..Draft::default() });
        self.drafts[draft as usize].edges.push((terminal, child));
        child
    }

    #[inline]
    fn group(&mut self, tokens: &[u32], at: &[(u32, ConfigId)]) {
        for &key in at {
            let group = if self.last.0 == key { self.last.1 } else { self.find_group(key) };
            self.last = (key, group);
            self.drafts[key.0 as usize].groups[group as usize].1.extend_from_slice(tokens);
        }
    }

    fn find_group(&mut self, key: (u32, ConfigId)) -> u32 {
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let live = self.reader.tables.lex.live(&self.reader.grammar.lexer, key.1);
        let next = self.lives.len() as u32;
        let live = *self.lives.entry(live).or_insert(next);
        let groups = &mut self.drafts[key.0 as usize].groups;
        let group = *self.groups.entry((key.0, live)).or_insert_with(|| {
            groups.push((key.1, Vec::new()));
            groups.len() as u32 - 1
        });
        self.known.insert(key, group);
        group
    }

    /// Stores the drafts, children first; `edges` are added to the root.
    fn finish(self, table: &TreeTable, edges: Vec<(TerminalId, u32)>) -> u32 {
        let words = self.vocabulary.words();
        let mut ids = vec![0; self.drafts.len()];
        // A child is always made after its parent.
        for (i, draft) in self.drafts.into_iter().enumerate().rev() {
            let groups = draft
                .groups
                .into_iter()
                .map(|(config, list)| Group { config, tokens: table.push_tokens(list, words) })
                .collect();
            let own =
                draft.edges.into_iter().map(|(terminal, child)| (terminal, ids[child as usize]));
            let more = if i == 0 { edges.as_slice() } else { &[] };
            let edges = own.chain(more.iter().copied()).collect();
            ids[i] = table.push(TreeNode { groups, edges, links: Box::default() });
        }
        ids[0]
    }
}
