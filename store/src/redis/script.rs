//! A script that runs on the server of its key.

use redis::{AsyncCommands, Cmd, ErrorKind, FromRedisValue, RedisError, Script, ServerErrorKind, cmd};

/// A script with one key.
pub(super) struct OneKey {
    code: &'static str,
    hash: String,
}

impl OneKey {
    pub(super) fn new(code: &'static str) -> Self {
        Self { code, hash: Script::new(code).get_hash().to_owned() }
    }

    /// Runs it. A server that does not know it is sent its code: loading it first would need all nodes of a cluster, also
    /// those that are down.
    pub(super) async fn run<T: FromRedisValue>(
        &self,
        connection: &mut impl AsyncCommands,
        key: &str,
        arguments: impl Fn(&mut Cmd),
    ) -> Result<T, RedisError> {
        let call = |name: &str, script: &str| {
            let mut call = cmd(name);
            call.arg(script).arg(1).arg(key);
            arguments(&mut call);
            call
        };
        match call("EVALSHA", &self.hash).query_async(connection).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                call("EVAL", self.code).query_async(connection).await
            }
            ended => ended,
        }
    }
}
