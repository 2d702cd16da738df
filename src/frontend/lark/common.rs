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
