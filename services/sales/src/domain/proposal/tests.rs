//! Templates that are filled in, and what becomes of them.

use std::collections::BTreeMap;

use iso_currency::Currency;
use rapport_platform::time::Timestamp;
use rust_decimal::Decimal;

use super::facts::{CustomerFacts, Facts, LineFacts};
use super::pdf::{Fonts, PdfError, pdf};
use super::template::{BlockParts, Filled, Template, TemplateParts};
use super::{html, plain};

mod read_back;

/// 2026-03-29T23:30Z: the 30th in Zurich, where summer time has begun that day.
const WRITTEN: Timestamp = Timestamp::from_micros(1_774_827_000_000_000);

fn parts<'a>(blocks: Vec<BlockParts<'a>>) -> TemplateParts<'a> {
    TemplateParts {
        display_name: "Offer",
        language: "de-CH",
        numbers: 4,
        dates: 2,
        time_zone: "Europe/Zurich",
        page: 1,
        title: "Offerte {{ quote.title }}",
        footer: "Muster AG",
        blocks: blocks.into_iter().map(Some).collect(),
        merge_fields: vec![("intro", "What comes first")],
        ..TemplateParts::default()
    }
}

fn facts(lines: usize) -> Facts {
    let line = |index: usize| LineFacts {
        description: format!("Prüfgerät Nr. {index} <b>"),
        quantity: Decimal::new(25, 1),
        unit_price: 123_450,
        discount_ppm: 50_000,
        tax_rate_ppm: 81_000,
        net: 293_194,
        gross: 316_943,
    };
    Facts {
        title: "Labor".to_owned(),
        revision: 3,
        written: WRITTEN,
        expire: Some(Timestamp::from_micros(1_777_586_400_000_000)),
        terms: None,
        content_hash: "ab".repeat(32),
        currency: Currency::CHF,
        lines: (1..=lines).map(line).collect(),
        taxes: vec![(81_000, 23_749)],
        net: 293_194,
        tax: 23_749,
        gross: 316_943,
        customer: CustomerFacts {
            display_name: "Zoë Ångström".to_owned(),
            ..CustomerFacts::default()
        },
        seller: Some("Sven".to_owned()),
        binding: true,
    }
}

fn values(intro: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("intro".to_owned(), intro.to_owned())])
}

fn filled(blocks: Vec<BlockParts<'_>>, facts: &Facts) -> Filled {
    let template = Template::parse(&parts(blocks)).unwrap();
    template.fill(&values("Guten Tag"), facts).unwrap()
}

fn everything() -> Vec<BlockParts<'static>> {
    vec![
        BlockParts::Heading("{{ quote.title }} für {{ customer.display_name }}"),
        BlockParts::Paragraph(
            "{{ intro }}\nvom {{ quote.date }} bis {{ quote.expire_date }}, {{ quote.gross_amount }}",
        ),
        BlockParts::Lines(&[]),
        BlockParts::Totals,
        BlockParts::Paragraph("{{ quote.terms|default('') }}"),
    ]
}

#[test]
fn a_document_says_what_the_quote_says() {
    let document = filled(everything(), &facts(1)).document;
    assert_eq!(document.title, "Offerte Labor");
    assert_eq!(
        plain(&document),
        "Labor für Zoë Ångström\n\nGuten Tag\nvom 30.03.2026 bis 30.04.2026, 3’169.43\u{A0}CHF\n\n\
         Pos.: 1; Prüfgerät Nr. 1 <b>; Quantity: 2.5; Unit price: 1’234.50; Discount: 5\u{A0}%; \
         Amount: 2’931.94\n\nSubtotal: 2’931.94\u{A0}CHF\nTax 8.1\u{A0}%: 237.49\u{A0}CHF\n\
         Total: 3’169.43\u{A0}CHF"
    );
}

#[test]
fn amounts_have_the_decimals_of_their_currency() {
    for (currency, written) in [
        (Currency::JPY, "316’943\u{A0}JPY"),
        (Currency::KWD, "316.943\u{A0}KWD"),
    ] {
        let document = filled(
            everything(),
            &Facts {
                currency,
                ..facts(1)
            },
        )
        .document;
        assert!(plain(&document).ends_with(written), "{currency:?}");
    }
}

#[test]
fn nothing_in_a_text_is_markup() {
    let document = filled(everything(), &facts(1)).document;
    let page = html(&document).unwrap();
    assert!(page.contains("Prüfgerät Nr. 1 &lt;b&gt;") && !page.contains("Nr. 1 <b>"));
    assert!(page.contains("<html lang=\"de-CH\" dir=\"ltr\">"));
    assert!(page.contains("<td class=\"number\">2’931.94</td>"));
    assert!(!page.contains("<script") && !page.contains("class=\"draft\""));
}

#[test]
fn what_does_not_bind_says_so() {
    let unbound = Facts {
        binding: false,
        ..facts(1)
    };
    let document = filled(everything(), &unbound).document;
    assert!(
        html(&document)
            .unwrap()
            .contains("<p class=\"draft\">Draft, not binding</p>")
    );
    assert!(plain(&document).starts_with("Draft, not binding\n"));
}

#[test]
fn columns_are_those_of_the_template() {
    // Gross amount, then description.
    let document = filled(vec![BlockParts::Lines(&[8, 2])], &facts(1)).document;
    assert_eq!(
        plain(&document),
        "Amount incl. tax: 3’169.43; Prüfgerät Nr. 1 <b>"
    );
}

#[test]
fn a_template_is_tried_before_it_is_kept() {
    let cases: [(&str, TemplateParts<'_>); 12] = [
        (
            "title",
            TemplateParts {
                title: "{{ quote.titel }}",
                ..parts(everything())
            },
        ),
        (
            "title",
            TemplateParts {
                title: "{{ outro }}",
                ..parts(everything())
            },
        ),
        (
            "footer",
            TemplateParts {
                footer: "{{ quote.title",
                ..parts(everything())
            },
        ),
        (
            "message",
            TemplateParts {
                message: "{% for a in quote %}x{% endfor %}",
                ..parts(everything())
            },
        ),
        (
            "blocks[0].paragraph",
            parts(vec![BlockParts::Paragraph("{{ quote.title * 1000 }}")]),
        ),
        (
            "blocks[0].lines.columns",
            parts(vec![BlockParts::Lines(&[1, 1])]),
        ),
        ("blocks", parts(Vec::new())),
        (
            "blocks[0]",
            TemplateParts {
                blocks: vec![None],
                ..parts(everything())
            },
        ),
        (
            "time_zone",
            TemplateParts {
                time_zone: "Europe/Zürich",
                ..parts(everything())
            },
        ),
        (
            "language_code",
            TemplateParts {
                language: "deutsch und englisch",
                ..parts(everything())
            },
        ),
        (
            "number_format",
            TemplateParts {
                numbers: 9,
                ..parts(everything())
            },
        ),
        (
            "merge_fields[0].key",
            TemplateParts {
                merge_fields: vec![("quote", "")],
                ..parts(vec![BlockParts::Totals])
            },
        ),
    ];
    for (field, parts) in cases {
        let faults = Template::parse(&parts).unwrap_err();
        let found: Vec<_> = faults.at("").into_iter().map(|it| it.field).collect();
        assert!(found.iter().any(|it| it == field), "{field}: {found:?}");
    }
}

#[test]
fn what_has_no_value_is_told_and_not_left_out() {
    let blocks = vec![BlockParts::Paragraph("{{ quote.terms }}")];
    let template = Template::parse(&parts(blocks)).unwrap();
    let faults = template.fill(&values(""), &facts(1)).unwrap_err();
    assert!(
        faults
            .to_string()
            .starts_with("proposal_template can't be filled in: its blocks[0]")
    );
    for wrong in [
        BTreeMap::new(),
        BTreeMap::from([("other".to_owned(), String::new())]),
    ] {
        assert!(template.fill(&wrong, &facts(1)).is_err());
    }
    let control = template.fill(&values("\u{7}"), &facts(1)).unwrap_err();
    assert!(control.to_string().contains("merge_fields.intro"));
}

#[test]
fn languages_know_their_direction() {
    for (language, right_to_left) in [
        ("ar-EG", true),
        ("he", true),
        ("ku-Arab", true),
        ("az-Latn", false),
        ("de", false),
        ("fa-Latn", false),
    ] {
        let parts = TemplateParts {
            language,
            ..parts(vec![BlockParts::Totals])
        };
        let document = Template::parse(&parts)
            .unwrap()
            .fill(&values(""), &facts(0))
            .unwrap()
            .document;
        assert_eq!(document.right_to_left, right_to_left, "{language}");
    }
}

#[test]
fn the_same_document_makes_the_same_bytes() {
    let (fonts, document) = (
        Fonts::with(Vec::new()).unwrap(),
        filled(everything(), &facts(40)).document,
    );
    let page = super::template::PageSize::A4;
    let first = pdf(&document, page, &fonts).unwrap();
    assert_eq!(
        first,
        pdf(&document, page, &Fonts::with(Vec::new()).unwrap()).unwrap()
    );
    assert!(
        first.len() < 100_000,
        "only glyphs that are used: {}",
        first.len()
    );
}

#[test]
fn a_character_that_no_font_has_is_named() {
    let greeted = Facts {
        title: "王小明".to_owned(),
        ..facts(1)
    };
    let document = filled(everything(), &greeted).document;
    let page = super::template::PageSize::A4;
    let missing = pdf(&document, page, &Fonts::with(Vec::new()).unwrap());
    assert_eq!(missing, Err(PdfError::MissingGlyph('王')));
    assert_eq!(Fonts::with(vec![b"no font".to_vec()]).unwrap_err(), 0);
    for font in [read_back::TRUETYPE, read_back::CFF] {
        assert!(pdf(&document, page, &Fonts::with(vec![font.to_vec()]).unwrap()).is_ok());
    }
}
