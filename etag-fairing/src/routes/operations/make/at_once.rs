//! Neighbouring operations that make resources of one type: the store makes all of their rows at once, if it can.
//!
//! Each is decided before any of them is made. That is the same as one after the other where no decision looks at what
//! others have made: without hooks it looks at its own document alone. A document that names another one's local id is not
//! understood before that is made, and so ends what is made at once.

use super::super::super::create::Create;
use super::super::super::store_errors::Refusal;
use super::super::made::MadeResult;
use super::super::operation::Operation;
use super::super::refused::Refused;
use super::Attempt;
use crate::plan::Fetched;
use crate::resource::endpoint::Endpoint;
use crate::schema::{Description, ResourceId};
use crate::store::Decision;

/// What became of operations that might be made at once.
pub(super) enum AtOnce {
    /// The results of the next operations.
    Made(Vec<MadeResult>),
    /// So many of the next operations are to be made one after the other.
    Alone(usize),
}

impl<'e> Attempt<'_, 'e> {
    /// Makes the operations from this one on at once, as many as can be.
    ///
    /// # Errors
    /// If the store fails, or if one of what was made must not be.
    pub(super) async fn add_at_once(
        &mut self,
        operations: &[Operation<'e>],
        index: usize,
    ) -> Result<AtOnce, Refused> {
        let Some(resource) = operations.get(index).and_then(|first| self.plain_addition(first)) else {
            return Ok(AtOnce::Alone(1));
        };
        let is_next = |next: &&Operation<'e>| self.plain_addition(next).is_some_and(|next| next.is(resource));
        let run: Vec<&Operation<'e>> = operations.iter().skip(index).take_while(is_next).collect();
        if run.len() < 2 || !self.transaction.inserts_at_once(resource) {
            return Ok(AtOnce::Alone(run.len().max(1)));
        }
        let (mut creations, mut changes) = (Vec::<Create<'_, 'e>>::new(), Vec::new());
        for operation in &run {
            let mut creation = self.creation(operation).map_err(|refusal| at(index, refusal))?;
            // What is refused here is refused again when its turn comes, and by the same words.
            let Ok(change) = creation.decide(Default::default(), self.transaction).await else { break };
            creations.push(creation);
            changes.push(change);
        }
        let number = changes.len();
        let plan = match creations.first() {
            // Only what is read counts, which is the same of all of them.
            Some(first) if number > 1 => first.read_back(&ResourceId::Integer(0)),
            _ => None,
        };
        let Some(plan) = plan else { return Ok(AtOnce::Alone(number.max(1))) };
        let made = self.transaction.insert_all(&changes, &plan).await?;
        let Some(made) = made.filter(|made| made.len() == number) else { return Ok(AtOnce::Alone(number)) };
        let mut results = Vec::with_capacity(number);
        for (place, ((operation, creation), (id, fetched))) in run.iter().zip(creations).zip(made).enumerate()
        {
            let result = self.judged(operation, creation, &id, &fetched);
            results.push(result.map_err(|refusal| at(index + place, refusal))?);
        }
        Ok(AtOnce::Made(results))
    }

    /// The type of a new resource that nothing but its own row is made for, as far as its operation tells.
    fn plain_addition(&self, operation: &Operation<'e>) -> Option<&'static Description> {
        let (subject, body) = (&operation.subject, operation.body.as_ref()?);
        let is_plain = subject.endpoint == Endpoint::Create
            && subject.behaviour.hooks.is_none()
            && !body.has_lists
            && !self.call.api.is_listened_to(subject.resource);
        is_plain.then_some(subject.resource)
    }

    fn judged(
        &mut self,
        operation: &Operation<'e>,
        mut creation: Create<'_, 'e>,
        id: &ResourceId,
        fetched: &Fetched,
    ) -> Result<MadeResult, Refusal> {
        let object = creation.body.object()?;
        creation
            .judge(fetched)
            .map_err(|refusal| refusal.into_errors(operation.subject.resource, Some(object)))?;
        self.created(operation, object, id, Some(fetched))
    }
}

/// What became of one of them, which has no id of its own so far.
fn at(index: usize, refusal: Refusal) -> Refused {
    Refused::at(index, None, refusal)
}
