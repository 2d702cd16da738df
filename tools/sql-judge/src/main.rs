//! Judges sampled texts: JSON lines with a `text` on standard input, each read by PostgreSQL's own parser (libpg_query) and
//! by sqlparser, or with `--json` by serde_json. Prints the refused ones and the counts; exit code 1 if there are any.
//!
//! ```text
//! constrained-gen sample --grammar sql-postgres --tokenizer tokenizer.json --count 5000 | cargo run --release
//! ```

use std::{io::BufRead, process::ExitCode};

use sqlparser::{dialect::PostgreSqlDialect, parser::Parser};

fn main() -> ExitCode {
    let json = std::env::args().any(|argument| argument == "--json");
    let (mut texts, mut refused) = (0u64, [0u64; 2]);
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("standard input is text");
        let row: serde_json::Value = serde_json::from_str(&line).expect("a JSON object a line");
        let text = row["text"].as_str().expect("with a string `text`");
        texts += 1;
        let verdicts = if json {
            let value = serde_json::from_str::<serde_json::Value>(text).map(drop);
            [value.map_err(|e| e.to_string()), Ok(())]
        } else {
            [postgres(text), sqlparser(text)]
        };
        for (count, verdict) in refused.iter_mut().zip(verdicts) {
            if let Err(reason) = verdict {
                *count += 1;
                println!("{reason}: {text:?}");
            }
        }
    }
    if json {
        println!("{texts} texts: serde_json refuses {}", refused[0]);
    } else {
        println!("{texts} texts: libpg_query refuses {}, sqlparser {}", refused[0], refused[1]);
    }
    ExitCode::from(u8::from(refused != [0, 0]))
}

/// One statement, by the server's parser. The fingerprint reads the parse tree in C; decoding it here would add a limit on
/// nesting that the server does not have.
fn postgres(text: &str) -> Result<(), String> {
    pg_query::fingerprint(text, 0, 0).map_err(|e| format!("libpg_query: {e}"))?;
    let statements = pg_query::split_with_parser(text).map_err(|e| format!("libpg_query: {e}"))?;
    match statements.len() {
        1 => Ok(()),
        n => Err(format!("libpg_query: {n} statements")),
    }
}

fn sqlparser(text: &str) -> Result<(), String> {
    match Parser::parse_sql(&PostgreSqlDialect {}, text) {
        Ok(statements) if statements.len() == 1 => Ok(()),
        Ok(statements) => Err(format!("sqlparser: {} statements", statements.len())),
        Err(e) => Err(format!("sqlparser: {e}")),
    }
}
