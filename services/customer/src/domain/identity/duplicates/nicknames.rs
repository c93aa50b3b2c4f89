//! Names that people use for one another.

/// Each line is one name; the first form stands for all.
const GROUPS: [&[&str]; 40] = [
    &["robert", "rob", "bob", "bobby", "robbie", "bert"],
    &[
        "william", "will", "bill", "billy", "liam", "wilhelm", "willi",
    ],
    &[
        "elizabeth",
        "elisabeth",
        "liz",
        "beth",
        "betty",
        "lisa",
        "elsbeth",
        "lisbeth",
        "sissi",
    ],
    &[
        "katharina",
        "katherine",
        "catherine",
        "katarina",
        "kate",
        "kathy",
        "kathi",
        "katie",
        "kathrin",
        "katrin",
    ],
    &[
        "johannes", "johann", "hans", "hannes", "john", "johnny", "jack",
    ],
    &["joseph", "josef", "joe", "sepp", "jo", "giuseppe", "beppe"],
    &[
        "alexander",
        "alex",
        "sascha",
        "sandro",
        "alessandro",
        "xander",
    ],
    &["alexandra", "sandra", "alessandra", "sascha"],
    &[
        "margaret",
        "margarete",
        "maggie",
        "peggy",
        "grete",
        "gretel",
        "greta",
        "meg",
    ],
    &["richard", "dick", "rick", "ricky", "richi"],
    &["james", "jim", "jimmy", "jamie"],
    &["michael", "mike", "mick", "michi", "mikael", "michele"],
    &["thomas", "tom", "tommy", "tomas"],
    &["daniel", "dan", "danny", "dani"],
    &["matthew", "matt", "matthias", "mathias", "mattia"],
    &["anthony", "tony", "anton", "toni", "antonio"],
    &[
        "christopher",
        "chris",
        "christoph",
        "kit",
        "topher",
        "stoffel",
    ],
    &["christian", "chris", "christen"],
    &["christina", "christine", "chris", "tina", "kristina"],
    &["stephan", "stefan", "steven", "stephen", "steve"],
    &["andreas", "andrew", "andy", "andi", "drew", "andrea"],
    &["edward", "eduard", "ed", "eddie", "ted", "ned", "edi"],
    &["frederick", "friedrich", "fred", "fritz", "freddy", "fredi"],
    &["charles", "karl", "carl", "charlie", "chuck", "carlo"],
    &["henry", "heinrich", "harry", "heinz", "heiri", "enrico"],
    &["peter", "pete", "piet", "pierre", "pietro"],
    &["patrick", "pat", "paddy", "patrik"],
    &["patricia", "pat", "patty", "trish"],
    &["samuel", "sam", "sammy", "sami"],
    &["susanne", "susan", "susi", "sue", "susanna", "suzanne"],
    &["barbara", "babs", "barbie", "baerbel", "babsi"],
    &["franz", "francis", "frank", "francesco", "frances"],
    &[
        "nicholas", "nikolaus", "nick", "klaus", "niklaus", "nico", "niki",
    ],
    &["ursula", "uschi", "ursi", "ulla"],
    &["theresa", "therese", "resi", "terry", "teresa"],
    &["magdalena", "lena", "magda", "leni", "madeleine"],
    &["walter", "walt", "walti"],
    &["gerhard", "gerd", "gerald", "gerry"],
    &["martin", "marty", "martino"],
    &["veronika", "vroni", "veronica", "vera"],
];

/// Whether people use the names for one another.
pub(super) fn are_one(one: &str, other: &str) -> bool {
    let both = |group: &&&[&str]| group.contains(&one) && group.contains(&other);
    GROUPS.iter().find(both).is_some()
}

/// The names that a name may stand for.
pub(super) fn stands_for(name: &str) -> impl Iterator<Item = &'static str> {
    let groups = GROUPS.iter().filter(move |group| group.contains(&name));
    groups.filter_map(|group| group.first().copied())
}
