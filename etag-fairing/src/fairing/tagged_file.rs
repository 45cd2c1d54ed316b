//! Files that are tagged without being read each time.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rocket::fs::NamedFile;
use rocket::http::uri::{Segments, fmt};
use rocket::http::{Method, Status};
use rocket::response::{self, Responder};
use rocket::route::{Handler, Outcome};
use rocket::tokio::fs::metadata;
use rocket::{Data, Request, Route};

use super::digest::LARGEST_CHUNK;
use super::file_digests::FileStamp;
use super::mark;
use crate::conditional::HttpDate;

/// A file as a response, with an entity tag, `Last-Modified` and the `Content-Type` of its extension.
///
/// The tag is the SHA-1 of the content. It is made once, and remembered for as long as the file system says that the
/// file is the same: by its length, its times in nanoseconds, and on Unix its inode and the time of its last change,
/// which no program can set. So a 304 reads nothing of the file. A file that is longer than `max_body` of
/// [`EtagConfig`](crate::config::EtagConfig) is not read for its tag at all: the tag is made from what the file system
/// says, and weak for the first seconds after a change (RFC 9110 §8.8.1). Such tags differ from server to server.
///
/// Rocket's own `NamedFile` is tagged as well, by [`Tagged`](crate::Tagged) or [`etagged`](crate::etagged), but read each
/// time: nothing tells which file it is.
///
/// ```
/// # use rocket::{get, routes};
/// use etag_fairing::TaggedFile;
///
/// #[get("/programme")]
/// async fn programme() -> Option<TaggedFile> {
///     TaggedFile::open("programme.pdf").await.ok()
/// }
/// # let _ = routes![programme];
/// ```
#[derive(Debug)]
pub struct TaggedFile {
    file: NamedFile,
    stamp: FileStamp,
    modified: Option<SystemTime>,
}

impl TaggedFile {
    /// Opens a file for reading.
    ///
    /// # Errors
    /// If there is none, it is a folder, or it may not be read.
    pub async fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::new(NamedFile::open(path).await?).await
    }

    /// The same for a file that is open already, to be sent from its beginning.
    ///
    /// # Errors
    /// If it is a folder, or the system says nothing of it.
    pub async fn new(file: NamedFile) -> io::Result<Self> {
        let metadata = file.file().metadata().await?;
        if metadata.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "a folder is no file to send"));
        }
        let stamp = FileStamp::new(file.path(), &metadata);
        Ok(Self { file, stamp, modified: metadata.modified().ok() })
    }
}

impl<'r> Responder<'r, 'static> for TaggedFile {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let mut response = self.file.respond_to(request)?;
        response.set_max_chunk_size(LARGEST_CHUNK);
        let now = SystemTime::now();
        // RFC 9110 §8.8.2.1: no date that lies in the future.
        if let Some(modified) = self.modified.filter(|modified| *modified <= now) {
            response.set_raw_header(
                "Last-Modified",
                HttpDate::from(chrono::DateTime::from(modified)).to_string(),
            );
        }
        mark::mark_file(request, self.stamp);
        Ok(response)
    }
}

/// The files of a folder and its subfolders, as [`TaggedFile`]s.
///
/// As Rocket's `FileServer`: `index.html` answers for a folder, names that begin with a dot are not served, and what isn't
/// there is left to other routes (404). Its rank is 10, so that routes of your own win.
///
/// ```no_run
/// use etag_fairing::{EtagFairing, Files};
///
/// # fn launch() -> std::io::Result<()> {
/// let rocket = rocket::build()
///     .attach(EtagFairing::new())
///     .mount("/assets", Files::of("static")?);
/// # drop(rocket);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Files {
    root: PathBuf,
    rank: isize,
}

impl Files {
    /// The files of this folder.
    ///
    /// # Errors
    /// If it is not there or no folder, naming it.
    pub fn of(root: impl Into<PathBuf>) -> io::Result<Self> {
        let root = root.into();
        let told = |error: io::Error| {
            io::Error::new(error.kind(), format!("cannot serve the files of `{}`: {error}", root.display()))
        };
        if !std::fs::metadata(&root).map_err(told)?.is_dir() {
            return Err(told(io::Error::new(io::ErrorKind::NotADirectory, "it is no folder")));
        }
        Ok(Self { root, rank: 10 })
    }

    /// With another rank: a route of a lower one on the same path is tried first.
    #[must_use]
    pub fn rank(self, rank: isize) -> Self {
        Self { rank, ..self }
    }

    /// The file that a path names.
    async fn file(&self, request: &Request<'_>) -> Option<TaggedFile> {
        let segments = request.segments::<Segments<'_, fmt::Path>>(0..).ok()?;
        // Rocket refuses `..`, names that begin with a dot, and all else that would lead out of the folder.
        let path = self.root.join(segments.to_path_buf(false).ok()?);
        let path = if metadata(&path).await.ok()?.is_dir() { path.join("index.html") } else { path };
        // Opening a pipe would wait until a program writes to it.
        if !metadata(&path).await.ok()?.is_file() {
            return None;
        }
        TaggedFile::open(path).await.ok()
    }
}

impl From<Files> for Vec<Route> {
    fn from(files: Files) -> Self {
        let name = format!("files of {}", files.root.display());
        let mut route = Route::ranked(files.rank, Method::Get, "/<path..>", files);
        route.name = Some(name.into());
        vec![route]
    }
}

#[rocket::async_trait]
impl Handler for Files {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        match self.file(request).await {
            Some(file) => Outcome::from(request, file),
            None => Outcome::forward(data, Status::NotFound),
        }
    }
}
