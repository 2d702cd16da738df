//! A grammar in other words: what has the same texts must have the same masks.

use std::fmt::Write as _;

use constrained_gen::{
    NonterminalId, TerminalId,
    grammar::{Grammar, GrammarBuilder, Lexing, Production, Regular, Symbol, Terminal},
};

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::generator::Random;

/// A permutation of so many things.
pub(crate) fn permutation(random: &mut Random, count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for at in (1..count).rev() {
        order.swap(at, random.below(at + 1));
    }
    order
}

/// The grammar with these productions.
fn rebuilt(
    grammar: &Grammar,
    terminals: Vec<Terminal>,
    names: Vec<String>,
    productions: Vec<Production>,
    start: NonterminalId,
) -> Grammar {
    let mut builder = GrammarBuilder::new(grammar.name(), grammar.lexing());
    for terminal in terminals {
        builder.terminal(terminal);
    }
    for name in names {
        builder.nonterminal(name);
    }
    for production in productions {
        builder.production(production.lhs, production.rhs);
    }
    builder.finish(start)
}

fn names(grammar: &Grammar) -> Vec<String> {
    grammar.nonterminals().iter().map(|nonterminal| nonterminal.name.clone()).collect()
}

/// Other names, and everything in another order.
pub(crate) fn renamed(grammar: &Grammar, random: &mut Random) -> Grammar {
    let terminals = permutation(random, grammar.terminals().len());
    let nonterminals = permutation(random, grammar.nonterminals().len());
    // The old index of each new one is in the list; ids need the way back.
    let back = |order: &[usize]| {
        let mut back = vec![0; order.len()];
        for (new, old) in order.iter().enumerate() {
            back[*old] = new;
        }
        back
    };
    let (terminal_of, nonterminal_of) = (back(&terminals), back(&nonterminals));
    let terminal = |id: TerminalId| TerminalId::new(terminal_of[id.index()]);
    let nonterminal = |id: NonterminalId| NonterminalId::new(nonterminal_of[id.index()]);
    let made = terminals.iter().map(|old| {
        let mut made = grammar.terminals()[*old].clone();
        made.name = format!("X{old}");
        made.not_before = made.not_before.into_iter().map(terminal).collect();
        made
    });
    let order = permutation(random, grammar.productions().len());
    let productions = order.into_iter().map(|at| {
        let production = &grammar.productions()[at];
        let rhs = production.rhs.iter().map(|symbol| match *symbol {
            Symbol::Terminal(id) => Symbol::Terminal(terminal(id)),
            Symbol::Nonterminal(id) => Symbol::Nonterminal(nonterminal(id)),
        });
        Production { lhs: nonterminal(production.lhs), rhs: rhs.collect() }
    });
    let names = nonterminals.iter().map(|old| format!("y{old}")).collect();
    rebuilt(grammar, made.collect(), names, productions.collect(), nonterminal(grammar.start()))
}

/// A rule more, which nothing uses, and which uses anything.
pub(crate) fn with_unreachable(grammar: &Grammar, random: &mut Random) -> Grammar {
    let mut names = names(grammar);
    let lhs = NonterminalId::new(names.len());
    names.push("unreachable".into());
    let mut productions = grammar.productions().to_vec();
    for _ in 0..random.range(1, 3) {
        let symbol = |random: &mut Random| match random.below(3) {
            0 => Symbol::Nonterminal(NonterminalId::new(random.below(lhs.index() + 1))),
            1 => Symbol::Nonterminal(grammar.start()),
            _ => Symbol::Terminal(TerminalId::new(random.below(grammar.terminals().len()))),
        };
        let rhs = (0..random.below(4)).map(|_| symbol(random)).collect();
        productions.push(Production { lhs, rhs });
    }
    rebuilt(grammar, grammar.terminals().to_vec(), names, productions, grammar.start())
}

/// One use of a rule replaced by what the rule is: an alternative for each of its own.
pub(crate) fn inlined(grammar: &Grammar, random: &mut Random) -> Grammar {
    let uses: Vec<(usize, usize, NonterminalId)> = (grammar.productions().iter().enumerate())
        .flat_map(|(at, production)| {
            production.rhs.iter().enumerate().filter_map(move |(place, symbol)| match symbol {
                Symbol::Nonterminal(id) => Some((at, place, *id)),
                Symbol::Terminal(_) => None,
            })
        })
        .collect();
    let mut productions = grammar.productions().to_vec();
    if !uses.is_empty() {
        let (at, place, id) = random.pick(&uses);
        let replaced = productions.remove(at);
        for alternative in grammar.productions().iter().filter(|other| other.lhs == id) {
            let mut rhs = replaced.rhs.clone();
            rhs.splice(place..=place, alternative.rhs.iter().copied());
            productions.push(Production { lhs: replaced.lhs, rhs });
        }
    }
    rebuilt(grammar, grammar.terminals().to_vec(), names(grammar), productions, grammar.start())
}

/// The grammar as a text in the grammar language; `None` for what the language has no words for.
pub(crate) fn printed(grammar: &Grammar) -> Option<String> {
    let terminals = grammar.terminals();
    let readable = |symbol: &Symbol| match *symbol {
        Symbol::Terminal(id) => !terminals[id.index()].ignore,
        Symbol::Nonterminal(_) => true,
    };
    // What is read nowhere, derives nothing or is not reached has no place in a text.
    let all = grammar.productions().iter().filter(|p| p.rhs.iter().all(readable));
    let mut productive = vec![false; grammar.nonterminals().len()];
    let derives = |productive: &[bool], symbol: &Symbol| match *symbol {
        Symbol::Terminal(_) => true,
        Symbol::Nonterminal(id) => productive[id.index()],
    };
    loop {
        let before = productive.clone();
        for production in all.clone() {
            productive[production.lhs.index()] |=
                production.rhs.iter().all(|symbol| derives(&before, symbol));
        }
        if productive == before {
            break;
        }
    }
    let all: Vec<&Production> =
        all.filter(|p| p.rhs.iter().all(|symbol| derives(&productive, symbol))).collect();
    let mut reached = vec![false; grammar.nonterminals().len()];
    let mut used = vec![false; terminals.len()];
    let mut work = vec![grammar.start()];
    while let Some(lhs) = work.pop() {
        if std::mem::replace(&mut reached[lhs.index()], true) {
            continue;
        }
        for symbol in all.iter().filter(|p| p.lhs == lhs).flat_map(|p| &p.rhs) {
            match *symbol {
                Symbol::Terminal(id) => used[id.index()] = true,
                Symbol::Nonterminal(id) => work.push(id),
            }
        }
    }
    if !productive[grammar.start().index()] {
        return None;
    }
    let mut out = String::new();
    let lexing = if grammar.lexing() == Lexing::Longest { "longest" } else { "contextual" };
    let _ = writeln!(out, "%lexing {lexing}");
    let _ = writeln!(out, "start: n{}", grammar.start().0);
    for (n, _) in reached.iter().enumerate().filter(|(_, reached)| **reached) {
        let alternatives: Vec<String> = (all.iter().filter(|p| p.lhs.index() == n))
            .map(|p| p.rhs.iter().map(|symbol| symbol_name(*symbol)).collect::<Vec<_>>().join(" "))
            .collect();
        let _ = writeln!(out, "n{n}: {}", alternatives.join("\n  | "));
    }
    for (t, terminal) in terminals.iter().enumerate() {
        let mut reserved = Vec::new();
        let mut language = &terminal.language;
        while let Regular::Difference(a, b) = language {
            reserved.push(expression(b)?);
            language = a;
        }
        // A definition that matches the empty text makes uses optional, whatever is reserved.
        let matches_empty = |hir: &Hir| hir.properties().minimum_len() == Some(0);
        if !reserved.is_empty() && matches!(language, Regular::Hir(hir) if matches_empty(hir)) {
            return None;
        }
        let _ = writeln!(out, "T{t}.{}: {}", terminal.priority, expression(language)?);
        for reserved in reserved {
            let _ = writeln!(out, "%reserve T{t} : {reserved}");
        }
        if let Some(guard) = &terminal.not_followed_by {
            let _ = writeln!(out, "%not_followed_by T{t} : {}", expression(guard)?);
        }
        let others: Vec<String> =
            terminal.not_before.iter().map(|other| format!("T{}", other.0)).collect();
        if !others.is_empty() {
            let _ = writeln!(out, "%not_before T{t} : {}", others.join(" "));
        }
        if terminal.ignore {
            let _ = writeln!(out, "%ignore T{t}");
        } else if !used[t] {
            // It has its part in lexing all the same, and in what is known of lexemes that follow one another.
            let _ = writeln!(out, "%reject T{t}");
        }
    }
    Some(out)
}

fn symbol_name(symbol: Symbol) -> String {
    match symbol {
        Symbol::Terminal(id) => format!("T{}", id.0),
        Symbol::Nonterminal(id) => format!("n{}", id.0),
    }
}

/// A language as an expression between slashes. (`Hir`'s own `Display` writes an optional `b+` as a lazy one.)
fn expression(language: &Regular) -> Option<String> {
    let Regular::Hir(hir) = language else { return None };
    let mut out = String::new();
    spell(hir, &mut out);
    // An expression without a character is not written so.
    (!out.is_empty()).then(|| format!("/{out}/"))
}

/// Every part in a group of its own.
fn spell(hir: &Hir, out: &mut String) {
    match hir.kind() {
        HirKind::Empty => out.push_str("(?:)"),
        HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
            Ok(text) => text.chars().for_each(|c| out.push_str(&character(c))),
            Err(_) => literal.0.iter().for_each(|byte| out.push_str(&byte_of(*byte))),
        },
        HirKind::Class(Class::Unicode(class)) => {
            out.push('[');
            for range in class.ranges() {
                let _ = write!(out, "{}-{}", character(range.start()), character(range.end()));
            }
            out.push_str(if class.ranges().is_empty() { "a&&b]" } else { "]" });
        }
        HirKind::Class(Class::Bytes(class)) => {
            out.push_str("(?-u:[");
            for range in class.ranges() {
                let _ = write!(out, "\\x{:02x}-\\x{:02x}", range.start(), range.end());
            }
            out.push_str(if class.ranges().is_empty() { "a&&b])" } else { "])" });
        }
        HirKind::Look(_) => out.push_str("[a&&b]"),
        HirKind::Capture(capture) => spell(&capture.sub, out),
        HirKind::Repetition(repetition) => {
            out.push_str("(?:");
            spell(&repetition.sub, out);
            let _ = match repetition.max {
                Some(max) => write!(out, "){{{},{max}}}", repetition.min),
                None => write!(out, "){{{},}}", repetition.min),
            };
        }
        HirKind::Concat(parts) => parts.iter().for_each(|part| spell(part, out)),
        HirKind::Alternation(parts) => {
            for (at, part) in parts.iter().enumerate() {
                out.push_str(if at == 0 { "(?:" } else { "|" });
                spell(part, out);
            }
            out.push(')');
        }
    }
}

fn character(c: char) -> String {
    if c.is_ascii_alphanumeric() { c.to_string() } else { format!("\\u{{{:x}}}", u32::from(c)) }
}

fn byte_of(byte: u8) -> String {
    format!("(?-u:\\x{byte:02x})")
}
