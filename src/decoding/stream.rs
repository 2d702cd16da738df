//! Text as it becomes certain.
//!
//! Bytes are handed on as soon as they are whole characters; an incomplete character waits for the next token. Bytes that
//! belong to no character (a model without a grammar may produce them) become U+FFFD, one per maximal wrong piece, as
//! `String::from_utf8_lossy` has it: what was handed on, put together, is always the text that is returned at the end.

use std::str;

/// The bytes of an answer, and how many of them were handed on.
#[derive(Clone, Debug, Default)]
pub(super) struct TextStream {
    bytes: Vec<u8>,
    sent: usize,
}

impl TextStream {
    /// Appends a token's bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// All bytes so far.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Forgets everything from `len` on, which was not handed on yet.
    pub(super) fn truncate(&mut self, len: usize) {
        debug_assert!(len >= self.sent, "what was handed on cannot be taken back");
        self.bytes.truncate(len);
    }

    /// Hands on what is certain, all but the last `held_back` bytes.
    pub(super) fn flush(&mut self, held_back: usize, on_text: &mut dyn FnMut(&str)) {
        let end = self.bytes.len().saturating_sub(held_back);
        if self.sent < end {
            let incomplete = send(&self.bytes[self.sent..end], on_text);
            self.sent = end - incomplete;
        }
    }

    /// Hands on the rest; the whole text.
    pub(super) fn finish(mut self, on_text: &mut dyn FnMut(&str)) -> String {
        self.flush(0, on_text);
        if self.sent < self.bytes.len() {
            on_text("\u{FFFD}");
        }
        match String::from_utf8(self.bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        }
    }
}

/// Hands on these bytes but for an incomplete character at their end; returns its length.
fn send(bytes: &[u8], on_text: &mut dyn FnMut(&str)) -> usize {
    let mut rest = bytes.len();
    for chunk in bytes.utf8_chunks() {
        if !chunk.valid().is_empty() {
            on_text(chunk.valid());
        }
        rest -= chunk.valid().len();
        let invalid = chunk.invalid();
        let is_last = invalid.len() == rest;
        // No error length: the bytes end before it is known whether they are wrong.
        if is_last && str::from_utf8(invalid).is_err_and(|e| e.error_len().is_none()) {
            return invalid.len();
        }
        if !invalid.is_empty() {
            on_text("\u{FFFD}");
        }
        rest -= invalid.len();
    }
    0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stream(pieces: &[&[u8]]) -> (Vec<String>, String) {
        let mut sent = Vec::new();
        let mut stream = TextStream::default();
        for piece in pieces {
            stream.push(piece);
            stream.flush(0, &mut |text| sent.push(text.to_owned()));
        }
        let text = stream.finish(&mut |text| sent.push(text.to_owned()));
        (sent, text)
    }

    #[test]
    fn a_character_cut_by_tokens_is_handed_on_whole() {
        let (sent, text) = stream(&[b"a\xE2", b"\x82", b"\xACb"]);
        assert_eq!(sent, ["a", "\u{20AC}b"]);
        assert_eq!(text, "a\u{20AC}b");
    }

    #[test]
    fn wrong_bytes_become_replacement_characters_as_soon_as_they_are_wrong() {
        let (sent, text) = stream(&[b"a\xFF", b"b\xE2\x82", b"c", b"\xF0\x9F"]);
        assert_eq!(sent, ["a", "\u{FFFD}", "b", "\u{FFFD}", "c", "\u{FFFD}"]);
        assert_eq!(text, "a\u{FFFD}b\u{FFFD}c\u{FFFD}");
    }

    #[test]
    fn what_is_held_back_can_be_taken_back() {
        let mut sent = String::new();
        let mut stream = TextStream::default();
        stream.push(b"ab\n");
        stream.flush(1, &mut |text| sent.push_str(text));
        assert_eq!(sent, "ab");
        stream.push(b"\n");
        stream.truncate(2);
        assert_eq!(stream.finish(&mut |text| sent.push_str(text)), "ab");
        assert_eq!(sent, "ab");
    }

    proptest! {
        #[test]
        fn pieces_put_together_are_the_text(
            pieces in prop::collection::vec(prop::collection::vec(
                prop_oneof![any::<u8>(), Just(0xE2), Just(0x82), Just(0xAC), Just(b'a')], 0..6), 0..8),
        ) {
            let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
            let (sent, text) = stream(&pieces);
            prop_assert_eq!(sent.concat(), text.clone());
            let whole = pieces.concat();
            prop_assert_eq!(text, String::from_utf8_lossy(&whole));
        }
    }
}
