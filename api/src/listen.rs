//! Listening on a port.

use std::{
    io::{Error, ErrorKind},
    net::SocketAddr,
};

use tokio::net::{TcpListener, TcpSocket};

/// Connections that the system queues until they are accepted, if it allows as many. Clients beyond that retry after a
/// second.
const BACKLOG: u32 = 4096;

/// Why a port cannot be listened on. The texts say what to do.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another process listens there.
    #[error("{addr} is in use: end the process that listens there, or set another address, such as {variable}={free}")]
    Taken {
        /// The address.
        addr: SocketAddr,
        /// The variable that sets it.
        variable: &'static str,
        /// An address that may be free.
        free: SocketAddr,
    },
    /// Any other reason.
    #[error("cannot listen on {addr} ({variable}): {reason}")]
    Refused {
        /// The address.
        addr: SocketAddr,
        /// The variable that sets it.
        variable: &'static str,
        /// The system's error.
        reason: Error,
    },
}

/// Listens on the address of a variable.
///
/// # Errors
/// The port is in use or not available.
pub async fn listen(variable: &'static str, addr: SocketAddr) -> Result<TcpListener, ListenError> {
    open(addr).map_err(|reason| match reason.kind() {
        ErrorKind::AddrInUse => ListenError::Taken { addr, variable, free: beside(addr) },
        _ => ListenError::Refused { addr, variable, reason },
    })
}

fn open(addr: SocketAddr) -> Result<TcpListener, Error> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Half-closed connections of an earlier process must not count as a listener.
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

/// Suggests the port ten further on, since the next ones are often ours as well.
fn beside(addr: SocketAddr) -> SocketAddr {
    const STEP: u16 = 10;
    SocketAddr::new(addr.ip(), addr.port().checked_add(STEP).unwrap_or(addr.port() - STEP))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suggested_port_is_ten_away_and_valid() {
        for (port, free) in [(8080, 8090), (9100, 9110), (65_535, 65_525)] {
            let beside = beside(SocketAddr::from(([127, 0, 0, 1], port)));
            assert_eq!((beside.port(), beside.ip().is_loopback()), (free, true));
        }
    }

    #[tokio::test]
    async fn a_taken_port_is_reported_once_with_a_remedy() {
        let holder = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = holder.local_addr().unwrap();
        let error = listen("PREWARM_HTTP_ADDR", addr).await.unwrap_err();
        assert!(std::error::Error::source(&error).is_none());
        let text = error.to_string();
        assert!(text.starts_with(&format!("{addr} is in use")), "{text}");
        assert!(text.contains("PREWARM_HTTP_ADDR=127.0.0.1:"), "{text}");
    }
}
