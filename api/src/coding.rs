//! Content codings: the choice for a request, and the encoding.

use std::io::{self, Read, Write};

use axum::http::{HeaderMap, HeaderValue, header::ACCEPT_ENCODING};

/// A content coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    /// zstd, with a body that the client has as its dictionary (RFC 9842).
    Dcz,
    /// zstd, as the worker stored it.
    Zstd,
    /// Brotli.
    Br,
    /// gzip.
    Gzip,
    /// No coding.
    Identity,
}

/// Brotli's level. It saves a fifth over gzip at the same cost; higher levels take many times as long.
const BROTLI_LEVEL: u32 = 5;
/// gzip's default level.
const GZIP_LEVEL: u32 = 6;
/// The largest window that every browser accepts.
const BROTLI_WINDOW_BITS: u32 = 22;

impl Coding {
    /// All codings, in the order of preference between equal qualities.
    pub(crate) const ALL: [Self; 5] = [Self::Dcz, Self::Zstd, Self::Br, Self::Gzip, Self::Identity];

    /// The name in `Content-Encoding` and in metrics.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Dcz => "dcz",
            Self::Zstd => "zstd",
            Self::Br => "br",
            Self::Gzip => "gzip",
            Self::Identity => "identity",
        }
    }

    /// The value of `Content-Encoding`.
    pub(crate) const fn label(self) -> HeaderValue {
        HeaderValue::from_static(self.name())
    }

    /// Encodes an identity body.
    pub(crate) fn encode(self, identity: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Identity => Ok(identity.to_vec()),
            Self::Dcz => Err(io::Error::other("a delta takes a dictionary")),
            Self::Zstd => zstd::bulk::compress(identity, 3),
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(GZIP_LEVEL));
                encoder.write_all(identity)?;
                encoder.finish()
            }
            Self::Br => {
                let mut coded = Vec::new();
                brotli::CompressorReader::new(identity, 4096, BROTLI_LEVEL, BROTLI_WINDOW_BITS)
                    .read_to_end(&mut coded)?;
                Ok(coded)
            }
        }
    }
}

/// The qualities in `Accept-Encoding`, in thousandths (RFC 9110, 12.5.3).
#[derive(Debug, Default)]
pub(crate) struct Accepted {
    named: [Option<u16>; Coding::ALL.len()],
    any: Option<u16>,
    absent: bool,
}

impl Accepted {
    /// Parses the headers of a request.
    pub(crate) fn of(request: &HeaderMap) -> Self {
        let mut values = request.get_all(ACCEPT_ENCODING).iter().peekable();
        let mut accepted = Self { absent: values.peek().is_none(), ..Self::default() };
        for value in values.filter_map(|value| value.to_str().ok()) {
            value.split(',').for_each(|item| accepted.take(item));
        }
        accepted
    }

    /// The coding with the highest quality; `None` if no coding is acceptable. `delta` says whether dcz is available.
    pub(crate) fn best(&self, delta: bool) -> Option<Coding> {
        let offered = if delta { &Coding::ALL[..] } else { &Coding::ALL[1..] };
        self.best_of(offered)
    }

    /// The best of some codings; of equal qualities the first.
    pub(crate) fn best_of(&self, offered: &[Coding]) -> Option<Coding> {
        if self.absent {
            return Some(Coding::Identity);
        }
        // Reversed, because `max_by_key` returns the last of equal qualities.
        let best = offered.iter().copied().rev().max_by_key(|coding| self.quality(*coding))?;
        (self.quality(best) > 0).then_some(best)
    }

    fn take(&mut self, item: &str) {
        let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
        let quality = parameters.split(';').find_map(parse_quality).unwrap_or(1000);
        let name = name.trim();
        if name == "*" {
            self.any = Some(quality);
        } else if let Some(coding) = Coding::ALL.into_iter().find(|coding| coding.name().eq_ignore_ascii_case(name)) {
            self.named[coding as usize] = Some(quality);
        }
    }

    /// The quality of a coding. Identity is acceptable unless excluded by name or `*`, but ranks below any named
    /// coding.
    fn quality(&self, coding: Coding) -> u16 {
        let unnamed = if coding == Coding::Identity { 1 } else { 0 };
        // `*` does not cover a dictionary coding that the client does not name.
        let any = self.any.filter(|_| coding != Coding::Dcz);
        self.named[coding as usize].or(any).unwrap_or(unnamed)
    }
}

fn parse_quality(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("q") {
        return None;
    }
    let quality = value.trim().parse::<f32>().ok().filter(|quality| (0.0..=1.0).contains(quality))?;
    // Rounded up: a fraction of a thousandth is not zero.
    Some((quality * 1000.0).ceil() as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn negotiated(value: &str) -> Option<Coding> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_str(value).unwrap());
        Accepted::of(&headers).best(false)
    }

    #[test]
    fn the_highest_quality_wins_and_ties_go_to_the_smaller_body() {
        for (header, coding) in [
            ("gzip, deflate, br, zstd", Some(Coding::Zstd)),
            ("gzip, deflate", Some(Coding::Gzip)),
            ("gzip;q=1.0, br;q=0.9, zstd;q=0.8", Some(Coding::Gzip)),
            ("zstd;q=0, br", Some(Coding::Br)),
            ("*", Some(Coding::Zstd)),
            ("*;q=0.5, gzip;q=0.7", Some(Coding::Gzip)),
            ("", Some(Coding::Identity)),
            ("deflate", Some(Coding::Identity)),
            ("identity;q=0", None),
            ("*;q=0", None),
            ("identity;q=0, gzip", Some(Coding::Gzip)),
            ("GZIP ; q=0.001", Some(Coding::Gzip)),
            ("gzip;q=0.5, identity;q=0.9", Some(Coding::Identity)),
            ("gzip;q=nonsense", Some(Coding::Gzip)),
        ] {
            assert_eq!(negotiated(header), coding, "{header:?}");
        }
        assert_eq!(Accepted::of(&HeaderMap::new()).best(true), Some(Coding::Identity));
    }

    #[test]
    fn a_delta_needs_dcz_in_accept_encoding() {
        let mut headers = HeaderMap::new();
        for (value, coding) in [
            ("gzip, deflate, br, zstd, dcb, dcz", Some(Coding::Dcz)),
            ("dcz;q=0.5, gzip", Some(Coding::Gzip)),
            ("dcz;q=0, zstd", Some(Coding::Zstd)),
            ("*", Some(Coding::Zstd)),
        ] {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(value));
            assert_eq!(Accepted::of(&headers).best(true), coding, "{value:?}");
            assert_ne!(Accepted::of(&headers).best(false), Some(Coding::Dcz), "{value:?}");
        }
    }

    #[test]
    fn every_coding_round_trips() {
        let identity = br#"{"leads":[{"id":1},{"id":1},{"id":1}]}"#.repeat(50);
        let coded = |coding: Coding| coding.encode(&identity).unwrap();
        assert_eq!(zstd::bulk::decompress(&coded(Coding::Zstd), 1 << 20).unwrap(), identity);
        let mut back = Vec::new();
        flate2::read::GzDecoder::new(&coded(Coding::Gzip)[..]).read_to_end(&mut back).unwrap();
        assert_eq!(back, identity);
        back.clear();
        brotli::Decompressor::new(&coded(Coding::Br)[..], 4096).read_to_end(&mut back).unwrap();
        assert_eq!(back, identity);
        assert_eq!(coded(Coding::Identity), identity);
    }
}
