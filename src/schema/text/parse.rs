//! The patterns of JSON Schema: ECMA-262's regular expressions, read as with the flag `u`.
//!
//! What the grammar without that flag allows in addition (Annex B: needless escapes, braces and brackets that are no
//! operators, `[\w-.]`) is read too, and so are the two spellings of other dialects that can only mean one thing: `(?P<n>…)`,
//! and `(?i)` at the very beginning. What would be read differently elsewhere is refused: `\Z`, `\a`, `{,3}`, octal escapes.

use super::{
    class::{CharSet, LAST, SURROGATES},
    error::TextError,
    syntax::{Node, NodeId, Syntax},
};
use crate::Limits;

/// Flags that groups can change.
#[derive(Clone, Copy, Debug)]
struct Flags {
    ignore_case: bool,
    dot_all: bool,
}

/// An open group, or the whole.
#[derive(Debug)]
struct Group {
    /// `Some(negated)` of a look-ahead.
    ahead: Option<bool>,
    /// The flags outside.
    outside: Flags,
    choices: Vec<NodeId>,
    sequence: Vec<NodeId>,
}

/// What an escape is.
enum Escape {
    Char(u32),
    Class(CharSet),
    Boundary { negated: bool },
}

struct Parser<'a> {
    pattern: &'a str,
    /// Bytes read.
    at: usize,
    syntax: Syntax,
    flags: Flags,
    groups: Vec<Group>,
    limits: &'a Limits,
}

/// Reads a pattern. O(pattern), times the size of the properties it names.
pub(super) fn parse(pattern: &str, limits: &Limits) -> Result<Syntax, TextError> {
    if pattern.len() > limits.regex_bytes {
        let limit = limits.regex_bytes as u64;
        return Err(TextError::limit("regex_bytes", limit, "the bytes of a pattern"));
    }
    let flags = Flags { ignore_case: false, dot_all: false };
    let mut parser =
        Parser { pattern, at: 0, syntax: Syntax::new(), flags, groups: Vec::new(), limits };
    if parser.eat("(?i)") {
        parser.flags.ignore_case = true;
    }
    parser.open(None)?;
    while let Some(c) = parser.bump() {
        parser.term(c)?;
    }
    let root = parser.close()?;
    if !parser.groups.is_empty() {
        return Err(parser.fault("a group is not closed"));
    }
    parser.syntax.root = root;
    Ok(parser.syntax)
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.pattern[self.at..].chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = self.pattern[self.at..].starts_with(text);
        self.at += if found { text.len() } else { 0 };
        found
    }

    fn place(&self) -> usize {
        self.pattern[..self.at].chars().count()
    }

    fn fault(&self, reason: impl Into<String>) -> TextError {
        TextError::Syntax { at: self.place(), reason: reason.into() }
    }

    fn unsupported(&self, what: &'static str) -> TextError {
        TextError::Unsupported { at: self.place(), what }
    }

    fn open(&mut self, ahead: Option<bool>) -> Result<(), TextError> {
        if self.groups.len() > self.limits.nesting {
            let limit = self.limits.nesting as u64;
            return Err(TextError::limit("nesting", limit, "the nesting of a pattern's groups"));
        }
        let (choices, sequence) = (Vec::new(), Vec::new());
        self.groups.push(Group { ahead, outside: self.flags, choices, sequence });
        Ok(())
    }

    /// Ends the innermost group.
    fn close(&mut self) -> Result<NodeId, TextError> {
        let Some(mut group) = self.groups.pop() else {
            return Err(self.fault("no group is open"));
        };
        self.flags = group.outside;
        group.choices.push(self.syntax.sequence(group.sequence));
        let node = self.syntax.choice(group.choices);
        Ok(match group.ahead {
            Some(negated) => self.syntax.push(Node::Ahead { node, negated }),
            None => node,
        })
    }

    fn group(&mut self) -> Result<&mut Group, TextError> {
        if self.groups.is_empty() {
            return Err(self.fault("no group is open"));
        }
        let last = self.groups.len() - 1;
        Ok(&mut self.groups[last])
    }

    /// One term, whose first character was read, with its quantifier.
    fn term(&mut self, first: char) -> Result<(), TextError> {
        let mut repeatable = true;
        let node = match first {
            '(' => return self.open_group(),
            '|' => {
                let sequence = std::mem::take(&mut self.group()?.sequence);
                let choice = self.syntax.sequence(sequence);
                self.group()?.choices.push(choice);
                return Ok(());
            }
            ')' => {
                if self.groups.len() == 1 {
                    return Err(self.fault("`)` closes no group"));
                }
                self.close()?
            }
            '^' | '$' => {
                repeatable = false;
                self.syntax.push(if first == '^' { Node::Start } else { Node::End })
            }
            '*' | '+' | '?' => return Err(self.fault("there is nothing to repeat")),
            '{' => {
                self.at -= 1;
                if self.quantifier()?.is_some() {
                    return Err(self.fault("there is nothing to repeat"));
                }
                self.at += 1;
                self.literal(CharSet::one(u32::from('{')))
            }
            '.' => {
                let set = if self.flags.dot_all { CharSet::all() } else { CharSet::dot() };
                self.syntax.class(set)
            }
            '[' => {
                let set = self.class()?;
                self.syntax.class(set)
            }
            '\\' => match self.escape(false)? {
                Escape::Char(c) => self.literal(CharSet::one(c)),
                Escape::Class(set) => self.literal(set),
                Escape::Boundary { negated } => {
                    repeatable = false;
                    self.syntax.push(Node::Boundary { negated })
                }
            },
            c => self.literal(CharSet::one(u32::from(c))),
        };
        let node = match self.quantifier()? {
            None => node,
            Some(_) if !repeatable => return Err(self.fault("an assertion cannot be repeated")),
            Some((min, max)) => {
                // Which of its texts a lazy quantifier prefers does not matter.
                self.eat("?");
                self.syntax.repeat(node, min, max)
            }
        };
        self.group()?.sequence.push(node);
        Ok(())
    }

    fn literal(&mut self, set: CharSet) -> NodeId {
        let set = if self.flags.ignore_case { fold(&set) } else { set };
        self.syntax.class(set)
    }

    fn open_group(&mut self) -> Result<(), TextError> {
        if !self.eat("?") {
            return self.open(None);
        }
        if self.eat(":") {
            return self.open(None);
        }
        if self.eat("=") {
            return self.open(Some(false));
        }
        if self.eat("!") {
            return self.open(Some(true));
        }
        if self.eat("<=") || self.eat("<!") {
            return Err(self.unsupported("look-behind is"));
        }
        if self.eat("<") || self.eat("P<") {
            let name = self.pattern[self.at..].split_once('>').map(|(name, _)| name);
            let first = |c: char| c.is_alphabetic() || c == '_' || c == '$';
            return match name {
                Some(name)
                    if name.starts_with(first)
                        && name.chars().all(|c| first(c) || c.is_numeric()) =>
                {
                    self.at += name.len() + 1;
                    self.open(None)
                }
                _ => Err(self.fault("a group's name is expected")),
            };
        }
        // Modifiers: `(?i:`, `(?-i:`, `(?s-i:`.
        let mut flags = self.flags;
        let mut on = true;
        let outside = self.flags;
        loop {
            match self.bump() {
                Some('i') => flags.ignore_case = on,
                Some('s') => flags.dot_all = on,
                Some('-') if on => on = false,
                Some(':') => break,
                Some('P' | '>' | '#' | '|' | '&' | '(' | 'm' | 'x' | 'u' | 'U' | ')') => {
                    return Err(self.unsupported("this kind of group is"));
                }
                _ => return Err(self.fault("`(?` begins no group of ECMA-262")),
            }
        }
        self.open(None)?;
        self.group()?.outside = outside;
        self.flags = flags;
        Ok(())
    }

    /// A quantifier, without the `?` that makes it lazy.
    fn quantifier(&mut self) -> Result<Option<(u32, Option<u32>)>, TextError> {
        let (min, max) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => {
                let rest = &self.pattern[self.at + 1..];
                let Some((inside, _)) = rest.split_once('}') else { return Ok(None) };
                let (min, max) = match inside.split_once(',') {
                    None => (inside, inside),
                    Some(bounds) => bounds,
                };
                let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
                if !digits(min) || !digits(max) || inside.is_empty() {
                    return Ok(None);
                }
                if min.is_empty() {
                    return Err(
                        self.unsupported("`{,n}` (elsewhere a bound, in ECMA-262 a text) is")
                    );
                }
                // More than a u32 is more than any limit.
                let number = |text: &str| text.parse().unwrap_or(u32::MAX);
                let bounds = (number(min), (!max.is_empty()).then(|| number(max)));
                if bounds.1.is_some_and(|max| max < bounds.0) {
                    return Err(self.fault("the numbers of a quantifier are out of order"));
                }
                self.at += inside.len() + 2;
                return Ok(Some(bounds));
            }
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some((min, max)))
    }

    /// A class, after its `[`.
    fn class(&mut self) -> Result<CharSet, TextError> {
        let negated = self.eat("^");
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        loop {
            let low = match self.class_atom()? {
                None => break,
                Some(atom) => atom,
            };
            if !self.pattern[self.at..].starts_with('-')
                || self.pattern[self.at..].starts_with("-]")
            {
                ranges.extend_from_slice(low.ranges());
                continue;
            }
            self.at += 1;
            let Some(high) = self.class_atom()? else {
                return Err(self.fault("a class is not closed"));
            };
            match (low.ranges(), high.ranges()) {
                (&[(low, a)], &[(high, b)]) if low == a && high == b => {
                    if low > high {
                        return Err(self.fault("the ends of a range are out of order"));
                    }
                    ranges.push((low, high));
                }
                // `[\w-.]`: the hyphen is one of the characters.
                (low, high) => {
                    ranges.extend_from_slice(low);
                    ranges.extend_from_slice(high);
                    ranges.push((0x2D, 0x2D));
                }
            }
        }
        let mut set = CharSet::new(ranges);
        if self.flags.ignore_case {
            set = fold(&set);
        }
        Ok(if negated { set.negate() } else { set })
    }

    /// One element of a class; nothing at its end.
    fn class_atom(&mut self) -> Result<Option<CharSet>, TextError> {
        Ok(match self.bump() {
            None => return Err(self.fault("a class is not closed")),
            Some(']') => None,
            Some('\\') => Some(match self.escape(true)? {
                Escape::Char(c) => CharSet::one(c),
                Escape::Class(set) => set,
                Escape::Boundary { negated: false } => CharSet::one(8),
                Escape::Boundary { negated: true } => return Err(self.fault("`\\B` in a class")),
            }),
            Some(c) => Some(CharSet::one(u32::from(c))),
        })
    }

    /// An escape, after its backslash.
    fn escape(&mut self, in_class: bool) -> Result<Escape, TextError> {
        let Some(c) = self.bump() else {
            return Err(self.fault("a backslash ends the pattern"));
        };
        let next_is_digit = self.peek().is_some_and(|c| c.is_ascii_digit());
        Ok(match c {
            'd' => Escape::Class(CharSet::digit()),
            'D' => Escape::Class(CharSet::digit().negate()),
            'w' => Escape::Class(self.word()),
            'W' => Escape::Class(self.word().negate()),
            's' => Escape::Class(CharSet::space()),
            'S' => Escape::Class(CharSet::space().negate()),
            'b' => Escape::Boundary { negated: false },
            'B' => Escape::Boundary { negated: true },
            't' => Escape::Char(0x9),
            'n' => Escape::Char(0xA),
            'v' => Escape::Char(0xB),
            'f' => Escape::Char(0xC),
            'r' => Escape::Char(0xD),
            '0' if !next_is_digit => Escape::Char(0),
            '0' => return Err(self.unsupported("octal escapes are")),
            '1'..='9' if in_class => return Err(self.unsupported("octal escapes are")),
            '1'..='9' | 'k' => return Err(self.unsupported("back-references are")),
            'c' => match self.bump() {
                Some(letter) if letter.is_ascii_alphabetic() => {
                    Escape::Char(u32::from(letter) % 32)
                }
                _ => return Err(self.fault("a letter is expected after `\\c`")),
            },
            'x' => Escape::Char(self.hexadecimal(2)?),
            'u' => Escape::Char(self.unicode()?),
            'p' | 'P' => Escape::Class(self.property(c == 'P')?),
            c if c.is_ascii_alphabetic() => {
                return Err(self.fault(format!("`\\{c}` is no escape of ECMA-262")));
            }
            c => Escape::Char(u32::from(c)),
        })
    }

    /// `\w`. Where case is ignored, that includes two characters that fold to `k` and `s`.
    fn word(&self) -> CharSet {
        if self.flags.ignore_case { fold(&CharSet::word()) } else { CharSet::word() }
    }

    fn hexadecimal(&mut self, digits: usize) -> Result<u32, TextError> {
        let text = self.pattern[self.at..].get(..digits);
        match text.filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit())) {
            Some(text) => {
                self.at += digits;
                Ok(u32::from_str_radix(text, 16).unwrap_or(0))
            }
            None => Err(self.fault("hexadecimal digits are expected")),
        }
    }

    /// `\u`: four digits, two such escapes that are one character, or any number in braces.
    fn unicode(&mut self) -> Result<u32, TextError> {
        if self.eat("{") {
            let digits = self.pattern[self.at..].split_once('}').map_or("", |(digits, _)| digits);
            let value = u32::from_str_radix(digits, 16).ok().filter(|c| *c <= LAST);
            if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(self.fault("hexadecimal digits are expected"));
            }
            self.at += digits.len() + 1;
            return value.ok_or_else(|| self.fault("a code point is expected"));
        }
        let high = self.hexadecimal(4)?;
        let before = self.at;
        if (0xD800..=0xDBFF).contains(&high) && self.eat("\\u") {
            match self.hexadecimal(4) {
                Ok(low @ 0xDC00..=0xDFFF) => {
                    return Ok(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00));
                }
                _ => self.at = before,
            }
        }
        Ok(high)
    }

    /// `\p{…}`, after its letter.
    fn property(&mut self, negated: bool) -> Result<CharSet, TextError> {
        let named = |c: u8| c.is_ascii_alphanumeric() || c == b'_' || c == b'=';
        let rest = self.pattern[self.at..].strip_prefix('{');
        let name = rest.and_then(|rest| rest.split_once('}')).map(|(name, _)| name);
        let Some(name) = name.filter(|name| name.bytes().all(named)) else {
            return Err(self.fault("a property is expected in braces"));
        };
        let class = regex_syntax::parse(&format!("\\p{{{name}}}")).ok();
        let set = match class.as_ref().map(|class| class.kind()) {
            Some(regex_syntax::hir::HirKind::Class(regex_syntax::hir::Class::Unicode(class))) => {
                set_of(class)
            }
            _ => return Err(self.fault(format!("`{name}` is no property"))),
        };
        self.at += name.len() + 2;
        Ok(if negated { set.negate() } else { set })
    }
}

fn set_of(class: &regex_syntax::hir::ClassUnicode) -> CharSet {
    let ranges = class.ranges().iter();
    CharSet::new(ranges.map(|r| (u32::from(r.start()), u32::from(r.end()))).collect())
}

/// With all characters that differ from one of the set in case only.
fn fold(set: &CharSet) -> CharSet {
    use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};
    let mut ranges = Vec::new();
    let mut add = |low: u32, high: u32| {
        if let (Some(low), Some(high)) = (char::from_u32(low), char::from_u32(high)) {
            ranges.push(ClassUnicodeRange::new(low, high));
        }
    };
    for &(low, high) in set.ranges() {
        let (gap, after) = (*SURROGATES.start(), SURROGATES.end() + 1);
        if low < gap {
            add(low, high.min(gap - 1));
        }
        if high >= after {
            add(low.max(after), high);
        }
    }
    let mut class = ClassUnicode::new(ranges);
    // Without the tables of cases (a build of regex-syntax without them) nothing is added.
    let _ = class.try_case_fold_simple();
    set_of(&class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_and_where() {
        let refused = |pattern: &str| parse(pattern, &Limits::default()).unwrap_err().to_string();
        assert_eq!(refused("ab**"), "at character 4 of the pattern: there is nothing to repeat");
        for pattern in [
            "(", ")", "a{3,2}", "[b-a]", "[a", "\\", "\\Z", "\\a", "^*", "{2}", "(?z)", "\\p{Nix}",
            "\\xg",
        ] {
            assert!(refused(pattern).starts_with("at character"), "{pattern}");
        }
        for pattern in ["(a)\\1", "(?<n>a)\\k<n>", "(?<=a)b", "(?<!a)b", "a{,3}", "\\01", "(?>a)"] {
            assert!(refused(pattern).ends_with("not supported"), "{pattern}");
        }
        let deep = "(".repeat(200) + &")".repeat(200);
        assert!(parse(&deep, &Limits::default()).unwrap_err().is_limit());
    }

    #[test]
    fn what_is_lenient() {
        for pattern in [
            "\\-\\_\\/\\@",
            "a{",
            "a{x}",
            "}]",
            "[\\w-.]",
            "[]|[^]",
            "(?P<n>a)",
            "(?i)a",
            "[[:alpha:]]",
        ] {
            assert!(parse(pattern, &Limits::default()).is_ok(), "{pattern}");
        }
    }
}
