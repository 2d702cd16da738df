//! Regular expressions of terminals: an expression made of the input's choices, read by the project's front end, and by
//! `regex-syntax` alone; an NFA and derivatives say what its texts are.

use std::fmt::Write as _;

use constrained_gen::{
    CompiledGrammar, Limits,
    frontend::{NoSources, lark},
    grammar::{CompileErrorKind, Regular},
    oracle::{Expr, Expressions},
};
use regex_automata::{Anchored, Input, nfa::thompson};
use regex_syntax::hir::{Hir, Look};

use crate::{schemas::Choices, tape};

/// Characters worth writing: letters that fold and some that do not, meta-characters, the ends of UTF-8's lengths.
const CHARS: [char; 28] = [
    'a',
    'b',
    'c',
    'A',
    'K',
    'k',
    's',
    '0',
    '1',
    ' ',
    'é',
    '\u{212a}',
    '\u{17f}',
    '/',
    '\n',
    '"',
    '\\',
    '-',
    ']',
    '^',
    '\0',
    '\u{7f}',
    '\u{80}',
    '\u{7ff}',
    '\u{800}',
    '\u{ffff}',
    '\u{10000}',
    '\u{10ffff}',
];

/// Classes with a name that folding leaves alone.
const NAMED: [&str; 10] =
    [r"\d", r"\D", r"\s", r"\S", r"\w", r"\W", r"\p{Lu}", r"\pN", r"[:alpha:]", r"[:^digit:]"];

/// Nesting of what is written.
const DEPTH: usize = 4;

/// Bytes of an expression after which it only ends.
const LONG: usize = 300;

/// One expression, spelled twice.
struct Writer<'a> {
    choices: &'a mut Choices,
    /// As a grammar has it.
    ours: String,
    /// Case folded by hand, for a reader that would fold by Unicode.
    theirs: String,
}

impl Writer<'_> {
    fn both(&mut self, text: &str) {
        self.ours.push_str(text);
        self.theirs.push_str(text);
    }

    fn char(&mut self) -> char {
        self.choices.pick(&CHARS)
    }

    /// A repeated or grouped part, or one of several.
    fn expression(&mut self, depth: usize, fold: bool) {
        if depth == 0 || self.ours.len() > LONG || self.choices.is_over() {
            return self.leaf(fold);
        }
        match self.choices.below(12) {
            0..3 => {
                for _ in 0..=self.choices.below(3) {
                    self.group(depth, fold);
                }
            }
            3 | 4 => {
                self.group(depth, fold);
                for _ in 0..=self.choices.below(2) {
                    self.both("|");
                    // An empty alternative now and then.
                    if !self.choices.percent(10) {
                        self.group(depth, fold);
                    }
                }
            }
            5..8 => {
                self.group(depth, fold);
                let (least, more) = (self.choices.below(4), self.choices.below(4));
                let mark = match self.choices.below(7) {
                    0 => "?".to_owned(),
                    1 => "+".to_owned(),
                    2 => format!("{{{least}}}"),
                    3 => format!("{{{least},}}"),
                    4 => format!("{{{least},{}}}", least + more),
                    5 => format!("{{0,{}}}", self.choices.pick(&[0, 1, 7, 20, 60, 300])),
                    _ => "*".to_owned(),
                };
                self.both(&mark);
                if self.choices.percent(15) {
                    self.both("?");
                }
            }
            8 => {
                // A capture, plain or named.
                let open = self.choices.pick(&["(", "(?P<n>", "(?<m>"]);
                // A name may come once.
                let open = if self.ours.contains(open) { "(" } else { open };
                self.both(open);
                self.expression(depth - 1, fold);
                self.both(")");
            }
            9 => {
                // Flags up to the end of the group.
                let on = self.choices.percent(50);
                self.ours.push_str(if on { "(?i)" } else { "(?-i)" });
                // In a group of its own, whatever follows.
                self.expression(depth - 1, on);
                // Taken back, so that the rest is as it was before.
                self.ours.push_str(if fold { "(?i)" } else { "(?-i)" });
            }
            _ => self.leaf(fold),
        }
    }

    fn group(&mut self, depth: usize, fold: bool) {
        let (open, fold) = match self.choices.below(8) {
            0 => ("(?i:", true),
            1 => ("(?-i:", false),
            _ => ("(?:", fold),
        };
        self.ours.push_str(open);
        self.theirs.push_str("(?:");
        self.expression(depth - 1, fold);
        self.both(")");
    }

    fn leaf(&mut self, fold: bool) {
        match self.choices.below(10) {
            0 => self.both("."),
            1 => self.both(r"(?-u:\xFF)"),
            2 => {
                let byte = 0x80 + self.choices.below(0x40);
                self.both(&format!(r"(?-u:\x{byte:02X})"));
            }
            3 => {
                let named = self.choices.pick(&NAMED[..8]);
                self.both(named);
            }
            4..6 => self.class(2, fold),
            _ => {
                let c = self.char();
                let verbatim = self.choices.percent(70);
                self.ours.push_str(&spelled(c, verbatim));
                match folded(c).filter(|_| fold) {
                    Some(other) => {
                        let _ = write!(self.theirs, "[{c}{other}]");
                    }
                    None => self.theirs.push_str(&spelled(c, false)),
                }
            }
        }
    }

    /// A class in brackets, with sets of sets.
    fn class(&mut self, depth: usize, fold: bool) {
        let negated = if self.choices.percent(30) { "[^" } else { "[" };
        self.both(negated);
        self.items(depth, fold);
        if depth > 0 && self.choices.percent(20) {
            let operator = self.choices.pick(&["&&", "--", "~~"]);
            self.both(operator);
            self.items(depth, fold);
        }
        self.both("]");
    }

    fn items(&mut self, depth: usize, fold: bool) {
        for _ in 0..=self.choices.below(3) {
            match self.choices.below(6) {
                0 => {
                    let named = self.choices.pick(&NAMED);
                    let named = if named.starts_with("[:") {
                        format!("[{named}]")
                    } else {
                        named.to_owned()
                    };
                    self.both(&named);
                }
                1 if depth > 0 => self.class(depth - 1, fold),
                2 | 3 => {
                    let (one, other) = (self.char(), self.char());
                    let (low, high) = (one.min(other), one.max(other));
                    let range = format!("{}-{}", spelled(low, false), spelled(high, false));
                    self.both(&range);
                    if fold {
                        for (first, last) in [('A', 'Z'), ('a', 'z')] {
                            let (from, to) = (low.max(first), high.min(last));
                            let letters = folded(from).zip(folded(to)).filter(|_| from <= to);
                            if let Some((from, to)) = letters {
                                let _ = write!(self.theirs, "{from}-{to}");
                            }
                        }
                    }
                }
                _ => {
                    let c = self.char();
                    self.both(&spelled(c, false));
                    if let Some(other) = folded(c).filter(|_| fold) {
                        self.theirs.push(other);
                    }
                }
            }
        }
    }
}

/// An ASCII letter in its other case.
fn folded(c: char) -> Option<char> {
    match c {
        'a'..='z' => Some(c.to_ascii_uppercase()),
        'A'..='Z' => Some(c.to_ascii_lowercase()),
        _ => None,
    }
}

/// A character of an expression that is text, verbatim or by its number.
fn spelled(c: char, verbatim: bool) -> String {
    match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' => c.to_string(),
        '\n' => r"\n".to_owned(),
        '/' | '"' | '\\' | '-' | ']' | '^' => format!("\\{c}"),
        _ if verbatim && !c.is_control() => c.to_string(),
        _ => format!("\\u{{{:x}}}", u32::from(c)),
    }
}

/// What others say of an expression.
struct Judges {
    nfa: regex_automata::nfa::thompson::pikevm::PikeVM,
    cache: regex_automata::nfa::thompson::pikevm::Cache,
    expressions: Expressions,
}

impl Judges {
    /// `None` where the expression is too large for them.
    fn new(hir: &Hir) -> Option<(Self, Expr)> {
        // One full match, if there is any: anchors at both ends.
        let whole = Hir::concat(vec![Hir::look(Look::Start), hir.clone(), Hir::look(Look::End)]);
        let config = thompson::Config::new().utf8(false).nfa_size_limit(Some(1 << 20));
        let nfa = thompson::Compiler::new().configure(config).build_from_hir(&whole).ok()?;
        let nfa = thompson::pikevm::PikeVM::new_from_nfa(nfa).ok()?;
        let cache = nfa.create_cache();
        let mut expressions = Expressions::new();
        let start = expressions.regular(&Regular::Hir(hir.clone())).ok()?;
        Some((Self { nfa, cache, expressions }, start))
    }

    fn is_match(&mut self, text: &[u8]) -> bool {
        let input = Input::new(text).anchored(Anchored::Yes);
        self.nfa.find(&mut self.cache, input).is_some_and(|found| found.range() == (0..text.len()))
    }
}

/// Limits under which the dearest expression takes a moment.
fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.regex_bytes = 2 << 10;
    limits.repetition = 100;
    limits.nesting = 24;
    limits.dfa_states = 1_500;
    limits.dfa_bytes = 1 << 20;
    limits
}

/// An expression as a grammar's one terminal, and texts: the engine takes those that an NFA matches, and their beginnings.
pub fn regex(data: &[u8]) {
    let (shape, mut rest) = data.split_at(data.len() / 2);
    let mut choices = tape::choices(shape);
    let fold = choices.percent(25);
    let mut writer = Writer { choices: &mut choices, ours: String::new(), theirs: String::new() };
    writer.expression(DEPTH, fold);
    let (ours, theirs) = (writer.ours, writer.theirs);
    let flags = if fold { "i" } else { "" };
    let read =
        regex_syntax::ParserBuilder::new().utf8(false).nest_limit(100).build().parse(&theirs);
    let text = format!("start: T\nT: /{ours}/{flags}\n");
    let limits = limits();
    let parsed = lark::parse("fuzz", &text, None, &NoSources, &limits);
    let (Ok(hir), false) = (&read, ours.is_empty()) else {
        assert!(parsed.is_err(), "only we read {text:?}: {read:?}");
        return;
    };
    let Some((mut judges, start)) = Judges::new(hir) else { return };
    let grammar = match parsed {
        Ok(grammar) => grammar,
        Err(error) => {
            let is_void = judges.expressions.is_void(start);
            assert!(error.limit || is_void, "only `regex-syntax` reads {text:?}: {error}");
            return;
        }
    };
    let compiled = match CompiledGrammar::new(&grammar, &limits) {
        Ok(compiled) => compiled,
        Err(error) => {
            let void = matches!(
                error.kind(),
                CompileErrorKind::VoidTerminal(_) | CompileErrorKind::UnproductiveStart(_)
            );
            let is_void = void && judges.expressions.is_void(start);
            assert!(error.is_limit() || is_void, "{text:?}: {error}");
            return;
        }
    };
    for _ in 0..3 {
        let (mut engine, mut at) = (compiled.recognizer(), start);
        let mut read = Vec::new();
        loop {
            // The derivative is the one of the two that knows of beginnings.
            let complete = judges.is_match(&read);
            assert_eq!(engine.is_complete(), complete, "{text:?}, whether {read:?} is a match");
            assert_eq!(judges.expressions.nullable(at), complete, "{text:?}, derivative, {read:?}");
            let Some((&choice, others)) = rest.split_first() else { return };
            rest = others;
            if choice >= 0xf8 || read.len() >= 32 || judges.expressions.len() > 3_000 {
                break;
            }
            // Some byte that leads on, or this one, whether it does or not.
            let leads = |byte: u8| engine.clone().push(&[byte]).is_ok();
            let byte = match choice % 4 {
                0 => choice,
                _ => (0..=255)
                    .map(|k| choice.wrapping_add(k))
                    .find(|byte| leads(*byte))
                    .unwrap_or(choice),
            };
            at = judges.expressions.derive(at, byte);
            let viable = !judges.expressions.is_void(at);
            assert_eq!(engine.push(&[byte]).is_ok(), viable, "{text:?}, {byte} after {read:?}");
            if !viable {
                break;
            }
            read.push(byte);
        }
    }
}
