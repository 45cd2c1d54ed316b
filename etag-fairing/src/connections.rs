//! The kernel's table of TCP connections.

use std::net::SocketAddr;

#[cfg(not(target_os = "linux"))]
pub(crate) use elsewhere::{CAN_BE_SEEN, connected};
#[cfg(target_os = "linux")]
pub(crate) use linux::{CAN_BE_SEEN, connected};

/// The one form of an address by which two are compared: an IPv4 address that a socket for IPv6 shows in IPv6's form is
/// the IPv4 address itself.
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    // The scope of a link-local address is left out, since the kernel's table doesn't have it.
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::HashSet;
    use std::fs;
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

    use super::canonical;

    /// Whether there is a table to look into.
    pub(crate) const CAN_BE_SEEN: bool = true;

    /// The state in which both ends may send (`TCP_ESTABLISHED`): neither has closed it.
    const ESTABLISHED: &str = "01";

    /// The other ends of all connections of this process's network that are open both ways; `None` if nothing can be
    /// found out.
    pub(crate) fn connected() -> Option<HashSet<SocketAddr>> {
        let mut connected = HashSet::new();
        let four = fs::read_to_string("/proc/self/net/tcp").ok()?;
        connected.extend(four.lines().filter_map(other_end));
        // Where there is no IPv6 there is no such table.
        if let Ok(six) = fs::read_to_string("/proc/self/net/tcp6") {
            connected.extend(six.lines().filter_map(other_end));
        }
        Some(connected)
    }

    /// `sl: local_address rem_address st …`
    fn other_end(line: &str) -> Option<SocketAddr> {
        let mut fields = line.split_ascii_whitespace().skip(2);
        let (address, state) = (fields.next()?, fields.next()?);
        if state != ESTABLISHED {
            return None;
        }
        let (ip, port) = address.split_once(':')?;
        let ip: IpAddr = match ip.len() {
            8 => Ipv4Addr::from(word(ip)?).into(),
            32 => {
                let mut bytes = [0; 16];
                for (place, bytes) in bytes.chunks_exact_mut(4).enumerate() {
                    bytes.copy_from_slice(&word(ip.get(place * 8..place * 8 + 8)?)?);
                }
                Ipv6Addr::from(bytes).into()
            }
            _ => return None,
        };
        Some(canonical(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?)))
    }

    /// Four bytes as they lie in memory, written as this machine reads a number.
    fn word(hex: &str) -> Option<[u8; 4]> {
        u32::from_str_radix(hex, 16).ok().map(u32::to_ne_bytes)
    }

    #[cfg(test)]
    mod tests {
        use std::net::{TcpListener, TcpStream};

        use super::*;

        #[test]
        fn a_connection_is_seen_as_long_as_both_ends_are_open() {
            for address in ["127.0.0.1:0", "[::1]:0"] {
                let Ok(listener) = TcpListener::bind(address) else { continue };
                let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
                let (server, client_address) = listener.accept().unwrap();
                assert!(connected().unwrap().contains(&client_address), "{client_address}");
                drop(client);
                // The end is told by the kernel itself, soon.
                while connected().unwrap().contains(&client_address) {
                    std::thread::yield_now();
                }
                drop(server);
            }
        }

        #[cfg(target_endian = "little")]
        #[test]
        fn lines_of_the_table() {
            let line = |remote: &str, state: &str| {
                other_end(&format!("   0: 00000000:1F90 {remote} {state} 00000000:00000000 00:00000000"))
            };
            assert_eq!(line("0100007F:D431", "01"), Some("127.0.0.1:54321".parse().unwrap()));
            assert_eq!(line("0100007F:D431", "08"), None);
            let mapped = "0000000000000000FFFF00000100007F:0050";
            assert_eq!(line(mapped, "01"), Some("127.0.0.1:80".parse().unwrap()));
            let six = "B80D0120000000000000000001000000:0050";
            assert_eq!(line(six, "01"), Some("[2001:db8::1]:80".parse().unwrap()));
            assert_eq!(line("nonsense", "01"), None);
            assert_eq!(other_end("  sl  local_address rem_address   st tx_queue rx_queue"), None);
        }
    }
}

/// Other systems have no such table, so that no client is ever known to be gone.
#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use std::collections::HashSet;
    use std::net::SocketAddr;

    /// Whether there is a table to look into.
    pub(crate) const CAN_BE_SEEN: bool = false;

    /// Nothing can be found out.
    pub(crate) fn connected() -> Option<HashSet<SocketAddr>> {
        None
    }
}
