//! From text to a tree of comparisons, with limits that hold for hostile text too.

use pest::Parser as _;
use pest::error::{Error, ErrorVariant, InputLocation};
use pest::iterators::Pair;

use super::Operator;

/// In bytes. Long enough for any filter a person or program writes.
const MAX_LENGTH: usize = 4_096;
/// Parentheses within each other. Bounds the recursion of the parser and of the database's.
const MAX_DEPTH: usize = 20;
/// Each becomes a bound value and a predicate to plan.
const MAX_COMPARISONS: usize = 100;

mod grammar {
    #[derive(pest_derive::Parser)]
    #[grammar = "filter/filter.pest"]
    pub(super) struct Grammar;
}

use grammar::{Grammar, Rule};

/// What is wrong, and at which byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) why: String,
}

impl Fault {
    pub(super) fn new(at: usize, why: impl Into<String>) -> Self {
        Self {
            at,
            why: why.into(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node<'f> {
    All(Vec<Node<'f>>),
    Any(Vec<Node<'f>>),
    Not(Box<Node<'f>>),
    Comparison(Comparison<'f>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Comparison<'f> {
    pub(super) field: Spot<&'f str>,
    pub(super) operator: Spot<Operator>,
    pub(super) literal: Spot<Literal>,
}

/// Something at a byte of the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot<T> {
    pub(super) at: usize,
    pub(super) is: T,
}

/// A value as written, quotes and escapes resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Literal {
    pub(super) text: String,
    /// A star that is not escaped stood at the end.
    pub(super) prefix: bool,
    /// The same anywhere else, where it means nothing.
    pub(super) stray_star: bool,
}

/// Reads a filter; `None` when it is blank.
pub(super) fn parse(filter: &str) -> Result<Option<Node<'_>>, Fault> {
    check_size(filter)?;
    let mut parsed = Grammar::parse(Rule::filter, filter).map_err(|error| fault(filter, &error))?;
    let expression = parsed.next().and_then(|filter| {
        filter
            .into_inner()
            .find(|pair| pair.as_rule() == Rule::expression)
    });
    let mut tree = Tree { comparisons: 0 };
    expression.map(|pair| tree.node(pair)).transpose()
}

/// Refuses what is too long or nested too deep before the parser, which recurses, sees it.
fn check_size(filter: &str) -> Result<(), Fault> {
    if filter.len() > MAX_LENGTH {
        let end = filter.floor_char_boundary(MAX_LENGTH);
        return Err(Fault::new(
            end,
            format!("a filter has at most {MAX_LENGTH} bytes."),
        ));
    }
    if let Some(at) = filter.find('\0') {
        return Err(Fault::new(at, "no text of ours holds the character NUL."));
    }
    let mut depth = 0_usize;
    let mut quote = None;
    let mut bytes = filter.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match (quote, byte) {
            (Some(_), b'\\') => drop(bytes.next()),
            (Some(open), byte) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'(') => depth += 1,
            (None, b')') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
        if depth > MAX_DEPTH {
            let why = format!("parentheses are nested deeper than {MAX_DEPTH}.");
            return Err(Fault::new(at, why));
        }
    }
    Ok(())
}

/// Builds the tree, counting.
struct Tree {
    comparisons: usize,
}

impl Tree {
    fn node<'f>(&mut self, pair: Pair<'f, Rule>) -> Result<Node<'f>, Fault> {
        match pair.as_rule() {
            Rule::expression | Rule::sequence => self.joined(pair, Node::All),
            Rule::factor => self.joined(pair, Node::Any),
            Rule::term => self.term(pair),
            Rule::composite => self.inner(pair),
            Rule::restriction => self.comparison(pair),
            // The grammar has nothing else here.
            _ => Err(Fault::new(pair.as_span().start(), "expected a comparison.")),
        }
    }

    fn joined<'f>(
        &mut self,
        pair: Pair<'f, Rule>,
        join: fn(Vec<Node<'f>>) -> Node<'f>,
    ) -> Result<Node<'f>, Fault> {
        let mut nodes = pair
            .into_inner()
            .filter(|pair| !matches!(pair.as_rule(), Rule::and | Rule::or))
            .map(|pair| self.node(pair))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(if nodes.len() == 1 {
            nodes.swap_remove(0)
        } else {
            join(nodes)
        })
    }

    fn term<'f>(&mut self, pair: Pair<'f, Rule>) -> Result<Node<'f>, Fault> {
        let negated = pair
            .clone()
            .into_inner()
            .next()
            .is_some_and(|first| matches!(first.as_rule(), Rule::not | Rule::minus));
        let node = self.inner(pair)?;
        Ok(if negated {
            Node::Not(Box::new(node))
        } else {
            node
        })
    }

    /// The last pair within: what parentheses or a negation hold.
    fn inner<'f>(&mut self, pair: Pair<'f, Rule>) -> Result<Node<'f>, Fault> {
        let at = pair.as_span().start();
        match pair.into_inner().last() {
            Some(inner) => self.node(inner),
            None => Err(Fault::new(at, "expected a comparison.")),
        }
    }

    fn comparison<'f>(&mut self, pair: Pair<'f, Rule>) -> Result<Node<'f>, Fault> {
        let at = pair.as_span().start();
        self.comparisons += 1;
        if self.comparisons > MAX_COMPARISONS {
            let why = format!("a filter has at most {MAX_COMPARISONS} comparisons.");
            return Err(Fault::new(at, why));
        }
        let mut parts = pair.into_inner();
        match (parts.next(), parts.next(), parts.next()) {
            (Some(field), Some(operator), Some(value)) => Ok(Node::Comparison(Comparison {
                field: Spot {
                    at,
                    is: field.as_str(),
                },
                operator: Spot {
                    at: operator.as_span().start(),
                    is: operator_of(&operator),
                },
                literal: literal(value)?,
            })),
            _ => Err(Fault::new(at, "expected a field, an operator and a value.")),
        }
    }
}

fn operator_of(pair: &Pair<'_, Rule>) -> Operator {
    match pair.as_str() {
        "!=" => Operator::NotEqual,
        "<" => Operator::Less,
        "<=" => Operator::LessOrEqual,
        ">" => Operator::Greater,
        ">=" => Operator::GreaterOrEqual,
        ":" => Operator::Has,
        _ => Operator::Equal,
    }
}

fn literal(pair: Pair<'_, Rule>) -> Result<Spot<Literal>, Fault> {
    let at = pair.as_span().start();
    let quoted = pair.as_rule() == Rule::string;
    let source = match pair.clone().into_inner().next() {
        Some(inner) if quoted => inner,
        _ => pair,
    };
    let start = source.as_span().start();
    let mut literal = Literal::default();
    let mut characters = source.as_str().char_indices();
    while let Some((offset, character)) = characters.next() {
        // A star was the last only if nothing follows it.
        literal.stray_star |= std::mem::take(&mut literal.prefix);
        match (character, quoted) {
            ('*', _) => literal.prefix = true,
            ('\\', true) => match characters.next() {
                Some((_, escaped @ ('"' | '\'' | '\\' | '*'))) => literal.text.push(escaped),
                _ => {
                    let why = r#"a backslash only escapes ", ', * and itself."#;
                    return Err(Fault::new(start + offset, why));
                }
            },
            _ => literal.text.push(character),
        }
    }
    Ok(Spot { at, is: literal })
}

const VALUES: [Rule; 4] = [Rule::string, Rule::literal, Rule::double, Rule::single];

/// Puts the parser's complaint into words.
fn fault(filter: &str, error: &Error<Rule>) -> Fault {
    let at = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    };
    let expected = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives.as_slice(),
        ErrorVariant::CustomError { .. } => &[],
    };
    let any = |rules: &[Rule]| expected.iter().any(|rule| rules.contains(rule));
    let why = if filter
        .get(at..)
        .is_some_and(|rest| rest.starts_with(['"', '\'']))
        && any(&VALUES)
    {
        "this string has no closing quote."
    } else if any(&[Rule::comparator]) {
        "expected one of = != < <= > >= : after the field; functions and bare words are not supported."
    } else if any(&VALUES) {
        "expected a value: a word, a number or a quoted string."
    } else if any(&[
        Rule::filter,
        Rule::expression,
        Rule::sequence,
        Rule::member,
        Rule::term,
        Rule::factor,
        Rule::composite,
        Rule::restriction,
    ]) {
        "expected a comparison such as `state = OPEN`."
    } else {
        "expected AND, OR, a closing parenthesis or the end of the filter."
    };
    Fault::new(at, why)
}
