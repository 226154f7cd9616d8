//! Ports for servers that a test starts.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

/// A port that nobody has at this moment, and that nobody else of this process is given. It lies below those that Linux
/// gives by itself to whoever asks for any (32768 to 60999), so that it stays free until it is used.
pub fn free_port() -> u16 {
    const FIRST: u32 = 15_000;
    const MANY: u32 = 17_000;
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    loop {
        // Processes that run side by side begin at places of their own.
        let place = std::process::id() * 97 % MANY + GIVEN.fetch_add(1, Ordering::Relaxed);
        let port = u16::try_from(FIRST + place % MANY).unwrap();
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}
