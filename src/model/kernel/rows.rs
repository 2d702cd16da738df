//! Products of rows that lie one behind the other: of all of a range, or of some.

use super::{
    formats::Format,
    input::Input,
    level::{Level, Task},
};

/// Rows that are asked for ahead: together they take as long as memory does to answer.
const AHEAD: usize = 4;

/// Rows of which all of a range are multiplied.
pub(super) trait Multiply: Sync {
    /// Products of the rows from `first` on with `T` tokens of the input: for each token as many as fit into its place.
    fn multiply<L: Level, const T: usize>(
        &self,
        level: L,
        first: usize,
        input: &Input<'_>,
        tokens: [usize; T],
        out: [&mut &mut [f32]; T],
    );
}

impl<F: Format> Multiply for F {
    #[inline(always)]
    fn multiply<L: Level, const T: usize>(
        &self,
        level: L,
        first: usize,
        input: &Input<'_>,
        tokens: [usize; T],
        mut out: [&mut &mut [f32]; T],
    ) {
        for i in 0..out[0].len() {
            let dots = self.dot(level, first + i, first + i + AHEAD, input, tokens);
            for (out, dot) in out.iter_mut().zip(dots) {
                out[i] = dot;
            }
        }
    }
}

/// Products of the rows from one on with all tokens: for each token as many.
pub(super) struct Rows<'a, 'o, M> {
    pub(super) rows: &'a M,
    pub(super) first: usize,
    pub(super) input: &'a Input<'a>,
    pub(super) out: &'a mut [&'o mut [f32]],
}

impl<M: Multiply> Task for Rows<'_, '_, M> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, level: L) {
        let Self { rows, first, input, out } = self;
        // The tokens outside: a few of them stay in the innermost cache, the rows in the next one.
        for (i, out) in out.chunks_mut(4).enumerate() {
            let at = |t: usize| 4 * i + t;
            match out {
                [a] => rows.multiply(level, first, input, [0].map(at), [a]),
                [a, b] => rows.multiply(level, first, input, [0, 1].map(at), [a, b]),
                [a, b, c] => rows.multiply(level, first, input, [0, 1, 2].map(at), [a, b, c]),
                [a, b, c, d] => {
                    rows.multiply(level, first, input, [0, 1, 2, 3].map(at), [a, b, c, d]);
                }
                _ => unreachable!("invariant: one to four"),
            }
        }
    }
}

/// Products of some rows with one token.
pub(super) struct Picked<'a, F> {
    pub(super) format: &'a F,
    pub(super) rows: &'a [u32],
    pub(super) input: &'a Input<'a>,
    pub(super) out: &'a mut [f32],
}

/// Rows of which some are looked at together.
const WINDOW: usize = 64;

impl<F: Format> Task for Picked<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, level: L) {
        let Self { format, rows, input, out } = self;
        let mut products = [0.0; WINDOW];
        let mut begin = 0;
        while begin < rows.len() {
            let end = begin + window(&rows[begin..]);
            let (first, last) = (rows[begin] as usize, rows[end - 1] as usize);
            // Memory gives a row that is behind the last one far sooner than another, so that where most of them are wanted all
            // come sooner.
            let most = 2 * (end - begin) > last - first;
            if most {
                for (product, row) in products.iter_mut().zip(first..=last) {
                    [*product] = format.dot(level, row, row + AHEAD, input, [0]);
                }
            }
            for i in begin..end {
                let row = rows[i] as usize;
                if most {
                    out[i] = products[row - first];
                    continue;
                }
                let next = rows.get(i + AHEAD).map_or(row, |next| *next as usize);
                [out[i]] = format.dot(level, row, next, input, [0]);
            }
            begin = end;
        }
    }
}

/// How many of the first rows lie in one window, ascending. There is one at least.
fn window(rows: &[u32]) -> usize {
    let end = rows[0].saturating_add(WINDOW as u32);
    let more = rows.windows(2).take_while(|pair| pair[0] < pair[1] && pair[1] < end);
    1 + more.count()
}
