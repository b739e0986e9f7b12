//! Log-in attempts by account and by address: five a minute each. In: who tries, and when. Out: whether it may.
//! It is kept in memory: a restart forgives, and each instance counts for itself.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
};

use oediag_protocol::time::Time;

use super::is_name;

/// Attempts within [`WINDOW`].
const ATTEMPTS: u32 = 5;
const WINDOW: i64 = 60;
/// Most names and addresses remembered; beyond it, nobody else may try. Behind a proxy, it is the proxy that limits addresses.
const REMEMBERED: usize = 10_000;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Who {
    Account(String),
    Network(IpAddr),
}

/// The attempts of the last minute.
#[derive(Debug, Default)]
pub struct Throttle(Mutex<HashMap<Who, (Time, u32)>>);

impl Throttle {
    /// Counts an attempt and tells whether it may be made.
    pub fn allows(&self, account: &str, address: IpAddr, now: Time) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|_, (since, _)| now.0 - since.0 < WINDOW);
        // All that cannot be a name counts as one: nothing that a stranger chose freely is remembered.
        let account = if is_name(account) { account.to_owned() } else { String::new() };
        // The address first: where it is refused, the account is not looked at.
        network(address).map(Who::Network).into_iter().chain([Who::Account(account)]).all(|who| {
            if seen.len() >= REMEMBERED && !seen.contains_key(&who) {
                return false;
            }
            let (_, count) = seen.entry(who).or_insert((now, 0));
            *count = count.saturating_add(1);
            *count <= ATTEMPTS
        })
    }
}

/// What stands for one who tries: the address, of IPv6 the 64 bits that one customer has as a rule. None for a loopback
/// address, which is that of the proxy before the center: everybody comes from there.
fn network(address: IpAddr) -> Option<IpAddr> {
    let address = address.to_canonical();
    if address.is_loopback() {
        return None;
    }
    Some(match address {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        IpAddr::V4(_) => address,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn the_sixth_attempt_of_an_account_or_an_address_waits() {
        let throttle = Throttle::default();
        for last in 1..=5 {
            assert!(throttle.allows("li", address(last), Time(0)));
        }
        assert!(!throttle.allows("li", address(6), Time(59)), "the account");
        assert!(throttle.allows("li", address(7), Time(60)), "a minute later");

        let throttle = Throttle::default();
        for name in ["a", "b", "c", "d", "e"] {
            assert!(throttle.allows(name, address(1), Time(0)));
        }
        assert!(!throttle.allows("f", address(1), Time(1)), "the address");
    }

    #[test]
    fn one_address_fills_no_memory_and_shuts_nobody_out() {
        let throttle = Throttle::default();
        for at in 0..2 * REMEMBERED {
            throttle.allows(&format!("name{at}"), address(1), Time(0));
            throttle.allows(&"x".repeat(10 + at), address(2), Time(0));
        }
        // Two addresses, five names, and all that is no name.
        let kept = throttle.0.lock().expect("whole").len();
        assert!(kept <= 2 + 5 + 5, "{kept}");
        assert!(throttle.allows("li", address(3), Time(0)));
        assert!(throttle.allows("li", address(3), Time(60)));
        assert_eq!(throttle.0.lock().expect("whole").len(), 2, "what is old is forgotten");
        for at in 0..20 {
            throttle.allows(&"y".repeat(65 + at), address(9), Time(60));
        }
        assert_eq!(throttle.0.lock().expect("whole").len(), 4);
    }

    #[test]
    fn one_network_is_one_and_a_proxy_is_nobody() {
        let network = |text: &str| network(text.parse().expect("an address"));
        assert_eq!(network("2001:db8::1"), network("2001:db8::2:1"));
        assert_ne!(network("2001:db8:0:1::1"), network("2001:db8::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_eq!((network("127.0.0.1"), network("::1"), network("::ffff:127.0.0.1")), (None, None, None));
        let (throttle, proxy) = (Throttle::default(), IpAddr::from([127, 0, 0, 1]));
        assert!((0..20).all(|at| throttle.allows(&format!("name{at}"), proxy, Time(0))));
        assert!((0..5).all(|_| throttle.allows("li", proxy, Time(0))) && !throttle.allows("li", proxy, Time(0)));
    }
}
