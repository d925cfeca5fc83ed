//! A minimal HTTP/1.1 client for measurements: one request at a time on a persistent connection.

use std::{net::SocketAddr, ops::Range};

use anyhow::{Context as _, bail, ensure};
use bytes::BytesMut;
use httparse::Status;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const MAX_HEADERS: usize = 48;
const BUFFER_BYTES: usize = 64 << 10;

/// The bytes of a GET.
pub(crate) fn get(addr: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    request("GET", addr, path, headers, "")
}

/// The bytes of a POST.
pub(crate) fn post(addr: SocketAddr, path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let length = body.len().to_string();
    request("POST", addr, path, &[headers, &[("content-length", length.as_str())]].concat(), body)
}

fn request(method: &str, addr: SocketAddr, path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("{method} {path} HTTP/1.1\r\nhost: {addr}\r\n{headers}\r\n{body}").into_bytes()
}

/// The status and length of a response: enough to compare it with the first one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outline {
    pub(crate) status: u16,
    pub(crate) body_bytes: usize,
}

/// A complete response.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The value of a header; `name` is in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(held, _)| held == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn outline(&self) -> Outline {
        Outline { status: self.status, body_bytes: self.body.len() }
    }
}

/// The framing of a body, which determines its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Length(usize),
    Chunked,
    UntilClose,
}

/// The head of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head<H> {
    pub(crate) status: u16,
    pub(crate) framing: Framing,
    /// The length of the head.
    bytes: usize,
    headers: H,
}

/// Parses a head and passes each header to `keep`; `None` while it is incomplete.
fn head<H: Default>(
    bytes: &[u8],
    mut keep: impl FnMut(&mut H, &httparse::Header<'_>),
) -> anyhow::Result<Option<Head<H>>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let Status::Complete(length) = response.parse(bytes).context("not an HTTP answer")? else { return Ok(None) };
    let status = response.code.context("an answer without a status")?;
    let bodiless = matches!(status, 100..200 | 204 | 304);
    let mut framing = if bodiless { Framing::Length(0) } else { Framing::UntilClose };
    let mut kept = H::default();
    for header in response.headers.iter() {
        if !bodiless && header.name.eq_ignore_ascii_case("content-length") {
            framing = Framing::Length(std::str::from_utf8(header.value)?.parse().context("content-length")?);
        } else if !bodiless && header.name.eq_ignore_ascii_case("transfer-encoding") {
            ensure!(header.value.eq_ignore_ascii_case(b"chunked"), "an unknown transfer coding");
            framing = Framing::Chunked;
        }
        keep(&mut kept, header);
    }
    Ok(Some(Head { status, framing, bytes: length, headers: kept }))
}

/// The range of the first chunk's data and the start of the next chunk; `None` while it is incomplete. The last is empty.
pub(crate) fn chunk(bytes: &[u8]) -> anyhow::Result<Option<(Range<usize>, usize)>> {
    let parsed = httparse::parse_chunk_size(bytes).map_err(|_| anyhow::anyhow!("not a chunk"))?;
    let Status::Complete((start, length)) = parsed else { return Ok(None) };
    let end = start + usize::try_from(length)?;
    if bytes.len() < end + 2 {
        return Ok(None);
    }
    ensure!(bytes.get(end..end + 2) == Some(b"\r\n"), "a chunk without an end");
    Ok(Some((start..end, end + 2)))
}

/// Passes the parts of a body to `part` and returns whether it is complete.
fn body(framing: Framing, bytes: &[u8], mut part: impl FnMut(&[u8])) -> anyhow::Result<bool> {
    match framing {
        Framing::Length(length) if bytes.len() < length => Ok(false),
        Framing::Length(length) => {
            ensure!(bytes.len() == length, "more than one answer to one request");
            part(bytes);
            Ok(true)
        }
        Framing::Chunked => {
            let mut at = 0;
            while let Some((data, next)) = chunk(&bytes[at..])? {
                if data.is_empty() {
                    return Ok(true);
                }
                part(&bytes[at..][data]);
                at += next;
            }
            Ok(false)
        }
        Framing::UntilClose => bail!("an answer of unknown length"),
    }
}

/// The outline of a response; `None` while it is incomplete.
fn outline(bytes: &[u8]) -> anyhow::Result<Option<Outline>> {
    let Some(head) = head::<()>(bytes, |(), _| {})? else { return Ok(None) };
    let mut body_bytes = 0;
    let complete = body(head.framing, &bytes[head.bytes..], |part| body_bytes += part.len())?;
    Ok(complete.then_some(Outline { status: head.status, body_bytes }))
}

/// The response; `None` while it is incomplete.
fn answer(bytes: &[u8]) -> anyhow::Result<Option<Answer>> {
    let Some(head) = head(bytes, keep_all)? else { return Ok(None) };
    let mut whole = Vec::new();
    let complete = body(head.framing, &bytes[head.bytes..], |part| whole.extend_from_slice(part))?;
    Ok(complete.then_some(Answer { status: head.status, headers: head.headers, body: whole }))
}

fn keep_all(kept: &mut Vec<(String, String)>, header: &httparse::Header<'_>) {
    kept.push((header.name.to_ascii_lowercase(), String::from_utf8_lossy(header.value).into_owned()));
}

/// A connection to a server.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: BytesMut,
}

impl Connection {
    pub(crate) async fn open(addr: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(addr).await.with_context(|| format!("cannot connect to {addr}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: BytesMut::new() })
    }

    /// Sends a request and returns the outline of its response, without parsing more.
    pub(crate) async fn outline(&mut self, request: &[u8]) -> anyhow::Result<Outline> {
        self.exchange(request, outline).await
    }

    /// Sends a request and returns the response.
    pub(crate) async fn answer(&mut self, request: &[u8]) -> anyhow::Result<Answer> {
        self.exchange(request, answer).await
    }

    async fn exchange<T>(
        &mut self,
        request: &[u8],
        parse: impl Fn(&[u8]) -> anyhow::Result<Option<T>>,
    ) -> anyhow::Result<T> {
        self.send(request).await?;
        loop {
            self.receive().await?;
            if let Some(parsed) = parse(&self.buffer)? {
                return Ok(parsed);
            }
        }
    }

    /// Requests an endless response. [`Connection::received`] holds its body, to which each receive appends.
    pub(crate) async fn follow(&mut self, request: &[u8]) -> anyhow::Result<Head<()>> {
        self.send(request).await?;
        loop {
            self.receive().await?;
            if let Some(head) = head(&self.buffer, |(), _| {})? {
                let _ = self.buffer.split_to(head.bytes);
                return Ok(head);
            }
        }
    }

    async fn send(&mut self, request: &[u8]) -> anyhow::Result<()> {
        self.buffer.clear();
        self.stream.write_all(request).await.context("the server closed the connection")
    }

    /// Receives more bytes into the buffer.
    pub(crate) async fn receive(&mut self) -> anyhow::Result<()> {
        // Events of a stream are small, while a thousand large buffers are not.
        let room = if self.buffer.is_empty() { BUFFER_BYTES / 16 } else { BUFFER_BYTES };
        self.buffer.reserve(room);
        let read = self.stream.read_buf(&mut self.buffer).await.context("the connection broke")?;
        ensure!(read > 0, "the server closed the connection");
        Ok(())
    }

    /// The received bytes that have not been consumed.
    pub(crate) fn received(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }
}

/// Sends one GET on a new connection.
pub(crate) async fn fetch(addr: SocketAddr, path: &str, headers: &[(&str, &str)]) -> anyhow::Result<Answer> {
    Connection::open(addr).await?.answer(&get(addr, path, headers)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: W/\"x\"\r\n\r\nhello";
    const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;a=b\r\nlo\r\n0\r\n\r\n";

    #[test]
    fn a_response_is_complete_with_its_last_byte_and_not_before() {
        for whole in [PLAIN, CHUNKED] {
            for cut in 1..whole.len() {
                assert_eq!(outline(&whole[..cut]).unwrap(), None, "{cut}");
            }
            assert_eq!(outline(whole).unwrap(), Some(Outline { status: 200, body_bytes: 5 }));
            let answer = answer(whole).unwrap().unwrap();
            assert_eq!(answer.body, b"hello");
            assert_eq!(answer.outline(), Outline { status: 200, body_bytes: 5 });
        }
        assert_eq!(answer(PLAIN).unwrap().unwrap().header("etag"), Some("W/\"x\""));
    }

    #[test]
    fn a_304_has_no_body_whatever_its_headers_say() {
        let bytes = b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n";
        assert_eq!(outline(bytes).unwrap(), Some(Outline { status: 304, body_bytes: 0 }));
    }

    #[test]
    fn bytes_that_are_not_http_are_an_error() {
        assert!(outline(b"SSH-2.0-OpenSSH\r\n").is_err());
        assert!(outline(&[PLAIN, b"!"].concat()).is_err());
        assert!(outline(b"HTTP/1.1 200 OK\r\n\r\nno length").is_err());
        assert!(outline(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n").is_err());
    }
}
