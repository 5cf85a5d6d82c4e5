"""The command ``milepost`` that removes and shortens every few seconds, as it does in minutes."""

from __future__ import annotations

from milepost.cli.main import main
from milepost.service import histories, retention

SECONDS = 3.0

if __name__ == "__main__":
    retention.SWEEP_SECONDS = histories.LOOK_SECONDS = SECONDS
    main()
