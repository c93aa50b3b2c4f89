//! Fills templates in.

use std::collections::{BTreeMap, BTreeSet};

use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::template::{self as engine, Escaping, Fault};

use super::{BlockTemplate, LineColumn, Template};
use crate::domain::proposal::document::{Block, Column, Document, Table};
use crate::domain::proposal::facts::{Facts, Fields, LineFacts};

/// Longest a text may become, in bytes.
const MAX_TEXT: usize = 64 * 1024;
/// Longest a title may become, in characters.
const MAX_TITLE: usize = 500;
/// Longest value of a merge field, in characters.
const MAX_VALUE: usize = 2_000;
/// Languages that are written from right to left.
const RIGHT_TO_LEFT: [&str; 10] = ["ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"];

/// A document and the message with which it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// The document.
    pub document: Document,
    /// The message, if the template has one.
    pub message: Option<String>,
}

/// Fills texts in.
struct Pen<'a> {
    values: &'a BTreeMap<String, String>,
    fields: Fields,
}

impl Pen<'_> {
    fn write(&self, source: &str) -> Result<String, Fault> {
        let things: Vec<(&'static str, Vec<_>)> = self
            .fields
            .iter()
            .map(|(thing, fields)| {
                let fields = fields.iter().map(|(name, value)| (*name, value.as_deref()));
                (*thing, fields.collect())
            })
            .collect();
        let things: Vec<(&'static str, engine::Known<'_>)> = things
            .iter()
            .map(|(thing, fields)| (*thing, fields.as_slice()))
            .collect();
        let text = engine::render(source, Escaping::None, self.values, &things, MAX_TEXT)?;
        Ok(text.trim().to_owned())
    }
}

impl Template {
    /// Fills the template in for a quote.
    ///
    /// # Errors
    /// Under `merge_fields` what is missing or too much, under `proposal_template` what the quote
    /// does not hold and the texts do not provide for.
    pub fn fill(
        &self,
        values: &BTreeMap<String, String>,
        facts: &Facts,
    ) -> Result<Filled, InvalidFields> {
        self.check_values(values)?;
        let fields = facts.fields(self);
        let pen = Pen { values, fields };
        let mut faults = InvalidFields::default();
        let filled = |(field, fault): (String, Fault)| {
            let why = format!("can't be filled in: its {field} {fault}");
            Invalid::new(why)
        };
        let document = self.document(&pen, facts).map_err(filled);
        let document = faults.take("proposal_template", document);
        if document
            .as_ref()
            .is_some_and(|it| it.title.chars().nth(MAX_TITLE).is_some())
        {
            let why = format!("becomes too long: its title has at most {MAX_TITLE} characters");
            faults.push("proposal_template", Invalid::new(why));
        }
        let message = self.message.as_ref().map(|message| pen.write(message));
        let message = message
            .transpose()
            .map_err(|fault| filled(("message".to_owned(), fault)));
        let message = faults.take("proposal_template", message);
        faults.finish(document.zip(message).map(|(document, message)| Filled {
            document,
            message: message.filter(|it| !it.is_empty()),
        }))
    }

    fn document(&self, pen: &Pen<'_>, facts: &Facts) -> Result<Document, (String, Fault)> {
        let write = |field: &str, source: &str| {
            pen.write(source).map_err(|fault| (field.to_owned(), fault))
        };
        let footer = self.footer.as_deref().unwrap_or_default();
        let mut blocks = Vec::with_capacity(self.blocks.len());
        for (index, block) in self.blocks.iter().enumerate() {
            let block = self.block(pen, block, facts);
            blocks.extend(block.map_err(|fault| (format!("blocks[{index}]"), fault))?);
        }
        let binding = if facts.binding {
            ""
        } else {
            &self.labels.draft
        };
        Ok(Document {
            title: one_line(&write("title", &self.title)?),
            language: self.language.clone(),
            right_to_left: is_right_to_left(&self.language),
            footer: one_line(&write("footer", footer)?),
            page_label: self.labels.page.clone(),
            draft: binding.to_owned(),
            blocks,
        })
    }

    fn block(
        &self,
        pen: &Pen<'_>,
        block: &BlockTemplate,
        facts: &Facts,
    ) -> Result<Option<Block>, Fault> {
        Ok(match block {
            BlockTemplate::Heading(source) => {
                let text = one_line(&pen.write(source)?);
                Some(text).filter(|it| !it.is_empty()).map(Block::Heading)
            }
            BlockTemplate::Paragraph(source) => {
                let text = pen.write(source)?;
                let lines = text.lines().map(str::to_owned).collect();
                (!text.is_empty()).then_some(Block::Paragraph(lines))
            }
            BlockTemplate::List(sources) => {
                let items = sources.iter().map(|source| pen.write(source));
                let mut items: Vec<String> = items.collect::<Result<_, _>>()?;
                items.retain(|item| !item.is_empty());
                (!items.is_empty()).then_some(Block::List(items))
            }
            BlockTemplate::Lines(columns) => Some(Block::Table(self.table(columns, facts))),
            BlockTemplate::Totals => Some(Block::Totals(self.totals(facts))),
            BlockTemplate::PageBreak => Some(Block::PageBreak),
        })
    }

    fn table(&self, chosen: &[LineColumn], facts: &Facts) -> Table {
        let discounted = facts.lines.iter().any(|line| line.discount_ppm > 0);
        let usual = |column: &LineColumn| match column {
            LineColumn::Discount => discounted,
            LineColumn::TaxRate | LineColumn::GrossAmount => false,
            _ => true,
        };
        let usual = LineColumn::ALL.iter().copied().filter(usual);
        let columns: Vec<LineColumn> = match chosen {
            [] => usual.collect(),
            chosen => chosen.to_vec(),
        };
        let row = |(index, line): (usize, &LineFacts)| {
            let cells = columns.iter().map(|it| self.cell(*it, index, line, facts));
            cells.collect()
        };
        Table {
            rows: facts.lines.iter().enumerate().map(row).collect(),
            columns: columns.iter().map(|column| self.column(*column)).collect(),
        }
    }

    fn column(&self, column: LineColumn) -> Column {
        let labels = &self.labels;
        let head = match column {
            LineColumn::Position => &labels.position,
            LineColumn::Description => &labels.description,
            LineColumn::Quantity => &labels.quantity,
            LineColumn::UnitPrice => &labels.unit_price,
            LineColumn::Discount => &labels.discount,
            LineColumn::TaxRate => &labels.tax,
            LineColumn::NetAmount => &labels.net_amount,
            LineColumn::GrossAmount => &labels.gross_amount,
        };
        Column {
            head: head.clone(),
            numeric: column != LineColumn::Description,
        }
    }

    fn cell(&self, column: LineColumn, index: usize, line: &LineFacts, facts: &Facts) -> String {
        match column {
            LineColumn::Position => (index + 1).to_string(),
            LineColumn::Description => line.description.clone(),
            LineColumn::Quantity => self.numbers.write(line.quantity),
            LineColumn::UnitPrice => facts.amount(line.unit_price, self),
            LineColumn::Discount if line.discount_ppm == 0 => String::new(),
            LineColumn::Discount => self.numbers.percent(line.discount_ppm),
            LineColumn::TaxRate => self.numbers.percent(line.tax_rate_ppm),
            LineColumn::NetAmount => facts.amount(line.net, self),
            LineColumn::GrossAmount => facts.amount(line.gross, self),
        }
    }

    fn totals(&self, facts: &Facts) -> Vec<(String, String)> {
        let labels = &self.labels;
        let taxes = facts.taxes.iter().map(|(rate, amount)| {
            let rate = self.numbers.percent(i64::from(*rate));
            (format!("{} {rate}", labels.tax), facts.money(*amount, self))
        });
        let mut totals = vec![(labels.subtotal.clone(), facts.money(facts.net, self))];
        totals.extend(taxes);
        totals.push((labels.total.clone(), facts.money(facts.gross, self)));
        totals
    }

    fn check_values(&self, values: &BTreeMap<String, String>) -> Result<(), InvalidFields> {
        let mut faults = InvalidFields::default();
        for key in &self.merge_fields {
            let fault = match values.get(key) {
                None => "is missing: the template needs it".to_owned(),
                Some(value) if value.chars().nth(MAX_VALUE).is_some() => {
                    format!("is too long: at most {MAX_VALUE} characters")
                }
                Some(value) if value.contains(|it: char| it.is_control() && it != '\n') => {
                    "holds a control character: write plain text".to_owned()
                }
                Some(_) => continue,
            };
            faults.push(&format!("merge_fields.{key}"), Invalid::new(fault));
        }
        // Not by their names: they may be anything, also somebody's data.
        if values.keys().any(|key| !self.merge_fields.contains(key)) {
            let declared = self.merge_fields.join(", ");
            let why =
                format!("hold a key that is not declared: the template declares [{declared}]");
            faults.push("merge_fields", Invalid::new(why));
        }
        faults.finish(Some(()))
    }

    /// Reads every text, and fills it in once with everything and once with as little as can be.
    pub(super) fn try_out(&self, faults: &mut InvalidFields) {
        let values: BTreeMap<String, String> = self
            .merge_fields
            .iter()
            .map(|key| (key.clone(), "1".to_owned()))
            .collect();
        let pen = |everything| Pen {
            values: &values,
            fields: Facts::sample(everything).fields(self),
        };
        let (full, bare) = (pen(true), pen(false));
        let known = self.known(&full.fields);
        for (field, source) in self.texts() {
            let tried = engine::check(source, &known)
                .and_then(|()| full.write(source))
                .and_then(|_| match bare.write(source) {
                    Err(fault) if !fault.is_missing_value() => Err(fault),
                    _ => Ok(()),
                });
            if let Err(fault) = tried {
                faults.push(&field, Invalid::new(fault.to_string()));
            }
        }
    }

    fn known(&self, fields: &Fields) -> BTreeSet<String> {
        let things = fields.iter().flat_map(|(thing, fields)| {
            fields
                .iter()
                .map(move |(name, _)| format!("{thing}.{name}"))
        });
        self.merge_fields.iter().cloned().chain(things).collect()
    }

    /// Every text, by the path of its field.
    fn texts(&self) -> Vec<(String, &str)> {
        let mut texts = vec![("title".to_owned(), self.title.as_str())];
        texts.extend(self.message.as_deref().map(|it| ("message".to_owned(), it)));
        texts.extend(self.footer.as_deref().map(|it| ("footer".to_owned(), it)));
        for (index, block) in self.blocks.iter().enumerate() {
            let at = |part: &str| format!("blocks[{index}].{part}");
            match block {
                BlockTemplate::Heading(text) => texts.push((at("heading"), text)),
                BlockTemplate::Paragraph(text) => texts.push((at("paragraph"), text)),
                BlockTemplate::List(items) => {
                    let items = items.iter().enumerate();
                    texts.extend(
                        items.map(|(item, text)| {
                            (at(&format!("list.items[{item}]")), text.as_str())
                        }),
                    );
                }
                BlockTemplate::Lines(_) | BlockTemplate::Totals | BlockTemplate::PageBreak => {}
            }
        }
        texts
    }
}

fn is_right_to_left(language: &str) -> bool {
    let mut parts = language.split('-').map(str::to_ascii_lowercase);
    let first = parts.next().unwrap_or_default();
    match parts.next().as_deref() {
        Some("arab" | "hebr" | "thaa" | "syrc" | "adlm" | "nkoo") => true,
        Some(script) if script.len() == 4 => false,
        _ => RIGHT_TO_LEFT.contains(&first.as_str()),
    }
}

/// Whatever values bring along, titles and headings have one line.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}
