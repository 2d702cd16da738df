//! The parser's part of a mask: which groups of a tree are allowed on a stack.
//!
//! What a parser can read next, after all reductions, it shifts from one of a few LR states; and what a token does after that
//! depends on such a state alone, until a reduction takes it away. So results are memoised per tree node and *LR state*: what is
//! allowed there whatever lies below, and what is left *open*: the reductions that end further down, mostly behind closing
//! brackets, and the nodes to go on at. On a new stack the results of its states are put together, and those nodes are looked
//! at on the stacks after the reductions, which mostly were there before the bracket was opened.

mod frame;

use frame::{Answer, At, Edge, Frame, Next, Opens};

use crate::{
    Vocabulary,
    parser::{Depth, SetId},
    recognizer::Reader,
};

use super::{
    StepError,
    grammar::GrammarGeneration,
    results::{Few, Known, Open},
    tree::TreeNode,
};

/// Items of a node and what lies below it, up to which it is sooner looked at than looked up.
const SMALL: u32 = 12;

impl GrammarGeneration {
    /// The list of groups that are allowed at a tree node on a stack.
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
        let answer = self.answer(reader, vocabulary, (node, At::Stack(set)), Depth::Soon)?;
        Ok(self.results.list_of(answer.groups))
    }

    /// Finds out what is worth it for what is saved, and not in the middle of a mask: asks again about trees that became whole
    /// after they were asked about, and searches for what was left open at LR states because other states of a stack mostly know.
    pub(super) fn settle(&self) {
        let limit = self.grammar().limits().automaton_bytes;
        // Trees become whole the first time.
        for _ in 0..2 {
            for situation in self.situations.masked() {
                for hypothesis in self.situations.hypotheses(situation) {
                    let allowance = self.grammar().allowance();
                    // What is beyond the limit stays open, here and below.
                    drop(self.result(self.reader(&allowance), self.vocabulary(), *hypothesis));
                }
                if self.bytes() > limit {
                    return;
                }
            }
        }
        // Children come before parents, links before or after what links to them.
        for _ in 0..2 {
            for (node, state) in self.results.unsettled() {
                let allowance = self.grammar().allowance();
                let (reader, at) = (self.reader(&allowance), At::State(state));
                drop(self.answer(reader, self.vocabulary(), (node, at), Depth::All));
            }
        }
        let states = self.results.states();
        for config in self.fates.often() {
            for &state in &states {
                let allowance = self.grammar().allowance();
                let reader = self.reader(&allowance);
                self.alive_at(reader, config, &reader.place(state), Depth::All);
            }
            if self.bytes() > limit {
                return;
            }
        }
    }

    /// What is allowed at a tree node. The work-list's depth is the number of lexemes in the longest token, times the ways that
    /// trees share.
    fn answer(
        &self,
        reader: Reader<'_>,
        vocabulary: &Vocabulary,
        (node, at): (u32, At),
        depth: Depth,
    ) -> Result<Answer, StepError> {
        /// Steps that a new stack node counts for: it takes some hundred bytes, and very ambiguous grammars make many.
        const NODE: u64 = 64;
        /// Frames for each byte of a token, at most: a lexeme ends, a place of the trie and a beginning there are linked to, behind
        /// a sum, and each is looked at on a stack and then at a state. What a forged file holds could lead in circles.
        const EACH: usize = 12;
        let limit = reader.grammar.limits().step_work;
        let deep = EACH * (vocabulary.trie().height() + 2);
        let stacks = &reader.tables.stacks;
        let (nodes, mut steps) = (stacks.len(), 0);
        let mut frames: Vec<Frame> = Vec::new();
        let mut next = Next::Call(node, at);
        loop {
            steps += 1;
            let made = stacks.len().saturating_sub(nodes) as u64;
            if steps + made * NODE > reader.allowance.left() || frames.len() > deep {
                return Err(StepError::Limit { limit });
            }
            let answer = match next {
                Next::Call(node, at) => {
                    let node = self.trees.answering(reader, vocabulary, node);
                    let anew = depth == Depth::All && frames.is_empty();
                    let begun = self.begin(reader, node, (at, depth), anew);
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
                return Ok(answer.unwrap_or_default());
            };
            if let Some(answer) = answer {
                frame.take(reader, answer);
            }
            next = self.run(reader, vocabulary, frame)?;
            steps += std::mem::take(&mut frame.work);
        }
    }

    /// Looks for a result, as an error; without one, or if it is to be found anew, begins with the node's own tokens.
    fn begin(
        &self,
        reader: Reader<'_>,
        id: u32,
        (at, depth): (At, Depth),
        anew: bool,
    ) -> Result<Frame, Answer> {
        let node = self.trees.node(id);
        let kept = node.size() > SMALL;
        if kept
            && !anew
            && let Some(answer) = self.known(id, at)
        {
            return Err(answer);
        }
        let mut by_states = false;
        let mut groups = Few::new();
        match at {
            At::State(state) => {
                let place = reader.place(state);
                groups.extend(node.allowed(|terminal| place.allows(terminal)));
            }
            At::Stack(set) => {
                // What is still many trees is looked at as it is.
                by_states = kept && (node.is_whole() || node.is_sum());
                if !by_states {
                    let viable = &reader.closure(set).viable;
                    groups.extend(node.allowed(|terminal| viable.contains(terminal.index())));
                }
            }
        }
        Ok(Frame::new(id, (at, depth), (kept, by_states), groups))
    }

    /// What is known of a node.
    fn known(&self, node: u32, at: At) -> Option<Answer> {
        let mut answer = Answer::default();
        match at {
            At::State(state) => {
                self.results.take(self.results.find(node, state)?, &mut answer.groups, |open| {
                    answer.opens.push(open);
                });
            }
            At::Stack(set) => {
                self.results.add_to(self.results.on_stack(node, set)?, &mut answer.groups);
            }
        }
        Some(answer)
    }

    /// Goes on until something else must be evaluated first, or all is settled.
    fn run(
        &self,
        reader: Reader<'_>,
        vocabulary: &Vocabulary,
        frame: &mut Frame,
    ) -> Result<Next, StepError> {
        let node = self.trees.node(frame.node);
        match frame.at {
            At::State(state) => self.run_at_state(reader, vocabulary, frame, node, state),
            At::Stack(set) => {
                let next = match frame.by_states {
                    true => self.put_together(reader, frame, set)?,
                    false => self.run_on_stack(reader, vocabulary, frame, node, set)?,
                };
                match next {
                    Some(next) => Ok(next),
                    None => self.run_open(reader, vocabulary, frame, set),
                }
            }
        }
    }

    /// The node's items, at an LR state.
    fn run_at_state(
        &self,
        reader: Reader<'_>,
        vocabulary: &Vocabulary,
        frame: &mut Frame,
        node: &TreeNode,
        state: u32,
    ) -> Result<Next, StepError> {
        let edges = node.groups.len();
        let links = edges + node.edges.len();
        let parts = links + node.links.len();
        let place = reader.place(state);
        if let Some(next) = frame.follow_edge() {
            return Ok(next);
        }
        while frame.done < node.items() {
            let at = frame.done;
            frame.done += 1;
            if let Some(group) = node.groups.get(at) {
                match self.alive_at(reader, group.config, &place, frame.depth) {
                    Some(true) => frame.groups.push(group.tokens),
                    Some(false) => {}
                    None => frame.opens.push(Open::Group(group.config, group.tokens)),
                }
            } else if let Some(&(terminal, child)) = node.edges.get(at - edges) {
                // Most are not, and most of what is looked at is this.
                if place.ignores(terminal) {
                    return Ok(Next::Call(child, frame.at));
                }
                if !place.allows(terminal) {
                    continue;
                }
                let above = reader.above_shift(state, terminal);
                frame.work += (above.states.len() + above.pops.len()) as u64;
                frame.edge = Some(Edge::new(terminal, child, &above));
                if let Some(next) = frame.follow_edge() {
                    return Ok(next);
                }
            } else if let Some(link) = node.links.get(at - links) {
                match self.alive_at(reader, link.place.config, &place, frame.depth) {
                    Some(true) => {
                        let tree = self.trees.follow(reader, vocabulary, link)?;
                        return Ok(Next::Call(tree, frame.at));
                    }
                    Some(false) => {}
                    None => frame.opens.push(Open::Link(frame.node, (at - links) as u32)),
                }
            } else {
                return Ok(Next::Call(node.parts[at - parts], frame.at));
            }
        }
        suffices(reader)?;
        let groups = std::mem::take(&mut frame.groups);
        let mut opens = std::mem::take(&mut frame.opens);
        if !frame.kept {
            return Ok(Next::Return(Answer { groups, opens }));
        }
        self.gather(&mut opens);
        let list = self.results.list_of(groups);
        let known = match opens.is_empty() {
            true => Known::Whole(list),
            false => Known::Partial(self.results.partial_of(list, &opens)),
        };
        self.results.store(frame.node, state, known);
        let mut groups = Few::new();
        self.results.add_to(list, &mut groups);
        Ok(Next::Return(Answer { groups, opens }))
    }

    /// Makes one of reductions that are the same, over the sum of the nodes behind them.
    fn gather(&self, opens: &mut Opens) {
        opens.sort_unstable();
        opens.dedup();
        let pop = |open: &Open| match *open {
            Open::Pop(pop, child) => Some((pop, child)),
            _ => None,
        };
        let mut gathered = Opens::new();
        for same in opens.chunk_by(|one, other| match (pop(one), pop(other)) {
            (Some((one, _)), Some((other, _))) => one == other,
            _ => false,
        }) {
            gathered.push(match (same, pop(&same[0])) {
                ([_, _, ..], Some((first, _))) => {
                    let nodes: Few = same.iter().filter_map(pop).map(|(_, child)| child).collect();
                    Open::Pop(first, self.trees.sum(&nodes))
                }
                _ => same[0],
            });
        }
        *opens = gathered;
    }

    /// Puts together what the LR states settle that a stack can shift from; `None` when that is done.
    fn put_together(
        &self,
        reader: Reader<'_>,
        frame: &mut Frame,
        set: SetId,
    ) -> Result<Option<Next>, StepError> {
        let closure = reader.closure(set);
        while let Some(state) = closure.top(frame.done) {
            frame.done += 1;
            match self.results.find(frame.node, state) {
                None => return Ok(Some(Next::Call(frame.node, At::State(state)))),
                Some(known) => {
                    let mut groups = std::mem::take(&mut frame.groups);
                    self.results.take(known, &mut groups, |open| frame.leave(reader, set, open));
                    frame.groups = groups;
                    suffices(reader)?;
                }
            }
        }
        Ok(None)
    }

    /// The node's items, on a stack; `None` when that is done.
    fn run_on_stack(
        &self,
        reader: Reader<'_>,
        vocabulary: &Vocabulary,
        frame: &mut Frame,
        node: &TreeNode,
        set: SetId,
    ) -> Result<Option<Next>, StepError> {
        let edges = node.groups.len();
        let links = edges + node.edges.len();
        let parts = links + node.links.len();
        while frame.done < node.items() {
            let at = frame.done;
            frame.done += 1;
            if let Some(group) = node.groups.get(at) {
                if self.alive(reader, group.config, set)? {
                    frame.groups.push(group.tokens);
                }
            } else if let Some(&(terminal, child)) = node.edges.get(at - edges) {
                if reader.closure(set).viable.contains(terminal.index()) {
                    let after = At::Stack(reader.advance(set, terminal));
                    return Ok(Some(Next::Call(child, after)));
                }
            } else if let Some(link) = node.links.get(at - links) {
                if self.alive(reader, link.place.config, set)? {
                    let tree = self.trees.follow(reader, vocabulary, link)?;
                    return Ok(Some(Next::Call(tree, frame.at)));
                }
            } else {
                return Ok(Some(Next::Call(node.parts[at - parts], frame.at)));
            }
        }
        Ok(None)
    }

    /// What the LR states leave open, on the stack.
    fn run_open(
        &self,
        reader: Reader<'_>,
        vocabulary: &Vocabulary,
        frame: &mut Frame,
        set: SetId,
    ) -> Result<Next, StepError> {
        if frame.asked == 0 {
            frame.opens.sort_unstable();
            frame.opens.dedup();
            frame.behind.sort_unstable();
            frame.behind.dedup();
        }
        while let Some(&open) = frame.opens.get(frame.asked) {
            frame.asked += 1;
            match open {
                // Those are behind.
                Open::Pop(..) => {}
                Open::Edge(terminal, child) => {
                    if reader.closure(set).viable.contains(terminal.index()) {
                        let after = At::Stack(reader.advance(set, terminal));
                        return Ok(Next::Call(child, after));
                    }
                }
                Open::Group(config, tokens) => {
                    if self.alive(reader, config, set)? {
                        frame.groups.push(tokens);
                    }
                }
                Open::Link(node, index) => {
                    if let Some(link) = self.trees.node(node).links.get(index as usize)
                        && self.alive(reader, link.place.config, set)?
                    {
                        let tree = self.trees.follow(reader, vocabulary, link)?;
                        return Ok(Next::Call(tree, frame.at));
                    }
                }
            }
        }
        if let Some(&(node, after)) = frame.behind.get(frame.asked - frame.opens.len()) {
            frame.asked += 1;
            return Ok(Next::Call(node, At::Stack(after)));
        }
        let groups = std::mem::take(&mut frame.groups);
        if !frame.kept {
            return Ok(Next::Return(Answer { groups, opens: Opens::new() }));
        }
        let list = self.results.list_of(groups);
        self.results.store_on_stack(frame.node, set, list);
        let mut groups = Few::new();
        self.results.add_to(list, &mut groups);
        Ok(Next::Return(Answer { groups, opens: Opens::new() }))
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
