//! The query component as names and values (`application/x-www-form-urlencoded`).

use percent_encoding::{AsciiSet, percent_decode_str, utf8_percent_encode};

use crate::error::{ErrorObject, Errors};
use crate::schema::registry::RESERVED;

/// The characters that are percent-encoded in a query. The comma, which separates the elements of lists, is not one.
const QUERY: &AsciiSet = &RESERVED.remove(b',');

/// The parameters in the order of the URL, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// # Errors
    /// 400 if a name or a value is not UTF-8.
    pub(crate) fn parse(query: Option<&str>) -> Result<Self, Errors> {
        let mut parameters = Vec::new();
        for pair in query.unwrap_or("").split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (Some(decoded_name), Some(decoded_value)) = (decode(name), decode(value)) else {
                return Err(ErrorObject::unknown_parameter("not UTF-8").parameter(name).into());
            };
            parameters.push((decoded_name, decoded_value));
        }
        Ok(Self(parameters))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The same parameters without these.
    pub(crate) fn without(&self, names: &[&str]) -> Self {
        Self(self.0.iter().filter(|(name, _)| !names.contains(&name.as_str())).cloned().collect())
    }

    /// The same parameters with one replaced where it stands, or added.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut parameters = self.0.clone();
        match parameters.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value.into(),
            None => parameters.push((name.into(), value.into())),
        }
        Self(parameters)
    }
}

impl FromIterator<(String, String)> for Parameters {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(parameters: I) -> Self {
        Self(parameters.into_iter().collect())
    }
}

fn decode(text: &str) -> Option<String> {
    percent_decode_str(&text.replace('+', " ")).decode_utf8().ok().map(Into::into)
}

/// A link to a path with parameters, percent-encoded (JSON:API §11.1: brackets too).
pub(crate) fn href(path: &str, parameters: &Parameters) -> String {
    let mut href = String::from(path);
    for (index, (name, value)) in parameters.iter().enumerate() {
        href.push(if index == 0 { '?' } else { '&' });
        href.extend(utf8_percent_encode(name, QUERY));
        href.push('=');
        href.extend(utf8_percent_encode(value, QUERY));
    }
    href
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m4_raw_and_encoded_brackets_are_the_same() {
        let raw = Parameters::parse(Some("page[size]=2&q=a+b")).unwrap();
        assert_eq!(raw, Parameters::parse(Some("page%5Bsize%5D=2&q=a%20b")).unwrap());
        assert_eq!(href("/v1/sessions", &raw), "/v1/sessions?page%5Bsize%5D=2&q=a%20b");
        assert!(Parameters::parse(Some("a=%ff")).is_err());
    }
}
