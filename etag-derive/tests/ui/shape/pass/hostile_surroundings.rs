// Names of the prelude mean something else here, and the struct stands in a macro and in a function.
#![no_implicit_prelude]
#![allow(dead_code)]

struct Option;
struct Result;
struct Some;
struct Vec;
struct String;
mod core {}
mod std {}

macro_rules! resource {
    ($name:ident, $type:literal, $id:ty, $attribute:ty) => {
        #[derive(::etag_fairing::JsonApiResource)]
        #[jsonapi(type = $type)]
        struct $name {
            #[jsonapi(id)]
            id: $id,
            attribute: $attribute,
            #[jsonapi(json)]
            anything: $attribute,
        }
    };
}

resource!(Session, "sessions", i64, ::std::option::Option<::std::string::String>);

fn main() {
    #[derive(::etag_fairing::JsonApiResource)]
    #[jsonapi(type = "locals")]
    pub(crate) struct r#Local {
        #[jsonapi(id)]
        id: u32,
        record: i64,
        value: bool,
        json: f32,
        #[jsonapi(relationship)]
        parent: ::etag_fairing::ToOne<Self>,
        #[jsonapi(relationship, through = "local_aunts", target_column = "aunt_id")]
        aunts: ::etag_fairing::ToMany<Self>,
    }
}
