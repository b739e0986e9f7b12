//! Settings of names, firewalls, managers; counters of the kernel in /proc/net; other namespaces.

use super::{FIREWALLD, row};
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
        .when(FIREWALLD),
    row("network.firewall_state", Command(&["/usr/bin/firewall-cmd", "--state"]), Facts, Standard).when(FIREWALLD),
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
        Each { over: NetNamespace, argv: &["/usr/sbin/ip", "netns", "exec", "{}", "/usr/sbin/ss", "-tunapeom"] },
        Identifying,
        Deep,
    )
    .most(16 * MIB, 30),
    row(
        "network.namespace_groups",
        Each { over: NetNamespace, argv: &["/usr/sbin/ip", "-netns", "{}", "maddr", "show"] },
        Identifying,
        Deep,
    ),
    row(
        "network.namespace_counters",
        Each { over: NetNamespace, argv: &["/usr/sbin/ip", "netns", "exec", "{}", "/usr/sbin/nstat", "-zas"] },
        Facts,
        Deep,
    ),
    // By name: listing them all would read keys, and enter what is mounted on demand.
    row(
        "network.namespace_settings",
        Each {
            over: NetNamespace,
            argv: &[
                "/usr/sbin/ip",
                "netns",
                "exec",
                "{}",
                "/usr/sbin/sysctl",
                "-e",
                "net.core.somaxconn",
                "net.ipv4.conf.all.accept_local",
                "net.ipv4.conf.all.accept_redirects",
                "net.ipv4.conf.all.accept_source_route",
                "net.ipv4.conf.all.arp_announce",
                "net.ipv4.conf.all.arp_ignore",
                "net.ipv4.conf.all.forwarding",
                "net.ipv4.conf.all.log_martians",
                "net.ipv4.conf.all.proxy_arp",
                "net.ipv4.conf.all.rp_filter",
                "net.ipv4.conf.all.send_redirects",
                "net.ipv4.conf.default.arp_announce",
                "net.ipv4.conf.default.arp_ignore",
                "net.ipv4.conf.default.forwarding",
                "net.ipv4.conf.default.rp_filter",
                "net.ipv4.fib_multipath_hash_policy",
                "net.ipv4.icmp_echo_ignore_all",
                "net.ipv4.icmp_ratelimit",
                "net.ipv4.ip_default_ttl",
                "net.ipv4.ip_dynaddr",
                "net.ipv4.ip_forward",
                "net.ipv4.ip_forward_use_pmtu",
                "net.ipv4.ip_local_port_range",
                "net.ipv4.ip_local_reserved_ports",
                "net.ipv4.ip_no_pmtu_disc",
                "net.ipv4.ip_nonlocal_bind",
                "net.ipv4.ip_unprivileged_port_start",
                "net.ipv4.ipfrag_high_thresh",
                "net.ipv4.ipfrag_time",
                "net.ipv4.ping_group_range",
                "net.ipv4.tcp_base_mss",
                "net.ipv4.tcp_congestion_control",
                "net.ipv4.tcp_ecn",
                "net.ipv4.tcp_fin_timeout",
                "net.ipv4.tcp_keepalive_intvl",
                "net.ipv4.tcp_keepalive_probes",
                "net.ipv4.tcp_keepalive_time",
                "net.ipv4.tcp_max_syn_backlog",
                "net.ipv4.tcp_max_tw_buckets",
                "net.ipv4.tcp_mtu_probing",
                "net.ipv4.tcp_retries1",
                "net.ipv4.tcp_retries2",
                "net.ipv4.tcp_rmem",
                "net.ipv4.tcp_sack",
                "net.ipv4.tcp_slow_start_after_idle",
                "net.ipv4.tcp_syn_retries",
                "net.ipv4.tcp_synack_retries",
                "net.ipv4.tcp_syncookies",
                "net.ipv4.tcp_timestamps",
                "net.ipv4.tcp_tw_reuse",
                "net.ipv4.tcp_window_scaling",
                "net.ipv4.tcp_wmem",
                "net.ipv6.conf.all.accept_ra",
                "net.ipv6.conf.all.autoconf",
                "net.ipv6.conf.all.disable_ipv6",
                "net.ipv6.conf.all.forwarding",
                "net.ipv6.conf.default.accept_ra",
                "net.ipv6.conf.default.disable_ipv6",
                "net.ipv6.conf.default.forwarding",
                "net.netfilter.nf_conntrack_count",
                "net.netfilter.nf_conntrack_max",
                "net.netfilter.nf_conntrack_tcp_be_liberal",
                "net.netfilter.nf_conntrack_tcp_timeout_established",
                "net.unix.max_dgram_qlen",
            ],
        },
        Facts,
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
