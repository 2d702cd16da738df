//! Regular expressions: those that a finite automaton can tell.
//!
//! Groups nest up to [`DEPTH`] deep, at most one has a name, and there are no back-references. Ranges have ASCII ends, in
//! order; the bounds of a repetition are in order as far as a few digits show it. No flag is assumed: what ECMA-262 reads
//! with and without `u`, and the needless escapes of punctuation.

use super::whole;
use crate::{
    Limits,
    schema::text::{TextError, TextSet},
};

/// How deep groups nest.
const DEPTH: usize = 4;

/// Bounds of a repetition: one number, an open one, or two in order.
fn bounds() -> String {
    let mut choices = vec!["[0-9]+,?".to_owned()];
    // Fewer digits are less, if none of the longer number's is a leading zero.
    for digits in 1..=3 {
        choices.push(format!("[0-9]{{{digits}}},[1-9][0-9]{{{digits},}}"));
    }
    for ten in 0..=9 {
        // Equally many digits: the first one decides, or the second one.
        choices.push(format!("{ten},[{ten}-9]"));
        for one in 0..=9 {
            choices.push(format!("{ten}{one},{ten}[{one}-9]"));
        }
        if ten < 9 {
            choices.push(format!("{ten}[0-9]{{1,3}},[{}-9][0-9]{{3}}", ten + 1));
            choices.push(format!("{ten}[0-9]{{1,2}},[{}-9][0-9]{{2}}", ten + 1));
            choices.push(format!("{ten}[0-9],[{}-9][0-9]", ten + 1));
        }
    }
    format!("\\{{(?:{})\\}}", choices.join("|"))
}

pub(super) fn regex(limits: &Limits) -> Result<TextSet, TextError> {
    let escape = "\\\\(?:[dDwWsStnvfr!-/:-@\\[-`{-~]|c[A-Za-z]|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4})";
    let mut ranges = Vec::new();
    for low in b' '..=b'~' {
        // `\`, `]`, `^` and `-` as ends of a range are left to their escapes.
        if !matches!(low, b'\\' | b']' | b'^' | b'-') {
            let high = if low < b'\\' {
                format!("(?:[\\x{low:02x}-\\x5b]|[^\\x00-\\x60\\x7f-\\u{{10FFFF}}])")
            } else {
                format!("[\\x{low:02x}-~]")
            };
            ranges.push(format!("\\x{low:02x}-{high}"));
        }
    }
    let single = format!("(?:[^\\\\\\]^-]|{escape}|\\\\b)");
    let class = format!("\\[\\^?-?(?:{single}|{})*-?\\]", ranges.join("|"));
    let quantifier = format!("(?:[*+?]|{})\\??", bounds());
    let atom = format!("(?:[^\\\\^$.*+?()\\[\\]{{}}|]|\\.|{escape}|{class})");
    let assertion = "(?:[\\^$]|\\\\[bB])";
    let mut inside = format!("(?:{atom}(?:{quantifier})?|{assertion}|\\|)*");
    for _ in 0..DEPTH {
        let name = "\\?<[A-Za-z_$][A-Za-z0-9_$]*>";
        let group = format!("\\((?:\\?:|{name})?{inside}\\)(?:{quantifier})?");
        let look = format!("\\(\\?<?[=!]{inside}\\)");
        inside = format!("(?:{atom}(?:{quantifier})?|{assertion}|\\||{group}|{look})*");
    }
    let names = TextSet::pattern("\\(\\?<[^=!][\\s\\S]*\\(\\?<[^=!]", limits)?;
    whole(&inside, limits)?.without(&names, limits)
}
