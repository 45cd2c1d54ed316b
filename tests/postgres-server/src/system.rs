//! What a server needs of a system of Unix's kind. Elsewhere no server is found, so that none of it is asked for; it is
//! there so that the tests compile.

#[cfg(not(unix))]
pub(crate) use elsewhere::{close_to_others, give, is_program, is_root, part};
#[cfg(unix)]
pub(crate) use unix::{close_to_others, give, is_program, is_root, part};

#[cfg(unix)]
mod unix {
    use std::{
        fs,
        os::unix::{
            fs::{MetadataExt, PermissionsExt, chown},
            process::CommandExt,
        },
        path::Path,
        process::Command,
    };

    /// Runs a program as this user and group, out of reach of a Ctrl-C in the terminal.
    pub(crate) fn part(command: &mut Command, user: Option<(u32, u32)>) {
        if let Some((user, group)) = user {
            command.uid(user).gid(group);
        }
        command.process_group(0);
    }

    /// Gives a folder or file to somebody.
    pub(crate) fn give(path: &Path, (user, group): (u32, u32)) {
        chown(path, Some(user), Some(group)).expect("give a file to another user");
    }

    /// Lets nobody else read a file.
    pub(crate) fn close_to_others(path: &Path) {
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("close a file to others");
    }

    pub(crate) fn is_program(path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
    }

    /// Whether this process is root's; `false` where there is no `/proc`.
    pub(crate) fn is_root() -> bool {
        fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
    }
}

#[cfg(not(unix))]
mod elsewhere {
    use std::{path::Path, process::Command};

    pub(crate) fn part(_: &mut Command, _: Option<(u32, u32)>) {}

    pub(crate) fn give(_: &Path, _: (u32, u32)) {}

    pub(crate) fn close_to_others(_: &Path) {}

    /// Never: a server's life is watched by a shell.
    pub(crate) fn is_program(_: &Path) -> bool {
        false
    }

    pub(crate) fn is_root() -> bool {
        false
    }
}
