//! Which addresses are this machine's.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

/// Where the kernel tells them (proc(5), `/proc/net`).
const OF_V4: &str = "/proc/net/fib_trie";
const OF_V6: &str = "/proc/net/if_inet6";

/// An address of nobody's (RFC 5737). Where it can be bound, every address can: `ip_nonlocal_bind` is set, as it is on machines
/// that share an address. What that says is out of sight where `/proc` shows processes alone, as for the shipped unit.
const NOBODYS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

/// Whether this machine has the address now.
pub fn is_own(address: IpAddr) -> bool {
    let address = address.to_canonical();
    let can_bind = |address: IpAddr| UdpSocket::bind((address, 0)).is_ok();
    match address {
        _ if address.is_loopback() => true,
        IpAddr::V4(own) => {
            let trie = || File::open(OF_V4).ok().map(BufReader::new);
            is_own_v4(own, can_bind(address), can_bind(NOBODYS.into()), trie)
        }
        IpAddr::V6(own) => std::fs::read_to_string(OF_V6)
            .map_or_else(|_| can_bind(address), |list| has_v6(&list, own)),
    }
}

/// What can't be bound is not own, and what can be is, unless everything can. The list has every route of the machine, hundreds
/// of megabytes on a router: it is read where nothing else tells, and never held as a whole.
fn is_own_v4<R: BufRead>(
    address: Ipv4Addr,
    can_bind: bool,
    binds_any: bool,
    trie: impl FnOnce() -> Option<R>,
) -> bool {
    match (can_bind, binds_any) {
        (false, _) => false,
        (true, false) => true,
        (true, true) => trie().is_none_or(|trie| has_v4(trie, address)),
    }
}

/// The trie names an address in one line (`|-- 192.0.2.7`), and what it is in the next ones (`/32 host LOCAL`).
fn has_v4(trie: impl BufRead, wanted: Ipv4Addr) -> bool {
    let mut current = None;
    trie.lines().map_while(Result::ok).any(|line| {
        let line = line.trim();
        if let Some(address) = line.strip_prefix("|-- ") {
            current = address.parse::<Ipv4Addr>().ok();
        }
        line == "/32 host LOCAL" && current == Some(wanted)
    })
}

/// One line for an address, which comes first, as 32 hexadecimal digits.
fn has_v6(list: &str, wanted: Ipv6Addr) -> bool {
    let wanted = format!("{:032x}", u128::from(wanted));
    let mut addresses = list.lines().filter_map(|line| line.split(' ').next());
    addresses.any(|address| address.eq_ignore_ascii_case(&wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRIE: &str = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 192.0.2.0\n        /24 link UNICAST\n     |-- 192.0.2.7\n        \
                        /32 host LOCAL\n     |-- 192.0.2.255\n        /32 link BROADCAST\n";

    #[test]
    fn an_address_is_own_where_the_kernel_has_it_as_local() {
        let has = |last| has_v4(TRIE.as_bytes(), Ipv4Addr::new(192, 0, 2, last));
        assert!(has(7));
        assert!(!has(0));
        assert!(!has(255));
        let list = "fe80000000000000021122fffe334455 02 40 20 80     eth0\n";
        assert!(has_v6(list, "fe80::211:22ff:fe33:4455".parse().unwrap()));
        assert!(!has_v6(list, "fe80::1".parse().unwrap()));
    }

    #[test]
    fn the_list_of_all_routes_is_read_where_every_address_can_be_bound_and_only_there() {
        let is_own = |last, trie: Option<&'static str>| {
            let trie = || trie.map(str::as_bytes);
            is_own_v4(Ipv4Addr::new(192, 0, 2, last), true, true, trie)
        };
        assert!(is_own(7, Some(TRIE)));
        assert!(!is_own(8, Some(TRIE)));
        assert!(is_own(8, None), "nothing else tells");
        let unread = |can_bind, binds_any| {
            let trie = || -> Option<&[u8]> { panic!("it is read") };
            is_own_v4(Ipv4Addr::new(192, 0, 2, 7), can_bind, binds_any, trie)
        };
        assert!(!unread(false, true));
        assert!(!unread(false, false));
        assert!(unread(true, false));
    }

    #[test]
    fn loopback_is_own_and_an_example_is_not() {
        for (address, own) in [
            ("127.0.0.1", true),
            ("127.9.9.9", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("192.0.2.1", false),
            ("2001:db8::1", false),
        ] {
            assert_eq!(is_own(address.parse().unwrap()), own, "{address}");
        }
    }
}
