//! Terminal-sequence trees as bytes. A node is written after its children, so that reading it finds no cycle.

use rustc_hash::FxHashMap;

use super::super::tree::{Becoming, Group, LoadedSets, Place, TokenSet, TreeNode, TreeTable};
use crate::{
    TerminalId, TokenId, Vocabulary,
    codec::{Malformed, Reader, Writer},
    lexer::{ConfigId, LexTable},
};

/// Trees as they are at one moment, with numbers of their own: nodes after their children, and nodes that others answer for
/// left out.
pub(in super::super) struct Collected<'a> {
    tokens: Vec<TokenSet<'a>>,
    nodes: Vec<&'a TreeNode>,
    /// Node -> its number here.
    numbers: FxHashMap<u32, u32>,
    /// Node that is not written -> the number of the one that answers for it.
    answered: FxHashMap<u32, u32>,
    roots: Vec<(ConfigId, u32)>,
    branches: Vec<(Place, u32)>,
    configs: Vec<ConfigId>,
    config_numbers: FxHashMap<ConfigId, u32>,
}

impl TreeTable {
    /// What there is now that roots and branches lead to, and these nodes.
    pub(super) fn collect(&self, named: Vec<u32>) -> Collected<'_> {
        let tokens: Vec<TokenSet<'_>> = (0..).map_while(|i| self.tokens.find(i)).collect();
        let all: Vec<&TreeNode> = (0..)
            .map_while(|i| self.nodes.get(i))
            .take_while(|node| {
                let sets = node.groups.iter().map(|group| group.tokens);
                let mut sets = sets.chain(node.becoming.iter().map(|entry| entry.tokens));
                sets.all(|set| (set as usize) < tokens.len())
            })
            .collect();
        let there = |node: u32| (node as usize) < all.len();
        let mut roots: Vec<(ConfigId, u32)> =
            self.roots.all().into_iter().filter(|root| there(root.1)).collect();
        roots.sort_unstable();
        let mut branches: Vec<(Place, u32)> =
            self.branches.all().into_iter().filter(|branch| there(branch.1)).collect();
        branches.sort_unstable();
        let answering =
            |node: u32| all[node as usize].whole().filter(|whole| there(*whole)).unwrap_or(node);
        for (_, node) in &mut roots {
            *node = answering(*node);
        }
        for (_, node) in &mut branches {
            *node = answering(*node);
        }
        // Children first; a work-list that meets each node twice.
        let (mut nodes, mut numbers) = (Vec::new(), FxHashMap::default());
        let mut work: Vec<(u32, bool)> = Vec::new();
        let tops = roots.iter().map(|root| root.1).chain(branches.iter().map(|branch| branch.1));
        let named = named.into_iter().filter(|node| there(*node)).map(answering);
        work.extend(tops.chain(named).map(|node| (node, false)));
        while let Some((id, is_left)) = work.pop() {
            if numbers.contains_key(&id) {
                continue;
            }
            let node = all[id as usize];
            if is_left {
                numbers.insert(id, nodes.len() as u32);
                nodes.push(node);
                continue;
            }
            work.push((id, true));
            work.extend(children(node).map(|child| (answering(child), false)));
        }
        let mut answered = FxHashMap::default();
        for (id, node) in (0..).zip(&all) {
            let whole = node.whole().and_then(|whole| numbers.get(&whole).copied());
            if let Some(whole) = whole.filter(|_| !numbers.contains_key(&id)) {
                answered.insert(id, whole);
            }
        }
        let mut configs: Vec<ConfigId> = nodes
            .iter()
            .flat_map(|node| {
                let groups = node.groups.iter().map(|group| group.config);
                groups.chain(node.links.iter().map(|link| link.place.config))
            })
            .chain(roots.iter().map(|root| root.0))
            .chain(branches.iter().map(|branch| branch.0.config))
            .collect();
        configs.sort_unstable();
        configs.dedup();
        let config_numbers =
            configs.iter().enumerate().map(|(i, config)| (*config, i as u32)).collect();
        Collected { tokens, nodes, numbers, answered, roots, branches, configs, config_numbers }
    }

    /// Reads the sets of tokens that were written into an empty table: under the same numbers.
    pub(super) fn load_sets(
        &self,
        vocabulary: &Vocabulary,
        from: &mut Reader<'_>,
        limit: usize,
    ) -> Result<(), Malformed> {
        let words = vocabulary.words();
        let text = text(vocabulary);
        let count = from.count(1)?;
        // What a file promises is believed up to here only.
        let mut loaded = LoadedSets::of(count.min(1 << 15));
        for _ in 0..count {
            let is_bits = from.below(2)? == 1;
            if is_bits {
                let bits = from.raw(words.saturating_mul(4))?.as_chunks().0;
                loaded.numbers().extend(bits.iter().map(|word| u32::from_le_bytes(*word)));
            } else {
                from.ascending_to(vocabulary.len(), loaded.numbers())?;
            }
            let is_text = match loaded.end(is_bits) {
                TokenSet::List(list) => {
                    list.iter().all(|t| text[*t as usize / 32] >> (t % 32) & 1 == 1)
                }
                TokenSet::Bits(bits) => {
                    bits.iter().zip(&text).all(|(bits, text)| bits & !text == 0)
                }
            };
            if !is_text {
                return Err(Malformed("a token is no text"));
            }
            Malformed::beyond(limit, loaded.bytes())?;
        }
        self.tokens.begin_with(loaded);
        from.end()
    }

    /// Reads the nodes that were written into an empty table, for these configurations, so many terminals and sets of tokens.
    pub(super) fn load_nodes(
        &self,
        lex: &LexTable,
        (configs, terminals, sets): (&[ConfigId], usize, usize),
        vocabulary: &Vocabulary,
        from: &mut Reader<'_>,
        limit: usize,
    ) -> Result<(), Malformed> {
        let terminal = |from: &mut Reader<'_>| Ok(TerminalId(from.below(terminals)?));
        let config = |from: &mut Reader<'_>| Ok(configs[from.below(configs.len())? as usize]);
        let place = |from: &mut Reader<'_>| {
            let trie = from.below(vocabulary.trie().len())?;
            Ok(Place { trie, config: config(from)? })
        };
        // The first place of the trie that a node or one below it links to. What a place leads to must link to places
        // after it only, or to the beginning of a lexeme there, so that nobody goes round in circles.
        let rank = |place: &Place| place.trie << 1 | u32::from(lex.is_fresh(place.config));
        let mut first: Vec<u32> = Vec::new();
        let mut sizes: Vec<u32> = Vec::new();
        for number in 0..from.count(5)? {
            let (mut least, mut size) = (u32::MAX, 0u32);
            let becoming = from.list(3, |from| {
                let terminal = terminal(from)?;
                let within = from.below(terminals + 1)?.checked_sub(1).map(TerminalId);
                Ok(Becoming { terminal, within, tokens: from.below(sets)? })
            })?;
            let groups = from.list(2, |from| {
                let config = config(from)?;
                Ok(Group { config, tokens: from.below(sets)? })
            })?;
            let mut below = |from: &mut Reader<'_>| {
                let back = from.below(number)? as usize;
                let node = number - 1 - back;
                least = least.min(first[node]);
                size = size.saturating_add(sizes[node]);
                Ok(node as u32)
            };
            let edges = from.list(2, |from| Ok((terminal(from)?, below(from)?)))?;
            let places = from.list(2, place)?;
            let parts = from.list(1, below)?;
            least = places.iter().map(rank).fold(least, u32::min);
            let links = places.iter().map(|place| place.link()).collect();
            let node = TreeNode::of(becoming, groups, edges, links, parts);
            sizes.push(self.load(node, size));
            first.push(least);
            Malformed::beyond(limit, self.bytes())?;
        }
        for _ in 0..from.count(2)? {
            let config = config(from)?;
            let node = from.below(first.len())?;
            self.roots.put(config, node);
        }
        for _ in 0..from.count(3)? {
            let place: Place = place(from)?;
            let node = from.below(first.len())?;
            if first[node as usize] <= rank(&place) {
                return Err(Malformed("a link leads back"));
            }
            self.branches.put(place, node);
        }
        Ok(())
    }
}

impl Collected<'_> {
    /// The number that a node is written under, or the one that answers for it, if it is.
    pub(super) fn number(&self, node: u32) -> Option<u32> {
        self.numbers.get(&node).or_else(|| self.answered.get(&node)).copied()
    }

    /// Whether a node is written itself.
    pub(super) fn is_written(&self, node: u32) -> bool {
        self.numbers.contains_key(&node)
    }

    /// The configurations named.
    pub(super) fn configs(&self) -> &[ConfigId] {
        &self.configs
    }

    /// Writes the sets of tokens.
    pub(super) fn save_sets(&self, out: &mut Writer) {
        out.count(self.tokens.len());
        for tokens in &self.tokens {
            match tokens {
                TokenSet::List(list) => {
                    out.number(0);
                    out.ascending(list);
                }
                TokenSet::Bits(bits) => {
                    out.number(1);
                    for word in *bits {
                        out.raw(&word.to_le_bytes());
                    }
                }
            }
        }
    }

    /// Writes the nodes.
    pub(super) fn save_nodes(&self, out: &mut Writer) {
        out.count(self.nodes.len());
        for (number, node) in (0..).zip(&self.nodes) {
            // How far back.
            let back = |node: u32| number - 1 - self.written(node);
            out.count(node.becoming.len());
            for entry in &node.becoming {
                out.number(entry.terminal.0);
                out.number(entry.within.map_or(0, |within| within.0 + 1));
                out.number(entry.tokens);
            }
            out.count(node.groups.len());
            for group in &node.groups {
                out.number(self.config_numbers[&group.config]);
                out.number(group.tokens);
            }
            out.count(node.edges.len());
            for (terminal, child) in &node.edges {
                out.number(terminal.0);
                out.number(back(*child));
            }
            out.count(node.links.len());
            for link in &node.links {
                self.place(link.place, out);
            }
            out.count(node.parts.len());
            for part in &node.parts {
                out.number(back(*part));
            }
        }
        out.count(self.roots.len());
        for (config, node) in &self.roots {
            out.number(self.config_numbers[config]);
            out.number(self.written(*node));
        }
        out.count(self.branches.len());
        for (place, node) in &self.branches {
            self.place(*place, out);
            out.number(self.written(*node));
        }
    }

    /// Sets of tokens that are written.
    pub(super) fn sets(&self) -> usize {
        self.tokens.len()
    }

    /// The number of a configuration that is named.
    pub(super) fn config(&self, config: ConfigId) -> Option<u32> {
        self.config_numbers.get(&config).copied()
    }

    /// The number of a node that is written, or answered for.
    pub(super) fn written(&self, node: u32) -> u32 {
        self.number(node).expect("invariant: what a node refers to is written before it")
    }

    fn place(&self, place: Place, out: &mut Writer) {
        out.number(place.trie);
        out.number(self.config_numbers[&place.config]);
    }
}

/// The nodes below a node, links not followed.
fn children(node: &TreeNode) -> impl Iterator<Item = u32> + '_ {
    node.edges.iter().map(|edge| edge.1).chain(node.parts.iter().copied())
}

/// The tokens that a text can reach, as bits.
fn text(vocabulary: &Vocabulary) -> Vec<u32> {
    let mut bits = vec![0u32; vocabulary.words()];
    for token in (0..vocabulary.len()).map(TokenId::new) {
        if !vocabulary.is_special(token) && !vocabulary.bytes(token).is_empty() {
            bits[token.index() / 32] |= 1 << (token.0 % 32);
        }
    }
    bits
}
