//! What of a lexer's tables is worth saving? What configurations are made of; what is known about them is found out anew,
//! so that a file cannot change how a text is read.

use rustc_hash::FxHashMap;

use super::{
    compile::Lexer,
    table::{ConfigId, LexTable, Place},
};
use crate::codec::{Malformed, Reader, Writer};

impl Lexer {
    /// Writes everything that the numbers of states and terminals refer to.
    pub(crate) fn describe(&self, out: &mut Writer) {
        out.count(self.terminals);
        out.number(self.rule as u32);
        out.count(self.dfas.len());
        for dfa in &self.dfas {
            dfa.describe(out);
        }
        for guard in &self.guards {
            out.number(guard.map_or(0, |guard| guard + 1));
        }
        for others in &self.not_before {
            let others: Vec<u32> = others.iter().map(|terminal| terminal as u32).collect();
            out.ascending(&others);
        }
        let ignored: Vec<u32> = self.ignored.iter().map(|terminal| terminal as u32).collect();
        out.ascending(&ignored);
    }
}

impl LexTable {
    /// Writes what these configurations are made of, in this order.
    pub(crate) fn save(&self, configs: &[ConfigId], out: &mut Writer) {
        let mut numbers: FxHashMap<u32, u32> = FxHashMap::default();
        let mut states = Vec::new();
        let mut body = Writer::default();
        let mut number = |state: u32| {
            *numbers.entry(state).or_insert_with(|| {
                states.push(state);
                states.len() as u32 - 1
            })
        };
        body.count(configs.len());
        for &id in configs {
            let config = self.get(id);
            body.number(number(config.main) << 1 | u32::from(config.fresh));
            let mut shadows: Vec<u32> = config.shadows.iter().map(|s| number(*s)).collect();
            shadows.sort_unstable();
            body.ascending(&shadows);
        }
        out.count(states.len());
        for state in states {
            let components = self.states.components(state);
            let automata: Vec<u32> = components.iter().map(|c| c.0).collect();
            out.ascending(&automata);
            for (_, state) in components {
                out.number(*state);
            }
        }
        out.raw(&body.finish());
    }

    /// Makes the configurations that were written.
    pub(crate) fn load(
        &self,
        lexer: &Lexer,
        from: &mut Reader<'_>,
        limit: usize,
    ) -> Result<Vec<ConfigId>, Malformed> {
        let mut states = Vec::new();
        for _ in 0..from.count(1)? {
            let automata = from.ascending(lexer.dfas.len())?;
            let mut components = Vec::with_capacity(automata.len());
            for automaton in automata {
                let state = from.below(lexer.dfas[automaton as usize].states())?;
                if state == crate::regular::DEAD {
                    return Err(Malformed("a dead automaton takes part"));
                }
                components.push((automaton, state));
            }
            states.push(self.states.of(lexer, &components));
            Malformed::beyond(limit, self.bytes())?;
        }
        let mut configs = Vec::new();
        for _ in 0..from.count(2)? {
            let main = from.number()?;
            let of = |state: u32| {
                states.get(state as usize).copied().ok_or(Malformed("an id is out of range"))
            };
            let (fresh, main) = (main & 1 == 1, of(main >> 1)?);
            let shadows = from.ascending(states.len())?;
            let shadows = shadows.into_iter().map(of).collect::<Result<_, _>>()?;
            configs.push(match fresh {
                true => self.beginning(lexer, main, shadows),
                false => self.config(lexer, Place::Inside, main, shadows),
            });
            Malformed::beyond(limit, self.bytes())?;
        }
        Ok(configs)
    }
}
