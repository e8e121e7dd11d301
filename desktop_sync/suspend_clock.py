"""A clock that goes on while the machine sleeps, and that nobody can set (RELIABILITY 4.9).

`time.monotonic` stands still in sleep on Linux and macOS: a lease that ran out meanwhile would look fresh.
"""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Callable


def boottime_s() -> float:
    """Seconds since some moment; with the time asleep. Where the system has no such clock, that of the wall."""
    return _read()


class _Timebase(ctypes.Structure):
    """`mach_timebase_info_data_t`: nanoseconds are ticks times `numerator` by `denominator`."""

    _fields_ = (("numerator", ctypes.c_uint32), ("denominator", ctypes.c_uint32))


def _mach_clock() -> Callable[[], float]:
    system = ctypes.CDLL("/usr/lib/libSystem.B.dylib")
    ticks = system.mach_continuous_time
    ticks.argtypes, ticks.restype = [], ctypes.c_uint64
    base = _Timebase()
    system.mach_timebase_info(ctypes.byref(base))
    seconds = base.numerator / base.denominator / 1e9
    return lambda: float(ticks()) * seconds


def _windows_clock() -> Callable[[], float]:
    # Interrupt time with the time asleep; QueryUnbiasedInterruptTime would leave it out.
    query = ctypes.CDLL("api-ms-win-core-realtime-l1-1-1.dll").QueryInterruptTime
    query.argtypes, query.restype = [ctypes.POINTER(ctypes.c_uint64)], None
    value = ctypes.c_uint64()

    def read() -> float:
        query(ctypes.byref(value))
        return value.value / 1e7

    return read


def _choose() -> Callable[[], float]:
    if hasattr(time, "CLOCK_BOOTTIME"):
        return lambda: time.clock_gettime(time.CLOCK_BOOTTIME)
    try:
        if sys.platform == "darwin":
            return _mach_clock()
        if sys.platform == "win32":
            return _windows_clock()
    except (OSError, AttributeError, ZeroDivisionError):
        pass  # an old system without it
    return time.time


_read = _choose()
