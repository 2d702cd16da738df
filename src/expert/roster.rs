//! Which experts can be loaded together?

use super::{Expert, ExpertError, Route, find, names, router};

/// Experts that are there together, in the order in which their manifests want to be loaded. What their `constraints` say holds
/// among them.
#[derive(Clone, Debug)]
pub struct Roster {
    experts: Vec<Expert>,
}

impl Roster {
    /// These experts together, sorted by `load_order` and then by name.
    ///
    /// # Errors
    /// The same package twice; two of which one cannot be loaded beside the other; one that needs another that is not
    /// among them, directly or in a chain longer than its `max_chain`, or in a circle.
    pub fn new(mut experts: Vec<Expert>) -> Result<Self, ExpertError> {
        experts.sort_by(|a, b| {
            let key = |expert: &Expert| {
                (expert.manifest.constraints.load_order, expert.manifest.name.clone())
            };
            key(a).cmp(&key(b))
        });
        let roster = Self { experts };
        roster.check()?;
        Ok(roster)
    }

    /// The experts that ship.
    ///
    /// # Errors
    /// None in a program that passes its tests.
    pub fn shipped() -> Result<Self, ExpertError> {
        Self::new(names().map(find).collect::<Result<_, _>>()?)
    }

    /// The experts, in their order.
    pub fn experts(&self) -> &[Expert] {
        &self.experts
    }

    /// One of them, by its own name or that of its manifest.
    pub fn get(&self, name: &str) -> Option<&Expert> {
        self.experts.iter().find(|expert| expert.name == name || expert.manifest.name == name)
    }

    /// Which of them a prompt is for, and why; see [`Route`].
    pub fn route(&self, prompt: &str) -> Route {
        router::route(&self.experts, prompt)
    }

    fn check(&self) -> Result<(), ExpertError> {
        let refused = |problem: String| Err(ExpertError::Constraints { problem });
        let position = |name: &str| self.experts.iter().position(|e| e.manifest.name == name);
        for (i, expert) in self.experts.iter().enumerate() {
            let (name, constraints) = (&expert.manifest.name, &expert.manifest.constraints);
            if position(name) != Some(i) {
                return refused(format!("`{name}` is there twice"));
            }
            if let Some(other) =
                constraints.incompatible_with.iter().find(|n| position(n).is_some())
            {
                return refused(format!("`{name}` cannot be loaded beside `{other}`"));
            }
            if let Some(other) = constraints.requires.iter().find(|n| position(n).is_none()) {
                return refused(format!("`{name}` needs `{}`, which is not loaded", shown(other)));
            }
        }
        for (i, expert) in self.experts.iter().enumerate() {
            let (name, most) = (&expert.manifest.name, expert.manifest.constraints.max_chain);
            match self.chain(i) {
                None => return refused(format!("`{name}` needs itself, through others")),
                Some(length) if length as u64 > most => {
                    return refused(format!(
                        "`{name}` heads a chain of {length} experts that need each other, more than its max_chain of {most}"
                    ));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// The experts in the longest chain that begins with one; `None` if it comes back to itself. Breadth first, level by
    /// level: no recursion, and no more levels than there are experts.
    fn chain(&self, first: usize) -> Option<usize> {
        let mut level = vec![first];
        let mut length = 0;
        while !level.is_empty() {
            length += 1;
            if length > self.experts.len() {
                return None;
            }
            let needed = level.iter().flat_map(|i| &self.experts[*i].manifest.constraints.requires);
            let mut next: Vec<usize> = needed
                .filter_map(|name| self.experts.iter().position(|e| e.manifest.name == *name))
                .collect();
            next.sort_unstable();
            next.dedup();
            level = next;
        }
        Some(length)
    }
}

fn shown(name: &str) -> String {
    name.chars().take(80).flat_map(char::escape_debug).collect()
}
