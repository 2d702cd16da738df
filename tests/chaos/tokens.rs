//! Control tokens are reached by no text, an end only where the text may end, and rows beyond the tokens never.

use constrained_gen::{Limits, StepError, TokenId};

use super::automata;

#[test]
fn what_is_no_text_is_never_allowed() {
    for (name, automaton, texts) in automata(&Limits::default()) {
        let vocabulary = automaton.vocabulary();
        let (len, width) = (vocabulary.len(), vocabulary.width());
        // Two control tokens that are spelled as texts of the grammars, a row without a token, padding.
        let never = [len - 1, len - 2, len - 4].into_iter().chain(len..width + 70);
        let never: Vec<TokenId> = never.map(TokenId::new).collect();
        for text in texts {
            let mut sequence = automaton.constraint();
            for byte in text.bytes().map(Some).chain([None]) {
                let complete = sequence.is_complete();
                let mask = sequence.mask().expect(&name).clone();
                for &token in &never {
                    assert!(!mask.contains(token), "{name}: {token:?} in {text}");
                    let refused = sequence.clone().accept(token);
                    assert_eq!(refused, Err(StepError::NotText { token }), "{name}: {text}");
                }
                for &end in vocabulary.end_tokens() {
                    assert_eq!(mask.contains(end), complete, "{name}: {text}");
                    let mut fork = sequence.clone();
                    assert_eq!(fork.accept(end).is_ok(), complete, "{name}: {text}");
                    assert_eq!(fork.has_ended(), complete);
                }
                let Some(byte) = byte else { break };
                sequence.accept_bytes(&[byte]).expect("the text is a sentence");
            }
        }
    }
}

#[test]
fn a_row_is_as_wide_as_the_logits_or_refused() {
    for (name, automaton, texts) in automata(&Limits::default()) {
        let words = automaton.vocabulary().words();
        assert_eq!(words, automaton.vocabulary().width().div_ceil(32));
        let mut sequence = automaton.constraint();
        sequence.accept_bytes(&texts[0].as_bytes()[..3]).expect(&name);
        let mask = sequence.mask().expect(&name).clone();
        for length in 0..words {
            let mut row = vec![7; length];
            let refused = sequence.fill(&mut row);
            assert_eq!(refused, Err(StepError::Row { words: length, needed: words }), "{name}");
            assert_eq!(row, vec![7; length], "what is refused is left alone");
        }
        for more in 0..3 {
            let mut row = vec![u32::MAX; words + more];
            sequence.fill(&mut row).expect(&name);
            assert_eq!(&row[..words], mask.words());
            assert!(row[words..].iter().all(|word| *word == 0));
        }
        // Bits of the last word that stand for no row.
        let padding = !0u32 << (automaton.vocabulary().width() % 32);
        assert_eq!(mask.words()[words - 1] & padding, 0, "{name}");
        let mut all = vec![sequence.clone(), sequence];
        let mut rows = vec![0; 2 * words];
        assert!(automaton.fill_masks(&mut all, &mut rows).iter().all(Result::is_ok));
        assert_eq!(&rows[..words], &rows[words..]);
    }
}
