//! PostgreSQL through `sqlparser`.

use sqlparser::{
    dialect::PostgreSqlDialect,
    parser::{Parser, ParserError},
    tokenizer::Token,
};

use super::{
    ValidationError,
    stack::{check_size, on_own_stack},
};

pub(super) const NAME: &str = "sqlparser";

/// Texts above this are not judged: no answer is that long, and the parser's tree grows with the text.
const MAX_BYTES: usize = 256 << 10;

/// Nesting of statements, subqueries and expressions. `sqlparser` grows its stack as it descends, so that this bounds
/// memory, not the stack.
const MAX_DEPTH: usize = 500;

/// Texts above this are parsed on a stack of their own: `1+1+1+…` is read by a loop, but its tree is as deep as the text
/// is long and is dropped by recursion.
const SHORT: usize = 4 << 10;

/// Stack bytes for each byte of text; two bytes of text make a level of the tree.
const STACK_PER_BYTE: usize = 2 << 10;

/// Whether the text is one statement with an optional final semicolon.
pub(super) fn check(text: &str) -> Result<(), ValidationError> {
    check_size(text, NAME, MAX_BYTES)?;
    if text.len() <= SHORT {
        return parse(text);
    }
    on_own_stack(text.len() * STACK_PER_BYTE, NAME, SHORT, || parse(text))
}

fn parse(text: &str) -> Result<(), ValidationError> {
    let dialect = PostgreSqlDialect {};
    let mut parser = Parser::new(&dialect)
        .with_recursion_limit(MAX_DEPTH)
        .try_with_sql(text)
        .map_err(refused)?;
    parser.parse_statement().map_err(refused)?;
    // The semicolon ends the statement; it does not begin an empty second one.
    _ = parser.consume_token(&Token::SemiColon);
    match parser.next_token().token {
        Token::EOF => Ok(()),
        rest => Err(ValidationError::Leftover {
            validator: NAME,
            rest: format!("`{}`", rest.to_string().chars().take(80).collect::<String>()),
        }),
    }
}

fn refused(error: ParserError) -> ValidationError {
    match error {
        ParserError::RecursionLimitExceeded => ValidationError::Limit {
            validator: NAME,
            what: "too many levels of nesting",
            limit: MAX_DEPTH,
        },
        ParserError::TokenizerError(reason) | ParserError::ParserError(reason) => {
            ValidationError::Refused { validator: NAME, reason }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_BYTES, MAX_DEPTH, check};
    use crate::validation::ValidationError;

    #[test]
    fn one_statement() {
        for text in [
            "SELECT 1",
            "SELECT 1;",
            "  SELECT name FROM employees WHERE salary > 50000 -- all\n ;",
            "WITH t AS (SELECT 1) SELECT * FROM t",
            "INSERT INTO t (a) VALUES (1) RETURNING a",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn nothing_left_over() {
        for text in ["SELECT 1; SELECT 2", "SELECT 1;;", "SELECT 1 )"] {
            assert!(matches!(check(text), Err(ValidationError::Leftover { .. })), "{text}");
        }
        for text in ["", ";", "SELECT a FROM", "SELECT 'open", "all the names, please"] {
            assert!(check(text).is_err(), "{text}");
        }
    }

    #[test]
    fn hostile_texts_are_judged_or_refused_but_never_overflow() {
        let long = format!("SELECT 1{}", "+1".repeat(MAX_BYTES / 2 - 8));
        assert_eq!(check(&long), Ok(()));
        let deep = |n: usize| format!("SELECT {}1{}", "(".repeat(n), ")".repeat(n));
        assert_eq!(check(&deep(50)), Ok(()));
        assert!(check(&deep(MAX_DEPTH + 1)).is_err_and(|e| e.is_limit()));
        assert!(check(&" ".repeat(MAX_BYTES + 1)).is_err_and(|e| e.is_limit()));
    }
}
