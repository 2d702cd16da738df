//! Escapes in the strings of the grammar languages.

use super::error::quoted;

/// Whose escapes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Dialect {
    /// `\n \r \t \f \v \0 \\ \" \' \/ \xHH \uHHHH \UHHHHHHHH \u{H…}`.
    Lark,
    /// `\n \r \t \\ \" \[ \] \xHH \uHHHH \UHHHHHHHH`.
    Gbnf,
}

/// A character and how many bytes of the source it took; the source starts with a backslash.
pub(super) fn escape(source: &str, dialect: Dialect) -> Result<(char, usize), String> {
    let mut chars = source.chars();
    chars.next();
    let Some(kind) = chars.next() else { return Err("nothing follows the backslash".into()) };
    let simple = match kind {
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        '\\' | '"' => Some(kind),
        'f' if dialect == Dialect::Lark => Some('\u{C}'),
        'v' if dialect == Dialect::Lark => Some('\u{B}'),
        '0' if dialect == Dialect::Lark => Some('\0'),
        '\'' | '/' if dialect == Dialect::Lark => Some(kind),
        '[' | ']' if dialect == Dialect::Gbnf => Some(kind),
        _ => None,
    };
    if let Some(c) = simple {
        return Ok((c, 2));
    }
    let rest = &source[1 + kind.len_utf8()..];
    let (digits, taken) = match kind {
        'x' => (rest.get(..2), 4),
        'u' if dialect == Dialect::Lark && rest.starts_with('{') => {
            let end = rest.find('}').unwrap_or(0);
            (rest.get(1..end), 3 + end)
        }
        'u' => (rest.get(..4), 6),
        'U' => (rest.get(..8), 10),
        _ => {
            let known = match dialect {
                Dialect::Lark => r#"\n \r \t \f \v \0 \\ \" \' \/ \xHH \uHHHH \u{H…} \UHHHHHHHH"#,
                Dialect::Gbnf => r#"\n \r \t \\ \" \[ \] \xHH \uHHHH \UHHHHHHHH"#,
            };
            return Err(format!(
                "unknown escape {}, expected one of {known}",
                quoted(&format!("\\{kind}"))
            ));
        }
    };
    let digits = digits
        .filter(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_hexdigit()))
        .ok_or_else(|| format!("expected hexadecimal digits after `\\{kind}`"))?;
    u32::from_str_radix(digits, 16)
        .ok()
        .and_then(char::from_u32)
        .map(|c| (c, taken))
        .ok_or_else(|| format!("{} is not a Unicode character", quoted(digits)))
}

/// The text that a string's body stands for; on error the byte offset and what is wrong.
pub(super) fn unescape(body: &str, dialect: Dialect) -> Result<String, (usize, String)> {
    let mut out = String::with_capacity(body.len());
    let mut i = 0;
    while let Some(c) = body[i..].chars().next() {
        if c == '\\' {
            let (c, taken) = escape(&body[i..], dialect).map_err(|message| (i, message))?;
            out.push(c);
            i += taken;
        } else {
            out.push(c);
            i += c.len_utf8();
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::{Dialect, unescape};

    #[test]
    fn escapes_of_both_languages() {
        let lark = |s| unescape(s, Dialect::Lark);
        assert_eq!(lark(r#"a\n\x41\u00e9\U0001F600\u{1F600}\"\\"#).unwrap(), "a\nA\u{e9}😀😀\"\\");
        assert_eq!(lark(r"ab\q").unwrap_err().0, 2);
        for bad in [
            r"\x4",
            r"\u12",
            r"\ud800",
            r"\u{",
            r"\u{}",
            r"\u{110000}",
            r"\U0000004",
            r"\xé9",
            "\\",
        ] {
            assert!(lark(bad).is_err(), "{bad}");
        }
        assert_eq!(unescape(r"\[\]\x20", Dialect::Gbnf).unwrap(), "[] ");
        assert!(unescape(r"\/", Dialect::Gbnf).is_err());
    }
}
