"""A link between two network namespaces that loses packets: for tests only.

In: two namespaces, an address with its prefix for each, the part of packets to lose. Out: "ready" on standard output once both ends are
up; then packets, until standard input ends. The kernel's own netem is not everywhere; two tun devices and a loop are.
"""

import ctypes
import fcntl
import os
import random
import select
import struct
import subprocess
import sys

TUNSETIFF = 0x400454CA
IFF_TUN_NO_PI = 0x0001 | 0x1000
CLONE_NEWNET = 0x40000000

libc = ctypes.CDLL(None, use_errno=True)


def enter(name):
    with open(f"/run/netns/{name}") as space:
        if libc.setns(space.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")


def end(name, address):
    enter(name)
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", b"lossy", IFF_TUN_NO_PI))
    for words in (["addr", "add", address, "dev", "lossy"], ["link", "set", "lossy", "up"]):
        subprocess.run(["ip", *words], check=True)
    return tun


def main():
    one, one_address, other, other_address, loss = sys.argv[1:]
    loss = float(loss)
    # The same packets are lost in each run.
    chance = random.Random(20)
    ends = {}
    first, second = end(one, one_address), end(other, other_address)
    ends[first], ends[second] = second, first
    passed = lost = 0
    print("ready", flush=True)
    while True:
        readable, _, _ = select.select([first, second, 0], [], [])
        if 0 in readable and not os.read(0, 1):
            break
        for tun in readable:
            if tun == 0:
                continue
            packet = os.read(tun, 65536)
            if chance.random() < loss:
                lost += 1
            else:
                passed += 1
                os.write(ends[tun], packet)
    print(passed, lost, flush=True)


main()
