//! Text as glyphs: broken into lines (UAX #14), in reading order (UAX #9), shaped by the rules of
//! its script.

use std::ops::Range;

use rustybuzz::Face;
use unicode_bidi::ParagraphBidiInfo;
use unicode_linebreak::{BreakOpportunity, linebreaks};

use super::PdfError;
use super::fonts::Faces;

/// How text is set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Style {
    /// In points.
    pub(super) size: f32,
    /// In the bold weight.
    pub(super) bold: bool,
}

/// A glyph where it belongs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Glyph {
    /// Its number in the font.
    pub(super) id: u16,
    /// How far the next one is, in points.
    pub(super) advance: f32,
    /// How far it is moved, in points.
    pub(super) offset: (f32, f32),
    /// What it stands for; empty for further glyphs of the same characters.
    pub(super) text: String,
}

/// Glyphs of one face, from left to right.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Run {
    /// The face.
    pub(super) face: usize,
    /// The glyphs.
    pub(super) glyphs: Vec<Glyph>,
}

/// A line of text, from left to right.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Line {
    /// Its runs.
    pub(super) runs: Vec<Run>,
    /// How wide it is, in points.
    pub(super) width: f32,
}

/// The lines of a text that are at most so wide, if its characters allow.
pub(super) fn lines(
    faces: &Faces<'_>,
    text: &str,
    style: Style,
    width: f32,
) -> Result<Vec<Line>, PdfError> {
    let mut lines = Vec::new();
    for part in text.split('\n') {
        let part: String = part.chars().filter_map(shown).collect();
        if part.is_empty() {
            lines.push(Line::default());
            continue;
        }
        let setter = Setter::new(faces, &part, style);
        for range in setter.ranges(width)? {
            lines.push(setter.line(range)?);
        }
    }
    Ok(lines)
}

/// What a character is shown as, if at all.
fn shown(it: char) -> Option<char> {
    match it {
        '\t' => Some(' '),
        it if it.is_control() => None,
        it => Some(it),
    }
}

/// Sets one paragraph.
struct Setter<'a> {
    faces: &'a Faces<'a>,
    text: &'a str,
    style: Style,
    bidi: ParagraphBidiInfo<'a>,
}

impl<'a> Setter<'a> {
    fn new(faces: &'a Faces<'a>, text: &'a str, style: Style) -> Self {
        let bidi = ParagraphBidiInfo::new(text, None);
        Self {
            faces,
            text,
            style,
            bidi,
        }
    }

    /// What each line holds.
    fn ranges(&self, width: f32) -> Result<Vec<Range<usize>>, PdfError> {
        let mut ranges = Vec::new();
        let (mut start, mut filled, mut from) = (0, 0.0, 0);
        for (to, opportunity) in linebreaks(self.text) {
            let whole = self.width(from..to)?;
            // Space at the end of a line takes no place.
            let seen = self.width(from..self.trimmed(from, to))?;
            if from > start && filled + seen > width {
                ranges.push(start..self.trimmed(start, from));
                (start, filled) = (from, 0.0);
            }
            if seen > width {
                let broken = self.broken(start..to, width)?;
                start = broken.last().map_or(start, |it| it.end);
                ranges.extend(broken);
                filled = self.width(start..to)?;
            } else {
                filled += whole;
            }
            if opportunity == BreakOpportunity::Mandatory {
                ranges.push(start..self.trimmed(start, to));
                (start, filled) = (to, 0.0);
            }
            from = to;
        }
        Ok(ranges)
    }

    fn trimmed(&self, from: usize, to: usize) -> usize {
        self.text
            .get(from..to)
            .map_or(to, |text| from + text.trim_end().len())
    }

    /// Lines of a word that is wider than a line, without its last one.
    fn broken(&self, word: Range<usize>, width: f32) -> Result<Vec<Range<usize>>, PdfError> {
        let (mut lines, mut start, mut filled) = (Vec::new(), word.start, 0.0);
        let text = self.text.get(word.clone()).unwrap_or_default();
        for (index, it) in text.char_indices() {
            let at = word.start + index;
            let wide = self.width(at..at + it.len_utf8())?;
            // What takes no place of its own belongs to the letter before it.
            if at > start && wide > 0.0 && filled + wide > width {
                lines.push(start..at);
                (start, filled) = (at, 0.0);
            }
            filled += wide;
        }
        Ok(lines)
    }

    fn width(&self, range: Range<usize>) -> Result<f32, PdfError> {
        Ok(self.line(range)?.width)
    }

    /// The glyphs of a part of the text, from left to right.
    fn line(&self, range: Range<usize>) -> Result<Line, PdfError> {
        let mut line = Line::default();
        if range.is_empty() {
            return Ok(line);
        }
        let (levels, visual) = self.bidi.visual_runs(range);
        for run in visual {
            let backwards = levels.get(run.start).is_some_and(|level| level.is_rtl());
            let mut parts = self.of_one_face(run)?;
            if backwards {
                parts.reverse();
            }
            for (face, part) in parts {
                line.runs.extend(self.shape(face, part, backwards));
            }
        }
        let glyphs = line.runs.iter().flat_map(|run| &run.glyphs);
        line.width = glyphs.map(|glyph| glyph.advance).sum();
        Ok(line)
    }

    /// Parts of the text that one face can show, in the order of the text.
    fn of_one_face(&self, range: Range<usize>) -> Result<Vec<(usize, Range<usize>)>, PdfError> {
        let mut parts: Vec<(usize, Range<usize>)> = Vec::new();
        let text = self.text.get(range.clone()).unwrap_or_default();
        for (index, it) in text.char_indices() {
            let (at, end) = (range.start + index, range.start + index + it.len_utf8());
            let before = parts.last_mut();
            let same = before
                .as_ref()
                .is_some_and(|(face, _)| self.goes_with(*face, it));
            if same && let Some((_, part)) = before {
                part.end = end;
                continue;
            }
            let found = self.faces.with(it, self.style.bold);
            let face = found.or(is_unseen(it).then_some(0));
            let face = face.ok_or(PdfError::MissingGlyph(it))?;
            match parts.last_mut() {
                Some((last, part)) if *last == face => part.end = end,
                _ => parts.push((face, at..end)),
            }
        }
        Ok(parts)
    }

    /// Whether a character stays with the face of the one before: it shows nothing, or is a mark or
    /// a space that the face has too.
    fn goes_with(&self, face: usize, it: char) -> bool {
        let has = |face| self.faces.has(face, it);
        is_unseen(it) || ((it.is_whitespace() || is_mark(it)) && has(face))
    }

    fn shape(&self, face: usize, range: Range<usize>, backwards: bool) -> Option<Run> {
        let (font, text) = (self.faces.get(face)?, self.text.get(range)?);
        let shaped = self.faces.shape(face, text, backwards)?;
        let scale = self.style.size / units_per_em(font);
        let infos = shaped.glyph_infos();
        let mut starts: Vec<usize> = infos.iter().map(|it| it.cluster as usize).collect();
        starts.push(text.len());
        starts.sort_unstable();
        starts.dedup();
        let mut last = None;
        let glyphs = infos
            .iter()
            .zip(shaped.glyph_positions())
            .map(|(info, place)| {
                let start = info.cluster as usize;
                let next = starts.partition_point(|it| *it <= start);
                let end = starts.get(next).copied().unwrap_or(text.len());
                let first = last.replace(start) != Some(start);
                Glyph {
                    // Fonts have at most 65,536 glyphs.
                    id: info.glyph_id as u16,
                    advance: place.x_advance as f32 * scale,
                    offset: (place.x_offset as f32 * scale, place.y_offset as f32 * scale),
                    text: text
                        .get(start..end)
                        .filter(|_| first)
                        .unwrap_or_default()
                        .to_owned(),
                }
            });
        let glyphs = glyphs.collect();
        Some(Run { face, glyphs })
    }
}

/// Units of a font's own measures in one em.
pub(super) fn units_per_em(face: &Face<'_>) -> f32 {
    // Between 16 and 16,384, so exact.
    face.units_per_em() as f32
}

/// Joiners, marks of direction, variation selectors: they show nothing themselves.
fn is_unseen(it: char) -> bool {
    matches!(it,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{2064}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{E0100}'..='\u{E01EF}')
}

/// Marks that stand over, under or in a letter.
fn is_mark(it: char) -> bool {
    use unicode_bidi::{BidiClass, bidi_class};
    bidi_class(it) == BidiClass::NSM
}
