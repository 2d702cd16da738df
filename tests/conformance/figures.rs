//! Are the figures as good as those written down?

use std::{collections::BTreeMap, fmt::Write as _};

use crate::root;

/// Figures: name -> (count, of how many). More is better, but for those that [`fewer_is_better`] names.
pub(crate) type Figures = BTreeMap<String, (usize, usize)>;

fn fewer_is_better(name: &str) -> bool {
    name.ends_with("accepted-invalid") || name.ends_with("/wrong")
}

/// Fails if a figure is worse than in the committed file; with `UPDATE_FIGURES` set, writes the file instead.
pub(crate) fn hold(file: &str, figures: &Figures) {
    if figures.is_empty() {
        return;
    }
    let path = root().join("tests/conformance").join(file);
    let mut text = String::new();
    for (name, (count, of)) in figures {
        let share = *count as f64 * 100.0 / (*of).max(1) as f64;
        let _ = writeln!(text, "{name:<32} {count:>6} of {of:>6}  {share:6.2} %");
    }
    eprintln!("{text}");
    if std::env::var_os("UPDATE_FIGURES").is_some() {
        std::fs::write(&path, &text).expect("the figures can be written");
        return;
    }
    let committed = std::fs::read_to_string(&path).expect("committed figures");
    let mut worse = Vec::new();
    for line in committed.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [name, count, "of", of, ..] = words[..] else { panic!("{file}: {line}") };
        let Some(&(now, now_of)) = figures.get(name) else { continue };
        let (count, of): (usize, usize) =
            (count.parse().expect("a count"), of.parse().expect("a count"));
        if of != now_of {
            eprintln!("{name}: another corpus ({now_of} texts, not {of}), not compared");
            continue;
        }
        let (is_worse, is_better) = match fewer_is_better(name) {
            true => (now > count, now < count),
            false => (now < count, now > count),
        };
        if is_better {
            eprintln!("{name}: better than written down ({now}, not {count}): write it down");
        }
        if is_worse {
            worse.push(format!("{name}: {now}, was {count}"));
        }
    }
    assert!(worse.is_empty(), "worse than written down: {worse:?}");
}
