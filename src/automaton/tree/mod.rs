//! Terminal-sequence trees: what the tokens of a vocabulary do to a lexer configuration, whatever the parser says.
//!
//! An edge is a terminal completed inside a token; a node holds the tokens that end there, by the terminals that their last,
//! partial lexeme can still become. A tree depends on the lexer and the vocabulary alone.
//!
//! Trees share what they have in common. What a configuration reads from a place of the vocabulary's trie on is a tree of its
//! own, built when a parser first allows what has been read up to there, and linked from wherever that configuration comes to
//! that place: the middle of one word differs from the middle of another in the few bytes that lead on to keywords. Wherever
//! a lexeme ends *before* a token's first byte, the token is read from the beginning of a lexeme, which is one tree for all.

mod merge;
mod partition;
mod positions;
mod scratch;
mod sets;
mod walk;

use std::sync::{
    Mutex, MutexGuard, OnceLock, PoisonError,
    atomic::{AtomicU32, AtomicUsize, Ordering},
};

use scratch::Scratch;
pub(super) use sets::{LoadedSets, TokenSet};
use sets::{TokenSets, Tokens};
use walk::Walk;

use super::StepError;
use crate::{TerminalId, Vocabulary, lexer::ConfigId, memo::Memo, recognizer::Reader};

/// Tokens that end at a tree node with a partial lexeme that can become this terminal, after which any continuation is
/// possible: they are allowed where the terminal is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Becoming {
    pub(super) terminal: TerminalId,
    /// Another terminal that all of these tokens, and more, can become: where it is allowed they need not be added. Most
    /// words of a language could be names.
    pub(super) within: Option<TerminalId>,
    /// Index into [`TreeTable::tokens`].
    pub(super) tokens: u32,
}

/// Tokens that end at a tree node with a partial lexeme that must be judged on the stack.
#[derive(Clone, Copy, Debug)]
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
#[derive(Debug)]
pub(super) struct TreeNode {
    /// Ascending by terminal.
    pub(super) becoming: Box<[Becoming]>,
    pub(super) groups: Box<[Group]>,
    /// Completed terminals and the nodes after them.
    pub(super) edges: Box<[(TerminalId, u32)]>,
    /// Further trees at the same place of the parser.
    pub(super) links: Box<[Link]>,
    /// Nodes that belong to this one, and to others.
    pub(super) parts: Box<[u32]>,
    /// Items of it and of what lies below it.
    size: u32,
    /// Whether it is some others, and nothing of its own.
    is_sum: bool,
    /// How often it was asked about, and the node without links that answers for it once that was often.
    asked: AtomicU32,
    whole: OnceLock<u32>,
}

impl Default for TreeNode {
    fn default() -> Self {
        Self {
            becoming: Box::default(),
            groups: Box::default(),
            edges: Box::default(),
            links: Box::default(),
            parts: Box::default(),
            size: 0,
            is_sum: false,
            asked: AtomicU32::new(0),
            whole: OnceLock::new(),
        }
    }
}

impl TreeNode {
    /// A node with these items.
    pub(super) fn of(
        becoming: Box<[Becoming]>,
        groups: Box<[Group]>,
        edges: Box<[(TerminalId, u32)]>,
        links: Box<[Link]>,
        parts: Box<[u32]>,
    ) -> Self {
        Self { becoming, groups, edges, links, parts, ..Self::default() }
    }

    /// The sets of tokens that end here and are allowed by what a parser allows next.
    pub(super) fn allowed<'a>(
        &'a self,
        is_viable: impl Fn(TerminalId) -> bool + 'a,
    ) -> impl Iterator<Item = u32> + 'a {
        let allowed = self.becoming.iter().filter(move |entry| {
            is_viable(entry.terminal) && !entry.within.is_some_and(&is_viable)
        });
        allowed.map(|entry| entry.tokens)
    }

    /// Whether it is one tree at one place of the parser.
    pub(super) fn is_whole(&self) -> bool {
        self.links.is_empty() && self.parts.is_empty()
    }

    /// Whether it is some others that are asked about as one, and nothing of its own.
    pub(super) fn is_sum(&self) -> bool {
        self.is_sum
    }

    /// Its items and those of what lies below it; very many if it links to what is not built yet.
    pub(super) fn size(&self) -> u32 {
        self.size
    }

    /// Groups to be judged, edges, links and parts.
    pub(super) fn items(&self) -> usize {
        self.groups.len() + self.edges.len() + self.links.len() + self.parts.len()
    }

    /// The node that answers for this one since it was asked about often.
    #[inline]
    pub(super) fn whole(&self) -> Option<u32> {
        self.whole.get().copied()
    }
}

/// All trees of one automaton.
#[derive(Debug)]
pub(super) struct TreeTable {
    pub(super) nodes: boxcar::Vec<TreeNode>,
    pub(super) tokens: TokenSets,
    /// Configuration -> tree of all tokens.
    pub(super) roots: Memo<ConfigId, u32>,
    /// Place -> tree of the tokens that go through it.
    pub(super) branches: Memo<Place, u32>,
    /// Places of neighbouring first bytes -> the node that links to them.
    bundles: papaya::HashMap<Box<[Place]>, u32, rustc_hash::FxBuildHasher>,
    /// Nodes -> the node that they were made, below one that was asked about often: what follows a lexeme is the same in most.
    merged: papaya::HashMap<Box<[u32]>, u32, rustc_hash::FxBuildHasher>,
    /// Nodes -> the node that is all of them.
    sums: papaya::HashMap<Box<[u32]>, u32, rustc_hash::FxBuildHasher>,
    /// What the last walk filled.
    spare: Mutex<Option<Scratch>>,
    bytes: AtomicUsize,
}

impl TreeTable {
    pub(super) fn new() -> Self {
        Self {
            nodes: boxcar::Vec::new(),
            tokens: TokenSets::new(),
            roots: Memo::new(),
            branches: Memo::new(),
            bundles: papaya::HashMap::with_hasher(rustc_hash::FxBuildHasher),
            merged: papaya::HashMap::with_hasher(rustc_hash::FxBuildHasher),
            sums: papaya::HashMap::with_hasher(rustc_hash::FxBuildHasher),
            spare: Mutex::new(None),
            bytes: AtomicUsize::new(0),
        }
    }

    fn spare(&self) -> MutexGuard<'_, Option<Scratch>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[inline]
    pub(super) fn node(&self, node: u32) -> &TreeNode {
        &self.nodes[node as usize]
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.count()
    }

    pub(super) fn bytes(&self) -> usize {
        let spare = self.spare().as_ref().map_or(0, Scratch::bytes);
        self.bytes.load(Ordering::Relaxed) + self.tokens.bytes() + spare
    }

    /// The tree of all tokens read from a configuration. Cost when new: one step per byte that tokens begin with.
    pub(super) fn root(
        &self,
        reader: Reader<'_>,
        vocabulary: &Vocabulary,
        config: ConfigId,
    ) -> u32 {
        if let Some(known) = self.roots.get(config) {
            return known;
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
        self.roots.put_first(config, node)
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

    /// The node that is all of some others, of which there is one at least.
    pub(super) fn sum(&self, nodes: &[u32]) -> u32 {
        let mut parts: Vec<u32> = Vec::with_capacity(nodes.len());
        for &id in nodes {
            match self.node(id) {
                node if node.is_sum => parts.extend_from_slice(&node.parts),
                _ => parts.push(id),
            }
        }
        parts.sort_unstable();
        parts.dedup();
        if let [only] = parts.as_slice() {
            return *only;
        }
        let sums = self.sums.pin();
        let parts = parts.into_boxed_slice();
        let make = || self.push(TreeNode { parts: parts.clone(), ..TreeNode::default() });
        *sums.get_or_insert_with(parts.clone(), make)
    }

    /// Adds a node that was saved, with so many items below it. Gives its [size](TreeNode::size).
    pub(super) fn load(&self, mut node: TreeNode, below: u32) -> u32 {
        node.parts.sort_unstable();
        let id = self.put(node, below);
        let node = self.node(id);
        if node.is_sum {
            self.sums.pin().insert(node.parts.clone(), id);
        }
        node.size
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
        let known = self.branches.get(link.place);
        let node = match known {
            Some(known) => known,
            None => {
                // Nothing where others are at work.
                let spare = self.spare().take().unwrap_or_default();
                let mut walk = Walk::new(reader, vocabulary, spare);
                walk.read(link.place)?;
                let (node, spare) = walk.finish(self);
                *self.spare() = spare;
                self.branches.put_first(link.place, node)
            }
        };
        Ok(*link.node.get_or_init(|| node))
    }

    /// Adds a node, after those that it refers to.
    pub(super) fn push(&self, node: TreeNode) -> u32 {
        let below = node.edges.iter().map(|edge| &edge.1).chain(&node.parts);
        let below = below.map(|child| self.node(*child).size).fold(0, u32::saturating_add);
        self.put(node, below)
    }

    fn put(&self, mut node: TreeNode, below: u32) -> u32 {
        node.size = match node.links.is_empty() {
            true => below.saturating_add(node.items() as u32),
            false => u32::MAX,
        };
        let has_own =
            |node: &TreeNode| node.items() > node.links.len() || !node.becoming.is_empty();
        node.is_sum = !node.parts.is_empty()
            && node.items() == node.parts.len()
            && node.becoming.is_empty()
            && node.parts.iter().all(|part| has_own(self.node(*part)));
        let bytes = 128
            + node.becoming.len() * 16
            + (node.groups.len() + node.edges.len()) * 8
            + node.links.len() * 24
            + node.parts.len() * 4;
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        u32::try_from(self.nodes.push(node)).expect("invariant: bounded by Limits::automaton_bytes")
    }

    fn push_tokens(&self, mut list: Vec<u32>, words: usize) -> u32 {
        // Many tokens are sorted faster by setting their bits.
        if list.len() > words / 4 {
            let mut bits = vec![0; words];
            for token in list {
                bits[token as usize / 32] |= 1 << (token % 32);
            }
            return self.push_bits(bits);
        }
        list.sort_unstable();
        list.dedup();
        self.tokens.add(Tokens::List(list.into()))
    }

    fn push_bits(&self, bits: Vec<u32>) -> u32 {
        let count: usize = bits.iter().map(|word| word.count_ones() as usize).sum();
        if count > bits.len() {
            return self.tokens.add(Tokens::Bits(bits.into()));
        }
        let mut list = Vec::with_capacity(count);
        for (at, mut word) in bits.into_iter().enumerate() {
            while word != 0 {
                list.push(at as u32 * 32 + word.trailing_zeros());
                word &= word - 1;
            }
        }
        self.tokens.add(Tokens::List(list.into()))
    }
}
