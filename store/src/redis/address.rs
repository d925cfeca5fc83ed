//! `REDIS_URL`: one server, some nodes of a cluster, or the sentinels that know the server.

use std::fmt;

use redis::{ConnectionInfo, ErrorKind, IntoConnectionInfo as _, RedisError};

/// The schemes of sentinels, and those of the connections to them and to the server.
const SENTINEL_SCHEMES: [(&str, &str); 2] = [("redis+sentinel", "redis"), ("rediss+sentinel", "rediss")];

/// The port of a sentinel without one.
const SENTINEL_PORT: u16 = 26_379;

/// The options of a sentinel's URL that sentinels themselves ask for. The user and the password before the `@` are
/// those of the server.
const SENTINEL_USERNAME: &str = "sentinel_username";
const SENTINEL_PASSWORD: &str = "sentinel_password";

/// The servers that a URL names.
#[derive(Debug)]
pub(super) enum Address {
    /// One server, which may turn out to be a node of a cluster.
    One(ConnectionInfo),
    /// Nodes of a cluster, which know the others.
    Cluster(Vec<ConnectionInfo>),
    /// A server that sentinels name.
    Sentinels(Service),
}

/// A server that sentinels watch, and replace when it fails.
#[derive(Debug)]
pub(super) struct Service {
    /// Its name at the sentinels.
    pub(super) name: String,
    pub(super) sentinels: Vec<ConnectionInfo>,
    /// The settings of a connection to the server, with the address of a sentinel in its place.
    pub(super) server: ConnectionInfo,
}

impl Address {
    pub(super) fn parse(url: &str) -> Result<Self, RedisError> {
        if url.starts_with("unix:") || url.starts_with("redis+unix:") {
            return url.into_connection_info().map(Self::One);
        }
        let urls = split(url);
        let urls: Vec<Parts<'_>> = urls.iter().filter_map(|url| Parts::of(url)).collect();
        match urls.as_slice() {
            [] => Err(invalid("it has no scheme, such as redis://")),
            [one] if one.sentinel_scheme().is_some() => sentinels(one).map(Self::Sentinels),
            [one] if !one.hosts.contains(',') => url.into_connection_info().map(Self::One),
            several => several
                .iter()
                .flat_map(Parts::each)
                .map(|url| url.into_connection_info())
                .collect::<Result<_, _>>()
                .map(Self::Cluster),
        }
    }
}

impl Address {
    /// The connections to the servers that the URL names.
    pub(super) fn infos(&self) -> &[ConnectionInfo] {
        match self {
            Self::One(info) => std::slice::from_ref(info),
            Self::Cluster(nodes) => nodes,
            Self::Sentinels(service) => &service.sentinels,
        }
    }
}

impl fmt::Display for Address {
    /// The addresses, without a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let addresses: Vec<_> = self.infos().iter().map(|info| info.addr().to_string()).collect();
        f.write_str(&addresses.join(", "))
    }
}

fn sentinels(url: &Parts<'_>) -> Result<Service, RedisError> {
    let scheme = url.sentinel_scheme().unwrap_or_default();
    let (path, query) = url.rest.split_once('?').unwrap_or((url.rest, ""));
    let (name, database) = path.trim_start_matches('/').split_once('/').unwrap_or((path.trim_start_matches('/'), ""));
    if name.is_empty() {
        return Err(invalid("its path must name the service, as in redis+sentinel://host:26379/mymaster"));
    }
    let (own, others): (Vec<_>, Vec<_>) = query
        .split('&')
        .partition(|option| option.starts_with(SENTINEL_USERNAME) || option.starts_with(SENTINEL_PASSWORD));
    let own = |name| own.iter().find_map(|option| option.strip_prefix(name)?.strip_prefix('=')).unwrap_or_default();
    let user = match (own(SENTINEL_USERNAME), own(SENTINEL_PASSWORD)) {
        ("", "") => String::new(),
        (user, password) => format!("{user}:{password}@"),
    };
    let sentinels = url.hosts().map(|host| format!("{scheme}://{user}{}", with_port(host)).into_connection_info());
    let any = url.hosts().next().unwrap_or_default();
    let server = format!("{scheme}://{}{any}/{database}?{}", url.user, others.join("&"));
    Ok(Service {
        name: name.to_owned(),
        sentinels: sentinels.collect::<Result<_, _>>()?,
        server: server.into_connection_info()?,
    })
}

fn invalid(reason: &'static str) -> RedisError {
    RedisError::from((ErrorKind::InvalidClientConfig, reason))
}

/// The URLs of a list. A part without a scheme belongs to the URL before it.
fn split(list: &str) -> Vec<String> {
    list.split(',').map(str::trim).fold(Vec::new(), |mut urls: Vec<String>, part| {
        match urls.last_mut() {
            Some(url) if !part.contains("://") => {
                url.push(',');
                url.push_str(part);
            }
            _ => urls.push(part.to_owned()),
        }
        urls
    })
}

/// The parts of a URL with one host or several.
struct Parts<'a> {
    scheme: &'a str,
    /// User and password, with the `@`.
    user: &'a str,
    hosts: &'a str,
    /// Path and query.
    rest: &'a str,
}

impl<'a> Parts<'a> {
    fn of(url: &'a str) -> Option<Self> {
        let (scheme, text) = url.split_once("://")?;
        let (authority, rest) = text.split_at(text.find(['/', '?', '#']).unwrap_or(text.len()));
        let (user, hosts) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
        Some(Self { scheme, user, hosts, rest })
    }

    fn hosts(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.hosts.split(',').filter(|host| !host.is_empty())
    }

    /// A URL for each host.
    fn each(&self) -> impl Iterator<Item = String> {
        self.hosts().map(|host| format!("{}://{}{host}{}", self.scheme, self.user, self.rest))
    }

    fn sentinel_scheme(&self) -> Option<&'static str> {
        SENTINEL_SCHEMES.into_iter().find_map(|(sentinels, scheme)| (sentinels == self.scheme).then_some(scheme))
    }
}

fn with_port(host: &str) -> String {
    // An address of IPv6 has colons of its own, in brackets.
    match host.rsplit_once(']').map_or(host, |(_, after)| after).contains(':') {
        true => host.to_owned(),
        false => format!("{host}:{SENTINEL_PORT}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(infos: &[ConnectionInfo]) -> Vec<String> {
        let user = |info: &ConnectionInfo| {
            let settings = info.redis_settings();
            (settings.username().unwrap_or_default().to_owned(), settings.password().unwrap_or_default().to_owned())
        };
        infos.iter().map(|info| format!("{:?} {} {}", user(info), info.addr(), info.redis_settings().db())).collect()
    }

    fn cluster(url: &str) -> Vec<String> {
        match Address::parse(url).unwrap() {
            Address::Cluster(nodes) => shown(&nodes),
            other => panic!("{url}: {other:?}"),
        }
    }

    #[test]
    fn several_nodes_are_a_cluster_however_they_are_listed() {
        let nodes = [r#"("u", "p") a:1 0"#, r#"("u", "p") b:2 0"#, r#"("u", "p") c:6379 0"#];
        for url in [
            "redis://u:p@a:1,redis://u:p@b:2,redis://u:p@c",
            "redis://u:p@a:1,b:2,c",
            "redis://u:p@a:1, b:2, c,",
            "redis://u:p@a:1,b:2/0,redis://u:p@c:6379/",
        ] {
            assert_eq!(cluster(url), nodes, "{url}");
        }
        assert_eq!(cluster("redis://[::1]:7000,"), [r#"("", "") ::1:7000 0"#]);
        let Address::Cluster(secret) = Address::parse("rediss://a,b").unwrap() else { panic!("not a cluster") };
        assert!(secret.iter().all(|node| matches!(node.addr(), redis::ConnectionAddr::TcpTls { .. })));
    }

    #[test]
    fn one_server_stays_one_server() {
        for url in [
            "redis://a:1",
            "rediss://u:p,q@a/1",
            "unix:///tmp/a,b.sock",
            "redis+unix:///tmp/s?user=u&pass=p",
            "redis://[::1]/",
        ] {
            assert!(matches!(Address::parse(url), Ok(Address::One(_))), "{url}");
        }
        for url in ["", "a", "a,b", "http://a", "redis://a,http://b", "redis+sentinel://a", "redis+sentinel://a/?x=y"] {
            assert!(Address::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn sentinels_have_their_own_port_and_user() {
        let url = "redis+sentinel://u:p@a,[::1],b:1/mymaster/3?sentinel_username=s&sentinel_password=t&protocol=resp3";
        let Address::Sentinels(service) = Address::parse(url).unwrap() else { panic!("not sentinels") };
        assert_eq!(service.name, "mymaster");
        let sentinels = [r#"("s", "t") a:26379 0"#, r#"("s", "t") ::1:26379 0"#, r#"("s", "t") b:1 0"#];
        assert_eq!(shown(&service.sentinels), sentinels);
        assert_eq!(shown(&[service.server]), [r#"("u", "p") a:6379 3"#]);
        let Address::Sentinels(service) = Address::parse("rediss+sentinel://a/m").unwrap() else {
            panic!("not sentinels")
        };
        for info in service.sentinels.iter().chain([&service.server]) {
            assert!(matches!(info.addr(), redis::ConnectionAddr::TcpTls { .. }));
        }
        assert_eq!(shown(&service.sentinels), [r#"("", "") a:26379 0"#]);
    }
}
