//! Documents as plain text, for messages.

use std::fmt::Write as _;

use super::document::{Block, Document, Table};

/// The document as plain text: paragraphs apart, a line for each row of a table.
#[must_use]
pub fn plain(document: &Document) -> String {
    let draft = Some(document.draft.clone()).filter(|draft| !draft.is_empty());
    let blocks = document.blocks.iter().filter_map(block);
    let parts: Vec<String> = draft.into_iter().chain(blocks).collect();
    parts.join("\n\n")
}

fn block(block: &Block) -> Option<String> {
    Some(match block {
        Block::Heading(text) => text.clone(),
        Block::Paragraph(lines) => lines.join("\n"),
        Block::List(items) => {
            let items = items.iter().map(|item| format!("- {item}"));
            items.collect::<Vec<_>>().join("\n")
        }
        Block::Table(table) => rows(table),
        Block::Totals(rows) => {
            let rows = rows
                .iter()
                .map(|(name, amount)| format!("{name}: {amount}"));
            rows.collect::<Vec<_>>().join("\n")
        }
        Block::PageBreak => return None,
    })
}

fn rows(table: &Table) -> String {
    let mut text = String::new();
    for row in &table.rows {
        if !text.is_empty() {
            text.push('\n');
        }
        for (index, (column, cell)) in table.columns.iter().zip(row).enumerate() {
            let gap = if index == 0 { "" } else { "; " };
            // Writing to a string can't fail.
            let _ = match column.numeric {
                true => write!(text, "{gap}{}: {cell}", column.head),
                false => write!(text, "{gap}{cell}"),
            };
        }
    }
    text
}
