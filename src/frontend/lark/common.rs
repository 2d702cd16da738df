//! The module `common`: terminals that most grammars want.

/// Its text.
pub(super) const TEXT: &str = include_str!("common.lark");

/// Its names, for the hint that a missing one is there.
pub(super) const NAMES: [&str; 24] = [
    "CNAME",
    "CPP_COMMENT",
    "CR",
    "C_COMMENT",
    "DECIMAL",
    "DIGIT",
    "ESCAPED_STRING",
    "FLOAT",
    "HEXDIGIT",
    "INT",
    "LCASE_LETTER",
    "LETTER",
    "LF",
    "NEWLINE",
    "NUMBER",
    "SH_COMMENT",
    "SIGNED_FLOAT",
    "SIGNED_INT",
    "SIGNED_NUMBER",
    "SQL_COMMENT",
    "UCASE_LETTER",
    "WORD",
    "WS",
    "WS_INLINE",
];

#[cfg(test)]
mod tests {
    use super::{NAMES, TEXT};
    use crate::{Limits, frontend::NoSources};

    #[test]
    fn the_names_are_those_of_the_text() {
        let mut defined: Vec<&str> = TEXT
            .lines()
            .filter_map(|line| line.split_once(": ").map(|(name, _)| name))
            .filter(|name| !name.starts_with(['_', '/']))
            .collect();
        defined.sort_unstable();
        assert_eq!(defined, NAMES);
        for name in NAMES {
            let text = format!("%import common.{name}\nstart: {name}\n");
            super::super::parse(name, &text, None, &NoSources, &Limits::default()).unwrap();
        }
    }
}
