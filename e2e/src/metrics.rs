//! `/metrics`, parsed strictly.

use std::collections::BTreeMap;

/// The samples of a scrape, by name and labels as written.
#[derive(Clone, Debug)]
pub struct Metrics(BTreeMap<String, f64>);

impl Metrics {
    /// Parses the text format. An invalid line fails the test.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let samples = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self(samples.map(|line| sample(line).unwrap_or_else(|| panic!("not a sample: {line}"))).collect())
    }

    /// The sum of a metric's samples with all of these labels; 0 without any.
    #[must_use]
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let labels: Vec<String> = labels.iter().map(|(label, value)| format!("{label}=\"{value}\"")).collect();
        let of_name = |sample: &&str| sample.split('{').next() == Some(name);
        let matching = self.0.iter().filter(|(sample, _)| of_name(&sample.as_str()));
        matching.filter(|(sample, _)| labels.iter().all(|label| sample.contains(label))).map(|(_, value)| value).sum()
    }

    /// The names of all samples.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().filter_map(|sample| sample.split('{').next())
    }
}

/// Parses `name{label="value",…} number`.
fn sample(line: &str) -> Option<(String, f64)> {
    let (series, value) = line.rsplit_once(' ')?;
    let (name, labels) = match series.split_once('{') {
        Some((name, labels)) => (name, labels.strip_suffix('}')?),
        None => (series, ""),
    };
    let is_word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let is_label = |label: &str| {
        label.split_once('=').is_some_and(|(name, value)| {
            is_word(name) && value.len() >= 2 && value.starts_with('"') && value.ends_with('"')
        })
    };
    let well_formed = is_word(name) && (labels.is_empty() || labels.split(',').all(is_label));
    Some((series.to_owned(), value.parse().ok()?)).filter(|_| well_formed)
}
