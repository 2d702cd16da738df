//! In which line of a JSON text is the value of a JSON pointer?

use std::borrow::Cow;

/// Line and column, from 1, of the value that a pointer names, in a text that is JSON; `None` if there is no such value.
/// Cost: one pass, no recursion.
pub(super) fn line_and_column(text: &str, pointer: &str) -> Option<(usize, usize)> {
    let mut scan = Scan { text, at: 0 };
    scan.blanks();
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        scan.descend(&token)?;
    }
    let before = text.get(..scan.at)?;
    let line = before.rfind('\n').map_or(0, |end| end + 1);
    Some((1 + before.matches('\n').count(), 1 + before[line..].chars().count()))
}

/// A place in a JSON text; between two steps, the beginning of a value.
struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while self.byte().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// Over a byte, if it is this one, and the blanks after it.
    fn take(&mut self, byte: u8) -> Option<()> {
        (self.byte() == Some(byte)).then(|| {
            self.at += 1;
            self.blanks();
        })
    }

    /// To the member of a name, or the item of an index, of the value here.
    fn descend(&mut self, token: &str) -> Option<()> {
        if self.take(b'[').is_some() {
            for _ in 0..token.parse::<usize>().ok()? {
                self.skip();
                self.take(b',')?;
            }
            return (self.byte()? != b']').then_some(());
        }
        self.take(b'{')?;
        loop {
            let name = self.string()?;
            self.take(b':')?;
            if name == token {
                return Some(());
            }
            self.skip();
            self.take(b',')?;
        }
    }

    /// Over a string and the blanks after it: what it says.
    fn string(&mut self) -> Option<Cow<'a, str>> {
        let start = self.at;
        self.skip();
        let quoted = self.text.get(start..self.at)?.trim_end();
        match quoted.strip_prefix('"')?.strip_suffix('"')? {
            plain if !plain.contains('\\') => Some(plain.into()),
            _ => serde_json::from_str::<String>(quoted).ok().map(Cow::from),
        }
    }

    /// Over the value here and the blanks after it.
    fn skip(&mut self) {
        let (mut depth, mut quoted) = (0_usize, false);
        while let Some(byte) = self.byte() {
            match byte {
                b'\\' if quoted => self.at += 1,
                b'"' => quoted = !quoted,
                _ if quoted => {}
                b'[' | b'{' => depth += 1,
                b']' | b'}' | b',' | b':' if depth == 0 => break,
                b']' | b'}' => depth -= 1,
                _ => {}
            }
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::line_and_column;

    #[test]
    fn finds_values() {
        let text = "{\"a\": [1, {\"b\\u002f~\": \"}, \\\"\"},\n 3],\n\"é\": 1, \"x\" : {}}\n";
        let find = |pointer| line_and_column(text, pointer);
        assert_eq!(find(""), Some((1, 1)));
        assert_eq!(find("/a"), Some((1, 7)));
        assert_eq!(find("/a/1"), Some((1, 11)));
        assert_eq!(find("/a/1/b~1~0"), Some((1, 24)));
        assert_eq!(find("/a/2"), Some((2, 2)));
        assert_eq!(find("/x"), Some((3, 15)));
        for pointer in ["/a/3", "/a/x", "/b", "/x/y", "/a/0/0"] {
            assert_eq!(find(pointer), None, "{pointer}");
        }
    }

    #[test]
    fn texts_that_are_no_json_do_no_harm() {
        for text in ["", "{", "{\"", "{\"a", "{\"a\":", "[\\", "[[[[", "{\"a\\", "\"é"] {
            for pointer in ["", "/a", "/0", "/0/a", "/9"] {
                let _ = line_and_column(text, pointer);
            }
        }
    }
}
