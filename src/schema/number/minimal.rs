//! The minimal automaton of a table of transitions, numbered in one way only.

use rustc_hash::FxHashMap;

use crate::regular::blocks;

/// Kinds of bytes: ten digits, `-`, `+`, `.`, and `e` or `E`.
pub(super) const COLUMNS: usize = 14;
/// Targets of a state. 0 is the dead state.
pub(super) type Row = [u32; COLUMNS];

/// Stands for the state itself.
const SELF: u32 = u32::MAX;

/// Rows and acceptance of the minimal automaton. State 0 is dead in both; the start is state 1 in `rows`, and the second
/// part of the result. States are numbered breadth first, so equal languages give equal automata.
/// Near linear where the only cycles are loops at one state (Revuz 1992, by height), else by Hopcroft's refinement.
pub(super) fn minimise(rows: &[Row], accept: &[bool]) -> (Vec<Row>, Vec<bool>, u32) {
    let (class, rows, accept) =
        by_height(rows, accept).unwrap_or_else(|| by_refinement(rows, accept));
    renumber(&rows, &accept, class[1])
}

type Classes = (Vec<u32>, Vec<Row>, Vec<bool>);

/// Merges states from the last ones back; `None` if there is a cycle through several states.
fn by_height(rows: &[Row], accept: &[bool]) -> Option<Classes> {
    const NEW: u32 = u32::MAX;
    const OPEN: u32 = u32::MAX - 1;
    let mut class = vec![NEW; rows.len()];
    class[0] = 0;
    let mut ids: FxHashMap<(Row, bool), u32> = FxHashMap::default();
    let mut merged = vec![[0; COLUMNS]];
    let mut accepts = vec![false];
    // Depth first: a state is finished after all that it leads to.
    let mut path: Vec<(u32, usize)> = Vec::new();
    for root in 1..rows.len() as u32 {
        if class[root as usize] != NEW {
            continue;
        }
        class[root as usize] = OPEN;
        path.push((root, 0));
        while let Some((state, column)) = path.last_mut() {
            let (at, row) = (*state, &rows[*state as usize]);
            if let Some(&target) = row.get(*column) {
                *column += 1;
                match class[target as usize] {
                    NEW => {
                        class[target as usize] = OPEN;
                        path.push((target, 0));
                    }
                    OPEN if target != at => return None,
                    _ => {}
                }
                continue;
            }
            path.pop();
            let accepting = accept[at as usize];
            let key = row.map(|target| if target == at { SELF } else { class[target as usize] });
            class[at as usize] = if !accepting && key.iter().all(|t| *t == 0 || *t == SELF) {
                0
            } else if let Some(same) = key.iter().copied().find(|&target| {
                // Equal to a state it leads to, which has the loop that this one has not.
                target != 0
                    && target != SELF
                    && accepts[target as usize] == accepting
                    && key.map(|t| if t == SELF { target } else { t }) == merged[target as usize]
            }) {
                same
            } else {
                *ids.entry((key, accepting)).or_insert_with(|| {
                    let id = merged.len() as u32;
                    merged.push(key.map(|t| if t == SELF { id } else { t }));
                    accepts.push(accepting);
                    id
                })
            };
        }
    }
    Some((class, merged, accepts))
}

/// Splits states by what they lead to, until nothing splits.
fn by_refinement(rows: &[Row], accept: &[bool]) -> Classes {
    let (mut class, mut first) = blocks(rows.as_flattened(), accept, COLUMNS);
    // Class 0 is that of state 0, and of all from which nothing is accepted.
    let dead = class[0];
    let swapped = |class: u32| match class {
        0 => dead,
        class if class == dead => 0,
        class => class,
    };
    class.iter_mut().for_each(|class| *class = swapped(*class));
    first.swap(0, dead as usize);
    let row = |state: &u32| rows[*state as usize].map(|target| class[target as usize]);
    let merged = first.iter().map(row).collect();
    let accepts = first.iter().map(|state| accept[*state as usize]).collect();
    (class, merged, accepts)
}

/// The states that the start leads to, breadth first.
fn renumber(rows: &[Row], accept: &[bool], start: u32) -> (Vec<Row>, Vec<bool>, u32) {
    let mut number = vec![0; rows.len()];
    let mut order = vec![0];
    if start != 0 {
        number[start as usize] = 1;
        order.push(start);
    }
    let mut at = 1;
    while let Some(&state) = order.get(at) {
        at += 1;
        for &target in &rows[state as usize] {
            if target != 0 && number[target as usize] == 0 {
                number[target as usize] = order.len() as u32;
                order.push(target);
            }
        }
    }
    let renamed = |state: &u32| rows[*state as usize].map(|target| number[target as usize]);
    (
        order.iter().map(renamed).collect(),
        order.iter().map(|state| accept[*state as usize]).collect(),
        number[start as usize],
    )
}
