//! Log-in attempts by account and by address: five a minute each. In: who tries, and when. Out: whether it may.
//! It is kept in memory: a restart forgives, and each instance counts for itself.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use oediag_protocol::time::Time;

/// Attempts within [`WINDOW`].
const ATTEMPTS: u32 = 5;
const WINDOW: i64 = 60;
/// Most names and addresses remembered; beyond it, old ones are forgotten, and where none is old, nobody may try.
const REMEMBERED: usize = 10_000;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Who {
    Account(String),
    Address(IpAddr),
}

/// The attempts of the last minute.
#[derive(Debug, Default)]
pub struct Throttle(Mutex<HashMap<Who, (Time, u32)>>);

impl Throttle {
    /// Counts an attempt and tells whether it may be made.
    pub fn allows(&self, account: &str, address: IpAddr, now: Time) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= REMEMBERED {
            seen.retain(|_, (since, _)| now.0 - since.0 < WINDOW);
        }
        let mut allowed = seen.len() < REMEMBERED;
        // Both are counted whatever the first says.
        for who in [Who::Account(account.to_lowercase()), Who::Address(address)] {
            if !allowed && !seen.contains_key(&who) {
                continue;
            }
            let (since, count) = seen.entry(who).or_insert((now, 0));
            if now.0 - since.0 >= WINDOW {
                (*since, *count) = (now, 0);
            }
            *count = count.saturating_add(1);
            allowed &= *count <= ATTEMPTS;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_attempt_of_an_account_or_an_address_waits() {
        let address = |last: u8| IpAddr::from([127, 0, 0, last]);
        let throttle = Throttle::default();
        for last in 1..=5 {
            assert!(throttle.allows("li", address(last), Time(0)));
        }
        assert!(!throttle.allows("LI", address(6), Time(59)), "the account");
        assert!(throttle.allows("li", address(7), Time(60)), "a minute later");

        let throttle = Throttle::default();
        for name in ["a", "b", "c", "d", "e"] {
            assert!(throttle.allows(name, address(1), Time(0)));
        }
        assert!(!throttle.allows("f", address(1), Time(1)), "the address");
    }
}
