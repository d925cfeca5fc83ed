//! Bytes on the wire: each panel in each coding, and the update after one call for a client that holds the panel.

use anyhow::{Context as _, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

use super::{Bench, reads::CONTACTS};
use crate::{
    http::{Answer, Connection},
    latency::median,
    stack::{LEADS, Org, Stack, http_addr, read},
    table::{Goal, Line, Value},
};

const PANELS: [(&str, &str); 5] = [
    ("leads", LEADS),
    ("pulse", "/api/analytics/dashboard-pulse"),
    ("activity", "/api/analytics/recent-activity"),
    ("calls", "/api/calls-dashboard"),
    ("dashboard", "/api/analytics/dashboard"),
];
const CODINGS: [&str; 4] = ["identity", "gzip", "br", "zstd"];

/// The header by which a client promises to revalidate and gets deltas.
const DELTA: (&str, &str) = ("prewarm-delta", "1");
/// The start of a `dcz` body (RFC 9842), before the dictionary's SHA-256.
const DCZ_MAGIC: [u8; 8] = [0x5e, 0x2a, 0x4d, 0x18, 0x20, 0, 0, 0];
const IDENTITY_BYTES_MAX: usize = 16 << 20;

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Line>> {
    let org = bench.stack.org(CONTACTS).await?;
    let mut lines = codings(&bench.stack, &org).await?;
    bench.stack.start_worker().await?;
    let mut deltas: [Vec<Delta>; PANELS.len()] = Default::default();
    for round in 0..bench.rounds {
        let held = hold(&bench.stack, &org).await?;
        a_lead_calls(&bench.stack, &org, usize::try_from(round)?).await?;
        for ((deltas, (_, path)), held) in deltas.iter_mut().zip(PANELS).zip(&held) {
            deltas.push(delta(&bench.stack, &org, path, held).await?);
        }
    }
    bench.stack.stop_worker().await?;
    lines.extend(PANELS.iter().zip(&deltas).map(|((panel, _), deltas)| delta_line(panel, deltas)));
    Ok(lines)
}

/// Every panel in every coding.
async fn codings(stack: &Stack, org: &Org) -> anyhow::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for (panel, path) in PANELS {
        let mut sizes = Vec::new();
        for coding in CODINGS {
            let answer = read(stack.node(), org, path, &[("accept-encoding", coding)]).await?;
            ensure!(answer.header("content-encoding").unwrap_or("identity") == coding, "{path} not as {coding}");
            sizes.push(answer.body.len() as f64);
        }
        lines.push(Line::new(format!("{panel}: identity / gzip / br / zstd, bytes"), Value::Several(sizes)));
    }
    Ok(lines)
}

/// The bodies that a viewer of all panels holds.
async fn hold(stack: &Stack, org: &Org) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut held = Vec::new();
    for (_, path) in PANELS {
        // Sent as by a browser, whose response becomes the dictionary.
        let answer = read(stack.node(), org, path, &[DELTA, ("accept-encoding", "dcz, zstd")]).await?;
        ensure!(answer.header("content-encoding") == Some("zstd"), "{path} not as zstd");
        held.push(zstd::bulk::decompress(&answer.body, IDENTITY_BYTES_MAX)?);
    }
    Ok(held)
}

/// Inserts a call of one of the org's leads and waits until all panels show it.
async fn a_lead_calls(stack: &Stack, org: &Org, which: usize) -> anyhow::Result<()> {
    let leads: Json = serde_json::from_slice(&read(stack.node(), org, LEADS, &[]).await?.body)?;
    let leads = leads.get("leads").and_then(Json::as_array).context("no leads")?;
    let lead = leads.get(which % leads.len().max(1)).context("no leads")?;
    let phone = lead.get("phone_number").and_then(Json::as_str).context("a lead without a number")?;
    let request = stack.reporter().request(org.id, phone);
    let answer = Connection::open(http_addr(stack.node())).await?.answer(&request).await?;
    ensure!(answer.status == 200, "the webhook was answered with {}", answer.status);
    stack.settled().await?;
    stack.served_newest(org).await
}

/// The response to a returning viewer.
struct Delta {
    /// `None` if the server sends the whole panel.
    bytes: Option<usize>,
    gzip: usize,
}

async fn delta(stack: &Stack, org: &Org, path: &str, held: &[u8]) -> anyhow::Result<Delta> {
    let identity = read(stack.node(), org, path, &[]).await?;
    ensure!(identity.body != held, "{path} does not show the call");
    let gzip = read(stack.node(), org, path, &[("accept-encoding", "gzip")]).await?.body.len();
    let digest = Sha256::digest(held);
    let available = format!(":{}:", STANDARD.encode(digest));
    let headers = [DELTA, ("accept-encoding", "dcz, zstd"), ("available-dictionary", available.as_str())];
    let answer = read(stack.node(), org, path, &headers).await?;
    if answer.header("content-encoding") != Some("dcz") {
        return Ok(Delta { bytes: None, gzip });
    }
    ensure!(answer.header("etag") == identity.header("etag"), "{path} changed while it was measured");
    ensure!(decoded(&answer, held, &digest)? == identity.body, "{path}: the delta does not make the panel");
    Ok(Delta { bytes: Some(answer.body.len()), gzip })
}

/// Decodes a delta as a browser does.
fn decoded(answer: &Answer, held: &[u8], digest: &[u8]) -> anyhow::Result<Vec<u8>> {
    let frame = answer.body.strip_prefix(&DCZ_MAGIC).and_then(|rest| rest.strip_prefix(digest));
    let frame = frame.context("not dcz of the dictionary that was offered")?;
    Ok(zstd::bulk::Decompressor::with_dictionary(held)?.decompress(frame, IDENTITY_BYTES_MAX)?)
}

fn delta_line(panel: &str, deltas: &[Delta]) -> Line {
    let sizes: Option<Vec<usize>> = deltas.iter().map(|delta| delta.bytes).collect();
    let ours =
        sizes.map_or(Value::NotOffered, |sizes| Value::Number(median(sizes.into_iter().map(|size| size as f64))));
    let gzip = median(deltas.iter().map(|delta| delta.gzip as f64));
    let line = Line::new(format!("{panel}: after one call, as dcz, bytes"), ours).beside("gzip", Value::Number(gzip));
    if panel == "leads" { line.goal(Goal::AtMost(150.0)) } else { line }
}
