"""Runs a command twice in a mount namespace of its own, over a copy of /var/log: as it is, then beside FUSE mounts that never
answer, one of them on /var/tmp, and sparse files of 1 TiB. In: the logs to copy, then two commands of equal length, the second half of the words.
Out: one JSON line for each run: exit status, seconds, peak memory in KiB. The namespace ends with this program."""
import ctypes, json, os, shutil, sys, time

libc = ctypes.CDLL(None, use_errno=True)


def mount(source, target, kind, data=b""):
    if libc.mount(source, target, kind, 0, data) != 0:
        print("cannot mount: " + os.strerror(ctypes.get_errno()), file=sys.stderr)
        sys.exit(77)


def run(argv):
    begun = time.monotonic()
    pid = os.fork()
    if pid == 0:
        null = os.open("/dev/null", os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        os.dup2(null, 2)
        os.execv(argv[0], argv)
    _, status, used = os.wait4(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    print(json.dumps({"exit": code, "seconds": time.monotonic() - begun, "kib": used.ru_maxrss}), flush=True)


logs, *words = sys.argv[1:]
first, second = words[: len(words) // 2], words[len(words) // 2 :]
mount(b"none", b"/var/log", b"tmpfs")
for name in os.listdir(logs):
    if os.path.isfile(os.path.join(logs, name)):
        shutil.copy2(os.path.join(logs, name), "/var/log")
run(first)
for folder in ("/var/log/audit", "/var/log/hung", "/var/tmp"):
    os.makedirs(folder, exist_ok=True)
    # Nobody reads this end: every request waits for ever.
    device = os.open("/dev/fuse", os.O_RDWR)
    data = "fd=%d,rootmode=40000,user_id=0,group_id=0" % device
    mount(b"hung", folder.encode(), b"fuse.hung", data.encode())
os.truncate(os.open("/var/log/sparse.log", os.O_CREAT | os.O_WRONLY), 1 << 40)
os.truncate(os.open("/var/log/messages-20240101", os.O_CREAT | os.O_WRONLY), 1 << 40)
run(second)
