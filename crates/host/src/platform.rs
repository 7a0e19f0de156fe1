//! What differs between Linux and macOS for this crate, under the same names on both.

#[cfg(target_os = "linux")]
pub(crate) use linux::*;
#[cfg(target_os = "macos")]
pub(crate) use macos::*;

#[cfg(target_os = "linux")]
mod linux {
    /// Where the syslog daemon listens for datagrams.
    pub(crate) const SYSLOG_SOCKET: &str = "/dev/log";
    /// The kind of every computer that this system runs on, if there is only one.
    pub(crate) const ONLY_KIND: Option<&str> = None;
}

#[cfg(target_os = "macos")]
mod macos {
    /// Where the syslog daemon listens for datagrams.
    pub(crate) const SYSLOG_SOCKET: &str = "/var/run/syslog";
    /// The kind of every computer that this system runs on, if there is only one.
    pub(crate) const ONLY_KIND: Option<&str> = Some("mac");
}
