//! PostgreSQL through PostgreSQL 18's own parser, as `libpg_query` packages it.

use super::{ValidationError, stack::check_size};

pub(super) const NAME: &str = "libpg_query";

/// Texts above this are not judged, as with the other parser.
const MAX_BYTES: usize = 256 << 10;

/// Whether the text is one statement with an optional final semicolon. The tree stays in C and is never read here: that would
/// add a limit on nesting that the server does not have.
pub(super) fn check(text: &str) -> Result<(), ValidationError> {
    let limit = |what, limit| Err(ValidationError::Limit { validator: NAME, what, limit });
    check_size(text, NAME, MAX_BYTES)?;
    match pg_query::split_with_parser(text) {
        Ok(statements) => match statements[..] {
            [_] => Ok(()),
            [] => Err(ValidationError::Refused {
                validator: NAME,
                reason: "there is no statement".into(),
            }),
            [_, rest, ..] => Err(ValidationError::Leftover {
                validator: NAME,
                rest: format!("`{}`", rest.trim().chars().take(80).collect::<String>()),
            }),
        },
        Err(error) => {
            let reason = error.to_string();
            if reason.contains("stack depth") {
                return limit("too much nesting for its stack, in bytes of text", text.len());
            }
            Err(ValidationError::Refused { validator: NAME, reason })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::validation::ValidationError;

    #[test]
    fn the_servers_own_parser_is_asked() {
        for text in ["SELECT 1", "SELECT 1;", "SELECT a FROM t WHERE b -- c\n", "TABLE t"] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
        for text in ["", ";", "SELECT TOP 3 a FROM t", "SELECT a = b = c", "SELECT 1a", "SELECT \0"]
        {
            assert!(check(text).is_err_and(|e| !e.is_limit()), "{text}");
        }
        assert!(matches!(check("SELECT 1; SELECT 2"), Err(ValidationError::Leftover { .. })));
        let deep = format!("SELECT {}1{}", "(".repeat(100_000), ")".repeat(100_000));
        assert!(check(&deep).is_err());
    }
}
