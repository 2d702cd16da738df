//! The parser's part of a mask: which groups of a tree are allowed on a stack.
//!
//! Results are memoised per tree node, by the *shallowest truncation of the stack that suffices*: what follows an opening
//! bracket is computed once, at any depth, and only closings look further down. Where a truncation does not suffice, what it
//! settles is kept, and what it leaves open: on another stack that looks alike from above only the rest is looked at. Of small
//! trees nothing is kept.

use crate::{
    Vocabulary,
    bitset::BitSet,
    lexer::ConfigId,
    parser::{SetId, TRUNCATIONS},
    recognizer::Reader,
};

use super::{
    StepError,
    grammar::GrammarGeneration,
    results::{Few, Known, Results},
};

/// Items of a node and what lies below it, up to which it is sooner looked at than looked up.
const SMALL: u32 = 12;

/// A tree node being evaluated on a stack. Its items are numbered: groups to be judged, then edges, links, parts.
struct Frame {
    node: u32,
    /// Whether it is one of the small nodes, which are looked at on the stack as it is.
    small: bool,
    /// The stack asked about.
    whole: SetId,
    /// The first truncation of it that is worth looking at.
    base: usize,
    /// The truncation on which items are looked at. What suffices on it is the same for all stacks that look so from above,
    /// however deep other items must look.
    level: usize,
    /// It as a stack.
    set: SetId,
    /// Items that are to be looked at on this truncation, and how many of them have been.
    items: Few,
    done: usize,
    /// Those that it did not suffice for.
    open: Few,
    groups: Few,
}

/// What to do next.
enum Next {
    /// This frame has a result.
    Return(Answer),
    /// A child must be evaluated first.
    Call(u32, SetId),
}

/// What is allowed below a node on a stack.
enum Answer {
    /// A list of groups that is kept.
    List(u32),
    /// These groups.
    Groups(Few),
    /// More of the stack is needed.
    Deeper,
}

/// A truncation of a stack; `None` if there is none deeper than those before it, of which `base` is the first.
fn truncation(reader: Reader<'_>, whole: SetId, base: usize, index: usize) -> Option<SetId> {
    let stacks = &reader.tables.stacks;
    let is_new = index <= base || stacks.truncate(whole, index - 1) != whole;
    (index < TRUNCATIONS && is_new).then(|| stacks.truncate(whole, index))
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
        let mut frames: Vec<Frame> = Vec::new();
        let mut next = Next::Call(node, set);
        loop {
            steps += 1;
            let made = stacks.len().saturating_sub(nodes) as u64;
            if steps + made * NODE > reader.allowance.left() {
                return Err(StepError::Limit { limit });
            }
            let answer = match next {
                Next::Call(node, set) => {
                    let node = self.trees.answering(reader, vocabulary, node);
                    let begun = self.begin(reader, node, set);
                    suffices(reader)?;
                    match begun {
                        Ok(frame) => {
                            frames.push(frame);
                            None
                        }
                        Err(answer) => Some(answer),
                    }
                }
                Next::Return(answer) => {
                    frames.pop();
                    Some(answer)
                }
            };
            let Some(frame) = frames.last_mut() else {
                return match answer {
                    Some(Answer::List(list)) => Ok(list),
                    Some(Answer::Groups(groups)) => Ok(self.results.list_of(groups)),
                    // Only a truncated stack can be too short, and a sequence stands on a whole one.
                    _ => unreachable!("invariant: a whole stack always suffices"),
                };
            };
            if let Some(answer) = answer {
                frame.take(answer, &self.results);
            }
            next = self.run(reader, vocabulary, frame)?;
        }
    }

    /// Looks at what is still to be looked at, until a child must be evaluated or all is settled.
    fn run(
        &self,
        reader: Reader<'_>,
        vocabulary: &Vocabulary,
        frame: &mut Frame,
    ) -> Result<Next, StepError> {
        let node = self.trees.node(frame.node);
        let edges = node.groups.len();
        let links = edges + node.edges.len();
        let parts = links + node.links.len();
        loop {
            let mut judge = Judge::of(reader, frame.set)?;
            while let Some(&item) = frame.items.get(frame.done) {
                let at = item as usize;
                let is_alive = if let Some(group) = node.groups.get(at) {
                    let is_alive = judge.alive(group.config)?;
                    if is_alive == Some(true) {
                        frame.groups.push(group.tokens);
                    }
                    is_alive
                } else if let Some(&(terminal, child)) = node.edges.get(at - edges) {
                    // Most are not, and most of what is looked at is this.
                    if judge.viable.contains(terminal.index()) {
                        return Ok(Next::Call(child, reader.advance(frame.set, terminal)));
                    }
                    Some(false)
                } else if let Some(link) = node.links.get(at - links) {
                    let is_alive = judge.alive(link.place.config)?;
                    if is_alive == Some(true) {
                        let tree = self.trees.follow(reader, vocabulary, link)?;
                        return Ok(Next::Call(tree, frame.set));
                    }
                    is_alive
                } else {
                    return Ok(Next::Call(node.parts[at - parts], frame.set));
                };
                if is_alive.is_none() {
                    frame.open.push(item);
                }
                frame.done += 1;
            }
            let groups = &mut frame.groups;
            match (frame.open.is_empty(), frame.small) {
                (true, true) => return Ok(Next::Return(Answer::Groups(std::mem::take(groups)))),
                (true, false) => {
                    let list = self.results.list_of(std::mem::take(groups));
                    self.results.store(frame.node, frame.set, Known::Whole(list));
                    return Ok(Next::Return(Answer::List(list)));
                }
                (false, true) => return Ok(Next::Return(Answer::Deeper)),
                (false, false) => {
                    let list = self.results.list_of(groups.clone());
                    let partial = self.results.partial_of(list, &frame.open);
                    self.results.store(frame.node, frame.set, Known::Partial(partial));
                }
            }
            frame.level += 1;
            let Some(set) = truncation(reader, frame.whole, frame.base, frame.level) else {
                return Ok(Next::Return(Answer::Deeper));
            };
            frame.set = set;
            frame.items = std::mem::take(&mut frame.open);
            frame.done = 0;
        }
    }

    /// Looks for a result, as an error; without one, goes on from what the deepest truncation settles that was looked at, or
    /// begins with the node's own tokens.
    fn begin(&self, reader: Reader<'_>, id: u32, whole: SetId) -> Result<Frame, Answer> {
        let node = self.trees.node(id);
        let small = node.size() <= SMALL;
        let (mut base, mut level, mut set, mut last) = (0, 0, whole, None);
        if !small {
            base = reader.shallowest(whole);
            level = base;
            loop {
                set = truncation(reader, whole, base, level).ok_or(Answer::Deeper)?;
                match self.results.find(id, set) {
                    Some(Known::Whole(list)) => return Err(Answer::List(list)),
                    Some(Known::Partial(partial)) => last = Some(partial),
                    None => break,
                }
                level += 1;
            }
        }
        let (groups, items) = match last {
            Some(partial) => {
                let (list, open) = self.results.partial(partial);
                let mut groups = Few::new();
                self.results.add_to(list, &mut groups);
                (groups, open.into())
            }
            None => {
                let closure = reader.closure(set);
                if closure.open {
                    return Err(Answer::Deeper);
                }
                (node.allowed(closure).collect(), (0..node.items() as u32).collect())
            }
        };
        let open = Few::new();
        Ok(Frame { node: id, small, whole, base, level, set, items, done: 0, open, groups })
    }
}

impl Frame {
    /// Takes the answer of the item that was called.
    fn take(&mut self, answer: Answer, results: &Results) {
        match answer {
            Answer::List(list) => results.add_to(list, &mut self.groups),
            Answer::Groups(groups) => self.groups.extend(groups),
            Answer::Deeper => self.open.extend(self.items.get(self.done).copied()),
        }
        self.done += 1;
    }
}

/// What is asked about one stack again and again.
struct Judge<'a> {
    reader: Reader<'a>,
    set: SetId,
    viable: &'a BitSet,
    /// What configurations could become that were asked about last, and the answer: neighbours can become the same.
    last: Option<((u32, bool), Option<bool>)>,
}

impl<'a> Judge<'a> {
    /// # Errors
    /// The limit on the work of one step.
    fn of(reader: Reader<'a>, set: SetId) -> Result<Self, StepError> {
        let viable = &reader.closure(set).viable;
        suffices(reader).map(|()| Self { reader, set, viable, last: None })
    }

    /// Whether what has been read can become a sentence; `None` if that depends on what is unknown of the stack.
    ///
    /// # Errors
    /// The limit on the work of one step.
    #[inline]
    fn alive(&mut self, config: ConfigId) -> Result<Option<bool>, StepError> {
        if config == ConfigId::START {
            return Ok(Some(true));
        }
        let becoming = self.reader.becoming(config);
        match self.last {
            Some((last, answer)) if last == becoming => Ok(answer),
            _ => {
                let answer = self.reader.alive(config, self.set);
                suffices(self.reader)?;
                self.last = Some((becoming, answer));
                Ok(answer)
            }
        }
    }
}

/// Whether the work suffices so far.
///
/// # Errors
/// The limit on the work of one step: nothing that was found then may be kept.
pub(super) fn suffices(reader: Reader<'_>) -> Result<(), StepError> {
    match reader.allowance.left() {
        0 => Err(StepError::Limit { limit: reader.grammar.limits().step_work }),
        _ => Ok(()),
    }
}
