//! How a JSON string spells text: raw UTF-8, short escapes, `\u` escapes with surrogate pairs (RFC 8259, section 7).
//!
//! [`Spelling`] is where a reader is between the opening quote and the closing one; what the characters mean to a language
//! of texts is the business of its caller.

/// Where a reader stands inside a JSON string: between characters, inside the bytes of one, or inside an escape.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(crate) struct Spelling(u32);

/// What a byte does to a [`Spelling`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Spelled {
    /// It cannot stand here.
    Nothing,
    /// A raw byte of a character; the character is complete if the spelling is between characters afterwards.
    Raw(Spelling),
    /// A part of an escape.
    Part(Spelling),
    /// The last byte of an escape of this character.
    Escaped(char),
    /// The closing quote.
    Quote,
}

/// Kinds, in the uppermost byte.
const BETWEEN: u32 = 0;
/// Raw UTF-8 bytes are missing; which, is in the lowest byte.
const RAW: u32 = 1 << 24;
/// After a backslash.
const ESCAPE: u32 = 2 << 24;
/// After `\u` and some digits.
const HEX: u32 = 3 << 24;
/// After a high surrogate.
const HIGH: u32 = 4 << 24;
/// After a high surrogate and a backslash.
const HIGH_ESCAPE: u32 = 5 << 24;
/// After a high surrogate, `\u` and some digits.
const LOW: u32 = 6 << 24;

// Layout of the rest: HEX has the number of digits in bits 16..20 and their value in bits 0..16. From HIGH on, bits 0..10 are
// those of the high surrogate; LOW has the number of digits in bits 10..13 and the value of the last ones in bits 13..23.

impl Spelling {
    /// Between two characters.
    pub(crate) const BETWEEN: Self = Self(BETWEEN);

    /// Inside of a character, one byte of which is missing.
    pub(crate) const BEGUN: Self = Self(RAW | 1);

    /// Whether no character has been begun.
    #[inline]
    pub(crate) fn is_between(self) -> bool {
        self.0 == BETWEEN
    }

    /// Whether some raw bytes of a character have been read, but not all.
    #[inline]
    pub(crate) fn is_raw(self) -> bool {
        self.0 & 0xff00_0000 == RAW
    }

    /// Whether a backslash has been read and nothing after it.
    pub(crate) fn is_escape(self) -> bool {
        self.0 == ESCAPE
    }

    /// The code points that an escape that has been begun can still become: one range, of scalar values but for surrogates
    /// inside, which mean the pairs that they begin. `None` outside of escapes.
    pub(crate) fn escape_ranges(self) -> Option<[(u32, u32); 2]> {
        const NONE: (u32, u32) = (1, 0);
        let rest = self.0 & 0x00ff_ffff;
        match self.0 & 0xff00_0000 {
            ESCAPE => Some([(0, 0x10ffff), NONE]),
            HEX => {
                let (digits, value) = (rest >> 16, rest & 0xffff);
                let shift = 16 - 4 * digits;
                let (low, high) = (value << shift, (value << shift) | ((1 << shift) - 1));
                let plain =
                    if low < 0xd800 { (low, high.min(0x10ffff)) } else { (low.max(0xe000), high) };
                let (first, last) = (low.max(0xd800), high.min(0xdbff));
                let pairs = if first <= last {
                    (0x10000 + ((first - 0xd800) << 10), 0x10000 + ((last - 0xd800) << 10) + 0x3ff)
                } else {
                    NONE
                };
                Some([plain, pairs])
            }
            HIGH | HIGH_ESCAPE => {
                let base = 0x10000 + ((rest & 0x3ff) << 10);
                Some([(base, base + 0x3ff), NONE])
            }
            LOW => {
                let base = 0x10000 + ((rest & 0x3ff) << 10);
                let (digits, value) = ((rest >> 10) & 7, rest >> 13);
                // The first digit is always d; the value holds the ten bits that follow `110111`.
                let (low, high) = match digits {
                    0 | 1 => (0, 0x3ff),
                    2 => (value << 8, (value << 8) | 0xff),
                    _ => (value << 4, (value << 4) | 0xf),
                };
                Some([(base + low, base + high), NONE])
            }
            _ => None,
        }
    }

    /// What is missing of an escape of a character; `None` if this is no escape, or one that cannot become that character.
    pub(crate) fn rest_of_escape(self, c: char) -> Option<Vec<u8>> {
        let code = u32::from(c);
        let ranges = self.escape_ranges()?;
        if !ranges.iter().any(|(low, high)| (*low..=*high).contains(&code)) {
            return None;
        }
        let rest = self.0 & 0x00ff_ffff;
        let read = match self.0 & 0xff00_0000 {
            ESCAPE => {
                let short =
                    b"\"\\/bfnrt".iter().find(|byte| self.read(**byte) == Spelled::Escaped(c));
                if let Some(byte) = short {
                    return Some(vec![*byte]);
                }
                0
            }
            HEX => 1 + (rest >> 16),
            HIGH => 5,
            HIGH_ESCAPE => 6,
            _ => 7 + ((rest >> 10) & 7),
        };
        let mut units = [0; 2];
        let units = c.encode_utf16(&mut units).iter().map(|unit| format!("u{unit:04x}"));
        let whole = units.collect::<Vec<_>>().join("\\");
        whole.as_bytes().get(read as usize..).map(<[u8]>::to_vec)
    }

    /// Reads one byte. O(1).
    #[inline]
    pub(crate) fn read(self, byte: u8) -> Spelled {
        if self.0 == BETWEEN {
            return match byte {
                b'"' => Spelled::Quote,
                b'\\' => Spelled::Part(Self(ESCAPE)),
                0x20..=0x7f => Spelled::Raw(Self(BETWEEN)),
                0xc2..=0xf4 => Spelled::Raw(Self(RAW | u32::from(byte))),
                _ => Spelled::Nothing,
            };
        }
        self.read_inside(byte)
    }

    #[inline]
    fn read_inside(self, byte: u8) -> Spelled {
        let rest = self.0 & 0x00ff_ffff;
        match self.0 & 0xff00_0000 {
            RAW => match continuation(rest as u8, byte) {
                None => Spelled::Nothing,
                Some(0) => Spelled::Raw(Self(BETWEEN)),
                Some(missing) => Spelled::Raw(Self(RAW | u32::from(missing))),
            },
            ESCAPE => match byte {
                b'"' | b'\\' | b'/' => Spelled::Escaped(char::from(byte)),
                b'b' => Spelled::Escaped('\u{8}'),
                b'f' => Spelled::Escaped('\u{c}'),
                b'n' => Spelled::Escaped('\n'),
                b'r' => Spelled::Escaped('\r'),
                b't' => Spelled::Escaped('\t'),
                b'u' => Spelled::Part(Self(HEX)),
                _ => Spelled::Nothing,
            },
            HEX => {
                let Some(digit) = char::from(byte).to_digit(16) else { return Spelled::Nothing };
                let (digits, value) = ((rest >> 16) + 1, (rest & 0xffff) << 4 | digit);
                // Low surrogates cannot begin a pair: dc.., dd.., de.., df..
                if digits >= 2 && (value >> (4 * (digits - 2))) & 0xfc == 0xdc {
                    return Spelled::Nothing;
                }
                if digits < 4 {
                    return Spelled::Part(Self(HEX | digits << 16 | value));
                }
                match char::from_u32(value) {
                    Some(c) => Spelled::Escaped(c),
                    None => Spelled::Part(Self(HIGH | (value - 0xd800))),
                }
            }
            HIGH if byte == b'\\' => Spelled::Part(Self(HIGH_ESCAPE | rest)),
            HIGH_ESCAPE if byte == b'u' => Spelled::Part(Self(LOW | rest)),
            LOW => {
                let Some(digit) = char::from(byte).to_digit(16) else { return Spelled::Nothing };
                let (high, digits, value) = (rest & 0x3ff, (rest >> 10) & 7, rest >> 13);
                let value = match digits {
                    0 if digit == 0xd => 0,
                    1 if digit >= 0xc => digit & 3,
                    2 | 3 => value << 4 | digit,
                    _ => return Spelled::Nothing,
                };
                if digits < 3 {
                    return Spelled::Part(Self(LOW | high | (digits + 1) << 10 | value << 13));
                }
                match char::from_u32(0x10000 + (high << 10) + value) {
                    Some(c) => Spelled::Escaped(c),
                    None => Spelled::Nothing,
                }
            }
            _ => Spelled::Nothing,
        }
    }
}

/// UTF-8 (Unicode 16, table 3-7): `state` is the first byte, or the number of continuation bytes that are still missing
/// after the second. Returns the next state, 0 when the character is complete.
#[inline]
fn continuation(state: u8, byte: u8) -> Option<u8> {
    let (range, missing) = match state {
        1..=3 => (0x80..=0xbf, state - 1),
        0xe0 => (0xa0..=0xbf, 1),
        0xed => (0x80..=0x9f, 1),
        0xf0 => (0x90..=0xbf, 2),
        0xf4 => (0x80..=0x8f, 2),
        0xc2..=0xdf => (0x80..=0xbf, 0),
        0xe1..=0xef => (0x80..=0xbf, 1),
        _ => (0x80..=0xbf, 2),
    };
    range.contains(&byte).then_some(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a whole string after its opening quote.
    fn decode(text: &[u8]) -> Option<String> {
        let (mut at, mut out) = (Spelling::BETWEEN, Vec::new());
        for (i, &byte) in text.iter().enumerate() {
            match at.read(byte) {
                Spelled::Nothing => return None,
                Spelled::Raw(next) => {
                    out.push(byte);
                    at = next;
                }
                Spelled::Part(next) => at = next,
                Spelled::Escaped(c) => {
                    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    at = Spelling::BETWEEN;
                }
                Spelled::Quote => {
                    return (i + 1 == text.len()).then(|| String::from_utf8(out).unwrap());
                }
            }
        }
        None
    }

    #[test]
    fn reads_what_serde_json_reads() {
        let texts = [
            r#"plain""#,
            r#"é€😀""#,
            r#"\u00e9\u20AC""#,
            r#"\ud83d\ude00""#,
            r#"\n\t\\\/\"\b\f\r""#,
            r#"\ude00""#,
            r#"\ud83d""#,
            r#"\ud83dx""#,
            r#"\ud83d\u0041""#,
            r#"\x""#,
            r#"\u12g4""#,
            "\u{1}\"",
            r#"\uDBFF\uDFFF""#,
            r#"\ud7ff\ue000""#,
            r#"\udbff\udc00""#,
        ];
        for text in texts {
            let judged = serde_json::from_str::<String>(&format!("\"{text}")).ok();
            assert_eq!(decode(text.as_bytes()), judged, "{text}");
        }
        for bytes in
            [&b"\xc0\x80\""[..], b"\xed\xa0\x80\"", b"\xf4\x90\x80\x80\"", b"\xff\"", b"\xe2\x82\""]
        {
            assert_eq!(decode(bytes), None);
        }
    }

    #[test]
    fn a_begun_escape_knows_what_it_can_become() {
        let after = |text: &[u8]| {
            text.iter().fold(Spelling::BETWEEN, |at, byte| match at.read(*byte) {
                Spelled::Part(next) => next,
                other => panic!("{other:?}"),
            })
        };
        let ranges = |text: &[u8]| {
            let ranges = after(text).escape_ranges().unwrap();
            ranges.into_iter().filter(|(low, high)| low <= high).collect::<Vec<_>>()
        };
        assert_eq!(ranges(b"\\u00"), [(0, 0xff)]);
        assert_eq!(ranges(b"\\u004"), [(0x40, 0x4f)]);
        assert_eq!(ranges(b"\\ud8"), [(0x10000, 0x4ffff)]);
        assert_eq!(ranges(b"\\ud83d"), [(0x1f400, 0x1f7ff)]);
        assert_eq!(ranges(b"\\ud83d\\ude"), [(0x1f600, 0x1f6ff)]);
        assert_eq!(ranges(b"\\ud83d\\ude0"), [(0x1f600, 0x1f60f)]);
    }

    #[test]
    fn an_escape_is_ended_as_any_character_that_it_can_become() {
        for c in ['"', '\\', '/', '\n', '\u{1}', 'a', 'é', '字', '\u{ffff}', '😀', '\u{10ffff}']
        {
            let mut text = b"\\".to_vec();
            let mut at = Spelling(ESCAPE);
            loop {
                let rest = at.rest_of_escape(c).expect("it can become this one");
                let whole = [&text[..], &rest, b"\""].concat();
                assert_eq!(decode(&whole), Some(c.to_string()), "{}", whole.escape_ascii());
                // One byte more of the long form.
                let mut units = [0; 2];
                let units = c.encode_utf16(&mut units).iter();
                let long: String = units.map(|unit| format!("\\u{unit:04x}")).collect();
                let byte = long.as_bytes()[text.len()];
                text.push(byte);
                match at.read(byte) {
                    Spelled::Part(next) => at = next,
                    other => {
                        assert_eq!(other, Spelled::Escaped(c));
                        break;
                    }
                }
            }
        }
        assert_eq!(Spelling(HEX).rest_of_escape('a'), Some(b"0061".to_vec()));
        assert_eq!(Spelling(HEX | 1 << 16).rest_of_escape('字'), None);
        assert_eq!(Spelling::BETWEEN.rest_of_escape('a'), None);
    }
}
