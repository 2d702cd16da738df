//! What a pattern says: the syntax tree of a regular expression, in an arena.

use std::collections::BTreeMap;

use super::class::CharSet;

/// A node's place in [`Syntax::nodes`].
pub(super) type NodeId = u32;

/// A regular expression. Children have smaller ids than their parents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// The empty text.
    Empty,
    /// One character of a set, by its place in [`Syntax::classes`].
    Class(u32),
    /// One after the other.
    Sequence(Box<[NodeId]>),
    /// One of these.
    Choice(Box<[NodeId]>),
    /// So many times.
    Repeat { node: NodeId, min: u32, max: Option<u32> },
    /// The text begins here.
    Start,
    /// The text ends here.
    End,
    /// A word begins or ends here, or (negated) does not.
    Boundary { negated: bool },
    /// What follows begins like this, or (negated) does not.
    Ahead { node: NodeId, negated: bool },
}

/// A parsed pattern.
#[derive(Clone, Debug)]
pub(super) struct Syntax {
    pub(super) nodes: Vec<Node>,
    pub(super) classes: Vec<CharSet>,
    ids: BTreeMap<Vec<(u32, u32)>, u32>,
    pub(super) root: NodeId,
}

impl Syntax {
    /// The empty text's.
    pub(super) fn new() -> Self {
        Self { nodes: vec![Node::Empty], classes: Vec::new(), ids: BTreeMap::new(), root: 0 }
    }

    /// A new node.
    pub(super) fn push(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        (self.nodes.len() - 1) as NodeId
    }

    /// A node that reads one character.
    pub(super) fn class(&mut self, set: CharSet) -> NodeId {
        let id = self.class_id(set);
        self.push(Node::Class(id))
    }

    /// The id of a set.
    pub(super) fn class_id(&mut self, set: CharSet) -> u32 {
        match self.ids.get(set.ranges()) {
            Some(id) => *id,
            None => {
                let id = self.classes.len() as u32;
                self.ids.insert(set.ranges().to_vec(), id);
                self.classes.push(set);
                id
            }
        }
    }

    /// Nodes in a row.
    pub(super) fn sequence(&mut self, parts: Vec<NodeId>) -> NodeId {
        match parts.as_slice() {
            [] => 0,
            [one] => *one,
            _ => self.push(Node::Sequence(parts.into())),
        }
    }

    /// Nodes to choose from.
    pub(super) fn choice(&mut self, parts: Vec<NodeId>) -> NodeId {
        if let [one] = parts.as_slice() {
            return *one;
        }
        // Characters to choose from are one class.
        let class = |id: &NodeId| match self.nodes[*id as usize] {
            Node::Class(class) => Some(self.classes[class as usize].ranges()),
            _ => None,
        };
        let classes: Option<Vec<&[(u32, u32)]>> = parts.iter().map(class).collect();
        match classes {
            Some(classes) => {
                let set = CharSet::new(classes.concat());
                self.class(set)
            }
            None => self.push(Node::Choice(parts.into())),
        }
    }

    /// A repetition.
    pub(super) fn repeat(&mut self, node: NodeId, min: u32, max: Option<u32>) -> NodeId {
        match (&self.nodes[node as usize], min, max) {
            (Node::Empty, ..) | (_, 0, Some(0)) => 0,
            (_, 1, Some(1)) => node,
            _ => self.push(Node::Repeat { node, min, max }),
        }
    }

    /// Takes long repetitions of single characters out of a pattern of whole texts: `^ab[c-d]{0,255}$` says as much as
    /// `^ab[c-d]*$` with 2 to 257 characters, if all that stands around the repetition has one length; and so do look-aheads
    /// at the beginning, such as `^(?=.{1,255}$)`. The bounds on the length.
    pub(super) fn counted(&mut self, from: u32) -> (u32, Option<u32>) {
        let (mut least, mut most) = (0, None);
        let Node::Sequence(parts) = &self.nodes[self.root as usize] else { return (least, most) };
        let [first, rest @ ..] = &**parts else { return (least, most) };
        if self.nodes[*first as usize] != Node::Start {
            return (least, most);
        }
        let is_ahead = |id: &&NodeId| matches!(self.nodes[**id as usize], Node::Ahead { .. });
        let aheads = rest.iter().take_while(is_ahead).count();
        let mut bodies: Vec<Box<[NodeId]>> = vec![rest[aheads..].into()];
        for ahead in &rest[..aheads] {
            if let Node::Ahead { node, negated: false } = self.nodes[*ahead as usize]
                && let Node::Sequence(parts) = &self.nodes[node as usize]
            {
                bodies.push(parts.clone());
            }
        }
        for body in bodies {
            if let Some((min, max)) = self.count(&body, from) {
                least = least.max(min);
                most = match (most, max) {
                    (Some(a), Some(b)) => Some(a.min(b)),
                    (a, b) => a.or(b),
                };
            }
        }
        (least, most)
    }

    /// Makes the one long repetition of a sequence that ends with the text an unbounded one. The bounds on the sequence's
    /// length, if that was possible.
    fn count(&mut self, parts: &[NodeId], from: u32) -> Option<(u32, Option<u32>)> {
        let [middle @ .., last] = parts else { return None };
        let node = |id: &NodeId| &self.nodes[*id as usize];
        if *node(last) != Node::End {
            return None;
        }
        let mut fixed = 0u32;
        let mut counted = None;
        for part in middle {
            match *node(part) {
                Node::Class(_) => fixed = fixed.checked_add(1)?,
                Node::Repeat { node: class, min, max }
                    if matches!(self.nodes[class as usize], Node::Class(_)) =>
                {
                    if max == Some(min) && min < from {
                        fixed = fixed.checked_add(min)?;
                    } else if counted.replace((*part, class, min, max)).is_some() {
                        return None;
                    }
                }
                _ => return None,
            }
        }
        let (part, class, min, max) = counted?;
        if max.unwrap_or(min) < from {
            return None;
        }
        let max = match max {
            Some(max) => Some(fixed.checked_add(max)?),
            None => None,
        };
        let min = fixed.checked_add(min)?;
        self.nodes[part as usize] = Node::Repeat { node: class, min: 0, max: None };
        Some((min, max))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Limits, schema::text::parse::parse};

    #[test]
    fn long_repetitions_are_counted() {
        let bounds = |pattern: &str| parse(pattern, &Limits::default()).unwrap().counted(33);
        assert_eq!(bounds("^[a-z]{1,255}$"), (1, Some(255)));
        assert_eq!(bounds("^x[ab]{2}[a-z]{0,100000}$"), (3, Some(100_003)));
        assert_eq!(bounds("^[a-z]{100,}$"), (100, None));
        assert_eq!(bounds("^(?=.{1,255}$)(?!x)[a-z]{40,}$"), (40, Some(255)));
        for none in
            ["^[a-z]{1,9}$", "[a-z]{1,255}$", "^[a-z]{1,255}", "^a*[a-z]{1,255}$", "^(ab){1,255}$"]
        {
            assert_eq!(bounds(none), (0, None), "{none}");
        }
    }
}
