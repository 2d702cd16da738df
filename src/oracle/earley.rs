//! A recogniser over terminals for any context-free grammar (Earley, 1970; empty productions after Aycock and Horspool, 2002).
//!
//! A *column* is the set of items after one reading of the text so far; columns are immutable and never point forward, so
//! any number of readings share their past. Productions that derive no text are removed first; after that a column exists
//! exactly if what it has read is a viable prefix over terminals, and every item of it can be brought to an end.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::{
    TerminalId,
    grammar::{Grammar, Symbol},
};

/// A column of a [`Columns`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ColumnId(u32);

impl ColumnId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Where the next column comes from: a column and the terminal read there, or no terminal where an ignored lexeme was read.
pub type Source = (ColumnId, Option<TerminalId>);

/// A place in [`Rules::cells`] and the column where its production began.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Item {
    place: u32,
    origin: ColumnId,
}

/// What stands behind the dot.
#[derive(Clone, Copy, Debug)]
enum Cell {
    Terminal(TerminalId),
    Nonterminal(u32),
    /// The end of a production of this nonterminal.
    End(u32),
    /// The end of the whole text.
    Accept,
}

/// The productive productions, laid out one after another; the first two cells are `start`, accept.
#[derive(Clone, Debug)]
struct Rules {
    cells: Vec<Cell>,
    /// Where the productions of each nonterminal begin.
    begins: Vec<Vec<u32>>,
    nullable: Vec<bool>,
}

#[derive(Clone, Debug)]
struct Column {
    /// What the last lexeme brought; all other items follow from these.
    kernel: Vec<Item>,
    /// Items before a nonterminal, sorted by it.
    waiting: Vec<(u32, Item)>,
    /// Items before a terminal, sorted by it.
    scans: Vec<(TerminalId, Item)>,
    complete: bool,
    /// How it was reached; to forget it again.
    sources: Box<[Source]>,
}

/// All columns reached so far. The first is that of the empty text.
#[derive(Clone, Debug)]
pub struct Columns {
    rules: Rules,
    columns: Vec<Column>,
    reached: FxHashMap<Box<[Source]>, ColumnId>,
}

impl Columns {
    /// The columns of a grammar; `None` if it derives no text. `possible` tells which terminals match any text.
    pub fn new(grammar: &Grammar, possible: impl Fn(TerminalId) -> bool) -> Option<Self> {
        let rules = Rules::new(grammar, possible)?;
        let mut columns = Self { rules, columns: Vec::new(), reached: FxHashMap::default() };
        let start = Item { place: 0, origin: ColumnId(0) };
        columns.build(vec![start], Box::default());
        Some(columns)
    }

    /// The column of the empty text.
    pub fn start(&self) -> ColumnId {
        ColumnId(0)
    }

    /// How many columns there are.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether there are none; never true.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Whether what was read is a sentence.
    pub fn complete(&self, column: ColumnId) -> bool {
        self.column(column).complete
    }

    /// Whether the terminal may come next.
    pub fn viable(&self, column: ColumnId, terminal: TerminalId) -> bool {
        !self.scanning(column, terminal).is_empty()
    }

    /// The terminals that may come next, ascending.
    pub fn terminals(&self, column: ColumnId) -> Vec<TerminalId> {
        let mut terminals: Vec<_> = self.column(column).scans.iter().map(|(t, _)| *t).collect();
        terminals.dedup();
        terminals
    }

    /// The column after reading a terminal. Cost: its items, the first time.
    ///
    /// # Panics
    /// If the terminal is not [`viable`](Self::viable).
    pub fn advance(&mut self, column: ColumnId, terminal: TerminalId) -> ColumnId {
        self.join(&mut vec![(column, Some(terminal))])
    }

    /// The column in which these readings of the same text meet: all their items together.
    ///
    /// # Panics
    /// If there is no source, or a source's terminal is not viable in its column.
    pub fn join(&mut self, sources: &mut Vec<Source>) -> ColumnId {
        sources.sort_unstable();
        sources.dedup();
        if let [(column, None)] = sources.as_slice() {
            return *column;
        }
        if let Some(&known) = self.reached.get(sources.as_slice()) {
            return known;
        }
        let mut kernel = Vec::new();
        for &(column, terminal) in sources.iter() {
            match terminal {
                Some(terminal) => {
                    let scanned = self.scanning(column, terminal).iter();
                    kernel.extend(scanned.map(|(_, item)| Item { place: item.place + 1, ..*item }));
                }
                None => kernel.extend_from_slice(&self.column(column).kernel),
            }
        }
        // Readings that part and meet again bring the same items; kept twice, they would double at every meeting.
        kernel.sort_unstable();
        kernel.dedup();
        assert!(!kernel.is_empty(), "invariant: only viable terminals are read");
        let sources = sources.clone().into_boxed_slice();
        self.reached.insert(sources.clone(), ColumnId(self.columns.len() as u32));
        self.build(kernel, sources)
    }

    /// Forgets all columns but the first `count`.
    pub fn forget(&mut self, count: usize) {
        for column in self.columns.drain(count.max(1)..) {
            self.reached.remove(&column.sources);
        }
    }

    fn column(&self, column: ColumnId) -> &Column {
        &self.columns[column.index()]
    }

    fn scanning(&self, column: ColumnId, terminal: TerminalId) -> &[(TerminalId, Item)] {
        equal_range(&self.column(column).scans, terminal)
    }

    fn build(&mut self, kernel: Vec<Item>, sources: Box<[Source]>) -> ColumnId {
        let id = ColumnId(u32::try_from(self.columns.len()).expect("invariant: memory ends first"));
        let mut column =
            Column { kernel, waiting: Vec::new(), scans: Vec::new(), complete: false, sources };
        let mut items: FxHashSet<Item> = column.kernel.iter().copied().collect();
        let mut work: Vec<Item> = items.iter().copied().collect();
        let mut predicted = FxHashSet::default();
        let mut found = Vec::new();
        while let Some(item) = work.pop() {
            let next = Item { place: item.place + 1, ..item };
            match self.rules.cells[item.place as usize] {
                Cell::Terminal(terminal) => column.scans.push((terminal, item)),
                Cell::Nonterminal(nonterminal) => {
                    column.waiting.push((nonterminal, item));
                    if predicted.insert(nonterminal) {
                        let begins = &self.rules.begins[nonterminal as usize];
                        found.extend(begins.iter().map(|&place| Item { place, origin: id }));
                    }
                    if self.rules.nullable[nonterminal as usize] {
                        found.push(next);
                    }
                }
                // A production that began here has read nothing; whoever waits for it has stepped over it above.
                Cell::End(_) if item.origin == id => {}
                Cell::End(nonterminal) => {
                    let waiting = &self.columns[item.origin.index()].waiting;
                    let waiting = equal_range(waiting, nonterminal).iter();
                    found.extend(waiting.map(|(_, w)| Item { place: w.place + 1, ..*w }));
                }
                Cell::Accept => column.complete = true,
            }
            work.extend(found.drain(..).filter(|&item| items.insert(item)));
        }
        column.waiting.sort_unstable();
        column.scans.sort_unstable();
        self.columns.push(column);
        id
    }
}

/// The entries of a sorted list with this key.
fn equal_range<K: Ord + Copy, V>(list: &[(K, V)], key: K) -> &[(K, V)] {
    let first = list.partition_point(|entry| entry.0 < key);
    let count = list[first..].partition_point(|entry| entry.0 == key);
    &list[first..first + count]
}

impl Rules {
    fn new(grammar: &Grammar, possible: impl Fn(TerminalId) -> bool) -> Option<Self> {
        let productions = grammar.productions();
        let productive = holding(grammar, |symbol, known| match symbol {
            Symbol::Terminal(terminal) => possible(terminal),
            Symbol::Nonterminal(nonterminal) => known[nonterminal.index()],
        });
        let nullable = holding(grammar, |symbol, known| match symbol {
            Symbol::Terminal(_) => false,
            Symbol::Nonterminal(nonterminal) => known[nonterminal.index()],
        });
        if !productive[grammar.start().index()] {
            return None;
        }
        let mut rules = Self {
            cells: vec![Cell::Nonterminal(grammar.start().0), Cell::Accept],
            begins: vec![Vec::new(); grammar.nonterminals().len()],
            nullable,
        };
        for production in productions {
            let all = production.rhs.iter().all(|symbol| match *symbol {
                Symbol::Terminal(terminal) => possible(terminal),
                Symbol::Nonterminal(nonterminal) => productive[nonterminal.index()],
            });
            if all {
                rules.begins[production.lhs.index()].push(rules.cells.len() as u32);
                rules.cells.extend(production.rhs.iter().map(|symbol| match *symbol {
                    Symbol::Terminal(terminal) => Cell::Terminal(terminal),
                    Symbol::Nonterminal(nonterminal) => Cell::Nonterminal(nonterminal.0),
                }));
                rules.cells.push(Cell::End(production.lhs.0));
            }
        }
        Some(rules)
    }
}

/// The nonterminals with a production all of whose symbols hold a property (the least fixed point).
fn holding(grammar: &Grammar, holds: impl Fn(Symbol, &[bool]) -> bool) -> Vec<bool> {
    let mut known = vec![false; grammar.nonterminals().len()];
    loop {
        let mut changed = false;
        for production in grammar.productions() {
            if !known[production.lhs.index()]
                && production.rhs.iter().all(|&symbol| holds(symbol, &known))
            {
                known[production.lhs.index()] = true;
                changed = true;
            }
        }
        if !changed {
            return known;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::{GrammarBuilder, Lexing, Regular, Terminal};

    /// `rules` such as `S: a S b | ; B: S B`: capital letters are nonterminals (the first is the start), others terminals.
    fn columns(rules: &str) -> Option<Columns> {
        let mut builder = GrammarBuilder::new("test", Lexing::Contextual);
        let rules: Vec<_> = rules.split(';').map(|r| r.split_once(':').expect("rule")).collect();
        let lhs: Vec<_> = rules.iter().map(|(n, _)| builder.nonterminal(n.trim())).collect();
        let letters: Vec<_> = ["a", "b", "c"]
            .iter()
            .map(|t| builder.terminal(Terminal::new(*t, Regular::literal(t.as_bytes()))))
            .collect();
        for (i, (_, alternatives)) in rules.iter().enumerate() {
            for alternative in alternatives.split('|') {
                let rhs = alternative.split_whitespace().map(|symbol| match symbol {
                    "a" | "b" | "c" => {
                        Symbol::Terminal(letters[usize::from(symbol.as_bytes()[0] - b'a')])
                    }
                    _ => Symbol::Nonterminal(
                        lhs[rules.iter().position(|(n, _)| n.trim() == symbol).expect("name")],
                    ),
                });
                builder.production(lhs[i], rhs.collect());
            }
        }
        Columns::new(&builder.finish(lhs[0]), |_| true)
    }

    /// `None`: not a viable prefix; else whether it is a sentence.
    fn read(columns: &mut Columns, text: &str) -> Option<bool> {
        let mut column = columns.start();
        for byte in text.bytes() {
            let terminal = TerminalId(u32::from(byte - b'a'));
            if !columns.viable(column, terminal) {
                return None;
            }
            column = columns.advance(column, terminal);
        }
        Some(columns.complete(column))
    }

    #[test]
    fn empty_productions_and_cycles() {
        let mut c =
            columns("S: A S B | S | a ; A: | A A | S C ; B: A | b ; C: ").expect("productive");
        assert_eq!(read(&mut c, ""), Some(false));
        for yes in ["a", "ab", "aa", "aab", "aabb", "abb", "aaa"] {
            assert_eq!(read(&mut c, yes), Some(true), "{yes}");
        }
        assert_eq!(read(&mut c, "b"), None);
    }

    #[test]
    fn matched_pairs() {
        let mut c = columns("S: a S b S | ").expect("productive");
        for (text, expected) in
            [("", Some(true)), ("ab", Some(true)), ("aabb", Some(true)), ("aab", Some(false))]
        {
            assert_eq!(read(&mut c, text), expected, "{text}");
        }
        assert_eq!(read(&mut c, "abb"), None);
        assert_eq!(read(&mut c, "c"), None);
    }

    #[test]
    fn unproductive_productions_lead_nowhere() {
        let mut c = columns("S: a X | b ; X: c X").expect("productive");
        assert_eq!(read(&mut c, "a"), None);
        assert_eq!(read(&mut c, "b"), Some(true));
        assert!(columns("S: a S").is_none());
    }

    #[test]
    fn readings_meet() {
        let mut c = columns("S: a b a | c a ").expect("productive");
        let start = c.start();
        let a = c.advance(start, TerminalId(0));
        let both = c.join(&mut vec![(a, Some(TerminalId(1))), (start, Some(TerminalId(2)))]);
        let end = c.advance(both, TerminalId(0));
        assert!(c.complete(end));
        let (length, again) = (c.len(), c.join(&mut vec![(end, None)]));
        assert_eq!((length, again), (c.len(), end));
        c.forget(2);
        assert_eq!(c.len(), 2);
        assert_eq!(read(&mut c, "aba"), Some(true));
    }
}
