"""What the system tells of a server: its memory and its work.

A server is its process and, once it is busy, one beside it that commits; both count.
"""

from __future__ import annotations

import os
import re
from pathlib import Path


def processes(pid: int) -> list[int]:
    """A process and its children, one of which may just have ended."""
    children = Path(f"/proc/{pid}/task").glob("*/children")
    return [pid, *(int(child) for told in children for child in told.read_text().split())]


def resident(pid: int) -> int:
    """Bytes of memory of a server."""
    return sum(resident_alone(each) for each in processes(pid))


def resident_alone(pid: int) -> int:
    (line,) = re.findall(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(line) * 1024


def cpu_seconds(pid: int) -> float:
    """What a server has worked so far."""
    return sum(cpu_seconds_alone(each) for each in processes(pid))


def cpu_seconds_alone(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
