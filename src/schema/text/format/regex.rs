//! Regular expressions: those that a finite automaton can tell.
//!
//! Groups nest up to [`DEPTH`] deep, one that is in no other group may have a name, and there are no back-references. Ranges
//! go from letter to letter, from digit to digit, or to the end of ASCII; the bounds of a repetition are in order as far as
//! a few digits show it. No flag is assumed: what ECMA-262 reads with and without `u`, and the needless escapes of
//! punctuation.

use super::whole;
use crate::{
    Limits,
    schema::text::{TextError, TextSet},
};

/// How deep groups nest.
const DEPTH: usize = 3;

/// Bounds of a repetition: one number, an open one, or two in order.
fn bounds() -> String {
    let mut choices = vec!["[0-9]+,?".to_owned()];
    // Fewer digits are less, if the longer number has no leading zero.
    for digits in 1..=3 {
        choices.push(format!("[0-9]{{{digits}}},[1-9][0-9]{{{digits},}}"));
    }
    for digit in 0..=9 {
        choices.push(format!("{digit},[{digit}-9]"));
        if digit < 9 {
            // Equally many digits: the first ones differ.
            choices.push(format!("{digit}[0-9],[{}-9][0-9]", digit + 1));
            choices.push(format!("{digit}[0-9]{{2}},[{}-9][0-9]{{2}}", digit + 1));
        }
    }
    format!("\\{{(?:{})\\}}", choices.join("|"))
}

pub(super) fn regex(limits: &Limits) -> Result<TextSet, TextError> {
    let escape = "\\\\(?:[dDwWsStnvfr!-/:-@\\[-`{-~]|c[A-Za-z]|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4})";
    let mut ranges = vec!["[ !]-~".to_owned()];
    for (first, last) in [('0', '9'), ('A', 'Z'), ('a', 'z')] {
        ranges.extend((first..=last).map(|low| format!("{low}-[{low}-{last}]")));
    }
    let single = format!("(?:[^\\\\\\]^-]|{escape}|\\\\b)");
    let class = format!("\\[\\^?-?(?:{single}|{})*-?\\]", ranges.join("|"));
    let quantifier = format!("(?:[*+?]|{})\\??", bounds());
    let atom = format!("(?:[^\\\\^$.*+?()\\[\\]{{}}|]|\\.|{escape}|{class})");
    let assertion = "(?:[\\^$]|\\\\[bB])";
    let mut inside = format!("(?:{atom}(?:{quantifier})?|{assertion}|\\|)*");
    for _ in 1..DEPTH {
        let group = format!("\\((?:\\?[:=!])?{inside}\\)(?:{quantifier})?|\\(\\?<[=!]{inside}\\)");
        inside = format!("(?:{atom}(?:{quantifier})?|{assertion}|\\||{group})*");
    }
    let group = format!("\\((?:\\?[:=!])?{inside}\\)(?:{quantifier})?|\\(\\?<[=!]{inside}\\)");
    let outside = format!("(?:{atom}(?:{quantifier})?|{assertion}|\\||{group})*");
    let name = "\\?<[A-Za-z_$][A-Za-z0-9_$]*>";
    let named = format!("\\({name}{inside}\\)(?:{quantifier})?");
    whole(&format!("{outside}(?:{named}{outside})?"), limits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_accepts_is_a_regular_expression() {
        let set = TextSet::format("regex").unwrap();
        let good = [
            "",
            "^a$",
            "^[a-zA-Z0-9_]{3,16}$",
            "([abc])+\\s+$",
            "(?<name>x)|y",
            "(?<=a+)b",
            "[]",
            "[^]",
            "\\cA",
            "^(([a-z]{2,4}|\\d{1,})[- ]?)*(?!x).+?$",
            "[^\\s/\\-.]{10,32}",
            "\\/\\.\\$",
            "[ -~]*",
        ];
        for text in good {
            assert!(set.contains(text), "{text}");
            assert!(TextSet::pattern(text, &Limits::default()).is_ok() || text.contains("?<="));
        }
        let bad = [
            "(", ")", "a**", "^*", "[b-a]", "[a", "a{3,2}", "a{22,11}", "\\", "\\a", "(?i)a",
            "(?P<n>a)", "(?z)",
        ];
        for text in bad {
            assert!(!set.contains(text), "{text}");
        }
    }
}
