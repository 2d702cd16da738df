//! Trees that were asked about often, without links: what many small trees have in common is then looked at once.
//!
//! Small trees are quickly built and shared by many configurations; but on a stack each of them has to be looked at, and
//! what follows a name is in all of them. The beginning of a lexeme, met at every second token, is worth being one tree.

use std::sync::atomic::Ordering;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Becoming, Group, Place, TokenSet, TreeNode, TreeTable};
use crate::{TerminalId, Vocabulary, automaton::StepError, recognizer::Reader};

/// Questions after which a node is made whole. Making one costs what a few answers cost.
const OFTEN: u32 = 64;

/// A node being made of others.
struct Draft {
    nodes: Vec<u32>,
    edges: Vec<(TerminalId, Child)>,
}

#[derive(Clone, Copy)]
enum Child {
    Draft(usize),
    Node(u32),
}

impl TreeTable {
    /// The node that answers for this one: itself, or what it was made when it was asked often.
    pub(in crate::automaton) fn answering(
        &self,
        reader: Reader<'_>,
        vocabulary: &Vocabulary,
        id: u32,
    ) -> u32 {
        let node = self.node(id);
        if node.links.is_empty() && (node.parts.is_empty() || node.is_sum) {
            return id;
        }
        if let Some(whole) = node.whole() {
            return whole;
        }
        let asked = node.asked.load(Ordering::Relaxed);
        if asked < OFTEN {
            node.asked.store(asked + 1, Ordering::Relaxed);
        }
        if asked != OFTEN {
            return id;
        }
        // A tree over the limit that no parser has allowed the way to yet must not matter: the node stays as it is then.
        let whole = self.merge(reader, vocabulary, id).unwrap_or(id);
        *node.whole.get_or_init(|| whole)
    }

    /// One node of a node, its parts, and the trees it links to; children after the same terminal are merged likewise. Cost:
    /// their nodes and tokens.
    ///
    /// # Errors
    /// The limit on the work of one step, for a tree that is linked to.
    fn merge(
        &self,
        reader: Reader<'_>,
        vocabulary: &Vocabulary,
        id: u32,
    ) -> Result<u32, StepError> {
        let mut nodes = vec![id];
        let mut at = 0;
        while let Some(&id) = nodes.get(at) {
            let node = self.node(id);
            for link in &node.links {
                nodes.push(self.follow(reader, vocabulary, link)?);
            }
            nodes.extend(node.parts.iter().map(|part| self.node(*part).whole().unwrap_or(*part)));
            at += 1;
        }
        let mut drafts = vec![Draft { nodes, edges: Vec::new() }];
        let mut at = 0;
        while at < drafts.len() {
            self.spread(&mut drafts, at);
            at += 1;
        }
        let mut ids = vec![0; drafts.len()];
        // A child is always made after its parent.
        for (i, draft) in drafts.iter().enumerate().rev() {
            let edges = draft.edges.iter().map(|&(terminal, child)| match child {
                Child::Draft(child) => (terminal, ids[child]),
                Child::Node(node) => (terminal, node),
            });
            let edges = edges.collect();
            let (becoming, groups) = (self.becoming(draft, vocabulary), self.groups(draft));
            // The first one's links have been followed.
            let links = if i == 0 { Vec::new() } else { self.places(draft) };
            let links = links.into_iter().map(Place::link).collect();
            let node = TreeNode { becoming, groups, edges, links, ..TreeNode::default() };
            let key = draft.nodes.as_slice().into();
            ids[i] = match i {
                0 => self.push(node),
                _ => *self.merged.pin().get_or_insert_with(key, || self.push(node)),
            };
        }
        Ok(ids[0])
    }

    /// Gives a draft its edges, and its children as new drafts.
    fn spread(&self, drafts: &mut Vec<Draft>, at: usize) {
        let mut children: FxHashMap<TerminalId, Vec<u32>> = FxHashMap::default();
        let mut edges = Vec::new();
        for &id in &drafts[at].nodes {
            for &(terminal, child) in &self.node(id).edges {
                // Where a lexeme ended before the token there is a beginning, which is shared as it is.
                if self.node(child).parts.is_empty() {
                    children.entry(terminal).or_default().push(child);
                } else {
                    edges.push((terminal, Child::Node(child)));
                }
            }
        }
        for (terminal, mut nodes) in children {
            nodes.sort_unstable();
            nodes.dedup();
            edges.push(match nodes.as_slice() {
                [node] => (terminal, Child::Node(*node)),
                _ => match self.merged.pin().get(nodes.as_slice()) {
                    Some(known) => (terminal, Child::Node(*known)),
                    None => {
                        drafts.push(Draft { nodes, edges: Vec::new() });
                        (terminal, Child::Draft(drafts.len() - 1))
                    }
                },
            });
        }
        edges.sort_by_key(|(terminal, _)| *terminal);
        drafts[at].edges = edges;
    }

    fn becoming(&self, draft: &Draft, vocabulary: &Vocabulary) -> Box<[Becoming]> {
        let mut entries: FxHashMap<TerminalId, (Option<TerminalId>, Vec<u32>)> =
            FxHashMap::default();
        for &id in &draft.nodes {
            for entry in &self.node(id).becoming {
                let (within, sets) =
                    entries.entry(entry.terminal).or_insert((entry.within, Vec::new()));
                if *within != entry.within {
                    *within = None;
                }
                sets.push(entry.tokens);
            }
        }
        // Many terminals, the kinds of names, have the same tokens.
        let mut known: FxHashMap<Vec<u32>, u32> = FxHashMap::default();
        let entries = entries.into_iter().map(|(terminal, (within, mut sets))| {
            sets.sort_unstable();
            sets.dedup();
            let tokens = match sets.as_slice() {
                [tokens] => *tokens,
                _ => match known.get(&sets) {
                    Some(tokens) => *tokens,
                    None => {
                        let tokens = self.union(&sets, vocabulary.words());
                        known.insert(sets, tokens);
                        tokens
                    }
                },
            };
            Becoming { terminal, within, tokens }
        });
        let mut entries: Vec<Becoming> = entries.collect();
        entries.sort_unstable_by_key(|entry| entry.terminal);
        entries.into()
    }

    fn union(&self, sets: &[u32], words: usize) -> u32 {
        let mut list = Vec::new();
        for &set in sets {
            match self.tokens.get(set) {
                TokenSet::List(more) if list.len() + more.len() <= words / 16 => {
                    list.extend_from_slice(more);
                }
                _ => {
                    list.clear();
                    break;
                }
            }
        }
        if !list.is_empty() {
            return self.push_tokens(list, words);
        }
        let mut bits = vec![0; words];
        sets.iter().for_each(|set| self.tokens.get(*set).add_to(&mut bits));
        self.push_bits(bits)
    }

    fn groups(&self, draft: &Draft) -> Box<[Group]> {
        let mut seen = FxHashSet::default();
        let groups = draft.nodes.iter().flat_map(|id| self.node(*id).groups.iter().copied());
        groups.filter(|group| seen.insert((group.config, group.tokens))).collect()
    }

    fn places(&self, draft: &Draft) -> Vec<Place> {
        let links = draft.nodes.iter().flat_map(|id| &self.node(*id).links);
        let mut places: Vec<Place> = links.map(|link| link.place).collect();
        places.sort_unstable();
        places.dedup();
        places
    }
}
