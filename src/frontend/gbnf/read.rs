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

    /// Any part of an expression. Recursion is bounded by the scan's limit on brackets.
    fn expr(&self, pair: Pair<'_, Rule>) -> Result<Expr, GrammarError> {
        let at = pair.as_span().start();
        let source = pair.as_str();
        let kind = match pair.as_rule() {
            Rule::alternatives | Rule::inner | Rule::sequence | Rule::inner_sequence => {
                let choice = matches!(pair.as_rule(), Rule::alternatives | Rule::inner);
                let mut parts = pair
                    .into_inner()
                    .filter(|p| {
                        matches!(p.as_rule(), Rule::sequence | Rule::inner_sequence | Rule::item)
                    })
                    .map(|p| self.expr(p))
                    .collect::<Result<Vec<_>, _>>()?;
                if parts.len() == 1 {
                    return Ok(parts.remove(0));
                }
                if choice { ExprKind::Alternatives(parts) } else { ExprKind::Sequence(parts) }
            }
            Rule::item => {
                let mut parts = pair.into_inner();
                let Some(atom) = parts.next() else { return self.error(at, "expected an item") };
                let mut item = self.expr(atom)?;
                let mut depth = 0;
                for quantifier in parts {
                    depth += 1;
                    if depth > self.limits.nesting {
                        let what = limit_message(
                            "repetitions of repetitions",
                            "nesting",
                            self.limits.nesting,
                        );
                        return self
                            .error(quantifier.as_span().start(), what)
                            .map_err(GrammarError::by_limit);
                    }
                    item = self.repeat(item, quantifier)?;
                }
                return Ok(item);
            }
            Rule::group => {
                let Some(inner) = pair.into_inner().next() else {
                    return self.error(at, "expected an item");
                };
                return self.expr(inner);
            }
            Rule::reference => ExprKind::Reference(source.trim_end().to_string()),
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
        Ok(Expr { kind, at })
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
