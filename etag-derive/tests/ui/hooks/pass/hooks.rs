use etag_fairing::JsonApiResource;
use etag_fairing::resource::{HookError, Hooks, Write};

#[derive(JsonApiResource)]
#[jsonapi(type = "sessions", hooks)]
struct Session {
    #[jsonapi(id)]
    id: i64,
    r#type_of: String,
}

#[rocket::async_trait]
impl Hooks for Session {
    async fn before_update(&mut self, current: &Self, _: &mut Write<'_>) -> Result<(), HookError> {
        self.type_of.clone_from(&current.type_of);
        Ok(())
    }
}

fn main() {
    let _ = Session::routes();
}
