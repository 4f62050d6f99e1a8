"""Warm restart (-e): what was stored survives a clean end, and nothing else is taken over."""

import os
import pathlib
import re
import signal
import subprocess
import tempfile

import pytest

from server import SANITIZED, run_to_end, scaled, user_flags, wait_for

CLEAN = "starting with a clean cache"


@pytest.fixture(name="memory")
def memory_file():
    """A path on a RAM disk if there is one with room."""
    shm = pathlib.Path("/dev/shm")
    room = os.statvfs(shm).f_bavail * os.statvfs(shm).f_frsize if shm.is_dir() else 0
    with tempfile.TemporaryDirectory(dir=shm if room > 512 << 20 else None, prefix="larder-test-") as folder:
        os.chmod(folder, 0o777)
        yield pathlib.Path(folder) / "memory"


def meta_of(memory):
    return memory.with_name("memory.meta")


def stop_for_restart(server, how=signal.SIGUSR1):
    server.process.send_signal(how)
    server.wait_exit()


def fill(text, count):
    """Items of many sizes, kinds and lifetimes; returns what should be found again."""
    values = {}
    for number in range(count):
        size = (number * 7919) % (300 if number % 50 else 60_000)
        values[b"k%d" % number] = b"%d:" % number + b"x" * size
        text.send(b"set k%d %d 0 %d noreply\r\n%b\r\n"
                  % (number, number % 3 * 1000, len(values[b"k%d" % number]), values[b"k%d" % number]))
    values[b"large"] = b"L" * 900_000
    assert text.set(b"large", values[b"large"]) == b"STORED"
    return values


def check(text, values):
    keys = list(values)
    for begin in range(0, len(keys), 500):
        some = keys[begin:begin + 500]
        assert text.get_many(some) == {key: values[key] for key in some}


@pytest.mark.parametrize("how", [signal.SIGUSR1, "shutdown"])
def test_items_survive(launch, memory, how):
    flags = ["-e", memory, "-m", "100", "-A"]
    first = launch(*flags)
    with first.text() as text:
        values = fill(text, scaled(20_000, 4_000))
        text.ask(b"delete k3\r\nset cased 0 0 1\r\nx\r\nset n 0 0 1\r\n5\r\n")
        del values[b"k3"]
        _, cas = text.gets(b"cased")
        text.set(b"short", b"v", exptime=2)
        text.set(b"long", b"v", exptime=1000)
        text.set(b"client-flags", b"v", flags=77)
        before = first.stats()
        if how == "shutdown":
            assert text.ask_until_closed(b"shutdown graceful\r\n") == b""
            first.wait_exit()
    if how != "shutdown":
        stop_for_restart(first, how)
    assert meta_of(memory).exists()

    second = launch(*flags)
    with second.text() as text:
        text.ask(b"version\r\n")
        assert not meta_of(memory).exists()
        check(text, values)
        after = second.stats()
        assert after["curr_items"] == before["curr_items"]
        assert after["hash_power_level"] == before["hash_power_level"]
        assert int(after["uptime"]) >= int(before["uptime"])
        assert text.get(b"k3") is None
        assert text.ask(b"get client-flags\r\n") == b"VALUE client-flags 77 1\r\nv\r\nEND\r\n"
        assert text.gets(b"cased") == (b"x", cas)
        assert text.ask(b"incr n 2\r\n") == b"7\r\n"
        # A number that was never given out before.
        text.set(b"cased", b"y")
        assert text.gets(b"cased")[1] > cas
        left = int(re.fullmatch(rb"HD t(\d+)\r\n", text.ask(b"mg long t\r\n")).group(1))
        assert 900 < left <= 1000
        # What is left of its time goes on counting.
        wait_for(lambda: text.get(b"short") is None, "the short-lived item")
        # The memory is in order: it can be filled, evicted and emptied.
        values = fill(text, scaled(20_000, 4_000))
        text.ask(b"flush_all\r\n")
        assert text.get(b"large") is None
        values = fill(text, 1000)
    stop_for_restart(second)
    with launch(*flags).text() as text:
        check(text, values)


def test_full_cache_and_other_threads(launch, memory):
    """More or fewer threads make other stripes; order and counts stay right while it evicts."""
    first = launch("-e", memory, "-m", "16", "-t", "1")
    count = scaled(60_000, 20_000)
    with first.text() as text:
        for number in range(count):
            text.send(b"set k%d 0 0 400 noreply\r\n%b\r\n" % (number, b"v" * 400))
        text.ask(b"mn\r\n")
        assert int(first.stats()["evictions"]) > 0 or SANITIZED
        held = first.stats()["curr_items"]
    stop_for_restart(first)
    second = launch("-e", memory, "-m", "16", "-t", "8")
    assert second.stats()["curr_items"] == held
    with second.text() as text:
        assert text.get(b"k%d" % (count - 1)) == b"v" * 400
        for number in range(count):
            text.send(b"set n%d 0 0 400 noreply\r\n%b\r\n" % (number, b"w" * 400))
        assert text.get(b"n%d" % (count - 1)) == b"w" * 400


def test_flushed_and_flush_to_come(launch, memory):
    first = launch("-e", memory)
    with first.text() as text:
        text.set(b"dead", b"v")
        text.set(b"dead-large", b"v" * 300_000)
        text.ask(b"flush_all\r\n")
        text.set(b"alive", b"v")
        text.ask(b"flush_all 2\r\n")
    stop_for_restart(first)
    second = launch("-e", memory)
    with second.text() as text:
        assert text.get(b"dead") is None and text.get(b"dead-large") is None
        wait_for(lambda: text.get(b"alive") is None, "the flush that was still to come")


def test_after_an_unclean_end_nothing_is_taken_over(launch, memory):
    first = launch("-e", memory)
    with first.text() as text:
        text.set(b"k", b"v")
    first.process.kill()
    first.process.wait()
    first.discard()
    for how in (signal.SIGTERM, signal.SIGINT, None):
        again = launch("-e", memory)
        assert f"[restart] no metadata save file, {CLEAN}" in again.stderr_text()
        with again.text() as text:
            assert text.get(b"k") is None
            text.set(b"k", b"v")
        if how is not None:
            stop_for_restart(again, how)  # an ordinary end keeps nothing, as with memcached


@pytest.mark.parametrize("flags, name", [
    (["-m", "80"], "maxbytes"), (["-m", "64", "-f", "1.1"], "slab_config"),
    (["-m", "64", "-n", "60"], "chunk_size"), (["-m", "64", "-I", "2m"], "item_size_max"),
    (["-m", "64", "-C"], "use_cas"), (["-m", "64", "-o", "slab_chunk_max=256"], "slab_chunk_size_max"),
    (["-m", "64", "-o", "no_slab_reassign"], "slab_reassign"),
    (["-m", "64", "-o", "slab_sizes=100-1000-10000"], "slab_config")])
def test_other_settings_start_empty(launch, memory, flags, name):
    first = launch("-e", memory, "-m", "64")
    with first.text() as text:
        text.set(b"k", b"v")
    stop_for_restart(first)
    second = launch("-e", memory, *flags)
    said = second.stderr_text()
    assert re.search(
        rf"\[restart\] restart incompatible due to setting for \[{name}\] \[old value: .*\]", said)
    assert f"[restart] failed to validate metadata, {CLEAN}" in said
    with second.text() as text:
        assert text.get(b"k") is None
        assert text.set(b"k", b"v") == b"STORED"


def edited_meta(memory, edit):
    meta = meta_of(memory)
    meta.write_text(edit(meta.read_text()))


@pytest.mark.larder_only
@pytest.mark.parametrize("edit, said", [
    (lambda text: text.replace("Khash_seed", "Kother_key"), "missing some metadata lines"),
    (lambda text: text[:len(text) // 2].rsplit("\n", 1)[0] + "\n", "[restart]"),
    (lambda text: re.sub(r"Kpages \d+", "Kpages 1000", text), "incompatible due to setting for [pages]"),
    (lambda text: re.sub(r"stop_time \d+", "stop_time 99999999999", text), "[stop_time]"),
    (lambda text: text + "nonsense\n", "invalid metadata line"),
    (lambda text: re.sub(r"Klayout \d+", "Klayout 0", text), "[layout]")])
def test_damaged_metadata_start_empty(launch, memory, edit, said):
    first = launch("-e", memory)
    with first.text() as text:
        text.set(b"k", b"v")
    stop_for_restart(first)
    edited_meta(memory, edit)
    second = launch("-e", memory)
    assert said in second.stderr_text() and CLEAN in second.stderr_text()
    with second.text() as text:
        assert text.get(b"k") is None


@pytest.mark.larder_only
@pytest.mark.parametrize("edit", [
    lambda text: re.sub(r"Kpage (\d+):(\d+):\d+", r"Kpage \1:\2:999999", text, count=1),
    lambda text: re.sub(r"Kpage (\d+):", r"Kpage 9999999:", text, count=1),
    lambda text: re.sub(r"Kpage (\d+):\d+:", r"Kpage \1:63:", text, count=1),
    lambda text: re.sub(r"mmap_oldbase \d+", "mmap_oldbase 4096", text)])
def test_memory_that_does_not_fit_is_refused(launch, memory, edit):
    first = launch("-e", memory)
    with first.text() as text:
        fill(text, 3000)
    stop_for_restart(first)
    edited_meta(memory, edit)
    code, _, err = run_to_end(*user_flags(), "-e", memory, "-l", "127.0.0.1", "-p", "-1")
    assert code == 71 and "[restart] the memory file is not what its metadata says" in err
    # The metadata are gone: the next start is an empty one.
    assert CLEAN in launch("-e", memory).stderr_text()


@pytest.mark.parametrize("content", ["", "nonsense\n"])
def test_a_file_that_is_no_metadata_stops_the_start(memory, content):
    meta_of(memory).write_text(content)
    code, _, err = run_to_end(*user_flags(), "-e", memory, "-l", "127.0.0.1", "-p", "-1")
    assert code != 0 and "[restart]" in err


@pytest.mark.larder_only
def test_a_start_that_fails_costs_nothing(launch, memory):
    first = launch("-e", memory)
    with first.text() as text:
        text.set(b"k", b"v")
    stop_for_restart(first)
    code, _, _ = run_to_end(*user_flags(), "-e", memory, "-s", "/no/such/folder/socket")
    assert code == 71
    with launch("-e", memory).text() as text:
        assert text.get(b"k") == b"v"


@pytest.mark.larder_only
def test_two_servers_cannot_share_a_file(launch, memory):
    launch("-e", memory)
    code, _, err = run_to_end(*user_flags(), "-e", memory, "-l", "127.0.0.1", "-p", "-1")
    assert code == 71 and "in use by another server" in err


@pytest.mark.larder_only
def test_files_that_cannot_be_used(memory):
    code, _, err = run_to_end(*user_flags(), "-e", "/no/such/folder/memory", "-l", "127.0.0.1", "-p", "-1")
    assert code == 71 and "/no/such/folder/memory" in err
    code, _, err = run_to_end(*user_flags(), "-e", memory, "-m", str(1 << 30), "-l", "127.0.0.1", "-p", "-1")
    assert code == 71 and "has room for" in err


@pytest.mark.larder_only
def test_freed_memory_leaves_the_file(launch, memory):
    """Pages and extents that are given back are holes in the file."""
    def used():
        return os.stat(memory).st_blocks * 512

    server = launch("-e", memory, "-m", "64")
    with server.text() as text:
        for number in range(40):
            text.set(b"large%d" % number, b"x" * 1_000_000)
        full = used()
        assert 40_000_000 <= full <= 70_000_000
        for number in range(40):
            text.ask(b"delete large%d\r\n" % number)
    stop_for_restart(server)
    server = launch("-e", memory, "-m", "64")
    assert server.stats()["curr_items"] == "0"  # it serves: what was to be freed is
    assert used() < full / 4
    assert subprocess.run(["stat", "-c", "%a", memory], capture_output=True, check=True).stdout == b"600\n"
