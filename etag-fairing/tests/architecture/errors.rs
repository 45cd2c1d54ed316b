//! The public errors.

use std::error::Error;

use etag_fairing::conditional::{InvalidEntityTag, MalformedElement};
use etag_fairing::document::error::{ErrorObject, Errors};
use etag_fairing::resource::{Corrupt, HookError, Mismatch};
use etag_fairing::store::{PrepareError, StoreError};

/// `?` takes each of them into `Box<dyn Error>`, and into the errors of crates such as anyhow.
#[test]
fn each_public_error_goes_into_any_error() {
    fn is_error<E: Error + Send + Sync + 'static>() {}
    is_error::<InvalidEntityTag>();
    is_error::<MalformedElement>();
    is_error::<ErrorObject>();
    is_error::<Errors>();
    is_error::<Corrupt>();
    is_error::<HookError>();
    is_error::<Mismatch>();
    is_error::<PrepareError>();
    is_error::<StoreError>();
}

#[test]
fn an_error_names_its_source() {
    let error = HookError::from(StoreError::from(Corrupt::new("no number")));
    let store = error.source().expect("the store's error");
    assert_eq!(store.to_string(), "stored data does not fit: no number");
    assert_eq!(store.source().map(ToString::to_string).as_deref(), Some("no number"));
    let refused = HookError::from(ErrorObject::validation_failed("no title"));
    assert_eq!(refused.source().map(ToString::to_string).as_deref(), Some("validation_failed: no title"));
}
