//! Which addresses are this machine's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

/// Where the kernel tells them (proc(5), `/proc/net`).
const OF_V4: &str = "/proc/net/fib_trie";
const OF_V6: &str = "/proc/net/if_inet6";

/// Whether this machine has the address now. A bind alone would not tell: where `ip_nonlocal_bind` is set, as it is on machines
/// that share an address, every address can be bound.
pub fn is_own(address: IpAddr) -> bool {
    let address = address.to_canonical();
    if address.is_loopback() {
        return true;
    }
    let is_listed = match address {
        IpAddr::V4(address) => std::fs::read_to_string(OF_V4).map(|text| has_v4(&text, address)),
        IpAddr::V6(address) => std::fs::read_to_string(OF_V6).map(|text| has_v6(&text, address)),
    };
    is_listed.unwrap_or_else(|_| UdpSocket::bind((address, 0)).is_ok())
}

/// The trie names an address in one line (`|-- 192.0.2.7`), and what it is in the next ones (`/32 host LOCAL`).
fn has_v4(trie: &str, wanted: Ipv4Addr) -> bool {
    let mut current = None;
    trie.lines().map(str::trim).any(|line| {
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
        assert!(has_v4(TRIE, Ipv4Addr::new(192, 0, 2, 7)));
        assert!(!has_v4(TRIE, Ipv4Addr::new(192, 0, 2, 0)));
        assert!(!has_v4(TRIE, Ipv4Addr::new(192, 0, 2, 255)));
        let list = "fe80000000000000021122fffe334455 02 40 20 80     eth0\n";
        assert!(has_v6(list, "fe80::211:22ff:fe33:4455".parse().unwrap()));
        assert!(!has_v6(list, "fe80::1".parse().unwrap()));
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
