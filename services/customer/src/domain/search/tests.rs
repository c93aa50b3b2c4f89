//! Stories of searching: what is typed on the right finds the customer on the left.

use proptest::prelude::*;

use super::*;
use crate::domain::email::EmailAddress;
use crate::domain::external_id::ExternalId;
use crate::domain::names::{CustomerName, OrganisationName, PersonName, PersonNameParts};
use crate::domain::phone::PhoneNumber;

/// Everything that a customer may be remembered by.
#[derive(Default)]
struct Indexed(Terms);

impl Indexed {
    fn person(full_name: &str) -> Self {
        let parts = PersonNameParts {
            full_name,
            ..PersonNameParts::default()
        };
        let mut terms = Terms::default();
        terms.name(&CustomerName::Person(PersonName::parse(parts).unwrap()));
        Self(terms)
    }

    fn organisation(legal: &str, trading: &str) -> Self {
        let mut terms = Terms::default();
        let name = OrganisationName::parse(legal, trading).unwrap();
        terms.name(&CustomerName::Organisation(name));
        Self(terms)
    }

    fn email(mut self, address: &str) -> Self {
        self.0.email(&EmailAddress::parse(address).unwrap());
        self
    }

    fn phone(mut self, number: &str) -> Self {
        self.0.phone(&PhoneNumber::parse(number, None).unwrap());
        self
    }

    fn external(mut self, id: &str) -> Self {
        self.0.external_id(&ExternalId::parse("erp", id).unwrap());
        self
    }

    /// Whether a store that does what `Query` says would find the customer.
    fn is_found_by(&self, typed: &str) -> bool {
        let Ok(query) = Query::parse(typed) else {
            return false;
        };
        let holds = |range: &TermRange| {
            self.0.iter().any(|term| {
                term.kind() == range.kind()
                    && term.text() >= range.lower()
                    && range.upper().is_none_or(|upper| term.text() < upper)
            })
        };
        query
            .words()
            .iter()
            .all(|word| word.ranges().iter().any(holds))
    }
}

#[test]
fn names_are_found_however_they_are_typed() {
    for (name, found_by, not_by) in [
        (
            "Ada Lovelace",
            &["ada", "LOVE", "lovelace ada", "ada love"][..],
            &["dalo", "ada byron"][..],
        ),
        (
            "José Muñoz",
            &["jose", "munoz", "JOSÉ", "Mun\u{303}oz"],
            &["josefa"],
        ),
        ("Łucja Ørsted", &["lucja", "orsted", "Ør"], &["rsted"]),
        (
            "Jean-Luc O'Brien",
            &[
                "jean",
                "luc",
                "jean-luc",
                "jeanluc",
                "obrien",
                "o’brien",
                "brien",
            ],
            &["ean"],
        ),
        (
            "王小明",
            &["王", "王小明", "小明", "明", "王 小明"],
            &["大明", "明王"],
        ),
        ("王 小明", &["王小明", "小明"], &["小王"]),
        (
            "김철수",
            &[
                "김",
                "철수",
                "김철수",
                "ㄱ",
                "기",
                "김ㅊ",
                "김처",
                "ㅊ",
                "ᄀ",
                "ᄀ\u{1175}",
            ],
            &["수철", "김처수", "ᅵ"],
        ),
        ("ｶﾞｽ じろう", &["ｶ", "ガ", "ガス", "じ", "し"], &["が", "ギ"]),
        ("محمد بن سلمان", &["محمد", "سلمان", "مُحَمَّد"], &["حمد"]),
        ("नरेन्द्र मोदी", &["मोदी", "नरेन्द्र"], &["मदी"]),
        ("สมชาย ใจดี", &["สมชาย", "ใจดี"], &["ดีใจ"]),
        ("👩‍👩‍👧 Meier", &["meier", "👩‍👩‍👧 meier"], &["👩‍👩‍👧"]),
    ] {
        let customer = Indexed::person(name);
        for typed in found_by {
            assert!(customer.is_found_by(typed), "{name} by {typed}");
        }
        for typed in not_by {
            assert!(!customer.is_found_by(typed), "{name} not by {typed}");
        }
    }
}

#[test]
fn an_organisation_is_found_by_either_of_its_names() {
    let acme = Indexed::organisation("北京阿克米ACME科技有限公司", "AT&T 3M");

    for typed in ["acme", "科技", "北京", "有限公司", "at&t", "3m", "att"] {
        assert!(acme.is_found_by(typed), "{typed}");
    }
}

#[test]
fn a_very_long_name_is_found_by_its_beginning_and_by_all_of_it() {
    let long = "Xóchitl ".repeat(25);
    let unspaced = "龍".repeat(200);

    assert!(Indexed::person(&long).is_found_by(&long));
    assert!(Indexed::person(&unspaced).is_found_by(&unspaced));
    assert!(Indexed::person(&unspaced).is_found_by("龍龍"));
}

#[test]
fn addresses_are_found_by_their_parts() {
    let customer = Indexed::person("Käthe Kollwitz").email("K.Kollwitz+art@Mail.Müller.de");

    for typed in [
        "k.kollwitz+art@mail.müller.de",
        "kollwitz+art@mail",
        "@mail.muller",
        "mail.muller.de",
        "müller.de",
        "art@",
        "k.kollwitz+art@mail.xn--mller-kva.de",
        "käthe müller.de",
    ] {
        assert!(customer.is_found_by(typed), "{typed}");
    }
    for typed in ["k.kollwitz@", "@kollwitz", "@muller.de", "ollwitz"] {
        assert!(!customer.is_found_by(typed), "{typed}");
    }
}

#[test]
fn numbers_are_found_from_the_front_and_from_the_back() {
    let customer = Indexed::person("Ada")
        .phone("+44 20 7946 0958")
        .phone("+39 06 1234 5678");

    for typed in [
        "+44 20 7946 0958",
        "+44 (0)20 7946",
        "0044 20 79",
        "020 7946 0958",
        "20 7946",
        "60958",
        "0958",
        "06 1234",
        "+39 06",
        "٠٢٠ ٧٩٤٦",
        "ada 0958",
    ] {
        assert!(customer.is_found_by(typed), "{typed}");
    }
    for typed in ["958", "7946 0959", "0958 0958"] {
        assert!(!customer.is_found_by(typed), "{typed}");
    }
}

#[test]
fn ids_of_other_systems_are_found_as_they_are_printed() {
    let customer = Indexed::person("Ada")
        .external("KD-00017 b")
        .external("0004711");

    for typed in [
        "KD-000",
        "kd-00017",
        "kd-00017 b",
        "0004711",
        "4711",
        "ada 4711",
    ] {
        assert!(customer.is_found_by(typed), "{typed}");
    }
}

#[test]
fn nothing_to_search_for_is_refused_and_finds_nobody() {
    for typed in ["", "  ", "🎉", "@", "--", "\u{301}"] {
        let refused = Query::parse(typed).unwrap_err().to_string();
        assert!(
            refused.contains("at least one letter or digit"),
            "{typed:?}"
        );
    }
}

#[test]
fn the_index_of_one_customer_is_bounded() {
    let mut terms = Terms::default();
    for index in 0..1_000 {
        let id = format!("{index} {}", "x y ".repeat(40));
        terms.external_id(&ExternalId::parse("erp", &id).unwrap());
    }

    assert_eq!(terms.iter().count(), MAX_TERMS);
    assert!(
        terms
            .iter()
            .all(|term| term.text().chars().count() <= MAX_TERM)
    );
}

#[test]
fn a_change_of_name_touches_only_the_terms_that_differ() {
    let before = Indexed::person("Ada Byron").external("17").0;
    let after = Indexed::person("Ada Lovelace").external("17").0;

    let removed: Vec<_> = before.without(&after).map(Term::text).collect();
    let added: Vec<_> = after.without(&before).map(Term::text).collect();

    assert_eq!(removed, ["ada byron", "byron"]);
    assert_eq!(added, ["ada lovelace", "lovelace"]);
}

proptest! {
    #[test]
    fn every_person_is_found_by_every_beginning_of_the_name(
        name in "[\\p{Latin}\\p{Han}\\p{Arabic}\\p{Hangul}\\p{Thai}'’ .-]{1,40}",
        length in 1_usize..40,
    ) {
        let parts = PersonNameParts { full_name: &name, ..PersonNameParts::default() };
        if PersonName::parse(parts).is_ok() {
            let typed: String = name.trim().chars().take(length).collect();
            if Query::parse(&typed).is_ok() {
                prop_assert!(Indexed::person(&name).is_found_by(&typed), "{name:?} by {typed:?}");
            }
        }
    }

    #[test]
    fn no_text_breaks_the_index_or_the_query(text in any::<String>()) {
        let _ = Query::parse(&text);
        if let Ok(external) = ExternalId::parse("erp", &text) {
            let mut terms = Terms::default();
            terms.external_id(&external);
            prop_assert!(terms.iter().all(|term| !term.text().is_empty()));
        }
    }
}
