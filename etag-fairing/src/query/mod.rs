//! Query parameters (JSON:API §8, §9): parsed to one typed [`Query`], or refused with the parameter named.

mod page;
mod parameters;

pub(crate) use page::PageRequest;
pub(crate) use parameters::{Parameters, href};

use crate::config::JsonApiConfig;
use crate::document::error::{ErrorObject, Errors};

/// What a URL's query asks for.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    /// The page, where the URL has pages.
    pub(crate) page: Option<PageRequest>,
}

/// Which families of parameters a URL takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// One resource, or linkage: nothing to page.
    Single,
    /// Many resources.
    Many,
}

impl Query {
    /// # Errors
    /// 400, one error a parameter that is unknown, misplaced, repeated or has a bad value.
    pub(crate) fn parse(
        parameters: &Parameters,
        target: Target,
        config: &JsonApiConfig,
    ) -> Result<Self, Errors> {
        let mut errors = Vec::new();
        let mut page = page::Builder::default();
        for (index, (name, value)) in parameters.iter().enumerate() {
            let family = name.split('[').next().unwrap_or(name);
            let repeated = parameters.iter().take(index).any(|(earlier, _)| earlier == name);
            let error = match family {
                _ if repeated => Some(ErrorObject::unknown_parameter("given more than once")),
                "page" if target == Target::Many => page.take(name, value).err(),
                "page" => Some(ErrorObject::unknown_parameter("there are no pages at this URL")),
                "include" | "fields" | "sort" | "filter" => {
                    Some(ErrorObject::unknown_parameter(format!("{family} is not supported at this URL")))
                }
                // JSON:API §8.7: a server MUST refuse what it doesn't know.
                _ => Some(ErrorObject::unknown_parameter("no such parameter at this URL")),
            };
            errors.extend(error.map(|error| error.parameter(name)));
        }
        let page = match target {
            Target::Many => page.finish(config).map_err(|error| errors.push(error)).ok(),
            Target::Single => None,
        };
        match Errors::from_vec(errors) {
            Some(errors) => Err(errors),
            None => Ok(Self { page }),
        }
    }
}
