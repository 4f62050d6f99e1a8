"""Random sequences: requests over a handful of keys, built from words that are likely to matter.

A sequence is made from its seed alone. `newest` says that the peer behaves as Larder promises to; for
an older one, what it is known to do otherwise (docs/differences.md) is left out here, so that a
sequence is not cut short by it, and is shown by the scripted sequences only.
"""

import random
import struct

from side import BinaryRequest, Cas, Key, TextRequest, wire

EXPTIMES = [b"0"] * 8 + [b"-1", b"1000", b"2592000", b"2592001", b"2147483647", b"-2147483648",
                         b"4102444800", b"100"]
FLAGS = [b"0"] * 4 + [b"1", b"65535", b"4294967295", b"4294967296", b"18446744073709551615"]
DELTAS = [b"0", b"1", b"1", b"9", b"10", b"99", b"18446744073709551615", b"9223372036854775808"]
WRONG = [b"-1", b"x", b"1x", b"", b"18446744073709551616", b"99999999999999999999", b"\x00"]
VALUES = [b"", b"0", b"1", b"9", b"10", b"99", b"100", b"18446744073709551615",
          b"18446744073709551616", b"abc", b" 5", b"5 ", b"-1", b"00", b"END\r\n", b"\x01\xff",
          b"x" * 100, b"y" * 2000, b"z" * 9000]
LARGE = [b"L" * 70_000, b"M" * 300_000, b"N" * 600_000]
NAMES = [b"a", b"b", b"n", b"long-" + b"k" * 230]
MODES = [b"S", b"E", b"A", b"P", b"R"]
# Pairs of meta flags in which the servers differ knowingly (docs/differences.md).
LEFT_TO_SCRIPTS = [(b"T", b"R"), (b"I", b"C")]
COUNT_MODES = [b"I", b"D", b"+", b"-"]


class Maker:
    """Makes the requests of one sequence."""

    def __init__(self, seed, newest):
        self.rng = random.Random(seed)
        self.newest = newest
        # Looking for the sign of a number of 2^63 and more, old versions read past the value.
        self.deltas = DELTAS if newest else [number for number in DELTAS if int(number) < 2**63]
        self.values = VALUES if newest else [value for value in VALUES if len(value) != 20]

    def pick(self, choices):
        return self.rng.choice(choices)

    def chance(self, share):
        return self.rng.random() < share

    def name(self):
        return self.pick(NAMES[:3]) if self.chance(0.95) else NAMES[3]

    def key(self):
        return Key(self.name())

    def value(self):
        return self.pick(LARGE) if self.chance(0.01) else self.pick(self.values)

    def noreply(self):
        return b" noreply" if self.chance(0.1) else b""

    # --- text -------------------------------------------------------------------------------------

    def storage(self):
        verb, value = self.pick([b"set", b"set", b"add", b"replace", b"append", b"prepend"]), self.value()
        return TextRequest([verb, b" ", self.key(), b" %b %b %d%b\r\n%b\r\n" % (
            self.pick(FLAGS), self.pick(EXPTIMES), len(value), self.noreply(), value)])

    def cas(self):
        name, value = self.name(), self.value()
        unique = Cas(name) if self.chance(0.7) else self.pick([b"0", b"18446744073709551615"])
        return TextRequest([b"cas ", Key(name), b" %b %b %d " % (
            self.pick(FLAGS), self.pick(EXPTIMES), len(value)), unique,
            b"%b\r\n%b\r\n" % (self.noreply(), value)])

    def get(self):
        verb = self.pick([b"get", b"gets", b"gets", b"gat", b"gats"])
        parts = [verb] + ([b" ", self.touch_time()] if verb.startswith(b"gat") else [])
        for _ in range(self.rng.randint(1, 4)):
            parts += [b" ", self.key()]
        return TextRequest(parts + [b"\r\n"])

    def count(self):
        delta = self.pick(self.deltas) if self.chance(0.9) else self.pick(WRONG[:2])
        return TextRequest([self.pick([b"incr ", b"decr "]), self.key(), b" ", delta, self.noreply(),
                            b"\r\n"])

    def touch(self):
        return TextRequest([b"touch ", self.key(), b" ", self.touch_time(), self.noreply(), b"\r\n"])

    def touch_time(self):
        """Beyond 32 bits a time is refused here, but not by older versions."""
        return self.pick([time for time in EXPTIMES if self.newest or int(time) < 2**31])

    def delete(self):
        return TextRequest([b"delete ", self.key(), self.pick([b"", b"", b" 0", b" noreply"]), b"\r\n"])

    def flush(self):
        return TextRequest([b"flush_all", self.pick([b"", b" 0", b" noreply"]), b"\r\n"])

    def wrong_text(self):
        """A storage line with one argument that is none; its value is not sent."""
        words = [b"0", b"0", self.pick(WRONG)]
        return TextRequest([b"set ", self.key(), b" ", b" ".join(words), b"\r\n"])

    def pipeline(self):
        """Several requests at once, and the end of the connection. No counting: a decr does not pad
        while memcached still holds the item for an earlier reply of the same pipeline."""
        parts = []
        for _ in range(self.rng.randint(2, 20)):
            parts += self.pick([self.get, self.storage, self.delete, self.meta_get,
                                self.meta_set])().parts
        return TextRequest([part for part in parts if not isinstance(part, Cas)], ends=True)

    # --- meta -------------------------------------------------------------------------------------

    def flags(self, encoded, known, tokens, share=0.35):
        """Flags of a meta request: a random choice in random order, now and then a wrong one."""
        # In which form memcached tells a key depends on how it was made; scripted sequences show it.
        chosen = [flag for flag in known if self.chance(share) and not (encoded and flag == b"k")]
        chosen += [flag + self.pick(values) for flag, values in tokens.items() if self.chance(share / 2)]
        given = {flag[:1] for flag in chosen}
        for first, second in LEFT_TO_SCRIPTS:
            if {first, second} <= given:
                chosen = [flag for flag in chosen if flag[:1] != first]
        if self.chance(0.03):
            chosen.append(self.pick([b"Z", b"q", b"Tx"] if self.newest else [b"Z"]))
        self.rng.shuffle(chosen)
        return b"".join(b" " + flag for flag in chosen[:15])

    def meta_key(self):
        """A key, plain or encoded, and the flag it needs."""
        if self.chance(0.15):
            return Key(b"e", encoded=True), b" b"
        return self.key(), b""

    def meta_get(self):
        key, encoded = self.meta_key()
        known = [b"c", b"f", b"h", b"k", b"l", b"q", b"s", b"t", b"u", b"v"]
        tokens = {b"O": [b"1", b"x" * 31], b"T": [b"0", b"100"], b"N": [b"0", b"100"],
                  b"R": [b"30", b"5000"]}
        if not self.newest:
            known = [flag for flag in known if flag not in (b"k",)]
            del tokens[b"O"]
        return TextRequest([b"mg ", key, encoded, self.flags(encoded, known, tokens), b"\r\n"])

    def meta_set(self):
        key, encoded = self.meta_key()
        value = self.value()
        tokens = {b"O": [b"1", b"abc"], b"T": [b"0", b"100", b"-1"], b"F": [b"0", b"7", b"4294967295"],
                  b"M": MODES}
        known = [b"k", b"q", b"c"]
        if self.newest:
            known += [b"s", b"I"]
            tokens |= {b"C": [b"18446744073709551615"], b"N": [b"0", b"100"]}
        return TextRequest([b"ms ", key, b" %d" % len(value), encoded, self.flags(encoded, known, tokens),
                            b"\r\n" + value + b"\r\n"])

    def meta_delete(self):
        key, encoded = self.meta_key()
        tokens = {b"O": [b"1"], b"T": [b"0", b"100"]}
        known = [b"I", b"k", b"q"]
        if self.newest:
            known.append(b"x")
            tokens[b"C"] = [b"18446744073709551615", b"0"]
        return TextRequest([b"md ", key, encoded, self.flags(encoded, known, tokens), b"\r\n"])

    def meta_count(self):
        key, encoded = self.meta_key()
        # No T: memcached loses the new time when the number gets longer.
        tokens = {b"O": [b"1"], b"N": [b"0", b"100"], b"J": self.deltas, b"D": self.deltas,
                  b"M": COUNT_MODES}
        known = [b"c", b"k", b"t", b"v"] + ([b"q"] if self.newest else [])
        return TextRequest([b"ma ", key, encoded, self.flags(encoded, known, tokens), b"\r\n"])

    def meta_debug(self):
        return TextRequest([b"me ", self.key(), b"\r\n"])

    # --- binary -----------------------------------------------------------------------------------

    def binary_cas(self, key):
        return Cas(key.name) if self.chance(0.1) else self.pick([0] * 9 + [12_345_678_901])

    def binary_storage(self):
        key = self.key()
        return BinaryRequest(
            self.pick([wire.SET, wire.ADD, wire.REPLACE, wire.SETQ, wire.ADDQ, wire.REPLACEQ]), key,
            self.value(), struct.pack(">II", self.rng.getrandbits(32), self.binary_exptime()),
            self.binary_cas(key))

    def binary_exptime(self):
        return self.pick([0] * 6 + [100, 2592000, 2592001, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])

    def binary_extend(self):
        key = self.key()
        return BinaryRequest(self.pick([wire.APPEND, wire.PREPEND, wire.APPENDQ, wire.PREPENDQ]), key,
                             self.value(), b"", self.binary_cas(key))

    def binary_get(self):
        return BinaryRequest(self.pick([wire.GET, wire.GETK, wire.GETQ, wire.GETKQ]), self.key())

    def binary_touch(self):
        return BinaryRequest(self.pick([wire.TOUCH, wire.GAT, wire.GATQ, wire.GATK, wire.GATKQ]),
                             self.key(), extras=struct.pack(">I", self.binary_exptime()))

    def binary_count(self):
        key = self.key()
        return BinaryRequest(
            self.pick([wire.INCR, wire.DECR, wire.INCRQ, wire.DECRQ]), key,
            extras=struct.pack(">QQI", int(self.pick(self.deltas)), int(self.pick(self.deltas)),
                               self.binary_exptime()), cas=self.binary_cas(key))

    def binary_delete(self):
        key = self.key()
        return BinaryRequest(self.pick([wire.DELETE, wire.DELETEQ]), key, cas=self.binary_cas(key))

    def binary_flush(self):
        return BinaryRequest(self.pick([wire.FLUSH, wire.FLUSHQ]), extras=self.pick([b"", b"\0" * 4]))


KINDS = {
    "text": ["storage"] * 5 + ["cas"] * 2 + ["get"] * 5 + ["count"] * 3 + ["touch", "delete", "wrong_text"],
    "meta": ["meta_get"] * 5 + ["meta_set"] * 4 + ["meta_delete"] + ["meta_count"] * 3 + ["meta_debug"],
    "binary": ["binary_storage"] * 5 + ["binary_get"] * 4 + ["binary_extend"] * 2 + ["binary_count"] * 3
              + ["binary_touch", "binary_delete"],
}
KINDS["mixed"] = KINDS["text"] + KINDS["meta"]


def sequence(seed, newest):
    """The requests of the sequence of that seed."""
    maker = Maker(seed, newest)
    kind = maker.pick(["text", "meta", "mixed", "binary"])
    requests = []
    for _ in range(maker.rng.randint(5, 40)):
        choice = maker.pick(KINDS[kind])
        if choice == "meta_debug" and not newest:
            continue
        if maker.chance(0.01):
            choice = "binary_flush" if kind == "binary" else "flush"
        requests.append(getattr(maker, choice)())
    if kind != "binary" and maker.chance(0.3):
        requests.append(maker.pipeline())
    return requests
