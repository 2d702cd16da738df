//! Which JSON value does this text hold, exactly as it is spelled?
//!
//! Numbers keep their spelling and objects their order; a name that comes twice is refused. All values lie in one vector, in
//! the order in which they end. Reading keeps its own stack: nesting costs memory, and is bounded, but never recursion.

use std::ops::Range;

use rustc_hash::FxHashMap;

/// Members up to which names are looked for one by one.
const FEW: usize = 12;

/// A value of a [`Document`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ValueId(u32);

/// A string: a piece of the text, or one that had escapes.
#[derive(Clone, Copy, Debug)]
enum Text {
    Piece(u32, u32),
    Unescaped(u32),
}

#[derive(Clone, Debug)]
enum Node {
    Null,
    Bool(bool),
    Number(u32, u32),
    String(Text),
    Array(Range<u32>),
    Object(Range<u32>),
}

/// What a value is, borrowed from its document.
#[derive(Clone, Debug)]
pub(crate) enum Value<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it is spelled.
    Number(&'a str),
    /// A string, decoded.
    String(&'a str),
    /// The items.
    Array(&'a [ValueId]),
    /// The members, in the text's order.
    Object(Members<'a>),
}

/// The members of an object, in the text's order.
#[derive(Clone, Debug)]
pub(crate) struct Members<'a> {
    document: &'a Document,
    range: Range<u32>,
}

/// A text that is no JSON value within its bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    /// Byte offset.
    pub(crate) at: usize,
    /// What is wrong.
    pub(crate) what: &'static str,
    /// Whether it is nested too deep.
    pub(crate) deep: bool,
}

/// A JSON text, read. Cost: O(bytes of the text), and a sort of the names of large objects.
#[derive(Debug)]
pub(crate) struct Document {
    text: Box<str>,
    nodes: Vec<Node>,
    parents: Vec<u32>,
    items: Vec<ValueId>,
    entries: Vec<(Text, ValueId)>,
    unescaped: Vec<Box<str>>,
    /// For objects of many members, by their first entry: the entries' offsets in the order of their names.
    sorted: FxHashMap<u32, Box<[u32]>>,
    root: ValueId,
    /// Whether some name is one of those that make identifiers: `id`, `$id`, `$anchor` and their like.
    identifies: bool,
}

impl<'a> Members<'a> {
    /// Number of members.
    pub(crate) fn len(&self) -> usize {
        self.range.len()
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// The value of a name. O(members), and O(log members) if there are many.
    pub(crate) fn get(&self, name: &str) -> Option<ValueId> {
        if self.len() > FEW
            && let Some(order) = self.document.sorted.get(&self.range.start)
        {
            let entry = |&n: &u32| self.document.entries[(self.range.start + n) as usize];
            let at = order.binary_search_by(|n| self.document.string(entry(n).0).cmp(name)).ok()?;
            return Some(entry(&order[at]).1);
        }
        self.iter().find(|(n, _)| *n == name).map(|(_, v)| v)
    }

    /// Names and values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'a str, ValueId)> + use<'a> {
        let document = self.document;
        let range = self.range.start as usize..self.range.end as usize;
        document.entries[range].iter().map(|&(name, value)| (document.string(name), value))
    }
}

impl Document {
    /// Reads a text of at most `u32::MAX` bytes, nested at most `nesting` deep.
    pub(crate) fn read(text: &str, nesting: usize) -> Result<Self, Malformed> {
        Reader::new(text, nesting)?.read()
    }

    /// The whole value.
    pub(crate) fn root(&self) -> ValueId {
        self.root
    }

    /// Number of values.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Never: there is at least the root.
    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Whether a name occurs that can make an identifier of a schema.
    pub(crate) fn identifies(&self) -> bool {
        self.identifies
    }

    /// What a value is.
    pub(crate) fn get(&self, id: ValueId) -> Value<'_> {
        match &self.nodes[id.0 as usize] {
            Node::Null => Value::Null,
            Node::Bool(b) => Value::Bool(*b),
            Node::Number(start, end) => Value::Number(self.piece(*start, *end)),
            Node::String(text) => Value::String(self.string(*text)),
            Node::Array(range) => {
                Value::Array(&self.items[range.start as usize..range.end as usize])
            }
            Node::Object(range) => Value::Object(Members { document: self, range: range.clone() }),
        }
    }

    /// The string that a value is.
    pub(crate) fn as_str(&self, id: ValueId) -> Option<&str> {
        match self.get(id) {
            Value::String(s) => Some(s),
            _ => None,
        }
    }

    /// The members of the object that a value is.
    pub(crate) fn as_object(&self, id: ValueId) -> Option<Members<'_>> {
        match self.get(id) {
            Value::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The items of the array that a value is.
    pub(crate) fn as_array(&self, id: ValueId) -> Option<&[ValueId]> {
        match self.get(id) {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The non-negative whole number that a value is, however spelled; what is above `u64::MAX` counts as that.
    pub(crate) fn as_count(&self, id: ValueId) -> Option<u64> {
        match self.get(id) {
            Value::Number(spelled) => count(spelled),
            _ => None,
        }
    }

    /// The array or object that a value stands in.
    pub(crate) fn parent(&self, id: ValueId) -> Option<ValueId> {
        let parent = self.parents[id.0 as usize];
        (parent != id.0).then_some(ValueId(parent))
    }

    /// The JSON pointer of a value. O(depth x members); for messages.
    pub(crate) fn pointer(&self, id: ValueId) -> String {
        let mut steps = Vec::new();
        let mut at = id;
        while let Some(parent) = self.parent(at) {
            match self.get(parent) {
                Value::Object(members) => {
                    let name = members.iter().find(|&(_, v)| v == at).map_or("", |(n, _)| n);
                    steps.push(name.replace('~', "~0").replace('/', "~1"));
                }
                Value::Array(items) => {
                    let index = items.iter().position(|&v| v == at).unwrap_or_default();
                    steps.push(index.to_string());
                }
                _ => break,
            }
            at = parent;
        }
        steps.iter().rev().fold(String::new(), |out, step| out + "/" + step)
    }

    fn piece(&self, start: u32, end: u32) -> &str {
        &self.text[start as usize..end as usize]
    }

    fn string(&self, text: Text) -> &str {
        match text {
            Text::Piece(start, end) => self.piece(start, end),
            Text::Unescaped(n) => &self.unescaped[n as usize],
        }
    }
}

/// The whole number that a JSON number is, saturating; `None` if it is negative or has a fraction.
fn count(spelled: &str) -> Option<u64> {
    if spelled.len() < 19 && spelled.bytes().all(|b| b.is_ascii_digit()) {
        return spelled.parse().ok();
    }
    let (negative, spelled) = match spelled.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, spelled),
    };
    let (mantissa, exponent) = spelled.split_once(['e', 'E']).unwrap_or((spelled, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: String = [whole, fraction].concat();
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Some(0);
    }
    if negative {
        return None;
    }
    // The value is `significant` times ten to the power of `exponent`.
    let significant = digits.trim_end_matches('0');
    let zeros = i64::try_from(digits.len() - significant.len()).ok()?;
    let exponent = match exponent.strip_prefix('+').unwrap_or(exponent).parse::<i64>() {
        Ok(e) => e,
        Err(_) if exponent.starts_with('-') => return None,
        Err(_) => return Some(u64::MAX),
    };
    let shift = exponent.checked_add(zeros)?.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    if shift < 0 {
        return None;
    }
    let power = u32::try_from(shift).ok().and_then(|s| 10u64.checked_pow(s));
    let value = significant.parse::<u64>().ok().and_then(|v| v.checked_mul(power?));
    Some(value.unwrap_or(u64::MAX))
}

/// An array or object whose end has not come.
struct Open {
    object: bool,
    /// Where its children begin in the pile of its kind.
    base: usize,
    /// The name whose value comes next.
    name: Text,
}

struct Reader<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    nesting: usize,
    document: Document,
    open: Vec<Open>,
    pile: Vec<ValueId>,
    named: Vec<(Text, ValueId)>,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str, nesting: usize) -> Result<Self, Malformed> {
        if u32::try_from(text.len()).is_err() {
            return Err(Malformed { at: 0, what: "the text is too long", deep: false });
        }
        Ok(Self {
            text,
            bytes: text.as_bytes(),
            at: 0,
            nesting,
            document: Document {
                text: text.into(),
                nodes: Vec::with_capacity(text.len() / 12 + 1),
                parents: Vec::with_capacity(text.len() / 12 + 1),
                items: Vec::new(),
                entries: Vec::with_capacity(text.len() / 16 + 1),
                unescaped: Vec::new(),
                sorted: FxHashMap::default(),
                root: ValueId(0),
                identifies: false,
            },
            open: Vec::new(),
            pile: Vec::new(),
            named: Vec::new(),
        })
    }

    fn read(mut self) -> Result<Document, Malformed> {
        let root = loop {
            self.blanks();
            let Some(value) = self.begin()? else { continue };
            if let Some(root) = self.end(value)? {
                break root;
            }
        };
        self.blanks();
        if self.at < self.bytes.len() {
            return self.fail("something follows the value");
        }
        self.document.root = root;
        Ok(self.document)
    }

    fn fail<T>(&self, what: &'static str) -> Result<T, Malformed> {
        Err(Malformed { at: self.at, what, deep: false })
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn offset(&self) -> u32 {
        u32::try_from(self.at).expect("invariant: the text's length is a u32")
    }

    fn add(&mut self, node: Node) -> ValueId {
        let id = u32::try_from(self.document.nodes.len())
            .expect("invariant: a value takes a byte of the text");
        self.document.nodes.push(node);
        self.document.parents.push(id);
        ValueId(id)
    }

    /// One value that has no children yet, or the opening of one that has.
    fn begin(&mut self) -> Result<Option<ValueId>, Malformed> {
        let node = match self.peek() {
            Some(b'{') => return self.begin_object(),
            Some(b'[') => {
                self.at += 1;
                self.blanks();
                if self.peek() == Some(b']') {
                    self.at += 1;
                    let end = u32::try_from(self.document.items.len())
                        .expect("invariant: an item takes a byte of the text");
                    Node::Array(end..end)
                } else {
                    return self.push(false, Text::Piece(0, 0));
                }
            }
            Some(b'"') => Node::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", Node::Bool(true))?,
            Some(b'f') => self.word("false", Node::Bool(false))?,
            Some(b'n') => self.word("null", Node::Null)?,
            _ => return self.fail("expected a JSON value"),
        };
        Ok(Some(self.add(node)))
    }

    fn begin_object(&mut self) -> Result<Option<ValueId>, Malformed> {
        self.at += 1;
        self.blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            let end = u32::try_from(self.document.entries.len())
                .expect("invariant: a member takes a byte of the text");
            return Ok(Some(self.add(Node::Object(end..end))));
        }
        let name = self.name()?;
        self.push(true, name)
    }

    fn push(&mut self, object: bool, name: Text) -> Result<Option<ValueId>, Malformed> {
        if self.open.len() >= self.nesting {
            return Err(Malformed { at: self.at, what: "nested too deep", deep: true });
        }
        let base = if object { self.named.len() } else { self.pile.len() };
        self.open.push(Open { object, base, name });
        Ok(None)
    }

    /// Hands a finished value to what it stands in, and ends whatever ends after it. The root, when that is finished.
    fn end(&mut self, mut value: ValueId) -> Result<Option<ValueId>, Malformed> {
        loop {
            let Some(open) = self.open.last() else { return Ok(Some(value)) };
            let (object, base) = (open.object, open.base);
            if object {
                self.named.push((open.name, value));
            } else {
                self.pile.push(value);
            }
            self.blanks();
            match (self.peek(), object) {
                (Some(b','), true) => {
                    self.at += 1;
                    self.blanks();
                    let name = self.name()?;
                    if let Some(open) = self.open.last_mut() {
                        open.name = name;
                    }
                    return Ok(None);
                }
                (Some(b','), false) => {
                    self.at += 1;
                    return Ok(None);
                }
                (Some(b'}'), true) => {
                    self.unique(base)?;
                    self.at += 1;
                    value = self.close_object(base);
                }
                (Some(b']'), false) => {
                    self.at += 1;
                    value = self.close_array(base);
                }
                (_, true) => return self.fail("expected `,` or `}`"),
                (_, false) => return self.fail("expected `,` or `]`"),
            }
            self.open.pop();
        }
    }

    fn close_object(&mut self, base: usize) -> ValueId {
        let start = self.document.entries.len();
        self.document.entries.extend(self.named.drain(base..));
        let end = self.document.entries.len();
        let range = u32::try_from(start).unwrap_or(0)..u32::try_from(end).unwrap_or(0);
        let id = self.add(Node::Object(range));
        for &(_, child) in &self.document.entries[start..end] {
            self.document.parents[child.0 as usize] = id.0;
        }
        id
    }

    fn close_array(&mut self, base: usize) -> ValueId {
        let start = self.document.items.len();
        self.document.items.extend(self.pile.drain(base..));
        let end = self.document.items.len();
        let range = u32::try_from(start).unwrap_or(0)..u32::try_from(end).unwrap_or(0);
        let id = self.add(Node::Array(range));
        for &child in &self.document.items[start..end] {
            self.document.parents[child.0 as usize] = id.0;
        }
        id
    }

    /// Refuses an object in which a name comes twice, and notes the order of many names.
    fn unique(&mut self, base: usize) -> Result<(), Malformed> {
        let named = &self.named[base..];
        let text = |n: usize| match named[n].0 {
            Text::Piece(start, end) => &self.text[start as usize..end as usize],
            Text::Unescaped(n) => &*self.document.unescaped[n as usize],
        };
        let twice = if named.len() <= FEW {
            (1..named.len()).any(|i| (0..i).any(|j| text(i) == text(j)))
        } else {
            let mut order: Vec<u32> = (0..).take(named.len()).collect();
            order.sort_unstable_by(|&a, &b| text(a as usize).cmp(text(b as usize)));
            let twice = order.windows(2).any(|p| text(p[0] as usize) == text(p[1] as usize));
            let first = u32::try_from(self.document.entries.len())
                .expect("invariant: a member takes a byte of the text");
            self.document.sorted.insert(first, order.into());
            twice
        };
        if twice { self.fail("a name comes twice in one object") } else { Ok(()) }
    }

    fn name(&mut self) -> Result<Text, Malformed> {
        if self.peek() != Some(b'"') {
            return self.fail("expected a member's name");
        }
        let name = self.string()?;
        if let Text::Piece(start, end) = name {
            let key = &self.text[start as usize..end as usize];
            self.document.identifies |=
                matches!(key, "id" | "$id" | "$anchor" | "$dynamicAnchor" | "$recursiveAnchor");
        }
        self.blanks();
        if self.peek() != Some(b':') {
            return self.fail("expected `:`");
        }
        self.at += 1;
        Ok(name)
    }

    fn word(&mut self, word: &str, node: Node) -> Result<Node, Malformed> {
        if self.bytes[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(node)
        } else {
            self.fail("expected a JSON value")
        }
    }

    fn digits(&mut self) -> Result<(), Malformed> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start { self.fail("expected a digit") } else { Ok(()) }
    }

    fn number(&mut self) -> Result<Node, Malformed> {
        let start = self.offset();
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(Node::Number(start, self.offset()))
    }

    fn string(&mut self) -> Result<Text, Malformed> {
        self.at += 1;
        let start = self.offset();
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => return self.escaped(start),
                Some(0..=0x1f) => return self.fail("a control character in a string"),
                Some(_) => self.at += 1,
                None => return self.fail("a string does not end"),
            }
        }
        let end = self.offset();
        self.at += 1;
        Ok(Text::Piece(start, end))
    }

    fn escaped(&mut self, start: u32) -> Result<Text, Malformed> {
        let mut out = String::from(&self.text[start as usize..self.at]);
        loop {
            let from = self.at;
            while !matches!(self.peek(), None | Some(b'"' | b'\\' | 0..=0x1f)) {
                self.at += 1;
            }
            out.push_str(&self.text[from..self.at]);
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    self.at += 1;
                    out.push(self.escape()?);
                }
                Some(_) => return self.fail("a control character in a string"),
                None => return self.fail("a string does not end"),
            }
        }
        self.at += 1;
        let n = u32::try_from(self.document.unescaped.len())
            .expect("invariant: a string takes a byte of the text");
        self.document.unescaped.push(out.into());
        Ok(Text::Unescaped(n))
    }

    fn escape(&mut self) -> Result<char, Malformed> {
        let kind = self.peek();
        self.at += 1;
        Ok(match kind {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let high = self.unit()?;
                if !(0xd800..0xdc00).contains(&high) {
                    return match char::from_u32(high) {
                        Some(c) => Ok(c),
                        None => self.fail("half of a surrogate pair"),
                    };
                }
                if !self.bytes[self.at.min(self.bytes.len())..].starts_with(b"\\u") {
                    return self.fail("half of a surrogate pair");
                }
                self.at += 2;
                let low = self.unit()?;
                if !(0xdc00..0xe000).contains(&low) {
                    return self.fail("half of a surrogate pair");
                }
                let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                match char::from_u32(code) {
                    Some(c) => c,
                    None => return self.fail("half of a surrogate pair"),
                }
            }
            _ => return self.fail("an unknown escape in a string"),
        })
    }

    fn unit(&mut self) -> Result<u32, Malformed> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|b| char::from(b).to_digit(16));
            let Some(digit) = digit else { return self.fail("expected four hexadecimal digits") };
            unit = unit * 16 + digit;
            self.at += 1;
        }
        Ok(unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(document: &Document, id: ValueId) -> String {
        match document.get(id) {
            Value::Null => "null".into(),
            Value::Bool(b) => b.to_string(),
            Value::Number(n) => n.into(),
            Value::String(s) => format!("{s:?}"),
            Value::Array(items) => {
                let items: Vec<_> = items.iter().map(|&i| print(document, i)).collect();
                format!("[{}]", items.join(","))
            }
            Value::Object(members) => {
                let members: Vec<_> =
                    members.iter().map(|(n, v)| format!("{n:?}:{}", print(document, v))).collect();
                format!("{{{}}}", members.join(","))
            }
        }
    }

    #[test]
    fn values_keep_order_and_spelling() {
        for text in [
            "null",
            r#"{"b":1.0,"a":[1e400,-0,{},[]],"c":{"d":true,"e":false}}"#,
            r#"["",[[["x"]]],0.10]"#,
        ] {
            let document = Document::read(text, 10).unwrap();
            assert_eq!(print(&document, document.root()), text);
        }
        let document = Document::read(r#" [ "\u00e9\ud83d\ude00\n" , "é" ] "#, 10).unwrap();
        assert_eq!(print(&document, document.root()), "[\"é😀\\n\",\"é\"]");
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in [
            "",
            "{",
            "[1,]",
            "{\"a\":1,}",
            "01",
            "1.",
            "+1",
            "nul",
            "\"",
            "\"\\ud800\"",
            "\"\\x\"",
            "1 2",
            "{\"a\":1,\"a\":2}",
            "\"\u{1}\"",
            "[1 2]",
            "{a:1}",
            "\"\\u12\"",
            "\"\\",
        ] {
            assert!(Document::read(text, 10).is_err(), "{text}");
        }
        assert!(Document::read(&"[".repeat(100_000), 64).unwrap_err().deep);
    }

    #[test]
    fn pointers_lead_back() {
        let document = Document::read(r#"{"a/b":[0,{"~":1}]}"#, 10).unwrap();
        let a = document.as_object(document.root()).unwrap().get("a/b").unwrap();
        let inner = document.as_array(a).unwrap()[1];
        let one = document.as_object(inner).unwrap().get("~").unwrap();
        assert_eq!(document.pointer(one), "/a~1b/1/~0");
        assert_eq!(document.pointer(document.root()), "");
    }

    #[test]
    fn counts_are_exact() {
        for (spelled, expected) in [
            ("0", Some(0)),
            ("-0.0", Some(0)),
            ("3", Some(3)),
            ("2.0", Some(2)),
            ("2.5", None),
            ("25e-1", None),
            ("20e-1", Some(2)),
            ("1e3", Some(1000)),
            ("-1", None),
            ("1e400", Some(u64::MAX)),
            ("1e99999999999999999999", Some(u64::MAX)),
            ("18446744073709551615", Some(u64::MAX)),
        ] {
            assert_eq!(count(spelled), expected, "{spelled}");
        }
    }
}
