use std::{hash::{Hash,Hasher},sync::Arc};
use constrained_gen::{Automaton, Limits, TokenId, Vocabulary, library};
fn main() -> anyhow::Result<()> {
    let a: Vec<String> = std::env::args().collect();
    let limits = Limits::default();
    let json = std::fs::read("/work/shared/tokenizers/qwen3/tokenizer.json")?;
    let vocabulary = Arc::new(Vocabulary::from_tokenizer_json(&json, &limits)?);
    let tokenizer = tokenizers::Tokenizer::from_bytes(&json).map_err(anyhow::Error::msg)?;
    let grammar = library::load(&a[1], &limits)?;
    let automaton = Automaton::new(&grammar, Arc::clone(&vocabulary), &limits)?;
    let (step, from): (usize, usize) = (a[4].parse()?, a[5].parse()?);
    for (i, line) in std::fs::read_to_string(&a[2])?.lines().enumerate().skip(from).step_by(step) {
        let v: serde_json::Value = serde_json::from_str(line)?;
        let Some(text) = v[&a[3]].as_str() else { continue };
        let tokens = tokenizer.encode(text, false).map_err(anyhow::Error::msg)?;
        let mut c = automaton.constraint();
        let mut h = std::collections::hash_map::DefaultHasher::new();
        let mut n = 0;
        for &t in tokens.get_ids() {
            match c.mask() { Ok(m) => m.words().hash(&mut h), Err(e) => { println!("{i} limit {e}"); break } }
            n += 1;
            if c.accept(TokenId(t)).is_err() { break }
        }
        println!("{i} {n} {:x}", h.finish());
    }
    Ok(())
}
