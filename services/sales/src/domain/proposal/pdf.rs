//! Documents as PDF 1.7, with the letters of any script, as far as the fonts have them.
//!
//! [`shape`] makes glyphs of text, in lines and in reading order, [`layout`] puts them on pages,
//! [`write`] puts the pages into a file with those glyphs of the fonts that they use.

mod fonts;
mod layout;
mod shape;
mod write;

pub use fonts::Fonts;

use super::document::Document;
use super::template::PageSize;

/// Why a document can't become a PDF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PdfError {
    /// No font has this character.
    #[error("no font has U+{:04X}", u32::from(*.0))]
    MissingGlyph(char),
    /// A font can't be read.
    #[error("font {0} can't be read")]
    Font(usize),
}

/// The document as a PDF. The same document and fonts make the same bytes.
///
/// # Errors
/// What the fonts can't do.
pub fn pdf(document: &Document, page: PageSize, fonts: &Fonts) -> Result<Vec<u8>, PdfError> {
    let faces = fonts.faces()?;
    let pages = layout::pages(document, page, &faces)?;
    write::file(document, page, &pages, (fonts, &faces))
}

/// Width and height of a page in points.
const fn measures(page: PageSize) -> (f32, f32) {
    match page {
        PageSize::A4 => (595.276, 841.89),
        PageSize::Letter => (612.0, 792.0),
    }
}
