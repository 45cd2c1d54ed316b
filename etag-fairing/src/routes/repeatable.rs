//! Writes that clients may send twice: the answer is kept in the write's own transaction, under the key that the client has
//! chosen, and the same request again gets it instead of being done again.

use rocket::{Request, Response};
use sha1::{Digest, Sha1};

use super::cached_read::caller_key;
use super::call::Call;
use super::store_errors::logged_under;
use super::written::WrittenAnswer;
use crate::error::{ErrorObject, Errors};
use crate::fairing::Statistics;
use crate::idempotency::{
    IDEMPOTENCY_KEY, IdempotencyKeys, Payer, REPLAYED, Taken, credentials, now, parse_key, size_of,
};
use crate::observe::{self, Phase};
use crate::resource::Behaviour;
use crate::store::{
    Claim, KeptAnswer, RepeatableRequest, Sharing, Store, StoreError, Transaction, Work, WriteEvent, transact,
};

/// A request with a key.
pub(super) struct Repeatable<'r> {
    keys: &'r IdempotencyKeys,
    request: RepeatableRequest,
    /// Whose room the answer takes.
    payer: Payer,
    /// The key, which no other request of this process has until this is dropped; `None` while another one has it.
    taken: Option<Taken<'r>>,
}

impl<'r> Repeatable<'r> {
    /// What a request says of being sent twice: `None` if it has no key. `behaviours` are those of the resources that it
    /// changes, and `body` is what it has sent. The guards have let it through.
    ///
    /// # Errors
    /// 400 for a key that is none, for none where a resource needs one, and for one where none can be kept.
    pub(super) fn of<'b>(
        call: &Call<'r>,
        behaviours: impl IntoIterator<Item = &'b Behaviour>,
        body: &[u8],
    ) -> Result<Option<Self>, Errors> {
        let headers = call.request.headers();
        let mut lines = headers.get(IDEMPOTENCY_KEY);
        let Some(line) = lines.next() else {
            return match behaviours.into_iter().any(|behaviour| behaviour.idempotent) {
                true => Err(of_header(ErrorObject::idempotency_key_required(
                    "this change is made only for a request with an Idempotency-Key, so that it can be sent twice and is \
                     done once: make a new key for each change, such as a random UUID",
                ))),
                false => Ok(None),
            };
        };
        let key = if lines.next().is_some() { Err("was sent twice") } else { parse_key(line) };
        let key = key.map_err(|problem| {
            of_header(ErrorObject::invalid_idempotency_key(format!("{IDEMPOTENCY_KEY} {problem}")))
        })?;
        let Some(keys) = &call.api.state.keys else {
            return Err(of_header(ErrorObject::idempotency_key_not_supported(
                "this server keeps no answers, so that it can't tell whether the request was sent before",
            )));
        };
        let identity = keys.identify.as_ref().and_then(|identify| identify(call.request));
        // Of a caller who is not known the answer is for the same credentials alone, and for who may see as much.
        let unknown = identity.is_none();
        let unknown =
            unknown.then(|| UnknownCaller { credentials: credentials(headers), sees: caller_key(call) });
        let caller = identity.map_or_else(String::new, |caller| hex::encode(Sha1::digest(caller)));
        let fingerprint = fingerprint(call.request, unknown, body);
        let request = RepeatableRequest::new(caller, key, fingerprint, now());
        let payer = Payer::of(&request, call.request.client_ip());
        let taken = keys.take(&request);
        Ok(Some(Self { keys, request, payer, taken }))
    }

    /// What the store has kept for the request while another one has its key, which may have its answer already.
    async fn look_up(&self, store: &dyn Store) -> Result<OnceDone, StoreError> {
        Ok(match store.kept_answer(&self.request, self.keys.kept_since(self.request.at)).await? {
            Some(Claim::Answered(answer)) => OnceDone::Repeated(answer),
            Some(Claim::Reused) => OnceDone::Reused,
            Some(Claim::First) | None => OnceDone::UnderWay,
        })
    }
}

fn of_header(error: ErrorObject) -> Errors {
    error.header(IDEMPOTENCY_KEY).into()
}

/// What tells callers apart whom the application doesn't.
struct UnknownCaller {
    /// The fields that may say who it is.
    credentials: Vec<(String, String)>,
    /// What the caller may see.
    sees: Vec<u8>,
}

/// A digest of what is asked for: method, URL and body; and of the credentials and of what the caller may see, where nothing
/// else tells callers apart.
fn fingerprint(request: &Request<'_>, unknown: Option<UnknownCaller>, body: &[u8]) -> String {
    let mut digest = Sha1::new();
    let mut part = |bytes: &[u8]| {
        digest.update((bytes.len() as u64).to_be_bytes());
        digest.update(bytes);
    };
    part(request.method().as_str().as_bytes());
    part(request.uri().path().as_str().as_bytes());
    part(request.uri().query().map_or("", |query| query.as_str()).as_bytes());
    part(body);
    if let Some(UnknownCaller { credentials, sees }) = unknown {
        part(&sees);
        for (name, value) in credentials {
            part(name.as_bytes());
            part(value.as_bytes());
        }
    }
    hex::encode(digest.finalize())
}

/// Work that is done once for each key.
struct Once<'w, 'r, W, A> {
    repeatable: &'w Repeatable<'r>,
    work: &'w mut W,
    answer: A,
}

/// What came of it.
enum OnceDone {
    /// It is made now, and this is its answer, of which so many bytes were kept.
    Made(WrittenAnswer, u64),
    Repeated(KeptAnswer),
    Reused,
    /// Another request has the key, and no answer so far.
    UnderWay,
    /// So much is kept of the caller that nothing more is, for so many seconds.
    Full(u32),
}

#[rocket::async_trait]
impl<W, A> Work for Once<'_, '_, W, A>
where
    W: Work,
    A: Fn(&W::Done) -> Result<WrittenAnswer, W::Refusal> + Send + Sync,
{
    type Done = OnceDone;
    type Refusal = W::Refusal;

    fn sharing(&self) -> Sharing {
        self.work.sharing()
    }

    async fn attempt(&mut self, transaction: &mut dyn Transaction) -> Result<OnceDone, W::Refusal> {
        let Repeatable { keys, request, .. } = self.repeatable;
        let missing =
            || StoreError::Internal("the store has made a place for answers, and keeps none".into());
        let answers = transaction.kept_answers().ok_or_else(missing)?;
        match answers.claim(request, keys.kept_since(request.at)).await? {
            Claim::First => {}
            Claim::Answered(answer) => return Ok(OnceDone::Repeated(answer)),
            Claim::Reused => return Ok(OnceDone::Reused),
        }
        let done = self.work.attempt(transaction).await?;
        let answer = (self.answer)(&done)?;
        let answers = transaction.kept_answers().ok_or_else(missing)?;
        let kept = answer.to_kept()?;
        answers.keep(request, &kept).await?;
        Ok(OnceDone::Made(answer, size_of(&kept)))
    }

    fn on_event(&mut self, event: WriteEvent) {
        self.work.on_event(event);
    }
}

/// The response to a write.
pub(super) struct Responded {
    pub(super) response: Response<'static>,
    /// Whether the change was made now, and not when the request came before.
    pub(super) is_new: bool,
}

/// Does some work, and responds with the answer that is made of what it has done. For a request with a key, it is done once.
///
/// # Errors
/// The work's refusal.
pub(super) async fn respond<W: Work>(
    call: &Call<'_>,
    repeatable: Option<&Repeatable<'_>>,
    work: &mut W,
    answer: impl Fn(&W::Done) -> Result<WrittenAnswer, W::Refusal> + Send + Sync,
) -> Result<Responded, W::Refusal> {
    let (store, limit) = (call.store(), call.config().write_timeout);
    let timing = observe::time(call.observation, Phase::Store);
    let Some(repeatable) = repeatable else {
        let done = transact(store, limit, work).await?;
        drop(timing);
        return Ok(Responded { response: answer(&done)?.into_response(), is_new: true });
    };
    let Repeatable { keys, payer, taken, .. } = repeatable;
    let done = match taken {
        Some(_) => match keys.full_for(store, payer).await {
            None => Box::pin(transact(store, limit, &mut Once { repeatable, work, answer })).await?,
            Some(seconds) => match repeatable.look_up(store).await? {
                OnceDone::UnderWay => OnceDone::Full(seconds),
                found => found,
            },
        },
        None => repeatable.look_up(store).await?,
    };
    drop(timing);
    keys.sweep_now_and_then(call.api.store());
    let response = match done {
        OnceDone::Made(answer, kept) => {
            keys.has_kept(payer, kept);
            return Ok(Responded { response: answer.into_response(), is_new: true });
        }
        OnceDone::Repeated(kept) => match WrittenAnswer::of_kept(kept) {
            Ok(answer) => {
                if let Some(statistics) = call.state::<Statistics>() {
                    statistics.count_answer_repeated();
                }
                let mut response = answer.into_response();
                response.set_raw_header(REPLAYED, "true");
                response
            }
            Err(error) => unreadable(&error).to_response_to(call.request),
        },
        OnceDone::Reused => {
            let detail = "this key was sent with another request: another method, URL, body, or another caller. \
                          Make a new key for each change";
            of_header(ErrorObject::idempotency_key_reused(detail)).to_response_to(call.request)
        }
        OnceDone::UnderWay => {
            let detail = "a request with this key is being answered: send this one again a little later";
            let errors = of_header(ErrorObject::idempotency_key_in_use(detail));
            errors.with_header("Retry-After", "1").to_response_to(call.request)
        }
        OnceDone::Full(seconds) => {
            let detail = "so much is kept for requests of yours with a key that nothing more is, so that this one was not made: \
                          send it later, or without a key if it may be made twice";
            let errors = of_header(ErrorObject::too_many_idempotency_keys(detail));
            errors.with_header("Retry-After", seconds.to_string()).to_response_to(call.request)
        }
    };
    Ok(Responded { response, is_new: false })
}

/// 500 for an answer that another program has spoilt in the store. The change was made, so that it must not be made again, and
/// half of an answer would pass for the whole.
fn unreadable(error: &StoreError) -> Errors {
    let detail = "the change was made when the request came before, but the answer that was kept for this key can't be read: read \
                  the resource to see what there is";
    let object = ErrorObject::internal().detail(detail);
    match logged_under(error) {
        Some(id) => object.id(id).into(),
        None => object.into(),
    }
}
