//! JSON through `serde_json`.

use serde::de::IgnoredAny;

use super::ValidationError;

pub(super) const NAME: &str = "serde_json";

/// Reads the text without building a value: `serde_json` then checks the syntax alone and neither refuses a number that
/// an `f64` cannot hold nor a lone surrogate escape, both of which RFC 8259 allows; and it needs no recursion.
pub(super) fn check(text: &str) -> Result<(), ValidationError> {
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(IgnoredAny) => Ok(()),
        Err(error) => Err(ValidationError::Refused { validator: NAME, reason: error.to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn all_of_rfc_8259_and_nothing_else() {
        for text in ["1e999", "\"\\ud800\"", " {\"a\":[]}\n", "-0.0e-0", "null"] {
            assert!(check(text).is_ok(), "{text}");
        }
        for text in ["", "{} {}", "[1,]", "01", "'a'", "\"\t\"", "NaN", "// c\n1", "\u{feff}1"] {
            assert!(check(text).is_err(), "{text}");
        }
    }

    #[test]
    fn deep_nesting_is_no_problem() {
        let text = "[".repeat(100_000) + &"]".repeat(100_000);
        assert!(check(&text).is_ok());
    }
}
