//! Things by which of some sets have them.

/// Things that are in the same sets, and in one at least.
#[derive(Debug)]
pub(super) struct Class {
    /// Numbers of the sets, ascending.
    pub(super) sets: Vec<u32>,
    pub(super) members: Vec<usize>,
}

/// Numbers, apart by the sets that have them: with each set, those that are in it leave their class for one that they share
/// (partition refinement: Paige and Tarjan 1987). Cost: the members of all sets.
#[derive(Default, Debug)]
pub(super) struct Partition {
    /// Number -> class; 0 where no set has it.
    class_of: Vec<u32>,
    /// Numbers that some set has.
    members: Vec<usize>,
    /// Class -> the one that it was split from, the set that did so, and the last class that was split from it.
    classes: Vec<Split>,
}

#[derive(Clone, Copy, Default, Debug)]
struct Split {
    from: u32,
    set: u32,
    last: u32,
}

impl Partition {
    /// Forgets all sets.
    pub(super) fn begin(&mut self) {
        for member in self.members.drain(..) {
            self.class_of[member] = 0;
        }
        self.classes.clear();
        self.classes.push(Split::default());
    }

    /// The next set, with a number above those before, and its members, each once.
    pub(super) fn split(&mut self, set: u32, members: impl Iterator<Item = usize>) {
        let before = self.classes.len() as u32;
        for member in members {
            if member >= self.class_of.len() {
                self.class_of.resize(member + 1, 0);
            }
            let class = &mut self.class_of[member];
            if *class == 0 {
                self.members.push(member);
            }
            let from = *class;
            let last = self.classes[from as usize].last;
            *class = last;
            if last < before {
                *class = self.classes.len() as u32;
                self.classes[from as usize].last = *class;
                self.classes.push(Split { from, set, last: 0 });
            }
        }
    }

    /// The class of a number, as an index into [`classes`](Self::classes).
    pub(super) fn class(&self, member: usize) -> usize {
        self.class_of[member] as usize
    }

    /// All classes, those that nothing is left in, and that of what no set has, among them: without sets.
    pub(super) fn classes(&self) -> Vec<Class> {
        let none = || Class { sets: Vec::new(), members: Vec::new() };
        let mut classes: Vec<Class> = self.classes.iter().map(|_| none()).collect();
        for &member in &self.members {
            classes[self.class(member)].members.push(member);
        }
        for (id, class) in classes.iter_mut().enumerate() {
            let mut at = if class.members.is_empty() { 0 } else { id };
            while at != 0 {
                class.sets.push(self.classes[at].set);
                at = self.classes[at].from as usize;
            }
            class.sets.reverse();
        }
        classes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_are_together_if_they_are_in_the_same_sets(
            sets in proptest::collection::vec(
                proptest::collection::btree_set(0usize..12, 0..8),
                0..7,
            ),
        ) {
            let mut partition = Partition::default();
            // What was there before is forgotten.
            partition.begin();
            partition.split(0, [3, 5, 40].into_iter());
            partition.begin();
            for (i, set) in sets.iter().enumerate() {
                partition.split(i as u32, set.iter().copied());
            }
            let classes = partition.classes();
            for number in 0..12 {
                let of = sets.iter().enumerate().filter(|(_, set)| set.contains(&number));
                let of: Vec<u32> = of.map(|(i, _)| i as u32).collect();
                let found = classes.iter().find(|class| class.members.contains(&number));
                prop_assert_eq!(found.map(|class| &class.sets), (!of.is_empty()).then_some(&of));
                let together = classes.iter().filter(|class| class.sets == of).count();
                prop_assert!(of.is_empty() || together == 1);
            }
        }
    }
}
