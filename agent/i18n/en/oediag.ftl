# Errors: one sentence, causes, hint.
error-line = error: { $sentence }
error-because =   because: { $cause }
error-hint = hint: { $hint }
hint-meant = Did you mean { $suggestion }?
hint-help = Try --help.

usage-unknown-argument = There is no option { $argument }.
usage-unknown-command = There is no command { $command }.
usage-no-command = Say what to do: a command is missing.
usage-missing = Missing: { $argument }.
usage-conflict = { $argument } and { $other } cannot be used together.
usage-no-value = { $argument } needs a value.
usage-not-one-of = { $argument } cannot be { $value }; it is one of { $values }.
usage-value = { $argument } cannot be { $value }: { $wanted }.
value-size = a size is a number with K, M, G or T, such as 512M
value-span = a length of time is a number with s, m, h, d or w, such as 2h
value-time = a time has a date, a clock time and an offset, such as 2026-11-23T09:00:00+08:00
value-moment = give a length of time such as 2h, or a time such as 2026-11-23T09:00:00+08:00
value-around = give a time, ± and a length of time, such as 2026-11-23T09:00:00+08:00±30m
value-seconds = a number of seconds of at least 1, such as 60
value-case = the id of a case has at most 64 letters, digits and - . _ / #, such as INC-20391

error-output = Standard output could not be written.
error-window = The window ends ({ $until }) before it begins ({ $since }).
error-no-such-member = The bundle has no member or source named { $member }.
error-member-absent = { $member } is not in the bundle: { $outcome } ({ $reason }).
error-bundle-open = { $path } cannot be opened.
error-bundle-read = { $path } is not a bundle that oediag can read.
error-member-read = { $member } cannot be read whole from the bundle.
error-root = { $path } cannot be examined as a host.
error-state = The folder for keys and bundles cannot be used.
error-site-sources = The customer's own rows (sources.d) cannot be used; nothing was collected.
error-epoch = SOURCE_DATE_EPOCH is { $value }, which is no number of seconds since 1970.
error-plan = This cannot be collected.
error-collect = No bundle was made.
error-output-name = { $path } is neither a folder that is there nor a file name that ends in .tar.gz.
error-no-signer = There is no key to check the signature with.
error-signers = The allowed signers cannot be read from { $path }.
error-verify = The bundle is NOT what its host signed. Do not rely on it.
error-redact-read = { $path } cannot be read.
error-redact-write = { $path } cannot be written.
error-redact-exists = { $path } is there already; choose a folder that does not exist yet.
error-redact-context = { $path } does not hold names as JSON.
error-redact-paths = { $path } does not hold lines of name, tab, path.
error-redactor = The redactor cannot be made ready.
error-redact = { $path } could not be redacted; nothing of it was written.
error-redact-stream = { $path } could not be redacted to its end; what is written of it already stays written.
hint-root-needed = Run as root, or choose another place with --state DIR.
hint-busy = Another run is under way; wait for its end, or use another --state DIR.
hint-output = Choose another place with -o, or make room.
hint-sources = `oediag sources` lists every id and topic.
hint-ls = `oediag ls` lists every member and source.
hint-signers = Give the host's public key with --allowed-signers FILE; the host keeps it as allowed_signers in its configuration folder.
note-unverified = Note: this bundle was not verified ({ $why }). `oediag verify` checks it.
why-no-key = no key is known here that could vouch for it
note-trouble = note: the bundle could not be written to its end: { $error }
note-recovered = A run that was cut short left { $path }; it was closed and signed with { $items } items.
note-nothing-recovered = A run that was cut short ({ $name }) had nothing whole yet; its leftovers were removed.
note-not-recovered = A run that was cut short left { $path }, which could not be closed: { $error }
note-not-root = Not root: parts that only root may read will be missing.

# What became of an item.
outcome-collected = collected
outcome-truncated = cut
outcome-skipped = skipped
outcome-timed-out = timed out
outcome-failed = failed

# Why something is not there, or not whole.
reason-not-selected = not selected
reason-not-present = not on this host
reason-not-installed = program not installed
reason-untrusted-program = program could be changed by other users
reason-untrusted-path = path could be changed by other users
reason-not-regular = not a regular file
reason-unsafe-filesystem = on a file system that may hang
reason-other-filesystem = on another file system than the folder that was asked for
reason-never-collected = never collected, by rule
reason-not-recorded = not recorded in this folder
reason-not-live = only on a running host
reason-no-permission = no permission
reason-needs-root = needs root
reason-read-error = read error
reason-spawn-error = program could not be started
reason-exit-status = program ended with an error
reason-signal = program was ended by a signal
reason-time-limit = took too long
reason-stuck = hung and could not be ended
reason-item-limit = larger than the limit for one item
reason-bundle-limit = bundle limit reached
reason-run-deadline = run time was over
reason-cancelled = stopped by the operator
reason-disk-full = disk full
reason-write-error = the bundle could not be written on
reason-interrupted = run was interrupted
reason-binary = binary data that cannot be redacted
reason-bad-archive = broken or too large compressed file
reason-redaction-failed = left out: redaction failed
reason-too-many = too many entries
reason-older-file = older than the newest files this row takes
reason-outside-window = outside the time window
reason-duplicate = already read for another source
reason-panicked = fault in oediag itself

# Topics.
topic-kernel = kernel
topic-boot = boot
topic-hardware = hardware
topic-storage = storage
topic-network = network
topic-memory = memory
topic-process = processes
topic-services = services
topic-packages = packages
topic-security = security
topic-logs = logs
topic-alerts = alerts
topic-performance = performance
topic-operations = operation records
topic-crash = crash records

# What kind of data a source may yield before redaction.
privacy-facts = facts
privacy-identifying = identifiers
privacy-free-text = free text
privacy-credentials = credentials

# Presets.
preset-quick = the essentials, in seconds
preset-standard = what most cases need
preset-deep = everything, slowest and largest
preset-perf = slowness and load
preset-net = network trouble
preset-disk = disks and file systems
preset-crash = crashes and hangs

# Severities of alerts.
severity-critical = critical
severity-high = high
severity-medium = medium
severity-low = low

# Kinds of redacted values.
kind-password-kv = passwords
kind-password-json = passwords
kind-password-xml = passwords
kind-password-cli = passwords
kind-url-userinfo = passwords in URLs
kind-auth-basic = HTTP credentials
kind-auth-bearer = access tokens
kind-jwt = access tokens
kind-cookie-session = session cookies
kind-cloud-key = cloud keys
kind-provider-token = access tokens
kind-generic-api-key = API keys
kind-docker-auth = registry credentials
kind-private-key = private keys
kind-pw-hash = password hashes
kind-ldap-bindpw = LDAP passwords
kind-snmp-community = SNMP communities
kind-wifi-psk = Wi-Fi keys
kind-vpn-secret = VPN secrets
kind-luks-key = disk keys
kind-kernel-cmdline = secrets of the boot line
kind-cluster-secret = cluster secrets
kind-sql-auth = database passwords
kind-license-key = licence keys
kind-webhook = webhook addresses
kind-audit-hex = secrets in audit records
kind-zh-password = passwords
kind-ipv4 = IPv4 addresses
kind-ipv6 = IPv6 addresses
kind-mac = MAC addresses
kind-hostname = host names
kind-domain = domain names
kind-username = user names
kind-email = e-mail addresses
kind-cn-mobile = phone numbers
kind-cn-id = identity card numbers
kind-bank-card = bank card numbers
kind-person-name = names of people
kind-serial-number = serial numbers
kind-system-uuid = machine ids
kind-gps = positions
kind-keyword = words of your own list

# The one-screen view of a bundle.
card-title = oediag { $version }, bundle { $bundle }, preset { $preset }
card-case = Case
card-host = Host
card-machine = Machine
card-state = State
card-collected = Collected
card-window = Window
card-alerts = Alerts
card-gaps = Items
card-redacted = Redacted
card-bundle = Bundle
card-check = Check
card-incomplete = NOT COMPLETE: { $reason }
card-no-alerts = none found
card-more-alerts = and { $count } more: oediag alerts { $path }
card-more-gaps = and { $count } more: oediag ls { $path }
card-no-redaction = nothing had to be replaced
card-redaction-total = { $count ->
    [one] 1 value
   *[other] { $count } values
  }
card-nothing-sent = Nothing was sent. To look inside: oediag ls, cat, alerts { $path }
card-up = up { $span }
card-load = load { $load }
card-taint = kernel tainted: { $flags }
card-cpus = { $count } CPUs
card-memory = { $size } memory
card-from-to = { $from } to { $to }
card-begin = the beginning
card-end = now
card-other-kinds = others { $count }

span-days = { $count ->
    [one] 1 day
   *[other] { $count } days
  }
span-hours = { $count } h
span-minutes = { $count } min

# Tables.
table-id = SOURCE
table-what = WHAT
table-data = DATA
table-preset = PRESET
table-size = SIZE
table-outcome = OUTCOME
table-member = MEMBER
table-reads = READS OR RUNS
table-why = WHY NOT
sources-count = { $count } sources. PRESET is the smallest of quick, standard and deep that asks for it. DATA is what may be in it before redaction: technical facts; identifiers (names, addresses, serial numbers); free text (anything); credentials (configuration that may hold them). `oediag plan` shows what would be read here.
plan-count = { $tasks } things to read or run, about { $size } known beforehand; { $skipped } left out. Nothing was run.
plan-skipped = Left out:
plan-samples = Performance is sampled for { $seconds } s.
ls-count = { $members } members, { $size }; { $absent } sources gave none.
alerts-count = { $alerts } alerts in { $groups } groups.
alerts-none = No alerts were found in this bundle.
alerts-more = { $count } more places
alerts-seen = { $count ->
    [one] once
   *[other] { $count } times
  }
alerts-between = { $first } to { $last }

# Verify.
verify-good = The bundle is whole and unchanged.
verify-signer = Signed by { $host }.
verify-bundle = Bundle { $bundle }: { $count } members, { $size }.
verify-incomplete = The run that made it was cut short; what it holds is whole.
verify-pass = ok
verify-fail = FAILED
check-detached-signature = signature of the file
check-profile = format of the file
check-manifest = manifest
check-name = name and host
check-inner-signature = signature of the checksums
check-sums = checksums of all members
check-members = manifest lists all members
check-bundle-json = opening record agrees

# Redact.
redact-done = { $files } files written, { $count } values replaced.

# Progress.
progress-sampling = sampling performance: { $second } of { $of } s
progress-sealing = signing
