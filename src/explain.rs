//! Why does a text not belong to a grammar, as a compiler would say it: which word, what could stand there, what may be meant.
//!
//! A refusal names the first byte that no sentence has, which is often the one behind the word to blame: `FROM` could still
//! become a name until the blank behind it. Here the place is the word's. What could stand there is told in the words of the
//! grammar (`%display` of terminals and rules), and its `%hint`s say what people mean who write what was found.

use std::{collections::BTreeSet, ops::Range, sync::Arc};

use crate::{
    CompiledGrammar, Expected, Recognizer, Refusal,
    grammar::{Grammar, Hint, Symbol},
    ids::NonterminalId,
    regular::{Builder, DEAD, Dfa},
};

/// A refusal in words.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// The bytes to blame; empty at the end of the text.
    pub place: Range<usize>,
    /// What the grammar calls them, if they are more than what they are (`reserved word`).
    pub class: Option<String>,
    /// What could stand there: first the rules that the grammar has words for, then terminals.
    pub expected: Vec<String>,
    /// Whether the text could end there.
    pub end: bool,
    /// What may be meant.
    pub hints: Vec<String>,
}

/// Explains why a text was refused. Cost: the text is read three times at most, and the grammar's hints are compiled.
///
/// ```
/// use constrained_gen::{CompiledGrammar, Limits, explain::explain, library};
///
/// let limits = Limits::default();
/// let sql = CompiledGrammar::new(&library::grammar("sql-postgres", &limits)?, &limits)?;
/// let text = b"SELECT name FROM order";
/// let refusal = sql.recognizer().check(text).unwrap_err();
/// let explanation = explain(&sql, text, &refusal);
/// assert_eq!(&text[explanation.place], b"order");
/// assert_eq!(explanation.class.as_deref(), Some("reserved word"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn explain(grammar: &Arc<CompiledGrammar>, text: &[u8], refusal: &Refusal) -> Explanation {
    let place = place(grammar, text, refusal.offset.min(text.len()));
    let expected = match place.start == refusal.offset {
        true => refusal.expected.clone(),
        // What comes before the word was read without complaint.
        false => read(grammar, &text[..place.start])
            .map_or_else(|| refusal.expected.clone(), |reader| reader.expected()),
    };
    let (class, hints) = hints(grammar, text, &place, &expected);
    let end = expected.end;
    Explanation { place, class, expected: phrased(grammar.grammar(), expected), end, hints }
}

fn read(grammar: &Arc<CompiledGrammar>, text: &[u8]) -> Option<Recognizer> {
    let mut reader = grammar.recognizer();
    reader.push(text).ok().map(|()| reader)
}

/// What a run of bytes is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word,
    Operator,
    Other,
}

fn kind(byte: u8) -> Kind {
    match byte {
        b'_' | b'$' | 0x80.. => Kind::Word,
        _ if byte.is_ascii_alphanumeric() => Kind::Word,
        b'+' | b'-' | b'*' | b'/' | b'<' | b'>' | b'=' | b'~' | b'!' | b'@' | b'#' | b'%'
        | b'^' | b'&' | b'|' | b'?' | b':' => Kind::Operator,
        _ => Kind::Other,
    }
}

/// The word or operator to blame: the one around the refused byte, or the one before it, if nothing could separate it from
/// what follows.
fn place(grammar: &Arc<CompiledGrammar>, text: &[u8], at: usize) -> Range<usize> {
    let run = |from: usize, of: Kind| {
        let before = text[..from].iter().rev().take_while(|&&b| kind(b) == of).count();
        let after = text[from..].iter().take_while(|&&b| kind(b) == of).count();
        from - before..from + after
    };
    if let Some(&last) = at.checked_sub(1).and_then(|before| text.get(before)) {
        let (of, inside) = (kind(last), text.get(at).is_some_and(|&b| kind(b) == kind(last)));
        if of != Kind::Other {
            let blamed = run(at, of);
            // In a string, a word is no lexeme.
            let quoted = blamed.start > 0 && matches!(text[blamed.start - 1], b'\'' | b'"' | b'\\');
            let wrong = || read(grammar, &[&text[..at], b" "].concat()).is_none();
            if !quoted && (inside || wrong()) {
                return blamed;
            }
        }
    }
    match text.get(at) {
        None => at..at,
        Some(&byte) => match kind(byte) {
            Kind::Other => at..at + quoted_or_character(&text[at..]),
            of => at..run(at, of).end,
        },
    }
}

/// The length of what is in quotes, up to the end of the line at most, else of the first character.
fn quoted_or_character(rest: &[u8]) -> usize {
    if let Some(quote @ (b'\'' | b'"' | b'`')) = rest.first() {
        let line = rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
        if let Some(end) = rest[1..line].iter().position(|b| b == quote) {
            return end + 2;
        }
    }
    1
}

/// What the grammar's hints say of what stands at a place.
fn hints(
    grammar: &CompiledGrammar,
    text: &[u8],
    place: &Range<usize>,
    expected: &Expected,
) -> (Option<String>, Vec<String>) {
    let (mut class, mut hints) = (None, Vec::new());
    let mut builder = Builder::new(grammar.limits());
    for Hint { language, class: called, expected: wanted, text: hint } in grammar.grammar().hints()
    {
        let here =
            wanted.is_empty() || wanted.iter().any(|wanted| expected.terminals.contains(wanted));
        let Ok(dfa) = builder.build(language) else { continue };
        let Some(length) = longest(&dfa, &text[place.start..]) else { continue };
        if !here || length < place.len() {
            continue;
        }
        class = class.or_else(|| called.clone());
        let found = String::from_utf8_lossy(&text[place.start..place.start + length]);
        let found: String = found.chars().take(40).flat_map(char::escape_debug).collect();
        hints.push(hint.replace("{found}", &found));
    }
    // The first that fits is the most special one; they are given in that order.
    hints.truncate(1);
    (class, hints)
}

/// The length of the longest text of a language that begins here.
fn longest(dfa: &Dfa, text: &[u8]) -> Option<usize> {
    let (mut state, mut longest) = (dfa.start(), None);
    for (i, &byte) in text.iter().enumerate() {
        state = dfa.next(state, byte);
        if state == DEAD {
            break;
        }
        if dfa.accepts(state) {
            longest = Some(i + 1);
        }
    }
    longest
}

/// What is expected, with rules that the grammar has words for instead of all the terminals that they begin with.
fn phrased(grammar: &Grammar, expected: Expected) -> Vec<String> {
    let mut left: BTreeSet<String> = expected.terminals.into_iter().collect();
    let all = left.clone();
    let mut phrases: Vec<String> = Vec::new();
    for (rule, phrase) in grammar.phrases() {
        let first = first(grammar, *rule);
        if first.len() > 1 && first.iter().all(|name| all.contains(*name)) {
            let before = left.len();
            left.retain(|name| !first.contains(name.as_str()));
            if left.len() < before {
                phrases.push(phrase.clone());
            }
        }
    }
    // Words of the language, then names of classes, each in order.
    let is_word = |name: &String| name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    let (words, others): (Vec<String>, Vec<String>) = left.into_iter().partition(is_word);
    phrases.into_iter().chain(others).chain(words).collect()
}

/// The names of the terminals that a text of a rule begins with.
fn first(grammar: &Grammar, rule: NonterminalId) -> BTreeSet<&str> {
    let count = grammar.nonterminals().len();
    let mut nullable = vec![false; count];
    loop {
        let mut changed = false;
        for production in grammar.productions() {
            let empty = production.rhs.iter().all(|symbol| match symbol {
                Symbol::Terminal(_) => false,
                Symbol::Nonterminal(id) => nullable[id.index()],
            });
            changed |= empty && !std::mem::replace(&mut nullable[production.lhs.index()], true);
        }
        if !changed {
            break;
        }
    }
    let mut by_lhs: Vec<Vec<&[Symbol]>> = vec![Vec::new(); count];
    for production in grammar.productions() {
        by_lhs[production.lhs.index()].push(&production.rhs);
    }
    let (mut seen, mut work, mut names) = (vec![false; count], vec![rule], BTreeSet::new());
    seen[rule.index()] = true;
    while let Some(lhs) = work.pop() {
        for rhs in &by_lhs[lhs.index()] {
            for symbol in *rhs {
                match symbol {
                    Symbol::Terminal(id) => {
                        names.insert(grammar.terminal(*id).display.as_str());
                        break;
                    }
                    Symbol::Nonterminal(id) => {
                        if !std::mem::replace(&mut seen[id.index()], true) {
                            work.push(*id);
                        }
                        if !nullable[id.index()] {
                            break;
                        }
                    }
                }
            }
        }
    }
    names
}
