//! Text to syntax tree: the pest parse and the walk over its pairs.

use pest::{Parser as _, iterators::Pair};

use super::{
    super::{
        GrammarError,
        error::quoted,
        escape::{Dialect, escape, unescape},
        source::limit_message,
        syntax,
    },
    ast::{self, Chars, CharsKind, Expr, ExprKind},
    scan,
};
use crate::Limits;

// The derive makes a public enum of the pest grammar's rules; nothing outside this file needs it.
#[allow(missing_docs, unreachable_pub, missing_debug_implementations)]
mod syntax_rules {
    #[derive(pest_derive::Parser)]
    #[grammar = "frontend/gbnf/grammar.pest"]
    pub struct GbnfParser;
}

use syntax_rules::{GbnfParser, Rule};

/// The rules of a text, in order.
pub(super) fn read(
    name: &str,
    text: &str,
    limits: &Limits,
) -> Result<Vec<ast::Rule>, GrammarError> {
    scan::check(name, text, limits)?;
    syntax::bound_pest();
    let pairs = GbnfParser::parse(Rule::file, text)
        .map_err(|error| syntax::explain(name, text, &error, word))?;
    let reader = Reader { name, text, limits };
    pairs.filter(|pair| pair.as_rule() == Rule::production).map(|pair| reader.rule(pair)).collect()
}

/// What a rule of the pest grammar is in a message.
fn word(rule: Rule) -> Option<&'static str> {
    Some(match rule {
        Rule::production => "a rule (`name ::= …`)",
        Rule::name | Rule::reference => "a name",
        Rule::defined => "`::=`",
        Rule::bar | Rule::inner_bar => "`|`",
        Rule::line_end => "the end of the line",
        Rule::EOI => "the end of the text",
        Rule::item | Rule::literal | Rule::class | Rule::any | Rule::group => {
            "an item (name, string, class, `.`, parenthesis)"
        }
        Rule::count => "a number",
        Rule::comma => "`,`",
        Rule::quantifier | Rule::mark => "a repetition (`?`, `*`, `+`, `{n,m}`)",
        _ => return None,
    })
}

/// A step of building an expression from pairs; what it needs lies on the stack of finished expressions.
enum Task<'t> {
    Read(Pair<'t, Rule>),
    /// So many alternatives.
    Alternatives(usize, usize),
    /// So many items.
    Sequence(usize, usize),
    Quantifiers(Vec<Pair<'t, Rule>>),
}

/// Several parts as one expression; one part is itself.
fn join(
    kind: fn(Vec<Expr>) -> ExprKind,
    at: usize,
    mut parts: Vec<(Expr, usize)>,
) -> (Expr, usize) {
    if parts.len() == 1 {
        return parts.remove(0);
    }
    let depth = parts.iter().map(|&(_, depth)| depth).max().unwrap_or(0);
    let parts = parts.into_iter().map(|(part, _)| part).collect();
    (Expr { kind: kind(parts), at }, depth)
}

struct Reader<'a> {
    name: &'a str,
    text: &'a str,
    limits: &'a Limits,
}

impl Reader<'_> {
    fn error<T>(&self, at: usize, message: impl Into<String>) -> Result<T, GrammarError> {
        Err(GrammarError::at(self.name, self.text, at, message.into()))
    }

    fn rule(&self, pair: Pair<'_, Rule>) -> Result<ast::Rule, GrammarError> {
        let at = pair.as_span().start();
        let mut rule = ast::Rule {
            name: String::new(),
            at,
            body: Expr { kind: ExprKind::Sequence(Vec::new()), at },
        };
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::name => part.as_str().clone_into(&mut rule.name),
                Rule::alternatives => rule.body = self.expr(part)?,
                _ => {}
            }
        }
        Ok(rule)
    }

    /// The expression of a pair. A work-list instead of recursion: a pair inside four others stands for one parenthesis.
    fn expr(&self, pair: Pair<'_, Rule>) -> Result<Expr, GrammarError> {
        let at = pair.as_span().start();
        let nothing = || Expr { kind: ExprKind::Sequence(Vec::new()), at };
        let mut tasks = vec![Task::Read(pair)];
        // Finished expressions, and how deep repetitions nest in them that no parenthesis separates.
        let mut done: Vec<(Expr, usize)> = Vec::new();
        while let Some(task) = tasks.pop() {
            let joined = match task {
                Task::Read(pair) => {
                    done.extend(self.read(pair, &mut tasks)?.map(|leaf| (leaf, 0)));
                    continue;
                }
                Task::Alternatives(at, n) => {
                    join(ExprKind::Alternatives, at, done.split_off(done.len() - n))
                }
                Task::Sequence(at, n) => {
                    join(ExprKind::Sequence, at, done.split_off(done.len() - n))
                }
                Task::Quantifiers(quantifiers) => {
                    let item = done.pop().unwrap_or_else(|| (nothing(), 0));
                    self.repeats(item, quantifiers)?
                }
            };
            done.push(joined);
        }
        Ok(done.pop().map_or_else(nothing, |(expr, _)| expr))
    }

    /// One pair: a leaf's expression, or the tasks that build it.
    fn read<'t>(
        &self,
        pair: Pair<'t, Rule>,
        tasks: &mut Vec<Task<'t>>,
    ) -> Result<Option<Expr>, GrammarError> {
        let at = pair.as_span().start();
        let rule = pair.as_rule();
        let source = pair.as_str();
        let kind = match rule {
            Rule::alternatives | Rule::inner | Rule::sequence | Rule::inner_sequence => {
                let parts = pair.into_inner().filter(|p| {
                    matches!(p.as_rule(), Rule::sequence | Rule::inner_sequence | Rule::item)
                });
                let parts: Vec<_> = parts.map(Task::Read).collect();
                let choice = matches!(rule, Rule::alternatives | Rule::inner);
                tasks.push(if choice {
                    Task::Alternatives(at, parts.len())
                } else {
                    Task::Sequence(at, parts.len())
                });
                tasks.extend(parts.into_iter().rev());
                return Ok(None);
            }
            Rule::item => {
                let mut parts = pair.into_inner();
                let atom = parts.next().map(Task::Read);
                let quantifiers: Vec<_> = parts.collect();
                if !quantifiers.is_empty() {
                    tasks.push(Task::Quantifiers(quantifiers));
                }
                tasks.extend(atom);
                return Ok(None);
            }
            Rule::group => {
                tasks.extend(pair.into_inner().next().map(Task::Read));
                return Ok(None);
            }
            // Its text may end in a comment, its name does not.
            Rule::reference => ExprKind::Reference(
                pair.into_inner().next().map_or("", |name| name.as_str()).to_string(),
            ),
            Rule::any => chars(source, CharsKind::Class { ranges: Vec::new(), negated: true }),
            Rule::literal => {
                let text = unescape(&source[1..source.len() - 1], Dialect::Gbnf)
                    .or_else(|(offset, message)| self.error(at + 1 + offset, message))?;
                chars(source, CharsKind::Literal(text))
            }
            Rule::class => chars(source, self.class(source, at)?),
            Rule::token => {
                return self.error(
                    at,
                    "references to tokens (`<…>`) are not supported: a grammar speaks of text, whatever the vocabulary",
                );
            }
            _ => return self.error(at, "expected an item"),
        };
        Ok(Some(Expr { kind, at }))
    }

    /// Repetitions, and repetitions of repetitions: later passes recurse on these, so they count as nesting.
    fn repeats(
        &self,
        (mut item, mut depth): (Expr, usize),
        quantifiers: Vec<Pair<'_, Rule>>,
    ) -> Result<(Expr, usize), GrammarError> {
        for (n, quantifier) in quantifiers.into_iter().enumerate() {
            depth += usize::from(n > 0);
            if depth > self.limits.nesting {
                let what =
                    limit_message("repetitions of repetitions", "nesting", self.limits.nesting);
                return self
                    .error(quantifier.as_span().start(), what)
                    .map_err(GrammarError::by_limit);
            }
            item = self.repeat(item, quantifier)?;
        }
        Ok((item, depth))
    }

    fn repeat(&self, body: Expr, quantifier: Pair<'_, Rule>) -> Result<Expr, GrammarError> {
        let at = quantifier.as_span().start();
        let (min, max) = match quantifier.as_str() {
            "?" => (0, Some(1)),
            "*" => (0, None),
            "+" => (1, None),
            _ => {
                let mut bounds: Vec<Option<u32>> = Vec::new();
                let mut open = false;
                for part in quantifier.into_inner() {
                    match part.as_rule() {
                        Rule::count => bounds.push(Some(self.count(&part)?)),
                        Rule::comma => open = true,
                        _ => {}
                    }
                }
                match bounds[..] {
                    [Some(n)] if open => (n, None),
                    [Some(n)] => (n, Some(n)),
                    [Some(n), Some(m)] if n <= m => (n, Some(m)),
                    [Some(n), Some(m)] => {
                        return self.error(
                            at,
                            format!("a repetition of at least {n} and at most {m} is impossible"),
                        );
                    }
                    _ => return self.error(at, "expected a number"),
                }
            }
        };
        let at = body.at;
        Ok(Expr { kind: ExprKind::Repeat { body: Box::new(body), min, max }, at })
    }

    fn count(&self, pair: &Pair<'_, Rule>) -> Result<u32, GrammarError> {
        match pair.as_str().parse() {
            Ok(n) if n <= self.limits.repetition => Ok(n),
            _ => {
                let what = format!("repetition of {}", quoted(pair.as_str()));
                let what = limit_message(&what, "repetition", self.limits.repetition);
                self.error(pair.as_span().start(), what).map_err(GrammarError::by_limit)
            }
        }
    }

    fn class(&self, source: &str, at: usize) -> Result<CharsKind, GrammarError> {
        let end = source.len() - 1;
        let mut i = 1;
        let negated = source[1..end].starts_with('^');
        i += usize::from(negated);
        let next = |i: usize| -> Result<(char, usize), GrammarError> {
            match source[i..end].chars().next() {
                Some('\\') => escape(&source[i..end], Dialect::Gbnf)
                    .or_else(|message| self.error(at + i, message)),
                Some(c) => Ok((c, c.len_utf8())),
                None => self.error(at + i, "expected a character"),
            }
        };
        let mut ranges = Vec::new();
        while i < end {
            let (low, taken) = next(i)?;
            let start = i;
            i += taken;
            let mut high = low;
            // A `-` at the end of a class is a character.
            if source[i..end].starts_with('-') && i + 1 < end {
                let (last, taken) = next(i + 1)?;
                high = last;
                i += 1 + taken;
            }
            if low > high {
                return self.error(
                    at + start,
                    "the range is empty: its first character comes after its last",
                );
            }
            ranges.push((low, high));
        }
        if ranges.is_empty() && !negated {
            return self.error(at, "the class is empty, so it matches no character");
        }
        Ok(CharsKind::Class { ranges, negated })
    }
}

fn chars(source: &str, kind: CharsKind) -> ExprKind {
    ExprKind::Chars(Chars { source: source.to_string(), kind })
}
