//! `/proc/PID/stat` as values (proc(5)).
//!
//! In: the bytes of the file. Out: the fields we use, or none. The name is the process's own choice and may hold blanks,
//! parentheses and line ends, so fields are counted from behind the last `)`.

/// The fields of a process.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::catalogue) struct Stat<'a> {
    pub(in crate::catalogue) comm: &'a [u8],
    pub(in crate::catalogue) state: char,
    pub(in crate::catalogue) ppid: u32,
    /// User and system time, in hundredths of a second (USER_HZ is 100 on both architectures).
    pub(in crate::catalogue) ticks: u64,
    pub(in crate::catalogue) threads: u32,
    /// Start, in hundredths of a second after boot. With the pid it names a process.
    pub(in crate::catalogue) start: u64,
    /// Resident pages.
    pub(in crate::catalogue) rss_pages: u64,
}

impl<'a> Stat<'a> {
    pub(in crate::catalogue) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let open = bytes.iter().position(|byte| *byte == b'(')?;
        let close = bytes.iter().rposition(|byte| *byte == b')')?;
        let comm = bytes.get(open + 1..close)?;
        let rest = std::str::from_utf8(&bytes[close + 1..]).ok()?;
        let mut words = rest.split_ascii_whitespace();
        // Field 3 of proc(5) is the first word here.
        let state = words.next()?.chars().next()?;
        let fields: Vec<&str> = words.collect();
        let field = |number: usize| fields.get(number - 4);
        let number = |of: usize| field(of)?.parse::<u64>().ok();
        Some(Self {
            comm,
            state,
            ppid: number(4)?.try_into().ok()?,
            ticks: number(14)?.checked_add(number(15)?)?,
            threads: number(20)?.try_into().ok()?,
            start: number(22)?,
            rss_pages: number(24)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAIL: &str = "S 1 4021 4021 0 -1 4194560 1 2 3 4 150 50 0 0 20 0 3 0 12345 1000000 250 18446744073709551615 1 1";

    #[test]
    fn a_name_may_hold_anything() {
        for name in ["java", "a b", "evil) R 7 7 7", "((", "x\n1 (y) S"] {
            let line = format!("4021 ({name}) {TAIL}");
            let stat = Stat::parse(line.as_bytes()).expect("parses");
            assert_eq!(stat.comm, name.as_bytes());
            assert_eq!(
                (stat.state, stat.ppid, stat.ticks, stat.threads, stat.start, stat.rss_pages),
                ('S', 1, 200, 3, 12345, 250)
            );
        }
    }

    #[test]
    fn what_is_cut_short_is_none() {
        let line = format!("4021 (java) {TAIL}");
        for end in 0..line.rfind(" 250").expect("there") + 2 {
            assert_eq!(Stat::parse(&line.as_bytes()[..end]), None, "{end}");
        }
    }
}
