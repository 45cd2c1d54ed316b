//! All that can happen, in every order: commits, requests that come and go, questions that are answered, fail or are
//! dropped. The database's clock is the number of its commits.

use std::collections::HashSet;

use super::{Call, MOST, Turns};

const REQUESTS: usize = 4;
const COMMITS: u8 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Request {
    /// It has not come, or has to come again.
    Away,
    /// It waits, and has come at this time.
    Waits(u8),
    /// It has an answer or an error, or its client is gone.
    Done,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Question {
    passengers: Vec<usize>,
    /// When the database has looked.
    seen: Option<u8>,
}

/// Who is taken along by a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Boarding {
    /// Those who had come when it departed.
    BeforeDeparture,
    /// Those, too, who come while it is under way: what must not be.
    UnderWay,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    turns: Turns<usize>,
    boarding: Boarding,
    requests: [Request; REQUESTS],
    now: u8,
    /// How many tasks are called for, and have not departed.
    called: usize,
    questions: Vec<Question>,
    failures: u8,
    drops: u8,
    gone: u8,
}

impl World {
    fn new(boarding: Boarding) -> Self {
        Self {
            turns: Turns::default(),
            boarding,
            requests: [Request::Away; REQUESTS],
            now: 0,
            called: 0,
            questions: Vec::new(),
            failures: 0,
            drops: 0,
            gone: 0,
        }
    }

    fn heed(&mut self, call: Call) {
        self.called += usize::from(call == Call::Ask);
    }

    fn come_again(&mut self, who: &[usize]) {
        for request in who {
            if matches!(self.requests[*request], Request::Waits(_)) {
                self.requests[*request] = Request::Away;
            }
        }
    }

    fn told(&mut self, who: &[usize]) {
        for request in who {
            self.requests[*request] = Request::Done;
        }
    }

    /// All that can happen next.
    fn next(&self) -> Result<Vec<World>, String> {
        let mut all = Vec::new();
        let mut then = |change: &dyn Fn(&mut World) -> Result<(), String>| {
            let mut world = self.clone();
            change(&mut world)?;
            all.push(world);
            Ok::<(), String>(())
        };
        if self.now < COMMITS {
            then(&|world| {
                world.now += 1;
                Ok(())
            })?;
        }
        // Which of those comes that are away makes no difference.
        let away = self.requests.iter().position(|request| *request == Request::Away);
        for request in 0..REQUESTS {
            match self.requests[request] {
                Request::Away if away == Some(request) => then(&|world| {
                    world.requests[request] = Request::Waits(world.now);
                    if world.boarding == Boarding::UnderWay
                        && let Some(question) = world.questions.last_mut()
                    {
                        question.passengers.push(request);
                        return Ok(());
                    }
                    let call = world.turns.come(request);
                    world.heed(call);
                    Ok(())
                })?,
                Request::Waits(_) if self.gone < 1 => then(&|world| {
                    world.gone += 1;
                    world.requests[request] = Request::Done;
                    Ok(())
                })?,
                Request::Away | Request::Waits(_) | Request::Done => {}
            }
        }
        if self.called > 0 {
            then(&|world| {
                world.called -= 1;
                let passengers = world.turns.depart();
                world.questions.push(Question { passengers, seen: None });
                Ok(())
            })?;
            if self.drops < 1 {
                then(&|world| {
                    (world.called, world.drops) = (world.called - 1, world.drops + 1);
                    let missed = world.turns.miss();
                    world.come_again(&missed);
                    Ok(())
                })?;
            }
        }
        for place in 0..self.questions.len() {
            match self.questions[place].seen {
                None => then(&|world| {
                    world.questions[place].seen = Some(world.now);
                    Ok(())
                })?,
                Some(seen) => then(&|world| {
                    let question = world.questions.remove(place);
                    let call = world.turns.end();
                    world.heed(call);
                    for request in question.passengers {
                        if let Request::Waits(since) = world.requests[request]
                            && seen < since
                        {
                            return Err(format!("stale: of {seen}, told to one who has come at {since}"));
                        }
                        world.requests[request] = Request::Done;
                    }
                    Ok(())
                })?,
            }
            if self.failures < 1 {
                then(&|world| {
                    world.failures += 1;
                    let question = world.questions.remove(place);
                    let away = world.turns.turn_away();
                    let call = world.turns.end();
                    world.heed(call);
                    world.told(&question.passengers);
                    world.told(&away);
                    Ok(())
                })?;
            }
            if self.drops < 1 {
                then(&|world| {
                    world.drops += 1;
                    let question = world.questions.remove(place);
                    if world.turns.end() == Call::Ask {
                        let missed = world.turns.miss();
                        world.come_again(&missed);
                    }
                    world.come_again(&question.passengers);
                    Ok(())
                })?;
            }
        }
        Ok(all)
    }

    fn check(&self) -> Result<(), String> {
        if self.questions.len() > MOST {
            return Err("too many questions are under way".into());
        }
        if self.called > 1 {
            return Err("two are called for at once".into());
        }
        let waits = self.requests.iter().any(|request| matches!(request, Request::Waits(_)));
        if waits && self.called == 0 && self.questions.is_empty() {
            return Err("somebody waits for nothing".into());
        }
        Ok(())
    }
}

/// Walks through all that can happen. Gives the number of states, or what is wrong in one of them.
fn walk(boarding: Boarding) -> Result<usize, String> {
    let first = World::new(boarding);
    let mut known = HashSet::from([first.clone()]);
    let mut open = vec![first];
    while let Some(world) = open.pop() {
        world.check().map_err(|problem| format!("{problem}: {world:?}"))?;
        for next in world.next().map_err(|problem| format!("{problem}: {world:?}"))? {
            if known.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    Ok(known.len())
}

#[test]
fn in_no_order_of_events_is_an_answer_older_than_its_request() {
    let states = walk(Boarding::BeforeDeparture).expect("the rule is kept");
    assert!(states > 10_000, "{states} states");
}

#[test]
fn the_walk_finds_out_who_boards_a_question_that_is_under_way() {
    let problem = walk(Boarding::UnderWay).expect_err("found out");
    assert!(problem.starts_with("stale"), "{problem}");
}
