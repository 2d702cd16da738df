//! A tree node being evaluated, and what was found of it so far.

use smallvec::SmallVec;

use crate::{
    TerminalId,
    automaton::results::{Few, Open},
    parser::{Above, Depth, SetId},
    recognizer::Reader,
    seen::Seen,
};

/// Where a node is looked at.
#[derive(Clone, Copy)]
pub(super) enum At {
    /// At an LR state, whatever lies below, shifting first.
    State(u32),
    /// On a stack.
    Stack(SetId),
}

/// What is left open.
pub(super) type Opens = SmallVec<[Open; 2]>;

/// A tree node being evaluated.
pub(super) struct Frame {
    pub(super) node: u32,
    pub(super) at: At,
    /// How far is searched at LR states.
    pub(super) depth: Depth,
    /// Whether the result is kept.
    pub(super) kept: bool,
    /// On a stack: whether it is put together of what LR states know.
    pub(super) by_states: bool,
    /// What was looked at: items of the node, or, of a node that is put together, states that the stack can shift from.
    pub(super) done: usize,
    pub(super) groups: Few,
    pub(super) opens: Opens,
    /// On a stack: nodes to go on at, and the stacks there.
    pub(super) behind: SmallVec<[(u32, SetId); 4]>,
    /// What was looked at of what is open, and then of what is behind.
    pub(super) asked: usize,
    /// At an LR state: the edge that is being followed.
    pub(super) edge: Option<Edge>,
    /// Steps that were not counted yet.
    pub(super) work: u64,
}

/// An edge being followed from an LR state.
pub(super) struct Edge {
    terminal: TerminalId,
    child: u32,
    /// Nodes, and the states right over that state at which they are looked at; and how many were.
    above: SmallVec<[(u32, u32); 8]>,
    seen: Seen,
    looked: usize,
    groups: Few,
    /// Reductions that take the state away.
    pops: Opens,
}

/// What to do next.
pub(super) enum Next {
    Return(Answer),
    Call(u32, At),
}

/// What is allowed below a node.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) groups: Few,
    pub(super) opens: Opens,
}

impl Edge {
    pub(super) fn new(terminal: TerminalId, child: u32, above: &Above) -> Self {
        let mut edge = Self {
            terminal,
            child,
            above: SmallVec::new(),
            seen: Seen::default(),
            looked: 0,
            groups: Few::new(),
            pops: Opens::new(),
        };
        edge.add(child, above);
        edge
    }

    /// Adds a node, to be looked at there.
    fn add(&mut self, node: u32, above: &Above) {
        for &state in &above.states {
            if self.seen.insert((node, state)) {
                self.above.push((node, state));
            }
        }
        self.pops.extend(above.pops.iter().map(|pop| Open::Pop(*pop, node)));
    }
}

impl Frame {
    /// A node of which nothing but its own tokens was looked at.
    pub(super) fn new(
        node: u32,
        (at, depth): (At, Depth),
        (kept, by_states): (bool, bool),
        groups: Few,
    ) -> Self {
        Self {
            node,
            at,
            depth,
            kept,
            by_states,
            done: 0,
            groups,
            opens: Opens::new(),
            behind: SmallVec::new(),
            asked: 0,
            edge: None,
            work: 0,
        }
    }

    /// Takes the answer of what was called.
    pub(super) fn take(&mut self, reader: Reader<'_>, answer: Answer) {
        self.work += answer.opens.len() as u64;
        match (self.at, &mut self.edge) {
            (At::State(state), Some(edge)) => {
                if !answer.opens.iter().all(|open| open.is_pop()) {
                    // Something further on must be looked at on the stack as it is.
                    self.opens.push(Open::Edge(edge.terminal, edge.child));
                    self.edge = None;
                    return;
                }
                edge.groups.extend(answer.groups);
                for open in answer.opens {
                    if let Open::Pop(pop, child) = open {
                        let above = reader.above_pop(state, pop);
                        self.work += (above.states.len() + above.pops.len()) as u64;
                        edge.add(child, &above);
                    }
                }
            }
            (At::State(_), None) => {
                self.groups.extend(answer.groups);
                self.opens.extend(answer.opens);
            }
            (At::Stack(set), _) => {
                self.groups.extend(answer.groups);
                answer.opens.into_iter().for_each(|open| self.leave(reader, set, open));
            }
        }
    }

    /// What is to be looked at next of an edge; `None` when that is all.
    pub(super) fn follow_edge(&mut self) -> Option<Next> {
        let edge = self.edge.as_mut()?;
        if let Some(&(node, state)) = edge.above.get(edge.looked) {
            edge.looked += 1;
            return Some(Next::Call(node, At::State(state)));
        }
        self.groups.append(&mut edge.groups);
        self.opens.append(&mut edge.pops);
        self.edge = None;
        None
    }

    /// Keeps what the last one of the states left open that a stack is put together of.
    pub(super) fn leave(&mut self, reader: Reader<'_>, set: SetId, open: Open) {
        match open {
            Open::Pop(pop, node) => {
                self.work += 1;
                let after = reader.pop(set, self.done - 1, pop);
                if after != SetId::DEAD {
                    self.behind.push((node, after));
                }
            }
            _ => self.opens.push(open),
        }
    }
}
