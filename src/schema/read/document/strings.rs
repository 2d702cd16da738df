//! What does a string say?

use super::{Malformed, Text, parse::Reader};

impl Reader<'_> {
    /// A string; the next byte is its opening quote.
    pub(super) fn string(&mut self) -> Result<Text, Malformed> {
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
