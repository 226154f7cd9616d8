//! The few words that mail servers want before TLS (RFC 3207; RFC 9051, 6.2.1).

use std::net::IpAddr;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::config::StartTls;

/// The most that a mail server may say before TLS, in lines and bytes a line.
const MAX_LINES: usize = 64;
const MAX_LINE: usize = 2048;

/// Speaks plainly until the other side is ready for TLS.
pub(super) async fn turn(stream: TcpStream, way: StartTls) -> Result<TcpStream, String> {
    let mut stream = BufReader::new(stream);
    match way {
        StartTls::Smtp => {
            smtp(&mut stream, None, "220").await?;
            let hello = hello(stream.get_ref()).map_err(|error| error.to_string())?;
            smtp(&mut stream, Some(&hello), "250").await?;
            smtp(&mut stream, Some("STARTTLS\r\n"), "220").await?;
        }
        StartTls::Imap => {
            let greeting = line(&mut stream).await?;
            if !greeting.starts_with("* OK") && !greeting.starts_with("* PREAUTH") {
                return Err(greeting);
            }
            write(&mut stream, "a1 STARTTLS\r\n").await?;
            for _ in 0..MAX_LINES {
                let answer = line(&mut stream).await?;
                if answer.starts_with("a1 OK") {
                    return Ok(stream.into_inner());
                }
                if answer.starts_with("a1 ") {
                    return Err(answer);
                }
            }
            return Err("it talks without an end".to_owned());
        }
    }
    Ok(stream.into_inner())
}

/// Strict servers refuse a bare name; an address is always known (RFC 5321, 4.1.3).
fn hello(stream: &TcpStream) -> std::io::Result<String> {
    Ok(match stream.local_addr()?.ip() {
        IpAddr::V4(ip) => format!("EHLO [{ip}]\r\n"),
        IpAddr::V6(ip) => format!("EHLO [IPv6:{ip}]\r\n"),
    })
}

/// One exchange of SMTP: the last line of an answer has a blank behind its code.
async fn smtp(
    stream: &mut BufReader<TcpStream>,
    say: Option<&str>,
    wanted: &str,
) -> Result<(), String> {
    if let Some(say) = say {
        write(stream, say).await?;
    }
    for _ in 0..MAX_LINES {
        let answer = line(stream).await?;
        if !answer.starts_with(wanted) {
            return Err(answer);
        }
        if answer.as_bytes().get(3) != Some(&b'-') {
            return Ok(());
        }
    }
    Err("it talks without an end".to_owned())
}

async fn write(stream: &mut BufReader<TcpStream>, text: &str) -> Result<(), String> {
    let stream = stream.get_mut();
    stream
        .write_all(text.as_bytes())
        .await
        .map_err(|error| error.to_string())
}

async fn line(stream: &mut BufReader<TcpStream>) -> Result<String, String> {
    let mut bytes = Vec::new();
    let mut limited = stream.take(MAX_LINE as u64);
    limited
        .read_until(b'\n', &mut bytes)
        .await
        .map_err(|error| error.to_string())?;
    if bytes.is_empty() {
        return Err("it closed the connection".to_owned());
    }
    let text: String = String::from_utf8_lossy(&bytes)
        .trim_end()
        .chars()
        .take(200)
        .collect();
    Ok(text)
}
