//! Interfaces, addresses, routes, sockets, counters, filters and names.

pub(super) mod devices;
pub(super) mod files;

use super::{
    Depth::{self, Deep, Quick, Standard},
    MIB,
    Over::NetDevice,
    Privacy::{self, Credentials, Facts, FreeText, Identifying},
    Probe::{self, Command, Each, File},
    Source, Topic, When, every,
};

const fn row(id: &'static str, probe: Probe, privacy: Privacy, depth: Depth) -> Source {
    Source::new(id, Topic::Network, probe, privacy, depth)
}

/// NetworkManager runs.
const MANAGER: &[When] = &[When::Path("/run/NetworkManager")];
/// firewalld is installed, and there is a bus to ask it over. It leaves no file that says whether it runs; where it does not,
/// its program says so, and nothing starts it: the bus has no rule that would.
const FIREWALLD: &[When] = &[When::Path("/usr/lib/systemd/system/firewalld.service"), When::Path("/run/dbus/system_bus_socket")];

pub(super) const ROWS: &[Source] = &[
    row(
        "network.devices",
        every("/sys/class/net/*/{address,carrier,carrier_changes,duplex,flags,ifindex,mtu,operstate,speed,tx_queue_len,type}"),
        Identifying,
        Quick,
    ),
    row("network.statistics", every("/sys/class/net/*/statistics/*"), Facts, Standard),
    row("network.counters", every("/proc/net/{dev,netstat,snmp,snmp6,sockstat,sockstat6,softnet_stat,protocols}"), Facts, Quick),
    row("network.tables", every("/proc/net/{arp,route,ipv6_route,if_inet6,dev_mcast,igmp}"), Identifying, Quick)
        .most(4 * MIB, 10),
    row("network.connections", every("/proc/net/{tcp,tcp6,udp,udp6,raw,raw6,packet}"), Identifying, Standard).most(16 * MIB, 20),
    row("network.bonds", every("/proc/net/bonding/*"), Identifying, Quick),
    row(
        "network.conntrack",
        every("/proc/sys/net/netfilter/{nf_conntrack_count,nf_conntrack_max,nf_conntrack_buckets}"),
        Facts,
        Quick,
    ),
    row(
        "network.settings",
        every(
            "/proc/sys/net/ipv4/{tcp_mem,tcp_rmem,tcp_wmem,udp_mem,ip_local_port_range,tcp_max_syn_backlog,\
             tcp_syncookies,tcp_tw_reuse,tcp_fin_timeout,tcp_congestion_control,ip_forward}",
        ),
        Facts,
        Standard,
    ),
    row(
        "network.core_settings",
        every("/proc/sys/net/core/{somaxconn,netdev_max_backlog,netdev_budget,rmem_max,wmem_max,optmem_max}"),
        Facts,
        Standard,
    ),
    row("network.address", Command(&["/usr/sbin/ip", "-d", "address"]), Identifying, Quick),
    row("network.links", Command(&["/usr/sbin/ip", "-s", "-d", "link"]), Identifying, Standard),
    row("network.routes", Command(&["/usr/sbin/ip", "route", "show", "table", "all"]), Identifying, Quick),
    row("network.routes6", Command(&["/usr/sbin/ip", "-6", "route", "show", "table", "all"]), Identifying, Standard),
    row("network.rules", Command(&["/usr/sbin/ip", "rule", "show"]), Identifying, Standard),
    row("network.neighbours", Command(&["/usr/sbin/ip", "-s", "-s", "neighbour", "show", "nud", "all"]), Identifying, Standard),
    row("network.namespaces", Command(&["/usr/sbin/ip", "netns", "list"]), Identifying, Standard),
    row("network.sockets", Command(&["/usr/sbin/ss", "-s"]), Facts, Quick),
    row("network.socket_list", Command(&["/usr/sbin/ss", "-tunap"]), Identifying, Standard).most(16 * MIB, 30),
    row("network.socket_details", Command(&["/usr/sbin/ss", "-tinoem"]), Identifying, Deep).most(16 * MIB, 30),
    row("network.queues", Command(&["/usr/sbin/tc", "-s", "qdisc", "show"]), Facts, Standard),
    row("network.bridges", Command(&["/usr/sbin/bridge", "-d", "link", "show"]), Identifying, Standard)
        .when(&[When::Path("/sys/module/bridge")]),
    row("network.ethtool", Each { over: NetDevice, argv: &["/usr/sbin/ethtool", "{}"] }, Facts, Standard),
    row("network.ethtool_driver", Each { over: NetDevice, argv: &["/usr/sbin/ethtool", "-i", "{}"] }, Facts, Standard),
    row("network.ethtool_statistics", Each { over: NetDevice, argv: &["/usr/sbin/ethtool", "-S", "{}"] }, Facts, Standard),
    row("network.ethtool_features", Each { over: NetDevice, argv: &["/usr/sbin/ethtool", "-k", "{}"] }, Facts, Standard),
    row("network.ethtool_rings", Each { over: NetDevice, argv: &["/usr/sbin/ethtool", "-g", "{}"] }, Facts, Standard),
    row("network.ethtool_pause", Each { over: NetDevice, argv: &["/usr/sbin/ethtool", "-a", "{}"] }, Facts, Standard),
    row("network.ethtool_channels", Each { over: NetDevice, argv: &["/usr/sbin/ethtool", "-l", "{}"] }, Facts, Deep),
    row("network.ethtool_coalescing", Each { over: NetDevice, argv: &["/usr/sbin/ethtool", "-c", "{}"] }, Facts, Deep),
    row("network.ethtool_module", Each { over: NetDevice, argv: &["/usr/sbin/ethtool", "-m", "{}"] }, Identifying, Deep),
    // The save commands would load modules for tables nobody uses; so only where there are tables.
    row("network.iptables", Command(&["/usr/sbin/iptables-save", "-c"]), Identifying, Standard)
        .when(&[When::Path("/proc/net/ip_tables_names")]),
    row("network.ip6tables", Command(&["/usr/sbin/ip6tables-save", "-c"]), Identifying, Standard)
        .when(&[When::Path("/proc/net/ip6_tables_names")]),
    row("network.nftables", Command(&["/usr/sbin/nft", "-a", "list", "ruleset"]), Identifying, Standard)
        .when(&[When::Path("/sys/module/nf_tables")]),
    row("network.firewalld", Command(&["/usr/bin/firewall-cmd", "--list-all-zones"]), Identifying, Standard).when(FIREWALLD),
    row("network.ipvs", Command(&["/usr/sbin/ipvsadm", "-Ln", "--stats"]), Identifying, Deep)
        .when(&[When::Path("/proc/net/ip_vs")]),
    row("network.manager_devices", Command(&["/usr/bin/nmcli", "-c", "no", "device", "show"]), Identifying, Standard)
        .when(MANAGER),
    row(
        "network.manager_connections",
        Command(&["/usr/bin/nmcli", "-c", "no", "-f", "all", "connection", "show"]),
        Identifying,
        Standard,
    )
    .when(MANAGER),
    row("network.manager_conf", File("/etc/NetworkManager/NetworkManager.conf"), FreeText, Standard),
    row("network.manager_conf_parts", every("/etc/NetworkManager/conf.d/**"), FreeText, Standard),
    row("network.manager_profiles", every("/etc/NetworkManager/system-connections/**"), Credentials, Deep),
    row("network.names", every("/etc/{hosts,hostname,resolv.conf,nsswitch.conf,host.conf}"), Identifying, Quick),
    row("network.interface_files", every("/etc/sysconfig/network-scripts/{ifcfg-*,route-*,route6-*,rule-*}"), FreeText, Standard),
    row("network.sysconfig", File("/etc/sysconfig/network"), FreeText, Standard),
    row("network.proxy", every("/etc/profile.d/*proxy*"), Credentials, Deep),
];
