//! A grammar of ours in llguidance's Lark dialect, as far as that has words for it.
//!
//! What it has none for is said and left out: longest match over all terminals (its lexer knows only those that the parser
//! allows), terminals that take part in it and are refused (`%reject`), what must not follow a lexeme, priorities. So its
//! language is larger: `SELECT 1a` is two lexemes there. For the time of masks over accepted texts that changes little.

use std::fmt::Write as _;

use constrained_gen::grammar::{Grammar, Lexing, Regular, Symbol};

/// The text, and what is lost in it.
pub(crate) fn translate(grammar: &Grammar) -> (String, Vec<String>) {
    let mut out = String::new();
    let mut used = vec![false; grammar.terminals().len()];
    writeln!(out, "start: n{}", grammar.start().index()).expect("memory");
    for (index, nonterminal) in grammar.nonterminals().iter().enumerate() {
        let mut alternatives = Vec::new();
        for production in grammar.productions().iter().filter(|p| p.lhs.index() == index) {
            let symbols: Vec<String> = production
                .rhs
                .iter()
                .map(|symbol| match symbol {
                    Symbol::Terminal(id) => {
                        used[id.index()] = true;
                        format!("T{}", id.index())
                    }
                    Symbol::Nonterminal(id) => format!("n{}", id.index()),
                })
                .collect();
            alternatives.push(match symbols.is_empty() {
                true => "\"\"".to_owned(),
                false => symbols.join(" "),
            });
        }
        // The name for people, with nothing that ends a comment.
        let name: String = nonterminal.name.chars().filter(|c| !c.is_control()).collect();
        writeln!(out, "// {name}\nn{index}: {}", alternatives.join("\n  | ")).expect("memory");
    }
    let (mut guarded, mut refused, mut ranked) = (0, 0, 0);
    for (index, terminal) in grammar.terminals().iter().enumerate() {
        guarded +=
            usize::from(terminal.not_followed_by.is_some() || !terminal.not_before.is_empty());
        ranked += usize::from(terminal.priority != 0);
        if terminal.ignore {
            writeln!(out, "%ignore T{index}").expect("memory");
        } else if !used[index] {
            refused += 1;
            continue;
        }
        writeln!(out, "T{index}: {}", expression(&terminal.language)).expect("memory");
    }
    let mut lost = Vec::new();
    let mut note = |count: usize, what: &str| {
        if count > 0 {
            lost.push(format!("{count} {what}"));
        }
    };
    note(
        usize::from(grammar.lexing() == Lexing::Longest),
        "lexing by longest match over all terminals",
    );
    note(refused, "terminals that are refused where they win");
    note(guarded, "terminals with a look ahead");
    note(ranked, "priorities");
    (out, lost)
}

fn expression(language: &Regular) -> String {
    match language {
        Regular::Hir(hir) => format!("/{}/", pattern(&hir.to_string())),
        Regular::Difference(all, less) => format!("({} & ~{})", expression(all), expression(less)),
        Regular::Intersection(a, b) => format!("({} & {})", expression(a), expression(b)),
    }
}

/// A pattern as it stands between slashes on one line.
fn pattern(text: &str) -> String {
    let (mut out, mut escaped) = (String::new(), false);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '/' if !escaped => out.push_str("\\/"),
            _ => out.push(c),
        }
        escaped = c == '\\' && !escaped;
    }
    out
}
