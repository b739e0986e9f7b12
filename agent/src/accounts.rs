//! Local accounts, as /etc/passwd lists them. In: a name or a uid. Out: the other. Never: asks a directory service, which could
//! keep the program waiting.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read as _},
};

/// Most bytes read of the file.
const MAX_BYTES: u64 = 16 << 20;

/// uid and gid of the account.
pub fn ids(name: &str) -> Option<(u32, u32)> {
    find(|fields| fields[0] == name).and_then(|fields| Some((fields[2].parse().ok()?, fields[3].parse().ok()?)))
}

/// Name of the account.
pub fn name(uid: u32) -> Option<String> {
    find(|fields| fields[2].parse() == Ok(uid)).map(|fields| fields[0].clone())
}

fn find(wanted: impl Fn(&[String]) -> bool) -> Option<Vec<String>> {
    let file = File::open("/etc/passwd").ok()?;
    BufReader::new(file.take(MAX_BYTES))
        .lines()
        .map_while(Result::ok)
        .map(|line| line.split(':').map(str::to_owned).collect::<Vec<_>>())
        .find(|fields| fields.len() >= 4 && wanted(fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_known_by_name_and_number() {
        assert_eq!(ids("root"), Some((0, 0)));
        assert_eq!(name(0).as_deref(), Some("root"));
        assert_eq!(ids("no such account"), None);
        assert_eq!(name(u32::MAX - 7), None);
    }
}
