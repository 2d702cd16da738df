//! Terminal-sequence trees as bytes. A node is written after its children, so that reading it finds no cycle.

use rustc_hash::FxHashMap;

use super::super::tree::{Group, Place, Tokens, TreeNode, TreeTable};
use crate::{
    TerminalId, TokenId, Vocabulary,
    codec::{Malformed, Reader, Writer},
    lexer::ConfigId,
};

/// Trees as they are at one moment, and the configurations that they name, numbered.
pub(in super::super) struct Collected<'a> {
    tokens: Vec<&'a Tokens>,
    nodes: Vec<&'a TreeNode>,
    roots: Vec<(ConfigId, u32)>,
    branches: Vec<(Place, u32)>,
    configs: Vec<ConfigId>,
    numbers: FxHashMap<ConfigId, u32>,
}

impl TreeTable {
    /// What there is now.
    pub(super) fn collect(&self) -> Collected<'_> {
        let tokens: Vec<&Tokens> = (0..).map_while(|i| self.tokens.find(i)).collect();
        let nodes: Vec<&TreeNode> = (0..)
            .map_while(|i| self.nodes.get(i))
            .take_while(|node| node.groups.iter().all(|g| (g.tokens as usize) < tokens.len()))
            .collect();
        let there = |node: u32| (node as usize) < nodes.len();
        let mut roots: Vec<(ConfigId, u32)> =
            self.roots.pin().iter().map(|(k, v)| (*k, *v)).filter(|r| there(r.1)).collect();
        roots.sort_unstable();
        let mut branches: Vec<(Place, u32)> =
            self.branches.pin().iter().map(|(k, v)| (*k, *v)).filter(|b| there(b.1)).collect();
        branches.sort_unstable();
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
        let numbers = configs.iter().enumerate().map(|(i, config)| (*config, i as u32)).collect();
        Collected { tokens, nodes, roots, branches, configs, numbers }
    }

    /// Reads what was written into an empty table; gives the sets of tokens by the file's numbers.
    pub(super) fn load(
        &self,
        configs: &[ConfigId],
        terminals: usize,
        vocabulary: &Vocabulary,
        from: &mut Reader<'_>,
        limit: usize,
    ) -> Result<Vec<u32>, Malformed> {
        let mut sets = Vec::new();
        let words = vocabulary.words();
        let text = text(vocabulary);
        for _ in 0..from.count(1)? {
            let tokens = match from.below(2)? {
                0 => {
                    let list = from.ascending(vocabulary.len())?;
                    if list.iter().any(|t| text[*t as usize / 32] >> (t % 32) & 1 == 0) {
                        return Err(Malformed("a token is no text"));
                    }
                    Tokens::List(list.into())
                }
                _ => {
                    let bytes = from.raw(words.saturating_mul(4))?;
                    let bits: Box<[u32]> = bytes
                        .chunks_exact(4)
                        .map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
                        .collect();
                    if bits.iter().zip(&text).any(|(bits, text)| bits & !text != 0) {
                        return Err(Malformed("a token is no text"));
                    }
                    Tokens::Bits(bits)
                }
            };
            sets.push(self.add_tokens(tokens));
            Malformed::beyond(limit, self.bytes())?;
        }
        let config = |from: &mut Reader<'_>| Ok(configs[from.below(configs.len())? as usize]);
        let place = |from: &mut Reader<'_>| {
            let trie = from.below(vocabulary.trie().len())?;
            Ok(Place { trie, config: config(from)? })
        };
        // The first place of the trie that a node or one below it links to. What a place leads to must link to places
        // after it only, so that nobody goes round in circles.
        let mut first: Vec<u32> = Vec::new();
        for number in 0..from.count(3)? {
            let mut node = TreeNode::default();
            let mut groups = Vec::new();
            for _ in 0..from.count(2)? {
                let config = config(from)?;
                let tokens = sets[from.below(sets.len())? as usize];
                groups.push(Group { config, tokens });
            }
            let (mut edges, mut links, mut parts) = (Vec::new(), Vec::new(), Vec::new());
            let mut least = u32::MAX;
            for _ in 0..from.count(2)? {
                let terminal = TerminalId(from.below(terminals)?);
                let child = from.below(number)?;
                least = least.min(first[child as usize]);
                edges.push((terminal, child));
            }
            for _ in 0..from.count(2)? {
                let place: Place = place(from)?;
                least = least.min(place.trie);
                links.push(place.link());
            }
            for _ in 0..from.count(1)? {
                let part = from.below(number)?;
                least = least.min(first[part as usize]);
                parts.push(part);
            }
            node.groups = groups.into();
            node.edges = edges.into();
            node.links = links.into();
            node.parts = parts.into();
            self.push(node);
            first.push(least);
            Malformed::beyond(limit, self.bytes())?;
        }
        for _ in 0..from.count(2)? {
            let config = config(from)?;
            let node = from.below(first.len())?;
            self.roots.pin().insert(config, node);
        }
        for _ in 0..from.count(3)? {
            let place: Place = place(from)?;
            let node = from.below(first.len())?;
            if first[node as usize] <= place.trie {
                return Err(Malformed("a link leads back"));
            }
            self.branches.pin().insert(place, node);
        }
        Ok(sets)
    }
}

impl Collected<'_> {
    /// Number of nodes.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The configurations named.
    pub(super) fn configs(&self) -> &[ConfigId] {
        &self.configs
    }

    /// Writes the trees.
    pub(super) fn save(&self, out: &mut Writer) {
        out.count(self.tokens.len());
        for tokens in &self.tokens {
            match tokens {
                Tokens::List(list) => {
                    out.number(0);
                    out.ascending(list);
                }
                Tokens::Bits(bits) => {
                    out.number(1);
                    for word in bits {
                        out.raw(&word.to_le_bytes());
                    }
                }
            }
        }
        out.count(self.nodes.len());
        for node in &self.nodes {
            out.count(node.groups.len());
            for group in &node.groups {
                out.number(self.numbers[&group.config]);
                out.number(group.tokens);
            }
            out.count(node.edges.len());
            for (terminal, child) in &node.edges {
                out.number(terminal.0);
                out.number(*child);
            }
            out.count(node.links.len());
            for link in &node.links {
                self.place(link.place, out);
            }
            out.count(node.parts.len());
            for part in &node.parts {
                out.number(*part);
            }
        }
        out.count(self.roots.len());
        for (config, node) in &self.roots {
            out.number(self.numbers[config]);
            out.number(*node);
        }
        out.count(self.branches.len());
        for (place, node) in &self.branches {
            self.place(*place, out);
            out.number(*node);
        }
    }

    fn place(&self, place: Place, out: &mut Writer) {
        out.number(place.trie);
        out.number(self.numbers[&place.config]);
    }
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
