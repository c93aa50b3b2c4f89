//! Tables: columns as wide as their numbers, rows that stay whole, heads on every page.

use super::{Item, LEADING, Layout, MARGIN, Side, TEXT};
use crate::domain::proposal::document::Table;
use crate::domain::proposal::pdf::PdfError;
use crate::domain::proposal::pdf::shape::{Line, Style, lines};

/// Between the text of two columns.
const GUTTER: f32 = 10.0;
/// Above and below the text of a row.
const PADDING: f32 = 3.0;
/// The least that columns of words get, as a part of the whole.
const WORDS: f32 = 0.3;

const HEAD: Style = Style {
    size: 9.0,
    bold: true,
};
const CELL: Style = Style {
    size: 9.0,
    bold: false,
};
const SUM: Style = Style {
    size: TEXT.size,
    bold: true,
};

/// Where a column stands: from the left, how wide, and on which side its text is.
type Place = ((f32, f32), Side);

impl Layout<'_> {
    pub(super) fn table(&mut self, table: &Table) -> Result<(), PdfError> {
        let places = self.places(table)?;
        let heads = table.columns.iter().map(|column| column.head.as_str());
        let heads = self.cells(heads, HEAD, &places)?;
        let first = table.rows.first();
        let first = first.map(|row| self.cells(row.iter().map(String::as_str), CELL, &places));
        let beside = first.transpose()?.map_or(0.0, |row| height(&row, CELL));
        self.reserve(height(&heads, HEAD) + beside)?;
        self.row(heads.clone(), HEAD, &places);
        for row in &table.rows {
            let cells = self.cells(row.iter().map(String::as_str), CELL, &places)?;
            if self.y - height(&cells, CELL) < MARGIN {
                self.turn()?;
                self.row(heads.clone(), HEAD, &places);
            }
            self.row(cells, CELL, &places);
        }
        Ok(())
    }

    pub(super) fn totals(&mut self, rows: &[(String, String)]) -> Result<(), PdfError> {
        let half = self.width() / 2.0;
        let (names, amounts) = match self.document.right_to_left {
            true => ((MARGIN + half / 2.0, half / 2.0), (MARGIN, half / 2.0)),
            false => (
                (MARGIN + half, half / 2.0),
                (MARGIN + 1.5 * half, half / 2.0),
            ),
        };
        let places: [Place; 2] = [(names, Side::Start), (amounts, Side::Right)];
        let mut set = Vec::with_capacity(rows.len());
        for (index, (name, amount)) in rows.iter().enumerate() {
            let style = if index + 1 == rows.len() { SUM } else { TEXT };
            let cells = self.cells([name.as_str(), amount.as_str()].into_iter(), style, &places)?;
            set.push((cells, style));
        }
        // What a quote comes to is read in one glance, if it fits on a page.
        let whole = set.iter().map(|(cells, style)| height(cells, *style)).sum();
        self.reserve(whole)?;
        for (cells, style) in set {
            self.reserve(height(&cells, style))?;
            self.row(cells, style, &places);
        }
        Ok(())
    }

    /// Columns of numbers are as wide as their widest one, those of words share the rest. Where
    /// that leaves words too little, numbers get less and break.
    fn places(&self, table: &Table) -> Result<Vec<Place>, PdfError> {
        let count = table.columns.len();
        let words = table.columns.iter().filter(|it| !it.numeric).count();
        let mut widths = vec![0.0_f32; count];
        for (index, column) in table
            .columns
            .iter()
            .enumerate()
            .filter(|(_, it)| it.numeric)
        {
            let cells = table.rows.iter().filter_map(|row| row.get(index));
            let cells = cells.map(|cell| (cell.as_str(), CELL));
            for (text, style) in cells.chain([(column.head.as_str(), HEAD)]) {
                let line = lines(self.faces, text, style, f32::MAX)?;
                let wide = line.first().map_or(0.0, |line| line.width);
                widths[index] = widths[index].max(wide);
            }
        }
        let gutters = GUTTER * count.saturating_sub(1) as f32;
        let room = self.width() - gutters;
        let numbers: f32 = widths.iter().sum();
        let most = if words > 0 {
            room * (1.0 - WORDS)
        } else {
            room
        };
        if numbers > most || (words == 0 && numbers > 0.0) {
            widths.iter_mut().for_each(|width| *width *= most / numbers);
        }
        let rest = room - widths.iter().sum::<f32>();
        for (width, column) in widths.iter_mut().zip(&table.columns) {
            if !column.numeric {
                *width = rest / words as f32;
            }
        }
        let mut x = 0.0;
        let places = table.columns.iter().zip(widths).map(|(column, width)| {
            let left = match self.document.right_to_left {
                true => self.size.0 - MARGIN - x - width,
                false => MARGIN + x,
            };
            x += width + GUTTER;
            let side = if column.numeric {
                Side::Right
            } else {
                Side::Start
            };
            ((left, width), side)
        });
        Ok(places.collect())
    }

    fn cells<'t>(
        &self,
        texts: impl Iterator<Item = &'t str>,
        style: Style,
        places: &[Place],
    ) -> Result<Vec<Vec<Line>>, PdfError> {
        let cells = texts.zip(places);
        // A trifle more than was measured: sums of fractions differ in their last digits.
        let cells =
            cells.map(|(text, ((_, width), _))| lines(self.faces, text, style, width + 0.01));
        cells.collect()
    }

    fn row(&mut self, cells: Vec<Vec<Line>>, style: Style, places: &[Place]) {
        let height = height(&cells, style);
        let top = self.y - PADDING;
        for (lines, (space, side)) in cells.into_iter().zip(places) {
            let mut y = top;
            for line in lines {
                y -= style.size * LEADING;
                self.at(y, line, style, *space, *side);
            }
        }
        self.y -= height;
        let left = places.iter().map(|((left, _), _)| *left);
        let left = left.fold(f32::MAX, f32::min);
        let right = places.iter().map(|((left, width), _)| left + width);
        let right = right.fold(0.0, f32::max);
        let thickness = if style == HEAD { 1.0 } else { 0.3 };
        self.put(Item::Rule {
            at: (left, self.y),
            length: right - left,
            thickness,
        });
    }
}

fn height(cells: &[Vec<Line>], style: Style) -> f32 {
    let lines = cells.iter().map(Vec::len).max().unwrap_or_default();
    lines as f32 * style.size * LEADING + 2.0 * PADDING
}
