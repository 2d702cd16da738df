//! The name that was probably meant.

/// The candidate nearest to `name`, if it is near enough to be a slip of the pen.
pub(super) fn nearest<'a>(
    name: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    if name.len() > 64 {
        return None;
    }
    let allowed = 1 + name.len() / 4;
    candidates
        .filter(|c| c.len() <= 64 && *c != name && c.len().abs_diff(name.len()) <= allowed)
        .map(|c| (distance(name.as_bytes(), c.as_bytes()), c))
        .filter(|&(d, c)| d <= allowed && d < c.len())
        .min()
        .map(|(_, c)| c)
}

/// Levenshtein distance, letters compared without case.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(!x.eq_ignore_ascii_case(y));
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        let names = ["select_stmt", "expr", "term"];
        assert_eq!(nearest("selct_stmt", names.into_iter()), Some("select_stmt"));
        assert_eq!(nearest("EXPR", names.into_iter()), Some("expr"));
        assert_eq!(nearest("create_table", names.into_iter()), None);
        assert_eq!(nearest("x", names.into_iter()), None);
    }
}
