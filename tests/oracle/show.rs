//! Grammars in the messages of failing cases.

use std::fmt::Write;

use constrained_gen::grammar::{Grammar, Regular, Symbol};

fn regular(language: &Regular) -> String {
    match language {
        Regular::Hir(hir) => format!("/{hir}/"),
        Regular::Difference(a, b) => format!("({} - {})", regular(a), regular(b)),
        Regular::Intersection(a, b) => format!("({} & {})", regular(a), regular(b)),
    }
}

/// The grammar, a line for each terminal and production.
pub(crate) fn grammar(grammar: &Grammar) -> String {
    let mut out = format!("{:?}, start {}\n", grammar.lexing(), grammar.start().0);
    for terminal in grammar.terminals() {
        let ignore = if terminal.ignore { " ignored" } else { "" };
        let guard = terminal.not_followed_by.as_ref();
        let guard = guard.map_or(String::new(), |g| format!(" not before {}", regular(g)));
        let (name, language, priority) =
            (&terminal.name, regular(&terminal.language), terminal.priority);
        let others: Vec<_> =
            terminal.not_before.iter().map(|t| grammar.terminal(*t).name.as_str()).collect();
        let others = if others.is_empty() {
            String::new()
        } else {
            format!(" not before {}", others.join(" "))
        };
        let _ = writeln!(out, "  {name}.{priority}{ignore} = {language}{guard}{others}");
    }
    for production in grammar.productions() {
        let _ = write!(out, "  {} ->", grammar.nonterminal(production.lhs).name);
        for symbol in &production.rhs {
            let _ = match *symbol {
                Symbol::Terminal(t) => write!(out, " {}", grammar.terminal(t).name),
                Symbol::Nonterminal(n) => write!(out, " {}", grammar.nonterminal(n).name),
            };
        }
        out.push('\n');
    }
    out
}
