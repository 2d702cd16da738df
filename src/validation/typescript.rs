//! TypeScript through `oxc_parser`: a module, as in a `.ts` file.

use oxc_allocator::Allocator;
use oxc_parser::Parser;
use oxc_span::SourceType;

use super::{
    ValidationError,
    stack::{check_size, on_own_stack},
};

pub(super) const NAME: &str = "oxc_parser";

/// Texts above this are not judged: no answer is that long, and the stack grows with the text.
const MAX_BYTES: usize = 128 << 10;

/// Stack bytes for each byte of text. The parser descends by recursion without a bound of its own; `(` costs it most, some
/// 1,500 bytes of stack.
const STACK_PER_BYTE: usize = 8 << 10;

/// Stack bytes beside that.
const STACK: usize = 256 << 10;

/// Whether the text is one module.
pub(super) fn check(text: &str) -> Result<(), ValidationError> {
    check_size(text, NAME, MAX_BYTES)?;
    on_own_stack(STACK + text.len() * STACK_PER_BYTE, NAME, MAX_BYTES, || parse(text))
}

fn parse(text: &str) -> Result<(), ValidationError> {
    let allocator = Allocator::default();
    let source = SourceType::ts().with_module(true);
    let parsed = Parser::new(&allocator, text, source).parse();
    let refused = |reason: String| Err(ValidationError::Refused { validator: NAME, reason });
    match parsed.diagnostics.first() {
        Some(diagnostic) => refused(diagnostic.to_string()),
        None if parsed.panicked => refused("the text cannot be read".into()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_BYTES, check};

    #[test]
    fn modules() {
        for text in [
            "",
            "const a: number = 1",
            "import { a } from 'b'\nexport default a",
            "enum A { B }\nnamespace C { export type D = A }",
            "const x = <T>(y: T) => y",
            "await a",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_is_none() {
        // What is wrong only by meaning (`with` in a module, `010`) is left to the grammar.
        for text in ["let a b", "<a>b</a>", "a b", "if (a", "const x: = 1"] {
            assert!(check(text).is_err_and(|e| !e.is_limit()), "{text}");
        }
    }

    #[test]
    fn hostile_texts_are_judged_or_refused_but_never_overflow() {
        for unit in ["(", "[", "{", "!", "`${", "a=>", "@(", "({a:"] {
            let deep = unit.repeat(MAX_BYTES / unit.len());
            assert!(check(&deep).is_err(), "{unit}");
        }
        assert!(check(&" ".repeat(MAX_BYTES + 1)).is_err_and(|e| e.is_limit()));
    }
}
