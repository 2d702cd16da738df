//! ARCHITECTURE.md says which module may import which, and names files: both are held to the code here.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// All Rust files under a folder.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut work = vec![folder.to_owned()];
    while let Some(path) = work.pop() {
        if path.is_dir() {
            work.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The top-level module that a source file belongs to; `None` for the roots of the two crates.
fn module_of(file: &Path) -> Option<String> {
    let relative = file.strip_prefix(root().join("src")).unwrap();
    let first = relative.components().next().unwrap().as_os_str().to_str().unwrap();
    let name = first.strip_suffix(".rs").unwrap_or(first);
    (name != "lib" && name != "main").then(|| name.to_owned())
}

/// The code without comments and without the tests at its foot; string and character literals are emptied.
fn code(source: &str) -> String {
    let source = source.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default();
    let mut code = String::new();
    let mut rest = source;
    while let Some(c) = rest.chars().next() {
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if c == '"' {
            let mut escaped = false;
            let end = rest[1..].find(|c| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            });
            end.map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with("'\"'") {
            3
        } else {
            0
        };
        if skip > 0 {
            rest = &rest[skip..];
        } else {
            code.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    code
}

/// The first segments of all paths that begin with `prefix`, such as `crate::`; braces are followed.
fn first_segments(code: &str, prefix: &str) -> BTreeSet<String> {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices(prefix) {
        if code[..at].ends_with(word) || code[..at].ends_with("$") {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        if !rest.starts_with('{') {
            found.insert(rest.chars().take_while(|&c| word(c)).collect());
            continue;
        }
        let mut depth = 0;
        let mut segment = String::new();
        let mut first = true;
        for c in rest.chars() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 1 && first && word(c) {
                segment.push(c);
            } else if !segment.is_empty() {
                found.insert(std::mem::take(&mut segment));
                first = false;
            }
            if depth == 1 && c == ',' {
                first = true;
            }
            if depth == 0 {
                break;
            }
        }
    }
    found
}

/// What the library's face re-exports: name -> module.
fn reexports() -> BTreeMap<String, String> {
    let face = code(&text(&root().join("src/lib.rs")));
    let mut names = BTreeMap::new();
    for statement in face.split(';').filter_map(|s| s.trim().strip_prefix("pub use ")) {
        let (module, rest) = statement.split_once("::").expect("a path into a module");
        for name in rest.trim_matches(['{', '}']).split(',') {
            let name = name.trim();
            if !name.is_empty() {
                names.insert(name.to_owned(), module.to_owned());
            }
        }
    }
    names
}

/// The table: module -> modules it may import.
fn table(document: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut modules = BTreeMap::new();
    let rows = document.lines().skip_while(|line| !line.starts_with("| module")).skip(2);
    for row in rows.take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [module, _, may] = cells[..] else { panic!("three cells expected: {row}") };
        let may = may.split([',', ' ']).map(|m| m.trim_matches('`')).filter(|m| !m.is_empty());
        let may = may.filter(|m| *m != "nothing").map(str::to_owned).collect();
        modules.insert(module.trim_matches('`').to_owned(), may);
    }
    modules
}

#[test]
fn imports_point_down() {
    let table = table(&text(&root().join("ARCHITECTURE.md")));
    let names = reexports();
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for file in rust_files(&root().join("src")) {
        let Some(module) = module_of(&file) else { continue };
        seen.insert(module.clone());
        if file.components().any(|part| part.as_os_str() == "tests")
            || file.file_name().is_some_and(|name| name == "tests.rs")
        {
            continue;
        }
        let Some(may) = table.get(&module) else {
            wrong.push(format!("module `{module}` is not in the table"));
            continue;
        };
        let code = code(&text(&file));
        // The tool is a crate of its own: there, the library's paths begin with its name.
        let prefix = if module == "cli" { "constrained_gen::" } else { "crate::" };
        for segment in first_segments(&code, prefix) {
            let target = names.get(&segment).unwrap_or(&segment);
            if *target != module && !may.contains(target) {
                wrong.push(format!("{}: `{module}` imports `{target}`", file.display()));
            }
        }
    }
    wrong.extend(
        table.keys().filter(|m| !seen.contains(*m)).map(|m| format!("there is no module `{m}`")),
    );
    wrong.dedup();
    assert!(wrong.is_empty(), "against the table of ARCHITECTURE.md:\n{}", wrong.join("\n"));
}

#[test]
fn the_table_has_no_circle() {
    let table = table(&text(&root().join("ARCHITECTURE.md")));
    let mut left = table.clone();
    assert!(!left.is_empty());
    while !left.is_empty() {
        let free: Vec<String> = left
            .iter()
            .filter(|(_, may)| may.iter().all(|m| !left.contains_key(m)))
            .map(|(module, _)| module.clone())
            .collect();
        assert!(!free.is_empty(), "a circle among {:?}", left.keys());
        left.retain(|module, _| !free.contains(module));
    }
    for (module, may) in &table {
        for target in may {
            assert!(table.contains_key(target), "`{module}` may import `{target}`: no such row");
        }
    }
}

#[test]
fn paths_in_the_documents_exist() {
    for document in ["ARCHITECTURE.md", "README.md", "CHANGELOG.md"] {
        let content = text(&root().join(document));
        for quoted in content.split('`').skip(1).step_by(2) {
            let path = quoted.trim_end_matches('/');
            let is_path = path.contains('/')
                && !path.contains([' ', '*', '<', '$', '\n', '\\', '"', '{'])
                && !path.starts_with(['/', '-', '.'])
                && !path.contains("://");
            let first = path.split('/').next().unwrap_or_default();
            // A hub name such as `Qwen/Qwen3-0.6B` looks like a path.
            if is_path && (root().join(first).exists() || path.ends_with(".rs")) {
                assert!(root().join(path).exists(), "{document}: `{path}` does not exist");
            }
        }
    }
}

#[test]
fn the_reader_of_imports_reads_imports() {
    let source = "use crate::{\n    Limits, grammar::{Grammar, Symbol},\n    vocab,\n};\n\
                  // crate::nothing\nfn f() { crate::parser::x(\"crate::text\"); }\n";
    let found: Vec<String> = first_segments(&code(source), "crate::").into_iter().collect();
    assert_eq!(found, ["Limits", "grammar", "parser", "vocab"]);
}
