//! Whose question is asked when. Nothing here waits, or knows of a database.

/// How many questions are under way at most. The second one hides the way to the server and back from those who come
/// while the first one is under way.
pub(super) const MOST: usize = 2;

/// Those who wait for an answer, and how many questions are under way.
///
/// The rule: **whoever comes is answered by a question that was asked after that.** The answer then tells of all that was
/// committed before, which is all that a request may expect. So nobody joins a question that was asked already: who
/// comes meanwhile waits for the next one, together with all others who have come by then.
///
/// A question is *called for* by [`come`](Self::come) or [`end`](Self::end), and asked when it has taken along all who wait:
/// [`depart`](Self::depart).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Turns<W> {
    waiting: Vec<W>,
    under_way: usize,
    /// Whether a question will depart, so that nobody has to call for one.
    is_called: bool,
}

/// Whether one who has come, or a question that has ended, must ask the next question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// The next question must be asked.
    Ask,
    /// Somebody else will ask it, or nobody waits for it.
    Leave,
}

impl<W> Default for Turns<W> {
    fn default() -> Self {
        Self { waiting: Vec::new(), under_way: 0, is_called: false }
    }
}

impl<W> Turns<W> {
    /// Somebody comes.
    pub(super) fn come(&mut self, who: W) -> Call {
        self.waiting.push(who);
        self.call()
    }

    /// A question that was called for departs. It takes along all who wait.
    pub(super) fn depart(&mut self) -> Vec<W> {
        self.is_called = false;
        self.under_way += 1;
        std::mem::take(&mut self.waiting)
    }

    /// A question that has departed is at its end, with an answer or without.
    pub(super) fn end(&mut self) -> Call {
        self.under_way = self.under_way.saturating_sub(1);
        self.call()
    }

    /// A question that was called for will not depart. Those who have waited for it have to come again.
    pub(super) fn miss(&mut self) -> Vec<W> {
        self.is_called = false;
        std::mem::take(&mut self.waiting)
    }

    /// Those who wait for the next question, who will not be answered by it.
    pub(super) fn turn_away(&mut self) -> Vec<W> {
        std::mem::take(&mut self.waiting)
    }

    fn call(&mut self) -> Call {
        if self.waiting.is_empty() || self.is_called || self.under_way >= MOST {
            return Call::Leave;
        }
        self.is_called = true;
        Call::Ask
    }
}

#[cfg(test)]
#[path = "turns_model.rs"]
mod model;
