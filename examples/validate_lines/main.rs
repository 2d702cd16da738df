//! Does a validator take all of these texts? The other half of `constrained-gen sample`: it makes sentences, this asks another
//! parser about each.
//!
//! `constrained-gen sample … | cargo run --release --example validate_lines -- cypher` reads JSON lines with a field `text`, prints
//! those that are refused with the reason, and says how many there were.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints verdicts")]

use constrained_gen::validation::Validator;
use rayon::prelude::*;

fn main() -> anyhow::Result<()> {
    let validator = match std::env::args().nth(1).as_deref() {
        Some("cypher") => Validator::Cypher,
        Some("json") => Validator::Json,
        Some("sql-postgres") => Validator::PostgreSqlStrict,
        Some("typescript") => Validator::TypeScript,
        _ => anyhow::bail!("expected cypher, json, sql-postgres or typescript"),
    };
    let lines: Vec<String> = std::io::stdin().lines().collect::<Result<_, _>>()?;
    let verdicts: Vec<Option<serde_json::Value>> = lines
        .par_iter()
        .map(|line| {
            let row: serde_json::Value = serde_json::from_str(line)?;
            let text = row["text"].as_str().ok_or_else(|| anyhow::anyhow!("no field `text`"))?;
            let refused = validator.check(text).err();
            Ok(refused.map(|e| serde_json::json!({ "text": text, "reason": e.to_string() })))
        })
        .collect::<anyhow::Result<_>>()?;
    let refused: Vec<_> = verdicts.into_iter().flatten().collect();
    for verdict in &refused {
        println!("{verdict}");
    }
    eprintln!("{} of {} refused", refused.len(), lines.len());
    Ok(())
}
