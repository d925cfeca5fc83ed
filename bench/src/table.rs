//! Tables of results.

use std::fmt;

use crate::latency::Percentiles;

/// The lines of one row.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// The name of the row, in PERFORMANCE.md and for `--only`.
    pub(crate) name: &'static str,
    pub(crate) lines: Vec<Line>,
}

/// One line: our value, a peer's value if there is one, and the goal.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    row: String,
    ours: Value,
    peer: Option<(String, Value)>,
    goal: Option<Goal>,
}

/// A measured value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Number(f64),
    /// Judged and compared by their p99.
    Percentiles(Percentiles),
    /// Several values, not judged.
    Several(Vec<f64>),
    /// The server lacks the feature.
    NotOffered,
}

/// The goal for our value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Goal {
    Below(f64),
    AtMost(f64),
    Exactly(f64),
    /// Relative to the peer's value.
    RatioAtMost(f64),
    RatioAtLeast(f64),
}

impl Line {
    pub(crate) fn new(row: impl Into<String>, ours: Value) -> Self {
        Self { row: row.into(), ours, peer: None, goal: None }
    }

    /// The same line with a peer's value.
    pub(crate) fn beside(self, peer: impl Into<String>, value: Value) -> Self {
        Self { peer: Some((peer.into(), value)), ..self }
    }

    /// The same line with a goal.
    pub(crate) fn goal(self, goal: Goal) -> Self {
        Self { goal: Some(goal), ..self }
    }

    fn ratio(&self) -> Option<f64> {
        let (_, peer) = self.peer.as_ref()?;
        // Zero divided by zero is not a ratio.
        Some(self.ours.judged()? / peer.judged()?).filter(|ratio| ratio.is_finite())
    }

    /// Whether the goal is met; unknown without a value, or without the peer's value for a ratio.
    fn met(&self) -> Option<bool> {
        let ours = self.ours.judged()?;
        Some(match self.goal? {
            Goal::Below(limit) => ours < limit,
            Goal::AtMost(limit) => ours <= limit,
            Goal::Exactly(value) => ours == value,
            Goal::RatioAtMost(limit) => self.ratio()? <= limit,
            Goal::RatioAtLeast(limit) => self.ratio()? >= limit,
        })
    }

    fn cells(&self) -> [String; 6] {
        let met = match (self.goal, self.met()) {
            (None, _) => "",
            (Some(_), None) => "unknown",
            (Some(_), Some(true)) => "met",
            (Some(_), Some(false)) => "**not met**",
        };
        [
            self.row.clone(),
            self.ours.to_string(),
            self.peer.as_ref().map(|(name, value)| format!("{name} {value}")).unwrap_or_default(),
            self.ratio().map(|ratio| format!("{}×", number(ratio))).unwrap_or_default(),
            self.goal.map(|goal| goal.to_string()).unwrap_or_default(),
            met.to_owned(),
        ]
    }
}

impl Value {
    fn judged(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Percentiles(percentiles) => Some(percentiles.p99),
            Self::Several(_) | Self::NotOffered => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let several = |values: &[f64]| values.iter().copied().map(number).collect::<Vec<_>>().join(" / ");
        match self {
            Self::Number(value) => f.write_str(&number(*value)),
            Self::Percentiles(of) => f.write_str(&several(&[of.p50, of.p99, of.p999])),
            Self::Several(values) => f.write_str(&several(values)),
            Self::NotOffered => f.write_str("not offered"),
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Below(limit) => write!(f, "< {limit}"),
            Self::AtMost(limit) => write!(f, "≤ {limit}"),
            Self::Exactly(value) => write!(f, "{value}"),
            Self::RatioAtMost(limit) => write!(f, "≤ {limit}×"),
            Self::RatioAtLeast(limit) => write!(f, "≥ {limit}×"),
        }
    }
}

/// Formats with three significant digits, whole numbers in full, and commas between thousands.
fn number(value: f64) -> String {
    let digits = match value.abs() {
        size if size.fract() == 0.0 || size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    let text = format!("{value:.digits$}");
    let (whole, fraction) = text.split_once('.').map_or((text.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let mut grouped = String::new();
    for (index, digit) in whole.char_indices() {
        if index > 0 && (whole.len() - index) % 3 == 0 && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    fraction.into_iter().for_each(|fraction| grouped.extend([".", fraction]));
    grouped
}

const HEADINGS: [&str; 6] = ["row", "ours", "peer", "ratio", "goal", ""];

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&render(self.lines.iter()))
    }
}

/// Renders lines as Markdown with aligned columns.
pub(crate) fn render<'a>(lines: impl Iterator<Item = &'a Line>) -> String {
    let mut rows = vec![HEADINGS.map(str::to_owned)];
    rows.extend(lines.map(Line::cells));
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 6] = std::array::from_fn(width);
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        let padded = row.iter().zip(widths).map(|(cell, width)| format!(" {cell:width$} |"));
        text.extend(std::iter::once("|".to_owned()).chain(padded).chain(["\n".to_owned()]));
        if index == 0 {
            let rule = widths.map(|width| format!("{}|", "-".repeat(width + 2)));
            text.extend(std::iter::once("|".to_owned()).chain(rule).chain(["\n".to_owned()]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_grouped() {
        for (value, text) in [
            (0.0, "0"),
            (0.0123, "0.012"),
            (93.0, "93"),
            (9.876, "9.88"),
            (12.34, "12.3"),
            (999.6, "1,000"),
            (123_456.7, "123,457"),
            (-1_234.0, "-1,234"),
            (-123.0, "-123"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn a_goal_is_met_missed_or_unknown() {
        let line =
            |ours: f64, goal| Line::new("row", Value::Number(ours)).beside("peer", Value::Number(10.0)).goal(goal);
        for (line, met) in [
            (line(8.0, Goal::RatioAtMost(0.8)), Some(true)),
            (line(8.1, Goal::RatioAtMost(0.8)), Some(false)),
            (line(1_000.0, Goal::RatioAtLeast(100.0)), Some(true)),
            (line(999.0, Goal::RatioAtLeast(100.0)), Some(false)),
            (line(1.0, Goal::Below(1.0)), Some(false)),
            (line(1.0, Goal::AtMost(1.0)), Some(true)),
            (line(2.0, Goal::Exactly(1.0)), Some(false)),
            (Line::new("row", Value::NotOffered).goal(Goal::AtMost(1.0)), None),
            (Line::new("row", Value::Number(1.0)).goal(Goal::RatioAtMost(1.0)), None),
            (Line::new("row", Value::Number(1.0)), None),
            (
                Line::new("row", Value::Number(0.0)).beside("peer", Value::Number(0.0)).goal(Goal::RatioAtMost(1.0)),
                None,
            ),
        ] {
            assert_eq!(line.met(), met, "{line:?}");
        }
        let slow = Percentiles { p50: 0.1, p99: 1.1, p999: 1.2 };
        assert_eq!(Line::new("row", Value::Percentiles(slow)).goal(Goal::Below(1.0)).met(), Some(false));
    }

    #[test]
    fn a_table_is_aligned_markdown() {
        let lines = [
            Line::new("CPU, µs", Value::Number(9.0)).beside("nginx", Value::Number(12.5)).goal(Goal::RatioAtMost(0.8)),
            Line::new("delta", Value::NotOffered).goal(Goal::AtMost(150.0)),
        ];
        let expected = "\
| row     | ours        | peer       | ratio  | goal   |         |
|---------|-------------|------------|--------|--------|---------|
| CPU, µs | 9           | nginx 12.5 | 0.720× | ≤ 0.8× | met     |
| delta   | not offered |            |        | ≤ 150  | unknown |
";
        assert_eq!(render(lines.iter()), expected);
    }
}
