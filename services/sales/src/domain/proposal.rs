//! Quotes as documents: what they look like is a tenant's template, what they say is the quote's.
//!
//! A [`template::Template`] filled in with [`facts::Facts`] is a [`document::Document`], of which
//! plain text, HTML and PDF are made. The same input makes the same bytes.

pub mod document;
pub mod facts;
mod html;
pub mod notation;
pub mod pdf;
pub mod template;
mod text;

pub use html::html;
pub use text::plain;

#[cfg(test)]
mod tests;
