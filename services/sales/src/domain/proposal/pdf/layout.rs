//! Where everything stands on the pages.

mod table;

use super::fonts::Faces;
use super::shape::{Line, Style, lines};
use super::{PdfError, measures};
use crate::domain::proposal::document::{Block, Document};
use crate::domain::proposal::template::PageSize;

/// Around the text, in points.
const MARGIN: f32 = 56.0;
/// What a line takes, in sizes of its letters.
const LEADING: f32 = 1.4;
/// Between blocks.
const GAP: f32 = 10.0;
/// How far items of lists are moved in.
const INDENT: f32 = 14.0;

const TEXT: Style = Style {
    size: 10.0,
    bold: false,
};
const HEADING: Style = Style {
    size: 14.0,
    bold: true,
};
const SMALL: Style = Style {
    size: 8.0,
    bold: false,
};
const STAMP: Style = Style {
    size: 10.0,
    bold: true,
};

/// Something on a page. The origin is its lower left corner.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Item {
    /// A line of text on its base line.
    Text {
        /// Where it begins.
        at: (f32, f32),
        /// In points.
        size: f32,
        /// The line.
        line: Line,
    },
    /// A horizontal rule.
    Rule {
        /// Where it begins.
        at: (f32, f32),
        /// How long it is.
        length: f32,
        /// How thick.
        thickness: f32,
    },
}

/// What stands on a page.
pub(super) type Page = Vec<Item>;

/// On which side of its space a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// Where reading starts.
    Start,
    /// Where it ends.
    End,
    /// At the right, as numbers in every language: their digits run from left to right.
    Right,
}

impl Side {
    /// Where a line begins within a space.
    fn place(self, right_to_left: bool, (left, width): (f32, f32), line: &Line) -> f32 {
        let right = match self {
            Self::Start => right_to_left,
            Self::End => !right_to_left,
            Self::Right => true,
        };
        if right {
            left + width - line.width
        } else {
            left
        }
    }
}

/// Puts blocks on pages.
struct Layout<'a> {
    faces: &'a Faces<'a>,
    document: &'a Document,
    size: (f32, f32),
    pages: Vec<Page>,
    /// How far down the page is filled: the height that is left above its foot.
    y: f32,
}

/// The pages of a document; at least one.
pub(super) fn pages(
    document: &Document,
    page: PageSize,
    faces: &Faces<'_>,
) -> Result<Vec<Page>, PdfError> {
    let mut layout = Layout {
        faces,
        document,
        size: measures(page),
        pages: Vec::new(),
        y: 0.0,
    };
    layout.turn()?;
    for (index, block) in document.blocks.iter().enumerate() {
        let next = document.blocks.get(index + 1);
        layout.block(block, next.is_some())?;
    }
    layout.number()?;
    Ok(layout.pages)
}

impl Layout<'_> {
    /// Width of the text.
    fn width(&self) -> f32 {
        self.size.0 - 2.0 * MARGIN
    }

    /// Begins a page.
    fn turn(&mut self) -> Result<(), PdfError> {
        self.pages.push(Page::new());
        self.y = self.size.1 - MARGIN;
        if !self.document.draft.is_empty() {
            let stamp = lines(self.faces, &self.document.draft, STAMP, self.width())?;
            for line in stamp {
                self.line(line, STAMP, (MARGIN, self.width()), Side::Start)?;
            }
            self.y -= GAP;
        }
        Ok(())
    }

    /// Makes sure that there is so much space, if a page has so much.
    fn reserve(&mut self, height: f32) -> Result<(), PdfError> {
        if self.y - height < MARGIN {
            self.turn()?;
        }
        Ok(())
    }

    fn put(&mut self, item: Item) {
        if let Some(page) = self.pages.last_mut() {
            page.push(item);
        }
    }

    /// Puts a line under what there is, within a space that is so far from the left and so wide.
    fn line(
        &mut self,
        line: Line,
        style: Style,
        space: (f32, f32),
        side: Side,
    ) -> Result<(), PdfError> {
        let height = style.size * LEADING;
        self.reserve(height)?;
        self.y -= height;
        self.at(self.y, line, style, space, side);
        Ok(())
    }

    /// Puts a line into a space whose bottom is at `y`.
    fn at(&mut self, y: f32, line: Line, style: Style, space: (f32, f32), side: Side) {
        let x = side.place(self.document.right_to_left, space, &line);
        // The base line stands above the bottom by what hangs below it.
        let at = (x, y + style.size * (LEADING - 1.0));
        let size = style.size;
        self.put(Item::Text { at, size, line });
    }

    fn block(&mut self, block: &Block, followed: bool) -> Result<(), PdfError> {
        let space = (MARGIN, self.width());
        match block {
            Block::Heading(text) => {
                let lines = lines(self.faces, text, HEADING, space.1)?;
                let height = lines.len() as f32 * HEADING.size * LEADING;
                // A heading stays with what it is the heading of.
                let next = if followed {
                    3.0 * TEXT.size * LEADING
                } else {
                    0.0
                };
                self.reserve(height + next)?;
                self.all(lines, HEADING, space)?;
                self.y -= GAP / 2.0;
                return Ok(());
            }
            Block::Paragraph(text) => {
                for line in text {
                    let lines = lines(self.faces, line, TEXT, space.1)?;
                    self.all(lines, TEXT, space)?;
                }
            }
            Block::List(items) => self.list(items)?,
            Block::Table(table) => self.table(table)?,
            Block::Totals(rows) => self.totals(rows)?,
            Block::PageBreak => return self.turn(),
        }
        self.y -= GAP;
        Ok(())
    }

    fn all(&mut self, lines: Vec<Line>, style: Style, space: (f32, f32)) -> Result<(), PdfError> {
        for line in lines {
            self.line(line, style, space, Side::Start)?;
        }
        Ok(())
    }

    fn list(&mut self, items: &[String]) -> Result<(), PdfError> {
        let width = self.width() - INDENT;
        let (left, bullet) = match self.document.right_to_left {
            true => (MARGIN, MARGIN + width),
            false => (MARGIN + INDENT, MARGIN),
        };
        for item in items {
            let mark = lines(self.faces, "•", TEXT, INDENT)?;
            self.reserve(TEXT.size * LEADING)?;
            for line in mark {
                self.at(
                    self.y - TEXT.size * LEADING,
                    line,
                    TEXT,
                    (bullet, INDENT),
                    Side::Start,
                );
            }
            let lines = lines(self.faces, item, TEXT, width)?;
            self.all(lines, TEXT, (left, width))?;
        }
        Ok(())
    }

    /// Puts foot and number on every page, once it is known how many there are.
    fn number(&mut self) -> Result<(), PdfError> {
        let (count, space) = (self.pages.len(), (MARGIN, self.width()));
        let y = MARGIN / 2.0;
        for page in 0..count {
            let number = format!("{} {} / {count}", self.document.page_label, page + 1);
            let number = lines(self.faces, &number, SMALL, space.1)?;
            let room = space.1 - number.first().map_or(0.0, |line| line.width) - GAP;
            let foot = lines(self.faces, &self.document.footer, SMALL, room)?;
            let mut items = std::mem::take(&mut self.pages[page]);
            // What is too long for one line is cut: it would run into the text.
            for (line, side) in [(foot, Side::Start), (number, Side::End)] {
                let line = line.into_iter().next().unwrap_or_default();
                let x = side.place(self.document.right_to_left, space, &line);
                items.push(Item::Text {
                    at: (x, y),
                    size: SMALL.size,
                    line,
                });
            }
            self.pages[page] = items;
        }
        Ok(())
    }
}
