//! The name that was probably meant.

/// Characters of a list of names.
const LISTED: usize = 200;

/// The nearest of some names, and all of them as far as there is room: the end of a message.
pub(super) fn hint(name: &str, names: &[&str]) -> String {
    let mut hint = nearest(name, names.iter().copied())
        .map_or_else(String::new, |near| format!("; the nearest name is `{near}`"));
    let mut room = LISTED;
    let listed: Vec<&str> = names
        .iter()
        .copied()
        .take_while(|name| {
            let fits = name.len() + 2 <= room;
            room = room.saturating_sub(name.len() + 2);
            fits
        })
        .collect();
    if !listed.is_empty() {
        hint += &format!("; the rules are {}", listed.join(", "));
        if listed.len() < names.len() {
            hint += &format!(" and {} more", names.len() - listed.len());
        }
    }
    hint
}

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
