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
value-bundle = a bundle needs at least 1M: what explains and signs it takes a part of that
value-span = a length of time is a number with s, m, h, d or w, such as 2h or 1h30m
value-time = a time has a date, a clock time and an offset, such as 2026-11-23T09:00:00+08:00
value-moment = give a time such as "2026-11-23 09:00" (in the host's zone) or 2026-11-23T09:00:00+08:00, a length of time before now such as 2h, or now, today or yesterday; a number alone needs a unit (90s), an @ before it (@1767147080, seconds since 1970) or the form of a date (2026-11-23)
value-around = give a time, ± or +- or a comma, and a length of time, such as "2026-11-23 09:00±30m" or 2026-11-23T09:00:00+08:00+-30m
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
error-broker = The broker cannot work.
error-state = The folder for keys and bundles cannot be used.
error-site-sources = The customer's own rows (sources.d) cannot be used; nothing was collected.
error-epoch = SOURCE_DATE_EPOCH is { $value }, which is no number of seconds since 1970.
error-plan = This cannot be collected.
error-collect = No bundle was made.
error-output-name = { $path } is neither a folder that is there nor a file name that ends in .tar.gz.
error-no-signer = There is no key to check the signature with.
error-signers = The allowed signers cannot be read from { $path }.
error-verify = The bundle is NOT what its host signed. Do not rely on it.
error-recheck = Something is left in the bundle that redaction should have replaced. Do not pass it on.
error-recheck-doubts = Not everything in the bundle could be judged. Do not pass it on.
error-upload-leaks = The bundle was not sent: { $count } places hold what redaction should have replaced.
error-upload-doubts = The bundle was not sent: { $count } of its members cannot be judged.
error-upload-floor = The bundle was not sent: it was redacted to the level { $level }, and the settings of this host allow nothing below { $floor }.
hint-upload-floor = Collect again: a new bundle keeps to the floor.
hint-upload-leaks = `oediag verify --redaction { $path }` lists them; leave their items out with --without, or collect again.
error-redact-read = { $path } cannot be read.
error-redact-link = { $path } is a link and was left out.
error-redact-no-file = { $path } is no regular file and was left out.
error-redact-json = With --json give --in and --out, --review, --list or --check: a redacted text is no JSON.
note-redact-interrupted = note: interrupted; { $out } does not hold all files.
error-redact-write = { $path } cannot be written.
error-redact-exists = { $path } is there already; choose a folder that does not exist yet.
error-redact-context = { $path } does not hold names as JSON.
error-redact-paths = { $path } does not hold lines of name, tab, path.
error-redactor = The redactor cannot be made ready.
error-site-rules = Your own rules of redaction (redact.d) cannot be used; nothing was collected or redacted.
error-no-such-kind = There is no kind { $kind }.
error-redact = { $path } could not be redacted; nothing of it was written.
error-redact-stream = { $path } could not be redacted to its end; what is written of it already stays written.
error-settings = The settings of this host (oediag.toml) cannot be used.
error-floor = The settings of this host allow no redaction below the level { $floor }, and what was chosen is { $level }.
hint-floor = Leave out the options that replace less; only the file oediag.toml can lower its floor.
error-keep-unknown = There is no kind of value named { $kind }.
error-keep-credential = { $kind } is a kind of credential, and credentials are always removed.
hint-keep = Kinds that can be kept: { $kinds }.
error-no-map = There is no map of a bundle on this host.
error-no-map-of = There is no map of a bundle whose id begins with { $id } on this host.
hint-maps = Maps stay on the host that made the bundle, for { $days } days.
error-maps = The maps of this host cannot be read.
error-reveal-long = The text on standard input is longer than { $size }.
error-reveal-key = { $path } does not hold a private key of age that you alone can read.
hint-reveal-key = Give the private key with --identity FILE.
note-map = note: the map of this bundle could not be kept, so nobody can look its stand-ins up: { $error }
note-maps = note: old maps could not be removed: { $error }
note-policy-closed = note: only root may read the rules and settings in { $folder }; they do not bind this run.
note-rules-unread = note: { $path } is not read: only files whose names end in .toml hold rules.
note-upload-unchecked = note: { $what }
reveal-unknown = { $token }: no map on this host has this stand-in.
reveal-credential = { $token }: stands for a credential; credentials are in no map and cannot be looked up.
reveal-map-left-out = note: a map could not be read: { $error }
reveal-left-unknown = { $count ->
    [one] note: { $count } stand-in is in no map of this host and stays.
   *[other] note: { $count } stand-ins are in no map of this host and stay.
}
reveal-left-several = { $count ->
    [one] note: { $count } stand-in means different values in different bundles and stays; name the bundle with --bundle.
   *[other] note: { $count } stand-ins mean different values in different bundles and stay; name the bundle with --bundle.
}
hint-root-needed = Run as root, or choose another place with --state DIR.
hint-busy = Another run is under way; wait for its end, or use another --state DIR.
hint-output = Choose another place with -o, or make room.
hint-sources = `oediag sources` lists every id and topic.
hint-redact-check = `oediag redact --check` names every line that is wrong.
hint-redact-list = `oediag redact --list` shows all kinds.
hint-ls = `oediag ls` lists every member and source.
hint-signers = Give the host's public key with --allowed-signers FILE; the host keeps it as allowed_signers in its configuration folder.
note-unverified = Note: this bundle was not verified ({ $why }). `oediag verify` checks it.
why-no-key = no key is known here that could vouch for it
note-costs = What the sources took could not be kept for later estimates: { $error }
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
reason-left-out = left out by the operator
reason-disk-full = disk full
reason-write-error = the bundle could not be written on
reason-interrupted = run was interrupted
reason-binary = binary data that cannot be redacted
reason-bad-archive = broken or too large compressed file
reason-redaction-failed = left out: redaction failed
reason-leak = left out: something was found in it after redaction that could not be masked
reason-too-many = too many entries
reason-older-file = older than the newest files this row takes
reason-outside-window = outside the time window
reason-changed = changed while it was read; what came before is kept
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
kind-base64-wrapped = secrets in base64
kind-url-encoded = passwords in URLs
kind-k8s-secret = secrets of Kubernetes
kind-journal-bin = secrets in journal records
kind-krb-keytab = Kerberos keys
kind-site-secret = secrets by your own rules
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
card-system = System
card-health = Health
card-operations = Operations
card-disks = { $count ->
    [one] 1 disk ({ $size })
   *[other] { $count } disks ({ $size })
  }
card-interfaces = { $up } of { $all } interfaces up
card-patches = { $count ->
    [one] 1 hot patch
   *[other] { $count } hot patches
  }
card-containers = { $count ->
    [one] 1 container
   *[other] { $count } containers
  }
card-failed-units = failed units: { $units }
card-no-failed-units = no failed units
card-clock-synced = clock synchronised
card-clock-adrift = clock NOT synchronised
card-kdump-armed = kdump armed
card-kdump-off = kdump NOT armed
card-firewall-on = firewall on
card-firewall-off = no firewall
card-boot-shutdown = booted after a shutdown
card-boot-crash = booted after a kernel crash
card-boot-unclean = booted after a loss of power, a reset or a hang
card-collected = Collected
card-window = Window
card-alerts = Alerts
card-gaps = Items
card-redacted = Redacted
card-leaks = Leak check
card-bundle = Bundle
card-check = Check
card-incomplete = NOT COMPLETE: { $reason }
card-no-alerts = none found
card-cut = CUT to fit { $limit }, from { $count ->
    [one] 1 source
   *[other] { $count } sources
  }: { $sources }
card-expected = Expected
card-expected-real = { $read } of data, { $packed } packed, { $time } s; real: { $real_read }, { $real_packed }, { $real_time } s
card-more-alerts = and { $count } more: oediag alerts { $path }
card-more-gaps = and { $count } more: oediag ls { $path }
card-no-redaction = nothing had to be replaced
card-redaction-total = { $count ->
    [one] 1 value
   *[other] { $count } values
  }
card-nothing-sent = Nothing was sent. To look inside: oediag ls, cat, alerts, operations { $path }
card-up = up { $span }
card-load = load { $load }
card-taint = kernel tainted: { $flags }
card-cpus = { $count } CPUs
card-memory = { $size } memory
card-from-to = { $from } to { $to }
card-window-whole = { $count ->
    [one] 1 log whole (no time stamps)
   *[other] { $count } logs whole (no time stamps)
  }
card-begin = the beginning
card-end = now
card-other-kinds = others { $count }

span-days = { $count ->
    [one] 1 day
   *[other] { $count } days
  }
span-hours = { $count } h
span-minutes = { $count } min
span-seconds = { $count } s

# Tables.
table-id = SOURCE
table-what = WHAT
table-kind = KIND
table-becomes = BECOMES
table-topic = TOPIC
table-time = TIME
table-data = DATA
table-preset = PRESET
table-size = SIZE
table-outcome = OUTCOME
table-member = MEMBER
table-reads = READS OR RUNS
table-why = WHY NOT
sources-count = { $count } sources. PRESET is the smallest of quick, standard and deep that asks for it. DATA is what may be in it before redaction: technical facts; identifiers (names, addresses, serial numbers); free text (anything); credentials (configuration that may hold them). `oediag plan` shows what would be read here.
plan-count = { $tasks } things to read or run; { $skipped } left out. Nothing was run.
plan-skipped = Left out:
plan-estimate = In all about { $read } of data, a bundle of { $packed }, and { $time }: what is done side by side counts once. Figures come from file sizes and from earlier runs on this host; `collect` shows what became of them.
plan-unsought = { $what } (not looked into: the window may leave less of it)
plan-samples = Performance is sampled for { $seconds } s.
ls-count = { $members } members, { $size }; { $absent } sources gave none.
alerts-count = { $alerts } alerts in { $groups } groups.
alerts-none = No alerts were found in this bundle.
alerts-more = { $count } more places
alerts-seen = { $count ->
    [one] once
   *[other] { $count } times
  }
alerts-ended = over { $time }
alerts-state = when collected
alerts-between = { $first } to { $last }

# Operation records.
operations-count = { $records ->
    [one] 1 record
   *[other] { $records } records
  }: { $kinds }
operations-none = This bundle has no operation records.
table-when = TIME
table-who = WHO
table-from = FROM
table-done = WHAT
table-result = RESULT
table-place = WHERE
table-token = STAND-IN
table-value = VALUE
operation-login = logins
operation-login-failed = failed logins
operation-logout = logouts
operation-sudo = sudo commands
operation-su = su sessions
operation-command = commands
operation-package = package changes
operation-unit = unit changes
operation-cron = scheduled runs
operation-config-changed = files changed
operation-reboot = boots
operation-shutdown = shutdowns
operation-crash = crashes
operation-account = account changes
operation-time-changed = clock changes
operation-firewall = firewall changes
operation-selinux = SELinux changes
operation-ok = ok
operation-failed = failed

# Verify.
verify-good = The bundle is whole and unchanged.
verify-signer = Signed by { $host }.
verify-bundle = Bundle { $bundle }: { $count } members, { $size }.
verify-incomplete = The run that made it was cut short; what it holds is whole.
verify-pass = ok
verify-fail = FAILED
recheck-line = line { $line }
recheck-name = in its name
recheck-more = ... and { $count } more places.
recheck-names-used = The names of this host were looked for.
recheck-names-mapped = { $count } names were looked for that the map of this bundle lists.
recheck-words = { $count } words of your own rules were looked for.
recheck-kept = Not looked for, since the bundle says that they stay by choice: { $kinds }.
recheck-doubt-broken = it begins like a compressed file and does not unpack to its end; nobody has seen what is in it
recheck-doubt-nested = it is compressed twice; what is inside was not looked at
recheck-doubt-too-long = unpacked it is longer than a bundle may be; its rest was not looked at
recheck-doubt-changed = its content is not the one that the manifest lists
recheck-doubt-unlisted = the manifest does not list it
recheck-doubt-missing = the manifest lists it, and it is not there
recheck-names-unused = The names of its host were not looked for: they are not known here.
recheck-map-used = Addresses were looked for: the map of this bundle is here.
recheck-map-unused = Addresses were not looked for: without the map of this bundle nobody can tell them from stand-ins.
recheck-clean = Nothing was found in { $count } members that redaction should have replaced.
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
redact-list-credentials = Credentials: gone for good
redact-list-identities = Identities: the map on this host tells them
redact-list-more = { $count } kinds. … is a tag of 12 letters and digits: the same value gets the same tag in all of a bundle. `oediag redact --list KIND` shows what starts the search for one of them, and examples of what goes and what stays.
redact-list-becomes = Becomes
redact-list-class = Afterwards
redact-list-gone = gone for good; no map holds it
redact-list-mapped = the map on this host tells the value
redact-list-found = Found by
redact-list-level = Replaced from level
redact-list-starts = A look starts at
redact-list-examples = Examples
redact-list-counter-examples = Left alone

redact-check-ok = ok
redact-check-size = { $keywords } keywords, { $keys } keys, { $patterns } patterns
redact-check-none = There is no file of rules of your own in { $folder }.
redact-check-wrong = With a file that is wrong `collect` and `redact` do not start: no bundle is made without your rules.
redact-review-total = { $count ->
    [one] One value would be replaced.
   *[other] { $count } values would be replaced.
}
redact-review-no-values = The values themselves are shown on a terminal only.

# Progress.
progress-sampling = sampling performance: { $second } of { $of } s
progress-sealing = signing

# Addresses, enrolment, upload.
value-address = the address of a center is https:// and a host name, perhaps : and a port, and nothing else
value-plain-http = http:// is for this machine only; use https://
value-country = a country has two capital letters, such as CN
value-line = one line of text of at most 500 characters
value-days = a number of days from 1 to 3650
value-rate = a number of KiB per second of at least 1
value-receipt = the id of a receipt is c- and 32 hex digits
value-bundle-id = a bundle is named by the first 8 or more hex digits of its id
value-word = it is one of the words that --help lists

error-token = This is not a token for enrolment.
error-ca = { $path } holds no certificate in PEM form.
error-enrolled = This host is enrolled with { $url } already, for { $tenant }.
error-enrolment = The enrolment of this host cannot be read.
error-enroll-request = The request for enrolment could not be made.
error-enroll-network = The center cannot be reached, or does not answer. Nothing was stored.
error-enroll-refused = The center does not accept this token for this host.
error-enroll-reply = The center's reply is not what the token vouches for; nothing was stored.
error-enroll-store = The enrolment could not be stored.
error-pin = This is not the center that the token is for: its root keys are others. Nothing was stored.
error-keyset-expired = By this host's clock the center's newest keys are expired. Nothing was stored.
error-keyset-older = The center's keys (version { $version }) are older than those known here (version { $known }). Nothing was stored.
error-clock-behind = This host's clock ({ $now }) is before the day the center's keys were made ({ $issued }). Nothing was stored.
error-not-enrolled = This host is not enrolled with a center; nothing can be sent.
error-other-host = This host has another name than when it was enrolled.
error-not-own = { $path } is not a whole bundle of this host, so it is not sent.
error-no-consent = Nothing was sent: there was no consent.
error-receipts = The receipts of consent cannot be used.
error-changed = The bundle is not what was shown any more. Nothing was sent.
error-seal = The bundle could not be sealed. Nothing was sent.
error-ack = The center's acknowledgement is not valid. The sealed file is kept.
error-network = The center cannot be reached, or the upload gets nowhere. The sealed file is kept.
error-not-a-center = What answers at this address does not behave like a support center.
error-clock = The center does not accept this host's signature; its clock differs by { $seconds } s.
error-unknown-host = The center does not accept this host's signature.
error-center-refuses = The center refuses.
error-other-bytes = The center says that it received other bytes than the receipt names, and has deleted them.
error-later = The center is not to be asked again before { $at }.
error-sender = The sending process failed.
error-no-receipt = There is no receipt { $id } of this host.
error-drop-stored = The center has acknowledged this bundle; there is nothing left to cancel on this host.
error-without = The new bundle without these items could not be made. Nothing was sent.
hint-token = A token looks like oed1.t-....; ask the center's operator for one.
hint-new-token = Ask for a new token; each is good for one host and one day.
hint-pin = Compare the address with whoever gave you the token; somebody may stand in between.
hint-clock = Set the clock of this host, then run the command again.
hint-replace = To leave that center, run it again with --replace.
hint-enroll = Ask the support center for a token and run: oediag enroll --url URL --token-file FILE
hint-enroll-again = Enrol again with a new token.
hint-enroll-network = Check address, network and, for a center with certificates of its own, --ca FILE; then run the command again.
hint-own = Only bundles that this host collected and signed can be sent; `oediag verify` tells what is wrong.
hint-consent = Look at it with `oediag upload --preview`; to agree without a terminal add --consent { $digits }
hint-separate = One more question was not answered with yes; without a terminal the answer to it is --agree { $word }
hint-go-on = `oediag upload --unfinished` goes on where it was, without asking again; so does the next start of this host, where that is set up. To cancel: oediag consent drop { $receipt }
hint-not-a-center = Check the address; a proxy or a portal may answer in its place.
hint-center-refuses = Ask the center's operator; nothing more was sent.
hint-again = Run the same command again.
hint-ack = Tell the center's operator: somebody may stand in between.
hint-room = Make room and run the same command again.
hint-withdraw = To have it deleted there: oediag consent withdraw { $receipt }
hint-receipts = `oediag consent list` lists them.
hint-busy-upload = Another upload is under way; wait for its end, or stop it.
why-told-before = the center has said so before
note-token-seen = Note: a token on the command line can be seen by every user of this host. Use --token-file FILE, or - for standard input.
note-keyset-expired = Note: the center's keys known here (version { $version }) expired at { $expires }. Sending is still possible; enrol again to get newer ones.
note-consent-again = Consent for exactly these bytes was given at { $at } (receipt { $id }) and is used again.
note-waiting = Waiting { $seconds } s: { $why }
note-without = The bundle without these items is { $path }; the old one is still there.
progress-encrypting = encrypting
progress-sending = sending

enrolled = This host is enrolled.
status-center = Center
status-tenant = Customer
status-host = Host
status-keyset = Keys
status-keyset-of = version { $version }, good until { $expires }
status-keyset-over = version { $version }, EXPIRED at { $expires }
status-bundles = Bundles
status-bundles-are = { $count }, { $size }
status-used = Disk
status-used-bundles = bundles { $size }
status-used-outbox = sealed files { $size }
status-no-host = no key yet: it is made by the first run
status-not-enrolled = not enrolled
status-unfinished = Agreed to, and not all of it sent; run `oediag upload` with the bundle again:
status-upload = bundle { $bundle }, { $percent } % sent, receipt { $receipt }
status-not-before = not before { $at }, says the center
status-acks = Last stored at the center:

preview-title = This would leave the host:
preview-bundle = Bundle
preview-id = Bundle id
preview-size = Size
preview-sizes = { $packed } packed, { $plain } unpacked
preview-made = Collected
preview-recipient = Recipient
preview-kept = Kept
preview-days = { $days } days, until { $until }
preview-redacted = Redacted
preview-leaks = Leak check
preview-kept-kinds = Not replaced
# Also on the card of a bundle.
leaks-found = look at { $place }: after redaction { $count ->
    [one] 1 value was
   *[other] { $count } values were
  } still found, and masked or left out
redaction-kept = stays readable by choice (level reduced): { $kinds }
preview-values = level { $level }, { $count } values replaced
preview-more = and { $count } more members, smaller or less sensitive: oediag ls { $path }
table-members = MEMBERS
table-replaced = REPLACED
table-receipt = RECEIPT
table-given = GIVEN
table-bundle = BUNDLE
table-until = UNTIL
table-standing = STANDING

notice-title = Notice on consent
notice-recipient = Recipient: { $name }, at { $url }. There you are the customer { $tenant }.
notice-contact = They are reached at: { $contact }
notice-no-contact = How to reach those who answer for the data was not stated at enrolment; your service contract names them.
notice-country = Country where the data is kept: { $country }
notice-no-country = Country where the data is kept: not stated at enrolment, so not known here. If it may leave your country, ask before you agree.
notice-cross-border = The data leaves your country. This is agreed to separately.
notice-core-dumps = Images of memory (core dumps) are in it: whatever a program or the kernel was working on may be there, and no rule replaces it. This is agreed to separately.
notice-personal-files = Files that belong to users of this host are in it. This is agreed to separately.
notice-request = Asked for by { $name } ({ $id }), request { $request }: { $reason }
notice-processors = Companies that process it for the recipient: { $names }.
purpose-incident-diagnosis = to find the cause of a fault of this host
notice-purpose = Purpose: { $purpose }.
notice-purpose-case = Purpose: { $purpose }, case { $case }.
notice-method = How: the bundle is encrypted on this host so that only the recipient can open it. Named support staff read it; each opening is recorded.
notice-data = What: exactly the bundle shown above, with data about { $topics }.
notice-no-personal = Personal data: none was found, and no free text is in it.
notice-personal = Personal data that may be in it: { $kinds }. { $count } values were replaced before anything was stored; what the rules do not know may still be there.
notice-leaks = A second check of the redacted data found what redaction had missed: { $found }.
notice-kept-kinds = Not replaced, because it was chosen so when the bundle was made, and readable by the recipient: { $kinds }.
notice-keep = Kept for { $days } days after you agree (until { $until }), then deleted.
notice-refuse = You may refuse. Then nothing is sent, and nothing else changes.
notice-withdraw = You may withdraw later: run `oediag consent withdraw` with the id of the receipt on this host, or contact { $contact } and name the receipt. Then it is deleted.
notice-withdraw-center = You may withdraw later: run `oediag consent withdraw` with the id of the receipt on this host, or ask the recipient and name the receipt. Then it is deleted.
notice-authority = By agreeing you declare that you have authority to act for the customer. Whether the people named in logs must agree too is for your contract and the law to say.
ask-consent = To send exactly this, type the first 8 digits of the bundle id. To leave something out first, type without and sources or members, with commas between them. Enter alone is no:
ask-consent-again = These are not the digits. Type the first 8 digits of the bundle id; Enter alone is no:
ask-cross-border = The data leaves your country. Type yes if you agree to that too:
ask-core-dumps = Images of memory are in it. Type yes if you agree to send them too:
ask-personal-files = Files that belong to users of this host are in it. Type yes if you agree to send them too:

personal-ip-address = IP addresses
personal-hardware-address = hardware addresses
personal-host-name = host names
personal-username = user names
personal-email = e-mail addresses
personal-phone-number = phone numbers
personal-identity-number = identity card numbers
personal-bank-card = bank card numbers
personal-person-name = names of people
personal-serial-number = serial numbers
personal-position = positions
personal-identifying = names, addresses and numbers that identify machines and accounts
personal-free-text = whatever programs and people wrote into logs

# Requests of the center's, the answers to them, the policy.
value-request = a request is named by its id, or by the first 8 or more hex digits of it, as `oediag requests` prints them
value-reason = a reason is one word of at most 32 of a-z, 0-9 and _, such as maintenance_window; the center is told it

error-broker-silent = The broker does not answer.
hint-broker = It is started by its socket: systemctl start oediag-broker.socket. Only root may ask it.
hint-broker-old = The broker that runs is another version: systemctl restart oediag-broker.service
error-broker-refuses = This was not done: { $why }.
error-no-request = There is no request whose id begins with { $id }.
error-requests-alike = More than one request has an id that begins with { $id }: give more of it.
hint-requests = `oediag requests` lists them.
error-request-unsigned = The keys that this host knows did not sign this request. Nothing was released.
error-request-read = { $path } cannot be read as what it should be.
error-not-enrolled-request = The request is signed, and this host is not enrolled with a center whose keys could vouch for it.
error-policy = { $path } is no policy; with it, a person decides about every request.
error-policy-own = The policy of this host cannot be used; a person decides about every request.
hint-policy = Correct the line and run `oediag policy check FILE` again.
hint-consent-request = Look at it with `oediag preview`; to agree without a terminal add --consent { $digits }
note-policy-damaged = note: the policy of this host cannot be used, so a person decides about every request: { $why }

requests-none = No center has asked for anything.
table-request = REQUEST
table-case = CASE
table-severity = SEV
table-level = LEVEL
table-state = STATE
table-left = TIME LEFT
table-by = BY
table-params = WITH
table-rule = RULE
table-does = DOES
table-applies = APPLIES
table-valid = VALID UNTIL
request-over = over
request-id = Request
request-case = Case
request-state = State
request-since = since { $at }
request-left = Time left
request-by = Asked by
request-lead = Approved by
request-wants = Asks for
request-wants-bundle = a bundle
request-wants-index = the list of what a bundle would hold; the bundle stays here
request-wants-items = { $count ->
    [one] 1 item of bundle { $bundle }, which is here
   *[other] { $count } items of bundle { $bundle }, which is here
  }
request-level = Level
request-purpose = Purpose
request-recipient = For
request-keep = Kept there
request-redaction = Redaction
request-most = At most
request-most-are = { $size }, { $seconds } s of collecting
request-delivers = Delivery
request-delivers-upload = by this host over the network
request-delivers-carry = carried as a file
request-expires = Expires
request-reason-zh = Reason (zh)
request-reason-en = Reason (en)
request-bundle = Bundle
request-receipt = Receipt
request-clock = The clock of this host cannot be trusted: look at the times above yourself before you agree. No rule of the policy agrees meanwhile.
request-preset = Preset { $preset }: { $words }. Sources in all: { $count }; `oediag plan --preset { $preset }` shows what they read.
request-rule = The policy's rule { $rule } agreed. What each rule said when it came:
request-rules = What the policy said when it came:
next-approve = To have it collected; nothing is sent yet:
next-deny = To refuse:
next-preview = To see what would leave:
next-release = To send it, or to leave something out:
next-decline = To refuse:
next-withdraw = To have it deleted at the center:
next-export = To write the file that is carried to the center:
next-carry = At the center:
next-ack = Then, with the ack that comes back, here:
exported = Written: { $path } ({ $size }). It is encrypted to the center's keys and can be carried on any medium.
error-export = The file { $path } could not be written.
error-export-state = There is nothing to carry for this request now; it stands at: { $state }.
error-kit = This is no kit of the center whose fingerprint was given. Nothing was stored.
error-kit-fingerprint = The fingerprint of the center's root keys is needed: 20 hex digits.
hint-kit = Ask the center's administrator for the fingerprint another way than you got the file, as by telephone; give it with --fingerprint or type it on a terminal.
ask-kit = Fingerprint of the center's root keys (20 hex digits), as you had it another way than this file:
kit-next = Carry { $admission } and { $catalogue } to the center. Tell its administrator the fingerprint of this host's key another way than the files go; it is compared there:
error-import-paper = { $path } is not a signed paper.
error-import-receipt = This is neither an ack nor a deletion receipt that this host's center signed about what is here.
imported-request = The request was taken in.
imported-cancel = The cancellation was taken in.
imported-keyset = The keyset is the one that is known here now.
imported-ack = The center has the bundle; its ack for consent { $receipt } is kept.
imported-deletion = The center has deleted what came under consent { $receipt }; its signed word is kept.
withdrawn-carry = Consent is withdrawn, and nothing more goes under it. Carry { $path } to the center; it gives a deletion receipt back.
next-look = How it goes on:
next-ls = All files of it:
next-cat = One of them:
request-approved = It is being collected. Nothing is sent before it is released.
request-denied = Refused. The center is told.
request-denied-silently = Refused. The center is told nothing: to it the request expires.
request-declined = It is not sent. The center is told.
request-released = Agreed to, receipt { $receipt }. It is encrypted now and sent as soon as there is a connection.
session-started = The center is asked every few seconds for { $minutes } minutes.
session-over = The center is asked at the usual pace again.
role-engineer = engineer
role-lead = lead
level-basic = basic
level-extended = extended
word-yes = yes
word-no = no

# The policy.
policy-good = The policy can be used. Rules that deny: { $deny }; rules that agree: { $auto }.
policy-off = Requests are switched off: the agent does not ask the center, and every request is refused.
policy-does-deny = refuses
policy-does-both = collects and sends without asking
policy-does-collect = collects without asking; asks before it sends
policy-does-release = asks before it collects; sends without asking
policy-does-ask = asks
policy-over = { $day }: OVER, the rule does not count
policy-too-far = { $day }: more than a year ahead, the rule does not count
policy-never = Never collected
policy-floor = Redaction at least
policy-most = At most
policy-most-are = { $size }, { $seconds } s
policy-approver = Approver must sign
policy-keep = Kept here
policy-rejected = Rejected before any rule is asked: { $why }.
policy-denied = Refused by the policy.
policy-asks = A person decides.
policy-agrees = Rule { $rule } agrees: { $does }.
policy-unsigned = The request is not signed; the broker takes signed ones only.
policy-unused = It is assumed that no rule was used today.
policy-applies = applies

# Withdrawal, openings, cases.
error-other-center = This was agreed to for another center than the one this host is enrolled with.
hint-other-center = Ask that recipient ({ $contact }) to delete it, and name the receipt.
error-paper = The signed paper could not be made.
error-answer = What the center answered is not valid.
error-no-center = The center cannot be reached.
hint-ask-center = Ask the center's operator; nothing was changed.
withdrawn-deleted = Consent { $receipt } is withdrawn. The center deleted the data at { $at } and signed that it did.
withdrawn-backups = Its backups are gone by { $until }.
withdrawn-told = Consent { $receipt } is withdrawn, and the center has the withdrawal. It confirms the deletion later.
withdrawn-queued = Consent { $receipt } is withdrawn, and nothing more is sent under it. The center is not told yet: the agent tells it as soon as it can be reached, and so does the same command.
views-count = Openings by { $at }: { $count }. The center signed this list.
view-bundle-opened = opened the bundle
view-item-opened = opened a file
view-searched = searched
view-exported = exported
cases-none = There are no cases.
table-clock = FIRST ANSWER
table-engineer = ENGINEER
table-title = TITLE
case-open = open
case-accepted = accepted
case-resolved = resolved; please confirm
case-confirmed = confirmed
case-closed = closed
clock-answered = after { $span }
clock-left = within { $span }
clock-late = LATE by { $span }

stored = The center has stored the bundle.
dropped = Nothing more of bundle { $bundle } is sent, and its sealed copy is deleted. What the center may have of it already is the recipient's to delete.
unfinished-none = No upload is unfinished.
stored-already = The center has this bundle already; nothing was sent.
stored-by = Center
stored-page = Page
consent-none = Nothing was agreed to on this host yet.
consent-receipt = Receipt
consent-bundle = Bundle
consent-sha256 = SHA-256
consent-given = Given
consent-by = By
consent-recipient = Recipient
consent-case = Case
consent-until = Deleted by
consent-kept-kinds = Not replaced
consent-standing = Standing
consent-stored = Stored
standing-stored = stored at the center
standing-unfinished = not all sent
standing-given = given, nothing sent
standing-dropped = cancelled
standing-withdrawn = withdrawn, not yet confirmed
standing-deleted = withdrawn, deleted at the center
standing-over = over

# Why the redactor or the customer's own rules cannot be used.
cause-site-line = { $path }: line { $line }: { $why }
cause-site-too-many = more than { $most } { $what } in all files together
cause-site-keywords = keywords
cause-site-keys = keys
cause-site-patterns = patterns
cause-site-name = a name holds a-z, 0-9, - and _, at most 60 of them
cause-site-twice = two patterns have this name
cause-site-short = too short: at least three letters, or two Chinese characters
cause-site-long = longer than 256 bytes
cause-site-control = holds a control character or a line end
cause-site-stand-in = a part of what values are replaced by
cause-site-empty = { $list } is empty: give at least one
cause-site-example = the expression does not match this example from its first to its last character
cause-site-counter-example = the expression matches a part of this counter-example
cause-site-beginning = the expression must begin with at least 3 characters that are always the same, such as HT- in HT-[0-9]+
cause-site-large = the expression is too large: repeat fewer classes fewer times
cause-own-io = { $path }: cannot be read
cause-own-exposed = { $path }: { $why }; nobody but root and the user who runs oediag may be able to change what it takes and hides
cause-flaw-link = is a link
cause-flaw-not-regular = is not a regular file
cause-flaw-owner = belongs to uid { $uid }
cause-flaw-mode = has mode { $mode }, which lets others write
cause-flaw-files = more than { $most } files
cause-flaw-bytes = is longer than { $most } bytes
cause-redact-binary = binary content that cannot be redacted
cause-redact-encoding = text that is not in the encoding its start promised
cause-redact-self-test = the redactor's self-test failed at the rule for { $rule }
cause-redact-tables = the redactor's tables cannot be built: { $why }
cause-redact-read = reading failed: { $error }

# The ledger.
value-lines = a number of lines from 1 to 100000
error-ledger = The ledger of this host cannot be used.
hint-ledger = What needs a line in the ledger does not happen without it. Make room, or let this user write there, and run the same command again.
hint-ledger-changed = `oediag ledger verify` says which line. Nothing is released meanwhile. Restore ledger.jsonl and ledger.head from a backup; if there is none, keep both elsewhere and remove them here: a new ledger begins, and the center sees that it does.
hint-ledger-bad = A backup of ledger.jsonl shows what the line was. Who holds a receipt, an envelope or a head of this ledger can prove it.
ledger-none = There is no line in the ledger of this host yet.
ledger-good = The ledger is whole: { $count } lines, each as it was written, compared with { $vouched } heads that this host signed.
ledger-head = Head: { $seq } { $hash }
ledger-edited = Line { $seq } of the ledger was edited.
ledger-deleted = Line { $seq } of the ledger was deleted.
ledger-reordered = Line { $seq } of the ledger is not in its place.
ledger-gap = Line { $seq } of the ledger was left out: the numbers have a gap.
ledger-truncated = Line { $seq } of the ledger and all that followed it were cut off.
ledger-torn = Line { $seq } of the ledger was not written to its end: the host stopped meanwhile; the next event cuts it off and says so.
ledger-rewritten = Line { $seq } of the ledger is not the line that this host signed at the time.
table-seq = LINE
table-event = EVENT
table-about = ABOUT
event-enrolled = enrolled
event-keyset = keyset accepted
event-policy = policy changed
event-received = request received
event-pending = a person is asked
event-rejected = request rejected
event-approved = collecting approved
event-denied = collecting denied
event-expired = expired
event-cancelled = cancelled
event-collecting = collecting
event-collected = collected
event-failed = failed
event-previewed = previewed
event-released = consent given
event-declined = consent not given
event-sealing = sealing
event-uploading = sending
event-stored = stored at the center
event-deleted = deleted here
event-withdrawn = consent withdrawn
event-deletion_confirmed = deletion confirmed
event-center_head = head of the center's log
event-recovered = torn line cut off
agent-started = The agent is ready.
agent-ended = The agent was ended.
agent-dropped = { $count ->
    [one] A line was left out.
   *[other] { $count } lines were left out.
}
agent-no-broker = The broker does not answer: { $why }
agent-broker-refuses = The broker refuses: { $word }
agent-not-enrolled = This host is not enrolled with a center: nothing is asked and nothing is sent.
agent-not-remote = The policy does not let the center ask: its inbox is not looked into.
agent-center = The center is { $url }.
agent-center-unusable = The way to the center cannot be used: { $why }
agent-look-failed = The center could not be asked, again in { $seconds } s: { $why }
agent-taken = The broker has taken: { $what }.
agent-not-taken = The broker has not taken: { $what }.
agent-sent = Sent to { $path }: status { $status }.
agent-not-sent = Not sent to { $path }: { $why }
agent-upload-begun = The upload under { $receipt } goes on.
agent-upload-stored = The upload under { $receipt } is stored at the center.
agent-upload-failed = The upload under { $receipt } was interrupted: { $why }
agent-upload-dropped = The upload under { $receipt } is not wanted any more: nothing more is sent.
error-agent = The agent cannot work.
