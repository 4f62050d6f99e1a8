"""Corner cases, written out: short sequences, each on a fresh connection with its own keys.

In the text forms `|` is CR LF (and one ends each request), `{a}` a key, `{a:64}` its base64 form and
`{a:cas}` the cas unique last seen for it; a request that starts with `!` ends the connection after it
(both sides close, then replies are compared). Binary requests are built by the functions below.
"""

import re
import struct

from side import BinaryRequest, Cas, Key, TextRequest, wire


def text(form):
    """A TextRequest from its written form."""
    ends = form.startswith("!")
    body = form.removeprefix("!").replace("|", "\r\n") + ("" if ends else "\r\n")
    parts = []
    for piece in re.split(r"(\{\w+(?::\w+)?\})", body):
        match = re.fullmatch(r"\{(\w+)(?::(\w+))?\}", piece)
        if not match:
            parts.append(piece.encode("latin-1"))
        elif match[2] == "cas":
            parts.append(Cas(match[1].encode()))
        else:
            parts.append(Key(match[1].encode(), encoded=match[2] == "64"))
    explicit = tuple(int(number) for number in re.findall(r" E(\d{1,19})\b", body))
    return TextRequest(parts, ends, explicit)


def texts(*forms):
    return [text(form) for form in forms]


K = Key(b"k")
NONE = Key(b"none")


def storage(opcode, key, value=b"v", flags=0, exptime=0, cas=0):
    return BinaryRequest(opcode, key, value, struct.pack(">II", flags, exptime), cas)


def count(opcode, key, delta=1, initial=0, exptime=0, cas=0):
    return BinaryRequest(opcode, key, b"", struct.pack(">QQI", delta, initial, exptime), cas)


def word(number):
    return struct.pack(">I", number)


NUMBERS = ["0", "1", "-1", "255", "256", "65535", "65536", "2147483647", "2147483648", "4294967295",
           "4294967296", "4294967301", "-2147483648", "-2147483649", "9223372036854775807",
           "9223372036854775808", "18446744073709551615", "18446744073709551616",
           "99999999999999999999999", "-9223372036854775808", "+5", "05", "0x5", "5x", "x", "1.5",
           "1e3", "2592000", "2592001", "4102444800"]

K250, K251 = "k" * 250, "k" * 251

TEXT = {
    "storage": texts(
        "set {a} 5 0 3|abc", "get {a}", "gets {a}", "get {a} {b} {a}", "add {a} 0 0 1|x",
        "add {b} 0 0 1|x", "replace {c} 0 0 1|x", "replace {b} 9 0 2|yy", "get {b}",
        "append {a} 1 0 2|de", "prepend {a} 1 0 2|xy", "get {a}", "append {c} 0 0 1|x",
        "prepend {c} 0 0 1|x", "set {a} 0 0 0|", "get {a}", "append {a} 0 0 0|", "get {a}"),
    "cas": texts(
        "cas {a} 0 0 1 1|x", "set {a} 0 0 1|x", "cas {a} 0 0 1 0|y", "gets {a}",
        "cas {a} 7 0 1 {a:cas}|y", "gets {a}", "cas {a} 0 0 1 18446744073709551615|z",
        "touch {a} 0", "gets {a}", "append {a} 0 0 1|+", "gets {a}", "incr {a} 1", "gets {a}",
        "delete {a}", "cas {a} 0 0 1 {a:cas}|z", "set {a} 0 0 1|1", "gets {a}", "incr {a} 1",
        "gets {a}", "cas {a} 0 0 1 {a:cas} noreply|5", "get {a}", "cas {a} 0 0 1 {a:cas} noreply|6",
        "get {a}"),
    "counting": texts(
        "incr {n} 1", "decr {n} 1", "set {n} 3 0 2|10", "incr {n} 1", "decr {n} 1", "decr {n} 1",
        "get {n}", "incr {n} 0", "decr {n} 100", "get {n}", "incr {n} 18446744073709551615",
        "incr {n} 1", "get {n}", "incr {n} 99", "get {n}", "incr {n} 1 noreply", "get {n}",
        "decr {n} 1 noreply", "incr {n} -1", "incr {n} x", "incr {n}  5", "incr {n} 5x",
        "gets {n}"),
    "counting with words": texts("set {n} 0 0 2|10", "incr {n} 1 2 3"),
    "touching": texts(
        "touch {a} 0", "gat 0 {a}", "set {a} 1 0 1|x", "set {b} 2 0 1|y", "gat 100 {a} {c} {b}",
        "gats 100 {a} {b}", "touch {a} 100", "mg {a} t", "touch {a} -1", "get {a}", "gat -1 {b}",
        "get {b}", "touch {b} 0 noreply", "gat 0 {a} {b}"),
    "deleting": texts(
        "delete {a}", "set {a} 0 0 1|x", "delete {a}", "get {a}", "set {a} 0 0 1|x", "delete {a} 0",
        "set {a} 0 0 1|x", "delete {a} noreply", "get {a}", "set {a} 0 0 1|x",
        "delete {a} 0 noreply", "get {a}"),
    "deleting with a number": texts("set {a} 0 0 1|x", "delete {a} 5"),
    "deleting with words": texts("set {a} 0 0 1|x", "delete {a} b c d"),
    "flushing": texts(
        "set {a} 0 0 1|x", "flush_all", "get {a}", "add {a} 0 0 1|y", "flush_all 0", "get {a}",
        "set {a} 0 0 1|x", "flush_all noreply", "get {a}", "set {a} 0 0 1|x", "flush_all 0 noreply",
        "get {a}", "flush_all x", "flush_all 3600", "flush_all -1", "set {a} 0 0 1|x", "get {a}"),
    # A moment before the process began: nothing is that old.
    "flushing the distant past": texts(
        "set {a} 0 0 1|x", "flush_all 3600", "flush_all 2592001", "get {a}", "flush_all 2592001 noreply",
        "get {a}"),
    "flushing with words": texts("flush_all 0 x"),
    "noreply": texts(
        "set {a} 0 0 1 noreply|1", "add {a} 0 0 1 noreply|2", "replace {b} 0 0 1 noreply|2",
        "append {a} 0 0 1 noreply|2", "get {a} {b}", "set {a} 0 0 1 norepl|x", "get noreply"),
    "values that are numbers or nearly": [request for value in (
        "18446744073709551615", "18446744073709551616", "0", "00", "007", " 1", "1 ", "1a", "-1",
        "+1", "1\t", "\t1", "", "123456789012345678901", "1.0", "0x10") for request in texts(
            f"set {{n}} 0 0 {len(value)}|{value}", "incr {n} 1", "get {n}", "decr {n} 1", "get {n}")],
    "a number and much space": texts("set {n} 0 0 40|7" + " " * 39, "incr {n} 1", "get {n}"),
    "a number and a NUL": texts("set {n} 0 0 3|7\x008", "incr {n} 1"),
    "a sign": texts("set {n} 0 0 2|+1", "incr {n} 1"),
    "lengths of numbers": texts(
        "set {n} 0 0 1|9", "incr {n} 1", "get {n}", "decr {n} 1", "get {n}", "decr {n} 9", "get {n}",
        "set {n} 0 0 3|100", "decr {n} 1", "get {n}", "gets {n}", "append {n} 0 0 1|5", "get {n}",
        "incr {n} 1", "get {n}", "set {n} 0 0 2|99", "incr {n} 1", "get {n}"),
    "refused data": texts(
        "set {a} 0 0 1|1", "set {a} 0 0 3|abcd", "get {a}", "set {a} 0 0 3|ab|", "get {a}",
        "set {a} 0 0 1 noreply|xx", "get {a}", "add {b} 0 0 1|xyz", "get {b}"),
    "short data swallows the next line": texts("set {a} 0 0 9|abc|get {a}", "get {a}"),
    "version and verbosity": texts("verbosity 0", "verbosity 0 noreply", "verbosity 5", "verbosity 0"),
    "verbosity of nothing": texts("verbosity"),
    "verbosity of a word": texts("verbosity x"),
    "keys": texts(
        f"set {K250} 0 0 1|x", f"get {K250}", f"delete {K250}", f"incr {K251} 1", f"touch {K251} 0",
        f"delete {K251}", "set {a}\x01\x7f\xff\t 0 0 1|x", "get {a}\x01\x7f\xff\t", "get \x00"),
    "spaces": texts("get  {a}", "get {a} ", "set  {a}  0  0  1  |x", "get {a}", "get {a}  {a}"),
    "leading space": texts(" get {a}"),
    "bare line ends": [TextRequest([b"set ", Key(b"a"), b" 0 0 1\nx\r\n"]),
                       TextRequest([b"get ", Key(b"a"), b"\n"])],
    "unknown": texts("bogus", "GET {a}", "Set {a} 0 0 1", "getx {a}", "sets", "x y z", "quit2"),
    "quit": texts("set {a} 0 0 1|x", "quit"),
    "quit with words": texts("quit x"),
    "http": texts("GET / HTTP/1.1"),
    "switched off": texts("shutdown"),
    "runtime automove settings": texts("slabs automove window 10"),
    "gone in newer versions": texts("bget {a}"),
    "half a request": texts("!get {a}"),
    "half a value": texts("!set {a} 0 0 10|abc"),
    "half closed pipeline": texts("!set {a} 0 0 1|1|get {a}|incr {a} 5|gets {a}|delete {a}|"),
    "half closed after quit": texts("!quit|get {a}|"),
}

# One sequence per form: what a form does to the connection must not hide what the next one does.
SINGLE = [
    *(f"{verb}" for verb in ("get", "get ", "gets", "gat", "gat 0", "gats 0", "touch", "touch {a}",
                             "incr", "incr {a}", "decr", "delete", "set", "set {a}", "set {a} 0",
                             "set {a} 0 0", "add", "cas", "cas {a} 0 0", "mg", "mg ", "md", "ma", "me",
                             "", "a", "s", "m", "mn")),
    *(f"get {key}" for key in (K251, "k" * 1000, "k" * 2000)),
    *(f"{verb} {K251} 0 0 1|x" for verb in ("set", "add", "append")),
    f"gets {K251}", f"gat 0 {K251}", f"get {{a}} {K251} {{a}}", f"cas {K251} 0 0 1 1|x",
    *(f"{verb} {K251}" for verb in ("mg", "md", "ma", "me")), f"ms {K251} 1|x",
    "x" * 1000, "x" * 2040, "quit x y",
]

ADMINISTRATION = [
    "cache_memlimit", "cache_memlimit x", "cache_memlimit 1", "cache_memlimit 256", "slabs",
    "slabs x", "slabs reassign x y", "slabs automove", "slabs automove 1",
    "slabs automove ratio 0.8", "lru", "lru x", "lru tune", "lru tune 10 10 0.2 2.0",
    "lru tune 90 10 0.2 2.0", "lru tune 20 40 0.2 2.0", "lru mode", "lru mode x",
    "lru mode segmented", "lru temp_ttl", "lru temp_ttl 60", "lru temp_ttl -1", "lru_crawler",
    "lru_crawler x", "lru_crawler sleep", "lru_crawler sleep 2000000", "lru_crawler sleep 100",
    "lru_crawler tocrawl", "lru_crawler tocrawl 0", "lru_crawler crawl x", "lru_crawler enable x",
    "stats bogus", "stats detail", "stats detail x", "stats detail dump", "stats cachedump",
    "stats cachedump 1", "stats cachedump 300 0", "stats cachedump x 0", "stats sizes",
    "watch bogus", "extstore", "slabs reassign 1",
]

EXPTIMES = {}
for _number in NUMBERS:
    EXPTIMES[f"exptime {_number}"] = texts(
        f"set {{a}} 1 {_number} 1|x", "get {a}", f"add {{a}} 1 {_number} 1|y", "get {a}")
    EXPTIMES[f"touch {_number}"] = texts("set {a} 1 0 1|x", f"touch {{a}} {_number}")
    EXPTIMES[f"gat {_number}"] = texts("set {a} 1 0 1|x", f"gat {_number} {{a}}")
    EXPTIMES[f"newer, touch {_number}"] = texts(
        "set {a} 1 0 1|x", f"touch {{a}} {_number}", "get {a}", f"gat {_number} {{a}}", "get {a}")

FLAGS = {f"flags {number}": texts(f"set {{a}} {number} 0 1|x", "get {a}") for number in NUMBERS}

LENGTHS = {f"length {number}": texts(f"!set {{a}} 0 0 {number}|x|get {{a}}|") for number in NUMBERS}

DELTAS = {f"delta {number}": texts(
    "set {n} 0 0 2|10", f"incr {{n}} {number}", "set {n} 0 0 2|10", f"decr {{n}} {number}")
          for number in NUMBERS}

CAS_NUMBERS = {f"cas {number}": texts("set {n} 0 0 2|10", f"cas {{n}} 0 0 1 {number}|x")
               for number in NUMBERS if number not in ("1", "+5", "05", "255", "256")}

META = {
    "mg": texts(
        "mg {a}", "mg {a} v", "mg {a} k O1 v q", "mg {a} k O1", "ms {a} 3 F5|abc", "mg {a}",
        "mg {a} v", "mg {a} s f t k O12 c", "mg {a} v c t f k s O99", "mg {a} h l", "mg {a} h l t v",
        "mg {a} q", "mg {a} q v", "mg {a} u h", "mg {a} Pabc Labc", "get {a}"),
    "mg time": texts(
        "ms {a} 1 T100|x", "mg {a} t", "mg {a} T200 t", "mg {a} T0 t", "mg {a} T-1", "mg {a}",
        "ms {a} 1 T-1|x", "mg {a}", "ms {a} 1 T2592001|x", "mg {a}", "ms {a} 1 T4102444800|x",
        "mg {a} v"),
    "vivify": texts("mg {a} N100 v t k", "mg {a} N100 v t", "mg {a} v", "ms {a} 1|x", "mg {a} N100 v",
                    "mg {b} N100 q v", "mg {b} q v", "mg {c} N0 v t", "md {c}", "mg {d} N-1 v",
                    "mg {d}"),
    "recache after a new time": texts("ms {a} 1|x", "mg {a} T100 R5000"),
    "a new time for a longer number": texts("ms {a} 1 T100|9", "ma {a} T5000", "mg {a} t"),
    "a failed add is no read": texts("ms {a} 1|x", "ms {a} 1 ME|y", "mg {a} h", "ms {b} 1|x",
                                     "add {b} 0 0 1|y", "mg {b} h"),
    "a vivified item counts as read": texts("mg {a} N100", "mg {a} h"),
    "invalidation needs an older cas": texts("ms {a} 1|x", "ms {a} 1 I C18446744073709551615|y"),
    "recache": texts("ms {a} 1 T100|x", "mg {a} R30 v", "mg {a} R200 v", "mg {a} R200 v", "mg {a}",
                     "ms {a} 1 T100|y", "mg {a} R200", "touch {a} 300", "mg {a} R200", "ms {b} 1|x",
                     "mg {b} R200", "mg {b} R-1"),
    "stale": texts("ms {a} 3 T100|abc", "md {a} I T30", "mg {a} v t", "mg {a} v t", "mg {a} v",
                   "ms {a} 1|x", "mg {a} v", "md {a} I", "mg {a} c v", "md {a} I", "mg {a} v",
                   "md {a}", "mg {a}"),
    "md": texts("md {a}", "md {a} q", "md {a} k O5", "ms {a} 1|x", "md {a} k O5", "mg {a}",
                "ms {a} 1|x", "md {a} q", "mg {a}", "ms {a} 1|x", "md {a} C18446744073709551615",
                "mg {a} c", "md {a} C0", "mg {a}"),
    "ms modes": texts(
        "ms {a} 1 MR|x", "ms {a} 1 MA|x", "ms {a} 1 MP|x", "ms {a} 1 ME F3|x", "ms {a} 1 ME|y",
        "ms {a} 2 MA|yz", "ms {a} 1 MP F9|w", "mg {a} v f", "ms {a} 1 MR F2|1", "mg {a} v f",
        "ms {a} 1 MS|2", "mg {a} v f", "ms {a} 0|", "mg {a} v s"),
    "ms flags": texts("ms {a} 3 k O9 c|abc", "ms {a} 1 ME k O9 c|x", "ms {a} 1 q|x",
                      "ms {a} 1 q ME k|x", "ms {a} 1 I|y", "mg {a} v f"),
    "ma": texts(
        "ma {n}", "ma {n} q", "ma {n} k O1", "ma {n} N0 J13 v", "ma {n} N0 J13 v", "ma {n}",
        "ma {n} v D10 t", "ma {n} MD v", "ma {n} MD v D4", "ma {n} M- v D5", "ma {n} MI v",
        "ma {n} M+ v", "ma {n} q", "ma {n} q v", "ma {n} v k O1 T100 t", "ma {m} N0 v",
        "ma {m} MD D1 v", "ma {m} D18446744073709551615 v", "ma {m} v", "ma {o} N100 J99 q",
        "ma {o} v t", "ms {s} 1|x", "ma {s} v", "ma {s} q"),
    "me": texts("me {a}", "ms {a} 3 T100|abc", "me {a}", "mg {a}", "me {a}", "me {a} x", "ms {a} 1|x",
                "me {a}"),
    "base64": texts(
        "ms {a:64} 3 b k|abc", "mg {a:64} b k v", "get {a}", "ma {n:64} N0 b v k",
        "md {a:64} b k", "mg {a:64} b k", "mg {b} b", "mg !!! b", "mg YQ b", "mg YQ= b",
        "mg YQ== b", "mg Y b", "mg ==== b k", "ms AAEgCg== 1 b k|x", "mg AAEgCg== b k v",
        "md AAEgCg== b"),
    "errors": texts("mg {a} v v", "mg {a} q q", "mg {a} Z", "mg {a} Oa v a", "mg {a} !", "mg {a} \xff",
                    "mg {a} " + " ".join("abcdefghijklmnopqrstuvwxyz"),
                    "mg {a} O" + "1" * 31, "mg {a} O" + "1" * 32, "mg {a} Tx", "mg {a} T",
                    "mg {a} Nx", "mg {a} Rx", "md {a} Tx", "md {a} Cx", "ma {a} Nx", "ma {a} Jx",
                    "ma {a} N0 Jx", "ma {a} Dx", "ma {a} D-1", "ma {a} v v",
                    "ms {a} 2 T|xx", "ms {a} 2 Tx|xx", "ms {a} 2 Cx|xx", "ms {a} 2 Fx|xx",
                    "ms {a} 2 S2|xx", "ms {a} x|xx", "mg {a}"),
    "swallowing": texts("ms {a} 3|abcd", "mg {a}", "ms {a} 3 q|abcd", "mg {a}", "ms {a} 3 v v|abc",
                        "mg {a}", "ms {a} 3 MX|abc", "ms {a} -1", "ms {a}", "ms {a} 3 Z|abc"),
    "mixing with text": texts(
        "set {a} 7 100 3|abc", "mg {a} v f t s", "ms {b} 3 F9|xyz", "get {b}", "append {b} 0 0 1|!",
        "mg {b} v", "md {b} I", "get {b}", "get {b}", "mg {b} v", "incr {b} 1", "touch {b} 100",
        "mg {b} v t", "ma {c} N0 J5", "incr {c} 1", "gets {c}", "cas {c} 0 0 1 {c:cas}|1", "mg {c} v"),
}

# What 1.6.18 does not know or treats otherwise; cut off there.
NEWER = {
    "explicit cas": texts("ms {a} 1 E1099511627776 c|x", "mg {a} c",
                          "ms {a} 1 C1099511627776 E1099511627777 c|y", "mg {a} c v",
                          "ms {a} 1 C1099511627000 I E1099511627778|z", "mg {a} c v", "mg {a} c v",
                          "ms {a} 1 C1099511627999 I|z", "ma {n} N0 J5 E1099511627779 c",
                          "ma {n} C1099511627779 v", "ma {n} C1 v", "md {a} I E1099511627780",
                          "mg {a} c v"),
    "mg with cas": texts("ms {a} 1|x", "mg {a} c", "mg {a} C{a:cas} v"),
    "md x": texts("ms {a} 3 F7|abc", "md {a} x", "mg {a} v f s"),
    "ms s": texts("ms {a} 3 s|abc"),
    "append vivifies": texts("ms {a} 1 MA N100|x", "mg {a} v t"),
    "ms c when not stored": texts("ms {a} 1|x", "ms {a} 1 C18446744073709551615 c|x"),
    "md with an unknown flag": texts("md {a} Z"),
    "md twice": texts("md {a} q q"),
    "long opaque of ma": texts("ms {n} 1|x", "ma {n} O" + "9" * 40),
    "negative time told": texts("mg {a} N-1 v t"),
    "negative time told after a touch": texts("ms {a} 1|x", "mg {a} T-1 t"),
    "encoded key told plainly": texts("ms {a:64} 1 b|x", "mg {a} k"),
    "plain key told encoded": texts("ms {a} 1|x", "mg {a:64} b k"),
    "long mode": texts("ms {a} 3 Mset|abc"),
    "long mode of ma": texts("ma {a} Mincr"),
    "miss with k and O": texts("mg {a} k O5"),
    "me by encoded key": texts("ms {a} 1|x", "me {a:64} b"),
    "time out of range": texts("mg {a} T4294967296"),
    "negative cas": texts("mg {a} C-1"),
}



BINARY = {
    "storage": [
        BinaryRequest(wire.GET, K), storage(wire.SET, K, b"abc", 0xDEADBEEF), BinaryRequest(wire.GET, K),
        BinaryRequest(wire.GETK, K), storage(wire.ADD, K), storage(wire.REPLACE, K, b"new", 1),
        BinaryRequest(wire.APPEND, K, b"+"), BinaryRequest(wire.PREPEND, K, b"-"),
        BinaryRequest(wire.GET, K), BinaryRequest(wire.DELETE, K), BinaryRequest(wire.DELETE, K),
        storage(wire.REPLACE, K), BinaryRequest(wire.APPEND, K, b"+"),
        BinaryRequest(wire.PREPEND, K, b"+"), storage(wire.ADD, K, b""), BinaryRequest(wire.GET, K),
        BinaryRequest(wire.GETK, NONE), BinaryRequest(wire.GETQ, NONE), BinaryRequest(wire.GETKQ, NONE),
        BinaryRequest(wire.GETKQ, K)],
    "cas": [
        storage(wire.SET, K, b"1"), storage(wire.SET, K, b"2", cas=Cas(b"k")),
        storage(wire.SET, K, b"3", cas=12345678901), storage(wire.REPLACE, K, b"3", cas=12345678901),
        storage(wire.ADD, K, b"3", cas=12345678901),
        BinaryRequest(wire.APPEND, K, b"x", cas=12345678901),
        BinaryRequest(wire.APPEND, K, b"x", cas=Cas(b"k")), BinaryRequest(wire.GET, K),
        BinaryRequest(wire.DELETE, K, cas=12345678901), count(wire.INCR, K, cas=12345678901),
        storage(wire.SET, NONE, cas=12345678901), storage(wire.ADD, NONE, cas=12345678901),
        storage(wire.REPLACE, NONE, cas=12345678901), BinaryRequest(wire.DELETE, NONE, cas=12345678901),
        BinaryRequest(wire.GET, K), BinaryRequest(wire.DELETE, K, cas=Cas(b"k")),
        BinaryRequest(wire.GET, K)],
    "counting": [
        count(wire.INCR, K, 1, 5, 0xFFFFFFFF), count(wire.INCR, K, 1, 5), count(wire.INCR, K, 10, 5),
        count(wire.DECR, K, 4), count(wire.DECR, K, 100), count(wire.INCR, K, 2**64 - 1),
        count(wire.INCR, K, 2), BinaryRequest(wire.GET, K), count(wire.DECR, NONE, 1, 2**64 - 1),
        BinaryRequest(wire.GET, NONE), storage(wire.SET, K, b"x"), count(wire.INCR, K),
        storage(wire.SET, K, b"18446744073709551616"), count(wire.INCR, K),
        storage(wire.SET, K, b""), count(wire.DECR, K), storage(wire.SET, K, b"10"),
        count(wire.DECR, K), BinaryRequest(wire.GET, K)],
    "touching": [
        BinaryRequest(wire.TOUCH, K, extras=word(10)), BinaryRequest(wire.GAT, K, extras=word(10)),
        BinaryRequest(wire.GATK, K, extras=word(10)), BinaryRequest(wire.GATQ, K, extras=word(10)),
        BinaryRequest(wire.GATKQ, K, extras=word(10)), storage(wire.SET, K, b"v", 9),
        BinaryRequest(wire.TOUCH, K, extras=word(10)), BinaryRequest(wire.GAT, K, extras=word(10)),
        BinaryRequest(wire.GATK, K, extras=word(10)), BinaryRequest(wire.GATQ, K, extras=word(10)),
        BinaryRequest(wire.GATKQ, K, extras=word(0)),
        BinaryRequest(wire.TOUCH, K, extras=word(2592001)), BinaryRequest(wire.GET, K)],
    "quiet": [
        storage(wire.SETQ, K, b"1"), storage(wire.ADDQ, K, b"2"), storage(wire.REPLACEQ, K, b"5"),
        storage(wire.REPLACEQ, NONE), BinaryRequest(wire.APPENDQ, K, b"0"),
        BinaryRequest(wire.PREPENDQ, K, b"1"), BinaryRequest(wire.APPENDQ, NONE, b"0"),
        count(wire.INCRQ, K, 5), count(wire.DECRQ, K, 1), count(wire.INCRQ, NONE, 5, 0, 0xFFFFFFFF),
        BinaryRequest(wire.GET, K), BinaryRequest(wire.DELETEQ, K), BinaryRequest(wire.DELETEQ, K),
        storage(wire.SETQ, K, b"x"), count(wire.INCRQ, K), storage(wire.SETQ, K, cas=12345678901)],
    "flushing": [
        storage(wire.SET, K), BinaryRequest(wire.FLUSH, extras=word(0)), BinaryRequest(wire.GET, K),
        storage(wire.SET, K), BinaryRequest(wire.FLUSH), BinaryRequest(wire.GET, K),
        storage(wire.SET, K), BinaryRequest(wire.FLUSHQ), BinaryRequest(wire.GET, K),
        storage(wire.SET, K), BinaryRequest(wire.FLUSH, extras=word(2592001)), BinaryRequest(wire.GET, K)],
    "noop": [BinaryRequest(wire.NOOP)],
    "quit": [storage(wire.SET, K), BinaryRequest(wire.QUIT)],
    "quitq": [storage(wire.SET, K), BinaryRequest(wire.QUITQ)],
    "stat of nothing": [BinaryRequest(wire.STAT, b"bogus")],
    "stat reset": [BinaryRequest(wire.STAT, b"reset")],
    "sizes": [storage(wire.SET, K, b"x" * size) for size in (0, 1, 8192, 65_536, 500_000, 1_000_000)],
    "too large": [storage(wire.SET, K), storage(wire.ADD, K, b"x" * (1 << 20)), BinaryRequest(wire.GET, K),
                  storage(wire.SET, K, b"x" * (1 << 20)), BinaryRequest(wire.GET, K),
                  storage(wire.SETQ, K, b"x" * (1 << 20))],
}

for _number in (0, 1, 2592000, 2592001, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF):
    BINARY[f"exptime {_number}"] = [
        storage(wire.SET, K, exptime=_number), BinaryRequest(wire.GETK, NONE)
        if _number == 1 else BinaryRequest(wire.GET, K), storage(wire.SET, K),
        BinaryRequest(wire.GAT, K, extras=word(_number)), count(wire.INCR, Key(b"n"), 1, 5, _number)]

# Packets that are wrong, one connection each.
SHAPES = {
    "key of 251": storage(wire.SET, b"k" * 251), "key of 250": storage(wire.SET, b"k" * 250),
    "get of 251": BinaryRequest(wire.GET, b"k" * 251),
}
for _opcode in range(0x28):
    SHAPES[f"op {_opcode:02x} bare"] = BinaryRequest(_opcode, ends=True)
    SHAPES[f"op {_opcode:02x} key"] = BinaryRequest(_opcode, K, ends=True)
    SHAPES[f"op {_opcode:02x} extras 4"] = BinaryRequest(_opcode, K, extras=b"\0" * 4, ends=True)
    SHAPES[f"op {_opcode:02x} extras 8"] = BinaryRequest(_opcode, K, b"v", b"\0" * 8, ends=True)
    SHAPES[f"op {_opcode:02x} extras 20"] = BinaryRequest(_opcode, K, extras=b"\0" * 20, ends=True)
    SHAPES[f"op {_opcode:02x} no key"] = BinaryRequest(_opcode, b"", b"v", b"\0" * 8, ends=True)
    SHAPES[f"op {_opcode:02x} short body"] = BinaryRequest(
        _opcode, K, header={"body_length": 1}, ends=True)
for _name in ("op 10 bare", "op 0b bare", "op 20 bare"):
    del SHAPES[_name]  # statistics, the version, the SASL mechanisms: compared elsewhere
SHAPES["wrong magic"] = BinaryRequest(wire.NOOP, header={"magic": 0x81}, ends=True)
SHAPES["data type"] = BinaryRequest(wire.GET, K, header={"data_type": 1}, ends=True)
SHAPES["vbucket"] = BinaryRequest(wire.GET, K, header={"vbucket": 77}, ends=True)

SEQUENCES = [
    *((f"text, {name}", requests) for name, requests in TEXT.items()),
    *((f"text, alone {form[:40]!r}", texts(form)) for form in SINGLE + ADMINISTRATION),
    *((name, requests) for name, requests in EXPTIMES.items()),
    *((f"text, {name}", requests) for group in ( FLAGS, LENGTHS, DELTAS, CAS_NUMBERS)
      for name, requests in group.items()),
    *((f"meta, {name}", requests) for name, requests in META.items()),
    *((f"newer, {name}", requests) for name, requests in NEWER.items()),
    *((f"binary, {name}", requests) for name, requests in BINARY.items()),
    *((f"binary, {name}", [storage(wire.SET, K, b"1"), request]) for name, request in SHAPES.items()),
]
