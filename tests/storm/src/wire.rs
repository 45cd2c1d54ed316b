//! Requests to a register as HTTP, and what their answers show.

use hyper::Method;
use hyper::header::{ACCEPT, HeaderName, IF_MATCH, IF_NONE_MATCH};
use serde_json::{Value, json};

use crate::http::{Answer, Client, NoAnswer};
use crate::record::{Call, Change, Link, Seen, Target};

/// How many members there are: bits of a set.
pub const MEMBERS: u32 = 12;

/// A request to a register.
#[derive(Clone, Debug)]
pub struct Request {
    /// Which register.
    pub register: usize,
    /// At which URL.
    pub target: Target,
    /// What is asked.
    pub call: Call,
    /// The tags of `If-Match`; none: no such field.
    pub if_match: Vec<String>,
    /// The tag of `If-None-Match`.
    pub if_none_match: Option<String>,
    /// The query of the URL, with its question mark.
    pub query: &'static str,
}

impl Request {
    /// A request without parameters and preconditions.
    pub fn new(register: usize, target: Target, call: Call) -> Self {
        Self { register, target, call, if_match: Vec::new(), if_none_match: None, query: "" }
    }

    /// The same with a tag in `If-Match`.
    pub fn if_match(mut self, tag: impl Into<String>) -> Self {
        self.if_match.push(tag.into());
        self
    }

    /// Sends it.
    ///
    /// # Errors
    /// If there is no whole answer.
    pub async fn send(&self, client: &mut Client) -> Result<Answer, NoAnswer> {
        let id = format!("r{}", self.register);
        let path = match (&self.call, self.target) {
            (Call::Write(Change::Create { .. }), _) => "/registers".to_owned(),
            (_, Target::Resource | Target::Item) => format!("/registers/{id}"),
            (_, Target::Linkage) => format!("/registers/{id}/relationships/members"),
        };
        let (method, body) = match &self.call {
            Call::Read => (Method::GET, None),
            Call::Write(Change::Delete) => (Method::DELETE, None),
            Call::Write(Change::Create { value, members }) => {
                (Method::POST, Some(document(&id, *value, Some(*members))))
            }
            Call::Write(Change::Update { value, members }) => {
                (Method::PATCH, Some(document(&id, *value, *members)))
            }
            Call::Write(Change::Link { link, members }) => {
                let method = match link {
                    Link::Replace => Method::PATCH,
                    Link::Add => Method::POST,
                    Link::Remove => Method::DELETE,
                };
                (method, Some(json!({"data": linkage(*members)})))
            }
        };
        let mut fields: Vec<(HeaderName, String)> = Vec::new();
        if !self.if_match.is_empty() {
            fields.push((IF_MATCH, self.if_match.join(", ")));
        }
        fields.extend(self.if_none_match.iter().map(|tag| (IF_NONE_MATCH, tag.clone())));
        client.send(method, &format!("{path}{}", self.query), &fields, body.as_ref()).await
    }

    /// What its answer shows of the register.
    pub fn seen(&self, answer: &Answer) -> Seen {
        let tag = answer.tag.clone();
        match answer.status {
            200 | 201 => {
                let document = answer.json();
                let (value, linkage) = match self.target {
                    Target::Linkage => (None, &document["data"]),
                    Target::Resource | Target::Item => {
                        let data = &document["data"];
                        (data["attributes"]["value"].as_i64(), &data["relationships"]["members"]["data"])
                    }
                };
                Seen::Present { value, members: members(linkage), tag }
            }
            304 | 412 if tag.is_some() => Seen::Present { value: None, members: None, tag },
            409 => Seen::Present { value: None, members: None, tag: None },
            404 => Seen::Absent,
            _ => Seen::Nothing,
        }
    }
}

/// The profile by which items have tags of their own.
const PROFILE: &str = "application/vnd.api+json;profile=\
    \"https://github.com/etag-fairing/etag-fairing/blob/main/docs/profiles/concurrency.md\"";

/// Reads the list of registers, with the tag of each, and what it shows of so many of them. `None` without a list.
pub async fn read_list(client: &mut Client, registers: usize, parameters: &str) -> Option<Vec<Seen>> {
    let target = format!("/registers?page[size]=100{parameters}");
    let answer = client.send(Method::GET, &target, &[(ACCEPT, PROFILE.to_owned())], None).await;
    let document = answer.ok().filter(|answer| answer.status == 200)?.json();
    let items = document["data"].as_array()?;
    let seen = |register| {
        let id = format!("r{register}");
        let Some(item) = items.iter().find(|item| item["id"] == id.as_str()) else { return Seen::Absent };
        Seen::Present {
            value: item["attributes"]["value"].as_i64(),
            members: members(&item["relationships"]["members"]["data"]),
            tag: item["meta"]["etag"].as_str().map(str::to_owned),
        }
    };
    Some((0..registers).map(seen).collect())
}

/// Makes the members, before anything refers to them.
///
/// # Errors
/// If one could not be made.
pub async fn make_members(client: &mut Client) -> Result<(), String> {
    for member in 0..MEMBERS {
        let document = json!({"data": {"type": "members", "id": format!("m{member}"),
            "attributes": {"name": format!("Member {member}")}}});
        match client.send(Method::POST, "/members", &[], Some(&document)).await {
            Ok(answer) if answer.status == 201 => {}
            other => return Err(format!("a member could not be made: {other:?}")),
        }
    }
    Ok(())
}

fn document(id: &str, value: i64, members: Option<u32>) -> Value {
    let mut data = json!({"type": "registers", "id": id, "attributes": {"value": value}});
    if let Some(members) = members {
        data["relationships"] = json!({"members": {"data": linkage(members)}});
    }
    json!({"data": data})
}

fn linkage(members: u32) -> Value {
    let ids = (0..MEMBERS).filter(|member| members & (1 << member) != 0);
    ids.map(|member| json!({"type": "members", "id": format!("m{member}")})).collect()
}

fn members(linkage: &Value) -> Option<u32> {
    let mut members = 0;
    for identifier in linkage.as_array()? {
        let number: u32 = identifier["id"].as_str()?.strip_prefix('m')?.parse().ok()?;
        members |= 1_u32.checked_shl(number)?;
    }
    Some(members)
}
