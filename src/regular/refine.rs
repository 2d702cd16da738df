//! Which states of an automaton accept the same texts, by refining partitions of the states.
//!
//! J. Hopcroft, "An n log n algorithm for minimizing states in a finite automaton" (1971): the smaller half of a block that
//! was split suffices as a later splitter.

use std::collections::VecDeque;

/// State -> block of states that accept the same texts; and one state of each block. `table` has one row of classes per state.
/// O(n c log n).
pub(crate) fn blocks(table: &[u32], accept: &[bool], classes: usize) -> (Vec<u32>, Vec<u32>) {
    let n = accept.len();
    // Per class, the predecessors of each state: those of `t` are `sources[first[t]..first[t + 1]]`.
    let mut first = vec![0u32; classes * (n + 1) + 1];
    for state in 0..n {
        for class in 0..classes {
            first[class * (n + 1) + table[state * classes + class] as usize + 1] += 1;
        }
    }
    for i in 1..first.len() {
        first[i] += first[i - 1];
    }
    let mut fill = first.clone();
    let mut sources = vec![0u32; n * classes];
    for state in 0..n {
        for class in 0..classes {
            let slot = &mut fill[class * (n + 1) + table[state * classes + class] as usize];
            sources[*slot as usize] = state as u32;
            *slot += 1;
        }
    }
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
    let mut waiting: VecDeque<u32> = (0..ranges.len() as u32).collect();
    let mut touched: Vec<u32> = Vec::new();
    let mut splitter: Vec<u32> = Vec::new();
    while let Some(block) = waiting.pop_front() {
        let (from, to) = ranges[block as usize];
        splitter.clear();
        splitter.extend_from_slice(&elements[from as usize..to as usize]);
        for class in 0..classes {
            for &target in &splitter {
                let at = class * (n + 1) + target as usize;
                for &state in &sources[first[at] as usize..first[at + 1] as usize] {
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
            }
            for block in touched.drain(..) {
                let (from, to) = ranges[block as usize];
                let middle = from + std::mem::take(&mut marked[block as usize]);
                if middle == to {
                    continue;
                }
                let fresh = ranges.len() as u32;
                // The smaller half gets the new number, and a place in the queue in any case.
                let small =
                    if middle - from <= to - middle { (from, middle) } else { (middle, to) };
                let large = if small.0 == from { (middle, to) } else { (from, middle) };
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
