//! Settings of names, firewalls, managers; counters of the kernel in /proc/net; other namespaces.

use super::row;
use crate::catalogue::{
    Depth::{Deep, Standard},
    MIB,
    Over::NetNamespace,
    Privacy::{Credentials, Facts, FreeText, Identifying},
    Probe::{Command, Each},
    Source, When, every,
};

pub(in crate::catalogue) const ROWS: &[Source] = &[
    row("network.table_counters", every("/proc/net/stat/*"), Facts, Standard),
    // As commands: the kernel's own tables have addresses as bare numbers, which no reader of text could hide.
    row("network.groups", Command(&["/usr/sbin/ip", "maddr", "show"]), Identifying, Standard),
    row("network.multicast_routes", Command(&["/usr/sbin/ip", "mroute", "show"]), Identifying, Deep),
    row("network.local_sockets", every("/proc/net/{unix,netlink,ptype,udplite,icmp}"), Identifying, Standard).most(8 * MIB, 10),
    row("network.route_tries", every("/proc/net/{fib_triestat,rt6_stats}"), Facts, Deep),
    row("network.vlans", every("/proc/net/vlan/*"), Identifying, Standard),
    row("network.conntrack_list", Command(&["/usr/sbin/conntrack", "-L", "-o", "extended"]), Identifying, Deep)
        .when(&[When::Path("/sys/module/nf_conntrack_netlink")])
        .most(16 * MIB, 30),
    row("network.conntrack_counters", Command(&["/usr/sbin/conntrack", "-S"]), Facts, Standard)
        .when(&[When::Path("/sys/module/nf_conntrack_netlink")]),
    row("network.ipvs_connections", Command(&["/usr/sbin/ipvsadm", "-Ln", "--connection"]), Identifying, Deep)
        .when(&[When::Path("/proc/net/ip_vs")])
        .most(16 * MIB, 30),
    row("network.ipvs_rates", Command(&["/usr/sbin/ipvsadm", "-Ln", "--rate"]), Identifying, Deep)
        .when(&[When::Path("/proc/net/ip_vs")]),
    row("network.ipvs_times", Command(&["/usr/sbin/ipvsadm", "-Ln", "--timeout"]), Facts, Deep)
        .when(&[When::Path("/proc/net/ip_vs")]),
    row("network.ipvs_limits", Command(&["/usr/sbin/ipvsadm", "-Ln", "--thresholds"]), Identifying, Deep)
        .when(&[When::Path("/proc/net/ip_vs")]),
    row("network.ipvs_persistent", Command(&["/usr/sbin/ipvsadm", "-Ln", "--persistent-conn"]), Identifying, Deep)
        .when(&[When::Path("/proc/net/ip_vs")]),
    row("network.firewall_files", every("/etc/firewalld/**"), FreeText, Standard),
    row("network.firewall_direct", Command(&["/usr/bin/firewall-cmd", "--direct", "--get-all-rules"]), Identifying, Deep)
        .when(&[When::Path("/run/firewalld.pid")]),
    row("network.firewall_state", Command(&["/usr/bin/firewall-cmd", "--state"]), Facts, Standard)
        .when(&[When::Path("/run/firewalld.pid")]),
    row(
        "network.firewall_tables",
        every("/etc/sysconfig/{iptables,ip6tables,nftables.conf,firewalld,ipvsadm}"),
        FreeText,
        Standard,
    ),
    row(
        "network.services",
        every(
            "/etc/{gai.conf,inetd.conf,xinetd.conf,nftables.conf,networks,aliases,netgroup,dnsmasq*,dhcpd.conf,nscd.conf,ethers}",
        ),
        FreeText,
        Standard,
    ),
    row("network.service_numbers", every("/etc/{services,protocols,rpc}"), Facts, Deep).most(2 * MIB, 10),
    row(
        "network.service_folders",
        every("/etc/{iproute2,nftables,nmstate,xinetd.d,dnsmasq.d,dhcp,conntrackd,rdma,libibverbs.d}/**"),
        FreeText,
        Deep,
    ),
    row("network.lldp", every("/var/lib/lldpad/**"), Identifying, Deep),
    row("network.manager_status", Command(&["/usr/bin/nmcli", "-c", "no", "general", "status"]), Facts, Standard)
        .when(&[When::Path("/run/NetworkManager")]),
    row(
        "network.manager_active",
        Command(&["/usr/bin/nmcli", "-c", "no", "connection", "show", "--active"]),
        Identifying,
        Standard,
    )
    .when(&[When::Path("/run/NetworkManager")]),
    row(
        "network.manager_internal",
        every("/var/lib/NetworkManager/{NetworkManager-intern.conf,NetworkManager.state}"),
        FreeText,
        Deep,
    ),
    row("network.manager_scripts", every("/etc/NetworkManager/dispatcher.d/**"), FreeText, Deep),
    row("network.manager_vendor", every("/usr/lib/NetworkManager/conf.d/**"), Facts, Deep),
    row("network.manager_vendor_profiles", every("/usr/lib/NetworkManager/system-connections/**"), Credentials, Deep),
    row("network.manager_run", every("/run/NetworkManager/**"), Credentials, Deep),
    row("network.networkd", Command(&["/usr/bin/networkctl", "--no-pager", "status", "-a"]), Identifying, Deep)
        .when(&[When::Path("/run/systemd/netif/state")]),
    row("network.resolver", Command(&["/usr/bin/resolvectl", "--no-pager", "status"]), Identifying, Deep)
        .when(&[When::Path("/run/systemd/resolve/resolv.conf")]),
    row("network.resolver_counters", Command(&["/usr/bin/resolvectl", "--no-pager", "statistics"]), Facts, Deep)
        .when(&[When::Path("/run/systemd/resolve/resolv.conf")]),
    row("network.teams", every("/run/teamd/*"), Identifying, Deep),
    row(
        "network.namespace_addresses",
        Each { over: NetNamespace, argv: &["/usr/sbin/ip", "-netns", "{}", "-d", "address", "show"] },
        Identifying,
        Deep,
    ),
    row(
        "network.namespace_links",
        Each { over: NetNamespace, argv: &["/usr/sbin/ip", "-netns", "{}", "-s", "-d", "link"] },
        Identifying,
        Deep,
    ),
    row(
        "network.namespace_routes",
        Each { over: NetNamespace, argv: &["/usr/sbin/ip", "-netns", "{}", "route", "show", "table", "all"] },
        Identifying,
        Deep,
    ),
    row(
        "network.namespace_rules",
        Each { over: NetNamespace, argv: &["/usr/sbin/ip", "-netns", "{}", "rule", "show"] },
        Identifying,
        Deep,
    ),
    row(
        "network.namespace_rules6",
        Each { over: NetNamespace, argv: &["/usr/sbin/ip", "-netns", "{}", "-6", "rule", "show"] },
        Identifying,
        Deep,
    ),
    row(
        "network.namespace_neighbours",
        Each { over: NetNamespace, argv: &["/usr/sbin/ip", "-netns", "{}", "-s", "-s", "neighbour", "show"] },
        Identifying,
        Deep,
    ),
    row(
        "network.namespace_sockets",
        Each { over: NetNamespace, argv: &["/usr/sbin/ip", "netns", "exec", "{}", "/usr/sbin/ss", "-tuna"] },
        Identifying,
        Deep,
    )
    .most(16 * MIB, 30),
    row(
        "network.namespace_counters",
        Each { over: NetNamespace, argv: &["/usr/sbin/ip", "netns", "exec", "{}", "/usr/sbin/nstat", "-zas"] },
        Facts,
        Deep,
    ),
    row(
        "network.namespace_settings",
        Each { over: NetNamespace, argv: &["/usr/sbin/ip", "netns", "exec", "{}", "/usr/sbin/sysctl", "-a"] },
        Identifying,
        Deep,
    ),
    // Only where the host has tables itself: elsewhere the command would load a module for them.
    row(
        "network.namespace_iptables",
        Each { over: NetNamespace, argv: &["/usr/sbin/ip", "netns", "exec", "{}", "/usr/sbin/iptables-save", "-c"] },
        Identifying,
        Deep,
    )
    .when(&[When::Path("/proc/net/ip_tables_names")]),
    row(
        "network.namespace_ip6tables",
        Each { over: NetNamespace, argv: &["/usr/sbin/ip", "netns", "exec", "{}", "/usr/sbin/ip6tables-save", "-c"] },
        Identifying,
        Deep,
    )
    .when(&[When::Path("/proc/net/ip6_tables_names")]),
];
