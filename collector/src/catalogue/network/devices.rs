//! What each network device is, can and does; queues, bridges, filters of packets.

use super::row;
use crate::catalogue::{
    Depth::{Deep, Standard},
    Over::NetDevice,
    Privacy::{Facts, Identifying},
    Probe::{Command, Each},
    Source, When, every,
};

pub(in crate::catalogue) const ROWS: &[Source] = &[
    row("network.rules6", Command(&["/usr/sbin/ip", "-6", "rule", "show"]), Identifying, Standard),
    row("network.route_exceptions", Command(&["/usr/sbin/ip", "-d", "route", "show", "cache"]), Identifying, Deep),
    row("network.route_exceptions6", Command(&["/usr/sbin/ip", "-d", "-6", "route", "show", "cache"]), Identifying, Deep),
    row("network.macsec", Command(&["/usr/sbin/ip", "-s", "macsec", "show"]), Identifying, Deep)
        .when(&[When::Path("/sys/module/macsec")]),
    row("network.links_json", Command(&["/usr/sbin/ip", "-j", "-s", "-d", "link"]), Identifying, Deep),
    row("network.address_json", Command(&["/usr/sbin/ip", "-j", "addr"]), Identifying, Deep),
    row("network.routes_json", Command(&["/usr/sbin/ip", "-j", "route", "show", "table", "all"]), Identifying, Deep),
    row(
        "network.device_hardware",
        every(
            "/sys/class/net/*/device/{numa_node,vendor,device,sriov_numvfs,sriov_totalvfs,current_link_speed,current_link_width}",
        ),
        Facts,
        Standard,
    ),
    row(
        "network.device_names",
        every("/sys/class/net/*/{ifalias,phys_port_name,name_assign_type,addr_assign_type,dev_id,gro_flush_timeout,proto_down}"),
        Identifying,
        Standard,
    ),
    row("network.queue_steering", every("/sys/class/net/*/queues/*/{rps_cpus,rps_flow_cnt,xps_cpus,tx_timeout}"), Facts, Deep),
    row("network.bridge_links", Command(&["/usr/sbin/bridge", "-s", "-s", "-d", "link", "show"]), Identifying, Deep)
        .when(&[When::Path("/sys/module/bridge")]),
    row("network.bridge_forwarding", Command(&["/usr/sbin/bridge", "-s", "-s", "-d", "-t", "fdb", "show"]), Identifying, Deep)
        .when(&[When::Path("/sys/module/bridge")]),
    row("network.bridge_groups", Command(&["/usr/sbin/bridge", "-s", "-s", "-d", "-t", "mdb", "show"]), Identifying, Deep)
        .when(&[When::Path("/sys/module/bridge")]),
    row("network.bridge_vlans", Command(&["/usr/sbin/bridge", "-d", "vlan", "show"]), Facts, Deep)
        .when(&[When::Path("/sys/module/bridge")]),
    // `-p`: addresses as people write them, which the redactor knows.
    row(
        "network.filters",
        Each { over: NetDevice, argv: &["/usr/sbin/tc", "-s", "-p", "filter", "show", "dev", "{}"] },
        Identifying,
        Deep,
    ),
    row(
        "network.filters_ingress",
        Each { over: NetDevice, argv: &["/usr/sbin/tc", "-s", "-p", "filter", "show", "dev", "{}", "ingress"] },
        Identifying,
        Deep,
    ),
    row("network.ethtool_timestamps", Each { over: NetDevice, argv: &["/usr/sbin/ethtool", "-T", "{}"] }, Facts, Deep),
    row("network.ethtool_permanent", Each { over: NetDevice, argv: &["/usr/sbin/ethtool", "-P", "{}"] }, Identifying, Deep),
    row("network.ethtool_energy", Each { over: NetDevice, argv: &["/usr/sbin/ethtool", "--show-eee", "{}"] }, Facts, Deep),
    row("network.ethtool_correction", Each { over: NetDevice, argv: &["/usr/sbin/ethtool", "--show-fec", "{}"] }, Facts, Deep),
    row(
        "network.ethtool_private",
        Each { over: NetDevice, argv: &["/usr/sbin/ethtool", "--show-priv-flags", "{}"] },
        Facts,
        Deep,
    ),
    row("network.ethtool_line", Each { over: NetDevice, argv: &["/usr/sbin/ethtool", "--phy-statistics", "{}"] }, Facts, Deep),
    row("network.ethtool_flows", Each { over: NetDevice, argv: &["/usr/sbin/ethtool", "-n", "{}"] }, Identifying, Deep),
    row("network.ethtool_spread", Each { over: NetDevice, argv: &["/usr/sbin/ethtool", "-x", "{}"] }, Facts, Deep),
];
