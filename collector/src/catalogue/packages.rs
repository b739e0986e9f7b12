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
    row("packages.restart_needed", Command(&["/usr/bin/dnf", "-C", "-q", "needs-restarting", "-r"]), Facts, Deep)
        .most(4 * MIB, 60),
    // `--root /` changes nothing but is said: this looks at files in every folder, and is not run where one may hang.
    row(
        "packages.changed_files",
        Command(&["/usr/bin/rpm", "-Va", "--nofiledigest", "--noscripts", "--root", "/"]),
        Identifying,
        Deep,
    )
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
    row("packages.database", Command(&["/usr/bin/ls", "-ln", "--time-style=full-iso", "/var/lib/rpm"]), Facts, Deep)
        .when(&[When::Path("/var/lib/rpm")]),
    row("packages.modules", Command(&["/usr/bin/dnf", "-C", "-q", "module", "list"]), Facts, Deep).most(4 * MIB, 60),
    // The keys beside them are never read.
    row("packages.certificates", every("/etc/pki/{consumer,entitlement,product}/*.pem"), Identifying, Deep),
    // Older loaders know no such question and say so.
    row("packages.loader_intel", Command(&["/usr/lib64/ld-linux-x86-64.so.2", "--list-diagnostics"]), Identifying, Deep),
    row("packages.loader_arm", Command(&["/usr/lib/ld-linux-aarch64.so.1", "--list-diagnostics"]), Identifying, Deep),
    row("packages.loader_tunables_intel", Command(&["/usr/lib64/ld-linux-x86-64.so.2", "--list-tunables"]), Facts, Deep),
    row("packages.loader_tunables_arm", Command(&["/usr/lib/ld-linux-aarch64.so.1", "--list-tunables"]), Facts, Deep),
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
