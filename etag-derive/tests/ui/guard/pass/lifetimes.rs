//! Guards that borrow from the request, in whichever way one writes them.
use etag_fairing::JsonApiResource;
use etag_fairing::resource::Operation;
use rocket::request::{FromRequest, Outcome};

struct User<'r> {
    #[allow(dead_code)]
    name: &'r str,
}

struct Pair<A, B>(std::marker::PhantomData<(A, B)>);

struct Account;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for User<'r> {
    type Error = ();

    async fn from_request(request: &'r rocket::Request<'_>) -> Outcome<Self, ()> {
        match request.headers().get_one("X-User") {
            Some(name) => Outcome::Success(User { name }),
            None => Outcome::Error((rocket::http::Status::Unauthorized, ())),
        }
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for &'r Account {
    type Error = ();

    async fn from_request(request: &'r rocket::Request<'_>) -> Outcome<Self, ()> {
        Outcome::Success(request.local_cache(|| Account))
    }
}

#[rocket::async_trait]
impl<'r, A, B> FromRequest<'r> for Pair<A, B> {
    type Error = ();

    async fn from_request(_: &'r rocket::Request<'_>) -> Outcome<Self, ()> {
        Outcome::Success(Pair(std::marker::PhantomData))
    }
}

#[derive(JsonApiResource)]
#[jsonapi(type = "a", guard = User, path = "as")]
struct A {
    #[jsonapi(id)]
    id: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "b", guard = User<'_>, path = "bs")]
struct B {
    #[jsonapi(id)]
    id: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "c", guard(list = User<'r>, read = "User<'r>", create = Option<User<'r>>, update = &'r Account))]
#[jsonapi(path = "cs")]
struct C {
    #[jsonapi(id)]
    id: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "d", guard(list = &Account, read = Pair<u8, i8>, create = &rocket::State<u8>), path = "ds")]
struct D {
    #[jsonapi(id)]
    id: i64,
}

fn main() {
    for resource in [A::behaviour(), B::behaviour(), C::behaviour(), D::behaviour()] {
        assert!(resource.guards.has(Operation::List));
    }
}
