//! The parser's part of a mask: which groups of a tree are allowed on a stack.
//!
//! Results are memoised per tree node, by the *shallowest truncation of the stack that suffices*: what follows an opening
//! bracket is computed once, at any depth, and only closings look further down.

use crate::{
    Vocabulary,
    intern::Interner,
    lexer::ConfigId,
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
    /// The first truncation of it that is worth looking at.
    base: usize,
    /// The truncation on which the next edge, link or part is looked at. Each begins with the first one: what suffices
    /// there is then the same for all stacks that look so from above, however deep others must look.
    at: usize,
    /// The deepest truncation that was needed so far.
    deepest: usize,
    /// Next edge, link or part; `None` before anything was looked at.
    cursor: Option<usize>,
    groups: Vec<u32>,
}

impl Frame {
    fn new(reader: Reader<'_>, node: u32, whole: SetId) -> Self {
        let base = reader.shallowest(whole);
        Self { node, whole, base, at: base, deepest: base, cursor: None, groups: Vec::new() }
    }

    /// A truncation; `None` if there is none deeper than those before it.
    fn truncation(&self, reader: Reader<'_>, index: usize) -> Option<SetId> {
        let stacks = &reader.tables.stacks;
        let is_new = index <= self.base || stacks.truncate(self.whole, index - 1) != self.whole;
        (index < TRUNCATIONS && is_new).then(|| stacks.truncate(self.whole, index))
    }
}

/// What to do next.
enum Next {
    /// This frame has a result, or needs more than its whole stack.
    Return(u32),
    /// A child must be evaluated first.
    Call(u32, SetId),
}

impl GrammarGeneration {
    /// The list of groups that are allowed at a tree node on a stack. The work-list's depth is the number of lexemes in the
    /// longest token. What searches took of the reader's allowance counts.
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
        let begin =
            |node, set| Frame::new(reader, self.trees.answering(reader, vocabulary, node), set);
        let mut frames = vec![begin(node, set)];
        let mut returned = None;
        while let Some(frame) = frames.last_mut() {
            steps += 1;
            let made = stacks.len().saturating_sub(nodes) as u64;
            if steps + made * NODE > reader.allowance.left() {
                return Err(StepError::Limit { limit });
            }
            match self.run(reader, vocabulary, frame, returned.take())? {
                Next::Return(list) => {
                    returned = Some(list);
                    frames.pop();
                }
                Next::Call(node, set) => frames.push(begin(node, set)),
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
        let mut cursor = match (frame.cursor, returned) {
            (Some(cursor), Some(DEEPER)) => {
                frame.at += 1;
                cursor
            }
            (Some(cursor), Some(list)) => {
                frame.groups.extend_from_slice(self.results.list(list));
                frame.at = frame.base;
                cursor + 1
            }
            _ => match self.begin(reader, frame, node)? {
                Some(list) => return Ok(Next::Return(list)),
                None => 0,
            },
        };
        let edges = node.edges.len();
        let links = edges + node.links.len();
        while cursor < links + node.parts.len() {
            let Some(set) = frame.truncation(reader, frame.at) else {
                return Ok(Next::Return(self.finish(reader, frame, DEEPER)));
            };
            frame.deepest = frame.deepest.max(frame.at);
            frame.cursor = Some(cursor);
            if let Some(&(terminal, child)) = node.edges.get(cursor) {
                let set = reader.advance(set, terminal);
                if set != SetId::DEAD {
                    return Ok(Next::Call(child, set));
                }
            } else if let Some(link) = node.links.get(cursor - edges) {
                match alive(reader, link.place.config, set)? {
                    None => {
                        frame.at += 1;
                        continue;
                    }
                    Some(false) => {}
                    Some(true) => {
                        let tree = self.trees.follow(reader, vocabulary, link)?;
                        return Ok(Next::Call(tree, set));
                    }
                }
            } else {
                return Ok(Next::Call(node.parts[cursor - links], set));
            }
            cursor += 1;
            frame.at = frame.base;
        }
        frame.groups.sort_unstable();
        frame.groups.dedup();
        let list = self.results.list_of(&frame.groups);
        Ok(Next::Return(self.finish(reader, frame, list)))
    }

    /// Keeps a frame's result, or that even its whole stack does not suffice.
    fn finish(&self, reader: Reader<'_>, frame: &Frame, list: u32) -> u32 {
        let last = frame.truncation(reader, frame.deepest).unwrap_or(frame.whole);
        for index in frame.base..frame.deepest {
            match frame.truncation(reader, index) {
                Some(set) if set != last => self.results.store(frame.node, set, DEEPER),
                _ => {}
            }
        }
        self.results.store(frame.node, last, list);
        list
    }

    /// Looks for a result; without one, judges the node's own groups. `Some` if that settles the frame.
    ///
    /// # Errors
    /// The limit on the work of one step.
    fn begin(
        &self,
        reader: Reader<'_>,
        frame: &mut Frame,
        node: &TreeNode,
    ) -> Result<Option<u32>, StepError> {
        let mut index = frame.base;
        loop {
            let Some(set) = frame.truncation(reader, index) else { return Ok(Some(DEEPER)) };
            match self.results.find(frame.node, set) {
                Some(DEEPER) => index += 1,
                Some(list) => return Ok(Some(list)),
                None => break,
            }
        }
        let closure = frame.truncation(reader, frame.base).map(|set| reader.closure(set));
        let Some(closure) = closure.filter(|closure| !closure.open) else {
            return Ok(Some(DEEPER));
        };
        frame.groups.extend(node.allowed(closure));
        for group in &node.groups {
            let mut index = frame.base;
            let is_allowed = loop {
                let Some(set) = frame.truncation(reader, index) else {
                    return Ok(Some(self.finish(reader, frame, DEEPER)));
                };
                frame.deepest = frame.deepest.max(index);
                match alive(reader, group.config, set)? {
                    None => index += 1,
                    Some(is_allowed) => break is_allowed,
                }
            };
            if is_allowed {
                frame.groups.push(group.tokens);
            }
        }
        Ok(None)
    }
}

/// Whether what has been read can become a sentence; `None` if that depends on what is unknown of the stack.
///
/// # Errors
/// The limit on the work of one step: nothing that was found then may be kept.
fn alive(reader: Reader<'_>, config: ConfigId, set: SetId) -> Result<Option<bool>, StepError> {
    match (reader.alive(config, set), reader.allowance.left()) {
        (_, 0) => Err(StepError::Limit { limit: reader.grammar.limits().step_work }),
        (found, _) => Ok(found),
    }
}
