//! Requests that are sent at once, of which one alone may succeed.

use super::Answer;

/// What became of several writes that were sent at once: see [`Client::race`](super::Client::race).
#[derive(Debug)]
pub struct Race {
    /// The answer to the one that was made.
    pub won: Answer,
    /// The answers to the others, which are all 412.
    pub refused: Vec<Answer>,
}

impl Race {
    #[track_caller]
    pub(super) fn judge(answers: Vec<Answer>) -> Self {
        let number = answers.len();
        assert!(number > 1, "a race needs two requests at least, and has {number}");
        let statuses: Vec<_> = answers.iter().map(Answer::status).collect();
        let (mut won, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Answer::is_success);
        match refused.iter().find(|answer| answer.status() != 412) {
            Some(other) => {
                other.fail(format_args!("expected that one of {statuses:?} succeeds and all others are 412"))
            }
            None if won.len() == 1 => Self { won: won.remove(0), refused },
            None => {
                let shown = won.first().or(refused.first()).map(ToString::to_string).unwrap_or_default();
                panic!(
                    "expected that one of {number} writes at once succeeds and all others are 412: they are \
                     {statuses:?}; do all of them have an `If-Match`?\n\n{shown}"
                )
            }
        }
    }
}
