//! What a schema lets expect: the next member's name, as the tokenizer spells it.

use super::{Speller, spelling};
use crate::{Constraint, TokenId, Vocabulary};

/// Which token of a name it is: some come true far more often than others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Part {
    First,
    Further,
}

/// The name that a text is probably in, at some place of it.
#[derive(Clone, Default, Debug)]
pub(super) struct Likely {
    /// Its tokens that have not come, the last one first.
    rest: Vec<TokenId>,
    is_begun: bool,
}

impl Likely {
    /// The token that probably comes next, if the schema tells. `text` is the end of the answer.
    pub(super) fn next(
        &mut self,
        constraint: &Constraint,
        speller: &dyn Speller,
        vocabulary: &Vocabulary,
        text: &[u8],
    ) -> Option<(TokenId, Part)> {
        if self.rest.is_empty() {
            let name = constraint.likely()?;
            let tokens = spelling::probable(speller, vocabulary, text, &name, "\":")?;
            self.rest.extend(tokens.iter().rev());
            self.is_begun = false;
        }
        let part = if self.is_begun { Part::Further } else { Part::First };
        Some((*self.rest.last()?, part))
    }

    /// Goes on by a token.
    pub(super) fn take(&mut self, token: TokenId) {
        if self.rest.pop() == Some(token) {
            self.is_begun = true;
        } else {
            self.rest.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Limits, SchemaCompiler, schema::SchemaOptions};

    /// Every byte is a token.
    struct Bytes;

    impl Speller for Bytes {
        fn spell(&self, text: &str) -> Option<Vec<TokenId>> {
            Some(text.bytes().map(|byte| TokenId(u32::from(byte))).collect())
        }
    }

    fn compiled(schema: &str) -> (Arc<Vocabulary>, Constraint) {
        let bytes = (0..=255u8).map(|byte| vec![byte]).chain([b"<end>".to_vec()]).collect();
        let vocabulary = Arc::new(Vocabulary::new(bytes, &[], &[TokenId(256)]).unwrap());
        let compiler = SchemaCompiler::new(Arc::clone(&vocabulary), &Limits::default());
        let automaton = compiler.compile(schema, &SchemaOptions::default()).unwrap();
        (vocabulary, automaton.constraint())
    }

    const SCHEMA: &str = r#"{"properties": {"zulu": {"type": "integer"}, "a\"b": {}, "mike": {}}}"#;

    #[test]
    fn members_are_expected_in_the_schemas_order() {
        let (_, start) = compiled(SCHEMA);
        let cases = [
            (r#"{""#, Some("zulu")),
            (r#"{"zulu": 1, ""#, Some(r#"a\"b"#)),
            (r#"{"a\"b": [{"zulu": 1}], ""#, Some("mike")),
            (r#"{"mike": 1, ""#, Some("zulu")),
            (r#"{"other": 1, ""#, Some("zulu")),
            (r#"{"z"#, None),
            (r#"{"zulu"#, None),
            (r#"{"#, None),
            (r#"{"zulu":"#, None),
            (r#"{"mike":1,"zulu":1,"a\"b":1,""#, None),
            (r#"[""#, None),
        ];
        for (text, expected) in cases {
            let mut constraint = start.clone();
            constraint.accept_bytes(text.as_bytes()).unwrap();
            let likely = constraint.likely().map(|name| String::from_utf8(name).unwrap());
            assert_eq!(likely.as_deref(), expected, "{text}");
            constraint.accept_bytes(likely.unwrap_or_default().as_bytes()).unwrap();
        }
    }

    #[test]
    fn a_name_is_followed_until_the_text_leaves_it() {
        let (vocabulary, mut constraint) = compiled(SCHEMA);
        constraint.accept_bytes(b"{\"").unwrap();
        let mut likely = Likely::default();
        let next = |likely: &mut Likely, constraint: &Constraint| {
            let found = likely.next(constraint, &Bytes, &vocabulary, b"{\"");
            found.map(|(token, part)| (token.0 as u8 as char, part))
        };
        for (i, byte) in "zulu".chars().enumerate() {
            let part = if i == 0 { Part::First } else { Part::Further };
            assert_eq!(next(&mut likely, &constraint), Some((byte, part)));
            assert_eq!(
                next(&mut likely, &constraint),
                Some((byte, part)),
                "asking changes nothing"
            );
            constraint.accept(TokenId(byte as u32)).unwrap();
            likely.take(TokenId(byte as u32));
        }
        assert_eq!(next(&mut likely, &constraint), None);
        constraint.accept_bytes(b"\":1,\"").unwrap();
        assert_eq!(next(&mut likely, &constraint), Some(('a', Part::First)));
        constraint.accept(TokenId(u32::from(b'm'))).unwrap();
        likely.take(TokenId(u32::from(b'm')));
        assert_eq!(next(&mut likely, &constraint), None);
    }
}
