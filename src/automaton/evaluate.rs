//! The parser's part of a mask: which groups of a tree are allowed on a stack.
//!
//! Results are memoised per tree node, by the *shallowest truncation of the stack that suffices*: what follows an opening
//! bracket is computed once, at any depth, and only closings look further down.

use crate::{
    Vocabulary,
    intern::Interner,
    parser::{SetId, TRUNCATIONS},
    recognizer::Reader,
};

use super::{StepError, grammar::GrammarGeneration, tree::TreeNode};

/// Memoised results; each is a list of token groups, ascending, interned.
#[derive(Debug)]
pub(super) struct Results {
    lists: Interner<Box<[u32]>, Box<[u32]>>,
    /// (tree node, stack) -> list; [`DEEPER`] if more of the stack is needed.
    pub(super) known: papaya::HashMap<(u32, SetId), u32, rustc_hash::FxBuildHasher>,
}

/// The stack was cut too short for an answer.
pub(super) const DEEPER: u32 = u32::MAX;

impl Results {
    pub(super) fn new() -> Self {
        let known = papaya::HashMap::with_hasher(rustc_hash::FxBuildHasher);
        Self { lists: Interner::new(), known }
    }

    pub(super) fn list(&self, id: u32) -> &[u32] {
        self.lists.get(id)
    }

    pub(super) fn list_of(&self, groups: &[u32]) -> u32 {
        self.lists.intern(groups, || (groups.into(), groups.len() * 8))
    }

    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.lists.bytes() + self.known.len() * 40
    }

    fn find(&self, node: u32, set: SetId) -> Option<u32> {
        self.known.pin().get(&(node, set)).copied()
    }

    pub(super) fn store(&self, node: u32, set: SetId, list: u32) {
        self.known.pin().insert((node, set), list);
    }
}

/// A tree node being evaluated on a stack.
struct Frame {
    node: u32,
    /// The stack asked about.
    whole: SetId,
    /// Which truncation of it is looked at, and that truncation.
    index: usize,
    set: SetId,
    /// Next edge or link; `None` before the truncation was looked at.
    cursor: Option<usize>,
    groups: Vec<u32>,
}

impl Frame {
    fn new(reader: Reader<'_>, node: u32, whole: SetId) -> Self {
        let index = reader.shallowest(whole);
        Self { node, whole, index, set: SetId::DEAD, cursor: None, groups: Vec::new() }
    }
}

/// What to do next.
enum Next {
    /// This frame has a result, or needs more than its whole stack.
    Return(u32),
    /// A child must be evaluated first.
    Call(u32, SetId),
    /// The truncation did not suffice.
    Deepen,
}

impl GrammarGeneration {
    /// The list of groups that are allowed at a tree node on a stack. The work-list's depth is the number of lexemes in the
    /// longest token.
    ///
    /// # Errors
    /// The limit on the work of one step.
    pub(super) fn evaluate(
        &self,
        reader: Reader<'_>,
        vocabulary: &Vocabulary,
        node: u32,
        set: SetId,
    ) -> Result<u32, StepError> {
        /// Steps that a new stack node counts for: it takes some hundred bytes, and very ambiguous grammars make many.
        const NODE: u64 = 64;
        let limit = reader.grammar.limits().step_work;
        let stacks = &reader.tables.stacks;
        let (nodes, mut steps) = (stacks.len(), 0);
        let mut frames = vec![Frame::new(reader, node, set)];
        let mut returned = None;
        while let Some(frame) = frames.last_mut() {
            steps += 1;
            if steps + stacks.len().saturating_sub(nodes) as u64 * NODE > limit {
                return Err(StepError::Limit { limit });
            }
            match self.run(reader, vocabulary, frame, returned.take())? {
                Next::Return(list) => {
                    returned = Some(list);
                    frames.pop();
                }
                Next::Call(node, set) => frames.push(Frame::new(reader, node, set)),
                Next::Deepen => {
                    self.results.store(frame.node, frame.set, DEEPER);
                    frame.cursor = None;
                    frame.index += 1;
                }
            }
        }
        match returned {
            Some(list) if list != DEEPER => Ok(list),
            // Only a truncated stack can be too short, and a sequence stands on a whole one.
            _ => unreachable!("invariant: a whole stack always suffices"),
        }
    }

    fn run(
        &self,
        reader: Reader<'_>,
        vocabulary: &Vocabulary,
        frame: &mut Frame,
        returned: Option<u32>,
    ) -> Result<Next, StepError> {
        let node = self.trees.node(frame.node);
        let start = match (frame.cursor, returned) {
            (Some(_), Some(DEEPER)) => return Ok(Next::Deepen),
            (Some(cursor), Some(list)) => {
                frame.groups.extend_from_slice(self.results.list(list));
                cursor
            }
            _ => match self.begin(reader, frame, node) {
                Some(next) => return Ok(next),
                None => 0,
            },
        };
        let edges = node.edges.len();
        for (i, &(terminal, child)) in node.edges.iter().enumerate().skip(start) {
            let set = reader.advance(frame.set, terminal);
            if set != SetId::DEAD {
                frame.cursor = Some(i + 1);
                return Ok(Next::Call(child, set));
            }
        }
        for (i, link) in node.links.iter().enumerate().skip(start.saturating_sub(edges)) {
            match reader.alive(link.config, frame.set) {
                None => return Ok(Next::Deepen),
                Some(false) => {}
                Some(true) => {
                    frame.cursor = Some(edges + i + 1);
                    let tree = self.trees.follow(reader, vocabulary, link)?;
                    return Ok(Next::Call(tree, frame.set));
                }
            }
        }
        frame.groups.sort_unstable();
        frame.groups.dedup();
        let list = self.results.list_of(&frame.groups);
        self.results.store(frame.node, frame.set, list);
        Ok(Next::Return(list))
    }

    /// Chooses the truncation to look at and judges the node's own groups on it. `Some` if that settles the frame.
    fn begin(&self, reader: Reader<'_>, frame: &mut Frame, node: &TreeNode) -> Option<Next> {
        loop {
            let previous = frame.set;
            if frame.index >= TRUNCATIONS || (frame.index > 0 && previous == frame.whole) {
                return Some(Next::Return(DEEPER));
            }
            frame.set = reader.tables.stacks.truncate(frame.whole, frame.index);
            if frame.index > 0 && frame.set == previous {
                frame.index += 1;
                continue;
            }
            match self.results.find(frame.node, frame.set) {
                Some(DEEPER) => frame.index += 1,
                Some(list) => return Some(Next::Return(list)),
                None => break,
            }
        }
        if reader.closure(frame.set).open {
            return Some(Next::Deepen);
        }
        frame.groups.clear();
        for group in &node.groups {
            match reader.alive(group.config, frame.set) {
                None => return Some(Next::Deepen),
                Some(true) => frame.groups.push(group.tokens),
                Some(false) => {}
            }
        }
        None
    }
}
