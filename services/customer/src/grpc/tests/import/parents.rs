//! Organisations in organisations, in whatever order they come.

use rapport_platform::on_each_engine;

use super::{Importer, firm, row};

on_each_engine! {
    async fn a_parent_may_come_later_than_its_subsidiary(db: Database) {
        let importer = Importer::of(&db).await;
        let run = importer.begin(&[firm(2, "labs", "Labs").under("acme")]).await;
        let run = importer.go_on(&run, &[firm(3, "acme", "Acme")]).await;
        assert_eq!(importer.parent_of("labs").await, "", "all rows come first");
        let run = importer.complete(&run).await;
        assert_eq!(importer.parent_of("labs").await, importer.name_of("acme").await);
        assert_eq!(run.failed_count, 0);
    }

    async fn a_row_may_name_the_parent_itself(db: Database) {
        let importer = Importer::of(&db).await;
        importer.import(&[firm(2, "acme", "Acme"), firm(3, "labs", "Labs")]).await;
        let acme = importer.name_of("acme").await;
        let named = |line, id, parent: &str| firm(line, id, "Labs").with(|it| it.parent = parent.to_owned());
        let run = importer.import(&[named(2, "labs", &acme), named(3, "other", "customers/1")]).await;
        assert_eq!(importer.parent_of("labs").await, acme);
        assert_eq!(importer.errors(&run).await, [(3, "customer.parent".to_owned())]);

        let nobody = "customers/0190e5a4-0000-7000-8000-00000000000a";
        let run = importer.import(&[named(2, "labs", nobody)]).await;
        assert_eq!(importer.errors(&run).await, [(2, "customer.parent".to_owned())]);
        assert_eq!(importer.parent_of("labs").await, acme, "it stays where it was");
    }

    async fn parents_that_can_not_be_are_listed_and_counted(db: Database) {
        let importer = Importer::of(&db).await;
        let rows = [
            firm(2, "1", "Of nobody").under("missing"),
            row(3, "ada", "Ada"),
            firm(4, "2", "Of a person").under("ada"),
            row(5, "bob", "Bob, a person").under("1"),
            firm(6, "a", "A").under("b"),
            firm(7, "b", "B").under("c"),
            firm(8, "c", "C").under("a"),
            firm(9, "3", "Of itself").under("3"),
            firm(10, "4", "Fine").under("1"),
        ];
        let run = importer.begin(&rows).await;
        assert_eq!((run.created_count, run.failed_count), (9, 0));
        let run = importer.complete(&run).await;
        let errors = importer.errors(&run).await;
        assert_eq!(run.failed_count, errors.len() as i64);
        let lines: Vec<i64> = errors.iter().map(|(line, _)| *line).collect();
        let circle = lines.iter().filter(|line| (6..=8).contains(*line)).count();
        assert_eq!(circle, 1, "the last to come would close the circle");
        let others: Vec<i64> = lines.into_iter().filter(|line| !(6..=8).contains(line)).collect();
        assert_eq!(others, [2, 4, 5, 9]);
        assert_eq!(importer.parent_of("4").await, importer.name_of("1").await);
    }

    async fn the_last_word_on_a_parent_counts(db: Database) {
        let importer = Importer::of(&db).await;
        let run = importer.begin(&[firm(2, "a", "A"), firm(3, "b", "B"), firm(4, "1", "One").under("a")]).await;
        let run = importer.go_on(&run, &[firm(5, "1", "One").under("b"), firm(6, "1", "One")]).await;
        importer.complete(&run).await;
        assert_eq!(importer.parent_of("1").await, importer.name_of("b").await);
    }

    async fn who_was_deleted_meanwhile_needs_no_parent(db: Database) {
        let importer = Importer::of(&db).await;
        let run = importer.begin(&[firm(2, "a", "A"), firm(3, "1", "One").under("a")]).await;
        let one = importer.name_of("1").await;
        importer.delete(&one).await;
        assert_eq!(importer.complete(&run).await.failed_count, 0);
        importer.delete(&importer.name_of("a").await).await;
    }

    /// Each step is answered, so that no answer grows with the run.
    async fn every_missing_parent_is_told(db: Database) {
        let importer = Importer::of(&db).await;
        let rows = (2..=452).map(|line| firm(line, &line.to_string(), "Firm").under("missing"));
        let run = importer.begin(&rows.collect::<Vec<_>>()).await;
        let answers = importer.try_to_complete(&run).await.unwrap();
        let told: Vec<usize> = answers.iter().map(|answer| answer.errors.len()).collect();
        assert_eq!(told, [0, 200, 200, 51, 0]);
        assert_eq!(super::last(answers).failed_count, 451);
    }
}

impl Importer {
    async fn parent_of(&self, id: &str) -> String {
        self.known_as(id).await.customer.unwrap().parent
    }
}
