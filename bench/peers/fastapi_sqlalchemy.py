"""The service that one would write without Milepost: FastAPI, pydantic, SQLAlchemy, SQLite.

One row is read, changed and committed for each request, durably: WAL with ``synchronous=FULL``.
There is no login, no history and nobody who watches. A transaction takes SQLite's lock for writing
when it begins, so that none fails because another was faster.

``fastapi_sqlalchemy.py PORT FILE DATABASE`` makes tasks with the ids in the file.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel, Field
from sqlalchemy import JSON, BigInteger, Engine, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

FINISHED = ("SUCCEEDED", "FAILED")
BUSY_SECONDS = 30


class Param(BaseModel):
    key: str
    value: dict[str, Any]


class Message(BaseModel):
    id: str
    default_message: str
    args: list[str]
    params: list[Param] = []


class Progress(BaseModel):
    total: int = Field(ge=0)
    completed: int = Field(ge=0)
    message: Message


class UpdateSpec(BaseModel):
    status: Literal["PENDING", "RUNNING", "BLOCKED", "SUCCEEDED", "FAILED"] | None = None
    percent_done: Progress | None = None
    description: Message | None = None


class UpdateRequest(BaseModel):
    spec: UpdateSpec


class Base(DeclarativeBase):
    pass


class Task(Base):
    __tablename__ = "task"

    id: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(default="RUNNING")
    total: Mapped[int | None] = mapped_column(BigInteger)
    completed: Mapped[int | None] = mapped_column(BigInteger)
    message: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    description: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    updated_at: Mapped[dt.datetime | None]


def engine_on(database: Path) -> Engine:
    # SQLite has one writer. Whoever waits for it waits in the pool: in SQLite they would sleep and
    # try again, which was as fast and had a longer tail.
    engine = create_engine(
        f"sqlite:///{database}",
        connect_args={"timeout": BUSY_SECONDS},
        pool_size=1,
        max_overflow=0,
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the transactions are begun below
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


sessions: sessionmaker[Session] = sessionmaker()


def session() -> Iterator[Session]:
    with sessions() as opened:
        yield opened


app = FastAPI()


@app.patch("/rest/vcenter/extension/tasks/{task_id}")
def update(
    task_id: str, request: UpdateRequest, session: Annotated[Session, Depends(session)]
) -> None:
    task = session.get(Task, task_id)
    if task is None:
        raise HTTPException(404, "There is no such task.")
    if task.status in FINISHED:
        raise HTTPException(400, "The task is finished.")
    spec = request.spec
    if spec.status is not None:
        task.status = spec.status
    if spec.percent_done is not None:
        progress = spec.percent_done
        if task.completed is not None and progress.completed < task.completed:
            raise HTTPException(400, "Progress may only grow.")
        task.total, task.completed = progress.total, progress.completed
        task.message = progress.message.model_dump()
    if spec.description is not None:
        task.description = spec.description.model_dump()
    task.updated_at = dt.datetime.now(dt.UTC)
    session.commit()


def main() -> None:
    port, ids = int(sys.argv[1]), Path(sys.argv[2]).read_text().split()
    engine = engine_on(Path(sys.argv[3]))
    Base.metadata.create_all(engine)
    sessions.configure(bind=engine)
    with sessions.begin() as opened:
        opened.add_all(Task(id=task_id) for task_id in ids)
    uvicorn.run(
        app, port=port, loop="uvloop", http="httptools", access_log=False, log_level="warning"
    )


if __name__ == "__main__":
    main()
