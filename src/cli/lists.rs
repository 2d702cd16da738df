//! Lists of names that a grammar asks its caller for.

use std::{
    fs::File,
    io::{self, Read},
};

use constrained_gen::Limits;

/// A list of names, each as its words: `schema.name` is three.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct GivenList {
    pub(super) name: String,
    pub(super) texts: Vec<Vec<String>>,
}

impl GivenList {
    /// Reads the argument: the list's name, `=`, and names, or `@` and a file of names.
    pub(super) fn parse(argument: &str) -> Result<Self, String> {
        let Some((name, names)) = argument.split_once('=') else {
            return Err("expected `LIST=NAMES` or `LIST=@FILE`".to_owned());
        };
        let text = match names.strip_prefix('@') {
            Some(file) => content(file).map_err(|error| format!("{file}: {error}"))?,
            None => names.to_owned(),
        };
        Ok(Self { name: name.to_owned(), texts: read(&text)? })
    }
}

/// The text of a file, if it is none that a grammar could take.
fn content(file: &str) -> io::Result<String> {
    let most = Limits::default().grammar_bytes;
    let mut text = String::new();
    File::open(file)?.take(most as u64 + 1).read_to_string(&mut text)?;
    match text.len() > most {
        true => Err(io::Error::other(format!("more than the limit of {most} (grammar_bytes)"))),
        false => Ok(text),
    }
}

/// Names between commas and white space. Double quotes and backticks hold a name together, doubled they stand for themselves.
fn read(text: &str) -> Result<Vec<Vec<String>>, String> {
    let mut texts = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '#' => rest.find('\n').unwrap_or(rest.len()),
            ',' => 1,
            _ if first.is_whitespace() => first.len_utf8(),
            _ => {
                texts.push(qualified(&mut rest)?);
                continue;
            }
        };
        rest = &rest[length..];
    }
    Ok(texts)
}

/// One name, with those before its dots.
fn qualified(rest: &mut &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    loop {
        let length = word(rest).ok_or_else(|| expected(rest))?;
        let (word, behind) = rest.split_at(length);
        words.push(word.to_owned());
        let Some(behind) = behind.strip_prefix('.') else {
            *rest = behind;
            return match behind.starts_with(|c: char| c == ',' || c == '#' || c.is_whitespace()) {
                false if !behind.is_empty() => Err(expected(behind)),
                _ => Ok(words),
            };
        };
        words.push(".".to_owned());
        *rest = behind;
    }
}

/// The length of the name that a text begins with.
fn word(text: &str) -> Option<usize> {
    match text.chars().next()? {
        quote @ ('"' | '`') => quoted(text, quote),
        first if first == '_' || first.is_alphabetic() => {
            let is_end = |c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$'));
            Some(text.find(is_end).unwrap_or(text.len()))
        }
        _ => None,
    }
}

/// The length of a quoted name.
fn quoted(text: &str, quote: char) -> Option<usize> {
    let mut bytes = text.bytes().enumerate().skip(1).peekable();
    while let Some((at, byte)) = bytes.next() {
        if byte == quote as u8 {
            if bytes.peek().is_none_or(|(_, next)| *next != byte) {
                return (at > 1).then_some(at + 1);
            }
            bytes.next();
        }
    }
    None
}

fn expected(found: &str) -> String {
    match found.is_empty() {
        true => "expected a name behind the dot".to_owned(),
        false => {
            let shown: String = found.chars().take(80).flat_map(char::escape_debug).collect();
            format!("expected a name, in quotes if it is no word, found `{shown}`")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_kind() {
        let words = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let list = read("a, b.c # d\n\"Song \"\" Name\".`x` f$1").unwrap();
        let expected: Vec<Vec<String>> = vec![
            words(&["a"]),
            words(&["b", ".", "c"]),
            words(&["\"Song \"\" Name\"", ".", "`x`"]),
            words(&["f$1"]),
        ];
        assert_eq!(list, expected);
        assert_eq!(read(" # nothing").unwrap(), Vec::<Vec<String>>::new());
        for wrong in ["1", "a-b", ".a", "a.", "a..b", "\"a", "\"\"", "a. b", "a, .b", "a\"b\""] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
