//! A function, a method of the struct, and a path in quotes.
use etag_fairing::JsonApiResource;
use etag_fairing::resource::{HookError, Scope, member};
use rocket::Request;

mod rules {
    use etag_fairing::resource::{HookError, Scope};

    pub async fn nothing(_: &rocket::Request<'_>) -> Result<Scope, HookError> {
        Ok(Scope::None)
    }
}

async fn own(request: &Request<'_>) -> Result<Scope, HookError> {
    let name = request.headers().get_one("X-User").unwrap_or("nobody");
    Ok(Scope::rows(member("owner").equals(name)))
}

#[derive(JsonApiResource)]
#[jsonapi(type = "a", scope = own)]
struct A {
    #[jsonapi(id)]
    id: i64,
    owner: String,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "b", scope = Self::own)]
struct B {
    #[jsonapi(id)]
    id: i64,
}

impl B {
    async fn own(_: &Request<'_>) -> Result<Scope, HookError> {
        Ok(Scope::All)
    }
}

#[derive(JsonApiResource)]
#[jsonapi(type = "c", scope = "rules::nothing")]
struct C {
    #[jsonapi(id)]
    id: i64,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "d")]
struct D {
    #[jsonapi(id)]
    id: i64,
}

fn main() {
    let scoped = [A::behaviour(), B::behaviour(), C::behaviour(), D::behaviour()].map(|it| it.has_scope());
    assert_eq!(scoped, [true, true, true, false]);
}
