"""Threads of a test, whose failures are the test's."""

import threading


def run_threads(work, count):
    """Runs work(index) in threads and raises the first failure of any."""
    failures = []

    def guarded(index):
        try:
            work(index)
        except BaseException as failure:  # handed to the main thread
            failures.append(failure)

    threads = [threading.Thread(target=guarded, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
