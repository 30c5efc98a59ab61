"""Handing a message from ``horarium deliver`` to the daemon."""

import asyncio
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.transport.handover import (
    Answer,
    BrokenHandover,
    Handover,
    NoDaemon,
    answer_frame,
    hand_over,
    header_length,
    read_answer,
    read_header,
    read_request,
    request_frame,
)
from horarium.transport.handover_server import HandoverServer


def exchange(
    tmp_path: Path, handover: Handover, answer: Answer | Exception
) -> tuple[Answer, list[Handover]]:
    got: list[Handover] = []

    async def handle(received: Handover) -> Answer:
        got.append(received)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def run() -> Answer:
        server = HandoverServer(handle)
        path = tmp_path / "deliver.sock"
        await server.start(path)
        try:
            return await asyncio.to_thread(hand_over, str(path), handover)
        finally:
            await server.stop(grace=1)
            assert not path.exists()

    return asyncio.run(run()), got


def test_a_message_and_its_answer(tmp_path: Path) -> None:
    handover = Handover(("a@example.com", "b@example.com"), "", b"\x00\xff" * 200_000, emit=True)
    answer, got = exchange(tmp_path, handover, Answer(67, "no such calendar user", b"From x" * 99))
    assert got == [handover]
    assert answer == Answer(67, "no such calendar user", b"From x" * 99)


def test_unknown_is_not_null(tmp_path: Path) -> None:
    _, got = exchange(tmp_path, Handover(("a@example.com",), None, b"x"), Answer(0))
    assert got[0].sender is None


def test_a_fault_of_the_daemon_is_try_again(tmp_path: Path) -> None:
    answer, _ = exchange(tmp_path, Handover(("a@example.com",), None, b"x"), RuntimeError("boom"))
    assert answer.status == 75


def test_nobody_is_there(tmp_path: Path) -> None:
    with pytest.raises(NoDaemon):
        hand_over(str(tmp_path / "none"), Handover(("a@example.com",), None, b"x"))
    dead = tmp_path / "dead.sock"
    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(str(dead))
    with pytest.raises(NoDaemon):
        hand_over(str(dead), Handover(("a@example.com",), None, b"x"))


@pytest.mark.parametrize(
    "said", [b"", b"\x00\x00\x00\x05ab", b"\xff\xff\xff\xff", b"\x00\x00\x00\x02{}"]
)
def test_an_answer_that_stops_half_way_is_not_no_daemon(tmp_path: Path, said: bytes) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            connection.recv(1 << 16)
            connection.sendall(said)
            connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(BrokenHandover):
            hand_over(str(path), Handover(("a@example.com",), None, b"x"))
        thread.join()


def test_a_request_that_is_none_is_answered(tmp_path: Path) -> None:
    async def run() -> bytes:
        async def handle(received: Handover) -> Answer:
            raise AssertionError("not reached")

        server = HandoverServer(handle)
        await server.start(tmp_path / "s")
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
        writer.write(b"\x00\x00\x00\x02[]")
        answer = await reader.read()
        writer.close()
        await server.stop(grace=0)
        return answer

    assert b'"status": 75' in asyncio.run(run())


@given(
    st.lists(st.text(max_size=9)).map(tuple),
    st.none() | st.text(max_size=9),
    st.binary(max_size=99),
    st.booleans(),
)
def test_frames_come_back(
    recipients: tuple[str, ...], sender: str | None, data: bytes, flag: bool
) -> None:
    handover = Handover(recipients, sender, data, flag, not flag)
    text = request_frame(handover)
    length = header_length(text[:4])
    header, size = read_header(text[4 : 4 + length])
    assert text[4 + length :] == data
    assert size == len(data)
    assert read_request(header, data) == handover
    answer = Answer(75, "".join(recipients), data)
    text = answer_frame(answer)
    header, _ = read_header(text[4 : 4 + header_length(text[:4])])
    assert read_answer(header, data) == answer


def test_the_client_half_imports_next_to_nothing() -> None:
    script = (
        "import sys; import horarium.transport.handover; "
        "print(*sorted(m for m in sys.modules if m.split('.')[0] in "
        "('asyncio', 'msgspec', 'apsw', 'click', 'rich', 'aiosmtplib', 'email', 'dataclasses')))"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=os.environ
    )
    assert found.stdout.split() == []
