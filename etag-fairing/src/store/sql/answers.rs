//! Answers that are kept for requests that may come again, in a table beside those of the resources.

use super::{cell, parameter::Parameter, session::Session};
use crate::schema::{Value, ValueRef};
use crate::store::{Claim, KeptAnswer, KeptSize, RepeatableRequest, StoreError};

/// The name of the table.
pub(crate) const TABLE: &str = "_etag_fairing_keys";

/// The statements that make the table.
pub(crate) const DEFINITIONS: [&str; 2] = [
    "CREATE TABLE _etag_fairing_keys (caller text NOT NULL, idempotency_key text NOT NULL, fingerprint text NOT NULL, \
     kept_at bigint NOT NULL, status integer, fields text, document text, PRIMARY KEY (caller, idempotency_key))",
    "CREATE INDEX _etag_fairing_keys_by_age ON _etag_fairing_keys (kept_at)",
];

/// How many answers are removed at once: few enough to delay nobody.
const MOST_AT_ONCE: u32 = 500;

/// Whoever comes second waits here for the end of the first, and then changes nothing.
const CLAIM: &str = "INSERT INTO _etag_fairing_keys AS k (caller, idempotency_key, fingerprint, kept_at) \
     VALUES ($1, $2, $3, $4) ON CONFLICT (caller, idempotency_key) DO UPDATE SET fingerprint = excluded.fingerprint, \
     kept_at = excluded.kept_at, status = NULL, fields = NULL, document = NULL WHERE k.kept_at < $5";

const FIND: &str = "SELECT fingerprint, status, fields, document FROM _etag_fairing_keys \
     WHERE caller = $1 AND idempotency_key = $2 AND kept_at >= $3";

/// The numbers are in the order of the text: SQLite counts parameters of this form as they come.
const KEEP: &str = "UPDATE _etag_fairing_keys SET status = $1, fields = $2, document = $3 \
     WHERE caller = $4 AND idempotency_key = $5";

/// Neither database reads the texts for their lengths.
const KEPT_OF: &str = "SELECT count(*), CAST(coalesce(sum(octet_length(fields) + coalesce(octet_length(document), 0)), 0) \
     AS bigint), coalesce(min(kept_at), 0) FROM _etag_fairing_keys WHERE caller = $1 AND kept_at >= $2";

/// Takes the key of a request, or finds its answer.
pub(crate) async fn claim(
    session: &impl Session,
    request: &RepeatableRequest,
    kept_since: i64,
) -> Result<Claim, StoreError> {
    let [caller, key] = names(request);
    let (fingerprint, at) = (ValueRef::Text(&request.fingerprint), ValueRef::Integer(request.at));
    let values = [caller, key, fingerprint, at, ValueRef::Integer(kept_since)];
    if session.run(CLAIM, &values.map(Parameter::from)).await? > 0 {
        return Ok(Claim::First);
    }
    find(session, request, i64::MIN).await?.ok_or_else(|| broken(&"a key that is neither free nor taken"))
}

/// The answer that a request was given before, or that its key has another one; `None` if nothing was kept since then.
pub(crate) async fn find(
    session: &impl Session,
    request: &RepeatableRequest,
    kept_since: i64,
) -> Result<Option<Claim>, StoreError> {
    let [caller, key] = names(request);
    let values = [caller, key, ValueRef::Integer(kept_since)];
    let mut found = None;
    session
        .each(FIND, &values.map(Parameter::from), |row| {
            let value = |place| cell::any(TABLE, "", row, place);
            found = Some([value(0)?, value(1)?, value(2)?, value(3)?]);
            Ok(())
        })
        .await?;
    match found {
        None => Ok(None),
        Some([Value::Text(fingerprint), ..]) if fingerprint != request.fingerprint => Ok(Some(Claim::Reused)),
        Some([_, Value::Integer(status), Value::Text(fields), document]) => {
            let document = match document {
                Value::Text(document) => Some(document),
                _ => None,
            };
            let status = u16::try_from(status).map_err(|_| broken(&"a status that is none"))?;
            Ok(Some(Claim::Answered(KeptAnswer::new(status, fields, document))))
        }
        Some(_) => Err(broken(&"a key without its answer")),
    }
}

/// How much was kept of a caller since then.
pub(crate) async fn kept_of(
    session: &impl Session,
    caller: &str,
    kept_since: i64,
) -> Result<Option<KeptSize>, StoreError> {
    let values = [ValueRef::Text(caller), ValueRef::Integer(kept_since)];
    let mut found = None;
    session
        .each(KEPT_OF, &values.map(Parameter::from), |row| {
            let value = |place| cell::any(TABLE, "", row, place);
            found = Some([value(0)?, value(1)?, value(2)?]);
            Ok(())
        })
        .await?;
    let Some([Value::Integer(answers), Value::Integer(bytes), Value::Integer(oldest)]) = found else {
        return Err(broken(&"lengths that are none"));
    };
    let unsigned = |number: i64| u64::try_from(number).unwrap_or_default();
    Ok(Some(KeptSize::new(unsigned(answers), unsigned(bytes), oldest)))
}

/// Keeps the answer to a request.
pub(crate) async fn keep(
    session: &impl Session,
    request: &RepeatableRequest,
    answer: &KeptAnswer,
) -> Result<(), StoreError> {
    let [caller, key] = names(request);
    let document = answer.document.as_deref().map_or(ValueRef::Null, ValueRef::Text);
    let (status, fields) = (ValueRef::Integer(answer.status.into()), ValueRef::Text(&answer.fields));
    let values = [status, fields, document, caller, key];
    session.run(KEEP, &values.map(Parameter::from)).await.map(drop)
}

/// Removes some of the answers that were kept before this time.
pub(crate) async fn forget<S: Session>(session: &S, kept_since: i64) -> Result<u64, StoreError> {
    // Nobody waits for a request that is about to take one of these keys anew.
    let free = if S::LOCKS_ROWS { " FOR UPDATE SKIP LOCKED" } else { "" };
    let text = format!(
        "DELETE FROM {TABLE} WHERE (caller, idempotency_key) IN (SELECT caller, idempotency_key FROM {TABLE} \
         WHERE kept_at < $1 ORDER BY kept_at LIMIT {MOST_AT_ONCE}{free})"
    );
    session.run(&text, &[ValueRef::Integer(kept_since).into()]).await
}

fn names(request: &RepeatableRequest) -> [ValueRef<'_>; 2] {
    [ValueRef::Text(&request.caller), ValueRef::Text(&request.key)]
}

fn broken(what: &dyn std::fmt::Display) -> StoreError {
    StoreError::Internal(format!("the table `{TABLE}` has {what}"))
}
