//! Pages as a file.

use std::collections::BTreeMap;

use miniz_oxide::deflate::compress_to_vec_zlib;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Filter, Finish as _, Name, Pdf, Rect, Ref, Str, TextStr};
use rustybuzz::Face;
use subsetter::GlyphRemapper;

use super::fonts::Faces;
use super::layout::{Item, Page};
use super::shape::{Line, Run, units_per_em};
use super::{Fonts, PdfError, measures};
use crate::domain::proposal::document::Document;
use crate::domain::proposal::template::PageSize;

/// How much work compressing is worth, from 0 to 10.
const COMPRESSION: u8 = 6;
/// Thousandths of the letters' size, in which PDF measures glyphs.
const THOUSANDTHS: f32 = 1_000.0;
/// What is smaller than this, in thousandths, is no correction.
const EVEN: f32 = 0.05;

const SYSTEM: SystemInfo<'static> = SystemInfo {
    registry: Str(b"Adobe"),
    ordering: Str(b"Identity"),
    supplement: 0,
};

/// What a document uses of a face.
#[derive(Default)]
struct Used {
    glyphs: GlyphRemapper,
    /// What each glyph stands for, by its new number.
    meanings: BTreeMap<u16, String>,
}

/// Hands out numbers of objects.
struct Numbers(Ref);

impl Numbers {
    fn next(&mut self) -> Ref {
        self.0.bump()
    }
}

/// The file.
pub(super) fn file(
    document: &Document,
    page: PageSize,
    pages: &[Page],
    (fonts, faces): (&Fonts, &Faces<'_>),
) -> Result<Vec<u8>, PdfError> {
    let used = used(pages);
    let (mut pdf, mut numbers) = (Pdf::new(), Numbers(Ref::new(1)));
    let (catalog, tree, info) = (numbers.next(), numbers.next(), numbers.next());
    let font_ids: BTreeMap<usize, Ref> = used.keys().map(|face| (*face, numbers.next())).collect();
    let page_ids: Vec<Ref> = pages.iter().map(|_| numbers.next()).collect();
    let mut root = pdf.catalog(catalog);
    root.pages(tree).lang(TextStr(&document.language));
    root.viewer_preferences().display_doc_title(true);
    root.finish();
    pdf.document_info(info)
        .title(TextStr(&document.title))
        .producer(TextStr("Rapport"));
    let count = i32::try_from(pages.len()).unwrap_or(i32::MAX);
    pdf.pages(tree).kids(page_ids.iter().copied()).count(count);
    let (width, height) = measures(page);
    for (id, items) in page_ids.iter().zip(pages) {
        let content = numbers.next();
        let mut page = pdf.page(*id);
        page.parent(tree)
            .media_box(Rect::new(0.0, 0.0, width, height))
            .contents(content);
        let mut resources = page.resources();
        let mut names = resources.fonts();
        for (face, id) in &font_ids {
            names.pair(Name(font_name(*face).as_bytes()), *id);
        }
        names.finish();
        resources.finish();
        page.finish();
        let drawn = compress_to_vec_zlib(&draw(items, faces, &used), COMPRESSION);
        pdf.stream(content, &drawn).filter(Filter::FlateDecode);
    }
    for (index, used) in &used {
        let (Some(face), Some(id)) = (faces.get(*index), font_ids.get(index)) else {
            continue;
        };
        let of = (*index, fonts.file(*index), face);
        font(&mut pdf, &mut numbers, *id, of, used)?;
    }
    Ok(pdf.finish())
}

fn font_name(face: usize) -> String {
    format!("F{face}")
}

fn used(pages: &[Page]) -> BTreeMap<usize, Used> {
    let mut used: BTreeMap<usize, Used> = BTreeMap::new();
    for item in pages.iter().flatten() {
        let Item::Text { line, .. } = item else {
            continue;
        };
        for run in &line.runs {
            let used = used.entry(run.face).or_default();
            for glyph in &run.glyphs {
                let id = used.glyphs.remap(glyph.id);
                if !glyph.text.is_empty() {
                    used.meanings
                        .entry(id)
                        .or_insert_with(|| glyph.text.clone());
                }
            }
        }
    }
    used
}

/// The operators that draw a page.
fn draw(items: &[Item], faces: &Faces<'_>, used: &BTreeMap<usize, Used>) -> Vec<u8> {
    let mut content = Content::new();
    for item in items {
        match item {
            Item::Rule {
                at: (x, y),
                length,
                thickness,
            } => {
                content.set_line_width(*thickness);
                content.move_to(*x, *y).line_to(*x + *length, *y).stroke();
            }
            Item::Text { at, size, line } => text(&mut content, (*at, *size), line, (faces, used)),
        }
    }
    content.finish().into_vec()
}

fn text(
    content: &mut Content,
    ((mut x, y), size): ((f32, f32), f32),
    line: &Line,
    (faces, used): (&Faces<'_>, &BTreeMap<usize, Used>),
) {
    if line.runs.is_empty() {
        return;
    }
    content.begin_text();
    for run in &line.runs {
        if let (Some(face), Some(used)) = (faces.get(run.face), used.get(&run.face)) {
            content.set_font(Name(font_name(run.face).as_bytes()), size);
            content.set_text_matrix([1.0, 0.0, 0.0, 1.0, x, y]);
            show(content, run, size, (face, used));
        }
        x += run.glyphs.iter().map(|glyph| glyph.advance).sum::<f32>();
    }
    content.end_text();
}

/// Shows glyphs, with corrections where they stand otherwise than their own widths say.
fn show(content: &mut Content, run: &Run, size: f32, (face, used): (&Face<'_>, &Used)) {
    for part in run
        .glyphs
        .chunk_by(|one, other| one.offset.1 == other.offset.1)
    {
        let rise = part.first().map_or(0.0, |glyph| glyph.offset.1);
        content.set_rise(rise);
        let mut shown = content.show_positioned();
        let mut items = shown.items();
        for glyph in part {
            let id = used.glyphs.get(glyph.id).unwrap_or_default();
            let own = width(face, glyph.id);
            let before = glyph.offset.0 / size * THOUSANDTHS;
            let after = own + before - glyph.advance / size * THOUSANDTHS;
            if before.abs() > EVEN {
                items.adjust(-before);
            }
            items.show(Str(&id.to_be_bytes()));
            if after.abs() > EVEN {
                items.adjust(after);
            }
        }
    }
}

/// A glyph's own width in thousandths.
fn width(face: &Face<'_>, glyph: u16) -> f32 {
    let id = rustybuzz::ttf_parser::GlyphId(glyph);
    let advance = face.glyph_hor_advance(id).unwrap_or_default();
    f32::from(advance) / units_per_em(face) * THOUSANDTHS
}

/// A face, with the glyphs that are used.
fn font(
    pdf: &mut Pdf,
    numbers: &mut Numbers,
    id: Ref,
    (index, file, face): (usize, &[u8], &Face<'_>),
    used: &Used,
) -> Result<(), PdfError> {
    let unreadable = |_| PdfError::Font(index);
    let subset = subsetter::subset(file, 0, &used.glyphs).map_err(unreadable)?;
    let cff = face.tables().cff.is_some();
    let [cid, descriptor, cmap, data] = [(); 4].map(|()| numbers.next());
    let name = name(index, face);
    let name = Name(name.as_bytes());
    pdf.type0_font(id)
        .base_font(name)
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(cid)
        .to_unicode(cmap);
    let mut font = pdf.cid_font(cid);
    font.subtype(if cff {
        CidFontType::Type0
    } else {
        CidFontType::Type2
    })
    .base_font(name)
    .system_info(SYSTEM)
    .font_descriptor(descriptor)
    .default_width(0.0);
    if !cff {
        font.cid_to_gid_map_predefined(Name(b"Identity"));
    }
    let widths = used.glyphs.remapped_gids().map(|glyph| width(face, glyph));
    font.widths().consecutive(0, widths);
    font.finish();
    describe(pdf, descriptor, (name, face), (data, cff));
    let mut meanings = UnicodeCmap::new(Name(b"Meanings"), SYSTEM);
    for (glyph, text) in &used.meanings {
        meanings.pair_with_multiple(*glyph, text.chars());
    }
    let meanings = compress_to_vec_zlib(meanings.finish().as_slice(), COMPRESSION);
    pdf.stream(cmap, &meanings).filter(Filter::FlateDecode);
    let subset = compress_to_vec_zlib(&subset, COMPRESSION);
    let mut stream = pdf.stream(data, &subset);
    stream.filter(Filter::FlateDecode);
    if cff {
        stream.pair(Name(b"Subtype"), Name(b"OpenType"));
    }
    Ok(())
}

fn describe(pdf: &mut Pdf, id: Ref, (name, face): (Name<'_>, &Face<'_>), (data, cff): (Ref, bool)) {
    let scaled = |units: i16| f32::from(units) / units_per_em(face) * THOUSANDTHS;
    let bounds = face.global_bounding_box();
    let bounds = Rect::new(
        scaled(bounds.x_min),
        scaled(bounds.y_min),
        scaled(bounds.x_max),
        scaled(bounds.y_max),
    );
    let mut descriptor = pdf.font_descriptor(id);
    descriptor
        .name(name)
        .flags(FontFlags::SYMBOLIC)
        .bbox(bounds)
        .italic_angle(0.0)
        .ascent(scaled(face.ascender()))
        .descent(scaled(face.descender()))
        .cap_height(scaled(face.capital_height().unwrap_or(face.ascender())))
        .stem_v(80.0);
    match cff {
        true => descriptor.font_file3(data),
        false => descriptor.font_file2(data),
    };
}

/// What the subset is called: six letters, a plus and the font's own name.
fn name(index: usize, face: &Face<'_>) -> String {
    let names = face.names().into_iter();
    let own = names
        .filter(|it| it.name_id == rustybuzz::ttf_parser::name_id::POST_SCRIPT_NAME)
        .find_map(|it| it.to_string())
        .unwrap_or_default();
    let own: String = own
        .chars()
        .filter(char::is_ascii_graphic)
        .take(60)
        .collect();
    let letter = |place: u32| {
        let digit = (index / 26_usize.pow(place)) % 26;
        char::from(b'A' + u8::try_from(digit).unwrap_or_default())
    };
    let tag: String = (0..6).map(letter).collect();
    format!("{tag}+{own}")
}
