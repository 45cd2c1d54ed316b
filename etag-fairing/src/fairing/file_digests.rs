//! Digests of files, remembered for as long as the files are what they were.

use std::fs::Metadata;
use std::hash::RandomState;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use quick_cache::UnitWeighter;
use quick_cache::sync::{Cache, DefaultLifecycle};
use rocket::tokio::io::AsyncReadExt;

use crate::conditional::EntityTag;

/// At most this many files are remembered.
const MOST: usize = 10_000;

/// A file that was changed less than this ago may change again without its times showing that: file systems count in
/// steps of up to two seconds.
const SETTLES: Duration = Duration::from_secs(3);

/// What the file system says about a file. As long as it says the same, a settled file has the same content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileStamp {
    path: PathBuf,
    length: u64,
    modified: Option<SystemTime>,
    identity: FileIdentity,
}

/// Which file it is, and when anything about it was last changed. No program can set these, so that they tell a file from
/// another one that is put in its place with the same length and date of modification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileIdentity {
    device: u64,
    inode: u64,
    changed: Option<SystemTime>,
}

impl FileIdentity {
    #[cfg(unix)]
    fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        let seconds = u64::try_from(metadata.ctime()).ok().map(Duration::from_secs);
        let nanoseconds = u64::try_from(metadata.ctime_nsec()).ok().map(Duration::from_nanos);
        let since = seconds.zip(nanoseconds).map(|(seconds, nanoseconds)| seconds + nanoseconds);
        let changed = since.and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since));
        Self { device: metadata.dev(), inode: metadata.ino(), changed }
    }

    #[cfg(not(unix))]
    fn of(_: &Metadata) -> Self {
        Self { device: 0, inode: 0, changed: None }
    }
}

impl FileStamp {
    pub(super) fn new(path: &Path, metadata: &Metadata) -> Self {
        Self {
            path: path.to_owned(),
            length: metadata.len(),
            modified: metadata.modified().ok(),
            identity: FileIdentity::of(metadata),
        }
    }

    /// The stamp of what lies at this path now.
    async fn now(path: &Path) -> Option<Self> {
        rocket::tokio::fs::metadata(path).await.ok().map(|metadata| Self::new(path, &metadata))
    }

    /// The content of the file, read again; `None` if the file has changed.
    pub(super) async fn content(&self) -> Option<Vec<u8>> {
        // One byte more than the known length is read: this shows that the file has grown, and takes no more memory.
        let file = rocket::tokio::fs::File::open(&self.path).await.ok()?;
        let mut content = Vec::new();
        file.take(self.length.saturating_add(1)).read_to_end(&mut content).await.ok()?;
        (Self::now(&self.path).await.as_ref() == Some(self)).then_some(content)
    }

    /// Its length in bytes.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Whether the file was last changed so long ago that another change shows in its stamp.
    fn is_settled(&self, now: SystemTime) -> bool {
        let is_old = |time: SystemTime| now.duration_since(time).is_ok_and(|age| age > SETTLES);
        self.modified.is_some_and(is_old) && self.identity.changed.is_none_or(is_old)
    }

    /// A tag of the stamp, for a file that is too large to be read for one.
    ///
    /// RFC 9110 §8.8.1: weak as long as the file may change without its times showing that.
    pub(super) fn tag(&self) -> EntityTag {
        let Self { length, modified, identity, .. } = self;
        let tag = EntityTag::of(format!("{length} {modified:?} {identity:?}").as_bytes());
        if self.is_settled(SystemTime::now()) { tag } else { tag.weakened() }
    }
}

/// The tags of files that were read.
pub(crate) struct FileDigests(Cache<PathBuf, Arc<(FileStamp, EntityTag)>, UnitWeighter, RandomState>);

impl FileDigests {
    pub(super) fn new() -> Self {
        let most = u64::try_from(MOST).unwrap_or(u64::MAX);
        Self(Cache::with(256, most, UnitWeighter, RandomState::default(), DefaultLifecycle::default()))
    }

    /// The tag of a file that has not changed since it was read.
    pub(super) fn get(&self, stamp: &FileStamp) -> Option<EntityTag> {
        let known = self.0.get(&stamp.path)?;
        (known.0 == *stamp).then(|| known.1.clone())
    }

    /// Remembers the tag of what was read after the stamp was taken, if the file is still the same and was so for long
    /// enough.
    pub(super) async fn remember(&self, stamp: &FileStamp, tag: &EntityTag) {
        let before = SystemTime::now();
        if stamp.is_settled(before) && FileStamp::now(&stamp.path).await.as_ref() == Some(stamp) {
            self.0.insert(stamp.path.clone(), Arc::new((stamp.clone(), tag.clone())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(modified: SystemTime) -> FileStamp {
        let identity = FileIdentity { device: 1, inode: 2, changed: Some(modified) };
        FileStamp { path: "a".into(), length: 3, modified: Some(modified), identity }
    }

    #[test]
    fn a_tag_by_times_is_strong_once_they_tell_changes_apart() {
        let now = SystemTime::now();
        assert!(!stamp(now - Duration::from_secs(60)).tag().is_weak());
        assert!(stamp(now).tag().is_weak());
        assert!(stamp(now + Duration::from_secs(60)).tag().is_weak(), "a date in the future tells nothing");
        let mut dateless = stamp(now - Duration::from_secs(60));
        dateless.modified = None;
        assert!(dateless.tag().is_weak());
    }

    #[test]
    fn whatever_differs_gives_another_tag() {
        let base = stamp(SystemTime::now() - Duration::from_secs(60));
        let mut others = vec![base.clone(); 4];
        others[0].length += 1;
        others[1].modified = base.modified.map(|time| time + Duration::from_nanos(1));
        others[2].identity.inode += 1;
        others[3].identity.changed = base.identity.changed.map(|time| time + Duration::from_nanos(1));
        for other in others {
            assert_ne!(other.tag(), base.tag(), "{other:?}");
        }
    }

    #[test]
    fn only_of_what_has_settled_and_stayed_a_digest_is_remembered() {
        rocket::async_test(async {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.txt");
            std::fs::write(&path, "abc").unwrap();
            let (digests, tag) = (FileDigests::new(), EntityTag::of(b"abc"));
            let fresh = FileStamp::now(&path).await.unwrap();
            digests.remember(&fresh, &tag).await;
            assert_eq!(digests.get(&fresh), None, "it may change within the same step of the clock");
            let mut old = fresh.clone();
            old.modified = Some(SystemTime::now() - Duration::from_secs(60));
            old.identity.changed = old.modified;
            digests.remember(&old, &tag).await;
            assert_eq!(digests.get(&old), None, "the file is another by now");
        });
    }
}
