//! Who this host is: what is learned before the first byte is redacted.
//!
//! In: contents of a few files of the host, or a context file. Out: names, addresses and words to look for.
//! Never here: the reading of files (the caller does that), names of vendors and public projects.

use std::collections::BTreeSet;

use super::site::SiteRules;

/// What was learned about the host: the frozen dictionary of one run.
#[derive(Default, Clone, PartialEq, Eq)]
pub struct Harvest {
    /// Host names, without domain.
    pub hosts: BTreeSet<String>,
    /// Domains of the site, parents included.
    pub domains: BTreeSet<String>,
    /// Accounts of people and of their programs.
    pub users: BTreeSet<String>,
    /// Names of people.
    pub names: BTreeSet<String>,
    /// The customer's own list.
    pub keywords: BTreeSet<String>,
    /// Serial numbers.
    pub serials: BTreeSet<String>,
    /// Machine id and system UUIDs.
    pub uuids: BTreeSet<String>,
    /// Subnets of this host: network and prefix length.
    pub subnets: BTreeSet<([u8; 4], u8)>,
    /// The customer's own rules.
    pub rules: SiteRules,
}

impl std::fmt::Debug for Harvest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Harvest")
    }
}

/// So many interfaces' configurations are read.
const DEVICES_MAX: usize = 64;

type Learn = fn(&mut Harvest, &str);

/// Host paths that are read, and what each says.
const SOURCES: &[(&str, Learn)] = &[
    ("/proc/sys/kernel/hostname", Harvest::learn_fqdn),
    ("/etc/hostname", Harvest::learn_fqdn),
    ("/etc/machine-info", Harvest::learn_machine_info),
    ("/etc/hosts", Harvest::learn_hosts),
    ("/etc/resolv.conf", Harvest::learn_resolv_conf),
    ("/etc/passwd", Harvest::learn_passwd),
    ("/etc/machine-id", Harvest::learn_uuid),
    ("/etc/ssh/ssh_known_hosts", Harvest::learn_known_hosts),
    ("/root/.ssh/known_hosts", Harvest::learn_known_hosts),
    ("/etc/corosync/corosync.conf", Harvest::learn_corosync),
    ("/etc/chrony.conf", Harvest::learn_time_servers),
    ("/etc/ntp.conf", Harvest::learn_time_servers),
    ("/etc/rsyslog.conf", Harvest::learn_log_servers),
    ("/etc/fstab", Harvest::learn_file_servers),
    ("/etc/ceph/ceph.conf", Harvest::learn_ceph),
    ("/var/lib/pacemaker/cib/cib.xml", Harvest::learn_cib),
    ("/proc/net/route", Harvest::learn_routes),
    ("/sys/class/dmi/id/product_uuid", Harvest::learn_uuid),
    ("/sys/class/dmi/id/product_serial", Harvest::learn_serial),
    ("/sys/class/dmi/id/board_serial", Harvest::learn_serial),
    ("/sys/class/dmi/id/chassis_serial", Harvest::learn_serial),
];

/// Two-label endings under which everyone registers: no site's domain.
const SUFFIXES: &[&str] =
    &["com.cn", "net.cn", "org.cn", "gov.cn", "edu.cn", "ac.cn", "co.uk", "co.jp", "com.hk", "com.tw", "in-addr.arpa"];

/// Domains of vendors and public projects: they and all names under them stay.
const VENDORS: &[&str] = &[
    "openeuler.org",
    "oepkgs.net",
    "huawei.com",
    "myhuaweicloud.com",
    "kernel.org",
    "redhat.com",
    "centos.org",
    "fedoraproject.org",
    "github.com",
    "gitee.com",
    "docker.io",
    "quay.io",
    "k8s.io",
    "ubuntu.com",
    "debian.org",
    "freedesktop.org",
    "localhost.localdomain",
];

/// Host names that name no host of the site.
const NO_HOSTS: &[&str] = &[
    "localhost",
    "localhost4",
    "localhost6",
    "ip6-localhost",
    "ip6-loopback",
    "ip6-allnodes",
    "ip6-allrouters",
    "broadcasthost",
    "none",
    "(none)",
];

impl Harvest {
    /// Reads what it wants through `read`, which gives the content of a host path or nothing.
    pub fn of(read: &mut dyn FnMut(&str) -> Option<Vec<u8>>) -> Harvest {
        let mut harvest = Harvest::default();
        for (path, learn) in SOURCES {
            if let Some(bytes) = read(path) {
                learn(&mut harvest, &String::from_utf8_lossy(&bytes));
            }
        }
        // The configuration of an interface knows the subnet where the routing table of a folder does not.
        let devices = read("/proc/net/dev").unwrap_or_default();
        for line in String::from_utf8_lossy(&devices).lines().take(DEVICES_MAX) {
            if let Some((device, _)) = line.split_once(':')
                && let Some(bytes) = read(&format!("/etc/sysconfig/network-scripts/ifcfg-{}", device.trim()))
            {
                harvest.learn_ifcfg(&String::from_utf8_lossy(&bytes));
            }
        }
        harvest
    }

    /// The context file of `oediag redact --context`: `{"hostname","domain","fqdn","hosts","users","names","keywords"}`.
    ///
    /// # Errors
    /// The parser's error if it is not such a JSON document.
    pub fn from_context(json: &[u8]) -> Result<Harvest, serde_json::Error> {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Context {
            hostname: Option<String>,
            domain: Option<String>,
            fqdn: Option<String>,
            #[serde(default)]
            hosts: Vec<String>,
            #[serde(default)]
            users: Vec<String>,
            #[serde(default)]
            names: Vec<String>,
            #[serde(default)]
            keywords: Vec<String>,
        }
        let context: Context = serde_json::from_slice(json)?;
        let mut harvest = Harvest::default();
        for name in context.hostname.iter().chain(&context.fqdn).chain(&context.hosts) {
            harvest.learn_fqdn(name);
        }
        if let Some(domain) = &context.domain {
            harvest.learn_domain(domain);
        }
        harvest.users.extend(context.users);
        harvest.names.extend(context.names);
        harvest.keywords.extend(context.keywords);
        Ok(harvest)
    }

    /// Adds the customer's own words.
    #[must_use]
    pub fn with_keywords(mut self, words: impl IntoIterator<Item = String>) -> Harvest {
        self.keywords.extend(words.into_iter().filter(|w| !w.trim().is_empty()));
        self
    }

    /// Adds host names, with or without a domain: members of a cluster, what the running system calls itself.
    pub fn learn_fqdn(&mut self, text: &str) {
        for name in text.split_whitespace() {
            let name = name.trim_matches('.').to_ascii_lowercase();
            let legal = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
            if !legal
                || name.is_empty()
                || name.len() > 253
                || name.bytes().all(|b| b.is_ascii_digit() || b == b'.')
                || is_public(&name)
            {
                continue;
            }
            let (host, domain) = name.split_once('.').unwrap_or((&name, ""));
            if !NO_HOSTS.contains(&host) {
                self.hosts.insert(host.to_owned());
            }
            self.learn_domain(domain);
        }
    }

    fn learn_domain(&mut self, domain: &str) {
        let domain = domain.trim_matches('.').to_ascii_lowercase();
        let mut rest = domain.as_str();
        while rest.contains('.') && !is_public(rest) {
            self.domains.insert(rest.to_owned());
            rest = rest.split_once('.').map_or("", |(_, parent)| parent);
        }
    }

    fn learn_machine_info(&mut self, text: &str) {
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("PRETTY_HOSTNAME=") {
                let name = name.trim_matches('"');
                if name.contains(' ') {
                    self.keywords.insert(name.to_owned());
                } else {
                    self.learn_fqdn(name);
                }
            }
        }
    }

    /// Adds the names in a hosts file.
    pub fn learn_hosts(&mut self, text: &str) {
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or("");
            for name in line.split_whitespace().skip(1) {
                self.learn_fqdn(name);
            }
        }
    }

    /// Adds search domains.
    pub fn learn_resolv_conf(&mut self, text: &str) {
        for line in text.lines() {
            let mut words = line.split_whitespace();
            if matches!(words.next(), Some("search" | "domain")) {
                words.for_each(|domain| self.learn_domain(domain));
            }
        }
    }

    /// Adds accounts with uid 1000 and above, and their holders' names. Also for the output of `getent passwd`.
    pub fn learn_passwd(&mut self, text: &str) {
        for line in text.lines() {
            let fields: Vec<&str> = line.split(':').collect();
            let [name, _, uid, _, gecos, ..] = fields.as_slice() else { continue };
            if uid.parse::<u32>().is_ok_and(|uid| uid >= 1000 && uid != 65534 && uid != u32::MAX) && *name != "nobody" {
                self.users.insert((*name).to_owned());
                let holder = gecos.split(',').next().unwrap_or("").trim();
                if is_persons_name(holder) {
                    self.names.insert(holder.to_owned());
                }
            }
        }
    }

    fn learn_uuid(&mut self, text: &str) {
        let id = text.trim();
        let digits = id.bytes().filter(u8::is_ascii_hexdigit).count();
        if digits == 32
            && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
            && id.bytes().any(|b| !matches!(b, b'0' | b'-' | b'f' | b'F'))
        {
            self.uuids.insert(id.to_ascii_lowercase());
        }
    }

    fn learn_serial(&mut self, text: &str) {
        let serial = text.trim();
        let legal = serial.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'/' | b'.'));
        if serial.len() >= 5 && legal && serial.bytes().any(|b| b.is_ascii_digit()) && serial.bytes().any(|b| b != b'0') {
            self.serials.insert(serial.to_owned());
        }
    }

    fn learn_known_hosts(&mut self, text: &str) {
        for line in text.lines().filter(|l| !l.starts_with(['#', '|', '@'])) {
            for name in line.split_whitespace().next().unwrap_or("").split(',') {
                let name = name.trim_start_matches('[').split(']').next().unwrap_or("");
                self.learn_fqdn(name);
            }
        }
    }

    fn learn_corosync(&mut self, text: &str) {
        for line in text.lines() {
            if let Some((key, value)) = line.split_once(':')
                && (key.trim() == "name" || key.trim().ends_with("_addr"))
            {
                self.learn_fqdn(value);
            }
        }
    }

    /// Adds a host that the configuration of a service names: one without domain if it looks like the name of one host of
    /// many, else one under a domain of the site, which the sources before have said.
    fn learn_peer(&mut self, name: &str) {
        let name = name.trim_matches(['"', '\'', '[', ']']);
        let known = name.split_once('.').is_some_and(|(_, domain)| self.domains.contains(&domain.to_ascii_lowercase()));
        let numbered = !name.contains('.') && name.contains(|c: char| c.is_ascii_digit() || c == '-');
        let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
        if begins && (known || numbered) {
            self.learn_fqdn(name);
        }
    }

    fn learn_time_servers(&mut self, text: &str) {
        for line in text.lines() {
            let mut words = line.split_whitespace();
            if matches!(words.next(), Some("server" | "peer" | "pool")) {
                words.take(1).for_each(|name| self.learn_peer(name));
            }
        }
    }

    /// `*.* @@log-1:514` and `action(type="omfwd" target="log-1")`
    fn learn_log_servers(&mut self, text: &str) {
        for line in text.lines().filter(|l| !l.trim_start().starts_with('#')) {
            let classic = line.rsplit_once('@').map(|(_, target)| target);
            let action = line.to_ascii_lowercase().find("target=\"").and_then(|at| line.get(at + 8..));
            for target in classic.into_iter().chain(action) {
                self.learn_peer(target.split([':', '"', ';', ' ', '(']).next().unwrap_or(""));
            }
        }
    }

    /// `nas-1:/export /mnt nfs` and `//nas-1/share /mnt cifs`
    fn learn_file_servers(&mut self, text: &str) {
        for device in text.lines().filter_map(|l| l.split_whitespace().next()) {
            let server = match device.strip_prefix("//") {
                Some(share) => share.split('/').next(),
                None => device.split_once(":/").map(|(server, _)| server),
            };
            if let Some(name) = server {
                self.learn_peer(name);
            }
        }
    }

    fn learn_ceph(&mut self, text: &str) {
        for (key, value) in text.lines().filter_map(|l| l.split_once('=')) {
            if matches!(key.trim().replace(' ', "_").as_str(), "mon_initial_members" | "mon_host" | "host") {
                value.split([',', ' ']).for_each(|name| self.learn_peer(name));
            }
        }
    }

    /// The members of a cluster of pacemaker: `<node id="1" uname="db-1">`.
    fn learn_cib(&mut self, text: &str) {
        for part in text.split("<node ").skip(1) {
            let uname = part.split('>').next().and_then(|tag| tag.split("uname=\"").nth(1));
            self.learn_fqdn(uname.and_then(|name| name.split('"').next()).unwrap_or(""));
        }
    }

    fn learn_ifcfg(&mut self, text: &str) {
        let value = |key: &str| {
            text.lines()
                .find_map(|l| l.trim().strip_prefix(key)?.strip_prefix('=').map(|v| v.trim_matches(['"', '\'', ' ']).to_owned()))
        };
        let address = value("IPADDR").and_then(|a| a.parse::<std::net::Ipv4Addr>().ok());
        let mask = value("NETMASK").and_then(|m| m.parse::<std::net::Ipv4Addr>().ok()).map(|m| m.to_bits().leading_ones() as u8);
        let prefix = value("PREFIX").and_then(|p| p.parse::<u8>().ok()).or(mask);
        if let (Some(address), Some(prefix @ 1..=32)) = (address, prefix) {
            let network = address.to_bits() & u32::MAX << (32 - prefix);
            self.subnets.insert((network.to_be_bytes(), prefix));
        }
    }

    /// Adds the subnets of `/proc/net/route`: destination and mask in hexadecimal, in the byte order of the host.
    pub fn learn_routes(&mut self, text: &str) {
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let hex = |i: usize| fields.get(i).and_then(|f| u32::from_str_radix(f, 16).ok());
            if let (Some(net), Some(mask)) = (hex(1), hex(7))
                && mask != 0
            {
                self.subnets.insert((net.to_le_bytes(), mask.count_ones() as u8));
            }
        }
    }
}

/// Whether a name or domain belongs to the public or to a vendor.
pub(super) fn is_public(name: &str) -> bool {
    let below = |domain: &str| name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    SUFFIXES.contains(&name) || VENDORS.iter().any(|v| below(v))
}

/// Two to four Han characters, or two or three capitalised words.
fn is_persons_name(text: &str) -> bool {
    let han = (2..=4).contains(&text.chars().count()) && text.chars().all(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    let mut words = 0;
    let capitalised = text.split(' ').all(|w| {
        words += 1;
        w.len() > 1 && w.starts_with(|c: char| c.is_ascii_uppercase()) && w[1..].bytes().all(|b| b.is_ascii_lowercase())
    });
    han || (capitalised && (2..=3).contains(&words))
}
