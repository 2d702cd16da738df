//! Terminal-sequence trees: what the tokens of a vocabulary do to a lexer configuration, whatever the parser says.
//!
//! An edge is a terminal completed inside a token; a node holds the tokens that end there, grouped by what their last,
//! partial lexeme can still become. A tree depends on the lexer and the vocabulary alone.
//!
//! Trees share what they have in common. What a configuration reads from a place of the vocabulary's trie on is a tree of its
//! own, built when a parser first allows what has been read up to there, and linked from wherever that configuration comes to
//! that place: the middle of one word differs from the middle of another in the few bytes that lead on to keywords. Wherever
//! a lexeme ends *before* a token's first byte, the token is read from the beginning of a lexeme, which is one tree for all.

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

/// What a configuration reads below a node of the vocabulary's trie.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) place: Place,
    pub(super) node: OnceLock<u32>,
}

/// A node of the vocabulary's trie, and the configuration after its last byte.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Place {
    pub(super) trie: u32,
    pub(super) config: ConfigId,
}

impl Place {
    pub(super) fn link(self) -> Link {
        Link { place: self, node: OnceLock::new() }
    }
}

/// A node of a tree.
#[derive(Debug, Default)]
pub(super) struct TreeNode {
    pub(super) groups: Box<[Group]>,
    /// Completed terminals and the nodes after them.
    pub(super) edges: Box<[(TerminalId, u32)]>,
    /// Further trees at the same place of the parser.
    pub(super) links: Box<[Link]>,
    /// Nodes that belong to this one, and to others.
    pub(super) parts: Box<[u32]>,
}

/// All trees of one automaton.
#[derive(Debug)]
pub(super) struct TreeTable {
    pub(super) nodes: boxcar::Vec<TreeNode>,
    pub(super) tokens: Interner<Box<[u32]>, Tokens>,
    /// Configuration -> tree of all tokens.
    pub(super) roots: papaya::HashMap<ConfigId, u32, rustc_hash::FxBuildHasher>,
    /// Place -> tree of the tokens that go through it.
    pub(super) branches: papaya::HashMap<Place, u32, rustc_hash::FxBuildHasher>,
    /// Places of neighbouring first bytes -> the node that links to them.
    bundles: papaya::HashMap<Box<[Place]>, u32, rustc_hash::FxBuildHasher>,
    bytes: AtomicUsize,
}

impl TreeTable {
    pub(super) fn new() -> Self {
        Self {
            nodes: boxcar::Vec::new(),
            tokens: Interner::new(),
            roots: papaya::HashMap::with_hasher(rustc_hash::FxBuildHasher),
            branches: papaya::HashMap::with_hasher(rustc_hash::FxBuildHasher),
            bundles: papaya::HashMap::with_hasher(rustc_hash::FxBuildHasher),
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

    /// The tree of all tokens read from a configuration. Cost when new: one step per byte that tokens begin with.
    pub(super) fn root(
        &self,
        reader: Reader<'_>,
        vocabulary: &Vocabulary,
        config: ConfigId,
    ) -> u32 {
        if let Some(known) = self.roots.pin().get(&config) {
            return *known;
        }
        // What follows a lexeme begins one, so that this goes one step deep only.
        let edges = reader
            .ends(config)
            .iter()
            .map(|&(terminal, after)| (terminal, self.root(reader, vocabulary, after)))
            .collect();
        let (mut links, mut parts) = (Vec::new(), Vec::new());
        // Sixteen neighbouring bytes at a time: what is read alike after them is one node for all configurations.
        let trie = vocabulary.trie();
        let row = |place: &Place| trie.byte(place.trie as usize) >> 4;
        let places = self.beginnings(reader, vocabulary, config);
        for places in places.chunk_by(|a, b| row(a) == row(b)) {
            match places {
                [place] => links.push(place.link()),
                _ => parts.push(self.bundle(places)),
            }
        }
        let (links, parts) = (links.into(), parts.into());
        let node = self.push(TreeNode { edges, links, parts, ..TreeNode::default() });
        *self.roots.pin().get_or_insert(config, node)
    }
    /// Where a configuration gets to by the first bytes of tokens.
    fn beginnings(
        &self,
        reader: Reader<'_>,
        vocabulary: &Vocabulary,
        config: ConfigId,
    ) -> Vec<Place> {
        let trie = vocabulary.trie();
        let (mut places, mut at) = (Vec::new(), 0);
        while at < trie.len() {
            let after = reader.next(config, trie.byte(at));
            if after != ConfigId::DEAD {
                places.push(Place { trie: at as u32, config: after });
            }
            at = trie.skip(at);
        }
        places
    }

    /// The node that links to some places and nothing else.
    fn bundle(&self, places: &[Place]) -> u32 {
        if let Some(known) = self.bundles.pin().get(places) {
            return *known;
        }
        let links = places.iter().map(|place| place.link()).collect();
        let node = self.push(TreeNode { links, ..TreeNode::default() });
        *self.bundles.pin().get_or_insert(places.into(), node)
    }

    /// The tree behind a link. Cost when new: one walk of the trie below the link's place, less what is linked from there.
    ///
    /// # Errors
    /// The limit on the work of one step.
    pub(super) fn follow(
        &self,
        reader: Reader<'_>,
        vocabulary: &Vocabulary,
        link: &Link,
    ) -> Result<u32, StepError> {
        if let Some(known) = link.node.get() {
            return Ok(*known);
        }
        let known = self.branches.pin().get(&link.place).copied();
        let node = match known {
            Some(known) => known,
            None => {
                let (trie, at) = (vocabulary.trie(), link.place.trie as usize);
                let start = [(0, link.place.config)];
                let mut walk = Walk::new(reader, vocabulary);
                walk.group(trie.tokens(at), &start);
                walk.read(at + 1..trie.skip(at), start.to_vec())?;
                *self.branches.pin().get_or_insert(link.place, walk.finish(self))
            }
        };
        Ok(*link.node.get_or_init(|| node))
    }

    pub(super) fn push(&self, node: TreeNode) -> u32 {
        let bytes = 96
            + (node.groups.len() + node.edges.len()) * 8
            + node.links.len() * 24
            + node.parts.len() * 4;
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
    links: Vec<Link>,
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

/// Nodes of the trie that are enough for a tree of their own: fewer are faster read again than looked up.
static SHARED: std::sync::LazyLock<usize> = std::sync::LazyLock::new(|| std::env::var("SHARED").unwrap().parse().unwrap());

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

    /// Reads the trie nodes of a range from these (draft, configuration) pairs.
    ///
    /// # Errors
    /// The limit on the work of one step: where lexemes can end in many ways, a long token has more readings than bytes.
    fn read(
        &mut self,
        range: std::ops::Range<usize>,
        at: Vec<(u32, ConfigId)>,
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
            self.step(above, trie.byte(node), below);
            let made = (self.drafts.len() - drafts) as u64;
            self.left = self.left.checked_sub(steps + NODE * made).ok_or_else(|| {
                StepError::Limit { limit: self.reader.grammar.limits().step_work }
            })?;
            let after = trie.skip(node);
            if below.is_empty() {
                node = after;
                continue;
            }
            if after - node >= *SHARED {
                for &(draft, config) in below.iter() {
                    let place = Place { trie: node as u32, config };
                    self.drafts[draft as usize].links.push(place.link());
                }
                node = after;
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
        below: &mut Vec<(u32, ConfigId)>,
    ) {
        for &(draft, config) in above {
            let lex = &self.reader.tables.lex;
            let entry = lex.get(config);
            let longer = lex.next_byte_of(&self.reader.grammar.lexer, config, entry, byte);
            if longer != ConfigId::DEAD {
                below.push((draft, longer));
            }
            if !entry.ending {
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

    /// Stores the drafts, children first.
    fn finish(self, table: &TreeTable) -> u32 {
        let words = self.vocabulary.words();
        let mut ids = vec![0; self.drafts.len()];
        // A child is always made after its parent.
        for (i, draft) in self.drafts.into_iter().enumerate().rev() {
            let groups = draft
                .groups
                .into_iter()
                .map(|(config, list)| Group { config, tokens: table.push_tokens(list, words) })
                .collect();
            let edges = draft.edges.into_iter().map(|(t, child)| (t, ids[child as usize])).collect();
            let (links, parts) = (draft.links.into(), Box::default());
            ids[i] = table.push(TreeNode { groups, edges, links, parts });
        }
        ids[0]
    }
}
