# ruff: noqa: INP001  beside the script that writes the pages, in no package
"""The examples of the page about ``/v1``: a command for each operation, and what it prints."""

from __future__ import annotations

CURL = 'curl -fsS -H "$SESSION"'
JSON = '-H "$JSON"'
MESSAGE = '{"id": "", "default_message": "", "args": []}'
TASK = """{
  "id": "…", "revision": 2,
  "description": {"id": "", "default_message": "Backup of web-01", "args": []},
  "service": "com.milepost.local", "operation": "com.acme.backup.full",
  "status": "RUNNING", "cancelable": true,
  "target": {"type": "Folder", "id": "group-d1"}, "start_time": "…",
  "progress": {"total": 10, "completed": 3,
               "message": {"id": "", "default_message": "3 of 10 disks", "args": []}},
  "principal": "administrator", "created_at": "…", "updated_at": "…",
  "weight": 1.0, "pinned": false, "lease": {"seconds": 3600}}"""
LISTED = TASK[:-1] + ', "elapsed_seconds": "…"}'
UPDATED = TASK.replace('{"seconds": 3600}', '{"seconds": 3600, "remaining_seconds": "…"}')

SESSION = """{"user": "administrator", "role": "administrator", "scope": "full",
 "rights": ["cancel", "create", "force-close", "read", "read-history", "read-result", "update"],
 "created_at": "…", "ends_at": "…", "idle_seconds": 1800}"""

EXAMPLES = {
    "v1.tasks.create": (
        f"""{CURL} {JSON} -i $SERVER/v1/tasks -d '
  {{"operation_id": "com.acme.backup.full", "cancelable": true,
   "description": "Backup of web-01", "lease_seconds": 3600}}' |
  grep -E '^(HTTP|etag|location)'""",
        'HTTP/1.1 201 Created\netag: "1"\nlocation: /v1/tasks/…',
    ),
    "v1.tasks.update": (
        f"""{CURL} {JSON} -X PATCH -H 'If-Match: "1"' $SERVER/v1/tasks/$TASK -d '
  {{"status": "RUNNING",
   "percent_done": {{"total": 10, "completed": 3, "message": "3 of 10 disks"}}}}'""",
        UPDATED,
    ),
    "v1.tasks.get": (
        f"""{CURL} -i -H 'If-None-Match: "2"' $SERVER/v1/tasks/$TASK | head -n 1""",
        "HTTP/1.1 304 Not Modified",
    ),
    "v1.tasks.list": (
        f"""{CURL} "$SERVER/v1/tasks?text=web-01&status=RUNNING&page_size=1&counts=true" """,
        f"""{{"tasks": [{LISTED}],
 "counts": {{"PENDING": "…", "RUNNING": 1, "BLOCKED": 0, "SUCCEEDED": 0, "FAILED": 0}},
 "counts_complete": true}}""",
    ),
    "v1.tasks.cancel": (
        f"""{CURL} -X POST -i $SERVER/v1/tasks/$TASK:cancel | grep -E '^(HTTP|etag)'""",
        'HTTP/1.1 200 OK\netag: "3"',
    ),
    "v1.tasks.heartbeat": (
        f"""{CURL} -X POST -i $SERVER/v1/tasks/$TASK:heartbeat |
  grep -E '^(HTTP|etag|milepost)'""",
        'HTTP/1.1 200 OK\netag: "3"\nmilepost-cancel-requested: true',
    ),
    "v1.tasks.force-close": (
        """curl -sS -H "$SESSION" -X POST $SERVER/v1/tasks/$TASK:force-close""",
        """{"type": "urn:milepost:problem:task.force_close_early",
 "title": "Not allowed in current state", "status": 400, "detail": "…",
 "error_type": "NOT_ALLOWED_IN_CURRENT_STATE",
 "messages": [{"id": "milepost.task.force_close_early", "default_message": "…",
               "args": ["…", "…"]}]}""",
    ),
    "v1.tasks.events": (
        f"""{CURL} "$SERVER/v1/tasks/$TASK/events?page_size=1" """,
        """{"events": [{
   "position": "…", "kind": "cancel_requested", "revision": 3, "at": "…",
   "principal": "administrator", "source": "127.0.0.1",
   "changes": [{"field": "cancel_requested", "before": null, "after": "…"}]}],
 "next_page_token": "…"}""",
    ),
    "v1.tasks.batch": (
        f"""{CURL} {JSON} $SERVER/v1/tasks:batch -d '
  {{"requests": [
     {{"update": {{"task": "'$TASK'", "if_revision": 3, "spec": {{"cancel": "acknowledged"}}}}}},
     {{"update": {{"task": "none", "spec": {{}}}}}}]}}' | grep -oE '"(status|revision)":[0-9]+'""",
        '"status":200\n"revision":4\n"status":404',
    ),
    "v1.session.create": (
        f"""printf '{{"user": "administrator", "password": "%s"}}' \\
  "$(cat .milepost/administrator-password)" |
  curl -fsS {JSON} -c cookies $SERVER/v1/session -d @-""",
        SESSION,
    ),
    "v1.session.get": ("curl -fsS -b cookies $SERVER/v1/session", SESSION),
    "v1.session.delete": (
        "curl -fsS -b cookies -X DELETE -i $SERVER/v1/session | head -n 1; rm cookies",
        "HTTP/1.1 204 No Content",
    ),
    "v1.overview.get": (
        f"{CURL} $SERVER/v1/overview | grep -o '\"open\":\\[[^]]*\\]'",
        '"open":[{"service":"com.milepost.local","PENDING":1,"RUNNING":1,"BLOCKED":0}]',
    ),
    "v1.server.get": (
        f"{CURL} $SERVER/v1/server",
        """{"version": "…", "store": "sqlite", "ready": true, "first_position": 0,
 "last_position": "…", "watchers": 0, "cancel_grace": 300, "started_at": "…", "now": "…"}""",
    ),
    "v1.users.create": (
        f"""{CURL} {JSON} $SERVER/v1/users -d '
  {{"name": "ann", "role": "viewer", "password": "a long password"}}'""",
        '{"name": "ann", "role": "viewer", "disabled": false}',
    ),
    "v1.users.list": (
        f"{CURL} $SERVER/v1/users",
        """{"users": [{"name": "administrator", "role": "administrator", "disabled": false},
           {"name": "ann", "role": "viewer", "disabled": false}]}""",
    ),
    "v1.users.get": (
        f"{CURL} $SERVER/v1/users/ann",
        '{"name": "ann", "role": "viewer", "disabled": false}',
    ),
    "v1.users.update": (
        f"""{CURL} {JSON} -X PATCH $SERVER/v1/users/ann -d '
  {{"role": "extension", "extension": "com.acme.backup"}}'""",
        '{"name": "ann", "role": "extension", "extension": "com.acme.backup", "disabled": false}',
    ),
    "v1.tokens.create": (
        f"""MADE=$({CURL} {JSON} $SERVER/v1/tokens -d '
  {{"name": "nightly", "scope": "full", "extension": "com.acme.backup",
   "lifetime_seconds": 259200}}')
TOKEN_ID=$(echo "$MADE" | cut -d '"' -f 4)
echo "$MADE" """,
        """{"id": "…", "name": "nightly", "user": "administrator", "scope": "full",
 "extension": "com.acme.backup", "created_at": "…", "expires_at": "…", "token": "…"}""",
    ),
    "v1.tokens.list": (
        f"{CURL} $SERVER/v1/tokens",
        """{"tokens": [{"id": "…", "name": "nightly", "user": "administrator", "scope": "full",
             "extension": "com.acme.backup", "created_at": "…", "expires_at": "…"}]}""",
    ),
    "v1.tokens.get": (
        f"{CURL} $SERVER/v1/tokens/$TOKEN_ID",
        """{"id": "…", "name": "nightly", "user": "administrator", "scope": "full",
 "extension": "com.acme.backup", "created_at": "…", "expires_at": "…"}""",
    ),
    "v1.tokens.revoke": (
        f"{CURL} -X DELETE -i $SERVER/v1/tokens/$TOKEN_ID | head -n 1",
        "HTTP/1.1 204 No Content",
    ),
}

ANSWERS = {
    "milepost.v1.task": "[a task](#a-task)",
    "milepost.v1.task_page": "[a page of tasks](#pages)",
    "milepost.v1.event_page": "[a page of the history](#history)",
    "milepost.v1.batch_answer": "[an answer for each part](#batches)",
    "milepost.v1.session": "[a session](#sessions)",
    "milepost.v1.overview": "[an overview](#the-whole)",
    "milepost.v1.server": "[what is known of the server](#the-whole)",
    "milepost.v1.user": "a user: `name`, `role`, `extension` where it has one, and `disabled`",
    "milepost.v1.token": "[a token](#tokens) without its text",
    "milepost.v1.made_token": "[a token](#tokens) with its text as `token`",
    "milepost.v1.token_page": '`{"tokens": [<token>, …], "next_page_token": "…"}`',
    "milepost.v1.users": '`{"users": [<user>, …]}`',
}
BODIES = {
    "milepost.v1.create_spec",
    "milepost.v1.update_spec",
    "milepost.v1.new_user",
    "milepost.v1.user_change",
    "milepost.v1.new_session",
    "milepost.v1.new_token",
}
