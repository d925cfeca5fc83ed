//! The load of a hostile tenant, and of a stranger without a secret.

use std::{net::SocketAddr, time::Duration};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{http, stack::Org};

const AGENT: &str = "/api/founder-console/agent";
/// Concurrent posters of agents, and the pause between two posts of each.
const POSTERS: usize = 2;
const BETWEEN_POSTS: Duration = Duration::from_millis(100);
/// Connections with endless bodies, and streams.
const ENDLESS: usize = 300;
const STREAMS: usize = 400;
/// The pause between two searches; each is cancelled after a while.
const BETWEEN_SEARCHES: Duration = Duration::from_millis(33);
const HANGS_UP: Duration = Duration::from_millis(50);
/// Strangers, and the bytes that each sends of a longer body.
const STRANGERS: usize = 16;
const STRANGER_PIECES: usize = 8;
static PIECE: [u8; 1 << 20] = [b' '; 1 << 20];
/// The pause before a closed connection is opened again.
const AGAIN: Duration = Duration::from_secs(1);

/// A kind of hostile load.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Hostility {
    /// Posts agents that are slow to check.
    Agents,
    /// Sends endless bodies and opens as many streams as possible.
    Endless,
    /// Requests searches and deep pages, and cancels them.
    Searches,
    /// Sends unsigned webhooks.
    Unsigned,
}

impl Hostility {
    pub(crate) const ALL: [Self; 4] = [Self::Agents, Self::Endless, Self::Searches, Self::Unsigned];

    /// The label in the table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Agents => "agents made to be slow",
            Self::Endless => "bodies and streams without end",
            Self::Searches => "searches that are hung up",
            Self::Unsigned => "unsigned webhooks that stop half-way",
        }
    }

    /// Starts the load, which ends when the returned set is dropped.
    pub(crate) fn begin(self, addr: SocketAddr, org: &Org) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        match self {
            Self::Agents => {
                (0..POSTERS).for_each(|poster| drop(tasks.spawn(post(addr, slow_agents(addr, org), poster))))
            }
            Self::Endless => {
                let body = head("POST", AGENT, org, "content-length: 900000\r\n");
                (0..ENDLESS).for_each(|_| drop(tasks.spawn(endless(addr, body.clone(), true))));
                let stream = head("GET", "/api/analytics/stream", org, "");
                (0..STREAMS).for_each(|_| drop(tasks.spawn(endless(addr, stream.clone(), false))));
            }
            Self::Searches => drop(tasks.spawn(search(addr, org.clone()))),
            Self::Unsigned => (0..STRANGERS).for_each(|_| drop(tasks.spawn(unsigned(addr)))),
        }
        tasks
    }
}

fn head(method: &str, path: &str, org: &Org, more: &str) -> Vec<u8> {
    format!("{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: {}\r\n{more}\r\n", org.authorization).into_bytes()
}

/// Two agents of just below a megabyte: one with a long key over a long list, one with the longest accepted texts.
fn slow_agents(addr: SocketAddr, org: &Org) -> [Vec<u8>; 2] {
    let headers = [("authorization", org.authorization.as_str()), ("content-type", "application/json")];
    let agent = |x: serde_json::Value| {
        let model = json!({ "provider": "openai", "model": "m", "x": x });
        let agent = json!({ "name": "Front desk", "systemPrompt": "Be kind.", "model": model });
        http::post(addr, AGENT, &headers, &agent.to_string())
    };
    [
        agent(json!({ "k".repeat(490_000): vec![1; 245_000] })),
        agent(json!({ "k".repeat(250): vec!["x".repeat(45); 19_000] })),
    ]
}

async fn post(addr: SocketAddr, agents: [Vec<u8>; 2], first: usize) {
    for agent in agents.iter().cycle().skip(first) {
        if let Ok(mut connection) = http::Connection::open(addr).await {
            // The response does not matter.
            let _ = connection.outline(agent).await;
        }
        sleep(BETWEEN_POSTS).await;
    }
}

/// Holds a connection for as long as the server allows, then opens it again.
async fn endless(addr: SocketAddr, head: Vec<u8>, drips: bool) {
    loop {
        if let Ok(mut stream) = TcpStream::connect(addr).await {
            let _ = stream.write_all(&head).await;
            let mut buffer = [0; 4096];
            loop {
                let read = timeout(Duration::from_secs(1), stream.read(&mut buffer)).await;
                let ended = match read {
                    Ok(read) => read.unwrap_or(0) == 0,
                    Err(_) => drips && stream.write_all(b" ").await.is_err(),
                };
                if ended {
                    break;
                }
            }
        }
        sleep(AGAIN).await;
    }
}

async fn search(addr: SocketAddr, org: Org) {
    for number in 0_u64.. {
        let path = match number % 2 {
            0 => format!("/api/calls-dashboard?search=nobody{number}"),
            _ => format!("/api/calls-dashboard?page={}&limit=100", 1_000 + number % 1_000),
        };
        let request = head("GET", &path, &org, "");
        tokio::spawn(async move {
            let Ok(mut stream) = TcpStream::connect(addr).await else { return };
            let _ = stream.write_all(&request).await;
            sleep(HANGS_UP).await;
        });
        sleep(BETWEEN_SEARCHES).await;
    }
}

/// Sends a head like Vapi's and most of a body.
async fn unsigned(addr: SocketAddr) {
    loop {
        let (tag, now) = ("0".repeat(64), api::auth::wall_clock().0);
        let head = format!(
            "POST /webhooks/vapi HTTP/1.1\r\nhost: x\r\nx-signature: {tag}\r\nx-timestamp: {now}\r\ncontent-length: 25000000\r\n\r\n"
        );
        if let Ok(mut stream) = TcpStream::connect(addr).await {
            let mut sent = stream.write_all(head.as_bytes()).await;
            for _ in 0..STRANGER_PIECES {
                if sent.is_ok() {
                    sent = stream.write_all(&PIECE).await;
                }
            }
            // Until the server closes the connection.
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
        sleep(AGAIN).await;
    }
}
