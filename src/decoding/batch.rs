//! Many answers at once: one pass of the model for all of them, their masks in parallel.

use std::time::Instant;

use rayon::prelude::*;

use super::{
    DecodeError, Decoder, Generation, Logits,
    sequence::{Context, Next, Sequence},
};
use crate::{Constraint, TokenId};

/// One answer among many.
#[derive(Debug)]
pub struct Job<'a, L> {
    /// How it is decoded.
    pub decoder: Decoder<'a>,
    /// The model, which has read what precedes the prompt.
    pub logits: L,
    /// What the model has not read yet.
    pub prompt: Vec<TokenId>,
    /// Where the answer begins, if there is a grammar.
    pub constraint: Option<Constraint>,
}

/// An answer that has begun.
struct Active<'a, L> {
    number: usize,
    begin: Instant,
    logits: L,
    sequence: Sequence<'a>,
    next: Result<Next, DecodeError>,
}

/// Decodes answers, `at_once` of them at a time (at least one): as soon as one is done, the next one begins. `on_done` is given
/// the number of each in the order of `jobs`, and what [`Decoder::run`] would give: the texts do not depend on what else is
/// decoded, if the model's numbers do not. Times of the model are those of the whole batch.
///
/// Jobs are asked for when there is room, so that no more models are held than are in use. One that cannot be made, or fails,
/// ends alone.
pub fn run_all<'a, L: Logits + Send>(
    jobs: impl IntoIterator<Item = Result<Job<'a, L>, DecodeError>>,
    at_once: usize,
    mut on_done: impl FnMut(usize, Result<Generation, DecodeError>),
) {
    let mut jobs = jobs.into_iter().enumerate();
    let mut active: Vec<Active<'a, L>> = Vec::new();
    loop {
        let running = active.len();
        while active.len() < at_once.max(1) {
            let Some((number, job)) = jobs.next() else { break };
            match job.and_then(|job| begin(number, job)) {
                Ok(begun) => active.push(begun),
                Err(error) => on_done(number, Err(error)),
            }
        }
        if active.is_empty() {
            return;
        }
        let begin = Instant::now();
        read(&mut active[running..]);
        active[running..].iter_mut().for_each(|a| a.sequence.stats.prefill_time = begin.elapsed());
        let mut apart: Vec<Apart<'_, 'a>> = active.iter_mut().map(Apart::of).collect();
        match apart.as_mut_slice() {
            [only] => only.go_on(),
            all => all.par_iter_mut().for_each(Apart::go_on),
        }
        let mut at = 0;
        while at < active.len() {
            match active[at].next {
                Ok(Next::Read | Next::Choose) => at += 1,
                Ok(Next::Done) | Err(_) => end(active.remove(at), &mut on_done),
            }
        }
        // Guesses pay where a pass has few tokens: one answer's.
        active.iter_mut().for_each(|a| a.sequence.catch_up(&mut a.logits));
        if let [only] = active.as_mut_slice()
            && matches!(only.next, Ok(Next::Choose))
        {
            only.sequence.look_ahead(&only.logits);
        }
        let begin = Instant::now();
        read(&mut active);
        for a in &mut active {
            a.sequence.stats.layers_time += begin.elapsed();
            a.sequence.stats.model_time += begin.elapsed();
        }
        for a in &mut active {
            if matches!(a.next, Ok(Next::Choose)) {
                let chosen = a.sequence.choose(&mut a.logits, &mut |_| {});
                a.next = chosen.map(|()| Next::Choose);
            }
        }
    }
}

/// What of an answer goes on without its model.
struct Apart<'s, 'a> {
    context: Context,
    sequence: &'s mut Sequence<'a>,
    next: &'s mut Result<Next, DecodeError>,
}

impl<'s, 'a> Apart<'s, 'a> {
    fn of<L: Logits>(active: &'s mut Active<'a, L>) -> Self {
        let context = active.sequence.context(&active.logits);
        Self { context, sequence: &mut active.sequence, next: &mut active.next }
    }

    fn go_on(&mut self) {
        if self.next.is_ok() {
            *self.next = self.sequence.go_on(self.context, &mut |_| {});
        }
    }
}

fn begin<'a, L: Logits>(number: usize, job: Job<'a, L>) -> Result<Active<'a, L>, DecodeError> {
    let begin = Instant::now();
    job.decoder.check(&job.logits, &job.prompt)?;
    let mut sequence = Sequence::owning(job.decoder, job.constraint)?;
    sequence.stats.prompt_tokens = job.prompt.len();
    sequence.must_read(job.prompt);
    Ok(Active { number, begin, logits: job.logits, sequence, next: Ok(Next::Choose) })
}

fn end<L: Logits>(
    active: Active<'_, L>,
    on_done: &mut impl FnMut(usize, Result<Generation, DecodeError>),
) {
    let Active { number, begin, mut logits, mut sequence, next } = active;
    sequence.stats.total_time = begin.elapsed();
    on_done(number, next.map(|_| sequence.finish(&mut logits, &mut |_| {})));
}

/// Lets the models read what is pending: together, and if that fails one by one, to know whose failure it is.
fn read<L: Logits>(active: &mut [Active<'_, L>]) {
    let pending: Vec<Vec<TokenId>> = active.iter_mut().map(|a| a.sequence.unread()).collect();
    let mut work: Vec<(&mut L, &[TokenId])> =
        active.iter_mut().map(|a| &mut a.logits).zip(pending.iter().map(Vec::as_slice)).collect();
    let all = L::advance_all(&mut work);
    for (a, tokens) in active.iter_mut().zip(pending) {
        match if all.is_ok() { Ok(()) } else { a.logits.advance(&tokens) } {
            Ok(()) => a.sequence.has_read(&mut a.logits),
            Err(error) => a.next = Err(error.into()),
        }
    }
}
