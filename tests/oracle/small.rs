//! Grammars in a shorthand.

use constrained_gen::grammar::{Grammar, GrammarBuilder, Lexing, Regular, Symbol, Terminal};

/// A language of bytes by its regular expression.
pub(crate) fn regex(pattern: &str) -> Regular {
    let mut parser = regex_syntax::ParserBuilder::new().utf8(false).build();
    Regular::Hir(parser.parse(pattern).unwrap_or_else(|e| panic!("{pattern}: {e}")))
}

/// A grammar in a shorthand: terminals as (name, pattern, priority, what must not follow); a name beginning with `_` is
/// ignored. Rules as `s: A s B | ` with small letters for nonterminals, the first the start.
pub(crate) fn small(lexing: Lexing, terminals: &[(&str, &str, i32, &str)], rules: &str) -> Grammar {
    let mut builder = GrammarBuilder::new("small", lexing);
    let rules: Vec<_> = rules.split(';').map(|r| r.split_once(':').expect("rule")).collect();
    let lhs: Vec<_> = rules.iter().map(|(name, _)| builder.nonterminal(name.trim())).collect();
    let ids: Vec<_> = terminals
        .iter()
        .map(|(name, pattern, priority, guard)| {
            let mut terminal = Terminal::new(*name, regex(pattern));
            terminal.priority = *priority;
            terminal.ignore = name.starts_with('_');
            terminal.not_followed_by = (!guard.is_empty()).then(|| regex(guard));
            builder.terminal(terminal)
        })
        .collect();
    for (i, (_, alternatives)) in rules.iter().enumerate() {
        for alternative in alternatives.split('|') {
            let rhs = alternative.split_whitespace().map(|name| {
                let terminal = terminals.iter().position(|t| t.0 == name);
                let nonterminal = rules.iter().position(|r| r.0.trim() == name);
                match (terminal, nonterminal) {
                    (Some(t), _) => Symbol::Terminal(ids[t]),
                    (None, Some(n)) => Symbol::Nonterminal(lhs[n]),
                    _ => panic!("{name} is not defined"),
                }
            });
            builder.production(lhs[i], rhs.collect());
        }
    }
    builder.finish(lhs[0])
}
