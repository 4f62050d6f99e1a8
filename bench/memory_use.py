"""What memory a process really takes, from /proc."""

from collections import namedtuple

# Bytes. `private`: anonymous and shared-memory pages, everything that the process made for itself;
# `resident`: VmRSS, with the pages of programs and libraries; `peak`: the highest VmRSS so far.
Memory = namedtuple("Memory", "private resident peak")

MB = 1 << 20


def memory_of(pid):
    kilobytes = {}
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        for line in file:
            label, _, value = line.partition(":")
            if label in ("RssAnon", "RssShmem", "VmRSS", "VmHWM"):
                kilobytes[label] = int(value.split()[0])
    return Memory((kilobytes["RssAnon"] + kilobytes["RssShmem"]) * 1024,
                  kilobytes["VmRSS"] * 1024, kilobytes["VmHWM"] * 1024)
