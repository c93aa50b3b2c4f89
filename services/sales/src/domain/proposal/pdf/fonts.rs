//! The fonts that documents are set in.

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use rustybuzz::{Direction, Face, GlyphBuffer, Script, ShapePlan, UnicodeBuffer, shape_with_plan};

use super::PdfError;

/// Fonts in the order in which they are asked for a character: the embedded one, which has the
/// Latin, Greek, Cyrillic, Armenian, Georgian, Hebrew and Arabic scripts, then those that the
/// operators added. Clones share them.
#[derive(Debug, Clone)]
pub struct Fonts(Arc<[Cow<'static, [u8]>]>);

/// Which of the fonts is the embedded one, in its two weights.
const REGULAR: usize = 0;
const BOLD: usize = 1;
const ADDED: usize = 2;

impl Fonts {
    /// The embedded font, then these: TrueType or OpenType files, of a collection the first font.
    ///
    /// # Errors
    /// The index of the first one that can't be used.
    pub fn with(added: Vec<Vec<u8>>) -> Result<Self, usize> {
        for (index, font) in added.iter().enumerate() {
            let face = Face::from_slice(font, 0).ok_or(index)?;
            let tables = face.tables();
            // The outlines that a PDF can hold.
            if (tables.glyf.is_none() && tables.cff.is_none()) || face.is_variable() {
                return Err(index);
            }
        }
        let embedded = [dejavu::sans::regular(), dejavu::sans::bold()].map(Cow::Borrowed);
        let added = added.into_iter().map(Cow::Owned);
        Ok(Self(embedded.into_iter().chain(added).collect()))
    }

    /// The file of a face.
    pub(super) fn file(&self, face: usize) -> &[u8] {
        self.0.get(face).map_or(&[], |font| font)
    }

    /// The fonts, ready to be asked.
    pub(super) fn faces(&self) -> Result<Faces<'_>, PdfError> {
        let faces = self.0.iter().enumerate();
        let faces =
            faces.map(|(index, font)| Face::from_slice(font, 0).ok_or(PdfError::Font(index)));
        Ok(Faces {
            faces: faces.collect::<Result<_, _>>()?,
            plans: RefCell::default(),
        })
    }
}

/// What a plan is for: face, script, and whether it runs from right to left.
type Kind = (usize, Script, bool);

/// Fonts while a document is set in them.
pub(super) struct Faces<'f> {
    faces: Vec<Face<'f>>,
    /// How to shape a script in a face, which takes longer to find out than to do.
    plans: RefCell<Vec<(Kind, Rc<ShapePlan>)>>,
}

impl<'f> Faces<'f> {
    /// One face.
    pub(super) fn get(&self, face: usize) -> Option<&Face<'f>> {
        self.faces.get(face)
    }

    /// The face that has a character: of the weight, as far as there is one.
    pub(super) fn with(&self, it: char, bold: bool) -> Option<usize> {
        let (first, last) = if bold {
            (BOLD, REGULAR)
        } else {
            (REGULAR, BOLD)
        };
        let order = [first].into_iter().chain(ADDED..self.faces.len());
        order.chain([last]).find(|face| self.has(*face, it))
    }

    /// Whether a face has a character.
    pub(super) fn has(&self, face: usize, it: char) -> bool {
        let face = self.faces.get(face);
        face.is_some_and(|face| face.glyph_index(it).is_some())
    }

    /// Glyphs of a text in one face and one direction.
    pub(super) fn shape(&self, face: usize, text: &str, backwards: bool) -> Option<GlyphBuffer> {
        let font = self.faces.get(face)?;
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(text);
        buffer.guess_segment_properties();
        let direction = match backwards {
            true => Direction::RightToLeft,
            false => Direction::LeftToRight,
        };
        buffer.set_direction(direction);
        let script = buffer.script();
        let kind = (face, script, backwards);
        let mut plans = self.plans.borrow_mut();
        let known = plans.iter().find(|(it, _)| *it == kind);
        let plan = match known.map(|(_, plan)| plan.clone()) {
            Some(plan) => plan,
            None => {
                let plan = ShapePlan::new(font, direction, Some(script), None, &[]);
                let plan = Rc::new(plan);
                plans.push((kind, plan.clone()));
                plan
            }
        };
        Some(shape_with_plan(font, &plan, buffer))
    }
}
