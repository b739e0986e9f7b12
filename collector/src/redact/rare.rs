//! Which three bytes of a literal are the rarest in logs.
//!
//! In: literals. Out: an offset in each. Only speed depends on it: what is rare is looked for at every place, and what follows
//! only where it stands.

use std::collections::HashMap;

/// Words, signs and numbers as logs are full of them; what stands here often counts as common.
const SAMPLE: &str = "\
    nov 23 12:04:55 dec 31 10:20:38 jan 08 14:16:07 2026-01-19t09:32:41.706z 2025-12-10 23:50:13,845 +0800 +00:00 \
    systemd[1]: started session 1205 of user root. starting service stopped target reloading loaded unit slice scope \
    kernel: audit type=1300 msg=audit(1700000000.123:456): pid=2217 uid=0 auid=1000 ses=12 subj=unconfined msg='op= \
    sshd[28613]: pam_unix(sshd:session): session opened for user closed accepted connection from port 22 ssh2 received \
    disconnected by remote server client host hostname= addr= terminal=ssh res=success' exe=\"/usr/sbin/\" comm=\"\" \
    /usr/lib/ /var/log/ /var/run/ /etc/sysconfig/ /proc/sys/ /opt/ /home/ /tmp/ /dev/ .conf .service .log .so \
    info [info] warn warning: error: [error] debug trace fatal failed failure exception notice level=info message \
    error_code= status=200 code=0 exit result return value null none true false unknown invalid default enabled active \
    node-1 web- app- db- prod- -01 -02 -test master worker backup bastion gateway proxy cluster manager controller agent \
    daemon process thread task job queue event request response query command operation transaction order orders \
    org.apache.example.com http https:// www java: spring boot main] INFO WARN at (native method) application provider \
    docker container image network interface link device driver volume disk memory cache buffer block sector page size \
    table database index record row rows key data file directory path name= id= time= count= total= number version= build \
    read write open close create created delete removed update updated change changed set get put post add list load start \
    stop run running check checking detected initialized completed successfully succeeded finished connected connecting \
    timeout retry retrying waiting ready health state status policy rule action reason source destination direction \
    local global system user group all any new old next last first second seconds minutes ms us from to in on with for by \
    not no is was has have been will can cannot could the this that and or of a an as at be it its too out up down \
    tcp udp ip ipv4 ipv6 dns dhcp route routing packet eth0 ens3 veth br0 carrier lost mtu 1500 dropping cpu0 cores hardware \
    lock unlock locked release acquire commit rollback replication sync synchronise journal collector logrotate rsyslogd \
    chronyd networkmanager dbus crond cron freedesktop activated selected publickey temporary cleanup accounting \
    0x0000 0xffff 00000000 ffffffff 000 100 1024 127 999 {\"level\":\"info\",\"msg\":\"\",\"time\":\"\",\"id\":1} [main] () -> == -- ";

/// How often three bytes stand in the sample, by their hash.
pub(super) struct Rarity<H> {
    hash: H,
    counts: HashMap<usize, usize>,
}

impl<H: Fn(&[u8]) -> usize> Rarity<H> {
    /// Counts by a hash of three bytes: those are the same to whom looks for them by it.
    pub(super) fn new(hash: H) -> Rarity<H> {
        let mut counts = HashMap::new();
        for part in SAMPLE.as_bytes().windows(3) {
            *counts.entry(hash(part)).or_default() += 1;
        }
        Rarity { hash, counts }
    }

    /// Where the rarest three bytes of the literal, which is in lower case, begin; among the first `most` places. Of equals
    /// the first.
    pub(super) fn rarest(&self, literal: &[u8], most: usize) -> usize {
        let count = |part: &[u8]| self.counts.get(&(self.hash)(part)).copied().unwrap_or_default();
        let parts = literal.windows(3).take(most).map(count).enumerate();
        parts.min_by_key(|(_, count)| *count).map_or(0, |(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_logs_are_full_of_is_not_looked_for() {
        let rarity = Rarity::new(|part| part.iter().fold(0, |all, b| all << 8 | usize::from(*b)));
        for (literal, at) in [("session=", 5), ("proctitle=", 2), ("://", 0), ("x", 0)] {
            assert_eq!(rarity.rarest(literal.as_bytes(), 8), at, "{literal}");
        }
        assert!(rarity.rarest(b"service_key", 4) < 4, "not behind the places that are asked for");
    }
}
