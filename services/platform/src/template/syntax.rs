//! What templates may not say. The engine knows a whole language; a message needs fields, filters
//! and conditions. Without loops, variables and products a text can't grow beyond its own length
//! and that of its values.

/// Statements that a message may use.
const STATEMENTS: [&str; 4] = ["if", "elif", "else", "endif"];

/// The line of something that a message may not use, and what it is.
pub(super) fn forbidden(source: &str) -> Option<(usize, &'static str)> {
    let mut rest = source;
    while let Some((open, close)) = next_tag(rest) {
        let inside = &rest[open + 2..];
        let line = || line_of(source, source.len() - inside.len());
        if rest[open..].starts_with("{%") && !is_known_statement(inside) {
            return Some((
                line(),
                "uses a statement other than if, elif, else and endif",
            ));
        }
        let end = end_of(inside, close);
        if outside_quotes(&inside[..end]).any(|it| it == '*') {
            return Some((line(), "multiplies: texts know no arithmetic"));
        }
        rest = &inside[end..];
    }
    None
}

/// Where the next tag opens, and what closes it.
fn next_tag(text: &str) -> Option<(usize, &'static str)> {
    let closes = |open: usize| match text.as_bytes().get(open + 1) {
        Some(b'{') => Some((open, "}}")),
        Some(b'%') => Some((open, "%}")),
        _ => None,
    };
    text.match_indices('{').find_map(|(open, _)| closes(open))
}

fn is_known_statement(inside: &str) -> bool {
    let inside = inside.trim_start_matches(['-', '+']).trim_start();
    let word: &str = inside
        .split(|it: char| !it.is_ascii_alphanumeric() && it != '_')
        .next()
        .unwrap_or_default();
    STATEMENTS.contains(&word)
}

/// Where a tag ends: at its closing mark outside of quotes, or with the text.
fn end_of(inside: &str, close: &str) -> usize {
    let mut quotes = Quotes::default();
    for (at, it) in inside.char_indices() {
        if !quotes.hold(it) && inside[at..].starts_with(close) {
            return at + close.len();
        }
    }
    inside.len()
}

fn outside_quotes(inside: &str) -> impl Iterator<Item = char> {
    let mut quotes = Quotes::default();
    inside.chars().filter(move |it| !quotes.hold(*it))
}

/// Follows quoted strings through an expression.
#[derive(Default)]
struct Quotes {
    open: Option<char>,
    escaped: bool,
}

impl Quotes {
    /// Whether this character belongs to a string.
    fn hold(&mut self, it: char) -> bool {
        match self.open {
            None => {
                self.open = matches!(it, '"' | '\'').then_some(it);
                self.open.is_some()
            }
            Some(_) if self.escaped => {
                self.escaped = false;
                true
            }
            Some(quote) => {
                self.escaped = it == '\\';
                if it == quote {
                    self.open = None;
                }
                true
            }
        }
    }
}

fn line_of(source: &str, at: usize) -> usize {
    source[..at].matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::forbidden;

    #[test]
    fn fields_filters_and_conditions_pass() {
        for source in [
            "",
            "Costs { 5 * 3 } or {",
            "{{ name }} * {{ a|default('*') }}",
            r#"{{ a|default("}} * \" * ") }}"#,
            "{% if a %}x{%- elif b -%}y{% else %}z{%+ endif %}",
        ] {
            assert_eq!(forbidden(source), None, "{source}");
        }
    }

    #[test]
    fn what_could_grow_is_found_with_its_line() {
        for (source, line) in [
            ("{% for a in b %}", 1),
            ("\n{%- set a = 1 %}", 2),
            ("{% macro a() %}", 1),
            ("\n\n{{ 'x' * 1000 }}", 3),
            (r#"{{ "}}" * 5 }}"#, 1),
            ("{% if a * 2 %}", 1),
            ("{% raw %}", 1),
            ("{%", 1),
        ] {
            assert_eq!(forbidden(source).map(|it| it.0), Some(line), "{source}");
        }
    }
}
