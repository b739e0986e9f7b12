//! What is installed, from where, and what is missing.

use super::{
    Depth::{self, Deep, Quick, Standard},
    MIB,
    Privacy::{self, Facts, FreeText, Identifying},
    Probe::{self, Command, File},
    Source, Topic, every,
};

const fn row(id: &'static str, probe: Probe, privacy: Privacy, depth: Depth) -> Source {
    Source::new(id, Topic::Packages, probe, privacy, depth)
}

pub(super) const ROWS: &[Source] = &[
    row(
        "packages.installed",
        Command(&[
            "/usr/bin/rpm",
            "-qa",
            "--qf",
            "%{NAME}\\t%{EPOCHNUM}\\t%{VERSION}\\t%{RELEASE}\\t%{ARCH}\\t%{INSTALLTIME}\\t%{SOURCERPM}\\n",
        ]),
        Facts,
        Quick,
    )
    .most(4 * MIB, 60),
    row("packages.kernels", Command(&["/usr/bin/rpm", "-q", "kernel", "kernel-core"]), Facts, Quick),
    row(
        "packages.keys",
        Command(&["/usr/bin/rpm", "-q", "gpg-pubkey", "--qf", "%{NAME}-%{VERSION}-%{RELEASE} %{SUMMARY}\\n"]),
        Facts,
        Standard,
    ),
    // `-C`: from the cache; nothing of ours makes the host call its repositories.
    row("packages.repositories", Command(&["/usr/bin/dnf", "-C", "-q", "repolist", "-v"]), Identifying, Standard)
        .most(4 * MIB, 60),
    row("packages.advisories", Command(&["/usr/bin/dnf", "-C", "-q", "updateinfo", "list", "--security"]), Facts, Deep)
        .most(4 * MIB, 60),
    row("packages.hot_patches", Command(&["/usr/bin/dnf", "-C", "-q", "hot-updateinfo", "list", "cves"]), Facts, Deep)
        .most(4 * MIB, 60),
    row("packages.restart_needed", Command(&["/usr/bin/needs-restarting", "-r"]), Facts, Deep).most(4 * MIB, 60),
    row("packages.changed_files", Command(&["/usr/bin/rpm", "-Va", "--nofiledigest", "--noscripts"]), Identifying, Deep)
        .most(4 * MIB, 60),
    row("packages.dnf_conf", File("/etc/dnf/dnf.conf"), FreeText, Standard),
    row("packages.repository_files", every("/etc/yum.repos.d/*.repo"), FreeText, Standard),
    row("packages.library_paths", every("/etc/{ld.so.conf,ld.so.preload}"), Facts, Deep),
];
