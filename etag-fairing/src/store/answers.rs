//! Answers that a store keeps, so that a request that is sent twice is done once (the header `Idempotency-Key`).

use async_trait::async_trait;

use super::StoreError;

/// A request that its client may send again, since it has a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct RepeatableRequest {
    /// Who asks; empty if nobody tells callers apart. Each caller has keys of its own.
    pub caller: String,
    /// The key that the client has chosen.
    pub key: String,
    /// A digest of what is asked for: the same key with another one is a mistake of the client's.
    pub fingerprint: String,
    /// When it came, in seconds since 1970.
    pub at: i64,
}

impl RepeatableRequest {
    /// A request that came at this time, in seconds since 1970.
    pub fn new(
        caller: impl Into<String>,
        key: impl Into<String>,
        fingerprint: impl Into<String>,
        at: i64,
    ) -> Self {
        Self { caller: caller.into(), key: key.into(), fingerprint: fingerprint.into(), at }
    }
}

/// The answer to a request, as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeptAnswer {
    /// The status code.
    pub status: u16,
    /// The header fields, name and value, as a JSON array of pairs.
    pub fields: String,
    /// The document; `None` for a response without content.
    pub document: Option<String>,
}

impl KeptAnswer {
    /// An answer with this status, these header fields (a JSON array of pairs) and this document.
    pub fn new(status: u16, fields: impl Into<String>, document: Option<String>) -> Self {
        Self { status, fields: fields.into(), document }
    }
}

/// How much is kept of one caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeptSize {
    /// How many answers.
    pub answers: u64,
    /// The bytes of their documents and header fields.
    pub bytes: u64,
    /// When the oldest of them was kept, in seconds since 1970; 0 if there is none.
    pub oldest: i64,
}

impl KeptSize {
    /// So many answers, of so many bytes, of which the oldest was kept at this time, in seconds since 1970.
    pub fn new(answers: u64, bytes: u64, oldest: i64) -> Self {
        Self { answers, bytes, oldest }
    }
}

/// What a transaction finds of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Claim {
    /// Nothing: it is the first of its key. Until the transaction ends, no other one gets this answer.
    First,
    /// The answer that it was given before.
    Answered(KeptAnswer),
    /// Its caller has sent something else under this key.
    Reused,
}

/// The answers that a store keeps, inside a transaction: an answer is kept if the transaction is committed, and then only.
#[async_trait]
pub trait KeptAnswers: Send {
    /// Takes the key of a request for this transaction, or finds the answer that the request was given before. What was
    /// kept earlier than `kept_since` (in seconds since 1970) is forgotten.
    ///
    /// Of several transactions with one key, only one is the first. The others wait for its end.
    ///
    /// # Errors
    /// If the store is busy or fails.
    async fn claim(&mut self, request: &RepeatableRequest, kept_since: i64) -> Result<Claim, StoreError>;

    /// Keeps the answer to a request whose key this transaction has taken.
    ///
    /// # Errors
    /// If the store is busy or fails.
    async fn keep(&mut self, request: &RepeatableRequest, answer: &KeptAnswer) -> Result<(), StoreError>;

    /// Removes answers that were kept earlier than `kept_since`, some hundred at most, and returns how many they were.
    ///
    /// # Errors
    /// If the store is busy or fails.
    async fn forget(&mut self, kept_since: i64) -> Result<u64, StoreError>;
}
