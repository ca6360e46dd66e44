"""Where, with how many threads and how exactly a session computes."""

from collections.abc import Iterator
from contextlib import contextmanager

from cnnkit import kernels
from cnnkit.engine.records.options import FitOptions


@contextmanager
def computing(options: FitOptions) -> Iterator[None]:
    """Inside, kernels compute as these options want it; where TF32 is not, a run that began so goes on in float32."""
    with kernels.use(_backend(options), options.threads):
        here = options.precision != "tf32" or kernels.backend() == "cuda"
        with kernels.use(precision=options.precision if here else "fast"):
            yield


@contextmanager
def computing_anew(options: FitOptions | None) -> Iterator[FitOptions]:
    """The same for a new run; its options are valid, and keep the precision of a `kernels.use(precision=...)` around.

    UsageError where they are not valid.
    """
    options = options or FitOptions()
    if options.precision == "fast":
        options = options.replace(precision=kernels.precision())
    options = options.validate()
    with kernels.use(_backend(options), options.threads, options.precision):
        yield options


def _backend(options: FitOptions) -> str | None:
    return None if options.backend == "auto" else options.backend
