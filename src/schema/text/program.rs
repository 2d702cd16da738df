//! A pattern as an alternating automaton: a program whose states read a character, choose, or look ahead.
//!
//! K. Thompson, "Regular expression search algorithm" (1968), with one more instruction: a look-ahead demands that what
//! follows is (not) in the language of another place of the program. Every program reads texts from their beginning to
//! their end; [`Inst::Match`] accepts whatever is left, which is what searching means.

use super::{
    class::CharSet,
    error::TextError,
    syntax::{Node, NodeId, Syntax},
};
use crate::Limits;

/// An instruction's place.
pub(super) type Place = u32;

/// An instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Inst {
    /// Reads one character of a class.
    Char { class: u32, next: Place },
    /// Goes on at all of these places at once.
    Split(Box<[Place]>),
    /// Goes on at the beginning of the text.
    Start { next: Place },
    /// Goes on at the end of the text.
    End { next: Place },
    /// Goes on where a word begins or ends, or (negated) where none does.
    Boundary { negated: bool, next: Place },
    /// Goes on if what follows is (not) accepted from `entry`.
    Ahead { entry: Place, negated: bool, next: Place },
    /// Accepts.
    Match,
}

/// A program.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) insts: Vec<Inst>,
    pub(super) entry: Place,
    pub(super) classes: Vec<CharSet>,
    /// A place that accepts what begins with a word character, if there is an [`Inst::Boundary`].
    pub(super) word: Option<Place>,
    /// Whether there is an [`Inst::Ahead`] or an [`Inst::Boundary`].
    pub(super) looks: bool,
}

/// The place of [`Inst::Match`].
pub(super) const MATCH: Place = 0;

/// What is left to do; programs are made from their ends.
enum Task {
    /// Makes the node's code, which goes on at `next`.
    Visit(NodeId),
    /// Goes on at this place from now on.
    Next(Place),
    /// Remembers where the code before begins.
    Keep,
    /// Chooses among the last so many that were remembered.
    Choose(usize),
    /// The optional copies of a repetition that are left, and the mandatory ones.
    Copies { node: NodeId, optional: u32, mandatory: u32, after: Place },
    /// As an optional copy ends: a choice between it and what follows.
    Optional { after: Place },
    /// As a loop's body ends: closes the loop; and the copies before it.
    Loop { head: Place, after: Place, plus: bool },
    /// As a look-ahead's body ends.
    Look { negated: bool, next: Place },
}

/// The program of a pattern. O(program), which is the pattern with its bounded repetitions written out.
pub(super) fn program(mut syntax: Syntax, limits: &Limits) -> Result<Program, TextError> {
    let too_long = || {
        let limit = limits.dfa_states as u64;
        TextError::limit("dfa_states", limit, "the states of a pattern's repetitions")
    };
    let most = limits.dfa_states.saturating_mul(4);
    let mut insts = vec![Inst::Match];
    let mut next = MATCH;
    let mut kept: Vec<Place> = Vec::new();
    let mut work = vec![Task::Visit(syntax.root)];
    let (mut looks, mut has_boundary) = (false, false);
    let mut steps = 0usize;
    let push = |insts: &mut Vec<Inst>, inst: Inst| {
        insts.push(inst);
        (insts.len() - 1) as Place
    };
    while let Some(task) = work.pop() {
        steps += 1;
        if insts.len() > most || steps > most.saturating_mul(8) {
            return Err(too_long());
        }
        match task {
            Task::Visit(node) => match &syntax.nodes[node as usize] {
                Node::Empty => {}
                Node::Class(class) => {
                    next = push(&mut insts, Inst::Char { class: *class, next });
                }
                Node::Start => next = push(&mut insts, Inst::Start { next }),
                Node::End => next = push(&mut insts, Inst::End { next }),
                Node::Boundary { negated } => {
                    (looks, has_boundary) = (true, true);
                    next = push(&mut insts, Inst::Boundary { negated: *negated, next });
                }
                Node::Ahead { node, negated } => {
                    looks = true;
                    work.push(Task::Look { negated: *negated, next });
                    work.push(Task::Visit(*node));
                    next = MATCH;
                }
                Node::Sequence(parts) => work.extend(parts.iter().map(|p| Task::Visit(*p))),
                Node::Choice(parts) => {
                    work.push(Task::Choose(parts.len()));
                    for part in parts.iter().rev() {
                        work.extend([Task::Keep, Task::Visit(*part), Task::Next(next)]);
                    }
                }
                &Node::Repeat { node, min, max } => {
                    if min.max(max.unwrap_or(0)) > limits.repetition {
                        let limit = u64::from(limits.repetition);
                        let what = "a bound of a pattern's repetition";
                        return Err(TextError::limit("repetition", limit, what));
                    }
                    match max {
                        Some(max) => work.push(Task::Copies {
                            node,
                            optional: max - min,
                            mandatory: min,
                            after: next,
                        }),
                        None => {
                            let mandatory = min.saturating_sub(1);
                            work.push(Task::Copies { node, optional: 0, mandatory, after: next });
                            let head = push(&mut insts, Inst::Match);
                            work.push(Task::Loop { head, after: next, plus: min > 0 });
                            work.push(Task::Visit(node));
                            next = head;
                        }
                    }
                }
            },
            Task::Next(place) => next = place,
            Task::Keep => kept.push(next),
            Task::Choose(count) => {
                let parts = kept.split_off(kept.len() - count);
                next = push(&mut insts, Inst::Split(parts.into()));
            }
            Task::Copies { node, optional, mandatory, after } => {
                if optional > 0 {
                    let optional = optional - 1;
                    work.push(Task::Copies { node, optional, mandatory, after });
                    work.extend([Task::Optional { after }, Task::Visit(node)]);
                } else if mandatory > 0 {
                    let mandatory = mandatory - 1;
                    work.push(Task::Copies { node, optional, mandatory, after });
                    work.push(Task::Visit(node));
                }
            }
            Task::Optional { after } => {
                next = push(&mut insts, Inst::Split(Box::new([next, after])));
            }
            Task::Loop { head, after, plus } => {
                insts[head as usize] = Inst::Split(Box::new([next, after]));
                next = if plus { next } else { head };
            }
            Task::Look { negated, next: after } => {
                next = push(&mut insts, Inst::Ahead { entry: next, negated, next: after });
            }
        }
    }
    let entry = next;
    let word = has_boundary.then(|| {
        let class = syntax.class_id(CharSet::word());
        push(&mut insts, Inst::Char { class, next: MATCH })
    });
    Ok(Program { insts, entry, classes: syntax.classes, word, looks })
}
