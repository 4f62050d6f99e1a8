"""The known differences, read from the tables of docs/differences.md.

A row is: | id | peer | request | memcached | Larder | why |. The peer column says which memcached
it is about: `all`, `1.6.45` or `before 1.6.45`. The three patterns are regular expressions over the text
form of a request and the two replies (side.py), in backquotes, matched from start to end; `\\|` is
an alternative. A row allows exactly that and nothing else; one that is no longer needed is named.
"""

import re
from dataclasses import dataclass

NEWEST = (1, 6, 45)


@dataclass
class Difference:
    id: str
    peer: str
    request: re.Pattern
    memcached: re.Pattern
    larder: re.Pattern
    seen: int = 0

    def allows(self, request, memcached, larder):
        return (self.request.fullmatch(request) and self.memcached.fullmatch(memcached)
                and self.larder.fullmatch(larder)) is not None


def version_of(text):
    """(1, 6, 18) of "1.6.18"; a build that does not know its version counts as the newest."""
    parts = re.findall(r"\d+", text)
    return tuple(map(int, parts[:3])) if len(parts) >= 3 else NEWEST


def read(path, peer_version):
    """The rows of the page that apply to a peer of that version."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) != 6 or not re.fullmatch(r"[a-z0-9-]+", cells[0]) or cells[0] == "id":
            continue
        if re.fullmatch(r"-+", cells[0]):
            continue
        patterns = []
        for cell in cells[2:5]:
            if not re.fullmatch(r"`.*`", cell):
                raise ValueError(f"{path}: {cells[0]}: a pattern is not in backquotes")
            patterns.append(re.compile(cell[1:-1].replace(r"\|", "|"), re.DOTALL))
        newest = version_of(peer_version) >= NEWEST
        if {"all": True, "1.6.45": newest, "before 1.6.45": not newest}[cells[1]]:
            rows.append(Difference(cells[0], cells[1], *patterns))
    return rows
