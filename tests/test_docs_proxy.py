"""The proxy of the how-to page, run by nginx as it is written there: which path leads where."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import json
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.documents import ROOT, blocks
from tests.rpc import CIS_TASKS, EXTENSION, SESSIONS, create_spec, request
from tests.serving import DEADLINE, JSON, SESSION, Server, eventually

PAGE = ROOT / "docs" / "howto" / "use-the-official-client.md"
AROUND = """
daemon off;
pid {folder}/pid;
error_log stderr;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{inside}
}}
"""
pytestmark = pytest.mark.needs("nginx")


class Elsewhere(http.server.BaseHTTPRequestHandler):
    """Stands for the vCenter: whatever comes, it says that it is one."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("Content-Length", "7")
        self.end_headers()
        self.wfile.write(b"vCenter")

    do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815  the names of the library

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def elsewhere() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def configuration(folder: Path, *, milepost: int, vcenter: int, listen: int) -> Path:
    """What the page shows, with the ports of this test, and a vCenter without TLS."""
    (shown,) = [block for block in blocks(PAGE.read_text("utf-8")) if block.kind == "nginx"]
    text = shown.text
    for before, after in (
        ("127.0.0.1:8900", f"127.0.0.1:{milepost}"),
        ("vcenter.example:443", f"127.0.0.1:{vcenter}"),
        ("https://vcenter", "http://vcenter"),
        ("127.0.0.1:8080", f"127.0.0.1:{listen}"),
    ):
        assert before in text
        text = text.replace(before, after)
    path = folder / "nginx.conf"
    path.write_text(AROUND.format(folder=folder, inside=text), "utf-8")
    return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def proxy(server: Server, tmp_path: Path) -> Iterator[int]:
    """The port of the proxy in front of a server and of what stands for a vCenter."""
    listen = free_port()
    with elsewhere() as vcenter:
        path = configuration(tmp_path, milepost=server.port, vcenter=vcenter, listen=listen)
        command = ["nginx", "-p", str(tmp_path), "-e", "stderr", "-c", str(path)]
        subprocess.run([*command, "-t"], check=True, capture_output=True, timeout=DEADLINE)
        running = subprocess.Popen(command)
        try:
            for _ in eventually("the proxy listens"):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", listen)):
                    break
            yield listen
        finally:
            running.terminate()
            running.wait(DEADLINE)


def came_from(
    port: int,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> str:
    """Who answered: the vCenter, or Milepost."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
    connection.request(method, path, body, {**JSON, **(headers or {})})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return "vCenter" if text == b"vCenter" else f"Milepost {answer.status}"


def test_which_path_leads_where(proxy: int, server: Server) -> None:
    with server.caller() as caller:
        session, task_id = {SESSION: caller.token}, caller.create()
    spec = json.dumps({"spec": {"status": "RUNNING"}}).encode()
    for method, path, body, who in (
        ("POST", "/rest/com/vmware/cis/session?~action=get", None, "Milepost 200"),
        ("PATCH", f"/rest/vcenter/extension/tasks/{task_id}", spec, "Milepost 200"),
        ("POST", "/rest/vcenter/extension/tasks", b"{}", "Milepost 400"),
        ("GET", f"/rest/cis/tasks/{task_id}", None, "Milepost 200"),
        ("GET", f"/rest/cis/tasks?filter_spec.tasks={task_id}", None, "Milepost 200"),
        ("GET", "/rest/vcenter/vm", None, "vCenter"),
        ("GET", "/rest/cis/taskslike", None, "vCenter"),
        ("GET", "/rest/vcenter/extension/tasksets", None, "vCenter"),
        ("GET", "/", None, "vCenter"),
    ):
        assert came_from(proxy, method, path, body, session) == who, path


def test_which_service_leads_where(proxy: int, server: Server) -> None:
    with server.caller() as caller:
        session = {SESSION: caller.token}
    for service, operation, fields, who in (
        (SESSIONS, "get", {}, "Milepost 200"),
        (EXTENSION, "create", {"spec": create_spec()}, "Milepost 200"),
        (CIS_TASKS, "list", {}, "Milepost 200"),
        ("com.vmware.vcenter.VM", "list", {}, "vCenter"),
    ):
        body = json.dumps(request(service, operation, fields)).encode()
        headers = {**session, "vapi-service": service, "vapi-operation": operation}
        assert came_from(proxy, "POST", "/api", body, headers) == who, service
    assert came_from(proxy, "POST", "/api", b"{}") == "vCenter"
