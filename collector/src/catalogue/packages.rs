//! What is installed, from where, and what is missing.

use super::{
    Depth::{self, Deep, Quick, Standard},
    MIB,
    Privacy::{self, Facts, FreeText, Identifying},
    Probe::{self, Command, File},
    Source, Topic, When, every,
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
    row("packages.dnf_conf", every("/etc/{dnf,yum}/**"), FreeText, Standard),
    row("packages.repository_files", every("/etc/yum.repos.d/**"), FreeText, Standard),
    row("packages.library_paths", every("/etc/{ld.so.conf,ld.so.preload}"), Facts, Deep),
    row(
        "packages.versions",
        Command(&[
            "/usr/bin/rpm",
            "-qa",
            "--qf",
            "%{NVRA}\\t%{INSTALLTIME:date}\\t%{VENDOR}\\t%{BUILDHOST}\\t%{SIGPGP:pgpsig}\\n",
        ]),
        Facts,
        Deep,
    )
    .most(8 * MIB, 60),
    row("packages.rpm_settings", Command(&["/usr/bin/rpm", "--showrc"]), Facts, Deep),
    row("packages.database", Command(&["/usr/bin/ls", "-l", "--time-style=full-iso", "/var/lib/rpm"]), Facts, Deep)
        .when(&[When::Path("/var/lib/rpm")]),
    row("packages.extras", Command(&["/usr/bin/dnf", "-C", "-q", "list", "extras"]), Facts, Deep).most(4 * MIB, 60),
    row("packages.duplicates", Command(&["/usr/bin/dnf", "-C", "-q", "repoquery", "--duplicates"]), Facts, Deep)
        .most(4 * MIB, 60),
    row("packages.unsatisfied", Command(&["/usr/bin/dnf", "-C", "-q", "repoquery", "--unsatisfied"]), Facts, Deep)
        .most(4 * MIB, 60),
    row("packages.advisory_texts", Command(&["/usr/bin/dnf", "-C", "-q", "updateinfo", "info", "--security"]), Facts, Deep)
        .most(8 * MIB, 60),
    row("packages.libraries", Command(&["/usr/sbin/ldconfig", "-p", "-N", "-X"]), Facts, Deep),
    row("packages.library_folders", every("/etc/ld.so.conf.d/**"), Facts, Deep),
    row("packages.alternatives", Command(&["/usr/sbin/alternatives", "--list"]), Facts, Deep),
    row("packages.list_file", File("/var/log/rpmpkgs"), Facts, Deep),
    row(
        "packages.release",
        Command(&["/usr/bin/rpm", "-q", "--qf", "%{VERSION}-%{RELEASE}\\n", "openEuler-release"]),
        Facts,
        Quick,
    ),
];
