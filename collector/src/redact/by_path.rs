//! Files of which a line has its secret in a known place, by their path.
//!
//! In: a host path, then whole lines. Out: the row for that file, and the places of the secrets. Comments have none.

use std::ops::Range;

use super::{judge::is_no_secret, kinds::Kind, spoken};

/// Where in a line the secret is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// All of it.
    Line,
    /// The word with this number, which may be in quotes.
    Word(usize),
    /// Behind the first `:` in the word with this number.
    Pair(usize),
    /// Behind the last `:` of the line.
    Last,
    /// Before the first comma.
    First,
    /// Behind the first `:` or `=`, to a comma.
    Named,
    /// The word behind this one, which begins the line.
    Behind(&'static str),
    /// A line of letters and digits only.
    Code,
    /// The last word of a line that has others.
    LastWord,
    /// A line of one word that no name of an account is.
    Strong,
}

/// How a path ends, where the secret is, its kind.
const ROWS: &[(&str, Place, Kind)] = &[
    ("sasl_passwd", Place::Pair(2), Kind::PasswordKv),
    ("sasl/passwd", Place::Pair(2), Kind::PasswordKv),
    ("smarthost_passwd", Place::Pair(2), Kind::PasswordKv),
    ("/psk.txt", Place::Word(2), Kind::VpnSecret),
    (".wpa_psk", Place::Word(2), Kind::WifiPsk),
    ("davfs2/secrets", Place::Word(3), Kind::PasswordKv),
    ("raddb/server", Place::Word(2), Kind::ClusterSecret),
    ("pam_radius_auth.conf", Place::Word(2), Kind::ClusterSecret),
    ("pam_radius.conf", Place::Word(2), Kind::ClusterSecret),
    ("/authkeys", Place::Word(3), Kind::ClusterSecret),
    ("jmxremote.password", Place::Word(2), Kind::PasswordKv),
    ("userlist.txt", Place::Word(2), Kind::PwHash),
    (".pgpass", Place::Last, Kind::PasswordKv),
    ("pgpass.conf", Place::Last, Kind::PasswordKv),
    ("passwd-s3fs", Place::Last, Kind::CloudKey),
    ("passwd-obsfs", Place::Last, Kind::CloudKey),
    ("passwd-ossfs", Place::Last, Kind::CloudKey),
    ("passwd-cosfs", Place::Last, Kind::CloudKey),
    ("rsyncd.secrets", Place::Last, Kind::PasswordKv),
    ("rsync.secrets", Place::Last, Kind::PasswordKv),
    ("rsyncd.passwd", Place::Last, Kind::PasswordKv),
    ("rsyncd.pass", Place::Line, Kind::PasswordKv),
    ("rsync.pass", Place::Line, Kind::PasswordKv),
    ("rsync.password", Place::Line, Kind::PasswordKv),
    ("token.csv", Place::First, Kind::K8sSecret),
    ("tokens.csv", Place::First, Kind::K8sSecret),
    ("basic_auth.csv", Place::First, Kind::K8sSecret),
    ("basic-auth.csv", Place::First, Kind::K8sSecret),
    ("realm.properties", Place::Named, Kind::PasswordKv),
    ("/users.properties", Place::Named, Kind::PasswordKv),
    ("rediscli_history", Place::Behind("auth"), Kind::SqlAuth),
    (".erlang.cookie", Place::Line, Kind::ClusterSecret),
    ("ldap.secret", Place::Line, Kind::LdapBindpw),
    (".psk", Place::Line, Kind::ClusterSecret),
    ("vault_pass", Place::Line, Kind::PasswordKv),
    ("vault_pass.txt", Place::Line, Kind::PasswordKv),
    ("vault_password", Place::Line, Kind::PasswordKv),
    (".vault-token", Place::Line, Kind::ProviderToken),
    ("mongo-keyfile", Place::Line, Kind::ClusterSecret),
    ("mongodb-keyfile", Place::Line, Kind::ClusterSecret),
    ("chrony.keys", Place::LastWord, Kind::ClusterSecret),
    ("ntp/keys", Place::LastWord, Kind::ClusterSecret),
    ("ntp.keys", Place::LastWord, Kind::ClusterSecret),
    ("munge.key", Place::Line, Kind::ClusterSecret),
    ("pcp.conf", Place::Last, Kind::PwHash),
    ("auth-user-pass", Place::Strong, Kind::VpnSecret),
    ("auth-user-pass.txt", Place::Strong, Kind::VpnSecret),
    ("openvpn/auth.txt", Place::Strong, Kind::VpnSecret),
    ("openvpn/pass.txt", Place::Strong, Kind::VpnSecret),
    ("openvpn/login.conf", Place::Strong, Kind::VpnSecret),
    (".google_authenticator", Place::Code, Kind::LicenseKey),
];

/// The number of the row for a path.
pub(super) fn of(path: &[u8]) -> Option<u8> {
    ROWS.iter().position(|(end, ..)| path.ends_with(end.as_bytes())).map(|n| n as u8)
}

/// Finds the secrets in `t[from..to]`, which is whole lines of a file of this row.
pub(super) fn fields(number: u8, t: &[u8], from: usize, to: usize, found: &mut dyn FnMut(Range<usize>, Kind)) {
    let Some((_, place, kind)) = ROWS.get(usize::from(number)) else { return };
    let mut start = from;
    while start < to {
        let end = memchr::memchr(b'\n', &t[start..to]).map_or(to, |n| start + n);
        let line = &t[start..end];
        let value = if line.trim_ascii_start().starts_with(b"#") { None } else { find(line, *place) };
        if let Some(value) = value.filter(|v| v.len() >= 3 && !is_no_secret(&line[v.clone()])) {
            found(start + value.start..start + value.end, *kind);
        }
        start = end + 1;
    }
}

fn find(line: &[u8], place: Place) -> Option<Range<usize>> {
    let end = line.trim_ascii_end().len();
    let start = end - line[..end].trim_ascii_start().len();
    match place {
        Place::Line => Some(start..end),
        Place::Word(number) => words(line).nth(number - 1),
        Place::Pair(number) => {
            let word = words(line).nth(number - 1)?;
            let colon = memchr::memchr(b':', &line[word.clone()])?;
            Some(word.start + colon + 1..word.end)
        }
        Place::Last => {
            // `\:` is a part of a field.
            let colon = memchr::memrchr_iter(b':', &line[..end]).find(|n| *n == 0 || line[n - 1] != b'\\')?;
            Some(colon + 1..end)
        }
        Place::First => Some(start..memchr::memchr(b',', line)?),
        Place::Named => {
            let sign = memchr::memchr2(b':', b'=', line)?;
            let value = &line[sign + 1..memchr::memchr(b',', &line[sign..]).map_or(end, |n| sign + n).max(sign + 1)];
            let lead = value.len() - value.trim_ascii_start().len();
            Some(sign + 1 + lead..sign + 1 + lead + value.trim_ascii().len())
        }
        Place::Behind(word) => {
            let rest = line[start..end].get(..word.len()).filter(|w| w.eq_ignore_ascii_case(word.as_bytes()));
            rest?;
            words(line).nth(1).filter(|v| v.start > start + word.len())
        }
        Place::LastWord => words(line).last().filter(|word| word.start > start),
        Place::Strong => words(line).next().filter(|word| word.end == end && spoken::is_strong(&line[word.clone()])),
        Place::Code => (start < end && line[start..end].iter().all(u8::is_ascii_alphanumeric)).then_some(start..end),
    }
}

/// The words of a line without their quotes.
pub(super) fn words(line: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut i = 0;
    std::iter::from_fn(move || {
        let start = i + line[i..].iter().take_while(|b| b.is_ascii_whitespace()).count();
        let quote = line.get(start).copied()?;
        let close = if matches!(quote, b'"' | b'\'') { memchr::memchr(quote, &line[start + 1..]) } else { None };
        let word = match close {
            Some(length) => start + 1..start + 1 + length,
            None => start..start + line[start..].iter().take_while(|b| !b.is_ascii_whitespace()).count(),
        };
        i = word.end + usize::from(close.is_some());
        Some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets<'a>(path: &str, text: &'a str) -> Vec<&'a str> {
        let row = of(path.as_bytes()).expect("a row");
        let mut values = Vec::new();
        fields(row, text.as_bytes(), 0, text.len(), &mut |range, _| values.push(&text[range]));
        values
    }

    #[test]
    fn secrets_in_their_places() {
        assert_eq!(secrets("/etc/postfix/sasl_passwd", "# a b:c\n[h]:465 me@h:n0w:You\n"), ["n0w:You"]);
        assert_eq!(secrets("/etc/racoon/psk.txt", "10.0.0.1   \"n0w You\"\n"), ["n0w You"]);
        assert_eq!(secrets("/root/.pgpass", "h:5432:*:me:n0w\\:You\n"), ["n0w\\:You"]);
        assert_eq!(secrets("/x/jetty-realm.properties", "admin: n0wYou, admin\nguest=see\n"), ["n0wYou", "see"]);
        assert_eq!(secrets("/root/.rediscli_history", "auth n0wYou\nauthor x\ninfo\n"), ["n0wYou"]);
        assert_eq!(secrets("/etc/zabbix/agent.psk", "00112233\n"), ["00112233"]);
        assert_eq!(
            secrets("/h/.google_authenticator", "K4LNEIED5ESSX5EW\n\" RATE_LIMIT 3 30\n71830264\n"),
            ["K4LNEIED5ESSX5EW", "71830264"]
        );
        assert_eq!(secrets("/etc/kubernetes/token.csv", "n0wYou,me,1\n"), ["n0wYou"]);
        assert_eq!(secrets("/etc/chrony.keys", "1 SHA1 HEX:9F8E\n20 n0w\n"), ["HEX:9F8E", "n0w"]);
        assert_eq!(secrets("/etc/openvpn/auth-user-pass.txt", "zhang\nn0wYou\n"), ["n0wYou"]);
        assert_eq!(of(b"/etc/psk"), None);
    }
}
