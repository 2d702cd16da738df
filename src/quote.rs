//! How does a message quote what a user wrote?

/// Characters that are quoted.
const QUOTED: usize = 80;

/// User text for a message: in backticks, at most 80 characters, control characters escaped.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("`");
    for (n, c) in text.chars().enumerate() {
        if n == QUOTED {
            out.push('…');
            break;
        }
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out.push('`');
    out
}
