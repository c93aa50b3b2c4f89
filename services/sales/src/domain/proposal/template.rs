//! What proposals look like.

mod fill;

pub use fill::Filled;

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::numbered;
use rapport_platform::text;
use rapport_platform::time::Timestamp;

use super::facts::{CUSTOMER, QUOTE, SELLER};
use super::notation::{DateFormat, NumberFormat};

/// Longest display name, in characters.
const MAX_DISPLAY_NAME: usize = 100;
/// Longest line of text, in characters.
const MAX_LINE: usize = 500;
/// Longest text of several lines, in characters.
const MAX_PASSAGE: usize = 10_000;
/// Longest item of a list, in characters.
const MAX_ITEM: usize = 2_000;
/// Most items of a list.
const MAX_ITEMS: usize = 50;
/// Longest label, in characters.
const MAX_LABEL: usize = 40;
/// Most blocks.
const MAX_BLOCKS: usize = 100;
/// Most merge fields.
const MAX_MERGE_FIELDS: usize = 50;
/// Longest description of a merge field, in characters.
const MAX_DESCRIPTION: usize = 200;
/// Longest key of a merge field.
const MAX_KEY: usize = 63;

numbered! {
    /// What a page measures.
    pub enum PageSize as "page size" {
        /// 210 x 297 mm.
        A4 = 1 "A4",
        /// 8.5 x 11 inches.
        Letter = 2 "LETTER",
    }
}

numbered! {
    /// A column of the lines of a quote.
    pub enum LineColumn as "column" {
        /// Number of the line.
        Position = 1 "POSITION",
        /// What the customer reads.
        Description = 2 "DESCRIPTION",
        /// How many.
        Quantity = 3 "QUANTITY",
        /// Price of one.
        UnitPrice = 4 "UNIT_PRICE",
        /// Discounts in all.
        Discount = 5 "DISCOUNT",
        /// Rate of the tax.
        TaxRate = 6 "TAX_RATE",
        /// Before tax.
        NetAmount = 7 "NET_AMOUNT",
        /// With tax.
        GrossAmount = 8 "GROSS_AMOUNT",
    }
}

/// What proposals look like. What exists can be read: every text was parsed and tried, and uses
/// known fields only.
#[derive(Debug, Clone)]
pub struct Template {
    display_name: String,
    language: String,
    numbers: NumberFormat,
    dates: DateFormat,
    zone: TimeZone,
    page: PageSize,
    title: String,
    message: Option<String>,
    footer: Option<String>,
    blocks: Vec<BlockTemplate>,
    labels: Labels<String>,
    merge_fields: Vec<String>,
}

/// A part of the document, to be filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlockTemplate {
    /// One line.
    Heading(String),
    /// Several lines.
    Paragraph(String),
    /// Items.
    List(Vec<String>),
    /// The lines of the quote; without columns, the usual ones.
    Lines(Vec<LineColumn>),
    /// What they come to.
    Totals,
    /// The end of a page.
    PageBreak,
}

/// A template as it was sent or stored.
#[derive(Debug, Clone, Default)]
pub struct TemplateParts<'a> {
    /// What people call it.
    pub display_name: &'a str,
    /// BCP 47.
    pub language: &'a str,
    /// Number of the [`NumberFormat`].
    pub numbers: i32,
    /// Number of the [`DateFormat`].
    pub dates: i32,
    /// IANA name.
    pub time_zone: &'a str,
    /// Number of the [`PageSize`].
    pub page: i32,
    /// Title and subject.
    pub title: &'a str,
    /// The message with which it is sent; empty for none.
    pub message: &'a str,
    /// The foot of every page; empty for none.
    pub footer: &'a str,
    /// From top to bottom; none where the message says nothing.
    pub blocks: Vec<Option<BlockParts<'a>>>,
    /// Empty ones are in English.
    pub labels: Labels<&'a str>,
    /// Key and description of each merge field.
    pub merge_fields: Vec<(&'a str, &'a str)>,
}

/// A block as it was sent or stored.
#[derive(Debug, Clone)]
pub enum BlockParts<'a> {
    /// One line.
    Heading(&'a str),
    /// Several lines.
    Paragraph(&'a str),
    /// Items.
    List(&'a [String]),
    /// Numbers of the [`LineColumn`]s.
    Lines(&'a [i32]),
    /// What they come to.
    Totals,
    /// The end of a page.
    PageBreak,
}

macro_rules! labels {
    ($($(#[$meta:meta])* $label:ident $english:literal,)+) => {
        /// What heads of columns and totals are called.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct Labels<T> {
            $( $(#[$meta])* pub $label: T, )+
        }

        impl Labels<&str> {
            fn parse(&self) -> Result<Labels<String>, InvalidFields> {
                let mut faults = InvalidFields::default();
                $(
                    let label = text::optional_line(self.$label, MAX_LABEL);
                    let $label = faults.take(stringify!($label), label);
                )+
                let labels = (|| Some(Labels {
                    $( $label: $label?.unwrap_or_else(|| $english.to_owned()), )+
                }))();
                faults.finish(labels)
            }
        }
    };
}

labels! {
    /// Of the numbers of lines.
    position "Pos.",
    /// Of descriptions.
    description "Description",
    /// Of quantities.
    quantity "Quantity",
    /// Of unit prices.
    unit_price "Unit price",
    /// Of discounts.
    discount "Discount",
    /// Of tax rates, and before them in the totals.
    tax "Tax",
    /// Of amounts before tax.
    net_amount "Amount",
    /// Of amounts with tax.
    gross_amount "Amount incl. tax",
    /// Of the sum before tax.
    subtotal "Subtotal",
    /// Of what the customer pays.
    total "Total",
    /// Before the number of a page.
    page "Page",
    /// What does not bind says so.
    draft "Draft, not binding",
}

impl Template {
    /// Reads a template: its texts can be read, use known fields only, and can be filled in.
    ///
    /// # Errors
    /// Every field at fault.
    pub fn parse(parts: &TemplateParts<'_>) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let name = text::line(parts.display_name, MAX_DISPLAY_NAME);
        let display_name = faults.take("display_name", name);
        let language = faults.take("language_code", language(parts.language));
        let numbers = faults.take("number_format", NumberFormat::try_from(parts.numbers));
        let dates = faults.take("date_format", DateFormat::try_from(parts.dates));
        let zone = TimeZone::get(parts.time_zone)
            .map_err(|_| Invalid::new("is no IANA time zone: name one such as Europe/Zurich"));
        let zone = faults.take("time_zone", zone);
        let page = faults.take("page_size", PageSize::try_from(parts.page));
        let title = faults.take("title", text::line(parts.title, MAX_LINE));
        let message = text::optional_passage(parts.message, MAX_PASSAGE);
        let message = faults.take("message", message);
        let footer = faults.take("footer", text::optional_line(parts.footer, MAX_LINE));
        let blocks = faults.take("blocks", blocks(&parts.blocks));
        let labels = faults.take("labels", parts.labels.parse());
        let merge_fields = faults.take("merge_fields", merge_fields(&parts.merge_fields));
        let template = (|| {
            Some(Self {
                display_name: display_name?,
                language: language?,
                numbers: numbers?,
                dates: dates?,
                zone: zone?,
                page: page?,
                title: title?,
                message: message?,
                footer: footer?,
                blocks: blocks?,
                labels: labels?,
                merge_fields: merge_fields?,
            })
        })();
        if let Some(template) = &template {
            template.try_out(&mut faults);
        }
        faults.finish(template)
    }

    /// What a quote looks like as the plain text of a message, without a template of the tenant's.
    pub fn plain() -> Self {
        Self {
            display_name: String::new(),
            language: "en".to_owned(),
            numbers: NumberFormat::CommaPoint,
            dates: DateFormat::YearMonthDay,
            zone: TimeZone::UTC,
            page: PageSize::A4,
            title: "{{ quote.title }}".to_owned(),
            message: None,
            footer: None,
            blocks: vec![
                BlockTemplate::Heading("{{ quote.title }}".to_owned()),
                BlockTemplate::Lines(Vec::new()),
                BlockTemplate::Totals,
                BlockTemplate::Paragraph("{{ quote.terms|default('') }}".to_owned()),
            ],
            // No label of ours is at fault.
            labels: Labels::default().parse().unwrap_or_default(),
            merge_fields: Vec::new(),
        }
    }

    /// What people call it.
    pub fn display_name(&self) -> &str {
        &self.display_name
    }

    /// BCP 47.
    pub fn language(&self) -> &str {
        &self.language
    }

    /// What a page measures.
    pub const fn page(&self) -> PageSize {
        self.page
    }

    /// How numbers are written.
    pub(super) const fn numbers(&self) -> NumberFormat {
        self.numbers
    }

    /// The day of an instant.
    pub(super) fn day(&self, instant: Timestamp) -> String {
        let local = instant.to_jiff().to_zoned(self.zone.clone());
        self.dates.day(local.date())
    }
}

/// A language tag as people write it, with its parts as they are written by custom.
fn language(raw: &str) -> Result<String, Invalid> {
    let parts: Vec<&str> = raw.split('-').collect();
    let known = |part: &str, from, to| {
        (from..=to).contains(&part.len()) && part.bytes().all(|it| it.is_ascii_alphanumeric())
    };
    let first = parts
        .first()
        .is_some_and(|part| known(part, 2, 3) && part.bytes().all(|it| it.is_ascii_alphabetic()));
    if first && parts.len() <= 4 && parts.iter().skip(1).all(|part| known(part, 2, 8)) {
        return Ok(raw.to_owned());
    }
    Err(Invalid::new(
        "is no language: write it as in BCP 47, such as de-CH",
    ))
}

fn blocks(parts: &[Option<BlockParts<'_>>]) -> Result<Vec<BlockTemplate>, InvalidFields> {
    if parts.is_empty() || parts.len() > MAX_BLOCKS {
        return Err(Invalid::new("must be 1 to 100").into());
    }
    let mut faults = InvalidFields::default();
    let mut blocks = Vec::with_capacity(parts.len());
    for (index, parts) in parts.iter().enumerate() {
        let block = parts.as_ref().map_or_else(
            || Err(Invalid::new("says nothing: set one of its fields").into()),
            block,
        );
        blocks.extend(faults.take(&format!("[{index}]"), block));
    }
    faults.finish(Some(blocks))
}

fn block(parts: &BlockParts<'_>) -> Result<BlockTemplate, InvalidFields> {
    Ok(match parts {
        BlockParts::Heading(raw) => {
            let line = text::line(raw, MAX_LINE);
            BlockTemplate::Heading(line.map_err(|fault| fault.within("heading"))?)
        }
        BlockParts::Paragraph(raw) => {
            let passage = text::passage(raw, MAX_PASSAGE);
            BlockTemplate::Paragraph(passage.map_err(|fault| fault.within("paragraph"))?)
        }
        BlockParts::List(raw) => {
            if raw.is_empty() || raw.len() > MAX_ITEMS {
                return Err(Invalid::new("must be 1 to 50").within("list.items").into());
            }
            let item = |(index, raw): (usize, &String)| {
                text::passage(raw, MAX_ITEM)
                    .map_err(|fault| fault.within(&format!("list.items[{index}]")))
            };
            BlockTemplate::List(raw.iter().enumerate().map(item).collect::<Result<_, _>>()?)
        }
        BlockParts::Lines(raw) => {
            let columns = raw.iter().map(|number| LineColumn::try_from(*number));
            let columns: Result<Vec<_>, _> = columns.collect();
            let columns = columns.map_err(|fault| fault.within("lines.columns"))?;
            if columns.iter().collect::<BTreeSet<_>>().len() != columns.len() {
                let fault = Invalid::new("names a column twice");
                return Err(fault.within("lines.columns").into());
            }
            BlockTemplate::Lines(columns)
        }
        BlockParts::Totals => BlockTemplate::Totals,
        BlockParts::PageBreak => BlockTemplate::PageBreak,
    })
}

fn merge_fields(raw: &[(&str, &str)]) -> Result<Vec<String>, InvalidFields> {
    if raw.len() > MAX_MERGE_FIELDS {
        return Err(Invalid::new("are too many: declare at most 50").into());
    }
    let mut faults = InvalidFields::default();
    let mut keys: Vec<String> = Vec::with_capacity(raw.len());
    for (index, (key, description)) in raw.iter().enumerate() {
        let description = text::optional_line(description, MAX_DESCRIPTION);
        faults.take(&format!("[{index}].description"), description);
        let key = match keys.iter().any(|it| it == key) {
            true => Err(Invalid::new("repeats an earlier key: leave it out")),
            false => self::key(key),
        };
        keys.extend(faults.take(&format!("[{index}].key"), key));
    }
    faults.finish(Some(keys))
}

fn key(raw: &str) -> Result<String, Invalid> {
    let known = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_';
    let first = raw.starts_with(|it: char| it.is_ascii_lowercase());
    let taken = [QUOTE, CUSTOMER, SELLER].contains(&raw);
    if first && raw.len() <= MAX_KEY && raw.bytes().all(known) && !taken {
        return Ok(raw.to_owned());
    }
    Err(Invalid::new(
        "is no key: use 1 to 63 lower case letters, digits and '_', with a letter first; `quote`, \
         `customer` and `seller` are taken",
    ))
}
