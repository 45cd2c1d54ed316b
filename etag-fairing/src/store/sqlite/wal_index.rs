//! The index of the write-ahead log, whose header changes with every commit.
//!
//! SQLite asks the same header whether anybody has committed, under a lock that all of a process's connections share.
//! Whoever only wants to know that nothing has happened reads it, and needs neither a lock nor a connection: one system
//! call. What SQLite documents of it (<https://www.sqlite.org/walformat.html>, §2.1) holds between all programs that
//! have the database open, whichever version of SQLite they carry; of any other format nothing is believed.
//!
//! It stands and falls with a file system on which `read` sees at once what is written by a memory map, as those of a
//! local disk do. SQLite itself asks for one on which maps are shared between processes.

#[cfg(any(target_os = "linux", target_os = "macos"))]
pub(super) use shared::WalIndex;
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
pub(super) use unknown::WalIndex;

/// One of the two copies of the header.
const COPY: usize = 48;

/// What the header says: the number of the commit, the length of the log, its checksum and salts, and more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header([u8; COPY]);

/// Where what is written by a memory map is read by `read` at once.
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod shared {
    use std::fs::File;
    use std::os::unix::fs::{FileExt, MetadataExt};
    use std::path::Path;

    use super::{COPY, Header};

    /// The format that all versions of SQLite have written since 3.7.0.
    const VERSION: u32 = 3_007_000;

    /// The file of the index, open.
    #[derive(Debug)]
    pub(in super::super) struct WalIndex(Option<File>);

    impl WalIndex {
        /// Of the database at this path, as SQLite names it. A connection to it must be open, and have read.
        pub(in super::super) fn open(database: &Path) -> Option<Self> {
            let mut name = database.as_os_str().to_owned();
            name.push("-shm");
            File::open(name).ok().map(|file| Self(Some(file)))
        }

        /// The header; `None` while it is being written, or if it is of an unknown format.
        pub(in super::super) fn header(&self) -> Option<Header> {
            let mut copies = [0; 2 * COPY];
            self.0.as_ref()?.read_exact_at(&mut copies, 0).ok()?;
            let (first, second) = copies.split_first_chunk::<COPY>()?;
            let (version, rest) = first.split_first_chunk::<4>()?;
            let is_made = rest.get(8).is_some_and(|made| *made == 1);
            let is_known = u32::from_ne_bytes(*version) == VERSION && is_made && first.as_slice() == second;
            is_known.then_some(Header(*first))
        }
    }

    impl Drop for WalIndex {
        /// POSIX: to close a file gives up the locks that the process has on it, by whatever other descriptor. SQLite
        /// removes the file with the last connection to it; as long as it is there, somebody may hold a lock, and so
        /// it stays open until the process ends.
        fn drop(&mut self) {
            if let Some(file) = self.0.take()
                && !file.metadata().is_ok_and(|file| file.nlink() == 0)
            {
                std::mem::forget(file);
            }
        }
    }
}

/// Where nothing is known of that: the connections are asked each time.
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
mod unknown {
    use std::path::Path;

    use super::Header;

    /// No file.
    #[derive(Debug)]
    pub(in super::super) struct WalIndex;

    impl WalIndex {
        /// None.
        pub(in super::super) fn open(_: &Path) -> Option<Self> {
            None
        }

        /// None.
        pub(in super::super) fn header(&self) -> Option<Header> {
            None
        }
    }
}
