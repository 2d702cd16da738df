//! Whether whatever was begun can be ended behind a terminal, under contextual lexing.
//!
//! What must not follow a terminal, and what does not begin where it ends, forbid some of the terminals that the parser
//! allows next. Mostly enough others are left: a name can be followed by an operator. This is proved here once for a grammar,
//! so that a partial lexeme can be judged by the terminals that it can become; for terminals of which it cannot be proved,
//! [`super::live`] searches.
//!
//! 1. *Derivations.* For every nonterminal: the kinds of terminals ([`AllKinds`]) behind which it derives a text, every
//!    terminal of which admits the next, and the kind of the last terminal of such a text. The least fixed point over the
//!    productions.
//! 2. *Places.* What has been read is a nest of begun productions `A -> a X . b`, the innermost one with the terminal just
//!    read as its `X`. It is closed from the inside: at every place `b` must derive such a text, behind the kind that `X` can
//!    be given at its end. That is the kind of the terminal just read, or of what `X` is read on to as the beginning of
//!    itself. Nests that agree in a symbol and its kinds are looked at once.
//! 3. A terminal behind which a place cannot be closed is not used in derivations either, and everything is looked at
//!    again without it.
//!
//! An ignored terminal may stand wherever the terminal before it lets it stand.

use std::{cell::Cell, collections::hash_map::Entry};

use rustc_hash::FxHashMap;

use super::{
    adjacency::{AllKinds, Kinds, Terminals},
    spacing::productive,
};
use crate::{
    bitset::{BitSet, bits},
    grammar::{Grammar, Symbol},
};

/// Elementary steps up to which a proof is tried.
const WORK: u64 = 1 << 25;

/// Nonterminals times kinds up to which it is tried.
const CELLS: usize = 1 << 20;

/// What a new place counts for, and an edge to one: they take some hundred, and some ten bytes.
const PLACE: usize = 256;
const EDGE: usize = 16;

/// The terminals behind which, begun without a shadow, whatever was begun can be ended; `None` if that is too much work.
pub(super) fn sure(
    terminals: &Terminals<'_>,
    texts: &[(usize, Vec<u8>)],
    grammar: &Grammar,
) -> Option<BitSet> {
    let kinds = terminals.kinds(texts)?;
    if grammar.nonterminals().len().saturating_mul(kinds.count) > CELLS {
        return None;
    }
    let mut proof = Proof::new(terminals, grammar, kinds);
    let mut places = loop {
        proof.derive()?;
        let mut places = Places::default();
        let failed = proof.read(&mut places)?;
        if !proof.failed.union_with(&failed) {
            break places;
        }
    };
    for terminal in terminals.ignored.iter() {
        if !proof.failed.contains(terminal) && !proof.skipped(terminal, &mut places)? {
            proof.failed.insert(terminal);
        }
    }
    let mut sure = BitSet::new(terminals.automata.len());
    let known = |t: &usize| proof.kinds.of[*t].is_some() && !proof.failed.contains(*t);
    (0..terminals.automata.len()).filter(known).for_each(|t| sure.insert(t));
    Some(sure)
}

/// A production of terminals that the parser reads and of nonterminals that derive something.
struct Production {
    lhs: usize,
    rhs: Vec<Part>,
}

/// A symbol of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Part {
    Terminal(usize),
    Nonterminal(usize),
}

/// A symbol just read to its end, and the kinds that there can be at its end.
type Read = (Part, Kinds);

struct Proof {
    kinds: AllKinds,
    /// Terminals behind which something cannot be ended.
    failed: BitSet,
    start: usize,
    productions: Vec<Production>,
    /// Nonterminal -> its productions, by number.
    by_lhs: Vec<Vec<usize>>,
    /// Symbol ([`number`](Self::number)) -> productions that hold it, by number, and where.
    holding: Vec<Vec<(usize, usize)>>,
    /// Symbol -> productions that begin with it.
    beginning: Vec<Vec<usize>>,
    nullable: Vec<bool>,
    /// Kind of the last terminal, for each nonterminal -> kinds behind which it derives such a text (not the empty one).
    derives: Vec<Kinds>,
    /// Nonterminal -> kinds at the end of what it derives.
    ends: Vec<Kinds>,
    /// Elementary steps left.
    work: Cell<u64>,
}

impl Proof {
    fn new(terminals: &Terminals<'_>, grammar: &Grammar, kinds: AllKinds) -> Self {
        let names = grammar.nonterminals().len();
        let mut read = BitSet::new(terminals.automata.len());
        terminals.read.iter().for_each(|&t| read.insert(t));
        let unread = read.complement(terminals.automata.len());
        let productive = productive(grammar, &unread);
        let part = |symbol: &Symbol| match symbol {
            Symbol::Terminal(t) => read.contains(t.index()).then_some(Part::Terminal(t.index())),
            Symbol::Nonterminal(n) => productive[n.index()].then_some(Part::Nonterminal(n.index())),
        };
        let productions: Vec<Production> = (grammar.productions().iter())
            .filter_map(|production| {
                let rhs = production.rhs.iter().map(part).collect::<Option<_>>()?;
                Some(Production { lhs: production.lhs.index(), rhs })
            })
            .collect();
        let count = terminals.automata.len();
        let mut by_lhs = vec![Vec::new(); names];
        let mut holding = vec![Vec::new(); count + names];
        let mut beginning = vec![Vec::new(); count + names];
        for (i, production) in productions.iter().enumerate() {
            by_lhs[production.lhs].push(i);
            for (at, part) in production.rhs.iter().enumerate() {
                let symbol = match *part {
                    Part::Terminal(t) => t,
                    Part::Nonterminal(n) => count + n,
                };
                holding[symbol].push((i, at));
                if at == 0 {
                    beginning[symbol].push(i);
                }
            }
        }
        // Behind some there can only be the end: no need to look.
        let mut failed = BitSet::new(count);
        let admits = kinds.admitted_by.iter().fold(0, |all, kinds| all | kinds);
        let last = |t: &usize| kinds.of[*t].is_some_and(|kind| admits >> kind & 1 == 0);
        (0..count).filter(last).for_each(|t| failed.insert(t));
        let mut proof = Self {
            failed,
            start: grammar.start().index(),
            productions,
            by_lhs,
            holding,
            beginning,
            nullable: vec![false; names],
            derives: vec![0; names * kinds.count],
            ends: vec![0; names],
            work: Cell::new(WORK),
            kinds,
        };
        proof.until_stable(|proof, i| {
            let Production { lhs, rhs } = &proof.productions[i];
            let empty = rhs.iter().all(|part| proof.is_nullable(*part));
            empty && !std::mem::replace(&mut proof.nullable[*lhs], true)
        });
        proof
    }

    /// Looks at productions until nothing grows any more; `grow` says whether one made its nonterminal grow.
    fn until_stable(&mut self, mut grow: impl FnMut(&mut Self, usize) -> bool) {
        let mut waiting = vec![true; self.productions.len()];
        // Mostly what others are made of comes last.
        let mut work: Vec<usize> = (0..self.productions.len()).collect();
        while let Some(i) = work.pop() {
            waiting[i] = false;
            if grow(self, i) {
                let lhs = self.number(Part::Nonterminal(self.productions[i].lhs));
                for &(other, _) in &self.holding[lhs] {
                    if !std::mem::replace(&mut waiting[other], true) {
                        work.push(other);
                    }
                }
            }
        }
    }

    fn spend(&self, steps: usize) -> Option<()> {
        let left = self.work.get().checked_sub(steps as u64 + 1)?;
        self.work.set(left);
        Some(())
    }

    /// Terminals come first, nonterminals behind them.
    fn number(&self, part: Part) -> usize {
        match part {
            Part::Terminal(t) => t,
            Part::Nonterminal(n) => self.kinds.of.len() + n,
        }
    }

    fn is_nullable(&self, part: Part) -> bool {
        matches!(part, Part::Nonterminal(n) if self.nullable[n])
    }

    /// The kind of a terminal.
    fn kind(&self, terminal: usize) -> Kinds {
        self.kinds.of[terminal].map_or(0, |kind| 1 << kind)
    }

    /// The kinds at the end of what a symbol derives.
    fn ends(&self, part: Part) -> Kinds {
        match part {
            Part::Nonterminal(n) => self.ends[n],
            Part::Terminal(t) if self.failed.contains(t) => 0,
            Part::Terminal(t) => self.kind(t),
        }
    }

    /// Kinds behind which a symbol derives a text, not the empty one, with this one of its kinds at the end.
    fn before(&self, part: Part, end: usize) -> Kinds {
        match part {
            Part::Nonterminal(n) => self.derives[n * self.kinds.count + end],
            Part::Terminal(t) => self.kinds.admitted_by[t],
        }
    }

    /// Kinds that can be at the end of a text of these symbols, the empty one included, behind one of some kinds.
    fn after(&self, parts: &[Part], kinds: Kinds) -> Kinds {
        let looked_at = |part: &Part| u64::from(self.ends(*part).count_ones()) + 1;
        let steps = parts.iter().map(looked_at).sum();
        self.work.set(self.work.get().saturating_sub(steps));
        parts.iter().fold(kinds, |kinds, part| {
            let begun = if self.is_nullable(*part) { kinds } else { 0 };
            let ends = bits(self.ends(*part)).filter(|end| self.before(*part, *end) & kinds != 0);
            ends.fold(begun, |ends, end| ends | 1 << end)
        })
    }

    /// Computes what nonterminals derive, from nothing.
    fn derive(&mut self) -> Option<()> {
        self.derives.fill(0);
        self.ends.fill(0);
        let count = self.kinds.count;
        let (mut so_far, mut next) = (vec![0; count], vec![0; count]);
        let mut done = Some(());
        self.until_stable(|proof, i| {
            let steps = |part: &Part| {
                let looked_at = |end| proof.before(*part, end).count_ones() as usize + 1;
                count / 8 + bits(proof.ends(*part)).map(looked_at).sum::<usize>()
            };
            let steps = proof.productions[i].rhs.iter().map(steps).sum();
            done = done.and_then(|()| proof.spend(steps));
            if done.is_none() {
                return false;
            }
            let Production { lhs, rhs } = &proof.productions[i];
            let mut empty = true;
            so_far.fill(0);
            for part in rhs {
                let nullable = proof.is_nullable(*part);
                next.fill(0);
                if nullable {
                    next.copy_from_slice(&so_far);
                }
                for end in bits(proof.ends(*part)) {
                    let before = proof.before(*part, end);
                    let through = bits(before).fold(0, |kinds, middle| kinds | so_far[middle]);
                    next[end] |= through | if empty { before } else { 0 };
                }
                std::mem::swap(&mut so_far, &mut next);
                empty &= nullable;
            }
            let lhs = *lhs;
            let known = &mut proof.derives[lhs * count..][..count];
            let mut grown = false;
            for (end, (known, new)) in known.iter_mut().zip(&so_far).enumerate() {
                grown |= new & !*known != 0;
                *known |= new;
                proof.ends[lhs] |= Kinds::from(*known != 0) << end;
            }
            grown
        });
        done
    }

    /// Terminals behind which, as the last ones read, something begun cannot be ended, but for those known before.
    fn read(&self, places: &mut Places) -> Option<BitSet> {
        let mut failed = BitSet::new(self.kinds.of.len());
        // The first places: of these terminals, in order.
        let mut terminals = Vec::new();
        for t in 0..self.kinds.of.len() {
            if !self.holding[t].is_empty() && !self.failed.contains(t) {
                places.add((Part::Terminal(t), self.kind(t)), None);
                terminals.push(t);
            }
        }
        let mut next = 0;
        while next < places.all.len() {
            self.leave(next, places)?;
            next += 1;
        }
        // Whatever leads to where it fails fails.
        let mut fails = vec![false; places.all.len()];
        while let Some(at) = places.stuck.pop() {
            if !std::mem::replace(&mut fails[at], true) {
                places.stuck.extend(&places.from[at]);
                terminals.get(at).into_iter().for_each(|t| failed.insert(*t));
            }
        }
        Some(failed)
    }

    /// Whether behind an ignored terminal, wherever it can stand, everything begun can be ended. In all places so far it can.
    fn skipped(&self, ignored: usize, places: &mut Places) -> Option<bool> {
        // Before the first lexeme stand ignored ones, or none.
        let kind = self.kind(ignored);
        if self.after(&[Part::Nonterminal(self.start)], kind) == 0 {
            return Some(false);
        }
        let known = places.all.len();
        for (t, before) in self.kinds.of.iter().enumerate() {
            if before
                .is_some_and(|before| self.kinds.ignored_behind[usize::from(before)] & kind != 0)
            {
                places.add((Part::Terminal(t), kind), None);
            }
        }
        let mut next = known;
        while next < places.all.len() && places.stuck.is_empty() {
            self.leave(next, places)?;
            next += 1;
        }
        if !places.stuck.is_empty() {
            // Nothing is known of the places on the way.
            places.stuck.clear();
            for place in places.all.drain(known..) {
                places.numbers.remove(&place);
            }
            places.from.truncate(known);
            return Some(false);
        }
        Some(true)
    }

    /// Closes all productions that can hold what has been read at a place.
    fn leave(&self, from: usize, to: &mut Places) -> Option<()> {
        let (read, mut kinds) = to.all[from];
        self.spend(PLACE)?;
        if let Part::Nonterminal(n) = read
            && kinds >> self.kinds.strongest & 1 == 0
        {
            kinds |= self.grown(read, kinds, to)?.get(&n).copied().unwrap_or(0);
        }
        for &(production, at) in &self.holding[self.number(read)] {
            self.spend(EDGE)?;
            let Production { lhs, rhs } = &self.productions[production];
            let lhs = *lhs;
            let mut ends = self.after(&rhs[at + 1..], kinds);
            if ends == 0 {
                // Others began alike.
                let begun = &rhs[..=at];
                for other in self.by_lhs[lhs].iter().map(|i| &self.productions[*i].rhs) {
                    if other.len() > at && other[..=at] == *begun {
                        ends |= self.after(&other[at + 1..], kinds);
                    }
                }
            }
            if ends != 0 {
                to.add((Part::Nonterminal(lhs), self.best(ends)), Some(from));
            } else if at > 0 || !self.begin_otherwise((read, kinds), lhs, from, to)? {
                to.stuck.push(from);
            }
        }
        Some(())
    }

    /// Whether a symbol that was held to be the beginning of a nonterminal can be read on as that of something else wherever
    /// that nonterminal begins: an operand of `as` is also one of `+`.
    fn begin_otherwise(
        &self,
        (read, kinds): Read,
        nonterminal: usize,
        from: usize,
        to: &mut Places,
    ) -> Option<bool> {
        let mut seen = vec![nonterminal];
        let mut next = 0;
        while let Some(&n) = seen.get(next) {
            next += 1;
            self.spend(seen.len())?;
            let otherwise = self.grown(read, kinds, to)?.get(&n).copied().unwrap_or(0);
            if otherwise != 0 {
                to.add((Part::Nonterminal(n), self.best(otherwise)), Some(from));
                continue;
            }
            if n == self.start {
                return Some(false);
            }
            for &(production, at) in &self.holding[self.number(Part::Nonterminal(n))] {
                let lhs = self.productions[production].lhs;
                if at > 0 {
                    return Some(false);
                }
                if !seen.contains(&lhs) {
                    seen.push(lhs);
                }
            }
        }
        Some(true)
    }

    /// Nothing is better than the strongest kind.
    fn best(&self, kinds: Kinds) -> Kinds {
        let strongest = 1 << self.kinds.strongest;
        if kinds & strongest == 0 { kinds } else { strongest }
    }

    /// What a symbol, once read, can become the beginning of and be read on to the end of: nonterminals, each with the kinds
    /// that it can then have at its end.
    fn grown<'a>(&self, begun: Part, kinds: Kinds, to: &'a mut Places) -> Option<&'a Grown> {
        Some(match to.grown.entry((begun, kinds)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(self.grow((begun, kinds))?),
        })
    }

    /// Computes [`grown`](Self::grown).
    fn grow(&self, begun: Read) -> Option<Grown> {
        let mut reached = Grown::default();
        let mut waiting = vec![begun];
        if let (Part::Nonterminal(n), kinds) = begun {
            reached.insert(n, kinds);
        }
        while let Some((part, kinds)) = waiting.pop() {
            for &production in &self.beginning[self.number(part)] {
                self.spend(EDGE)?;
                let Production { lhs, rhs } = &self.productions[production];
                let ends = self.after(&rhs[1..], kinds);
                let known = reached.entry(*lhs).or_insert(0);
                if ends & !*known != 0 {
                    waiting.push((Part::Nonterminal(*lhs), ends & !*known));
                    *known |= ends;
                }
            }
        }
        reached.retain(|_, kinds| *kinds != 0);
        Some(reached)
    }
}

/// Nonterminal -> kinds at its end.
type Grown = FxHashMap<usize, Kinds>;

/// What can have been read, and what that leads to.
#[derive(Default)]
struct Places {
    all: Vec<Read>,
    numbers: FxHashMap<Read, usize>,
    /// What led to each, by number.
    from: Vec<Vec<usize>>,
    /// Those behind which something cannot be ended.
    stuck: Vec<usize>,
    grown: FxHashMap<Read, Grown>,
}

impl Places {
    fn add(&mut self, read: Read, from: Option<usize>) {
        let next = self.all.len();
        let number = *self.numbers.entry(read).or_insert(next);
        if number == next {
            self.all.push(read);
            self.from.push(Vec::new());
        }
        if let Some(from) = from
            && self.from[number].last() != Some(&from)
        {
            self.from[number].push(from);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Limits, TerminalId,
        grammar::{GrammarBuilder, Lexing, Regular, Terminal},
        lexer::Lexer,
    };

    fn regular(pattern: &str) -> Regular {
        Regular::Hir(regex_syntax::parse(pattern).expect("test pattern"))
    }

    /// The terminals that are sure. Terminals are `NAME regex`, or `NAME regex ! guard`, or `NAME regex # names` (that do not
    /// begin behind it); ignored ones begin with an underscore. Rules are `lhs symbols...`, the first one the start's.
    fn sure_of(terminals: &[&str], rules: &[&str]) -> Vec<String> {
        let mut builder = GrammarBuilder::new("test", Lexing::Contextual);
        let names: Vec<&str> = terminals.iter().filter_map(|t| t.split(' ').next()).collect();
        let number = |name: &str| names.iter().position(|other| *other == name);
        for (name, text) in names.iter().zip(terminals) {
            let text = &text[name.len() + 1..];
            let (text, others) = text.split_once(" # ").unwrap_or((text, ""));
            let (pattern, guard) = text.split_once(" ! ").unwrap_or((text, ""));
            let mut terminal = Terminal::new(*name, regular(pattern));
            terminal.ignore = name.starts_with('_');
            terminal.not_followed_by = (!guard.is_empty()).then(|| regular(guard));
            let others = others.split_whitespace().map(|other| number(other).expect("a terminal"));
            terminal.not_before = others.map(TerminalId::new).collect();
            builder.terminal(terminal);
        }
        let mut nonterminals = Vec::new();
        for lhs in rules.iter().filter_map(|rule| rule.split(' ').next()) {
            if !nonterminals.iter().any(|(name, _)| *name == lhs) {
                nonterminals.push((lhs, builder.nonterminal(lhs)));
            }
        }
        let nonterminal = |name: &str| {
            nonterminals.iter().find(|(other, _)| *other == name).expect("a nonterminal").1
        };
        for rule in rules {
            let mut symbols = rule.split(' ');
            let lhs = nonterminal(symbols.next().expect("a left-hand side"));
            let symbol = |name: &str| match number(name) {
                Some(terminal) => Symbol::Terminal(TerminalId::new(terminal)),
                None => Symbol::Nonterminal(nonterminal(name)),
            };
            builder.production(lhs, symbols.map(symbol).collect());
        }
        let grammar = builder.finish(nonterminals[0].1);
        let lexer = Lexer::new(&grammar, &Limits::default()).expect("a small grammar");
        let sure = lexer.spacing.sure.iter().map(|t| names[t].to_owned());
        sure.collect()
    }

    /// Else their masks are searched for, which is slower, and nothing else would tell.
    #[test]
    fn it_is_proved_of_the_grammars_that_ship() {
        let limits = Limits::default();
        for name in crate::library::names() {
            let grammar = crate::library::grammar(name, &limits).expect("it ships");
            if grammar.lexing() == Lexing::Contextual {
                let lexer = Lexer::new(&grammar, &limits).expect("it compiles");
                assert!(!lexer.spacing.texts.is_empty(), "{name}");
            }
        }
    }

    #[test]
    fn guards_that_leave_something_do_no_harm() {
        let terminals = ["N [a-z]+ ! [a-z]", "AS as ! [a-z]", "PLUS \\+ ! \\+", "_B \x20+ ! \x20"];
        let rules = ["s s PLUS N", "s s AS N", "s N"];
        assert_eq!(sure_of(&terminals, &rules), ["N", "AS", "PLUS", "_B"]);
        // Without a blank a word cannot follow a word, but a sign can.
        assert_eq!(sure_of(&terminals[..3], &rules), ["N", "PLUS"]);
    }

    #[test]
    fn what_is_not_left_makes_a_terminal_unsure_and_all_that_need_it() {
        // Nothing but `b` may follow `a`, and `b` must not.
        let terminals = ["A a ! b", "B b ! c", "C c", "X x ! z"];
        assert_eq!(sure_of(&terminals, &["s X", "s A B", "s C"]), ["B", "C", "X"]);
        // `x` needs `a`.
        assert_eq!(sure_of(&terminals, &["s X A B", "s C"]), ["B", "C"]);
        assert_eq!(sure_of(&terminals, &["s X A B", "s X C"]), ["B", "C", "X"]);
        assert_eq!(sure_of(&terminals, &["s X A B", "s X A C"]), ["A", "B", "C", "X"]);
    }

    #[test]
    fn what_was_read_can_be_gone_on_with() {
        // `( a )` may be the end of parameters, which no arrow follows directly; a type can be made longer first.
        let terminals = ["OPEN \\(", "END \\) ! =>", "ARROW =>", "OR \\|", "T t ! [a-z]"];
        let longer = ["f OPEN t END ARROW t", "t t OR u", "t u", "u T", "u OPEN t END"];
        let sure = sure_of(&terminals, &longer);
        assert!(!sure.contains(&"END".to_owned()), "{sure:?}");
        let typed = ["f T t ARROW t", "t t OR u", "t u", "u T", "u OPEN t END"];
        assert_eq!(sure_of(&terminals, &typed), ["OPEN", "END", "ARROW", "OR", "T"]);
        let short = ["f T t ARROW t", "t T", "t OPEN t END"];
        assert!(!sure_of(&terminals, &short).contains(&"END".to_owned()));
    }

    #[test]
    fn an_operand_may_be_that_of_another_operator() {
        // No word stands behind `>`; what it ends is also an operand of `+`.
        let terminals = ["GT > ! [a-z]", "AS as", "PLUS \\+", "N n"];
        let rules = ["e f", "e p", "f p AS N", "p N", "p p PLUS N", "p N GT"];
        assert_eq!(sure_of(&terminals, &rules), ["GT", "AS", "PLUS", "N"]);
        let only = ["e f", "f p AS N", "p N", "p N GT"];
        assert!(!sure_of(&terminals, &only).contains(&"GT".to_owned()));
    }

    #[test]
    fn a_line_break_is_sure_where_all_can_stand_behind_it() {
        let terminals = ["N n ! [a-z]", "UP \\+", "_LINE \n # UP", "END ;"];
        assert_eq!(sure_of(&terminals, &["s N UP", "s N END"]), ["N", "UP", "_LINE", "END"]);
        assert_eq!(sure_of(&terminals, &["s N UP"]), ["N", "UP", "END"]);
        // Where `n` lets no line break stand behind it, it cannot be there.
        let guarded = ["N n ! [a-z\n]", "UP \\+", "_LINE \n # UP", "END ;"];
        assert_eq!(sure_of(&guarded, &["s N UP", "s UP N END"]), ["N", "UP", "_LINE", "END"]);
    }

    #[test]
    fn only_texts_that_suit_both_guards_count() {
        // Behind `a` comes no `x`, behind a blank no `y`; `b` is one or the other.
        let terminals = ["A a ! \x20*x|[yz]", "B x|y", "_BLANK \x20 ! y"];
        assert!(!sure_of(&terminals, &["s A B"]).contains(&"A".to_owned()));
    }
}
