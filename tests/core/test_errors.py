"""Memory that ran out is recognised in every form in which it is reported, by what libraries really raise."""

import mmap
import subprocess
import sys
import threading
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from core.errors import is_out_of_memory

_BEYOND = 2**60


def _map() -> None:
    mmap.mmap(-1, 2**47 - 2**12)


@pytest.mark.parametrize(
    "exhaust",
    [
        lambda: np.empty(_BEYOND, dtype=np.uint8),
        lambda: pa.allocate_buffer(_BEYOND),
        lambda: bytearray(_BEYOND),
        _map,
    ],
    ids=["numpy", "arrow", "python", "mmap"],
)
def test_memory_that_ran_out_is_recognised(exhaust: Callable[[], object]) -> None:
    with pytest.raises((MemoryError, OSError)) as caught:
        exhaust()
    assert is_out_of_memory(caught.value)


_THREAD = """
import resource, threading
from core.errors import is_out_of_memory
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
threading.stack_size(64 * 2**20)
resource.setrlimit(resource.RLIMIT_AS, (used + 32 * 2**20, resource.RLIM_INFINITY))
try:
    threading.Thread(target=print).start()
except RuntimeError as error:
    print(is_out_of_memory(error))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space")
def test_a_thread_for_which_there_is_no_room_is_recognised() -> None:
    done = subprocess.run([sys.executable, "-c", _THREAD], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


def test_the_cause_of_an_error_counts_and_other_errors_do_not() -> None:
    wrapped = ValueError("a file that cannot be read")
    wrapped.__cause__ = MemoryError()
    assert is_out_of_memory(wrapped)
    assert not is_out_of_memory(ValueError("a product called out of memory"))
    assert not is_out_of_memory(FileNotFoundError("x"))
    assert not is_out_of_memory(threading.BrokenBarrierError())
