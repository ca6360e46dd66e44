"""Make things ahead of their use: in threads, handed out in order, never more than a few at once."""

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar, final

Part = TypeVar("Part")
Whole = TypeVar("Whole")
THREADS = "cnnkit-loader"


@final
@dataclass(frozen=True)
class Job(Generic[Part, Whole]):
    """parts: made in any order, by any threads.   whole: what becomes of them, in their order."""

    parts: Sequence[Callable[[], Part]]
    whole: Callable[[list[Part]], Whole]

    def run(self) -> Whole:
        """The same without threads."""
        return self.whole([part() for part in self.parts])


def made_ahead(jobs: Iterator[Job[Part, Whole]], *, workers: int, depth: int) -> Generator[Whole]:
    """The wholes of the jobs, in their order; `depth` of them are made, or wait, beside the one in use.

    What fails in a thread is raised in place of its whole. Closing the iterator ends the threads.
    """
    pool = ThreadPoolExecutor(workers, THREADS)
    try:
        waiting = deque(_submit(pool, job) for job in islice(jobs, depth))
        while waiting:
            head = waiting.popleft()
            head.result()
            waiting.extend(_submit(pool, job) for job in islice(jobs, 1))
            yield head.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _submit(pool: ThreadPoolExecutor, job: Job[Part, Whole]) -> Future[Whole]:
    """Parts first: the pool works in the order of asking, so a whole never waits for a part that has no thread."""
    if len(job.parts) == 1:
        return pool.submit(job.run)
    parts = [pool.submit(part) for part in job.parts]
    return pool.submit(lambda: job.whole([part.result() for part in parts]))
