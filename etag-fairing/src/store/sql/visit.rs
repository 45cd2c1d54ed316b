//! How often a statement visits the rows of a table, which decides how a condition on related rows is
//! written.
//!
//! A subquery that refers to the outer row finds related rows by an index and stops at the first one: nothing
//! is faster for a few rows. But if such subqueries are nested, their costs multiply: from each session of a
//! conference to all sessions of its track, and from each of these to all sessions in its room, is more than
//! any database can read. A subquery that does not refer to the outer row runs once, so that the costs of
//! nested ones only add up. It is used for all rows of a table, and for rows that are visited again and
//! again.

/// How often one statement visits the rows of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Visit {
    /// A few rows: one resource, or a page in the order of ids.
    Few,
    /// Perhaps many rows, but each at most once.
    Once,
    /// The same rows again, once for each row that leads to them.
    Again,
    /// All rows of a collection, for the filter of a client, which may match very few of them.
    All,
    /// The rows from which a set is made.
    OfASet,
}

/// How many rows a relationship leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// To-one.
    One,
    /// To-many.
    Many,
    /// To-many, from the row at the end of a path of to-one relationships. Several paths may end at the same
    /// row.
    ManyByPath,
}

/// How a condition asks whether a relationship leads to a matching row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// For each row, by a subquery that refers to it.
    ForTheRow,
    /// By a set that is computed once, and that must contain the row.
    BySet,
}

impl Visit {
    /// How to ask about the rows that a step leads to.
    pub(super) fn question(self, step: Step) -> Question {
        match (self, step) {
            (Self::All | Self::OfASet, _) => Question::BySet,
            // Each row leads to at most one row.
            (Self::Again, Step::One) => Question::ForTheRow,
            (Self::Again, _) | (Self::Once, Step::ManyByPath) => Question::BySet,
            // Each edge is visited once, from one of its ends.
            (Self::Few | Self::Once, _) => Question::ForTheRow,
        }
    }

    /// How often the statement visits the rows in the subquery.
    pub(super) fn behind(self, step: Step, question: Question) -> Self {
        match (question, self, step) {
            (Question::BySet, ..) => Self::OfASet,
            (Question::ForTheRow, Self::Few, Step::One) => Self::Few,
            (Question::ForTheRow, ..) => Self::Again,
        }
    }

    /// How often the statement visits the rows at the end of a path of to-one relationships.
    pub(super) fn at_the_end_of_a_path(self) -> Self {
        if self == Self::Few { Self::Few } else { Self::Again }
    }

    /// The same for the filter of a scope: no client has chosen it, and it is checked for each row.
    pub(super) fn of_scope(self) -> Self {
        match self {
            Self::All | Self::OfASet => Self::Once,
            visit => visit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At any depth: after a to-many relationship was followed row by row, the next one uses a set.
    #[test]
    fn row_by_row_no_two_to_many_relationships_are_followed() {
        let steps = [Step::One, Step::Many, Step::ManyByPath];
        for start in [Visit::Few, Visit::Once, Visit::Again, Visit::All, Visit::OfASet] {
            let mut waiting = vec![(start, 0, 0)];
            while let Some((visit, many, depth)) = waiting.pop() {
                assert!(many <= 1, "from {start:?}");
                for step in steps.into_iter().filter(|_| depth < 5) {
                    let question = visit.question(step);
                    let many = match (question, step) {
                        (Question::BySet, _) => 0,
                        (Question::ForTheRow, Step::One) => many,
                        (Question::ForTheRow, _) => many + 1,
                    };
                    waiting.push((visit.behind(step, question), many, depth + 1));
                }
            }
        }
    }

    #[test]
    fn few_rows_are_asked_one_by_one() {
        for step in [Step::One, Step::Many, Step::ManyByPath] {
            assert_eq!(Visit::Few.question(step), Question::ForTheRow);
            assert_eq!(Visit::All.question(step), Question::BySet);
        }
        assert_eq!(Visit::Once.question(Step::ManyByPath), Question::BySet);
    }
}
