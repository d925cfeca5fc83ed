//! A parser of server-sent events.

/// An event: the text between two blank lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// `event:`
    pub name: String,
    /// `id:`
    pub id: String,
    /// `data:`
    pub data: String,
    /// `retry:`, in milliseconds.
    pub retry_ms: Option<u64>,
}

impl Event {
    /// Parses an event; `None` for a comment, which is a heartbeat.
    fn parse(text: &str) -> Option<Self> {
        let mut event = Self::default();
        for line in text.lines() {
            match line.split_once(':').map(|(name, value)| (name, value.trim_start())) {
                Some(("event", name)) => name.clone_into(&mut event.name),
                Some(("id", id)) => id.clone_into(&mut event.id),
                Some(("data", data)) => event.data.push_str(data),
                Some(("retry", retry)) => event.retry_ms = retry.parse().ok(),
                _ => {}
            }
        }
        (event != Self::default()).then_some(event)
    }
}

/// The bytes received of a stream and not parsed yet.
#[derive(Debug, Default)]
pub struct Reader(Vec<u8>);

impl Reader {
    /// Appends received bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// The next complete event.
    pub fn next_event(&mut self) -> Option<Event> {
        while let Some(end) = self.0.windows(2).position(|pair| pair == b"\n\n") {
            let rest = self.0.split_off(end + 2);
            let block = std::mem::replace(&mut self.0, rest);
            if let Some(event) = Event::parse(&String::from_utf8_lossy(&block)) {
                return Some(event);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_parsed_once_complete_and_comments_are_skipped() {
        let mut reader = Reader::default();
        reader.push(b": hi\n\nretry: 500\n\nevent: version\nid: 1-2\nda");
        assert_eq!(reader.next_event(), Some(Event { retry_ms: Some(500), ..Event::default() }));
        assert_eq!(reader.next_event(), None);
        reader.push(b"ta:{\"version\":\"1-2\"}\n\n");
        let event =
            Event { name: "version".into(), id: "1-2".into(), data: "{\"version\":\"1-2\"}".into(), retry_ms: None };
        assert_eq!(reader.next_event(), Some(event));
        assert_eq!(reader.next_event(), None);
    }
}
