//! Terminal-sequence trees as bytes. A node is written after its children, so that reading it finds no cycle.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use super::super::tree::{Group, Link, Tokens, TreeNode, TreeTable};
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
    branches: Vec<((u8, ConfigId), u32)>,
    configs: Vec<ConfigId>,
    numbers: FxHashMap<ConfigId, u32>,
}

impl TreeTable {
    /// What there is now.
    pub(super) fn collect(&self) -> Collected<'_> {
        let tokens: Vec<&Tokens> = (0..).map_while(|i| self.tokens.get(i)).collect();
        let nodes: Vec<&TreeNode> = (0..)
            .map_while(|i| self.nodes.get(i))
            .take_while(|node| node.groups.iter().all(|g| (g.tokens as usize) < tokens.len()))
            .collect();
        let there = |node: u32| (node as usize) < nodes.len();
        let mut roots: Vec<(ConfigId, u32)> =
            self.roots.pin().iter().map(|(k, v)| (*k, *v)).filter(|r| there(r.1)).collect();
        roots.sort_unstable();
        let mut branches: Vec<((u8, ConfigId), u32)> =
            self.branches.pin().iter().map(|(k, v)| (*k, *v)).filter(|b| there(b.1)).collect();
        branches.sort_unstable();
        let mut configs: Vec<ConfigId> = nodes
            .iter()
            .flat_map(|node| {
                let groups = node.groups.iter().map(|group| group.config);
                groups.chain(node.links.iter().map(|link| link.config))
            })
            .chain(roots.iter().map(|root| root.0))
            .chain(branches.iter().map(|branch| branch.0.1))
            .collect();
        configs.sort_unstable();
        configs.dedup();
        let numbers = configs.iter().enumerate().map(|(i, config)| (*config, i as u32)).collect();
        Collected { tokens, nodes, roots, branches, configs, numbers }
    }

    /// Number of groups of tokens.
    pub(super) fn groups(&self) -> usize {
        self.tokens.count()
    }

    /// Reads what was written into an empty table.
    pub(super) fn load(
        &self,
        configs: &[ConfigId],
        terminals: usize,
        vocabulary: &Vocabulary,
        from: &mut Reader<'_>,
        limit: usize,
    ) -> Result<(), Malformed> {
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
            self.add_tokens(tokens);
            Malformed::beyond(limit, self.bytes())?;
        }
        let begins = first_bytes(vocabulary);
        let config = |from: &mut Reader<'_>| Ok(configs[from.below(configs.len())? as usize]);
        // Whether a node or one below it has links: a link may lead to a tree without links only.
        let mut linked: Vec<bool> = Vec::new();
        let mut targets: Vec<u32> = Vec::new();
        for number in 0..from.count(3)? {
            let mut node = TreeNode::default();
            let mut groups = Vec::new();
            for _ in 0..from.count(2)? {
                let config = config(from)?;
                groups.push(Group { config, tokens: from.below(self.groups())? });
            }
            let (mut edges, mut has_links) = (Vec::new(), false);
            for _ in 0..from.count(2)? {
                let terminal = TerminalId(from.below(terminals)?);
                let child = from.below(number)?;
                has_links |= linked[child as usize];
                edges.push((terminal, child));
            }
            let mut links = Vec::new();
            for _ in 0..from.count(3)? {
                let byte = from.below(256)? as u8;
                if !begins[usize::from(byte)] {
                    return Err(Malformed("no token begins so"));
                }
                let config = config(from)?;
                let target = from.number()?.checked_sub(1);
                has_links = true;
                targets.extend(target);
                let node = target.map_or_else(OnceLock::new, OnceLock::from);
                links.push(Link { byte, config, node });
            }
            node.groups = groups.into();
            node.edges = edges.into();
            node.links = links.into();
            self.push(node);
            linked.push(has_links);
            Malformed::beyond(limit, self.bytes())?;
        }
        let plain = |node: u32| match linked.get(node as usize) {
            Some(false) => Ok(node),
            _ => Err(Malformed("a link leads to no plain tree")),
        };
        for target in targets {
            plain(target)?;
        }
        for _ in 0..from.count(2)? {
            let config = config(from)?;
            let node = from.below(linked.len())?;
            self.roots.pin().insert(config, node);
        }
        for _ in 0..from.count(3)? {
            let byte = from.below(256)? as u8;
            let config = config(from)?;
            let node = plain(from.number()?)?;
            self.branches.pin().insert((byte, config), node);
        }
        Ok(())
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
                out.number(u32::from(link.byte));
                out.number(self.numbers[&link.config]);
                let target = link.node.get().filter(|node| (**node as usize) < self.nodes.len());
                out.number(target.map_or(0, |node| node + 1));
            }
        }
        out.count(self.roots.len());
        for (config, node) in &self.roots {
            out.number(self.numbers[config]);
            out.number(*node);
        }
        out.count(self.branches.len());
        for ((byte, config), node) in &self.branches {
            out.number(u32::from(*byte));
            out.number(self.numbers[config]);
            out.number(*node);
        }
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

/// The bytes that tokens begin with.
fn first_bytes(vocabulary: &Vocabulary) -> [bool; 256] {
    let trie = vocabulary.trie();
    let mut begins = [false; 256];
    let mut at = 0;
    while at < trie.len() {
        begins[usize::from(trie.byte(at))] = true;
        at = trie.skip(at);
    }
    begins
}
