//! A document, ready to be shown in any form.

use serde::Serialize;

/// A filled-in document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Document {
    /// Its title.
    pub title: String,
    /// BCP 47.
    pub language: String,
    /// Whether its language is written from right to left.
    pub right_to_left: bool,
    /// At the foot of every page.
    pub footer: String,
    /// Before the number of a page.
    pub page_label: String,
    /// What it says of itself on every page where it does not bind; empty where it does.
    pub draft: String,
    /// From top to bottom.
    pub blocks: Vec<Block>,
}

/// A part of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "content", rename_all = "snake_case")]
pub enum Block {
    /// A heading.
    Heading(String),
    /// Lines of text.
    Paragraph(Vec<String>),
    /// Items.
    List(Vec<String>),
    /// Columns with a head that is repeated on every page.
    Table(Table),
    /// Names and amounts, of which the last is what it all comes to.
    Totals(Vec<(String, String)>),
    /// The end of a page.
    PageBreak,
}

/// Rows under heads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Table {
    /// The columns, in reading order.
    pub columns: Vec<Column>,
    /// A cell for each column.
    pub rows: Vec<Vec<String>>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Its head.
    pub head: String,
    /// Whether it holds numbers, which end where their column does.
    pub numeric: bool,
}
