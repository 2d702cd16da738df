//! Which states of an automaton accept the same texts, by refining partitions of the states.
//!
//! J. Hopcroft, "An n log n algorithm for minimizing states in a finite automaton" (1971): the smaller half of a block that
//! was split suffices as a later splitter.

use std::collections::VecDeque;

/// A step of an automaton.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Step {
    class: u32,
    source: u32,
    to: u32,
}

/// Steps by a key below `end`, those of one in the order in which they were; and where the steps of each key begin.
fn sorted(steps: &[Step], end: usize, key: impl Fn(&Step) -> u32) -> (Vec<Step>, Vec<u32>) {
    let mut first = vec![0u32; end + 1];
    steps.iter().for_each(|step| first[key(step) as usize + 1] += 1);
    for i in 1..first.len() {
        first[i] += first[i - 1];
    }
    let mut fill = first.clone();
    let mut sorted = vec![Step::default(); steps.len()];
    for step in steps {
        let slot = &mut fill[key(step) as usize];
        sorted[*slot as usize] = *step;
        *slot += 1;
    }
    (sorted, first)
}

/// State -> block of states that accept the same texts; and one state of each block. `table` has one row of classes per state.
/// O(table + m log n) for m steps that do not lead where most of them do: to the dead state, of most automata.
pub(crate) fn blocks(table: &[u32], accept: &[bool], classes: usize) -> (Vec<u32>, Vec<u32>) {
    let n = accept.len();
    let mut counts = vec![0u32; n];
    table.iter().for_each(|to| counts[*to as usize] += 1);
    // Where most steps lead. Its block splits no other: what is stable under all blocks but one is stable under that one, too.
    let Some(sink) = (0..n).max_by_key(|state| counts[*state]) else {
        return (Vec::new(), Vec::new());
    };
    let mut others = Vec::with_capacity(table.len() - counts[sink] as usize);
    for (source, row) in table.chunks_exact(classes).enumerate() {
        let others_of_row = row.iter().enumerate().filter(|(_, to)| **to as usize != sink);
        others.extend(others_of_row.map(|(class, &to)| Step {
            to,
            class: class as u32,
            source: source as u32,
        }));
    }
    // Those to `t` are `steps[first[t]..first[t + 1]]`, by class.
    let (others, _) = sorted(&others, classes, |step| step.class);
    let (steps, first) = sorted(&others, n, |step| step.to);
    // Blocks are ranges of `elements`; `marked` counts the states moved to a block's front.
    let mut elements: Vec<u32> = (0..n as u32).collect();
    elements.sort_by_key(|state| accept[*state as usize]);
    let mut place = vec![0u32; n];
    for (i, &state) in elements.iter().enumerate() {
        place[state as usize] = i as u32;
    }
    let refusing = accept.iter().filter(|accept| !**accept).count();
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    if refusing > 0 {
        ranges.push((0, refusing as u32));
    }
    if refusing < n {
        ranges.push((refusing as u32, n as u32));
    }
    let mut block_of = vec![0u32; n];
    for (block, &(from, to)) in ranges.iter().enumerate() {
        for &state in &elements[from as usize..to as usize] {
            block_of[state as usize] = block as u32;
        }
    }
    let mut marked = vec![0u32; ranges.len()];
    let sunk = block_of[sink];
    let mut waiting: VecDeque<u32> = (0..ranges.len() as u32).filter(|b| *b != sunk).collect();
    let mut touched: Vec<u32> = Vec::new();
    let mut splitter: Vec<Step> = Vec::new();
    while let Some(block) = waiting.pop_front() {
        let (from, to) = ranges[block as usize];
        splitter.clear();
        for &target in &elements[from as usize..to as usize] {
            let (from, to) = (first[target as usize], first[target as usize + 1]);
            splitter.extend_from_slice(&steps[from as usize..to as usize]);
        }
        if to - from > 1 {
            splitter.sort_unstable();
        }
        for steps in splitter.chunk_by(|a, b| a.class == b.class) {
            for &Step { source: state, .. } in steps {
                let block = block_of[state as usize] as usize;
                if marked[block] == 0 {
                    touched.push(block as u32);
                }
                let front = ranges[block].0 + marked[block];
                let here = place[state as usize];
                debug_assert!(here >= front, "each state has one successor per class");
                let other = elements[front as usize];
                elements.swap(front as usize, here as usize);
                place[state as usize] = front;
                place[other as usize] = here;
                marked[block] += 1;
            }
            for block in touched.drain(..) {
                let (from, to) = ranges[block as usize];
                let middle = from + std::mem::take(&mut marked[block as usize]);
                if middle == to {
                    continue;
                }
                let fresh = ranges.len() as u32;
                // The smaller half gets the new number, and a place in the queue in any case; but the sink's keeps its own.
                let halves = [(from, middle), (middle, to)];
                let front = match block == sunk {
                    true => place[sink] >= middle,
                    false => middle - from <= to - middle,
                };
                let [large, small] = if front { [halves[1], halves[0]] } else { halves };
                ranges[block as usize] = large;
                ranges.push(small);
                for &state in &elements[small.0 as usize..small.1 as usize] {
                    block_of[state as usize] = fresh;
                }
                marked.push(0);
                waiting.push_back(fresh);
            }
        }
    }
    let representatives = ranges.iter().map(|range| elements[range.0 as usize]).collect();
    (block_of, representatives)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The slow twin: states are told apart by what the blocks so far say of where they lead, until nothing changes.
    fn moore(table: &[u32], accept: &[bool], classes: usize) -> Vec<u32> {
        let mut block: Vec<u32> = accept.iter().map(|accept| (*accept).into()).collect();
        loop {
            let mut rows: Vec<Vec<u32>> = Vec::new();
            let next = (0..accept.len()).map(|state| {
                let to = &table[state * classes..(state + 1) * classes];
                let row = [block[state]].into_iter().chain(to.iter().map(|to| block[*to as usize]));
                let row: Vec<u32> = row.collect();
                let known = rows.iter().position(|other| *other == row);
                known.unwrap_or_else(|| {
                    rows.push(row);
                    rows.len() - 1
                }) as u32
            });
            let next: Vec<u32> = next.collect();
            if same(&next, &block) {
                return block;
            }
            block = next;
        }
    }

    /// Whether the same states are together.
    fn same(a: &[u32], b: &[u32]) -> bool {
        (0..a.len()).all(|i| (0..i).all(|j| (a[i] == a[j]) == (b[i] == b[j])))
    }

    /// Automata that lead to few states nearly everywhere.
    fn automaton() -> impl Strategy<Value = (Vec<u32>, Vec<bool>, usize)> {
        (1usize..24, 1usize..5, 0u32..4).prop_flat_map(|(states, classes, sinks)| {
            let n = states as u32;
            let to = prop_oneof![Just(sinks.min(n - 1)), 0..n, n / 2..n];
            let table = proptest::collection::vec(to, states * classes);
            (table, proptest::collection::vec(any::<bool>(), states), Just(classes))
        })
    }

    proptest! {
        #[test]
        fn agrees_with_plain_refinement((table, accept, classes) in automaton()) {
            let (blocks, representatives) = blocks(&table, &accept, classes);
            prop_assert!(same(&blocks, &moore(&table, &accept, classes)), "{blocks:?}");
            for (block, state) in representatives.iter().enumerate() {
                prop_assert_eq!(blocks[*state as usize], block as u32);
            }
        }
    }

    #[test]
    fn nothing_has_no_blocks() {
        assert_eq!(blocks(&[], &[], 3), (vec![], vec![]));
    }
}
