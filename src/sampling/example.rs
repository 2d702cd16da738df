//! Short texts of a terminal, to steer with.

use std::sync::Arc;

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::{
    CompiledGrammar, Limits,
    grammar::{GrammarBuilder, Lexing, Regular, Symbol, Terminal},
};

/// Texts that are tried for one terminal, and how many are kept.
const TRIED: usize = 64;
const KEPT: usize = 6;

/// Bytes of a text beyond which it is no short one.
const LONGEST: usize = 200;

/// A few texts of a terminal, shortest first; none where simple texts do not match.
pub(super) fn of(terminal: &Terminal) -> Vec<Vec<u8>> {
    let Some(check) = recognizer(terminal) else { return Vec::new() };
    let mut texts: Vec<Vec<u8>> = Vec::new();
    for variant in 0..TRIED {
        let mut text = Vec::new();
        if spell(positive(&terminal.language), variant, &mut text)
            && !texts.contains(&text)
            && check.recognizer().check(&text).is_ok()
        {
            texts.push(text);
            if texts.len() == KEPT {
                break;
            }
        }
    }
    texts.sort_by_key(Vec::len);
    texts
}

/// A grammar of this terminal alone, to ask what it matches: differences and intersections included.
fn recognizer(terminal: &Terminal) -> Option<Arc<CompiledGrammar>> {
    let mut builder = GrammarBuilder::new("terminal", Lexing::Contextual);
    let id = builder.terminal(Terminal::new(terminal.name.clone(), terminal.language.clone()));
    let start = builder.nonterminal("start");
    builder.production(start, vec![Symbol::Terminal(id)]);
    CompiledGrammar::new(&builder.finish(start), &Limits::default()).ok()
}

/// The expression that a language's texts are among.
fn positive(language: &Regular) -> &Hir {
    let mut language = language;
    loop {
        match language {
            Regular::Hir(hir) => return hir,
            Regular::Difference(left, _) | Regular::Intersection(left, _) => language = left,
        }
    }
}

/// What is still to be written: an expression, or the rest of a repetition.
enum Part<'a> {
    Whole(&'a Hir),
    Times(&'a Hir, u32),
}

/// Writes a text that the expression matches. The digits of the variant decide between alternatives, characters of a
/// class and lengths; variant 0 takes the first of everything. Whether the text is short enough.
fn spell(hir: &Hir, variant: usize, out: &mut Vec<u8>) -> bool {
    let mut digits = variant;
    let mut choose = |n: usize| {
        let chosen = digits % n.max(1);
        digits /= n.max(1);
        chosen
    };
    let mut work = vec![Part::Whole(hir)];
    while let Some(part) = work.pop() {
        if out.len() > LONGEST || work.len() > 4 * LONGEST {
            return false;
        }
        let hir = match part {
            Part::Whole(hir) => hir,
            Part::Times(_, 0) => continue,
            Part::Times(hir, left) => {
                work.push(Part::Times(hir, left - 1));
                hir
            }
        };
        match hir.kind() {
            HirKind::Empty => {}
            HirKind::Literal(literal) => out.extend_from_slice(&literal.0),
            HirKind::Class(class) => match character(class, &mut choose) {
                Some(bytes) => out.extend_from_slice(&bytes),
                None => return false,
            },
            HirKind::Look(_) => return false,
            HirKind::Repetition(repetition) => {
                let more =
                    repetition.max.map_or(2, |max| max.saturating_sub(repetition.min).min(2));
                let times = repetition.min + choose(more as usize + 1) as u32;
                work.push(Part::Times(&repetition.sub, times));
            }
            HirKind::Capture(capture) => work.push(Part::Whole(&capture.sub)),
            HirKind::Concat(parts) => work.extend(parts.iter().rev().map(Part::Whole)),
            HirKind::Alternation(parts) => work.push(Part::Whole(&parts[choose(parts.len())])),
        }
    }
    !out.is_empty() && out.len() <= LONGEST
}

/// A character of a class: common ones where the class has them.
fn character(class: &Class, choose: &mut impl FnMut(usize) -> usize) -> Option<Vec<u8>> {
    const COMMON: &[u8] = b"ax1 _Ze9-";
    let ranges: Vec<(u32, u32)> = match class {
        Class::Bytes(class) => {
            class.iter().map(|r| (u32::from(r.start()), u32::from(r.end()))).collect()
        }
        Class::Unicode(class) => {
            class.iter().map(|r| (u32::from(r.start()), u32::from(r.end()))).collect()
        }
    };
    let has = |c: u32| ranges.iter().any(|&(low, high)| (low..=high).contains(&c));
    let mut candidates: Vec<u32> =
        COMMON.iter().map(|&c| u32::from(c)).filter(|&c| has(c)).take(4).collect();
    candidates.extend(ranges.iter().map(|r| r.0).take(3));
    let chosen = *candidates.get(choose(candidates.len()))?;
    match class {
        Class::Bytes(_) => Some(vec![u8::try_from(chosen).ok()?]),
        Class::Unicode(_) => Some(char::from_u32(chosen)?.to_string().into_bytes()),
    }
}
