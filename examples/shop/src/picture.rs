//! Pictures of products: a file that is uploaded, by routes written by hand, with the same tags as all else.

use etag_fairing::document::error::{ErrorObject, Errors};
use etag_fairing::{EntityTag, JsonApi, Preconditions, Tagged};
use rocket::data::{Data, ToByteUnit};
use rocket::http::{ContentType, Header, Status};
use rocket::{Responder, State, get, put};

use crate::resources::{Picture, Product};
use crate::roles::Clerk;

const LARGEST: u64 = 512;

/// The picture of a product. Who has it already gets 304.
#[get("/products/<id>/picture")]
pub(crate) async fn picture(id: i64, api: &State<JsonApi>) -> Result<Tagged<(ContentType, Vec<u8>)>, Errors> {
    let _: Product = api.read(id).await?;
    let picture: Picture = api.read(id).await?;
    let media_type = ContentType::parse_flexible(&picture.media_type).unwrap_or(ContentType::Binary);
    Ok(Tagged((media_type, picture.bytes)))
}

/// Replaces the picture, if it is still the one that the clerk has seen: `If-Match` with its tag. The first one comes
/// with `If-None-Match: *`.
#[put("/products/<id>/picture", data = "<data>")]
pub(crate) async fn put_picture(
    id: i64,
    _clerk: Clerk,
    media_type: &ContentType,
    data: Data<'_>,
    preconditions: Preconditions<'_>,
    api: &State<JsonApi>,
) -> Result<(Status, Stored), Errors> {
    if ![ContentType::PNG, ContentType::JPEG, ContentType::WEBP].contains(media_type) {
        return Err(
            ErrorObject::unsupported_media_type("a picture is image/png, image/jpeg or image/webp").into()
        );
    }
    let bytes = data.open(LARGEST.kibibytes()).into_bytes().await.ok().filter(|bytes| bytes.is_complete());
    let bytes = bytes.ok_or_else(|| ErrorObject::for_status(Status::PayloadTooLarge))?.into_inner();
    let picture = Picture { id, media_type: media_type.to_string(), bytes };
    let is_new = api
        .write(async |tx| {
            let _: Product = tx.read(id).await?;
            let current: Option<Picture> = tx.read_optional(id).await?;
            let tag = current.map(|picture| EntityTag::of(&picture.bytes));
            preconditions.check(&tag)?;
            match tag {
                Some(_) => tx.update(&picture).await?,
                None => drop(tx.insert(&picture).await?),
            }
            Ok(tag.is_none())
        })
        .await?;
    let tag = Header::new("ETag", EntityTag::of(&picture.bytes).to_string());
    Ok((if is_new { Status::Created } else { Status::Ok }, Stored { nothing: (), tag }))
}

/// The picture was stored, and this is its tag from now on.
#[derive(Responder)]
pub(crate) struct Stored {
    nothing: (),
    tag: Header<'static>,
}
