"""``JobHandler``: what a program logs is shown as the message of its task."""

from __future__ import annotations

import logging

from milepost.client.job import Job, current_job

OWN = ("milepost", "httpx2", "httpcore2")


class JobHandler(logging.Handler):
    """A handler that gives each record to a job as its message; the newest one is told.

    Without ``job`` it is the job in whose block, or decorated function, the record is made; what is
    logged outside of one goes nowhere. Records of Milepost itself are left out::

        import logging

        from milepost.client.records import JobHandler

        logging.getLogger().addHandler(JobHandler(level=logging.INFO))
    """

    def __init__(self, job: Job | None = None, level: int | str = logging.INFO) -> None:
        super().__init__(level)
        self._job = job

    def emit(self, record: logging.LogRecord) -> None:
        """Note the text of a record."""
        if record.name.partition(".")[0] in OWN:
            return
        job = self._job or current_job()
        if job is None:
            return
        try:
            job.message(self.format(record))
        except Exception:  # noqa: BLE001  as every handler of the standard library does
            self.handleError(record)
