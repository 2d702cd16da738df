//! Whether a short text is a sentence, by definition: every lexeme tried at every place, spans to a fixed point.

use std::collections::BTreeSet;

use constrained_gen::{
    TerminalId,
    grammar::{Grammar, Lexing, Regular, Symbol},
};
use regex_syntax::hir::{Class, Hir, HirKind};

/// Where a match that begins at `start` can end.
fn ends(hir: &Hir, text: &[u8], start: usize) -> BTreeSet<usize> {
    let rest = &text[start..];
    match hir.kind() {
        HirKind::Empty => [start].into(),
        HirKind::Literal(literal) if rest.starts_with(&literal.0) => {
            [start + literal.0.len()].into()
        }
        HirKind::Literal(_) => [].into(),
        HirKind::Class(Class::Bytes(class)) => rest
            .first()
            .filter(|b| class.ranges().iter().any(|r| (r.start()..=r.end()).contains(b)))
            .map(|_| start + 1)
            .into_iter()
            .collect(),
        HirKind::Class(Class::Unicode(class)) => (1..=4.min(rest.len()))
            .filter(|&n| {
                let one = std::str::from_utf8(&rest[..n]).ok().filter(|s| s.chars().count() == 1);
                one.and_then(|s| s.chars().next()).is_some_and(|c| {
                    class.ranges().iter().any(|r| (r.start()..=r.end()).contains(&c))
                })
            })
            .map(|n| start + n)
            .collect(),
        HirKind::Look(_) => panic!("no look-around in the tests' terminals"),
        HirKind::Capture(capture) => ends(&capture.sub, text, start),
        HirKind::Concat(parts) => parts.iter().fold([start].into(), |at: BTreeSet<_>, part| {
            at.into_iter().flat_map(|at| ends(part, text, at)).collect()
        }),
        HirKind::Alternation(parts) => {
            parts.iter().flat_map(|part| ends(part, text, start)).collect()
        }
        HirKind::Repetition(repetition) => {
            let mut found = BTreeSet::new();
            let mut at: BTreeSet<usize> = [start].into();
            // More rounds than the text has bytes bring nothing new: the rest of them would match nothing.
            let rounds =
                repetition.max.unwrap_or(u32::MAX).min(repetition.min + text.len() as u32 + 1);
            for round in 0..=rounds {
                if round >= repetition.min {
                    found.extend(&at);
                }
                at = at.into_iter().flat_map(|at| ends(&repetition.sub, text, at)).collect();
            }
            found
        }
    }
}

/// Whether the whole text is in the language.
pub(crate) fn matches(language: &Regular, text: &[u8]) -> bool {
    match language {
        Regular::Hir(hir) => ends(hir, text, 0).contains(&text.len()),
        Regular::Difference(a, b) => matches(a, text) && !matches(b, text),
        Regular::Intersection(a, b) => matches(a, text) && matches(b, text),
    }
}

/// The lexemes of a text that begin after `before`: (terminal, from, to).
fn lexemes(
    grammar: &Grammar,
    text: &[u8],
    before: Option<TerminalId>,
) -> Vec<(TerminalId, usize, usize)> {
    let n = text.len();
    let mut lexemes = Vec::new();
    let begins = |t: TerminalId| {
        before.is_none_or(|before| !grammar.terminal(before).not_before.contains(&t))
    };
    for from in 0..n {
        let mut here: Vec<_> = grammar
            .terminals()
            .iter()
            .enumerate()
            .filter(|(t, _)| begins(TerminalId::new(*t)))
            .flat_map(|(t, terminal)| {
                let to = (from + 1..=n).filter(|&to| matches(&terminal.language, &text[from..to]));
                to.map(move |to| (terminal, TerminalId::new(t), to))
            })
            .collect();
        if grammar.lexing() == Lexing::Longest {
            // A text that belongs to a terminal of higher priority is that terminal's, whether it may begin here or not.
            here.retain(|(terminal, _, to)| {
                !grammar.terminals().iter().any(|other| {
                    other.priority > terminal.priority && matches(&other.language, &text[from..*to])
                })
            });
            let longest = here.iter().map(|(_, _, to)| *to).max();
            here.retain(|(_, _, to)| Some(*to) == longest);
        }
        here.retain(|(terminal, _, to)| {
            let guard = terminal.not_followed_by.as_ref();
            !guard.is_some_and(|g| (to + 1..=n).any(|end| matches(g, &text[*to..end])))
        });
        lexemes.extend(here.into_iter().map(|(_, t, to)| (t, from, to)));
    }
    lexemes
}

/// Whether the text is a sentence.
pub(crate) fn sentence(grammar: &Grammar, text: &[u8]) -> bool {
    let n = text.len();
    // A place is an offset and the terminal that ended there, if it matters which.
    let kinds: Vec<Option<TerminalId>> = std::iter::once(None)
        .chain((0..grammar.terminals().len()).map(TerminalId::new).map(Some))
        .filter(|t| t.is_none_or(|t| !grammar.terminal(t).not_before.is_empty()))
        .collect();
    let kind = |t: TerminalId| kinds.iter().position(|k| *k == Some(t)).unwrap_or(0);
    let places = (n + 1) * kinds.len();
    let place = |at: usize, kind: usize| at * kinds.len() + kind;
    let lexemes: Vec<_> = kinds.iter().map(|before| lexemes(grammar, text, *before)).collect();
    // From each place: the lexemes that begin there and where they lead.
    let mut steps: Vec<Vec<(TerminalId, usize)>> = vec![Vec::new(); places];
    for (k, lexemes) in lexemes.iter().enumerate() {
        for &(t, from, to) in lexemes {
            steps[place(from, k)].push((t, place(to, kind(t))));
        }
    }
    // skip[i][j]: ignored lexemes lead from i to j.
    let mut skip = vec![vec![false; places]; places];
    for i in (0..places).rev() {
        skip[i][i] = true;
        for &(t, to) in &steps[i] {
            if grammar.terminal(t).ignore {
                let after = skip[to].clone();
                for (reached, more) in skip[i].iter_mut().zip(after) {
                    *reached |= more;
                }
            }
        }
    }
    let reads = |t: TerminalId, i: usize| {
        let mut ends = BTreeSet::new();
        for from in (0..places).filter(|&from| skip[i][from]) {
            // An ignored lexeme is dropped, never read.
            let of = steps[from].iter().filter(|(u, _)| *u == t && !grammar.terminal(t).ignore);
            ends.extend(of.map(|(_, to)| *to));
        }
        ends
    };
    let mut spans = vec![vec![vec![false; places]; places]; grammar.nonterminals().len()];
    loop {
        let mut changed = false;
        for production in grammar.productions() {
            for i in 0..places {
                let mut at: BTreeSet<usize> = [i].into();
                for symbol in &production.rhs {
                    at = at
                        .into_iter()
                        .flat_map(|from| match *symbol {
                            Symbol::Terminal(t) => reads(t, from),
                            Symbol::Nonterminal(m) => {
                                let span = &spans[m.index()][from];
                                (0..places).filter(|&to| span[to]).collect()
                            }
                        })
                        .collect();
                }
                for j in at {
                    let span = &mut spans[production.lhs.index()][i][j];
                    changed |= !std::mem::replace(span, true);
                }
            }
        }
        if !changed {
            break;
        }
    }
    let start = place(0, 0);
    let ends = (0..kinds.len()).map(|k| place(n, k));
    let ends: Vec<usize> = ends.collect();
    (0..places)
        .any(|j| spans[grammar.start().index()][start][j] && ends.iter().any(|&end| skip[j][end]))
}

/// All texts over an alphabet up to a length, shorter ones first.
pub(crate) fn texts(alphabet: &[&str], length: usize) -> Vec<String> {
    let mut texts = vec![String::new()];
    let mut last = 0..1;
    for _ in 0..length {
        let first = texts.len();
        for i in last {
            texts.extend(alphabet.iter().map(|a| texts[i].clone() + a).collect::<Vec<_>>());
        }
        last = first..texts.len();
    }
    texts
}
