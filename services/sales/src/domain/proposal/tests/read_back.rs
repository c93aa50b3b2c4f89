//! PDFs as another program reads them: `pypdf`, in the Python that `RAPPORT_TOOLS_PYTHON` names.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::super::document::{Block, Column, Document, Table};
use super::super::pdf::{Fonts, pdf};
use super::super::template::PageSize;
use super::{everything, facts, filled};

/// A font with squares for 王小明你好。, with TrueType outlines.
pub(super) const TRUETYPE: &[u8] = include_bytes!("../../../../testdata/squares.ttf");
/// The same with CFF outlines.
pub(super) const CFF: &[u8] = include_bytes!("../../../../testdata/squares.otf");

/// Language, title and the text of each page, each behind a line of its own.
const READ: &str = "
import io, sys, pypdf
reader = pypdf.PdfReader(io.BytesIO(sys.stdin.buffer.read()), strict=True)
parts = [str(reader.root_object['/Lang']), reader.metadata.title]
parts += [page.extract_text() for page in reader.pages]
sys.stdout.buffer.write('\\0'.join(parts).encode())
";

struct Read {
    language: String,
    title: String,
    pages: Vec<String>,
}

fn read(file: &[u8]) -> Read {
    let python = std::env::var("RAPPORT_TOOLS_PYTHON")
        .expect("RAPPORT_TOOLS_PYTHON names a Python with pypdf: run `cargo xtask test`");
    let mut child = Command::new(python)
        .args(["-c", READ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(file).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let mut parts = text.split('\0').map(str::to_owned);
    Read {
        language: parts.next().unwrap(),
        title: parts.next().unwrap(),
        pages: parts.collect(),
    }
}

fn rendered(document: &Document, fonts: Vec<&[u8]>) -> Read {
    let fonts = fonts.into_iter().map(<[u8]>::to_vec).collect();
    read(&pdf(document, PageSize::A4, &Fonts::with(fonts).unwrap()).unwrap())
}

fn paragraph(text: &str) -> Document {
    Document {
        title: text.to_owned(),
        language: "en".to_owned(),
        right_to_left: false,
        footer: String::new(),
        page_label: "Page".to_owned(),
        draft: String::new(),
        blocks: vec![Block::Paragraph(vec![text.to_owned()])],
    }
}

/// Without the white space in which readers differ.
fn dense(text: &str) -> String {
    text.split_whitespace().collect()
}

#[test]
fn a_pdf_says_what_the_document_says() {
    let read = rendered(&filled(everything(), &facts(1)).document, Vec::new());
    assert_eq!(
        (read.language.as_str(), read.title.as_str()),
        ("de-CH", "Offerte Labor")
    );
    assert_eq!(read.pages.len(), 1);
    for text in [
        "Labor für Zoë Ångström",
        "vom 30.03.2026 bis 30.04.2026",
        "Prüfgerät Nr. 1 <b>",
        "1’234.50",
        "3’169.43 CHF",
        "Muster AG",
        "Page 1 / 1",
    ] {
        assert!(
            dense(&read.pages[0]).contains(&dense(text)),
            "{text}: {}",
            read.pages[0]
        );
    }
}

#[test]
fn a_long_table_repeats_its_head_and_loses_no_row() {
    let read = rendered(&filled(everything(), &facts(200)).document, Vec::new());
    assert!(read.pages.len() > 3);
    let (last, first) = read.pages.split_last().unwrap();
    for page in first {
        assert_eq!(page.matches("Unit price").count(), 1, "{page}");
    }
    let all: String = read.pages.iter().map(|page| dense(page)).collect();
    for row in 1..=200 {
        assert_eq!(all.matches(&format!("Nr.{row}<b>")).count(), 1, "row {row}");
    }
    assert!(
        dense(last).contains("Total3’169.43CHF"),
        "totals stay together: {last}"
    );
    let count = read.pages.len();
    assert!(last.contains(&format!("Page {count} / {count}")));
}

#[test]
fn a_draft_says_so_on_every_page() {
    let unbound = super::Facts {
        binding: false,
        ..facts(100)
    };
    let read = rendered(&filled(everything(), &unbound).document, Vec::new());
    assert!(read.pages.len() > 1);
    assert!(
        read.pages
            .iter()
            .all(|page| page.contains("Draft, not binding"))
    );
}

#[test]
fn letters_of_many_scripts_come_out_right() {
    for text in [
        "Zażółć gęślą jaźń",
        "Ευχαριστώ για την παραγγελία",
        "Съешь ещё этих мягких французских булок",
        "Ք երկու գործիք",
        "e\u{301} und a\u{308}",
    ] {
        let read = rendered(&paragraph(text), Vec::new());
        assert_eq!(read.title, text);
        assert!(
            dense(&read.pages[0]).contains(&dense(text)),
            "{text}: {}",
            read.pages[0]
        );
    }
    for font in [TRUETYPE, CFF] {
        let read = rendered(
            &paragraph("王小明，你好。".replace('，', " ").as_str()),
            vec![font],
        );
        assert!(
            dense(&read.pages[0]).contains("王小明你好。"),
            "{}",
            read.pages[0]
        );
    }
}

#[test]
fn arabic_and_hebrew_are_joined_and_run_from_right_to_left() {
    for text in ["عرض أسعار رقم 17", "הצעת מחיר 17"] {
        let mut document = paragraph(text);
        document.right_to_left = true;
        let read = rendered(&document, Vec::new());
        // Readers tell letters in the order in which they stand or in which they are read.
        let mut wanted: Vec<char> = dense(text).chars().collect();
        let mut found: Vec<char> = dense(read.pages[0].lines().next().unwrap())
            .chars()
            .collect();
        wanted.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, wanted, "{}", read.pages[0]);
    }
}

#[test]
fn text_without_a_place_to_break_still_fits() {
    let word = "W".repeat(500);
    let read = rendered(&paragraph(&word), Vec::new());
    assert_eq!(dense(&read.pages[0]).matches('W').count(), 500);
    assert!(
        read.pages[0]
            .lines()
            .filter(|line| line.contains('W'))
            .count()
            > 5
    );
    let numbers = Table {
        columns: (0..8)
            .map(|index| Column {
                head: format!("Head{index}"),
                numeric: index > 0,
            })
            .collect(),
        rows: vec![vec!["9".repeat(60); 8]],
    };
    let document = Document {
        blocks: vec![Block::Table(numbers)],
        ..paragraph("Wide")
    };
    assert_eq!(
        dense(&rendered(&document, Vec::new()).pages[0])
            .matches('9')
            .count(),
        480
    );
}
