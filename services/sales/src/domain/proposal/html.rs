//! Documents as pages for a browser.

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error};

use super::document::Document;

/// The page. It is ours and not the tenant's, and escapes every text.
const PAGE: &str = include_str!("page.html");

/// The document as a page that is complete in itself: no script, nothing that is loaded.
///
/// # Errors
/// A fault of ours: the page can't be read.
pub fn html(document: &Document) -> Result<String, Error> {
    let mut environment = Environment::empty();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.template_from_str(PAGE)?.render(Serde(document))
}
