//! The targets that operations name by `href`: URLs of collections, resources and relationships of this API.

use fluent_uri::UriRef;
use percent_encoding::percent_decode_str;

use crate::document::read::HrefTarget;
use crate::routes::call::Call;
use crate::schema::Registry;

/// What references in the body of a request are resolved against (RFC 3986 §5.1.3): its URL.
pub(super) struct Hrefs<'r> {
    registry: &'r Registry,
    /// The host that the client has asked, with its port.
    authority: Option<&'r str>,
    /// What links of this API start with.
    base_url: &'r str,
    path: String,
}

impl<'r> Hrefs<'r> {
    pub(super) fn of(call: &Call<'r>) -> Self {
        Self {
            registry: call.api.registry(),
            authority: call.request.headers().get_one("Host"),
            base_url: &call.config().base_url,
            path: call.request.uri().path().to_string(),
        }
    }

    /// What a reference leads to; `None` if that is nothing of this API that operations change.
    pub(super) fn resolve(&self, href: &str) -> Option<HrefTarget> {
        let reference = UriRef::parse(href).ok().filter(|_| !href.is_empty())?;
        // No parameter has a meaning here, and none is ignored.
        if reference.query().is_some() || reference.fragment().is_some() {
            return None;
        }
        // Resolved by the path alone: the server doesn't know by which scheme and host clients reach it.
        let asked = format!("http://{}{}", self.authority.unwrap_or("localhost"), self.path);
        let asked = fluent_uri::Uri::parse(asked).ok()?;
        let resolved = reference.resolve_against(&asked).ok()?.normalize();
        let is_here = match (reference.scheme(), reference.authority()) {
            (None, None) => true,
            (_, Some(authority)) if self.authority == Some(authority.as_str()) => {
                reference.scheme().is_none_or(|scheme| matches!(scheme.as_str(), "http" | "https"))
            }
            _ => {
                !self.base_url.is_empty()
                    && href.strip_prefix(self.base_url).is_some_and(|rest| rest.starts_with('/'))
            }
        };
        if !is_here {
            return None;
        }
        let base_path = path_of(self.base_url);
        let is_by_link = reference.scheme().is_some() && href.starts_with(self.base_url);
        let base_path = if is_by_link { base_path } else { "" };
        let segments = segments(resolved.path().as_str().strip_prefix(base_path)?)?;
        self.registry.resources().find_map(|resource| {
            let collection = self.registry.collection(resource).strip_prefix(self.base_url)?;
            target_below(&segments, &self::segments(collection)?, resource)
        })
    }
}

/// The path of an absolute URL.
fn path_of(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or("", |(_, rest)| rest);
    after_scheme.find('/').map_or("", |at| after_scheme.get(at..).unwrap_or_default())
}

/// The segments of a path, decoded; `None` if one is empty or no text.
fn segments(path: &str) -> Option<Vec<String>> {
    let decoded = |segment: &str| Some(percent_decode_str(segment).decode_utf8().ok()?.into_owned());
    let segments = path.strip_prefix('/')?.split('/');
    segments.map(|segment| decoded(segment).filter(|segment| !segment.is_empty())).collect()
}

fn target_below(
    asked: &[String],
    collection: &[String],
    resource: &'static crate::schema::Description,
) -> Option<HrefTarget> {
    let rest = asked.strip_prefix(collection)?;
    let (id, relationship) = match rest {
        [] => (None, None),
        [id] => (Some(id.clone()), None),
        [id, word, name] if word == "relationships" => (Some(id.clone()), Some(name.clone())),
        _ => return None,
    };
    Some(HrefTarget { resource, id, relationship })
}
