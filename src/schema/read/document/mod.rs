//! Which JSON value does this text hold, exactly as it is spelled?
//!
//! Numbers keep their spelling and objects their order; a name that comes twice is refused. All values lie in one vector, in
//! the order in which they end. Reading keeps its own stack: nesting costs memory, and is bounded, but never recursion.
//! Other texts may be read after the first, each with a root of its own.

mod count;
mod parse;
mod strings;
#[cfg(test)]
mod tests;

use std::ops::Range;

use rustc_hash::FxHashMap;

use self::{count::count, parse::Reader};

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
    /// The roots of further texts, and what these are called.
    others: Vec<(ValueId, Box<str>)>,
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
        let mut document = Self {
            text: text.into(),
            nodes: Vec::with_capacity(text.len() / 12 + 1),
            parents: Vec::with_capacity(text.len() / 12 + 1),
            items: Vec::new(),
            entries: Vec::with_capacity(text.len() / 16 + 1),
            unescaped: Vec::new(),
            sorted: FxHashMap::default(),
            root: ValueId(0),
            others: Vec::new(),
            identifies: false,
        };
        document.root = Reader::new(text, 0, nesting, &mut document)?.read()?;
        Ok(document)
    }

    /// Reads one more text, of a name. Cost: O(all texts). After an error nothing of the document is of use.
    pub(crate) fn append(
        &mut self,
        name: &str,
        text: &str,
        nesting: usize,
    ) -> Result<ValueId, Malformed> {
        let start = self.text.len() + 1;
        let all = [&self.text, text].join("\n");
        let root = Reader::new(&all, start, nesting, self)?.read();
        let root = root.map_err(|error| Malformed { at: error.at - start, ..error })?;
        self.text = all.into();
        self.others.push((root, name.into()));
        Ok(root)
    }

    /// The whole value.
    pub(crate) fn root(&self) -> ValueId {
        self.root
    }

    /// Bytes of all texts.
    pub(crate) fn bytes(&self) -> usize {
        self.text.len()
    }

    /// The roots of further texts, and what these are called.
    pub(crate) fn others(&self) -> &[(ValueId, Box<str>)] {
        &self.others
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

    /// The JSON pointer of a value, after the name of its text if that is not the first. O(depth x members); for messages.
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
        let other = self.others.iter().find(|(root, _)| *root == at);
        let text = other.map_or_else(String::new, |(_, name)| format!("{name}#"));
        steps.iter().rev().fold(text, |out, step| out + "/" + step)
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
