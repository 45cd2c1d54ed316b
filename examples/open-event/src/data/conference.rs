//! The files as typed records, with every reference checked.

use std::{collections::BTreeSet, fmt};

use chrono::{DateTime, Utc};
use etag_fairing::{ToMany, ToOne, resource::ResourceId};
use serde::Deserialize;

use super::source::{Broken, Source};
use crate::resources::{Microlocation, Session, SessionType, Speaker, State, Track};

/// A whole conference.
#[derive(Default)]
pub(crate) struct Conference {
    pub(crate) session_types: Vec<SessionType>,
    pub(crate) microlocations: Vec<Microlocation>,
    pub(crate) tracks: Vec<Track>,
    pub(crate) speakers: Vec<Speaker>,
    pub(crate) sessions: Vec<Session>,
}

#[derive(Deserialize)]
struct SessionTypeRecord {
    id: i64,
    name: String,
    length: Option<String>,
}

#[derive(Deserialize)]
struct MicrolocationRecord {
    id: i64,
    name: String,
    floor: Option<i32>,
    room: Option<String>,
    latitude: Option<f64>,
    longitude: Option<f64>,
}

#[derive(Deserialize)]
struct TrackRecord {
    id: i64,
    name: String,
    color: Option<String>,
    font_color: Option<String>,
}

#[derive(Deserialize)]
struct SpeakerRecord {
    id: i64,
    name: String,
    organisation: Option<String>,
    country: Option<String>,
    short_biography: Option<String>,
}

#[derive(Deserialize)]
struct SessionRecord {
    id: i64,
    title: String,
    subtitle: Option<String>,
    short_abstract: Option<String>,
    language: Option<String>,
    level: Option<String>,
    #[serde(default)]
    state: State,
    start_time: Option<DateTime<Utc>>,
    end_time: Option<DateTime<Utc>>,
    #[serde(default)]
    favourites: u32,
    track: Option<i64>,
    microlocation: Option<i64>,
    session_type: Option<i64>,
    #[serde(default)]
    speakers: Vec<i64>,
}

/// The ids of one file: what others may refer to.
struct Ids {
    word: &'static str,
    file: &'static str,
    seen: BTreeSet<i64>,
}

impl Conference {
    /// Reads all files.
    ///
    /// # Errors
    /// With the first file that cannot be read, record that is not one, id that comes twice, or reference to
    /// nothing.
    pub(crate) fn read(source: &Source) -> Result<Self, Broken> {
        let mut conference = Self::default();
        let mut session_types = Ids::of("session type", "session_types.json");
        let mut microlocations = Ids::of("microlocation", "microlocations.json");
        let mut tracks = Ids::of("track", "tracks.json");
        let mut speakers = Ids::of("speaker", "speakers.json");
        let mut sessions = Ids::of("session", "sessions.json");

        source.file(session_types.file)?.each(|record: SessionTypeRecord| {
            session_types.add(record.id)?;
            conference.session_types.push(record.into());
            Ok(())
        })?;
        source.file(microlocations.file)?.each(|record: MicrolocationRecord| {
            microlocations.add(record.id)?;
            conference.microlocations.push(record.into());
            Ok(())
        })?;
        source.file(tracks.file)?.each(|record: TrackRecord| {
            tracks.add(record.id)?;
            conference.tracks.push(record.into());
            Ok(())
        })?;
        source.file(speakers.file)?.each(|record: SpeakerRecord| {
            speakers.add(record.id)?;
            conference.speakers.push(record.into());
            Ok(())
        })?;
        source.file(sessions.file)?.each(|record: SessionRecord| {
            sessions.add(record.id)?;
            conference.sessions.push(Session {
                id: record.id,
                track: tracks.one(record.track)?,
                microlocation: microlocations.one(record.microlocation)?,
                session_type: session_types.one(record.session_type)?,
                speakers: speakers.many(&record.speakers)?,
                title: record.title,
                subtitle: record.subtitle,
                short_abstract: record.short_abstract,
                language: record.language,
                level: record.level,
                state: record.state,
                start_time: record.start_time,
                end_time: record.end_time,
                favourites: record.favourites,
            });
            Ok(())
        })?;
        Ok(conference)
    }
}

impl fmt::Display for Conference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} sessions, {} speakers, {} tracks, {} microlocations, {} session types",
            self.sessions.len(),
            self.speakers.len(),
            self.tracks.len(),
            self.microlocations.len(),
            self.session_types.len(),
        )
    }
}

impl Ids {
    fn of(word: &'static str, file: &'static str) -> Self {
        Self { word, file, seen: BTreeSet::new() }
    }

    fn add(&mut self, id: i64) -> Result<(), String> {
        if self.seen.insert(id) { Ok(()) } else { Err("the id comes twice".into()) }
    }

    fn check(&self, id: i64) -> Result<ResourceId, String> {
        match self.seen.contains(&id) {
            true => Ok(ResourceId::Integer(id)),
            false => Err(format!("{} {id} is not in {}", self.word, self.file)),
        }
    }

    fn one<T>(&self, id: Option<i64>) -> Result<ToOne<T>, String> {
        id.map_or_else(|| Ok(ToOne::empty()), |id| self.check(id).map(ToOne::to))
    }

    fn many<T>(&self, ids: &[i64]) -> Result<ToMany<T>, String> {
        let mut named = BTreeSet::new();
        for id in ids {
            if !named.insert(id) {
                return Err(format!("{} {id} comes twice", self.word));
            }
        }
        ids.iter().map(|id| self.check(*id)).collect::<Result<_, _>>().map(ToMany::to)
    }
}

impl From<SessionTypeRecord> for SessionType {
    fn from(SessionTypeRecord { id, name, length }: SessionTypeRecord) -> Self {
        Self { id, name, length, sessions: ToMany::unread() }
    }
}

impl From<MicrolocationRecord> for Microlocation {
    fn from(record: MicrolocationRecord) -> Self {
        let MicrolocationRecord { id, name, floor, room, latitude, longitude } = record;
        Self { id, name, floor, room, latitude, longitude, sessions: ToMany::unread() }
    }
}

impl From<TrackRecord> for Track {
    fn from(TrackRecord { id, name, color, font_color }: TrackRecord) -> Self {
        Self { id, name, color, font_color, sessions: ToMany::unread() }
    }
}

impl From<SpeakerRecord> for Speaker {
    fn from(record: SpeakerRecord) -> Self {
        let SpeakerRecord { id, name, organisation, country, short_biography } = record;
        Self { id, name, organisation, country, short_biography, sessions: ToMany::unread() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_conference_is_whole() {
        let conference = Conference::read(&Source::BuiltIn).expect("the built-in files");
        assert_eq!(
            conference.to_string(),
            "21 sessions, 15 speakers, 4 tracks, 4 microlocations, 3 session types"
        );
    }
}
