//! Every dependency comes from crates.io under a licence that lets this project be used under either of its own.

use std::process::Command;

use serde_json::Value;

/// Licences that are fine on their own. `deny.toml` has the same list.
const ALLOWED: [&str; 11] = [
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Whether a licence expression can be satisfied with allowed licences. Old manifests write `/` for `OR`.
fn satisfied(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ");
    // `AND` binds tighter than `OR`; parentheses only ever stand around a choice.
    if let Some(rest) = expression.strip_prefix('(') {
        let (inner, rest) = rest.split_once(')').expect("a closing parenthesis");
        return satisfied(inner) && rest.trim().strip_prefix("AND ").is_none_or(satisfied);
    }
    let all = |choice: &str| choice.split(" AND ").all(|l| ALLOWED.contains(&l.trim()));
    expression.split(" OR ").any(all)
}

#[test]
fn every_dependency_has_an_allowed_licence_and_source() {
    let metadata = |more: &[&str]| {
        Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--locked"])
            .args(more)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("cargo runs")
    };
    // The dependencies for other systems are looked at too, and the first build here fetches none of them.
    let mut output = metadata(&["--offline"]);
    if !output.status.success() {
        output = metadata(&[]);
    }
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 50, "the whole tree is looked at");
    let mut wrong = Vec::new();
    for package in packages {
        let (name, version) = (&package["name"], &package["version"]);
        match package["license"].as_str() {
            Some(expression) if satisfied(expression) => {}
            other => wrong.push(format!("{name} {version}: licence {other:?}")),
        }
        match &package["source"] {
            Value::Null => assert_eq!(name, "constrained-gen", "a path dependency"),
            source if source == REGISTRY => {}
            other => wrong.push(format!("{name} {version}: source {other}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn expressions_are_read_as_spdx_has_them() {
    assert!(satisfied("MIT OR GPL-3.0"));
    assert!(satisfied("GPL-3.0/MIT"));
    assert!(satisfied("(MIT OR Apache-2.0) AND Unicode-3.0"));
    assert!(!satisfied("(MIT OR Apache-2.0) AND GPL-3.0"));
    assert!(!satisfied("MIT AND GPL-3.0"));
    assert!(!satisfied("LGPL-2.1-or-later"));
}
