//! What `check` says of statements that people get wrong. `UPDATE_MESSAGES=1` writes the list anew, to be read before it is kept.
#![cfg(feature = "cli")]

#[allow(dead_code, reason = "this file needs one of its helpers")]
mod process;

use std::{fmt::Write as _, path::Path};

use process::run_with;

#[test]
fn messages_of_check() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sql/messages.txt");
    let list = std::fs::read_to_string(&path).expect("the list of messages");
    let mut found = String::new();
    let mut count = 0;
    for case in list.split("=== ").filter(|case| !case.trim().is_empty()) {
        let statement = case.lines().next().expect("a statement");
        let text = statement.replace("\\n", "\n");
        let run = run_with(text.as_bytes(), &["check", "--grammar", "sql-postgres"]);
        write!(found, "=== {statement}\n{}", run.out).expect("memory");
        count += 1;
    }
    if std::env::var_os("UPDATE_MESSAGES").is_some() {
        std::fs::write(&path, &found).expect("the list of messages");
    }
    assert!(count > 20, "{count}");
    assert_eq!(found, list);
}
