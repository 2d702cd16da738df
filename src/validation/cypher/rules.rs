//! What the server refuses from the shape of a query alone, looked for in the tree: how a query ends, what may follow what,
//! where a pattern or an aggregate may stand, which patterns can be written.
//!
//! The tree is as deep as the text's brackets, which are bounded before it is made; so these functions recurse.

use pest::iterators::{Pair, Pairs};

use super::grammar::Rule;

type Node<'a> = Pair<'a, Rule>;

/// What is wrong, and where.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) what: String,
    pub(super) at: (usize, usize),
}

type Judged = Result<(), Fault>;

fn fault(node: &Node<'_>, what: impl Into<String>) -> Judged {
    Err(Fault { what: what.into(), at: node.line_col() })
}

/// Where a query stands, and so what it may do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The query itself.
    Top,
    /// In `CALL { }`.
    Call,
    /// In `EXISTS { }` or `COUNT { }`: nothing is written, and it may end anywhere.
    Reading,
    /// In `COLLECT { }`: nothing is written, and one column is returned.
    Collecting,
}

pub(super) fn judge(query: &Node<'_>) -> Judged {
    for part in query.clone().into_inner() {
        if part.as_rule() == Rule::union {
            union(&part, Place::Top)?;
        }
    }
    Ok(())
}

fn children<'a>(node: &Node<'a>) -> Pairs<'a, Rule> {
    node.clone().into_inner()
}

fn child<'a>(node: &Node<'a>, rule: Rule) -> Option<Node<'a>> {
    children(node).find(|child| child.as_rule() == rule)
}

fn has(node: &Node<'_>, rule: Rule) -> bool {
    child(node, rule).is_some()
}

/// Branches end alike, and are joined alike.
fn union(node: &Node<'_>, place: Place) -> Judged {
    let kinds: Vec<Node<'_>> =
        children(node).filter(|part| part.as_rule() == Rule::union_kind).collect();
    if let Some(other) = kinds.iter().find(|kind| has(kind, Rule::ALL) != has(&kinds[0], Rule::ALL))
    {
        return fault(other, "UNION and UNION ALL cannot be mixed");
    }
    let mut first = None;
    for branch in children(node).filter(|part| part.as_rule() == Rule::single) {
        let returns = single(&branch, place, !kinds.is_empty())?;
        if *first.get_or_insert(returns) != returns {
            return fault(&branch, "all branches of UNION return, or none does");
        }
    }
    Ok(())
}

fn is_update(rule: Rule) -> bool {
    use Rule::{create, delete, foreach, insert, merge, remove, set};
    matches!(rule, create | insert | merge | set | remove | delete | foreach)
}

/// Judges a query without UNION; whether it returns.
fn single(node: &Node<'_>, place: Place, branch: bool) -> Result<bool, Fault> {
    let clauses: Vec<Node<'_>> =
        children(node).filter(|clause| clause.as_rule() != Rule::use_clause).collect();
    if let Some(graph) = child(node, Rule::use_clause) {
        values(&graph)?;
    }
    let reading = matches!(place, Place::Reading | Place::Collecting);
    let mut written = false;
    for (i, clause) in clauses.iter().enumerate() {
        let rule = clause.as_rule();
        if i + 1 < clauses.len() && matches!(rule, Rule::return_clause | Rule::finish) {
            fault(clause, "RETURN and FINISH can only be the last clause")?;
        }
        if reading && (is_update(rule) || rule == Rule::finish) {
            fault(clause, "a subquery of an expression cannot write or FINISH")?;
        }
        let reads = matches!(
            rule,
            Rule::match_clause | Rule::unwind | Rule::load_csv | Rule::call | Rule::subquery
        );
        if written && reads {
            fault(clause, "WITH is required between an update and what reads after it")?;
        }
        written = is_update(rule) || (written && rule != Rule::with);
        one_clause(clause, place, i)?;
    }
    let Some(last) = clauses.last() else { return Ok(false) };
    let returns = last.as_rule() == Rule::return_clause;
    let alone = place == Place::Top && !branch && clauses.len() == 1;
    let ends = match last.as_rule() {
        Rule::return_clause | Rule::finish => true,
        Rule::call => match child(last, Rule::yield_clause) {
            Some(columns) => alone && !has(&columns, Rule::where_clause),
            None => true,
        },
        Rule::subquery => !subquery_returns(last) && !has_report(last),
        rule => is_update(rule),
    };
    let any_end = place == Place::Reading && !branch;
    if !ends && !any_end || place == Place::Collecting && !returns {
        let name = last.as_str().split_whitespace().next().unwrap_or_default().to_uppercase();
        return Err(Fault {
            what: format!("a query cannot end with {name}; expected RETURN, FINISH or an update"),
            at: last.line_col(),
        });
    }
    for clause in &clauses {
        let star =
            child(clause, Rule::yield_clause).is_some_and(|columns| has(&columns, Rule::star));
        if clause.as_rule() == Rule::call && star && !alone {
            fault(clause, "YIELD * can only be used in a call that stands alone")?;
        }
    }
    Ok(returns)
}

fn subquery_returns(call: &Node<'_>) -> bool {
    child(call, Rule::union)
        .and_then(|union| child(&union, Rule::single))
        .is_some_and(|single| has(&single, Rule::return_clause))
}

fn has_report(call: &Node<'_>) -> bool {
    child(call, Rule::transactions).is_some_and(|how| has(&how, Rule::report))
}

fn one_clause(clause: &Node<'_>, place: Place, index: usize) -> Judged {
    match clause.as_rule() {
        Rule::with => {
            let importing = place == Place::Call && index == 0;
            if let Some(projection) = child(clause, Rule::projection) {
                aliased(&projection, if importing { "importing WITH" } else { "WITH" })?;
            }
        }
        Rule::return_clause if place == Place::Call => {
            if let Some(projection) = child(clause, Rule::projection) {
                aliased(&projection, "CALL { RETURN }")?;
            }
        }
        Rule::return_clause if place == Place::Collecting => {
            let items = child(clause, Rule::projection).and_then(|p| child(&p, Rule::items));
            if items.is_some_and(|items| children(&items).count() != 1 || has(&items, Rule::star)) {
                return fault(clause, "COLLECT returns exactly one column");
            }
        }
        Rule::subquery => {
            if let Some(body) = child(clause, Rule::union) {
                if matches!(place, Place::Reading | Place::Collecting) {
                    no_updates(&body)?;
                }
                union(&body, Place::Call)?;
            }
            if let Some(how) = child(clause, Rule::transactions) {
                if place != Place::Top {
                    return fault(&how, "IN TRANSACTIONS can only stand at the top level");
                }
                transactions(&how)?;
            }
        }
        Rule::match_clause => patterns_of(clause)?,
        Rule::create => written(clause, "CREATE")?,
        Rule::merge => written(clause, "MERGE")?,
        Rule::insert => written(clause, "INSERT")?,
        Rule::foreach => {
            for inner in children(clause) {
                match inner.as_rule() {
                    Rule::FOREACH | Rule::variable | Rule::IN | Rule::value | Rule::barless => {}
                    rule if is_update(rule) => one_clause(&inner, place, 1)?,
                    _ => return fault(&inner, "FOREACH can only update"),
                }
            }
        }
        Rule::delete => {
            for value in children(clause).filter(|part| part.as_rule() == Rule::value) {
                if !value.as_str().trim_end().ends_with([']', ')', '}', '`'])
                    && has_label_test(&value)
                {
                    return fault(&value, "DELETE removes no labels; expected REMOVE");
                }
            }
        }
        _ => {}
    }
    labels_of_one_kind(clause)?;
    values(clause)
}

/// `n:A` and nothing around it.
fn has_label_test(value: &Node<'_>) -> bool {
    child(value, Rule::boolean)
        .and_then(|node| child(&node, Rule::negation))
        .and_then(|node| child(&node, Rule::operand))
        .and_then(|node| child(&node, Rule::relation))
        .and_then(|node| child(&node, Rule::test))
        .is_some_and(|test| has(&test, Rule::label_test))
}

fn no_updates(node: &Node<'_>) -> Judged {
    for inner in node.clone().into_inner().flatten() {
        if is_update(inner.as_rule()) || inner.as_rule() == Rule::finish {
            return fault(&inner, "a subquery of an expression cannot write or FINISH");
        }
    }
    Ok(())
}

fn aliased(projection: &Node<'_>, clause: &str) -> Judged {
    for item in child(projection, Rule::items).into_iter().flat_map(|items| children(&items)) {
        if item.as_rule() == Rule::item && !has(&item, Rule::AS) {
            let text =
                item.as_str().trim().trim_start_matches(['(', ' ']).trim_end_matches([')', ' ']);
            if child(&item, Rule::value).is_some_and(|value| bare_variable(&value).is_none()) {
                return fault(&item, format!("an expression in {clause} needs AS: `{text}`"));
            }
        }
    }
    Ok(())
}

/// The variable that a value is, parentheses apart.
fn bare_variable<'a>(value: &Node<'a>) -> Option<Node<'a>> {
    let mut node = value.clone();
    loop {
        if node.as_rule() == Rule::variable {
            return Some(node);
        }
        let mut inner = children(&node);
        let only = inner.next()?;
        if inner.next().is_some() {
            return None;
        }
        node = only;
    }
}

fn transactions(how: &Node<'_>) -> Judged {
    for rule in [Rule::batch, Rule::on_error, Rule::report] {
        if children(how).filter(|part| part.as_rule() == rule).count() > 1 {
            return fault(how, "each parameter of IN TRANSACTIONS can only be given once");
        }
    }
    let goes_on = child(how, Rule::on_error).is_some_and(|error| has(&error, Rule::going_on));
    if has(how, Rule::report) && !goes_on {
        return fault(how, "REPORT STATUS wants ON ERROR CONTINUE or ON ERROR BREAK");
    }
    Ok(())
}

/// The patterns of MATCH, EXISTS or COUNT: one family of paths, one selector, nothing that only a write has.
fn patterns_of(clause: &Node<'_>) -> Judged {
    let Some(patterns) = child(clause, Rule::patterns) else { return Ok(()) };
    let all: Vec<Node<'_>> = children(&patterns).collect();
    let selective = |pattern: &Node<'_>| {
        child(pattern, Rule::selector).is_some_and(|selector| !has(&selector, Rule::every_path))
    };
    if all.len() > 1 && all.iter().any(selective) {
        return fault(&patterns, "a path selector leaves no room for a second path");
    }
    let (mut long, mut quantified) = (false, false);
    for pattern in &all {
        if has(pattern, Rule::selector) && has(pattern, Rule::shortest) {
            return fault(pattern, "a path selector cannot be combined with shortestPath");
        }
        path(pattern, &mut long, &mut quantified, false, selective(pattern))?;
    }
    if long && quantified {
        return fault(&patterns, "variable-length relationships and quantifiers cannot be mixed");
    }
    Ok(())
}

/// Judges a pattern's path. `inside` a quantified group there is no further quantifier, length or name.
fn path(
    pattern: &Node<'_>,
    long: &mut bool,
    quantified: &mut bool,
    inside: bool,
    selective: bool,
) -> Judged {
    if let Some(shortest) = child(pattern, Rule::shortest) {
        return shortest_path(&shortest, long);
    }
    let Some(path_node) = child(pattern, Rule::path) else { return Ok(()) };
    let mut before: Option<bool> = None;
    for part in children(&path_node) {
        let repeats = has(&part, Rule::quantifier) && part.as_rule() == Rule::group;
        if before.is_some_and(|before| !before && !repeats) {
            return fault(&part, "two paths in a row: one of them must be quantified");
        }
        before = Some(repeats);
        if part.as_rule() == Rule::chain {
            chain(&part, long, quantified, inside)?;
            continue;
        }
        let Some(inner) = child(&part, Rule::pattern) else { continue };
        if inside && repeats {
            return fault(&part, "quantified paths cannot be nested");
        }
        if has(&inner, Rule::selector) {
            return fault(&inner, "a path selector can only stand first");
        }
        if has(&inner, Rule::variable) && (repeats || !selective) {
            return fault(&inner, "a path inside of a path cannot be named here");
        }
        if repeats {
            *quantified = true;
            let steps = children(&inner)
                .filter(|part| part.as_rule() == Rule::path)
                .flat_map(|path| children(&path))
                .any(|part| has(&part, Rule::relationship));
            if !steps {
                return fault(&part, "a quantified path needs a relationship");
            }
        }
        path(&inner, long, quantified, inside || repeats, false)?;
    }
    Ok(())
}

fn chain(node: &Node<'_>, long: &mut bool, quantified: &mut bool, inside: bool) -> Judged {
    for part in children(node) {
        match part.as_rule() {
            Rule::node => read_properties(&part)?,
            Rule::relationship => {
                read_properties(&part)?;
                *long |= long_relationship(&part)?;
                if inside && has(&part, Rule::length) {
                    return fault(&part, "no variable length inside of a quantified path");
                }
            }
            Rule::quantifier if inside => return fault(&part, "quantified paths cannot be nested"),
            Rule::quantifier => *quantified = true,
            _ => {}
        }
    }
    Ok(())
}

/// Whether a relationship has a variable length; then it has neither a condition nor an expression of types.
fn long_relationship(node: &Node<'_>) -> Result<bool, Fault> {
    let types = child(node, Rule::types);
    let older = types.as_ref().and_then(|types| inside(types, Rule::legacy_colon));
    let bare = [Rule::variable, Rule::length, Rule::properties, Rule::where_clause];
    if let Some(colon) = older.filter(|_| bare.iter().any(|rule| has(node, *rule))) {
        fault(&colon, "`|:` goes with nothing but types; expected `|`")?;
    }
    if let Some(chain) = types.as_ref().and_then(|types| inside(types, Rule::chain_colon)) {
        fault(&chain, "a relationship has one type: types cannot be joined by `:`")?;
    }
    if !has(node, Rule::length) {
        return Ok(false);
    }
    if let Some(condition) = child(node, Rule::where_clause) {
        fault(&condition, "a relationship of variable length cannot have a condition")?;
    }
    for rule in [Rule::ampersand, Rule::exclamation, Rule::percent] {
        if let Some(operator) = types.as_ref().and_then(|types| inside(types, rule)) {
            fault(&operator, "a relationship of variable length takes types, no expression")?;
        }
    }
    Ok(true)
}

/// The first such part of labels or types: of their own, not of a value among them.
fn inside<'a>(node: &Node<'a>, rule: Rule) -> Option<Node<'a>> {
    let mut open = vec![children(node)];
    while let Some(parts) = open.last_mut() {
        match parts.next() {
            Some(part) if part.as_rule() == rule => return Some(part),
            Some(part) if part.as_rule() != Rule::value => open.push(children(&part)),
            Some(_) => {}
            None => {
                open.pop();
            }
        }
    }
    None
}

fn read_properties(node: &Node<'_>) -> Judged {
    match child(node, Rule::properties).and_then(|all| child(&all, Rule::parameter)) {
        Some(parameter) => fault(&parameter, "a parameter as a map is only for CREATE"),
        None => Ok(()),
    }
}

fn shortest_path(node: &Node<'_>, long: &mut bool) -> Judged {
    let Some(path) = child(node, Rule::path) else { return Ok(()) };
    // Of its own: there may be other patterns in properties and conditions.
    let count = |rule: Rule| {
        children(&path)
            .flat_map(|chain| children(&chain))
            .filter(|part| part.as_rule() == rule)
            .count()
    };
    let plain = children(&path).all(|part| part.as_rule() == Rule::chain);
    if count(Rule::relationship) != 1 || count(Rule::quantifier) != 0 || !plain {
        return fault(node, "shortestPath wants a pattern of one relationship");
    }
    let mut quantified = false;
    children(&path).try_for_each(|part| chain(&part, long, &mut quantified, false))?;
    *long = true;
    Ok(())
}

/// Patterns of CREATE, MERGE and INSERT.
fn written(clause: &Node<'_>, name: &str) -> Judged {
    for pattern in children(clause) {
        for part in child(&pattern, Rule::chain).iter().flat_map(children) {
            match part.as_rule() {
                Rule::node => written_node(&part, name)?,
                Rule::relationship => written_relationship(&part, name)?,
                Rule::quantifier => return fault(&part, format!("{name} takes no quantifier")),
                _ => {}
            }
        }
        for set in children(&pattern).filter(|part| part.as_rule() == Rule::set) {
            values(&set)?;
        }
    }
    Ok(())
}

fn written_node(node: &Node<'_>, name: &str) -> Judged {
    if has(node, Rule::where_clause) {
        return fault(node, format!("{name} takes no condition in a pattern"));
    }
    if let Some(labels) = child(node, Rule::labels) {
        for rule in [Rule::bar, Rule::exclamation, Rule::percent] {
            if let Some(operator) = inside(&labels, rule) {
                return fault(&operator, format!("{name} takes labels, no expression of them"));
            }
        }
        if name == "INSERT" && inside(&labels, Rule::chain_colon).is_some() {
            return fault(&labels, "INSERT joins labels by `&`");
        }
    }
    written_properties(node, name)
}

fn written_properties(node: &Node<'_>, name: &str) -> Judged {
    match child(node, Rule::properties).and_then(|all| child(&all, Rule::parameter)) {
        Some(parameter) if name != "CREATE" => {
            fault(&parameter, format!("a parameter as a map is only for CREATE, not for {name}"))
        }
        _ => Ok(()),
    }
}

fn written_relationship(node: &Node<'_>, name: &str) -> Judged {
    let (backward, forward) = (has(node, Rule::backward), has(node, Rule::forward));
    if name != "MERGE" && backward == forward {
        return fault(node, format!("{name} wants a relationship with a direction"));
    }
    if has(node, Rule::length) || has(node, Rule::where_clause) {
        return fault(node, format!("{name} takes no length and no condition"));
    }
    let types = child(node, Rule::types);
    let one = types.as_ref().is_some_and(|types| {
        [Rule::bar, Rule::ampersand, Rule::exclamation, Rule::percent, Rule::chain_colon]
            .iter()
            .all(|rule| inside(types, *rule).is_none())
    });
    if !one {
        return fault(node, format!("{name} wants exactly one relationship type"));
    }
    written_properties(node, name)
}

/// `:A:B` and `:A|B` do not go together in one clause, subqueries included.
fn labels_of_one_kind(clause: &Node<'_>) -> Judged {
    if matches!(clause.as_rule(), Rule::with | Rule::return_clause | Rule::call | Rule::set) {
        // The parts of these are judged one by one; what they contain is left to the automaton's grammar.
        return Ok(());
    }
    let (mut colons, mut operators) = (None, None);
    for part in clause.clone().into_inner().flatten() {
        match part.as_rule() {
            Rule::chain_colon => colons = Some(part),
            Rule::ampersand | Rule::exclamation | Rule::percent => operators = Some(part),
            Rule::labels | Rule::label_test if inside(&part, Rule::bar).is_some() => {
                operators = Some(part);
            }
            _ => {}
        }
    }
    match (colons, operators) {
        (Some(colon), Some(_)) => {
            fault(&colon, "labels joined by `:` and by `|`, `&`, `!` or `%` cannot be mixed")
        }
        _ => Ok(()),
    }
}

/// What is refused in expressions, wherever they stand below this node.
fn values(node: &Node<'_>) -> Judged {
    let aggregates = matches!(node.as_rule(), Rule::with | Rule::return_clause);
    walk(node, aggregates)
}

fn walk(node: &Node<'_>, aggregates: bool) -> Judged {
    // What is done for each element of a list cannot aggregate; the list itself, and where a reduction begins, can.
    let repeats = matches!(node.as_rule(), Rule::list_predicate | Rule::reduce)
        || node.as_rule() == Rule::list && has(node, Rule::IN);
    let (mut seen, body) = (0, if node.as_rule() == Rule::reduce { 3 } else { 2 });
    for part in children(node) {
        let mut inner = aggregates;
        match part.as_rule() {
            Rule::value if is_pattern(&part) => {
                return fault(
                    &part,
                    "a pattern is a condition, no value; expected COUNT { } or EXISTS { }",
                );
            }
            Rule::bare_path => condition(&part)?,
            Rule::function => inner = function(&part, aggregates)?,
            Rule::where_clause | Rule::predicate
                if part.as_rule() == Rule::where_clause || repeats =>
            {
                inner = false;
            }
            Rule::barless_where => inner = false,
            Rule::value | Rule::barless if repeats => {
                seen += 1;
                inner = aggregates && seen < body;
            }
            Rule::slice if children(&part).next().is_none() => {
                return fault(&part, "a slice needs a bound");
            }
            Rule::skip | Rule::limit | Rule::batch => count(&part)?,
            Rule::subquery_expression => {
                subquery(&part)?;
                continue;
            }
            Rule::union => continue,
            Rule::shortest => shortest_path(&part, &mut false)?,
            _ => {}
        }
        walk(&part, inner)?;
    }
    Ok(())
}

/// Whether a value is a pattern by itself.
fn is_pattern(value: &Node<'_>) -> bool {
    let mut node = value.clone();
    loop {
        if node.as_rule() == Rule::condition_path {
            return true;
        }
        let mut inner = children(&node);
        match (inner.next(), inner.next()) {
            (Some(only), None) => node = only,
            _ => return false,
        }
    }
}

/// A path as a condition, or in a pattern comprehension.
fn condition(path: &Node<'_>) -> Judged {
    for part in children(path) {
        read_properties(&part)?;
        if part.as_rule() == Rule::relationship {
            long_relationship(&part)?;
        }
    }
    Ok(())
}

const AGGREGATES: [&str; 10] = [
    "count",
    "collect",
    "sum",
    "avg",
    "min",
    "max",
    "stdev",
    "stdevp",
    "percentilecont",
    "percentiledisc",
];

/// Judges a call of a function; whether its arguments may aggregate.
fn function(call: &Node<'_>, aggregates: bool) -> Result<bool, Fault> {
    let name = match child(call, Rule::function_name) {
        // Its parts, as blanks and comments may stand between them and after them.
        Some(name) => {
            let parts: Vec<&str> = children(&name).map(|part| part.as_str()).collect();
            parts.join(".").to_lowercase()
        }
        None if has(call, Rule::star) => "count".into(),
        None => return Ok(aggregates),
    };
    let arguments = children(call).filter(|part| part.as_rule() == Rule::value).count();
    if AGGREGATES.contains(&name.as_str()) {
        if !aggregates {
            fault(call, format!("{name} aggregates, which it cannot here"))?;
        }
        return Ok(false);
    }
    match name.as_str() {
        "exists" => fault(call, "exists wants a pattern; expected IS NOT NULL")?,
        "all" | "any" | "none" | "single" => {
            fault(call, format!("{name} wants `x IN list WHERE`"))?
        }
        "reduce" if arguments < 4 => fault(call, "reduce wants `a = start, x IN list | value`")?,
        _ if has(call, Rule::DISTINCT) => {
            fault(call, format!("DISTINCT goes with aggregating functions, not with {name}"))?;
        }
        _ => {}
    }
    Ok(aggregates)
}

fn subquery(node: &Node<'_>) -> Judged {
    if let Some(body) = child(node, Rule::pattern_body) {
        patterns_of(&body)?;
        return values(&body);
    }
    let place = if has(node, Rule::COLLECT) { Place::Collecting } else { Place::Reading };
    match child(node, Rule::union) {
        Some(body) => union(&body, place),
        None => Ok(()),
    }
}

/// SKIP, LIMIT and OF: if a literal, an integer that is not negative.
fn count(node: &Node<'_>) -> Judged {
    let Some(value) = child(node, Rule::value) else { return Ok(()) };
    let text = value.as_str().trim().trim_start_matches('(').trim_end_matches(')').trim();
    let integer = |text: &str| !text.contains(['.', 'e', 'E']) || text.starts_with("0x");
    let literal = text.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '-'));
    let negative = text.strip_prefix('-').is_some_and(|rest| {
        rest.trim_start().chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_'))
            && rest.trim_start().starts_with(|c: char| c.is_ascii_digit())
    });
    if text.starts_with(['\'', '"'])
        || negative
        || (literal && !text.contains(['+', '-']) && !integer(text))
    {
        return fault(&value, "expected an integer that is not negative");
    }
    Ok(())
}
