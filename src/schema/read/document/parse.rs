//! Where does each value of a JSON text begin and end?

use super::{Document, FEW, Malformed, Node, Text, ValueId};

/// An array or object whose end has not come.
struct Open {
    object: bool,
    /// Where its children begin in the pile of its kind.
    base: usize,
    /// The name whose value comes next.
    name: Text,
}

/// A reader of one text: all texts read into a document, and the place in them.
pub(super) struct Reader<'t> {
    pub(super) text: &'t str,
    pub(super) bytes: &'t [u8],
    pub(super) at: usize,
    nesting: usize,
    pub(super) document: &'t mut Document,
    open: Vec<Open>,
    pile: Vec<ValueId>,
    named: Vec<(Text, ValueId)>,
}

impl<'t> Reader<'t> {
    /// A reader from a place on.
    pub(super) fn new(
        text: &'t str,
        at: usize,
        nesting: usize,
        document: &'t mut Document,
    ) -> Result<Self, Malformed> {
        if u32::try_from(text.len()).is_err() {
            return Err(Malformed { at, what: "the text is too long", deep: false });
        }
        let bytes = text.as_bytes();
        let (open, pile, named) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { text, bytes, at, nesting, document, open, pile, named })
    }

    /// The root of what is read to the text's end.
    pub(super) fn read(mut self) -> Result<ValueId, Malformed> {
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
        Ok(root)
    }

    pub(super) fn fail<T>(&self, what: &'static str) -> Result<T, Malformed> {
        Err(Malformed { at: self.at, what, deep: false })
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    pub(super) fn offset(&self) -> u32 {
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
}
