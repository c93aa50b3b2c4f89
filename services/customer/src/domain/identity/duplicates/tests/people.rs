//! Invented persons, each with clean and dirty records, and others who are easily taken for them.

mod words;

use words::{FAMILY, GIVEN, SOUNDS, STREETS};

use super::{Traits, email, person, phone, place};

/// A record, and who it is of.
pub(super) struct Labelled {
    pub(super) person: usize,
    pub(super) traits: Traits,
}

/// Splitmix64: the same people from the same seed on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        it ^ (it >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.roll() % bound as u64) as usize
    }

    fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// All that there is to know of somebody.
#[derive(Clone)]
struct Somebody {
    given: String,
    family: String,
    birth: Option<(i16, i8, i8)>,
    email: Option<String>,
    phone: Option<String>,
    home: Option<(String, String, usize)>,
    swapped: bool,
}

/// Records of `count` persons: one clean and one to three dirty ones each; and of twins, fathers
/// and namesakes of some.
pub(super) fn population(seed: u64, count: usize) -> Vec<Labelled> {
    let dice = &mut Dice(seed);
    let mut records = Vec::new();
    let mut next = 0;
    let mut add = |dice: &mut Dice, somebody: &Somebody, dirty: usize| {
        records.push(labelled(next, somebody));
        for _ in 0..dirty {
            records.push(labelled(next, &spoilt(dice, somebody)));
        }
        next += 1;
    };
    for _ in 0..count {
        let one = somebody(dice);
        let dirty = 1 + dice.below(3);
        add(dice, &one, dirty);
        let other = match dice.below(100) {
            0..3 => twin(dice, &one),
            3..6 => father(dice, &one),
            6..10 => namesake(dice, &one),
            10..13 => spouse(dice, &one),
            _ => continue,
        };
        add(dice, &other, 1);
    }
    records
}

fn labelled(person_number: usize, it: &Somebody) -> Labelled {
    let name = if it.swapped {
        format!("{} {}", it.family, it.given)
    } else {
        format!("{} {}", it.given, it.family)
    };
    let mut traits = person(&name, it.birth);
    if let Some(address) = &it.email {
        email(&mut traits, address);
    }
    if let Some(number) = &it.phone {
        phone(&mut traits, number);
    }
    if let Some((code, street, number)) = &it.home {
        place(&mut traits, code, &format!("{street} {number}"));
    }
    Labelled {
        person: person_number,
        traits,
    }
}

fn family_name(dice: &mut Dice) -> String {
    let family = dice.pick(&FAMILY);
    match dice.below(4) {
        0 => format!("{family}-{}", dice.pick(&FAMILY)),
        _ => family.to_owned(),
    }
}

fn birth(dice: &mut Dice) -> (i16, i8, i8) {
    let year = 1935 + dice.below(70) as i16;
    (year, 1 + dice.below(12) as i8, 1 + dice.below(28) as i8)
}

fn mobile(dice: &mut Dice) -> String {
    format!("+4179{:07}", 2_000_000 + dice.below(7_999_999))
}

fn home(dice: &mut Dice) -> (String, String, usize) {
    let code = format!("{}", 1000 + dice.below(8_600));
    (code, dice.pick(&STREETS).to_owned(), 1 + dice.below(120))
}

fn address(dice: &mut Dice, given: &str, family: &str) -> String {
    let host = dice.pick(&["example.com", "example.org", "example.net", "mail.example"]);
    let (given, family) = (given.to_lowercase(), family.to_lowercase());
    format!("{given}.{family}{}@{host}", dice.below(1_000))
}

fn somebody(dice: &mut Dice) -> Somebody {
    let (given, family) = (dice.pick(&GIVEN).to_owned(), family_name(dice));
    Somebody {
        birth: Some(birth(dice)),
        email: Some(address(dice, &given, &family)),
        phone: Some(mobile(dice)),
        home: Some(home(dice)),
        swapped: false,
        given,
        family,
    }
}

/// Born the same day, at home at the same place, with the same fixed line.
fn twin(dice: &mut Dice, one: &Somebody) -> Somebody {
    let mut given = dice.pick(&GIVEN).to_owned();
    while given == one.given {
        given = dice.pick(&GIVEN).to_owned();
    }
    Somebody {
        email: Some(address(dice, &given, &one.family)),
        given,
        ..one.clone()
    }
}

/// Of the same name at the same place.
fn father(dice: &mut Dice, one: &Somebody) -> Somebody {
    let (_, month, day) = birth(dice);
    let birth = one
        .birth
        .map(|(year, ..)| (year - 20 - dice.below(20) as i16, month, day));
    Somebody {
        birth,
        email: Some(address(dice, &one.given, &one.family)),
        phone: Some(mobile(dice)),
        ..one.clone()
    }
}

/// Of the same name somewhere else.
fn namesake(dice: &mut Dice, one: &Somebody) -> Somebody {
    Somebody {
        given: one.given.clone(),
        family: one.family.clone(),
        email: Some(address(dice, &one.given, &one.family)),
        ..somebody(dice)
    }
}

/// At the same place with the same e-mail address and phone.
fn spouse(dice: &mut Dice, one: &Somebody) -> Somebody {
    let mut given = dice.pick(&GIVEN).to_owned();
    while given == one.given {
        given = dice.pick(&GIVEN).to_owned();
    }
    Somebody {
        given,
        birth: Some(birth(dice)),
        ..one.clone()
    }
}

/// One to three mistakes, each in another field, and fields that were left out: never all that
/// tells who it is.
fn spoilt(dice: &mut Dice, clean: &Somebody) -> Somebody {
    let mut it = clean.clone();
    let mut made = Vec::new();
    for _ in 0..=dice.below(3) {
        let kind = dice.below(12);
        // The field that each kind of mistake spoils.
        let field = [0, 0, 1, 1, 1, 0, 2, 3, 4, 5, 6, 6][kind];
        if !made.contains(&field) {
            made.push(field);
            mistake(dice, kind, &mut it);
        }
    }
    let mut left_out = 0;
    for field in 0..4 {
        if left_out < 1 && dice.percent(12) {
            left_out += 1;
            match field {
                0 => it.birth = None,
                1 => it.email = None,
                2 => it.phone = None,
                _ => it.home = None,
            }
        }
    }
    it
}

fn mistake(dice: &mut Dice, kind: usize, it: &mut Somebody) {
    match kind {
        0 | 1 => it.given = typo(dice, &it.given),
        2 | 3 => it.family = typo(dice, &it.family),
        4 => it.family = respelt(dice, &it.family),
        5 => it.given = respelt(dice, &it.given),
        6 => it.swapped = true,
        7 => it.birth = it.birth.map(|birth| mistyped_birth(dice, birth)),
        8 => it.email = it.email.take().map(|email| mistyped(dice, &email)),
        9 => it.phone = it.phone.take().map(|phone| mistyped_number(dice, &phone)),
        10 => {
            if let Some((_, street, _)) = &mut it.home {
                *street = typo(dice, street);
            }
        }
        // Moved.
        _ => it.home = it.home.as_ref().map(|_| home(dice)),
    }
}

/// A letter too many, too few, wrong, or two in turn.
fn typo(dice: &mut Dice, word: &str) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    if letters.len() < 3 {
        return word.to_owned();
    }
    let at = 1 + dice.below(letters.len() - 2);
    let letter = char::from(b'a' + dice.below(26) as u8);
    match dice.below(4) {
        0 => letters.insert(at, letter),
        1 => {
            letters.remove(at);
        }
        2 => letters[at] = letter,
        _ => letters.swap(at, at + 1),
    }
    letters.into_iter().collect()
}

fn respelt(dice: &mut Dice, word: &str) -> String {
    let lower = word.to_lowercase();
    let fitting: Vec<_> = SOUNDS
        .iter()
        .filter(|(from, _)| lower.contains(from))
        .collect();
    if fitting.is_empty() {
        return typo(dice, word);
    }
    let (from, to) = fitting[dice.below(fitting.len())];
    lower.replacen(from, to, 1)
}

fn mistyped_birth(dice: &mut Dice, (year, month, day): (i16, i8, i8)) -> (i16, i8, i8) {
    match dice.below(4) {
        0 if day <= 12 => (year, day, month),
        1 => (year - year % 10 + (year % 10 + 1) % 10, month, day),
        2 => (year, month, 1 + day % 9),
        _ => (year, 1 + month % 9, day),
    }
}

/// A wrong letter before the `@`.
fn mistyped(dice: &mut Dice, email: &str) -> String {
    let (local, domain) = email.split_once('@').unwrap();
    format!("{}@{domain}", typo(dice, local))
}

fn mistyped_number(dice: &mut Dice, number: &str) -> String {
    let at = 6 + dice.below(6);
    let digit = char::from(b'0' + dice.below(10) as u8);
    let letters = number.chars().enumerate();
    letters
        .map(|(index, it)| if index == at { digit } else { it })
        .collect()
}
