//! The smallest automaton of a language over characters, numbered in one way only.

use rustc_hash::FxHashMap;

use super::{
    chars::{CharDfa, DEAD},
    class::Partition,
};
use crate::regular::blocks;

/// The canonical automaton of a complete one; `table` has one row of classes per state. See [`blocks`] for the cost.
pub(super) fn minimal(
    partition: &Partition,
    table: &[u32],
    accept: &[bool],
    start: u32,
) -> CharDfa {
    canonical(partition, table, accept, start, blocks(table, accept, partition.len()))
}

/// The canonical automaton of one whose states no text tells apart are in `blocks`: state -> block, block -> one of its states.
/// O(table).
pub(super) fn canonical(
    partition: &Partition,
    table: &[u32],
    accept: &[bool],
    start: u32,
    (block_of, representatives): (Vec<u32>, Vec<u32>),
) -> CharDfa {
    let classes = partition.len();
    let row = |block: u32| {
        let state = representatives[block as usize] as usize;
        table[state * classes..(state + 1) * classes].iter().map(|t| block_of[*t as usize])
    };
    let accepts = |block: u32| accept[representatives[block as usize] as usize];
    let count = representatives.len() as u32;
    // In a minimal automaton, the only state that accepts nothing leads to itself.
    let dead = (0..count).find(|&b| !accepts(b) && row(b).all(|to| to == b));
    let start = block_of[start as usize];
    if Some(start) == dead {
        return CharDfa::empty();
    }
    let reachable = reachable(start, dead, count, row);
    // Columns that no state tells apart become one.
    let mut columns: FxHashMap<Vec<u32>, u16> = FxHashMap::default();
    let merged: Vec<u16> = (0..classes)
        .map(|class| {
            let column = |b: &u32| {
                let state = representatives[*b as usize] as usize;
                block_of[table[state * classes + class] as usize]
            };
            let key: Vec<u32> = reachable.iter().map(column).collect();
            let fresh = columns.len() as u16;
            *columns.entry(key).or_insert(fresh)
        })
        .collect();
    let (partition, old) = partition.merge(&merged);
    // Breadth first in the order of the new classes.
    let mut number = vec![DEAD; count as usize];
    let mut order = vec![start];
    number[start as usize] = 1;
    let mut compact = vec![DEAD; old.len()];
    let mut accept = vec![false];
    let mut at = 0;
    while at < order.len() {
        let block = order[at];
        at += 1;
        accept.push(accepts(block));
        let state = representatives[block as usize] as usize;
        for &class in &old {
            let to = block_of[table[state * classes + class] as usize];
            if Some(to) != dead && number[to as usize] == DEAD {
                order.push(to);
                number[to as usize] = order.len() as u32;
            }
            compact.push(number[to as usize]);
        }
    }
    CharDfa { partition, table: compact.into(), accept: accept.into() }
}

fn reachable<I: Iterator<Item = u32>>(
    start: u32,
    dead: Option<u32>,
    count: u32,
    row: impl Fn(u32) -> I,
) -> Vec<u32> {
    let mut seen = vec![false; count as usize];
    seen[start as usize] = true;
    let mut order = vec![start];
    let mut at = 0;
    while at < order.len() {
        for to in row(order[at]) {
            if Some(to) != dead && !std::mem::replace(&mut seen[to as usize], true) {
                order.push(to);
            }
        }
        at += 1;
    }
    order
}
