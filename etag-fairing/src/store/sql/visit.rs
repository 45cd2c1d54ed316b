//! How often a condition is asked about the rows of a table, and so how it asks about rows that are related to them.
//!
//! A subquery that refers to the row finds what it looks for by an index, and stops at the first row that it finds:
//! nothing is better for a few rows. But nested in each other such subqueries multiply: from each session of a
//! conference to all sessions of its track, and from each of those to all in its room, is more than any database can
//! look at. A subquery that refers to nothing outside is answered once, whatever stands around it, so that nested ones
//! only add up. Whoever asks about all rows of a table, or about the same rows again and again, asks that way.

/// How often the rows of a table are looked at by one statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Visit {
    /// A few rows: one resource, or a page in the order of ids.
    Few,
    /// Perhaps many rows, but none of them twice.
    Once,
    /// The same rows as often as others lead to them.
    Again,
    /// All rows of a collection, by the filter of a client: what it asks for may well be rare.
    All,
    /// Those of which a set is made.
    OfASet,
}

/// How many rows a relationship leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// To-one.
    One,
    /// To-many.
    Many,
    /// To-many, from the row at the end of a path of to-one relationships, where others end, too.
    ManyByPath,
}

/// How a condition asks whether a relationship leads to a row of some kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// Each row anew, by a subquery that refers to it.
    ForTheRow,
    /// Whether the row is in a set, which is made once.
    BySet,
}

impl Visit {
    /// How to ask about what a step leads to.
    pub(super) fn question(self, step: Step) -> Question {
        match (self, step) {
            (Self::All | Self::OfASet, _) => Question::BySet,
            // At most one row is looked at for each row.
            (Self::Again, Step::One) => Question::ForTheRow,
            (Self::Again, _) | (Self::Once, Step::ManyByPath) => Question::BySet,
            // Each edge is looked at once, from its one end.
            (Self::Few | Self::Once, _) => Question::ForTheRow,
        }
    }

    /// How often the rows are looked at that a subquery refers to.
    pub(super) fn behind(self, step: Step, question: Question) -> Self {
        match (question, self, step) {
            (Question::BySet, ..) => Self::OfASet,
            (Question::ForTheRow, Self::Few, Step::One) => Self::Few,
            (Question::ForTheRow, ..) => Self::Again,
        }
    }

    /// How often the rows at the end of a path of to-one relationships are looked at.
    pub(super) fn at_the_end_of_a_path(self) -> Self {
        if self == Self::Few { Self::Few } else { Self::Again }
    }

    /// The same for who sees to it which of these rows are seen: not the client, and for each row by itself.
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

    /// Whatever the nesting, once a to-many relationship was followed row by row, the next is a set.
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
